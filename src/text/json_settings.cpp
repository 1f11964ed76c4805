#include "text/json_settings.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace fulcrum {
namespace {

std::string escaped(std::string_view text) {
  std::string expression;
  for (char c : text) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                          static_cast<unsigned char>(c) >= 0x80;
    if (c == '\0') {
      expression += "\\x{0}";
      continue;
    }
    if (!is_plain) expression += '\\';
    expression += c;
  }
  return expression;
}

}  // namespace

JsonSettings::JsonSettings(const JsonTree& component, std::string_view kind)
    : component_(component), kind_(kind) {
  if (!component.is_object()) {
    throw_error(ErrorCode::corrupt, "reading a tokenizer's {}: it is {}, expected an object", kind,
                component.type_name());
  }
  type_ = text_or("type", "");
}

bool JsonSettings::lacks(std::string_view key) const {
  const auto found = component_.find(key);
  return found == component_.end() || found->is_null();
}

void JsonSettings::wrong(std::string_view key, std::string_view expected) const {
  const auto found = component_.find(key);
  throw_error(ErrorCode::corrupt, "reading a tokenizer's {} {}: \"{}\" is {}, expected {}", kind_, type_, key,
              found == component_.end() ? "missing" : found->type_name(), expected);
}

void JsonSettings::unsupported() const {
  throw_error(ErrorCode::unsupported, "reading a tokenizer: the {} \"{}\" is not known", kind_, type_);
}

const JsonTree& JsonSettings::at(std::string_view key, std::string_view expected) const {
  const auto found = component_.find(key);
  if (found == component_.end()) wrong(key, expected);
  return *found;
}

std::string JsonSettings::text(std::string_view key) const {
  const JsonTree& value = at(key, "a string");
  if (!value.is_string()) wrong(key, "a string");
  return value.get<std::string>();
}

std::string JsonSettings::text_or(std::string_view key, std::string_view fallback) const {
  return lacks(key) ? std::string(fallback) : text(key);
}

std::optional<bool> JsonSettings::flag(std::string_view key) const {
  if (lacks(key)) return std::nullopt;
  const JsonTree& value = at(key, "true or false");
  if (!value.is_boolean()) wrong(key, "true or false");
  return value.get<bool>();
}

bool JsonSettings::flag_or(std::string_view key, bool fallback) const {
  return flag(key).value_or(fallback);
}

std::int64_t JsonSettings::integer(std::string_view key) const {
  const JsonTree& value = at(key, "an integer");
  if (!value.is_number_integer()) wrong(key, "an integer");
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > (std::uint64_t{1} << 62))
    wrong(key, "an integer that is smaller");
  return value.get<std::int64_t>();
}

std::int64_t JsonSettings::integer_or(std::string_view key, std::int64_t fallback) const {
  return lacks(key) ? fallback : integer(key);
}

const JsonTree& JsonSettings::list(std::string_view key) const {
  const JsonTree& value = at(key, "a list");
  if (!value.is_array()) wrong(key, "a list");
  return value;
}

RegularExpression JsonSettings::pattern(std::string_view key) const {
  const JsonTree& value = at(key, "a pattern");
  if (value.is_string()) return {escaped(value.get<std::string>()), RegularExpression::Dialect::ruby};
  if (!value.is_object() || value.size() != 1) wrong(key, "{\"String\": ...} or {\"Regex\": ...}");
  const std::string& kind = value.begin().key();
  const JsonTree& content = value.begin().value();
  if (!content.is_string() || content.get_ref<const std::string&>().empty())
    wrong(key, "a pattern that is not empty");
  const auto expression = content.get<std::string>();
  if (kind == "String") return {escaped(expression), RegularExpression::Dialect::ruby};
  if (kind != "Regex") wrong(key, "{\"String\": ...} or {\"Regex\": ...}");
  try {
    return {expression, RegularExpression::Dialect::ruby};
  } catch (const Error& error) {
    throw_error(ErrorCode::unsupported, "reading a tokenizer's {} {}: {}", kind_, type_, error.what());
  }
}

}  // namespace fulcrum
