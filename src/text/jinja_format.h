// Python's two ways to fill a text with values, as far as templates use them: "%s: %d" % (a, b) and "{}:
// {x}".format().
#pragma once

#include "text/jinja_value.h"

namespace fulcrum {

// Directives %s %r %d %i %f %.Nf %x %%, with width and the flags '-' and '0'; %(name)s with a dict.
// Error(unsupported) for any other directive, invalid_argument when the values do not match.
JinjaText format_percent(JinjaHost& host, const JinjaText& format, const JinjaValue& values);
// Fields {} {0} {name}, {{ and }}, with a format of the form [[fill]<>^][0][width][.precision][d|f|s].
// Error(unsupported) for attribute access inside a field and other formats.
JinjaText format_braces(JinjaHost& host, const JinjaText& format, const JinjaArguments& arguments);

}  // namespace fulcrum
