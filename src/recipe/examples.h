// OpenAI chat JSONL: one JSON object a line, {"messages": [{"role", "content", ("name"), ("weight": 0|1 on
// assistant)},
// ...]}, with three keys of our own beside it: "id", "group" (a text) and "documents" (ids of the documents
// that hold the answer). The last message is the assistant's and is the reference; what stands before it is
// the input.
//
// Every bad row is named by line and field, all of them at once, before anything runs. The names of the
// problems are those of OpenAI's validator (shared vocabulary of people who have fine-tuned before).
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "prompt/demonstrations.h"
#include "prompt/program.h"
#include "text/lm.h"

namespace fulcrum {

struct Example {
  std::string id;                      // given, or "train:12" (name of the file and line)
  std::int64_t line = 0;               // in its file, from 1
  std::vector<Message> messages;       // the last one is the reference
  std::vector<int> weights;            // one a message: 1 is learnt
  std::vector<std::string> documents;  // ids of the documents that hold the answer; may be empty
  std::string group;                   // items of one group are not independent; empty: on its own

  const std::string& reference() const { return messages.back().content; }
  PromptInput input() const;
  // The input as one text, for looking up and for comparing.
  std::string input_text() const;
  Demonstration demonstration() const;
};

struct RowProblem {
  std::int64_t line = 0;  // from 1; 0: the file as a whole
  std::string code;       // "unrecognized_role"
  std::string field;      // "messages[2].role"; empty: the row
  std::string what;
};

// One problem as a line of text: "train.jsonl:7: messages[2].role: unrecognized_role: ..."
std::string describe(const RowProblem& problem, std::string_view file);

struct ExampleFile {
  std::vector<Example> examples;     // the good rows
  std::vector<RowProblem> problems;  // of the others, by line
};

// Never throws for what a row holds. `name` is the beginning of the ids given ("train").
ExampleFile parse_examples(std::string_view text, std::string_view name);
// Error invalid_argument with the first twenty problems and the count of the rest.
std::vector<Example> read_examples(const Path& path, std::string_view name);

}  // namespace fulcrum
