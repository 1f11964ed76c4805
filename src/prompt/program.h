// A prompt program: everything between an input and the model's answer that is words. Data, and the two pure
// functions that use it: input to messages, and raw answer to what was answered.
//
// The system message is the signature; demonstrations are earlier user and assistant turns; passages stand at
// the start of the user message as <doc>[1] text</doc><doc>[2] text</doc>, counted from 1. Reasoning is
// <think>working</think> before the answer.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "prompt/demonstrations.h"
#include "prompt/signature.h"
#include "text/lm.h"

namespace fulcrum {

enum class Reasoning { direct, think_first };
// generate: the model writes the answer. choose: the label that is likeliest as the whole answer.
enum class Decoding { generate, choose };
// fixed: the same for every input. nearest: `shown` of them, chosen for each input by likeness.
enum class DemonstrationChoice { fixed, nearest };

struct PromptProgram {
  std::string name;
  Signature signature;
  std::vector<Demonstration> demonstrations;  // fixed: all are shown, in this order; nearest: the pool
  DemonstrationChoice choice = DemonstrationChoice::fixed;
  std::int64_t shown = 0;  // demonstrations a prompt shows; with `fixed` the size of the list
  Reasoning reasoning = Reasoning::direct;
  Decoding decoding = Decoding::generate;
  std::int64_t passages = 0;  // top-k chunks put before the question; 0: no retrieval
  int max_answer_tokens = 64;
  int max_reasoning_tokens = 96;
  // Self-consistency: so many samples, the commonest answer wins. 1: one greedy answer.
  int votes = 1;
  double vote_temperature = 0.7;
  std::vector<std::string> rewordings;  // instructions that mean the same, given by the task; may be empty
  bool operator==(const PromptProgram&) const = default;
};

// One item as it comes in: turns without the answer, the last one the user's. A system turn is kept only
// where the program's signature has no `system` of its own.
struct PromptInput {
  std::string id;
  std::vector<Message> messages;
  std::string_view question() const;  // content of the last turn
};

// `finder` is needed by DemonstrationChoice::nearest only. Error invalid_argument names an input without a
// user turn.
std::vector<Message> build_messages(const PromptProgram& program, const PromptInput& input,
                                    std::span<const std::string> passages, const DemonstrationFinder* finder);
// The program with the longest demonstrations that may be shown, fixed: no prompt of it is shorter than the
// same one with those chosen by likeness.
PromptProgram with_longest_demonstrations(PromptProgram program);
std::string with_passages(std::span<const std::string> passages, std::string_view question);

// What goes before the answer when the program thinks first: "<think>".
inline constexpr std::string_view kThinkOpen = "<think>", kThinkClose = "</think>";

struct ParsedAnswer {
  std::string text;       // trimmed, without the reasoning
  std::string reasoning;  // trimmed; empty if there was none
};
// Working that was never closed leaves no answer: the text is empty.
ParsedAnswer parse_answer(std::string_view raw);

// The commonest of the answers; the earliest of equally common ones. `agreeing`: how many gave it.
struct Vote {
  std::string text;
  std::size_t first = 0;  // position of the first that gave it
  int agreeing = 0;
};
Vote vote(std::span<const std::string> answers);

std::string_view to_string(Reasoning reasoning);
std::string_view to_string(Decoding decoding);
std::string_view to_string(DemonstrationChoice choice);
std::optional<Reasoning> parse_reasoning(std::string_view name);
std::optional<Decoding> parse_decoding(std::string_view name);
std::optional<DemonstrationChoice> parse_demonstration_choice(std::string_view name);

}  // namespace fulcrum
