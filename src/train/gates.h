// The probe suite of the bundled model: items whose names, label words, topics, attributes, rules or formats
// no training episode shows (Pool::held_out of the lexicon), each with its expected answer.
//
// Item i of a gate is a pure function of (gate, i). Written to models/gates/<gate>.jsonl, one object a line:
//   {"messages": [{"role", "content"}...], "answer": "...", "choices": [...]}
// choices only where the answer is one of a list.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/json_fwd.h"

namespace fulcrum {

struct Gate {
  std::string_view name;
  std::string_view meaning;
};

std::span<const Gate> gates();
// Error(not_found) for a gate that does not exist; the message lists those that do.
Json gate_item(std::string_view gate, std::uint64_t index);

}  // namespace fulcrum
