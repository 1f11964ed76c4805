// Parses the source of a Jinja template: the language of chat templates, which is Jinja2 3.1 with loop
// controls and the "generation" block, without inheritance, imports and autoescaping.
//
// Errors: corrupt for what is not Jinja, unsupported for a tag or construct that is not known here (named,
// with what is known), too_large for a template that nests too deeply; each begins with "line N: ".
#pragma once

#include <string_view>

#include "text/jinja_ast.h"

namespace fulcrum {

JinjaBody parse_jinja(std::string_view source);

}  // namespace fulcrum
