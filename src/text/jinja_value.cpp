#include "text/jinja_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/json.h"

namespace fulcrum {
namespace {

int checked_depth(int depth) {
  if (depth > kJinjaContainerDepth) {
    throw_error(ErrorCode::too_large, "lists and dicts nest deeper than {}", kJinjaContainerDepth);
  }
  return depth;
}

std::uint64_t checked_weight(std::uint64_t weight) {
  if (weight > kJinjaContainerWeight) {
    throw_error(ErrorCode::too_large, "a list or dict holds more than {} bytes", kJinjaContainerWeight);
  }
  return weight;
}

// A spelling that equal keys share; none for what cannot be hashed.
std::optional<std::string> key_spelling(const JinjaValue& key) {
  if (key.is_string()) return "s" + key.text().bytes();
  if (key.is_none()) return "n";
  if (key.is_number()) {
    if (key.is_float() && key.floating() != std::floor(key.floating()))
      return fmt::format("f{}", key.floating());
    if (key.is_float() && std::abs(key.floating()) >= 9e18) return fmt::format("f{}", key.floating());
    if (key.is_float() && !std::isfinite(key.floating())) return fmt::format("f{}", key.floating());
    return fmt::format("i{}", key.is_int() ? key.integer() : static_cast<std::int64_t>(key.number()));
  }
  if (key.is_tuple()) {
    std::string spelling = "(";
    for (const JinjaValue& item : key.items()) {
      const auto part = key_spelling(item);
      if (!part) return std::nullopt;
      spelling += fmt::format("{}:{},", part->size(), *part);
    }
    return spelling;
  }
  if (key.is_object()) return fmt::format("o{}", static_cast<const void*>(key.object().get()));
  return std::nullopt;
}

}  // namespace

void JinjaDict::set(const JinjaValue& key, JinjaValue value) {
  const auto spelling = key_spelling(key);
  if (!spelling)
    throw_error(ErrorCode::invalid_argument, "a {} cannot be the key of a dict", key.type_name());
  depth_ = checked_depth(std::max({depth_, value.depth() + 1, key.depth() + 1}));
  weight_ = checked_weight(weight_ + key.weight() + value.weight());
  const auto [found, is_new] = index_.emplace(*spelling, entries_.size());
  if (is_new) {
    entries_.emplace_back(key, std::move(value));
  } else {
    entries_[found->second].second = std::move(value);
  }
}

const JinjaValue* JinjaDict::find(const JinjaValue& key) const {
  const auto spelling = key_spelling(key);
  if (!spelling) return nullptr;
  const auto found = index_.find(*spelling);
  return found == index_.end() ? nullptr : &entries_[found->second].second;
}

const JinjaValue* JinjaDict::find(std::string_view key) const {
  std::string spelling(1, 's');
  spelling += key;
  const auto found = index_.find(spelling);
  return found == index_.end() ? nullptr : &entries_[found->second].second;
}

JinjaValue::JinjaValue() : value_(JinjaUndefined{"the value is undefined"}) {}
JinjaValue::JinjaValue(JinjaUndefined undefined) : value_(std::move(undefined)) {}
JinjaValue::JinjaValue(JinjaNone none) : value_(none) {}
JinjaValue::JinjaValue(bool value) : value_(value) {}
JinjaValue::JinjaValue(std::int64_t value) : value_(value) {}
JinjaValue::JinjaValue(double value) : value_(value) {}
JinjaValue::JinjaValue(JinjaText text) : value_(std::make_shared<const JinjaText>(std::move(text))) {}
JinjaValue::JinjaValue(std::shared_ptr<JinjaObject> object) : value_(std::move(object)) {}

JinjaValue JinjaValue::string(std::string_view text, JinjaOrigin origin) {
  return JinjaValue(JinjaText(text, origin));
}

JinjaValue JinjaValue::sequence(std::vector<JinjaValue> items, bool is_tuple) {
  int depth = 1;
  std::uint64_t weight = kJinjaItemWeight;
  for (const JinjaValue& item : items) {
    depth = checked_depth(std::max(depth, item.depth() + 1));
    weight = checked_weight(weight + item.weight());
  }
  JinjaValue result;
  result.value_ = std::make_shared<const JinjaList>(JinjaList{std::move(items), is_tuple, depth, weight});
  return result;
}

JinjaValue JinjaValue::list(std::vector<JinjaValue> items) {
  return sequence(std::move(items), false);
}

JinjaValue JinjaValue::tuple(std::vector<JinjaValue> items) {
  return sequence(std::move(items), true);
}

JinjaValue JinjaValue::dict(JinjaDict dict) {
  JinjaValue result;
  result.value_ = std::make_shared<const JinjaDict>(std::move(dict));
  return result;
}

JinjaValue JinjaValue::from_json(const Json& json) {
  switch (json.type()) {
    case Json::value_t::boolean:
      return JinjaValue(json.get<bool>());
    case Json::value_t::number_integer:
      return JinjaValue(json.get<std::int64_t>());
    case Json::value_t::number_unsigned: {
      const auto value = json.get<std::uint64_t>();
      const bool fits = value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
      return fits ? JinjaValue(static_cast<std::int64_t>(value)) : JinjaValue(static_cast<double>(value));
    }
    case Json::value_t::number_float:
      return JinjaValue(json.get<double>());
    case Json::value_t::string:
      return string(json.get_ref<const std::string&>(), JinjaOrigin::input);
    case Json::value_t::array: {
      std::vector<JinjaValue> items;
      for (const Json& item : json) items.push_back(from_json(item));
      return list(std::move(items));
    }
    case Json::value_t::object: {
      JinjaDict result;
      for (const auto& [key, value] : json.items())
        result.set(string(key, JinjaOrigin::input), from_json(value));
      return dict(std::move(result));
    }
    case Json::value_t::null:
    case Json::value_t::binary:
    case Json::value_t::discarded:
      break;
  }
  return JinjaNone{};
}

double JinjaValue::number() const {
  if (is_bool()) return boolean() ? 1 : 0;
  return is_int() ? static_cast<double>(integer()) : floating();
}

bool JinjaValue::truth() const {
  if (is_undefined() || is_none()) return false;
  if (is_number()) return number() != 0;
  if (is_string()) return !text().empty();
  if (is_list()) return !items().empty();
  if (is_dict()) return dict().size() > 0;
  return true;
}

int JinjaValue::depth() const {
  if (is_list()) return std::get<List>(value_)->depth;
  return is_dict() ? dict().depth() : 0;
}

std::uint64_t JinjaValue::weight() const {
  if (is_string()) return text().size() + kJinjaItemWeight;
  if (is_list()) return std::get<List>(value_)->weight;
  return is_dict() ? dict().weight() : kJinjaItemWeight;
}

std::string_view JinjaValue::type_name() const {
  if (is_tuple()) return "tuple";
  constexpr std::string_view kNames[] = {"Undefined", "NoneType", "bool", "int",   "float",
                                         "str",       "list",     "dict", "object"};
  return kNames[value_.index()];
}

bool equal_values(const JinjaValue& a, const JinjaValue& b) {
  if (a.is_number() && b.is_number()) {
    if (a.is_float() || b.is_float()) return a.number() == b.number();
    return expect_integer(a, "") == expect_integer(b, "");
  }
  if (a.is_string() && b.is_string()) return a.text() == b.text();
  if (a.is_list() && b.is_list()) {
    return a.is_tuple() == b.is_tuple() &&
           std::equal(a.items().begin(), a.items().end(), b.items().begin(), b.items().end(), equal_values);
  }
  if (a.is_dict() && b.is_dict()) {
    if (a.dict().size() != b.dict().size()) return false;
    return std::all_of(a.dict().entries().begin(), a.dict().entries().end(), [&](const auto& entry) {
      const JinjaValue* other = b.dict().find(entry.first);
      return other != nullptr && equal_values(entry.second, *other);
    });
  }
  if (a.is_object() && b.is_object()) return a.object() == b.object();
  return (a.is_none() && b.is_none()) || (a.is_undefined() && b.is_undefined());
}

bool less_value(const JinjaValue& a, const JinjaValue& b) {
  if (a.is_number() && b.is_number()) {
    if (a.is_float() || b.is_float()) return a.number() < b.number();
    return expect_integer(a, "") < expect_integer(b, "");
  }
  if (a.is_string() && b.is_string()) return a.text().bytes() < b.text().bytes();
  if (a.is_list() && b.is_list() && a.is_tuple() == b.is_tuple()) {
    return std::lexicographical_compare(a.items().begin(), a.items().end(), b.items().begin(),
                                        b.items().end(), less_value);
  }
  for (const JinjaValue* value : {&a, &b}) {
    if (value->is_undefined()) throw_error(ErrorCode::invalid_argument, "{}", value->undefined_reason());
  }
  throw_error(ErrorCode::invalid_argument, "a {} and a {} have no order", a.type_name(), b.type_name());
}

std::vector<JinjaValue> iterate(const JinjaValue& value) {
  if (value.is_list()) return value.items();
  std::vector<JinjaValue> items;
  if (value.is_undefined()) return items;
  if (value.is_dict()) {
    for (const auto& [key, unused] : value.dict().entries()) items.push_back(key);
    return items;
  }
  if (value.is_string()) {
    const std::vector<std::size_t> offsets = value.text().code_point_offsets();
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
      items.emplace_back(value.text().slice(offsets[i], offsets[i + 1] - offsets[i]));
    }
    return items;
  }
  throw_error(ErrorCode::invalid_argument, "a {} cannot be gone through", value.type_name());
}

std::int64_t expect_integer(const JinjaValue& value, std::string_view what) {
  if (value.is_int()) return value.integer();
  if (value.is_bool()) return value.boolean() ? 1 : 0;
  throw_error(ErrorCode::invalid_argument, "{} must be an integer, found a {}", what, value.type_name());
}

const JinjaText& expect_text(const JinjaValue& value, std::string_view what) {
  if (value.is_string()) return value.text();
  throw_error(ErrorCode::invalid_argument, "{} must be a string, found a {}", what, value.type_name());
}

std::vector<std::optional<JinjaValue>> JinjaArguments::bind(
    std::string_view callee, const std::vector<std::string_view>& parameters) const {
  if (positional.size() > parameters.size()) {
    throw_error(ErrorCode::invalid_argument, "{} takes at most {} arguments, found {}", callee,
                parameters.size(), positional.size());
  }
  std::vector<std::optional<JinjaValue>> bound(parameters.size());
  std::copy(positional.begin(), positional.end(), bound.begin());
  for (const auto& [name, value] : named) {
    const auto found = std::find(parameters.begin(), parameters.end(), name);
    if (found == parameters.end()) {
      throw_error(ErrorCode::invalid_argument, "{} has no parameter \"{}\"", callee, name);
    }
    auto& slot = bound[static_cast<std::size_t>(found - parameters.begin())];
    if (slot) throw_error(ErrorCode::invalid_argument, "{} was given \"{}\" twice", callee, name);
    slot = value;
  }
  return bound;
}

JinjaValue JinjaObject::call(JinjaHost&, JinjaArguments) {
  throw_error(ErrorCode::invalid_argument, "{} cannot be called", describe());
}

std::optional<JinjaValue> JinjaFunction::attribute(std::string_view name) const {
  if (name == "name") return JinjaValue::string(name_);
  return std::nullopt;
}

JinjaValue JinjaFunction::make(std::string name, Body body) {
  return JinjaValue(std::make_shared<JinjaFunction>(std::move(name), std::move(body)));
}

std::optional<JinjaValue> JinjaNamespace::attribute(std::string_view name) const {
  const JinjaValue* found = values_.find(name);
  if (found == nullptr) return std::nullopt;
  return *found;
}

void JinjaNamespace::set(std::string_view name, JinjaValue value) {
  values_.set(JinjaValue::string(name), std::move(value));
}

}  // namespace fulcrum
