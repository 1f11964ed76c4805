// The readable twins' backward functions against central differences of their forward functions, in f64.
#include "tensor/ops_reference.h"

#include "tensor/tensor_testing.h"

namespace fulcrum::reference {
namespace {

using testing::expect_gradient;
using testing::inner;
using testing::random_array;

TEST(OpsReference, RmsNormGradient) {
  const Array x = random_array(3, 7, 1), weight = random_array(1, 7, 2), dy = random_array(3, 7, 3);
  const auto gradients = rms_norm_backward(dy, x, weight, 1e-3);
  expect_gradient(x, gradients.dx, [&](const Array& at) { return inner(rms_norm(at, weight, 1e-3), dy); });
  expect_gradient(weight, gradients.d_weight,
                  [&](const Array& at) { return inner(rms_norm(x, at, 1e-3), dy); });
}

TEST(OpsReference, RopeGradient) {
  const Array x = random_array(4, 12, 1), dy = random_array(4, 12, 2);
  const std::vector<std::int32_t> positions = {0, 5, 2, 100};
  const std::vector<float> factors = {1.0f, 2.0f, 8.0f};
  for (const RopeLayout layout : {RopeLayout::split_halves, RopeLayout::adjacent}) {
    const RopeSettings settings{layout, 6, 500.0, factors};
    expect_gradient(x, rope_backward(dy, positions, settings),
                    [&](const Array& at) { return inner(rope(at, positions, settings), dy); });
  }
}

TEST(OpsReference, SwigluGradient) {
  const Array gate = random_array(3, 5, 1), up = random_array(3, 5, 2), dy = random_array(3, 5, 3);
  const auto gradients = swiglu_backward(dy, gate, up);
  expect_gradient(gate, gradients.d_gate, [&](const Array& at) { return inner(swiglu(at, up), dy); });
  expect_gradient(up, gradients.d_up, [&](const Array& at) { return inner(swiglu(gate, at), dy); });
}

TEST(OpsReference, GegluGradient) {
  const Array gate = random_array(3, 5, 1), up = random_array(3, 5, 2), dy = random_array(3, 5, 3);
  const auto gradients = geglu_backward(dy, gate, up);
  expect_gradient(gate, gradients.d_gate, [&](const Array& at) { return inner(geglu(at, up), dy); });
  expect_gradient(up, gradients.d_up, [&](const Array& at) { return inner(geglu(gate, at), dy); });
}

TEST(OpsReference, EmbedGradient) {
  const Array table = random_array(6, 4, 1), dy = random_array(5, 4, 2);
  const std::vector<std::int32_t> ids = {3, 0, 3, 5, 3};
  expect_gradient(table, embed_backward(dy, ids, 6),
                  [&](const Array& at) { return inner(embed(ids, at), dy); });
}

TEST(OpsReference, BiasGradient) {
  const Array x = random_array(4, 3, 1), bias = random_array(1, 3, 2), dy = random_array(4, 3, 3);
  expect_gradient(bias, add_bias_backward(dy), [&](const Array& at) { return inner(add_bias(x, at), dy); });
}

TEST(OpsReference, CrossEntropyGradient) {
  const Array logits = random_array(4, 6, 1);
  const std::vector<std::int32_t> targets = {2, 0, -1, 5};
  const std::vector<float> weights = {1.0f, 0.5f, 0.0f, 2.0f};
  expect_gradient(logits, cross_entropy_backward(logits, targets, weights, 3.5, 0.25),
                  [&](const Array& at) { return 0.25 * cross_entropy(at, targets, weights) / 3.5; });
}

TEST(OpsReference, CrossEntropyOfUniformLogitsIsLogOfVocabulary) {
  const std::vector<std::int32_t> targets = {4};
  const std::vector<float> weights = {1.0f};
  EXPECT_NEAR(cross_entropy(Array(1, 10), targets, weights), std::log(10.0), 1e-12);
}

TEST(OpsReference, AttentionGradient) {
  const std::vector<std::int32_t> starts = {0, 5, 6, 9};
  const AttentionShape everything{4, 2, 3, INT32_MAX}, windowed{4, 2, 3, 2};
  const Array q = random_array(9, 12, 1), k = random_array(9, 6, 2), v = random_array(9, 6, 3),
              dy = random_array(9, 12, 4);
  for (const AttentionShape& shape : {everything, windowed}) {
    const auto gradients = attention_backward(dy, q, k, v, starts, shape);
    expect_gradient(q, gradients.dq,
                    [&](const Array& at) { return inner(attention(at, k, v, starts, shape), dy); });
    expect_gradient(k, gradients.dk,
                    [&](const Array& at) { return inner(attention(q, at, v, starts, shape), dy); });
    expect_gradient(v, gradients.dv,
                    [&](const Array& at) { return inner(attention(q, k, at, starts, shape), dy); });
  }
}

TEST(OpsReference, AttentionOfTheFirstTokenIsItsValue) {
  const std::vector<std::int32_t> starts = {0, 1};
  const Array v = random_array(1, 3, 3);
  const Array y = attention(random_array(1, 3, 1), random_array(1, 3, 2), v, starts, {1, 1, 3, INT32_MAX});
  for (std::int64_t i = 0; i < 3; ++i) EXPECT_DOUBLE_EQ(y.at(0, i), v.at(0, i));
}

}  // namespace
}  // namespace fulcrum::reference
