// The step of a tokenizer that turns one stretch of text into ids; text/pipeline_tokenizer.h has the others.
//
// Thread-safe. Stretches may hold ill-formed UTF-8: each such byte counts as one character.
#pragma once

#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace fulcrum {

class SubwordModel {
 public:
  virtual ~SubwordModel() = default;
  // Appends the ids of `stretch`, which is not empty.
  virtual void encode(std::string_view stretch, std::vector<TokenId>& ids) const = 0;
};

}  // namespace fulcrum
