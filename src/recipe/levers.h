// The arms of a task: the recipes that a comparison runs, from the untouched base to combinations.
//
//   zero_shot             prompt              the untouched base with the task's words: the baseline
//   few_shot              + few_shot          as many demonstrations as are allowed and fit
//   few_shot@nearest                          those most like the input, where there are more to choose from
//   reasoning             + reasoning         works before it answers (not for extraction, nor where
//                                             documents answer)
//   retrieval             + retrieval         where the task has documents
//   retrieval+few_shot
//   retrieval+reasoning                       answering over documents only
//   fine_tuned            fine_tune           an adapter and a short prompt
//   fine_tuned+retrieval                      trained on retrieved contexts
//
// Fine-tuned arms come without an adapter; tune_request (recipe/run.h) says how to make it, and the caller
// sets it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "recipe/recipe.h"
#include "recipe/task.h"
#include "retrieve/retriever.h"
#include "text/lm.h"

namespace fulcrum {

namespace lever {
inline constexpr std::string_view kPrompt = "prompt", kFewShot = "few_shot", kReasoning = "reasoning",
                                  kRetrieval = "retrieval", kFineTune = "fine_tune";
}  // namespace lever

enum class LabelNotes { names_only, described };  // whether prompts explain labels that have descriptions

struct LeverOptions {
  BaseModel base;
  std::uint64_t seed = 0;  // of the demonstrations and of training
  LabelNotes label_notes = LabelNotes::names_only;
  std::string counter_name = "words";  // of the tokens that chunks are measured in
};

// The prompt with the task's words and nothing else.
PromptProgram task_program(const Task& task, const LeverOptions& options);

// `model` counts tokens and says how long a context is; it is not asked anything. `retriever` (null without
// documents) brings the passages that demonstrations show. Only the lengths of test inputs are looked at, so
// that no prompt turns out too long half-way.
std::vector<Recipe> standard_recipes(const Task& task, const LeverOptions& options,
                                     const LanguageModel& model, Retriever* retriever);

bool has_lever(const Recipe& recipe, std::string_view lever);

}  // namespace fulcrum
