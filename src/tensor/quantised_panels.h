// Quantised weights of a linear layer, rearranged so that 32 outputs lie side by side in vector lanes.
//
// The bits stay as many as in the file (q4_k and its like grow by 3%, their 6-bit scales getting a byte
// each). A panel is 32 outputs; for each block of inputs it has one record, and a record holds, for each of
// its fields, the 32 outputs' values in a row:
//   words   uint32 [words][32]  the quants. A byte of them is at least one input, four inputs are one word.
//   halves  f16    [halves][32] d, then d_min or m
//   bytes   int8   [bytes][32]  scales of the block's groups, then their minima
// Quants are unsigned here: the value is scale * (q - offset) - minimum.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/aligned_vector.h"
#include "tensor/tensor.h"

namespace fulcrum {

inline constexpr std::int64_t kQuantisedPanelOutputs = 32;

struct PanelFormat {
  int block_elements, group_elements;  // a group shares one scale
  int words, halves, bytes;            // fields of a record
  int offset;
  bool has_minimum;
  std::int64_t record_bytes() const { return kQuantisedPanelOutputs * (4 * words + 2 * halves + bytes); }
};
// Error(internal) if the dtype is not quantised.
PanelFormat panel_format(DType dtype);

struct QuantisedPanels {
  DType dtype = DType::q8_0;
  std::int64_t inputs = 0, outputs = 0, panels = 0;  // the last panel is filled up with zeros
  AlignedVector<std::byte> records;                  // [panels][inputs / block_elements]
};
// `weight` [N, K] of a quantised dtype, its size checked by the caller.
QuantisedPanels pack_quantised_panels(const Tensor& weight);

}  // namespace fulcrum
