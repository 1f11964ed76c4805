// Edits of a prompt that a careful reader would call harmless or nearly so, for measuring how much the
// answers hang on single sentences: each sentence of the system message left out in turn, the sentences in
// reverse order, the last one first. Demonstrations, passages and the input stay as they are. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "prompt/program.h"

namespace fulcrum {

struct PromptEdit {
  std::string what;  // "without \"Answer in few words.\""
  PromptProgram program;
};

// Empty for a system message of one sentence or none.
std::vector<PromptEdit> edits_of(const PromptProgram& program);

// Sentences end at . ! or ? before white space; what stands inside braces, brackets or quotes is not torn
// apart.
std::vector<std::string> sentences_of(std::string_view text);

}  // namespace fulcrum
