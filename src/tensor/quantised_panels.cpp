#include "tensor/quantised_panels.h"

#include <algorithm>
#include <cstring>

#include "tensor/parallel_rows.h"
#include "tensor/q6_k_words.h"
#include "tensor/stacked_rows.h"
#include "tensor/super_blocks.h"

namespace fulcrum {
namespace {

// A block of one output, taken apart into a record's fields.
template <DType kType>
struct Fields {
  static constexpr PanelFormat kFormat = panel_format(kType);
  std::uint32_t words[kFormat.words];
  std::uint16_t halves[kFormat.halves];
  std::int8_t bytes[kFormat.bytes > 0 ? kFormat.bytes : 1];
};

// Bit 4s + b goes to bit 8b + s: then one shift and one mask give the high bits of the four inputs of word s.
std::uint32_t spread_high_bits(std::uint32_t bits) {
  std::uint32_t spread = 0;
  for (unsigned i = 0; i < 32; ++i) spread |= ((bits >> i) & 1u) << (i % 4 * 8 + i / 4);
  return spread;
}

template <DType kType>
void split_small_block(const std::byte* block, Fields<kType>& to) {
  std::memcpy(to.halves, block, sizeof(to.halves));
  block += sizeof(to.halves);
  if constexpr (kType == DType::q5_0 || kType == DType::q5_1) {
    std::uint32_t high;
    std::memcpy(&high, block, sizeof(high));
    std::memcpy(to.words, block + sizeof(high), 4 * sizeof(std::uint32_t));
    to.words[4] = spread_high_bits(high);
  } else {
    std::memcpy(to.words, block, sizeof(to.words));
  }
  if constexpr (kType == DType::q8_0) {
    for (std::uint32_t& word : to.words) word ^= 0x80808080u;  // adds 128 to each of four signed bytes
  }
}

template <DType kType>
void split_super_block(const std::byte* block, Fields<kType>& to) {
  constexpr PanelFormat kFormat = panel_format(kType);
  const SuperBlockLayout at = super_block_layout(kType);
  std::memcpy(&to.halves[0], block + at.d, sizeof(std::uint16_t));
  if constexpr (kFormat.halves == 2) std::memcpy(&to.halves[1], block + at.d_min, sizeof(std::uint16_t));
  constexpr std::size_t kQuants = kType == DType::q2_k || kType == DType::q3_k ? 64 : 128;
  std::uint32_t words[kFormat.words];
  std::memcpy(words, block + at.quants, kQuants);
  if constexpr (sizeof(words) > kQuants) {
    std::memcpy(words + kQuants / 4, block + at.high_bits, sizeof(words) - kQuants);
  }
  if constexpr (kType == DType::q6_k) {
    for (int i = 0; i < 4; ++i) {
      for (int s = 0; s < 4; ++s) {
        const int half = i / 2, in_half = i % 2 * 4 + s;
        std::uint32_t* word = to.words + q6_k_word(i, s);
        word[0] = words[half * 16 + in_half];
        word[1] = words[half * 16 + 8 + in_half];
        word[2] = words[32 + half * 8 + in_half];
      }
    }
  } else {
    std::memcpy(to.words, words, sizeof(words));
  }
  if constexpr (kType == DType::q2_k) {
    std::memcpy(to.bytes, block + at.scales,
                sizeof(to.bytes));  // scale and minimum in one byte, as they stand
  } else {
    const GroupScales groups = read_group_scales(kType, block);
    constexpr std::size_t kCount = kSuperBlockElements / kFormat.group_elements;
    std::memcpy(to.bytes, groups.scales, kCount);
    if constexpr (kFormat.has_minimum) std::memcpy(to.bytes + kCount, groups.minima, kCount);
  }
}

// Fields of 32 outputs to a record: rows become columns.
template <DType kType>
void write_record(const Fields<kType> (&fields)[kQuantisedPanelOutputs], std::byte* record) {
  constexpr PanelFormat kFormat = panel_format(kType);
  constexpr int kOutputs = kQuantisedPanelOutputs;
  auto* words = reinterpret_cast<std::uint32_t*>(record);
  for (int i = 0; i < kFormat.words; ++i) {
    for (int column = 0; column < kOutputs; ++column) words[i * kOutputs + column] = fields[column].words[i];
  }
  auto* halves = reinterpret_cast<std::uint16_t*>(words + kFormat.words * kOutputs);
  for (int i = 0; i < kFormat.halves; ++i) {
    for (int column = 0; column < kOutputs; ++column)
      halves[i * kOutputs + column] = fields[column].halves[i];
  }
  auto* bytes = reinterpret_cast<std::int8_t*>(halves + kFormat.halves * kOutputs);
  for (int i = 0; i < kFormat.bytes; ++i) {
    for (int column = 0; column < kOutputs; ++column) bytes[i * kOutputs + column] = fields[column].bytes[i];
  }
}

// Outputs [32 * panel, 32 * panel + 32) of `rows`.
template <DType kType>
void pack_panel(const StackedRows& rows, std::int64_t panel, QuantisedPanels& to) {
  constexpr PanelFormat kFormat = panel_format(kType);
  const std::int64_t blocks = to.inputs / kFormat.block_elements, block_size = block_bytes(kType);
  const auto row = rows.addresses<kQuantisedPanelOutputs>(panel * kQuantisedPanelOutputs);
  const std::int64_t outputs = std::min(kQuantisedPanelOutputs, to.outputs - panel * kQuantisedPanelOutputs);
  Fields<kType> fields[kQuantisedPanelOutputs] = {};  // what no output fills stays zero
  std::byte* record = to.records.data() + panel * blocks * kFormat.record_bytes();
  for (std::int64_t b = 0; b < blocks; ++b, record += kFormat.record_bytes()) {
    for (std::int64_t column = 0; column < outputs; ++column) {
      const std::byte* block = row[static_cast<std::size_t>(column)] + b * block_size;
      if constexpr (kFormat.block_elements == 32) {
        split_small_block<kType>(block, fields[column]);
      } else {
        split_super_block<kType>(block, fields[column]);
      }
    }
    write_record<kType>(fields, record);
  }
}

}  // namespace

QuantisedPanels pack_quantised_panels(std::span<const Tensor> parts) {
  const StackedRows rows(parts);
  QuantisedPanels result{parts[0].dtype, parts[0].shape.at(1), rows.rows(), 0, {}};
  const PanelFormat format = panel_format(result.dtype);
  visit_quantised(result.dtype, [&](auto dtype) {
    result.panels = (result.outputs + kQuantisedPanelOutputs - 1) / kQuantisedPanelOutputs;
    const std::int64_t panel_bytes =
        element_count({result.inputs / format.block_elements, format.record_bytes()});
    result.records.resize(static_cast<std::size_t>(element_count({result.panels, panel_bytes})));
    parallel_row_blocks(result.panels, 1, panel_bytes, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t panel = first; panel < last; ++panel) pack_panel<dtype>(rows, panel, result);
    });
  });
  return result;
}

}  // namespace fulcrum
