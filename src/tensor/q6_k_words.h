// The order of the words of quants in a panel's record of q6_k (tensor/quantised_panels.h).
#pragma once

namespace fulcrum {

// Words stand in the order in which they are used, so that a record is read from front to back. For quarter i
// of the inputs and step s of four inputs: the word with two groups' low halves, that of two other groups,
// and the word with the high bits of all four.
constexpr int q6_k_word(int i, int s) {
  return (i * 4 + s) * 3;
}

}  // namespace fulcrum
