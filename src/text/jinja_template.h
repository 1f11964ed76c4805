// A parsed Jinja template, and its rendering in a sandbox: no files, no clock but strftime_now, nothing that
// it could change, and a budget for steps, memory and depth.
//
// Thread-safe after parsing. Source: Jinja2 3.1 (behaviour), with the settings and extras of Hugging Face
// transformers (raise_exception, strftime_now, tojson without HTML escaping, loop controls, generation
// blocks).
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "text/jinja_value.h"

namespace fulcrum {

// Work counts steps of the interpreter and bytes of text and lists made, all together.
struct JinjaLimits {
  std::uint64_t work = 200'000'000;
  std::uint64_t output_bytes = 64'000'000;
  int depth = 1'000;  // of calls, blocks and expressions within each other
};

class JinjaTemplate {
 public:
  // Errors as parse_jinja (text/jinja_parser.h).
  static JinjaTemplate parse(std::string_view source);

  // The text, each byte with its origin. Every error begins with "line N: ": invalid_argument where the
  // template does what cannot be done or calls raise_exception, unsupported for an unknown filter, test or
  // function, too_large when a limit is reached.
  JinjaText render(const JinjaDict& variables, const JinjaLimits& limits = {}) const;

 private:
  struct Program;
  std::shared_ptr<const Program> program_;
};

}  // namespace fulcrum
