// Any bytes as a Jinja template: parsing and rendering end in text or in an Error, within the budget.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "text/jinja_template.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fulcrum;
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
    const JinjaText text =
        JinjaTemplate::parse({reinterpret_cast<const char*>(data), size}).render(variables, limits);
    if (text.size() > limits.output_bytes) __builtin_trap();
    if (!text.empty() && text.runs().back().end != text.size()) __builtin_trap();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::internal || error.code() == ErrorCode::io) __builtin_trap();
  }
  return 0;
}
