#include "prompt/signature.h"

#include <array>
#include <utility>

#include "base/json.h"

namespace fulcrum {
namespace {

constexpr std::array<std::pair<AnswerForm, std::string_view>, 5> kForms = {
    {{AnswerForm::unstated, "unstated"},
     {AnswerForm::label, "label"},
     {AnswerForm::described_label, "described_label"},
     {AnswerForm::json, "json"},
     {AnswerForm::custom, "custom"}}};

constexpr std::array<std::pair<FieldType, std::string_view>, 5> kTypes = {
    {{FieldType::text, "text"},
     {FieldType::number, "number"},
     {FieldType::integer, "integer"},
     {FieldType::boolean, "boolean"},
     {FieldType::text_list, "text_list"}}};

std::string label_list(const Signature& signature) {
  std::string list;
  for (const Label& label : signature.labels) list += (list.empty() ? "" : ", ") + label.name;
  return "Answer with one of: " + list + ".";
}

std::string label_descriptions(const Signature& signature) {
  std::string text;
  for (const Label& label : signature.labels) {
    if (label.description.empty()) continue;
    text += label.name + ": " + label.description;
    const char last = text.back();
    text += last == '.' || last == '!' || last == '?' ? " " : ". ";
  }
  return text;
}

// A space behind every colon and comma, as people write JSON by hand; the key's type stands with its
// description where it is not plain text.
std::string json_shape(const Signature& signature) {
  std::string shape;
  for (const Field& field : signature.fields) {
    std::string meaning = field.description.empty() ? field.key : field.description;
    switch (field.type) {
      case FieldType::text:
        break;
      case FieldType::number:
        meaning += " (a number)";
        break;
      case FieldType::integer:
        meaning += " (a whole number)";
        break;
      case FieldType::boolean:
        meaning += " (true or false)";
        break;
      case FieldType::text_list:
        meaning += " (a list)";
        break;
    }
    shape += (shape.empty() ? "" : ", ") + to_line(Json(field.key)) + ": " + to_line(Json(meaning));
  }
  return "Answer with JSON: {" + shape + "}";
}

template <typename Value, std::size_t N>
std::string_view name_of(const std::array<std::pair<Value, std::string_view>, N>& names, Value value) {
  for (const auto& [entry, name] : names) {
    if (entry == value) return name;
  }
  return {};
}

template <typename Value, std::size_t N>
std::optional<Value> value_of(const std::array<std::pair<Value, std::string_view>, N>& names,
                              std::string_view word) {
  for (const auto& [entry, name] : names) {
    if (name == word) return entry;
  }
  return std::nullopt;
}

}  // namespace

std::string form_sentence(const Signature& signature) {
  switch (signature.form) {
    case AnswerForm::unstated:
      return {};
    case AnswerForm::label:
      return label_list(signature);
    case AnswerForm::described_label:
      return label_descriptions(signature) + label_list(signature);
    case AnswerForm::json:
      return json_shape(signature);
    case AnswerForm::custom:
      return signature.form_text;
  }
  return {};
}

std::string system_text(const Signature& signature) {
  std::string text;
  for (const std::string& part : {signature.system, signature.instruction, form_sentence(signature)}) {
    if (part.empty()) continue;
    if (!text.empty()) text += ' ';
    text += part;
  }
  return text;
}

std::string_view to_string(AnswerForm form) {
  return name_of(kForms, form);
}
std::string_view to_string(FieldType type) {
  return name_of(kTypes, type);
}
std::optional<AnswerForm> parse_answer_form(std::string_view name) {
  return value_of(kForms, name);
}
std::optional<FieldType> parse_field_type(std::string_view name) {
  return value_of(kTypes, name);
}

}  // namespace fulcrum
