// Filters over single values: texts, numbers, JSON.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "base/error.h"
#include "text/jinja_filters.h"
#include "text/jinja_format.h"
#include "text/jinja_methods.h"
#include "text/jinja_operators.h"
#include "text/jinja_print.h"

namespace fulcrum {
namespace {

bool given(const std::optional<JinjaValue>& argument) {
  return argument && !argument->is_none();
}
bool truth_of(const std::optional<JinjaValue>& argument) {
  return argument && argument->truth();
}

JinjaText printed(JinjaHost& host, const JinjaValue& value) {
  return join_printed(host, {value});
}

template <JinjaText (*kChange)(const JinjaText&)>
JinjaValue change(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  arguments.bind("the filter", {});
  return JinjaValue(kChange(printed(host, subject)));
}

JinjaText unchanged(const JinjaText& text) {
  return text;
}

JinjaText escape_html(const JinjaText& text) {
  return text.map([](char32_t c, std::string_view bytes, std::string& out) {
    out += c == '&'    ? "&amp;"
           : c == '<'  ? "&lt;"
           : c == '>'  ? "&gt;"
           : c == '"'  ? "&#34;"
           : c == '\'' ? "&#39;"
                       : bytes;
  });
}

// A capital after every white space, '-', or opening bracket, the rest in lower case.
JinjaText title_filter_text(const JinjaText& text) {
  bool begins = true;
  JinjaText result;
  const std::vector<std::size_t> offsets = text.code_point_offsets();
  for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
    const JinjaText letter = text.slice(offsets[i], offsets[i + 1] - offsets[i]);
    result.append(begins ? upper_text(letter) : lower_text(letter));
    std::size_t at = 0;
    const char32_t c = decode_utf8(letter.bytes(), at);
    begins = is_python_space(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<';
  }
  return result;
}

JinjaValue trim(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  const auto a = arguments.bind("trim", {"chars"});
  return JinjaValue(strip_text(printed(host, subject), StripEnds::both,
                               given(a[0]) ? expect_text(*a[0], "the characters of trim").bytes() : ""));
}

JinjaValue replace(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  const auto a = arguments.bind("replace", {"old", "new", "count"});
  if (!a[0] || !a[1]) throw_error(ErrorCode::invalid_argument, "replace needs the old and the new text");
  std::optional<std::int64_t> most;
  if (given(a[2])) most = expect_integer(*a[2], "the count of replace");
  if (most && *most < 0) most.reset();
  return JinjaValue(
      replace_text(host, printed(host, subject), printed(host, *a[0]).bytes(), printed(host, *a[1]), most));
}

JinjaValue default_value(JinjaHost&, const JinjaValue& subject, const JinjaArguments& arguments) {
  const auto a = arguments.bind("default", {"default_value", "boolean"});
  const bool missing = subject.is_undefined() || (truth_of(a[1]) && !subject.truth());
  if (!missing) return subject;
  return a[0] ? *a[0] : JinjaValue::string("");
}

JinjaValue indent(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  const auto a = arguments.bind("indent", {"width", "first", "blank"});
  JinjaText space("    ", JinjaOrigin::source);
  if (a[0] && a[0]->is_string()) {
    space = a[0]->text();
  } else if (a[0]) {
    const std::int64_t width = expect_integer(*a[0], "the width of indent");
    host.spend(static_cast<std::uint64_t>(std::max<std::int64_t>(width, 0)));
    space = JinjaText(std::string(static_cast<std::size_t>(std::max<std::int64_t>(width, 0)), ' '),
                      JinjaOrigin::source);
  }
  JinjaText text = printed(host, subject);
  text.append("\n", JinjaOrigin::source);
  const std::vector<JinjaText> lines = split_lines(text);
  host.spend(lines.size() * (space.size() + 1));
  JinjaText result;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) result.append("\n", JinjaOrigin::source);
    const bool indents = i == 0 ? truth_of(a[1]) : truth_of(a[2]) || !lines[i].empty();
    if (indents) result.append(space);
    result.append(lines[i]);
  }
  return JinjaValue(std::move(result));
}

JinjaValue truncate(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  const auto a = arguments.bind("truncate", {"length", "killwords", "end", "leeway"});
  const std::int64_t length = a[0] ? expect_integer(*a[0], "the length of truncate") : 255;
  const JinjaText end = a[2] ? printed(host, *a[2]) : JinjaText("...", JinjaOrigin::source);
  const std::int64_t leeway = given(a[3]) ? expect_integer(*a[3], "the leeway of truncate") : 5;
  const JinjaText text = printed(host, subject);
  const std::vector<std::size_t> offsets = text.code_point_offsets();
  const auto size = static_cast<std::int64_t>(offsets.size()) - 1;
  const auto end_size = static_cast<std::int64_t>(end.code_point_offsets().size()) - 1;
  if (length < end_size || leeway < 0) {
    throw_error(ErrorCode::invalid_argument,
                "truncate: the length {} is less than that of its end, or the leeway {} is negative", length,
                leeway);
  }
  if (size - leeway <= length) return JinjaValue(text);
  JinjaText result = text.slice(0, offsets[static_cast<std::size_t>(length - end_size)]);
  if (!truth_of(a[1])) result = split_text(result, " ", 1, SplitFrom::right)[0];
  result.append(end);
  return JinjaValue(std::move(result));
}

JinjaValue center(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  const auto a = arguments.bind("center", {"width"});
  const auto method = find_method(JinjaValue(printed(host, subject)), "center");
  return host.call(*method, {{a[0] ? *a[0] : JinjaValue(std::int64_t{80})}, {}});
}

JinjaValue format(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  if (!arguments.named.empty() && !arguments.positional.empty()) {
    throw_error(ErrorCode::invalid_argument, "format takes positions or names, not both");
  }
  if (arguments.named.empty())
    return JinjaValue(format_percent(host, printed(host, subject), JinjaValue::tuple(arguments.positional)));
  JinjaDict values;
  for (const auto& [name, value] : arguments.named) values.set(JinjaValue::string(name), value);
  return JinjaValue(format_percent(host, printed(host, subject), JinjaValue::dict(std::move(values))));
}

JinjaValue wordcount(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  arguments.bind("wordcount", {});
  return JinjaValue(static_cast<std::int64_t>(
      split_text(printed(host, subject), std::nullopt, std::nullopt, SplitFrom::left).size()));
}

JinjaValue urlencode(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  arguments.bind("urlencode", {});
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~/";
  return JinjaValue(printed(host, subject).map([&](char32_t, std::string_view bytes, std::string& out) {
    for (char c : bytes) {
      if (kPlain.find(c) != std::string_view::npos) {
        out += c;
      } else {
        out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
      }
    }
  }));
}

// The number that a text spells, as Python's float() reads it.
std::optional<double> read_number(const JinjaText& text) {
  const JinjaText stripped = strip_text(text, StripEnds::both);
  std::string_view bytes = stripped.bytes();
  if (bytes.starts_with('+')) bytes.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), value);
  if (error != std::errc() || end != bytes.data() + bytes.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> read_integer(const JinjaText& text, int base) {
  const JinjaText stripped = strip_text(text, StripEnds::both);
  std::string bytes = stripped.bytes();
  if (bytes.starts_with('+')) bytes.erase(0, 1);
  const std::size_t digits = bytes.starts_with('-') ? 1 : 0;
  const auto prefix = [&](char letter) {
    return bytes.size() > digits + 2 && bytes[digits] == '0' && (bytes[digits + 1] | 0x20) == letter;
  };
  if ((base == 16 && prefix('x')) || (base == 8 && prefix('o')) || (base == 2 && prefix('b')))
    bytes.erase(digits, 2);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), value, base);
  if (error != std::errc() || end != bytes.data() + bytes.size()) return std::nullopt;
  return value;
}

JinjaValue to_int(JinjaHost&, const JinjaValue& subject, const JinjaArguments& arguments) {
  const auto a = arguments.bind("int", {"default", "base"});
  const JinjaValue otherwise = a[0] ? *a[0] : JinjaValue(std::int64_t{0});
  const std::int64_t base = a[1] ? expect_integer(*a[1], "the base of int") : 10;
  if (base < 2 || base > 36)
    throw_error(ErrorCode::invalid_argument, "int: the base {} is not in 2 to 36", base);
  if (subject.is_int()) return subject;
  if (subject.is_bool()) return JinjaValue(expect_integer(subject, "int"));
  std::optional<double> number;
  if (subject.is_float()) number = subject.floating();
  if (subject.is_string()) {
    if (const auto integer = read_integer(subject.text(), static_cast<int>(base)))
      return JinjaValue(*integer);
    number = read_number(subject.text());
  }
  if (!number || !std::isfinite(*number) || std::abs(*number) >= 9.2e18) return otherwise;
  return JinjaValue(static_cast<std::int64_t>(*number));
}

JinjaValue to_float(JinjaHost&, const JinjaValue& subject, const JinjaArguments& arguments) {
  const auto a = arguments.bind("float", {"default"});
  if (subject.is_number()) return JinjaValue(subject.number());
  if (subject.is_string()) {
    if (const auto number = read_number(subject.text())) return JinjaValue(*number);
  }
  return a[0] ? *a[0] : JinjaValue(0.0);
}

JinjaValue absolute(JinjaHost&, const JinjaValue& subject, const JinjaArguments& arguments) {
  arguments.bind("abs", {});
  require_defined(subject);
  if (!subject.is_number())
    throw_error(ErrorCode::invalid_argument, "abs does not work on a {}", subject.type_name());
  return subject.number() < 0 ? negate_value(subject)
         : subject.is_bool()  ? JinjaValue(expect_integer(subject, "abs"))
                              : subject;
}

JinjaValue round_number(JinjaHost&, const JinjaValue& subject, const JinjaArguments& arguments) {
  const auto a = arguments.bind("round", {"precision", "method"});
  require_defined(subject);
  if (!subject.is_number())
    throw_error(ErrorCode::invalid_argument, "round does not work on a {}", subject.type_name());
  const std::int64_t precision = a[0] ? expect_integer(*a[0], "the precision of round") : 0;
  const std::string method = a[1] ? expect_text(*a[1], "the method of round").bytes() : "common";
  if (std::abs(precision) > 300)
    throw_error(ErrorCode::invalid_argument, "round: the precision {} is not in -300 to 300", precision);
  const double scale = std::pow(10.0, static_cast<double>(precision));
  if (method == "ceil") return JinjaValue(std::ceil(subject.number() * scale) / scale);
  if (method == "floor") return JinjaValue(std::floor(subject.number() * scale) / scale);
  if (method != "common")
    throw_error(ErrorCode::invalid_argument, "round: the method must be common, ceil or floor");
  if (!subject.is_float() && precision >= 0)
    return subject.is_int() ? subject : JinjaValue(expect_integer(subject, "round"));
  if (precision < 0) return JinjaValue(std::nearbyint(subject.number() * scale) / scale);
  // Through decimal digits, correctly rounded, as Python does.
  const std::string digits = fmt::format("{:.{}f}", subject.number(), precision);
  return JinjaValue(read_number(JinjaText(digits, JinjaOrigin::source)).value_or(subject.number()));
}

JinjaValue to_json(JinjaHost& host, const JinjaValue& subject, const JinjaArguments& arguments) {
  const auto a = arguments.bind("tojson", {"indent", "ensure_ascii", "separators", "sort_keys"});
  JinjaJsonStyle style;
  std::uint64_t level_size = 0;
  if (given(a[0])) {
    style.indent = a[0]->is_string()
                       ? a[0]->text().bytes()
                       : std::string(static_cast<std::size_t>(std::clamp<std::int64_t>(
                                         expect_integer(*a[0], "the indent of tojson"), 0, 100)),
                                     ' ');
    level_size = style.indent->size();
  }
  style.item_separator = style.indent ? "," : ", ";
  if (truth_of(a[1])) style.characters = JinjaJsonStyle::Characters::ascii;
  if (given(a[2])) {
    if (!a[2]->is_list() || a[2]->items().size() != 2)
      throw_error(ErrorCode::invalid_argument, "tojson: separators must be a pair");
    style.item_separator = expect_text(a[2]->items()[0], "a separator of tojson").bytes();
    style.key_separator = expect_text(a[2]->items()[1], "a separator of tojson").bytes();
  }
  if (truth_of(a[3])) style.key_order = JinjaJsonStyle::KeyOrder::sorted;
  host.spend(subject.weight() * (1 + level_size * static_cast<std::uint64_t>(subject.depth()) +
                                 style.item_separator.size() + style.key_separator.size()));
  return JinjaValue(dump_json(subject, style));
}

}  // namespace

JinjaFilter find_jinja_text_filter(std::string_view name) {
  static const std::map<std::string_view, JinjaFilter> table = {
      {"abs", absolute},
      {"capitalize", change<capitalize_text>},
      {"center", center},
      {"d", default_value},
      {"default", default_value},
      {"e", change<escape_html>},
      {"escape", change<escape_html>},
      {"float", to_float},
      {"forceescape", change<escape_html>},
      {"format", format},
      {"indent", indent},
      {"int", to_int},
      {"lower", change<lower_text>},
      {"replace", replace},
      {"round", round_number},
      {"safe", change<unchanged>},
      {"string", change<unchanged>},
      {"title", change<title_filter_text>},
      {"tojson", to_json},
      {"trim", trim},
      {"truncate", truncate},
      {"upper", change<upper_text>},
      {"urlencode", urlencode},
      {"wordcount", wordcount},
  };
  const auto found = table.find(name);
  return found == table.end() ? nullptr : found->second;
}

JinjaFilter find_jinja_filter(std::string_view name) {
  const JinjaFilter filter = find_jinja_text_filter(name);
  return filter != nullptr ? filter : find_jinja_sequence_filter(name);
}

}  // namespace fulcrum
