// Settings of a tokenizer.json's component, taken with their types checked.
//
// Errors: corrupt, naming the component and the setting, with what was expected and found.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "text/json_tree.h"
#include "text/regular_expression.h"

namespace fulcrum {

class JsonSettings {
 public:
  // `kind` ("normalizer") names the component in messages. Error(corrupt) if `component` is no object.
  JsonSettings(const JsonTree& component, std::string_view kind);

  const std::string& type() const { return type_; }
  std::string text(std::string_view key) const;
  std::string text_or(std::string_view key, std::string_view fallback) const;  // null counts as absent
  bool flag_or(std::string_view key, bool fallback) const;
  std::optional<bool> flag(std::string_view key) const;
  std::int64_t integer(std::string_view key) const;
  std::int64_t integer_or(std::string_view key, std::int64_t fallback) const;
  const JsonTree& list(std::string_view key) const;
  // {"String": text} or {"Regex": expression}, or a plain text. Error(unsupported) for an expression that
  // RegularExpression refuses.
  RegularExpression pattern(std::string_view key) const;

  // The setting is not there, or is null.
  bool lacks(std::string_view key) const;
  [[noreturn]] void unsupported() const;  // names the component's type

 private:
  const JsonTree& at(std::string_view key, std::string_view expected) const;
  [[noreturn]] void wrong(std::string_view key, std::string_view expected) const;

  const JsonTree& component_;
  std::string kind_, type_;
};

}  // namespace fulcrum
