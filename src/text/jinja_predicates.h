// The tests of Jinja2 ("value is name(...)").
#pragma once

#include <string_view>

#include "text/jinja_value.h"

namespace fulcrum {

using JinjaPredicate = bool (*)(JinjaHost&, const JinjaValue& subject, const JinjaArguments&);

// Null if there is no such test.
JinjaPredicate find_jinja_predicate(std::string_view name);

}  // namespace fulcrum
