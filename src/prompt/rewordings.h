// The same prompt in other words, for measuring how much the answers hang on the wording.
//
// Variant 0 is the program as it is. Variants 1 to kRewordings change words, order and politeness of the
// system message and never what is asked; demonstrations, passages and the input stay as they are. Where the
// task brought its own rewordings of the instruction they are used first (the i-th as variant i). Pure: no
// randomness, no model.
#pragma once

#include "prompt/program.h"

namespace fulcrum {

inline constexpr int kRewordings = 5;

// Error invalid_argument outside 0 to kRewordings.
PromptProgram reword(const PromptProgram& program, int variant);

}  // namespace fulcrum
