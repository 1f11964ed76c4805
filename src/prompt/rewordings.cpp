#include "prompt/rewordings.h"

#include <algorithm>

#include "base/error.h"

namespace fulcrum {
namespace {

std::string joined(std::string_view first, std::string_view second) {
  if (first.empty() || second.empty()) return std::string(first.empty() ? second : first);
  return std::string(first) + ' ' + std::string(second);
}

void reverse_labels(Signature& signature) {
  std::reverse(signature.labels.begin(), signature.labels.end());
}

void rotate_labels(Signature& signature) {
  const auto middle = static_cast<std::ptrdiff_t>(signature.labels.size() / 2);
  std::rotate(signature.labels.begin(), signature.labels.begin() + middle, signature.labels.end());
}

// The opening of each variant is a phrase that stands before any instruction; an empty instruction gets none.
std::string opened(std::string_view opening, const std::string& instruction) {
  return instruction.empty() ? instruction : joined(opening, instruction);
}

}  // namespace

PromptProgram reword(const PromptProgram& program, int variant) {
  if (variant < 0 || variant > kRewordings) {
    throw_error(ErrorCode::invalid_argument,
                "rewording the prompt '{}': there is no variant {}; there are 0 to {}", program.name, variant,
                kRewordings);
  }
  PromptProgram reworded = program;
  if (variant == 0) return reworded;
  Signature& signature = reworded.signature;
  const auto given = static_cast<std::size_t>(variant) - 1;
  const bool has_own_words = given < program.rewordings.size();
  if (has_own_words) signature.instruction = program.rewordings[given];
  const auto open_with = [&](std::string_view opening) {
    if (!has_own_words) signature.instruction = opened(opening, signature.instruction);
  };
  switch (variant) {
    case 1:
      open_with("Please do the following.");
      break;
    case 2:
      open_with("Your task:");
      reverse_labels(signature);
      break;
    case 3:
      open_with("Read the message carefully.");
      rotate_labels(signature);
      break;
    case 4: {
      // The form of the answer first, then what to do.
      const std::string form = form_sentence(signature);
      if (!has_own_words && form.empty()) open_with("Here is what to do.");
      signature.form_text = joined(form, signature.instruction);
      signature.form = AnswerForm::custom;
      signature.instruction.clear();
      break;
    }
    default:
      open_with("Help with this request:");
      signature.form_text = joined(form_sentence(signature), "Thank you.");
      signature.form = AnswerForm::custom;
  }
  return reworded;
}

}  // namespace fulcrum
