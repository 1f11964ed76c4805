// What is asked of the model, as data: who it is, what to do, and the form of the answer. Words only; how
// they become messages is prompt/program.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fulcrum {

struct Label {
  std::string name;         // exactly as the model is to write it
  std::string description;  // may be empty
  bool operator==(const Label&) const = default;
};

enum class FieldType { text, number, integer, boolean, text_list };

struct Field {
  std::string key;
  std::string description;
  FieldType type = FieldType::text;
  bool operator==(const Field&) const = default;
};

// What the system message says of the answer's form. A fine-tuned model needs no word of it, and every word
// costs.
enum class AnswerForm {
  unstated,
  label,            // "Answer with one of: a, b, c."
  described_label,  // the same behind a sentence a label
  json,             // "Answer with JSON: {"key": "description", ...}"
  custom,           // Signature::form_text, word for word
};

struct Signature {
  std::string system;       // "You work at the support desk of ..."; may be empty
  std::string instruction;  // "Say which team the message is for."
  AnswerForm form = AnswerForm::unstated;
  std::string form_text;
  std::vector<Label> labels;
  std::vector<Field> fields;
  bool operator==(const Signature&) const = default;
};

// The sentences about the answer's form; empty where it is unstated.
std::string form_sentence(const Signature& signature);
// System, instruction and form, one space between.
std::string system_text(const Signature& signature);

std::string_view to_string(AnswerForm form);
std::string_view to_string(FieldType type);
std::optional<AnswerForm> parse_answer_form(std::string_view name);
std::optional<FieldType> parse_field_type(std::string_view name);

}  // namespace fulcrum
