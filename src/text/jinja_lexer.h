// Cuts the source of a Jinja template into tokens, with the settings that chat templates are written for:
// trim_blocks and lstrip_blocks on, one line end at the end of the source dropped, every line end a '\n'.
//
// Errors: corrupt, with the line ("line 3: the string is not closed").
// Source: Jinja2 3.1, lexer.py (behaviour, not code).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fulcrum {

struct JinjaToken {
  enum class Kind {
    text,  // outside of tags
    output_begin,
    output_end,  // {{ }}
    block_begin,
    block_end,  // {% %}
    name,
    string,
    integer,
    floating,
    symbol,
    end,  // of the source
  };
  Kind kind = Kind::end;
  std::string value;  // of a string: with its escapes resolved
  int line = 1;
};

// The last token is of kind end.
std::vector<JinjaToken> lex_jinja(std::string_view source);

}  // namespace fulcrum
