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
#include <span>
#include <type_traits>

#include "base/error.h"
#include "tensor/aligned_vector.h"
#include "tensor/tensor.h"

namespace fulcrum {

inline constexpr std::int64_t kQuantisedPanelOutputs = 32;

struct PanelFormat {
  int block_elements = 0, group_elements = 0;  // a group shares one scale
  int words = 0, halves = 0, bytes = 0;        // fields of a record
  int offset = 0;
  bool has_minimum = false;
  constexpr std::int64_t record_bytes() const {
    return kQuantisedPanelOutputs * (4 * words + 2 * halves + bytes);
  }
};
// Of a quantised dtype; all zeros for another.
constexpr PanelFormat panel_format(DType dtype) {
  switch (dtype) {
    case DType::q4_0:
      return {32, 32, 4, 1, 0, 8, false};
    case DType::q4_1:
      return {32, 32, 4, 2, 0, 0, true};
    case DType::q5_0:
      return {32, 32, 5, 1, 0, 16, false};
    case DType::q5_1:
      return {32, 32, 5, 2, 0, 0, true};
    case DType::q8_0:
      return {32, 32, 8, 1, 0, 128, false};
    case DType::q2_k:
      return {256, 16, 16, 2, 16, 0, true};
    case DType::q3_k:
      return {256, 16, 24, 1, 16, 4, false};
    case DType::q4_k:
      return {256, 32, 32, 2, 16, 0, true};
    case DType::q5_k:
      return {256, 32, 40, 2, 16, 0, true};
    case DType::q6_k:
      return {256, 16, 48, 1, 16, 32, false};
    default:
      return {};
  }
}

// visitor(std::integral_constant<DType, ...>()) for the quantised dtype at hand; Error(internal) for another.
template <typename Visitor>
void visit_quantised(DType dtype, const Visitor& visitor) {
  switch (dtype) {
    case DType::q4_0:
      return visitor(std::integral_constant<DType, DType::q4_0>());
    case DType::q4_1:
      return visitor(std::integral_constant<DType, DType::q4_1>());
    case DType::q5_0:
      return visitor(std::integral_constant<DType, DType::q5_0>());
    case DType::q5_1:
      return visitor(std::integral_constant<DType, DType::q5_1>());
    case DType::q8_0:
      return visitor(std::integral_constant<DType, DType::q8_0>());
    case DType::q2_k:
      return visitor(std::integral_constant<DType, DType::q2_k>());
    case DType::q3_k:
      return visitor(std::integral_constant<DType, DType::q3_k>());
    case DType::q4_k:
      return visitor(std::integral_constant<DType, DType::q4_k>());
    case DType::q5_k:
      return visitor(std::integral_constant<DType, DType::q5_k>());
    case DType::q6_k:
      return visitor(std::integral_constant<DType, DType::q6_k>());
    default:
      throw_error(ErrorCode::internal, "quantised panels: {} is not quantised", to_string(dtype));
  }
}

struct QuantisedPanels {
  DType dtype = DType::q8_0;
  std::int64_t inputs = 0, outputs = 0, panels = 0;  // the last panel is filled up with zeros
  UnfilledVector<std::byte> records;                 // [panels][inputs / block_elements]
};
// `parts` [N, K] of one quantised dtype and one K, their outputs side by side; sizes checked by the caller.
QuantisedPanels pack_quantised_panels(std::span<const Tensor> parts);

}  // namespace fulcrum
