#include "text/jinja_operators.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "text/jinja_format.h"
#include "text/jinja_methods.h"
#include "text/jinja_print.h"

namespace fulcrum {
namespace {

[[noreturn]] void fail_types(std::string_view op, const JinjaValue& a, const JinjaValue& b) {
  throw_error(ErrorCode::invalid_argument, "\"{}\" does not work on a {} and a {}", op, a.type_name(),
              b.type_name());
}

[[noreturn]] void fail_overflow(std::string_view op) {
  throw_error(ErrorCode::too_large, "the result of \"{}\" has more than 64 bits", op);
}

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  const std::int64_t quotient = a / b;
  return a % b != 0 && ((a < 0) != (b < 0)) ? quotient - 1 : quotient;
}

std::int64_t power(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  while (exponent > 0) {
    if (exponent % 2 == 1 && __builtin_mul_overflow(result, base, &result)) fail_overflow("**");
    exponent /= 2;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) fail_overflow("**");
  }
  return result;
}

JinjaValue apply_to_integers(std::string_view op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  bool overflow = false;
  if (op == "+") {
    overflow = __builtin_add_overflow(a, b, &result);
  } else if (op == "-") {
    overflow = __builtin_sub_overflow(a, b, &result);
  } else if (op == "*") {
    overflow = __builtin_mul_overflow(a, b, &result);
  } else if (op == "**") {
    if (b < 0) return JinjaValue(std::pow(static_cast<double>(a), static_cast<double>(b)));
    result = power(a, b);
  } else {
    if (b == 0) throw_error(ErrorCode::invalid_argument, "\"{}\": division by zero", op);
    if (op == "/") return JinjaValue(static_cast<double>(a) / static_cast<double>(b));
    if (b == -1) {
      overflow = op == "//" && __builtin_sub_overflow(std::int64_t{0}, a, &result);
    } else {
      const std::int64_t quotient = floor_divide(a, b);
      result = op == "//" ? quotient : a - quotient * b;
    }
  }
  if (overflow) fail_overflow(op);
  return JinjaValue(result);
}

JinjaValue apply_to_floats(std::string_view op, double a, double b) {
  if (op == "+") return JinjaValue(a + b);
  if (op == "-") return JinjaValue(a - b);
  if (op == "*") return JinjaValue(a * b);
  if (op == "**") return JinjaValue(std::pow(a, b));
  if (b == 0) throw_error(ErrorCode::invalid_argument, "\"{}\": division by zero", op);
  if (op == "/") return JinjaValue(a / b);
  const double quotient = std::floor(a / b);
  return JinjaValue(op == "//" ? quotient : a - quotient * b);
}

JinjaValue repeat(JinjaHost& host, const JinjaValue& value, std::int64_t times) {
  const auto count = static_cast<std::uint64_t>(std::max<std::int64_t>(times, 0));
  const std::uint64_t each =
      value.is_string() ? value.text().size() : value.items().size() * kJinjaItemWeight;
  if (each > 0 && count > kJinjaContainerWeight / each) {
    throw_error(ErrorCode::too_large, "\"*\" would repeat {} bytes {} times", each, count);
  }
  host.spend(each * count);
  if (value.is_string()) {
    JinjaText text;
    for (std::uint64_t i = 0; i < (each > 0 ? count : 0); ++i) text.append(value.text());
    return JinjaValue(std::move(text));
  }
  std::vector<JinjaValue> items;
  for (std::uint64_t i = 0; i < (each > 0 ? count : 0); ++i)
    items.insert(items.end(), value.items().begin(), value.items().end());
  return value.is_tuple() ? JinjaValue::tuple(std::move(items)) : JinjaValue::list(std::move(items));
}

bool contains(JinjaHost& host, const JinjaValue& container, const JinjaValue& item) {
  if (container.is_string()) {
    host.spend(container.weight());
    return container.text().bytes().find(expect_text(item, "what \"in\" looks for in a string").bytes()) !=
           std::string::npos;
  }
  if (container.is_dict()) return container.dict().find(item) != nullptr;
  if (container.is_undefined()) return false;
  if (!container.is_list()) {
    throw_error(ErrorCode::invalid_argument, "\"in\" does not work on a {}", container.type_name());
  }
  host.spend(container.weight());
  return std::any_of(container.items().begin(), container.items().end(),
                     [&](const JinjaValue& other) { return equal_values(other, item); });
}

JinjaValue missing(const JinjaValue& value, std::string_view name) {
  return JinjaUndefined{fmt::format("a {} has no attribute or item \"{}\"", value.type_name(), name)};
}

}  // namespace

void require_defined(const JinjaValue& value) {
  if (value.is_undefined()) throw_error(ErrorCode::invalid_argument, "{}", value.undefined_reason());
}

JinjaValue apply_arithmetic(JinjaHost& host, std::string_view op, const JinjaValue& a, const JinjaValue& b) {
  require_defined(a);
  if (a.is_string() && op == "%") return JinjaValue(format_percent(host, a.text(), b));
  require_defined(b);
  if (a.is_number() && b.is_number()) {
    if (a.is_float() || b.is_float()) return apply_to_floats(op, a.number(), b.number());
    return apply_to_integers(op, expect_integer(a, op), expect_integer(b, op));
  }
  if (op == "+" && a.is_string() && b.is_string()) {
    host.spend(a.text().size() + b.text().size());
    JinjaText text = a.text();
    text.append(b.text());
    return JinjaValue(std::move(text));
  }
  if (op == "+" && a.is_list() && b.is_list() && a.is_tuple() == b.is_tuple()) {
    host.spend((a.items().size() + b.items().size()) * kJinjaItemWeight);
    std::vector<JinjaValue> items = a.items();
    items.insert(items.end(), b.items().begin(), b.items().end());
    return a.is_tuple() ? JinjaValue::tuple(std::move(items)) : JinjaValue::list(std::move(items));
  }
  const auto repeats = [](const JinjaValue& value) { return value.is_string() || value.is_list(); };
  const auto counts = [](const JinjaValue& value) { return value.is_int() || value.is_bool(); };
  if (op == "*" && repeats(a) && counts(b)) return repeat(host, a, expect_integer(b, op));
  if (op == "*" && repeats(b) && counts(a)) return repeat(host, b, expect_integer(a, op));
  fail_types(op, a, b);
}

bool apply_comparison(JinjaHost& host, std::string_view op, const JinjaValue& a, const JinjaValue& b) {
  if (op == "in") return contains(host, b, a);
  if (op == "not in") return !contains(host, b, a);
  host.spend(std::min(a.weight(), b.weight()));
  if (op == "==") return equal_values(a, b);
  if (op == "!=") return !equal_values(a, b);
  const bool has_nan = a.is_number() && b.is_number() && (std::isnan(a.number()) || std::isnan(b.number()));
  if (op == "<") return less_value(a, b);
  if (op == ">") return less_value(b, a);
  if (op == "<=") return !less_value(b, a) && !has_nan;
  return !less_value(a, b) && !has_nan;
}

JinjaValue negate_value(const JinjaValue& value) {
  require_defined(value);
  if (value.is_float()) return JinjaValue(-value.floating());
  if (!value.is_number())
    throw_error(ErrorCode::invalid_argument, "\"-\" does not work on a {}", value.type_name());
  return apply_to_integers("-", 0, expect_integer(value, "-"));
}

JinjaText join_printed(JinjaHost& host, const std::vector<JinjaValue>& values) {
  JinjaText text;
  for (const JinjaValue& value : values) {
    host.spend(value.weight());
    text.append(print_value(value));
  }
  return text;
}

JinjaValue get_attribute(const JinjaValue& value, std::string_view name) {
  require_defined(value);
  if (value.is_object()) {
    auto found = value.object()->attribute(name);
    return found ? *found : missing(value, name);
  }
  if (auto method = find_method(value, name)) return *method;
  if (value.is_dict()) {
    if (const JinjaValue* found = value.dict().find(name)) return *found;
  }
  return missing(value, name);
}

JinjaValue get_item(const JinjaValue& value, const JinjaValue& key) {
  require_defined(value);
  if (value.is_dict()) {
    if (const JinjaValue* found = value.dict().find(key)) return *found;
  }
  if (key.is_string()) {
    if (value.is_dict()) {
      auto method = find_method(value, key.text().bytes());
      return method ? *method : missing(value, key.text().bytes());
    }
    return get_attribute(value, key.text().bytes());
  }
  const bool is_index = key.is_int() || key.is_bool();
  if (is_index && (value.is_list() || value.is_string())) {
    const std::vector<std::size_t> offsets =
        value.is_string() ? value.text().code_point_offsets() : std::vector<std::size_t>();
    const auto size =
        static_cast<std::int64_t>(value.is_string() ? offsets.size() - 1 : value.items().size());
    std::int64_t index = expect_integer(key, "an index");
    if (index < 0) index += size;
    if (index < 0 || index >= size) return missing(value, std::to_string(expect_integer(key, "an index")));
    const auto i = static_cast<std::size_t>(index);
    if (value.is_list()) return value.items()[i];
    return JinjaValue(value.text().slice(offsets[i], offsets[i + 1] - offsets[i]));
  }
  return missing(value, key.type_name());
}

JinjaValue get_slice(JinjaHost& host, const JinjaValue& value, const JinjaValue& begin, const JinjaValue& end,
                     const JinjaValue& step) {
  require_defined(value);
  if (!value.is_string() && !value.is_list()) {
    throw_error(ErrorCode::invalid_argument, "a {} cannot be sliced", value.type_name());
  }
  host.spend(value.weight());
  const std::vector<std::size_t> offsets =
      value.is_string() ? value.text().code_point_offsets() : std::vector<std::size_t>();
  const auto size = static_cast<std::int64_t>(value.is_string() ? offsets.size() - 1 : value.items().size());
  const auto open = [](const JinjaValue& bound) { return bound.is_none() || bound.is_undefined(); };
  const std::int64_t stride = open(step) ? 1 : expect_integer(step, "the step of a slice");
  if (stride == 0) throw_error(ErrorCode::invalid_argument, "the step of a slice cannot be zero");
  // Python clamps to [0, size], or to [-1, size - 1] when it goes backwards.
  const std::int64_t low = stride > 0 ? 0 : -1, high = stride > 0 ? size : size - 1;
  const auto clamp = [&](const JinjaValue& bound, std::int64_t otherwise) {
    if (open(bound)) return otherwise;
    std::int64_t position = expect_integer(bound, "the bound of a slice");
    if (position < 0) position = position < -size ? low : position + size;
    return std::clamp(position, low, std::max(low, high));
  };
  const std::int64_t from = clamp(begin, stride > 0 ? low : high), to = clamp(end, stride > 0 ? high : low);
  JinjaText text;
  std::vector<JinjaValue> items;
  for (std::int64_t i = from; stride > 0 ? i < to : i > to;) {
    const auto k = static_cast<std::size_t>(i);
    if (value.is_string()) {
      text.append(value.text().slice(offsets[k], offsets[k + 1] - offsets[k]));
    } else {
      items.push_back(value.items()[k]);
    }
    if (__builtin_add_overflow(i, stride, &i)) break;
  }
  if (value.is_string()) return JinjaValue(std::move(text));
  return value.is_tuple() ? JinjaValue::tuple(std::move(items)) : JinjaValue::list(std::move(items));
}

}  // namespace fulcrum
