#include "tensor/encoder_ops.h"

#include <cmath>

#include "base/error.h"
#include "tensor/tensor_testing.h"

namespace fulcrum {
namespace {

using reference::Array;
using testing::expect_close;
using testing::expect_same_bits;
using testing::Floats;
using testing::random_floats;
using testing::to_array;

TEST(LayerNorm, IsTheFormula) {
  const Floats x = random_floats(9, 21, 1, 3.0f), weight = random_floats(1, 21, 2),
               bias = random_floats(1, 21, 3);
  Array expected = to_array(x.view());
  for (std::int64_t t = 0; t < expected.rows; ++t) {
    double mean = 0, square = 0;
    for (std::int64_t i = 0; i < 21; ++i) mean += expected.at(t, i) / 21;
    for (std::int64_t i = 0; i < 21; ++i) square += expected.at(t, i) * expected.at(t, i) / 21;
    const double deviation = std::sqrt(square - mean * mean + 1e-3);
    for (std::int64_t i = 0; i < 21; ++i) {
      const auto at = static_cast<std::size_t>(i);
      expected.at(t, i) = (expected.at(t, i) - mean) / deviation * static_cast<double>(weight.values[at]) +
                          static_cast<double>(bias.values[at]);
    }
  }
  Floats y(9, 21), in_place = x;
  layer_norm(x.view(), weight.values, bias.values, 1e-3, y.matrix());
  expect_close(y.view(), expected, 1e-5);
  layer_norm(in_place.view(), weight.values, bias.values, 1e-3, in_place.matrix());
  expect_same_bits(in_place.view(), y.view());
  EXPECT_THROW(layer_norm(x.view(), std::span(weight.values).first(20), bias.values, 1e-3, y.matrix()),
               Error);
}

TEST(Gelu, IsTheErrorFunctionsOne) {
  Floats x = random_floats(5, 33, 1, 4.0f);
  Array expected = to_array(x.view());
  for (double& value : expected.values) value *= 0.5 * std::erfc(-value / std::sqrt(2.0));
  gelu(x.matrix());
  expect_close(x.view(), expected, 1e-5);
}

// Every token sees every other: what causal attention gives its last row, whichever row is put last.
TEST(AttentionOverAll, IsCausalAttentionOfTheLastRow) {
  const std::int64_t rows = 11, heads = 3, width = 3 * 8;
  const Floats q = random_floats(rows, width, 1), k = random_floats(rows, width, 2),
               v = random_floats(rows, width, 3);
  Floats y(rows, width);
  attention_over_all(q.view(), k.view(), v.view(), heads, y.matrix());
  const std::vector<std::int32_t> starts = {0, static_cast<std::int32_t>(rows)};
  for (std::int64_t t = 0; t < rows; ++t) {
    Array queries = to_array(q.view()), expected(1, width);
    for (std::int64_t i = 0; i < width; ++i)
      queries.at(rows - 1, i) = static_cast<double>(q.view().row(t)[i]);
    const Array causal =
        reference::attention(queries, to_array(k.view()), to_array(v.view()), starts, {heads, heads, 8});
    for (std::int64_t i = 0; i < width; ++i) expected.at(0, i) = causal.at(rows - 1, i);
    const ConstMatrix row{y.view().row(t), 1, width, width};
    expect_close(row, expected, 1e-5);
  }
}

}  // namespace
}  // namespace fulcrum
