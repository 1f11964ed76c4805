#include "text/jinja_predicates.h"

#include <map>

#include "base/error.h"
#include "text/jinja_filters.h"
#include "text/jinja_operators.h"
#include "text/jinja_print.h"

namespace fulcrum {
namespace {

using Arguments = JinjaArguments;
using Value = JinjaValue;

JinjaValue only_argument(const Arguments& arguments, std::string_view what) {
  const auto a = arguments.bind(what, {"other"});
  if (!a[0]) throw_error(ErrorCode::invalid_argument, "the test \"{}\" needs an argument", what);
  return *a[0];
}

template <bool (Value::*kIs)() const>
bool is_type(JinjaHost&, const Value& subject, const Arguments&) {
  return (subject.*kIs)();
}

enum class Comparison { eq, ne, lt, le, gt, ge };
template <Comparison kComparison>
bool compare(JinjaHost& host, const Value& subject, const Arguments& arguments) {
  constexpr std::string_view kOperators[] = {"==", "!=", "<", "<=", ">", ">="};
  return apply_comparison(host, kOperators[static_cast<int>(kComparison)], subject,
                          only_argument(arguments, "comparison"));
}

bool defined(JinjaHost&, const Value& subject, const Arguments&) {
  return !subject.is_undefined();
}
bool is_true(JinjaHost&, const Value& subject, const Arguments&) {
  return subject.is_bool() && subject.boolean();
}
bool is_false(JinjaHost&, const Value& subject, const Arguments&) {
  return subject.is_bool() && !subject.boolean();
}
bool is_sequence(JinjaHost&, const Value& subject, const Arguments&) {
  return subject.is_list() || subject.is_string() || subject.is_dict() || subject.is_undefined();
}
bool is_callable(JinjaHost&, const Value& subject, const Arguments&) {
  return (subject.is_object() && subject.object()->callable()) || subject.is_undefined();
}
bool odd(JinjaHost&, const Value& subject, const Arguments&) {
  return expect_integer(subject, "what \"odd\" tests") % 2 != 0;
}
bool even(JinjaHost&, const Value& subject, const Arguments&) {
  return expect_integer(subject, "what \"even\" tests") % 2 == 0;
}
bool divisible_by(JinjaHost&, const Value& subject, const Arguments& arguments) {
  const std::int64_t divisor = expect_integer(only_argument(arguments, "divisibleby"), "the divisor");
  if (divisor == 0) throw_error(ErrorCode::invalid_argument, "divisibleby: division by zero");
  return divisor == -1 || expect_integer(subject, "what \"divisibleby\" tests") % divisor == 0;
}
bool in(JinjaHost& host, const Value& subject, const Arguments& arguments) {
  return apply_comparison(host, "in", subject, only_argument(arguments, "in"));
}
bool same_as(JinjaHost&, const Value& subject, const Arguments& arguments) {
  const Value other = only_argument(arguments, "sameas");
  return subject.type_name() == other.type_name() && equal_values(subject, other);
}
bool lower(JinjaHost& host, const Value& subject, const Arguments&) {
  return host.call(get_attribute(Value(print_value(subject)), "islower"), {}).truth();
}
bool upper(JinjaHost& host, const Value& subject, const Arguments&) {
  return host.call(get_attribute(Value(print_value(subject)), "isupper"), {}).truth();
}
bool is_filter(JinjaHost&, const Value& subject, const Arguments&) {
  return subject.is_string() && find_jinja_filter(subject.text().bytes()) != nullptr;
}
bool is_test(JinjaHost&, const Value& subject, const Arguments&) {
  return subject.is_string() && find_jinja_predicate(subject.text().bytes()) != nullptr;
}
bool escaped(JinjaHost&, const Value&, const Arguments&) {
  return false;
}  // there is no autoescaping

}  // namespace

JinjaPredicate find_jinja_predicate(std::string_view name) {
  static const std::map<std::string_view, JinjaPredicate> table = {
      {"!=", compare<Comparison::ne>},
      {"<", compare<Comparison::lt>},
      {"<=", compare<Comparison::le>},
      {"==", compare<Comparison::eq>},
      {">", compare<Comparison::gt>},
      {">=", compare<Comparison::ge>},
      {"boolean", is_type<&Value::is_bool>},
      {"callable", is_callable},
      {"defined", defined},
      {"divisibleby", divisible_by},
      {"eq", compare<Comparison::eq>},
      {"equalto", compare<Comparison::eq>},
      {"escaped", escaped},
      {"even", even},
      {"false", is_false},
      {"filter", is_filter},
      {"float", is_type<&Value::is_float>},
      {"ge", compare<Comparison::ge>},
      {"greaterthan", compare<Comparison::gt>},
      {"gt", compare<Comparison::gt>},
      {"in", in},
      {"integer", is_type<&Value::is_int>},
      {"iterable", is_sequence},
      {"le", compare<Comparison::le>},
      {"lessthan", compare<Comparison::lt>},
      {"lower", lower},
      {"lt", compare<Comparison::lt>},
      {"mapping", is_type<&Value::is_dict>},
      {"ne", compare<Comparison::ne>},
      {"none", is_type<&Value::is_none>},
      {"number", is_type<&Value::is_number>},
      {"odd", odd},
      {"sameas", same_as},
      {"sequence", is_sequence},
      {"string", is_type<&Value::is_string>},
      {"test", is_test},
      {"true", is_true},
      {"undefined", is_type<&Value::is_undefined>},
      {"upper", upper},
  };
  const auto found = table.find(name);
  return found == table.end() ? nullptr : found->second;
}

}  // namespace fulcrum
