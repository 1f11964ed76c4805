// The methods of strings, lists and dicts that templates may call: Python's, without those that change their
// object (chat templates run in an immutable sandbox).
#pragma once

#include <optional>
#include <string_view>

#include "text/jinja_value.h"

namespace fulcrum {

// The method bound to `self`, or nothing if its type has none of this name. A method of Python's that exists
// but may not be called here comes back as undefined with the reason.
std::optional<JinjaValue> find_method(const JinjaValue& self, std::string_view name);

// Pieces of `text` between occurrences of `separator` (white space runs if absent), at most `most` cuts
// (absent: any number), counted from the left or the right. Shared with filters.
enum class SplitFrom { left, right };
std::vector<JinjaText> split_text(const JinjaText& text, const std::optional<std::string>& separator,
                                  std::optional<std::int64_t> most, SplitFrom from);
JinjaText replace_text(JinjaHost& host, const JinjaText& text, const std::string& old_text,
                       const JinjaText& new_text, std::optional<std::int64_t> most);
JinjaText capitalize_text(const JinjaText& text);

}  // namespace fulcrum
