#include "prompt/program.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/unicode.h"

namespace fulcrum {
namespace {

constexpr std::string_view kThinkSentence = "Think step by step before you answer.";

// The program's signature, and the input's own system turn where the program says nothing of who the model
// is.
std::string system_message(const PromptProgram& program, const PromptInput& input) {
  Signature signature = program.signature;
  for (const Message& message : input.messages) {
    if (message.role == "system" && program.signature.system.empty()) {
      if (!signature.system.empty()) signature.system += ' ';
      signature.system += message.content;
    }
  }
  std::string text = system_text(signature);
  if (program.reasoning == Reasoning::think_first) {
    if (!text.empty()) text += ' ';
    text += kThinkSentence;
  }
  return text;
}

// An example never stands among its own demonstrations: training on it would only teach to copy.
std::vector<const Demonstration*> shown_demonstrations(const PromptProgram& program, const PromptInput& input,
                                                       const DemonstrationFinder* finder) {
  std::vector<const Demonstration*> shown;
  if (program.choice == DemonstrationChoice::fixed) {
    for (const Demonstration& demonstration : program.demonstrations) {
      if (demonstration.id != input.id) shown.push_back(&demonstration);
    }
    return shown;
  }
  if (finder == nullptr) {
    throw_error(ErrorCode::internal,
                "building the prompt of '{}': demonstrations are chosen by likeness, and no finder was given",
                program.name);
  }
  for (const std::size_t item : finder->nearest(input.question(), program.shown + 1)) {
    const Demonstration& demonstration = program.demonstrations.at(item);
    if (demonstration.id != input.id) shown.push_back(&demonstration);
  }
  // The nearest come last, so it is the first that is one too many.
  if (std::ssize(shown) > program.shown) shown.erase(shown.begin());
  return shown;
}

template <typename Value, std::size_t N>
std::optional<Value> value_of(const std::array<std::pair<Value, std::string_view>, N>& names,
                              std::string_view word) {
  for (const auto& [value, name] : names) {
    if (name == word) return value;
  }
  return std::nullopt;
}

}  // namespace

std::string_view PromptInput::question() const {
  return messages.empty() ? std::string_view() : std::string_view(messages.back().content);
}

std::string with_passages(std::span<const std::string> passages, std::string_view question) {
  std::string text;
  int number = 0;
  for (const std::string& passage : passages) text += fmt::format("<doc>[{}] {}</doc>", ++number, passage);
  text += question;
  return text;
}

std::vector<Message> build_messages(const PromptProgram& program, const PromptInput& input,
                                    std::span<const std::string> passages,
                                    const DemonstrationFinder* finder) {
  if (input.messages.empty() || input.messages.back().role != "user") {
    throw_error(ErrorCode::invalid_argument,
                "building the prompt for item '{}': its last message must be the user's, "
                "and it is {}",
                input.id, input.messages.empty() ? "missing" : "the " + input.messages.back().role + "'s");
  }
  std::vector<Message> messages;
  if (std::string system = system_message(program, input); !system.empty()) {
    messages.push_back({"system", std::move(system)});
  }
  for (const Demonstration* demonstration : shown_demonstrations(program, input, finder)) {
    messages.push_back({"user", with_passages(demonstration->passages, demonstration->input)});
    messages.push_back({"assistant", demonstration->output});
  }
  for (const Message& message : input.messages) {
    if (message.role != "system") messages.push_back(message);
  }
  messages.back().content = with_passages(passages, input.question());
  return messages;
}

ParsedAnswer parse_answer(std::string_view raw) {
  ParsedAnswer answer;
  std::size_t at = 0;
  while (at < raw.size()) {
    const std::size_t open = raw.find(kThinkOpen, at);
    answer.text += raw.substr(at, open == std::string_view::npos ? open : open - at);
    if (open == std::string_view::npos) break;
    const std::size_t inside = open + kThinkOpen.size();
    const std::size_t close = raw.find(kThinkClose, inside);
    if (!answer.reasoning.empty()) answer.reasoning += '\n';
    answer.reasoning += trim(raw.substr(inside, close == std::string_view::npos ? close : close - inside));
    if (close == std::string_view::npos) break;
    at = close + kThinkClose.size();
  }
  answer.text = std::string(trim(answer.text));
  return answer;
}

Vote vote(std::span<const std::string> answers) {
  Vote best;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    int agreeing = 0;
    for (const std::string& other : answers) agreeing += other == answers[i] ? 1 : 0;
    if (agreeing > best.agreeing) best = {answers[i], i, agreeing};
  }
  return best;
}

PromptProgram with_longest_demonstrations(PromptProgram program) {
  if (program.choice == DemonstrationChoice::fixed) return program;
  std::ranges::stable_sort(program.demonstrations, std::greater<>(), [](const Demonstration& demonstration) {
    return demonstration.input.size() + demonstration.output.size();
  });
  const auto shown = static_cast<std::size_t>(std::max<std::int64_t>(program.shown, 0));
  if (program.demonstrations.size() > shown) program.demonstrations.resize(shown);
  program.shown = std::ssize(program.demonstrations);
  program.choice = DemonstrationChoice::fixed;
  return program;
}

std::string_view to_string(Reasoning reasoning) {
  return reasoning == Reasoning::direct ? "direct" : "think_first";
}
std::string_view to_string(Decoding decoding) {
  return decoding == Decoding::generate ? "generate" : "choose";
}
std::string_view to_string(DemonstrationChoice choice) {
  return choice == DemonstrationChoice::fixed ? "fixed" : "nearest";
}

std::optional<Reasoning> parse_reasoning(std::string_view name) {
  constexpr std::array<std::pair<Reasoning, std::string_view>, 2> kNames = {
      {{Reasoning::direct, "direct"}, {Reasoning::think_first, "think_first"}}};
  return value_of(kNames, name);
}

std::optional<Decoding> parse_decoding(std::string_view name) {
  constexpr std::array<std::pair<Decoding, std::string_view>, 2> kNames = {
      {{Decoding::generate, "generate"}, {Decoding::choose, "choose"}}};
  return value_of(kNames, name);
}

std::optional<DemonstrationChoice> parse_demonstration_choice(std::string_view name) {
  constexpr std::array<std::pair<DemonstrationChoice, std::string_view>, 2> kNames = {
      {{DemonstrationChoice::fixed, "fixed"}, {DemonstrationChoice::nearest, "nearest"}}};
  return value_of(kNames, name);
}

}  // namespace fulcrum
