#include "prompt/edits.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/unicode.h"

namespace fulcrum {
namespace {

// The same program with this system message, word for word.
PromptProgram with_system(const PromptProgram& program, const std::vector<std::string>& sentences) {
  PromptProgram edited = program;
  Signature& signature = edited.signature;
  signature.system.clear();
  signature.instruction.clear();
  signature.form = AnswerForm::custom;
  signature.form_text = fmt::format("{}", fmt::join(sentences, " "));
  return edited;
}

std::string shown(const std::string& sentence) {
  constexpr std::size_t kShownBytes = 60;
  if (sentence.size() <= kShownBytes) return sentence;
  return sentence.substr(0, complete_utf8_prefix(sentence.substr(0, kShownBytes))) + "...";
}

}  // namespace

std::vector<std::string> sentences_of(std::string_view text) {
  std::vector<std::string> sentences;
  std::size_t begin = 0;
  int depth = 0;
  bool quoted = false;
  const auto take = [&](std::size_t end) {
    const std::string_view sentence = trim(text.substr(begin, end - begin));
    if (!sentence.empty()) sentences.emplace_back(sentence);
    begin = end;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') quoted = !quoted;
    if (c == '{' || c == '[' || c == '(') ++depth;
    if (c == '}' || c == ']' || c == ')') depth = std::max(0, depth - 1);
    const bool ends = c == '.' || c == '!' || c == '?';
    const bool before_space = i + 1 < text.size() && (text[i + 1] == ' ' || text[i + 1] == '\n');
    if (ends && before_space && depth == 0 && !quoted) take(i + 1);
  }
  take(text.size());
  return sentences;
}

std::vector<PromptEdit> edits_of(const PromptProgram& program) {
  const std::vector<std::string> sentences = sentences_of(system_text(program.signature));
  if (sentences.size() < 2) return {};
  std::vector<PromptEdit> edits;
  std::set<std::vector<std::string>> made = {sentences};
  const auto add = [&](std::string what, std::vector<std::string> order) {
    if (made.insert(order).second) edits.push_back({std::move(what), with_system(program, order)});
  };
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    std::vector<std::string> shorter = sentences;
    shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(i));
    add(fmt::format("without \"{}\"", shown(sentences[i])), std::move(shorter));
  }
  std::vector<std::string> reversed(sentences.rbegin(), sentences.rend()), rotated = sentences;
  add("sentences in reverse order", std::move(reversed));
  std::rotate(rotated.begin(), rotated.end() - 1, rotated.end());
  add("the last sentence first", std::move(rotated));
  return edits;
}

}  // namespace fulcrum
