#include "text/jinja_methods.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/error.h"
#include "text/jinja_format.h"
#include "text/jinja_print.h"

namespace fulcrum {
namespace {

using Method = JinjaValue (*)(JinjaHost&, const JinjaValue& self, const JinjaArguments&);
using Table = std::map<std::string_view, Method>;

JinjaValue text_list(std::vector<JinjaText> texts) {
  std::vector<JinjaValue> items;
  for (JinjaText& text : texts) items.emplace_back(std::move(text));
  return JinjaValue::list(std::move(items));
}

bool given(const std::optional<JinjaValue>& argument) {
  return argument && !argument->is_none();
}

JinjaText title_text(const JinjaText& text) {
  bool in_word = false;
  return text.map([&](char32_t c, std::string_view bytes, std::string& out) {
    const auto code_point = static_cast<utf8proc_int32_t>(c);
    const utf8proc_int32_t lower = utf8proc_tolower(code_point), upper = utf8proc_toupper(code_point);
    const bool is_letter = lower != upper;
    if (c == 0xFFFD || !is_letter) {
      out += bytes;
    } else {
      append_utf8(out, static_cast<char32_t>(in_word ? lower : upper));
    }
    in_word = is_letter;
  });
}

template <StripEnds kEnds>
JinjaValue strip(JinjaHost&, const JinjaValue& self, const JinjaArguments& arguments) {
  const auto a = arguments.bind("strip()", {"chars"});
  return JinjaValue(strip_text(self.text(), kEnds,
                               given(a[0]) ? expect_text(*a[0], "the characters of strip()").bytes() : ""));
}

template <SplitFrom kFrom>
JinjaValue split(JinjaHost&, const JinjaValue& self, const JinjaArguments& arguments) {
  const auto a = arguments.bind("split()", {"sep", "maxsplit"});
  std::optional<std::string> separator;
  if (given(a[0])) separator = expect_text(*a[0], "the separator of split()").bytes();
  if (separator && separator->empty())
    throw_error(ErrorCode::invalid_argument, "split(): the separator is empty");
  std::optional<std::int64_t> most;
  if (a[1]) most = expect_integer(*a[1], "the number of cuts of split()");
  if (most && *most < 0) most.reset();
  return text_list(split_text(self.text(), separator, most, kFrom));
}

enum class End { begin, end };
template <End kEnd>
JinjaValue begins_or_ends(JinjaHost&, const JinjaValue& self, const JinjaArguments& arguments) {
  const auto a = arguments.bind("startswith() or endswith()", {"prefix"});
  if (!a[0]) throw_error(ErrorCode::invalid_argument, "startswith() or endswith() needs a text");
  const auto fits = [&](const JinjaValue& part) {
    const std::string& bytes = expect_text(part, "the text of startswith() or endswith()").bytes();
    return kEnd == End::begin ? self.text().bytes().starts_with(bytes) : self.text().bytes().ends_with(bytes);
  };
  if (a[0]->is_tuple()) return JinjaValue(std::any_of(a[0]->items().begin(), a[0]->items().end(), fits));
  return JinjaValue(fits(*a[0]));
}

enum class Search { first, last, first_or_error, last_or_error };
template <Search kSearch>
JinjaValue find(JinjaHost&, const JinjaValue& self, const JinjaArguments& arguments) {
  const auto a = arguments.bind("find()", {"sub"});
  if (!a[0]) throw_error(ErrorCode::invalid_argument, "find() needs a text");
  const std::string& bytes = self.text().bytes();
  const std::string& part = expect_text(*a[0], "the text of find()").bytes();
  const bool first = kSearch == Search::first || kSearch == Search::first_or_error;
  const std::size_t found = first ? bytes.find(part) : bytes.rfind(part);
  if (found == std::string::npos) {
    if (kSearch == Search::first || kSearch == Search::last) return JinjaValue(std::int64_t{-1});
    throw_error(ErrorCode::invalid_argument, "index(): the text \"{}\" is not there", part);
  }
  std::int64_t code_points = 0;
  for (std::size_t at = 0; at < found; ++code_points) decode_utf8(bytes, at);
  return JinjaValue(code_points);
}

JinjaValue replace(JinjaHost& host, const JinjaValue& self, const JinjaArguments& arguments) {
  const auto a = arguments.bind("replace()", {"old", "new", "count"});
  if (!a[0] || !a[1]) throw_error(ErrorCode::invalid_argument, "replace() needs the old and the new text");
  std::optional<std::int64_t> most;
  if (a[2]) most = expect_integer(*a[2], "the count of replace()");
  if (most && *most < 0) most.reset();
  return JinjaValue(replace_text(host, self.text(), expect_text(*a[0], "the old text of replace()").bytes(),
                                 expect_text(*a[1], "the new text of replace()"), most));
}

JinjaValue count_text(JinjaHost&, const JinjaValue& self, const JinjaArguments& arguments) {
  const auto a = arguments.bind("count()", {"sub"});
  if (!a[0]) throw_error(ErrorCode::invalid_argument, "count() needs a text");
  const std::string& part = expect_text(*a[0], "the text of count()").bytes();
  if (part.empty()) return JinjaValue(static_cast<std::int64_t>(self.text().code_point_offsets().size()));
  std::int64_t count = 0;
  for (std::size_t at = self.text().bytes().find(part); at != std::string::npos;
       at = self.text().bytes().find(part, at + part.size())) {
    ++count;
  }
  return JinjaValue(count);
}

JinjaValue join(JinjaHost& host, const JinjaValue& self, const JinjaArguments& arguments) {
  const auto a = arguments.bind("join()", {"iterable"});
  if (!a[0]) throw_error(ErrorCode::invalid_argument, "join() needs a list");
  JinjaText text;
  bool first = true;
  for (const JinjaValue& item : iterate(*a[0])) {
    host.spend(item.weight() + self.weight());
    if (!first) text.append(self.text());
    first = false;
    text.append(expect_text(item, "an item of join()"));
  }
  return JinjaValue(std::move(text));
}

JinjaValue format(JinjaHost& host, const JinjaValue& self, const JinjaArguments& arguments) {
  return JinjaValue(format_braces(host, self.text(), arguments));
}

template <JinjaText (*kChange)(const JinjaText&)>
JinjaValue change(JinjaHost&, const JinjaValue& self, const JinjaArguments& arguments) {
  arguments.bind("the method", {});
  return JinjaValue(kChange(self.text()));
}

// True if there is a character and every one (that counts) is of the kind.
template <bool (*kIsKind)(char32_t)>
JinjaValue all_of_kind(JinjaHost&, const JinjaValue& self, const JinjaArguments& arguments) {
  arguments.bind("the method", {});
  const std::string& bytes = self.text().bytes();
  for (std::size_t at = 0; at < bytes.size();) {
    if (!kIsKind(decode_utf8(bytes, at))) return JinjaValue(false);
  }
  return JinjaValue(!bytes.empty());
}

utf8proc_category_t category(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}
bool is_alpha(char32_t c) {
  return category(c) >= UTF8PROC_CATEGORY_LU && category(c) <= UTF8PROC_CATEGORY_LO;
}
bool is_decimal(char32_t c) {
  return category(c) == UTF8PROC_CATEGORY_ND;
}
bool is_number(char32_t c) {
  return category(c) >= UTF8PROC_CATEGORY_ND && category(c) <= UTF8PROC_CATEGORY_NO;
}
bool is_alnum(char32_t c) {
  return is_alpha(c) || is_number(c);
}

enum class Case { upper, lower };
template <Case kCase>
JinjaValue all_of_case(JinjaHost&, const JinjaValue& self, const JinjaArguments& arguments) {
  arguments.bind("the method", {});
  const std::string& bytes = self.text().bytes();
  bool any = false;
  for (std::size_t at = 0; at < bytes.size();) {
    const utf8proc_category_t kind = category(decode_utf8(bytes, at));
    if (kind == (kCase == Case::upper ? UTF8PROC_CATEGORY_LL : UTF8PROC_CATEGORY_LU))
      return JinjaValue(false);
    any = any || kind == UTF8PROC_CATEGORY_LL || kind == UTF8PROC_CATEGORY_LU;
  }
  return JinjaValue(any);
}

template <End kEnd>
JinjaValue remove_affix(JinjaHost&, const JinjaValue& self, const JinjaArguments& arguments) {
  const auto a = arguments.bind("removeprefix() or removesuffix()", {"affix"});
  if (!a[0]) throw_error(ErrorCode::invalid_argument, "removeprefix() or removesuffix() needs a text");
  const std::string& part = expect_text(*a[0], "the text to remove").bytes();
  const std::string& bytes = self.text().bytes();
  if (part.empty()) return self;
  if (kEnd == End::begin && bytes.starts_with(part)) return JinjaValue(self.text().slice(part.size()));
  if (kEnd == End::end && bytes.ends_with(part))
    return JinjaValue(self.text().slice(0, bytes.size() - part.size()));
  return self;
}

template <SplitFrom kFrom>
JinjaValue partition(JinjaHost&, const JinjaValue& self, const JinjaArguments& arguments) {
  const auto a = arguments.bind("partition()", {"sep"});
  if (!a[0] || expect_text(*a[0], "the separator of partition()").empty()) {
    throw_error(ErrorCode::invalid_argument, "partition() needs a separator");
  }
  const std::string& part = a[0]->text().bytes();
  const JinjaText& text = self.text();
  const std::size_t found = kFrom == SplitFrom::left ? text.bytes().find(part) : text.bytes().rfind(part);
  if (found == std::string::npos) {
    if (kFrom == SplitFrom::left)
      return JinjaValue::tuple({self, JinjaValue::string(""), JinjaValue::string("")});
    return JinjaValue::tuple({JinjaValue::string(""), JinjaValue::string(""), self});
  }
  return JinjaValue::tuple({JinjaValue(text.slice(0, found)), JinjaValue(text.slice(found, part.size())),
                            JinjaValue(text.slice(found + part.size()))});
}

enum class Pad { left, right, center, zeros };
template <Pad kPad>
JinjaValue pad(JinjaHost& host, const JinjaValue& self, const JinjaArguments& arguments) {
  const auto a = arguments.bind("ljust(), rjust(), center() or zfill()", {"width", "fillchar"});
  if (!a[0]) throw_error(ErrorCode::invalid_argument, "ljust(), rjust(), center() or zfill() needs a width");
  const std::int64_t width = expect_integer(*a[0], "a width");
  const auto length = static_cast<std::int64_t>(self.text().code_point_offsets().size()) - 1;
  if (width <= length) return self;
  const JinjaText fill = kPad == Pad::zeros ? JinjaText("0", JinjaOrigin::source)
                         : a[1]             ? expect_text(*a[1], "the fill character")
                                            : JinjaText(" ", JinjaOrigin::source);
  const std::int64_t missing = width - length;
  host.spend(static_cast<std::uint64_t>(missing) * std::max<std::size_t>(fill.size(), 1));
  const std::int64_t left = kPad == Pad::left     ? 0
                            : kPad == Pad::center ? missing / 2 + (missing & width & 1)
                                                  : missing;
  JinjaText result;
  const bool sign =
      kPad == Pad::zeros && (self.text().bytes().starts_with('-') || self.text().bytes().starts_with('+'));
  if (sign) result.append(self.text().slice(0, 1));
  for (std::int64_t i = 0; i < left; ++i) result.append(fill);
  result.append(self.text().slice(sign ? 1 : 0));
  for (std::int64_t i = left; i < missing; ++i) result.append(fill);
  return JinjaValue(std::move(result));
}

JinjaValue splitlines(JinjaHost&, const JinjaValue& self, const JinjaArguments& arguments) {
  arguments.bind("splitlines()", {});
  return text_list(split_lines(self.text()));
}

const Table& string_methods() {
  static const Table table = {
      {"strip", strip<StripEnds::both>},
      {"lstrip", strip<StripEnds::left>},
      {"rstrip", strip<StripEnds::right>},
      {"split", split<SplitFrom::left>},
      {"rsplit", split<SplitFrom::right>},
      {"splitlines", splitlines},
      {"startswith", begins_or_ends<End::begin>},
      {"endswith", begins_or_ends<End::end>},
      {"find", find<Search::first>},
      {"rfind", find<Search::last>},
      {"index", find<Search::first_or_error>},
      {"rindex", find<Search::last_or_error>},
      {"replace", replace},
      {"count", count_text},
      {"join", join},
      {"format", format},
      {"upper", change<upper_text>},
      {"lower", change<lower_text>},
      {"casefold", change<lower_text>},
      {"title", change<title_text>},
      {"capitalize", change<capitalize_text>},
      {"isdigit", all_of_kind<is_decimal>},
      {"isdecimal", all_of_kind<is_decimal>},
      {"isnumeric", all_of_kind<is_number>},
      {"isalpha", all_of_kind<is_alpha>},
      {"isalnum", all_of_kind<is_alnum>},
      {"isspace", all_of_kind<is_python_space>},
      {"isupper", all_of_case<Case::upper>},
      {"islower", all_of_case<Case::lower>},
      {"removeprefix", remove_affix<End::begin>},
      {"removesuffix", remove_affix<End::end>},
      {"partition", partition<SplitFrom::left>},
      {"rpartition", partition<SplitFrom::right>},
      {"ljust", pad<Pad::left>},
      {"rjust", pad<Pad::right>},
      {"center", pad<Pad::center>},
      {"zfill", pad<Pad::zeros>},
  };
  return table;
}

JinjaValue dict_get(JinjaHost&, const JinjaValue& self, const JinjaArguments& arguments) {
  const auto a = arguments.bind("get()", {"key", "default"});
  if (!a[0]) throw_error(ErrorCode::invalid_argument, "get() needs a key");
  if (const JinjaValue* found = self.dict().find(*a[0])) return *found;
  return a[1] ? *a[1] : JinjaValue(JinjaNone{});
}

enum class Part { keys, values, items };
template <Part kPart>
JinjaValue dict_parts(JinjaHost& host, const JinjaValue& self, const JinjaArguments& arguments) {
  arguments.bind("keys(), values() or items()", {});
  host.spend(self.dict().size() * 4 * kJinjaItemWeight);
  std::vector<JinjaValue> parts;
  for (const auto& [key, value] : self.dict().entries()) {
    parts.push_back(kPart == Part::keys     ? key
                    : kPart == Part::values ? value
                                            : JinjaValue::tuple({key, value}));
  }
  return JinjaValue::list(std::move(parts));
}

JinjaValue dict_copy(JinjaHost&, const JinjaValue& self, const JinjaArguments& arguments) {
  arguments.bind("copy()", {});
  return self;
}

const Table& dict_methods() {
  static const Table table = {{"get", dict_get},
                              {"keys", dict_parts<Part::keys>},
                              {"values", dict_parts<Part::values>},
                              {"items", dict_parts<Part::items>},
                              {"copy", dict_copy}};
  return table;
}

JinjaValue list_index(JinjaHost& host, const JinjaValue& self, const JinjaArguments& arguments) {
  const auto a = arguments.bind("index()", {"value"});
  if (!a[0]) throw_error(ErrorCode::invalid_argument, "index() needs a value");
  host.spend(self.weight());
  for (std::size_t i = 0; i < self.items().size(); ++i) {
    if (equal_values(self.items()[i], *a[0])) return JinjaValue(static_cast<std::int64_t>(i));
  }
  throw_error(ErrorCode::invalid_argument, "index(): the value is not in the list");
}

JinjaValue list_count(JinjaHost& host, const JinjaValue& self, const JinjaArguments& arguments) {
  const auto a = arguments.bind("count()", {"value"});
  if (!a[0]) throw_error(ErrorCode::invalid_argument, "count() needs a value");
  host.spend(self.weight());
  return JinjaValue(static_cast<std::int64_t>(
      std::count_if(self.items().begin(), self.items().end(),
                    [&](const JinjaValue& item) { return equal_values(item, *a[0]); })));
}

const Table& list_methods() {
  static const Table table = {{"index", list_index}, {"count", list_count}};
  return table;
}

// What Python has but a template may not do here.
constexpr std::array<std::string_view, 12> kChanging = {"append", "extend",  "insert",     "remove",
                                                        "pop",    "clear",   "sort",       "reverse",
                                                        "update", "popitem", "setdefault", "copy"};

}  // namespace

std::vector<JinjaText> split_text(const JinjaText& text, const std::optional<std::string>& separator,
                                  std::optional<std::int64_t> most, SplitFrom from) {
  // All places to cut first, then the first or last `most` of them.
  struct Gap {
    std::size_t begin, end;
  };
  const std::string& bytes = text.bytes();
  std::vector<Gap> gaps;
  if (separator) {
    for (std::size_t at = bytes.find(*separator); at != std::string::npos;
         at = bytes.find(*separator, at + separator->size())) {
      gaps.push_back({at, at + separator->size()});
    }
    if (from == SplitFrom::right &&
        separator->size() > 1) {  // overlapping occurrences are found from the right
      gaps.clear();
      for (std::size_t end = bytes.size(); end >= separator->size();) {
        const std::size_t at = bytes.rfind(*separator, end - separator->size());
        if (at == std::string::npos) break;
        gaps.push_back({at, at + separator->size()});
        end = at;
      }
      std::reverse(gaps.begin(), gaps.end());
    }
  } else {
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t begin = at;
      if (!is_python_space(decode_utf8(bytes, at))) continue;
      if (!gaps.empty() && gaps.back().end == begin) {
        gaps.back().end = at;
      } else {
        gaps.push_back({begin, at});
      }
    }
  }
  std::size_t begin = 0, end = bytes.size();
  if (!separator) {  // white space at the ends is no gap between pieces
    if (!gaps.empty() && gaps.front().begin == 0) {
      begin = gaps.front().end;
      gaps.erase(gaps.begin());
    }
    if (!gaps.empty() && gaps.back().end == bytes.size()) {
      end = gaps.back().begin;
      gaps.pop_back();
    }
    if (begin >= end) return {};
  }
  if (most && static_cast<std::uint64_t>(*most) < gaps.size()) {
    const auto keep = static_cast<std::ptrdiff_t>(*most);
    if (from == SplitFrom::left) {
      gaps.erase(gaps.begin() + keep, gaps.end());
      end = bytes.size();  // the last piece keeps white space behind it
    } else {
      gaps.erase(gaps.begin(), gaps.end() - keep);
      begin = 0;
    }
  }
  std::vector<JinjaText> pieces;
  for (const Gap& gap : gaps) {
    pieces.push_back(text.slice(begin, gap.begin - begin));
    begin = gap.end;
  }
  pieces.push_back(text.slice(begin, end - begin));
  return pieces;
}

JinjaText replace_text(JinjaHost& host, const JinjaText& text, const std::string& old_text,
                       const JinjaText& new_text, std::optional<std::int64_t> most) {
  JinjaText result;
  std::int64_t done = 0;
  const auto may_replace = [&] { return !most || done < *most; };
  const std::string& bytes = text.bytes();
  host.spend(bytes.size());
  std::size_t begin = 0;
  if (old_text.empty()) {  // Python puts the new text around every character
    for (std::size_t at = 0; at < bytes.size() && may_replace(); ++done) {
      host.spend(new_text.size());
      result.append(new_text);
      decode_utf8(bytes, at);
      result.append(text.slice(begin, at - begin));
      begin = at;
    }
    result.append(text.slice(begin));
    if (may_replace()) result.append(new_text);
    return result;
  }
  for (std::size_t at = bytes.find(old_text); at != std::string::npos && may_replace();
       at = bytes.find(old_text, begin)) {
    host.spend(new_text.size());
    result.append(text.slice(begin, at - begin));
    result.append(new_text);
    begin = at + old_text.size();
    ++done;
  }
  result.append(text.slice(begin));
  return result;
}

JinjaText capitalize_text(const JinjaText& text) {
  const std::vector<std::size_t> offsets = text.code_point_offsets();
  if (offsets.size() < 2) return text;
  JinjaText result = upper_text(text.slice(0, offsets[1]));
  result.append(lower_text(text.slice(offsets[1])));
  return result;
}

std::optional<JinjaValue> find_method(const JinjaValue& self, std::string_view name) {
  if (!self.is_string() && !self.is_list() && !self.is_dict()) return std::nullopt;
  const Table& table = self.is_string() ? string_methods() : self.is_dict() ? dict_methods() : list_methods();
  const auto found = table.find(name);
  if (found != table.end()) {
    return JinjaFunction::make(
        std::string(name), [method = found->second, self](JinjaHost& host, const JinjaArguments& arguments) {
          host.spend(self.weight());
          return method(host, self, arguments);
        });
  }
  const bool changes = std::find(kChanging.begin(), kChanging.end(), name) != kChanging.end();
  if (!self.is_string() && !self.is_tuple() && changes &&
      (!self.is_dict() || self.dict().find(name) == nullptr)) {
    return JinjaValue(JinjaUndefined{fmt::format(
        "the method \"{}\" of a {} would change it, which a template may not do", name, self.type_name())});
  }
  return std::nullopt;
}

}  // namespace fulcrum
