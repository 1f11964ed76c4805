// Token texts to ids, looked up by views.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "text/tokenizer.h"

namespace fulcrum {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
using TokenIndex = std::unordered_map<std::string, TokenId, TextHash, std::equal_to<>>;

}  // namespace fulcrum
