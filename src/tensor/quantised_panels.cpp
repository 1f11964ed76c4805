#include "tensor/quantised_panels.h"

#include <cstring>

#include "base/error.h"
#include "tensor/parallel_rows.h"
#include "tensor/super_blocks.h"

namespace fulcrum {
namespace {

// A block of one output, taken apart into a record's fields.
struct Fields {
  std::uint32_t words[48];
  std::uint16_t halves[2];
  std::int8_t bytes[16];
};

// Bit 4s + b goes to bit 8b + s: then one shift and one mask give the high bits of the four inputs of word s.
std::uint32_t spread_high_bits(std::uint32_t bits) {
  std::uint32_t spread = 0;
  for (unsigned i = 0; i < 32; ++i) spread |= ((bits >> i) & 1u) << (i % 4 * 8 + i / 4);
  return spread;
}

void split_small_block(DType dtype, const PanelFormat& format, const std::byte* block, Fields& to) {
  const auto halves = static_cast<std::size_t>(format.halves) * sizeof(std::uint16_t);
  std::memcpy(to.halves, block, halves);
  block += halves;
  if (dtype == DType::q5_0 || dtype == DType::q5_1) {
    std::uint32_t high;
    std::memcpy(&high, block, sizeof(high));
    std::memcpy(to.words, block + sizeof(high), 4 * sizeof(std::uint32_t));
    to.words[4] = spread_high_bits(high);
    return;
  }
  std::memcpy(to.words, block, static_cast<std::size_t>(format.words) * sizeof(std::uint32_t));
  if (dtype == DType::q8_0) {
    for (int i = 0; i < 8; ++i) to.words[i] ^= 0x80808080u;  // adds 128 to each of four signed bytes
  }
}

void split_super_block(DType dtype, const PanelFormat& format, const std::byte* block, Fields& to) {
  const SuperBlockLayout at = super_block_layout(dtype);
  std::memcpy(&to.halves[0], block + at.d, sizeof(std::uint16_t));
  if (at.d_min >= 0) std::memcpy(&to.halves[1], block + at.d_min, sizeof(std::uint16_t));
  const std::size_t quants = dtype == DType::q2_k || dtype == DType::q3_k ? 64 : 128;
  std::memcpy(to.words, block + at.quants, quants);
  if (at.high_bits >= 0) {
    std::memcpy(to.words + quants / 4, block + at.high_bits,
                static_cast<std::size_t>(format.words) * 4 - quants);
  }
  if (dtype == DType::q2_k) {
    std::memcpy(to.bytes, block + at.scales, 16);  // scale and minimum in one byte, as they stand
    return;
  }
  const GroupScales groups = read_group_scales(dtype, block);
  const std::size_t count = kSuperBlockElements / static_cast<std::size_t>(format.group_elements);
  std::memcpy(to.bytes, groups.scales, count);
  if (format.has_minimum) std::memcpy(to.bytes + count, groups.minima, count);
}

// One output's column of a record.
void put_fields(const PanelFormat& format, const Fields& fields, std::int64_t column, std::byte* record) {
  constexpr std::int64_t kOutputs = kQuantisedPanelOutputs;
  for (std::int64_t i = 0; i < format.words; ++i) {
    std::memcpy(record + (i * kOutputs + column) * 4, &fields.words[i], 4);
  }
  record += format.words * kOutputs * 4;
  for (std::int64_t i = 0; i < format.halves; ++i) {
    std::memcpy(record + (i * kOutputs + column) * 2, &fields.halves[i], 2);
  }
  record += format.halves * kOutputs * 2;
  for (std::int64_t i = 0; i < format.bytes; ++i) {
    std::memcpy(record + i * kOutputs + column, &fields.bytes[i], 1);
  }
}

}  // namespace

PanelFormat panel_format(DType dtype) {
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
      throw_error(ErrorCode::internal, "packing quantised panels: {} is not quantised", to_string(dtype));
  }
}

QuantisedPanels pack_quantised_panels(const Tensor& weight) {
  const PanelFormat format = panel_format(weight.dtype);
  QuantisedPanels result{weight.dtype, weight.shape.at(1), weight.shape.at(0), 0, {}};
  result.panels = (result.outputs + kQuantisedPanelOutputs - 1) / kQuantisedPanelOutputs;
  const std::int64_t blocks = result.inputs / format.block_elements;
  const std::int64_t block_size = block_bytes(weight.dtype);
  const std::int64_t panel_bytes = element_count({blocks, format.record_bytes()});
  result.records.resize(static_cast<std::size_t>(element_count({result.panels, panel_bytes})));
  const auto split = format.block_elements == 32 ? split_small_block : split_super_block;
  const auto pack_panels = [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t panel = first; panel < last; ++panel) {
      std::byte* record = result.records.data() + panel * panel_bytes;
      for (std::int64_t b = 0; b < blocks; ++b, record += format.record_bytes()) {
        for (std::int64_t column = 0; column < kQuantisedPanelOutputs; ++column) {
          const std::int64_t output = panel * kQuantisedPanelOutputs + column;
          Fields fields{};
          if (output < result.outputs) {
            split(weight.dtype, format, weight.bytes.data() + (output * blocks + b) * block_size, fields);
          }
          put_fields(format, fields, column, record);
        }
      }
    }
  };
  parallel_row_blocks(result.panels, 1, panel_bytes, pack_panels);
  return result;
}

}  // namespace fulcrum
