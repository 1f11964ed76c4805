#include "text/jinja_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "text/jinja_print.h"

namespace fulcrum {
namespace {

constexpr std::size_t kWidest = 10'000;

struct Directive {
  char align = '\0';  // < > ^
  char fill = ' ';
  std::size_t width = 0;
  std::optional<int> precision;
  char type = 's';
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::size_t take_number(std::string_view text, std::size_t& at) {
  std::size_t number = 0;
  while (at < text.size() && is_digit(text[at])) {
    number = number * 10 + static_cast<std::size_t>(text[at++] - '0');
    if (number > kWidest)
      throw_error(ErrorCode::too_large, "a format asks for more than {} characters", kWidest);
  }
  return number;
}

JinjaText convert(JinjaHost& host, const Directive& directive, const JinjaValue& value) {
  host.spend(value.weight() + directive.width);
  const auto plain = [](const std::string& text) { return JinjaText(text, JinjaOrigin::source); };
  switch (directive.type) {
    case 's': {
      JinjaText text = print_value(value);
      if (directive.precision) {
        const auto offsets = text.code_point_offsets();
        const auto count = static_cast<std::size_t>(*directive.precision);
        if (count + 1 < offsets.size()) text = text.slice(0, offsets[count]);
      }
      return text;
    }
    case 'r':
      return represent_value(value);
    case 'd':
    case 'i':
      if (value.is_float()) return plain(fmt::format("{:.0f}", std::trunc(value.floating())));
      return plain(std::to_string(expect_integer(value, "a value for %d")));
    case 'x':
      return plain(fmt::format("{:x}", expect_integer(value, "a value for %x")));
    case 'f':
      if (!value.is_number())
        throw_error(ErrorCode::invalid_argument, "a value for %f must be a number, found a {}",
                    value.type_name());
      return plain(fmt::format("{:.{}f}", value.number(), directive.precision.value_or(6)));
    default:
      throw_error(ErrorCode::unsupported,
                  "the format \"{}\" is not supported; supported are s, r, d, i, x, f", directive.type);
  }
}

JinjaText pad(const Directive& directive, JinjaText text, char usual_align) {
  const std::size_t length = text.code_point_offsets().size() - 1;
  if (length >= directive.width) return text;
  const std::size_t missing = directive.width - length;
  const char align = directive.align != '\0' ? directive.align : usual_align;
  const std::size_t before = align == '<' ? 0 : align == '>' ? missing : missing / 2;
  JinjaText result;
  const bool zeros_behind_sign =
      directive.fill == '0' && directive.align == '\0' && text.bytes().starts_with('-');
  if (zeros_behind_sign) {
    result.append(text.slice(0, 1));
    text = text.slice(1);
  }
  for (std::size_t i = 0; i < before; ++i)
    result.append(std::string_view(&directive.fill, 1), JinjaOrigin::source);
  result.append(text);
  for (std::size_t i = before; i < missing; ++i)
    result.append(std::string_view(&directive.fill, 1), JinjaOrigin::source);
  return result;
}

// The values of "%", taken in turn or by name.
class PercentValues {
 public:
  explicit PercentValues(const JinjaValue& values) : values_(values) {}
  JinjaValue next() {
    const std::size_t count = values_.is_tuple() ? values_.items().size() : 1;
    if (taken_ >= count) throw_error(ErrorCode::invalid_argument, "\"%\": not enough values for the format");
    return values_.is_tuple() ? values_.items()[taken_++] : (++taken_, values_);
  }
  JinjaValue named(std::string_view name) {
    by_name_ = true;
    const JinjaValue* found = values_.is_dict() ? values_.dict().find(name) : nullptr;
    if (found == nullptr)
      throw_error(ErrorCode::invalid_argument, "\"%\": there is no value for \"{}\"", name);
    return *found;
  }
  void check_all_taken() const {
    const bool all =
        by_name_ || values_.is_dict() || taken_ == (values_.is_tuple() ? values_.items().size() : 1);
    if (!all) throw_error(ErrorCode::invalid_argument, "\"%\": not all values were used by the format");
  }

 private:
  const JinjaValue& values_;
  std::size_t taken_ = 0;
  bool by_name_ = false;
};

Directive parse_format_spec(std::string_view spec) {
  Directive directive;
  directive.type = '\0';
  std::size_t at = 0;
  const auto is_align = [](char c) { return c == '<' || c == '>' || c == '^'; };
  if (spec.size() > 1 && is_align(spec[1]) && (spec[0] & 0x80) == 0) {
    directive.fill = spec[0];
    directive.align = spec[1];
    at = 2;
  } else if (!spec.empty() && is_align(spec[0])) {
    directive.align = spec[0];
    at = 1;
  }
  if (at < spec.size() && spec[at] == '0') {
    directive.fill = '0';
    ++at;
  }
  directive.width = take_number(spec, at);
  if (at < spec.size() && spec[at] == '.') {
    ++at;
    directive.precision = static_cast<int>(take_number(spec, at));
  }
  if (at < spec.size()) directive.type = spec[at++];
  if (at != spec.size() ||
      (directive.type != '\0' && directive.type != 's' && directive.type != 'd' && directive.type != 'f')) {
    throw_error(ErrorCode::unsupported, "the format \"{}\" is not supported", spec);
  }
  return directive;
}

}  // namespace

JinjaText format_percent(JinjaHost& host, const JinjaText& format, const JinjaValue& values) {
  const std::string& bytes = format.bytes();
  PercentValues source(values);
  JinjaText result;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    if (bytes[at] != '%') {
      ++at;
      continue;
    }
    result.append(format.slice(begin, at - begin));
    ++at;
    if (at < bytes.size() && bytes[at] == '%') {
      result.append("%", JinjaOrigin::source);
      begin = ++at;
      continue;
    }
    std::optional<std::string> name;
    if (at < bytes.size() && bytes[at] == '(') {
      const std::size_t close = bytes.find(')', at);
      if (close == std::string::npos)
        throw_error(ErrorCode::invalid_argument, "\"%\": the name in the format is not closed");
      name = bytes.substr(at + 1, close - at - 1);
      at = close + 1;
    }
    Directive directive;
    for (; at < bytes.size() && (bytes[at] == '-' || bytes[at] == '0'); ++at) {
      if (bytes[at] == '-') {
        directive.align = '<';
      } else {
        directive.fill = '0';
      }
    }
    if (directive.align == '<') directive.fill = ' ';
    directive.width = take_number(bytes, at);
    if (at < bytes.size() && bytes[at] == '.') {
      ++at;
      directive.precision = static_cast<int>(take_number(bytes, at));
    }
    if (at >= bytes.size())
      throw_error(ErrorCode::invalid_argument, "\"%\": the format ends within a directive");
    directive.type = bytes[at++];
    const JinjaValue value = name ? source.named(*name) : source.next();
    result.append(pad(directive, convert(host, directive, value), '>'));
    begin = at;
  }
  result.append(format.slice(begin));
  source.check_all_taken();
  return result;
}

JinjaText format_braces(JinjaHost& host, const JinjaText& format, const JinjaArguments& arguments) {
  const std::string& bytes = format.bytes();
  JinjaText result;
  std::size_t next_index = 0, begin = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    const char c = bytes[at];
    if (c != '{' && c != '}') {
      ++at;
      continue;
    }
    result.append(format.slice(begin, at - begin));
    if (at + 1 < bytes.size() && bytes[at + 1] == c) {
      result.append(format.slice(at, 1));
      at += 2;
      begin = at;
      continue;
    }
    const std::size_t close = bytes.find('}', at);
    if (c == '}' || close == std::string::npos) {
      throw_error(ErrorCode::invalid_argument, "format(): a single \"{}\" in the format", c);
    }
    const std::string field = bytes.substr(at + 1, close - at - 1);
    const std::size_t colon = field.find(':');
    const std::string name = field.substr(0, colon);
    Directive directive = colon == std::string::npos
                              ? parse_format_spec("")
                              : parse_format_spec(std::string_view(field).substr(colon + 1));
    const JinjaValue* value = nullptr;
    if (name.empty() || std::all_of(name.begin(), name.end(), is_digit)) {
      std::size_t digit = 0;
      const std::size_t index = name.empty() ? next_index++ : take_number(name, digit);
      if (index < arguments.positional.size()) value = &arguments.positional[index];
    } else {
      if (name.find_first_of(".[!") != std::string::npos) {
        throw_error(ErrorCode::unsupported,
                    "format(): the field \"{}\" is not supported, only positions and names are", name);
      }
      for (const auto& [key, item] : arguments.named) {
        if (key == name) value = &item;
      }
    }
    if (value == nullptr)
      throw_error(ErrorCode::invalid_argument, "format(): there is no value for the field \"{}\"", name);
    const char usual_align = value->is_number() && !value->is_bool() ? '>' : '<';
    if (directive.type == '\0') directive.type = value->is_float() && directive.precision ? 'f' : 's';
    result.append(pad(directive, convert(host, directive, *value), usual_align));
    at = begin = close + 1;
  }
  result.append(format.slice(begin));
  return result;
}

}  // namespace fulcrum
