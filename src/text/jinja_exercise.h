// Any bytes as a Jinja template: what the fuzzer runs, and what the tests replay its corpus through. Parsing
// and rendering a small conversation end in text within the limits or in fulcrum::Error; anything else is
// thrown on as a finding.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "text/jinja_template.h"

namespace fulcrum {

enum class JinjaVerdict { rendered, refused };

inline JinjaVerdict exercise_jinja(std::string_view bytes) {
  static const JinjaDict variables = [] {
    JinjaDict dict;
    const Json json = parse_json(
        R"({"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi there "}],
            "tools": [{"function": {"name": "f", "parameters": {"a": [1, 2.5, null, true]}}}],
            "add_generation_prompt": true, "bos_token": "<s>", "eos_token": "</s>"})",
        "variables");
    for (const auto& [key, value] : json.items())
      dict.set(JinjaValue::string(key), JinjaValue::from_json(value));
    return dict;
  }();
  const JinjaLimits limits = {300'000, 100'000, 200};
  try {
    const JinjaText text = JinjaTemplate::parse(bytes).render(variables, limits);
    if (text.size() > limits.output_bytes) throw std::logic_error("more was written than the limit allows");
    if (!text.empty() && text.runs().back().end != text.size())
      throw std::logic_error("the runs do not end where the text does");
    return JinjaVerdict::rendered;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::internal || error.code() == ErrorCode::io)
      throw std::logic_error(error.what());
    return JinjaVerdict::refused;
  }
}

}  // namespace fulcrum
