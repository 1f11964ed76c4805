// The probe suite of the bundled model: items whose names, label words, topics, attributes, rules or formats
// no training episode shows (Pool::held_out of the lexicon), each with its expected answer.
//
// Item i of a gate is a pure function of (gate, i). models/gates/<gate>.jsonl holds the fixed suite, in the
// format of measure/gate_suite.h; this is what it was drawn from.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/json_fwd.h"

namespace fulcrum {

struct Gate {
  std::string_view name;
  std::string_view meaning;
  std::string_view rule = "exact";          // how an answer is scored: the words of measure/gate_suite.h
  std::optional<double> at_least, at_most;  // the goal
};

std::span<const Gate> gates();
// The first line of the gate's file.
Json gate_head(const Gate& gate);
// Error(not_found) for a gate that does not exist; the message lists those that do.
Json gate_item(std::string_view gate, std::uint64_t index);
// The gate's file with items [first, first + count). The committed suites have those from 0 on.
std::string gate_text(const Gate& gate, std::uint64_t first, std::uint64_t count);

}  // namespace fulcrum
