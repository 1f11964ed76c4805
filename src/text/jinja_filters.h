// The filters of Jinja2 ("value | name(...)") that chat templates use, with the tojson of Hugging Face's (no
// HTML escaping, keys in the order given, UTF-8 kept).
//
// Not here: those that need randomness, the file system or a web page (random, urlize, xmlattr, pprint, ...).
#pragma once

#include <string_view>

#include "text/jinja_value.h"

namespace fulcrum {

using JinjaFilter = JinjaValue (*)(JinjaHost&, const JinjaValue& subject, const JinjaArguments&);

// Null if there is no such filter.
JinjaFilter find_jinja_filter(std::string_view name);
// The two halves of the table, apart by what they work on.
JinjaFilter find_jinja_text_filter(std::string_view name);
JinjaFilter find_jinja_sequence_filter(std::string_view name);

}  // namespace fulcrum
