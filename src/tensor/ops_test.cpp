// The row operations (all but attention) against their readable twins, on every instruction set of this CPU.
#include "tensor/ops.h"

#include <limits>

#include "base/error.h"
#include "tensor/tensor_testing.h"

namespace fulcrum {
namespace {

using testing::Array;
using testing::expect_close;
using testing::expect_same_bits;
using testing::Floats;
using testing::for_each_instruction_set;
using testing::random_floats;
using testing::to_array;

constexpr double kTolerance = 2e-6;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

ConstMatrix as_row(const std::vector<float>& values) {
  const auto n = static_cast<std::int64_t>(values.size());
  return {values.data(), 1, n, n};
}

// Each row alone must give the bits that it gave among the others.
void expect_row_by_row(const Floats& together, const std::function<void(std::int64_t, Matrix)>& one_row) {
  for (std::int64_t t = 0; t < together.rows; ++t) {
    Floats alone(1, together.columns);
    one_row(t, alone.matrix());
    expect_same_bits(alone.view(), {together.view().row(t), 1, together.columns, together.columns});
  }
}

TEST(RmsNorm, AgainstTwin) {
  for (const std::int64_t width : {1, 16, 53, 128}) {
    const Floats x = random_floats(301, width, 1, 2.0f, 3), weight = random_floats(1, width, 2),
                 dy = random_floats(301, width, 3, 1.0f, 1);
    const auto gradients =
        reference::rms_norm_backward(to_array(dy.view()), to_array(x.view()), to_array(weight.view()), 1e-5);
    for_each_instruction_set([&] {
      Floats y(301, width);
      rms_norm(x.view(), weight.values, 1e-5f, y.matrix());
      expect_close(y.view(), reference::rms_norm(to_array(x.view()), to_array(weight.view()), 1e-5),
                   kTolerance);
      expect_row_by_row(y, [&](std::int64_t t, Matrix to) {
        rms_norm({x.view().row(t), 1, width, width}, weight.values, 1e-5f, to);
      });
      Floats dx(301, width);
      std::vector<float> d_weight(static_cast<std::size_t>(width), 1.0f);
      rms_norm_backward(dy.view(), x.view(), weight.values, 1e-5f, dx.matrix(), d_weight);
      expect_close(dx.view(), gradients.dx, 1e-5);
      Array added = gradients.d_weight;
      for (double& value : added.values) value += 1.0;
      expect_close(as_row(d_weight), added, 1e-5);
    });
  }
}

TEST(RmsNorm, InPlaceAndThreadsGiveTheSameBits) {
  const Floats x = random_floats(2100, 96, 1), weight = random_floats(1, 96, 2),
               dy = random_floats(2100, 96, 3);
  Floats y(2100, 96), dx(2100, 96), in_place = x;
  std::vector<float> d_weight(96, 0.0f), d_weight_alone(96, 0.0f);
  {
    const testing::Threads scope(4);
    rms_norm(x.view(), weight.values, 1e-5f, y.matrix());
    rms_norm_backward(dy.view(), x.view(), weight.values, 1e-5f, dx.matrix(), d_weight);
  }
  const testing::Threads scope(1);
  rms_norm(in_place.view(), weight.values, 1e-5f, in_place.matrix());
  expect_same_bits(in_place.view(), y.view());
  Floats dx_alone(2100, 96);
  rms_norm_backward(dy.view(), x.view(), weight.values, 1e-5f, dx_alone.matrix(), d_weight_alone);
  expect_same_bits(dx_alone.view(), dx.view());
  EXPECT_EQ(d_weight, d_weight_alone);
}

TEST(Rope, AgainstTwinBothWays) {
  const std::vector<std::int32_t> positions = {0, 1, 63, 17, 5};
  const std::vector<float> factors = {1.0f, 1.5f, 4.0f, 8.0f};
  for (const RopeLayout layout : {RopeLayout::split_halves, RopeLayout::adjacent}) {
    for (const bool scaled : {false, true}) {
      const std::span<const float> chosen =
          scaled ? std::span<const float>(factors) : std::span<const float>();
      const RopeTable table = make_rope_table(make_rope_frequencies(layout, 8, 8, 10000.0, chosen), 64);
      const reference::RopeSettings settings{layout, 8, 10000.0, chosen};
      const Floats x = random_floats(5, 24, 1);
      Floats turned = x;
      rope(turned.matrix(), positions, 3, table);
      expect_close(turned.view(), reference::rope(to_array(x.view()), positions, settings), kTolerance);
      Floats back = x;
      rope_backward(back.matrix(), positions, 3, table);
      expect_close(back.view(), reference::rope_backward(to_array(x.view()), positions, settings),
                   kTolerance);
      rope_backward(turned.matrix(), positions, 3, table);
      expect_close(turned.view(), to_array(x.view()), kTolerance);
    }
  }
}

TEST(Rope, ATableOfAStepIsRowsOfTheWholeTable) {
  RopeFrequencies frequencies = make_rope_frequencies(RopeLayout::split_halves, 8, 8, 500.0, {});
  frequencies.magnitude = 1.25;
  const std::vector<std::int32_t> positions = {40, 3, 3, 0};
  RopeTable whole = make_rope_table(frequencies, 64), step;
  fill_rope_table(frequencies, std::vector<std::int32_t>{1, 2, 3, 4, 5, 6}, step);  // what stood there before
  fill_rope_table(frequencies, positions, step);
  Floats x = random_floats(4, 16, 1), y = x;
  rope(x.matrix(), positions, 2, whole);
  rope(y.matrix(), std::vector<std::int32_t>{0, 1, 2, 3}, 2, step);
  expect_same_bits(x.view(), y.view());
}

TEST(Rope, TheRestOfAHeadIsLeftAlone) {
  const std::vector<std::int32_t> positions = {7, 1};
  const Floats x = random_floats(2, 20, 1);  // two heads of 10, of which 6 are turned
  const RopeTable table =
      make_rope_table(make_rope_frequencies(RopeLayout::split_halves, 10, 6, 500.0, {}), 8);
  Floats turned = x;
  rope(turned.matrix(), positions, 2, table);
  const reference::RopeSettings settings{RopeLayout::split_halves, 6, 500.0, {}};
  for (std::int64_t head = 0; head < 2; ++head) {
    reference::Array part(2, 6);
    for (std::int64_t t = 0; t < 2; ++t)
      for (std::int64_t i = 0; i < 6; ++i)
        part.at(t, i) = static_cast<double>(x.view().row(t)[head * 10 + i]);
    part = reference::rope(part, positions, settings);
    for (std::int64_t t = 0; t < 2; ++t)
      for (std::int64_t i = 0; i < 10; ++i) {
        const float found = turned.view().row(t)[head * 10 + i];
        if (i < 6)
          EXPECT_NEAR(static_cast<double>(found), part.at(t, i), 1e-5);
        else
          EXPECT_EQ(found, x.view().row(t)[head * 10 + i]);
      }
  }
}

TEST(Rope, RefusesWhatTheTableDoesNotHold) {
  const RopeTable table = make_rope_table(make_rope_frequencies(RopeLayout::adjacent, 4, 4, 10000.0, {}), 10);
  Floats x(1, 8);
  const std::vector<std::int32_t> beyond = {10}, before = {-1};
  EXPECT_THROW(rope(x.matrix(), beyond, 2, table), Error);
  EXPECT_THROW(rope(x.matrix(), before, 2, table), Error);
  EXPECT_THROW(make_rope_frequencies(RopeLayout::adjacent, 5, 5, 10000.0, {}), Error);
  EXPECT_THROW(make_rope_frequencies(RopeLayout::adjacent, 4, 6, 10000.0, {}), Error);
}

TEST(Geglu, AgainstTwin) {
  const Floats gate = random_floats(37, 83, 1, 4.0f, 2), up = random_floats(37, 83, 2, 1.0f, 1),
               dy = random_floats(37, 83, 3);
  const auto gradients =
      reference::geglu_backward(to_array(dy.view()), to_array(gate.view()), to_array(up.view()));
  for_each_instruction_set([&] {
    Floats y(37, 83), d_gate(37, 83), d_up(37, 83);
    geglu(gate.view(), up.view(), y.matrix());
    expect_close(y.view(), reference::geglu(to_array(gate.view()), to_array(up.view())), kTolerance);
    geglu_backward(dy.view(), gate.view(), up.view(), d_gate.matrix(), d_up.matrix());
    expect_close(d_gate.view(), gradients.d_gate, kTolerance);
    expect_close(d_up.view(), gradients.d_up, kTolerance);
  });
}

TEST(Swiglu, AgainstTwin) {
  const Floats gate = random_floats(37, 83, 1, 4.0f, 2), up = random_floats(37, 83, 2, 1.0f, 1),
               dy = random_floats(37, 83, 3);
  const auto gradients =
      reference::swiglu_backward(to_array(dy.view()), to_array(gate.view()), to_array(up.view()));
  for_each_instruction_set([&] {
    Floats y(37, 83), d_gate(37, 83), d_up(37, 83);
    swiglu(gate.view(), up.view(), y.matrix());
    expect_close(y.view(), reference::swiglu(to_array(gate.view()), to_array(up.view())), kTolerance);
    swiglu_backward(dy.view(), gate.view(), up.view(), d_gate.matrix(), d_up.matrix());
    expect_close(d_gate.view(), gradients.d_gate, kTolerance);
    expect_close(d_up.view(), gradients.d_up, kTolerance);
    Floats in_place = gate;
    swiglu(in_place.view(), up.view(), in_place.matrix());
    expect_same_bits(in_place.view(), y.view());
    Floats over_dy = dy;
    swiglu_backward(over_dy.view(), gate.view(), up.view(), over_dy.matrix(), d_up.matrix());
    expect_same_bits(over_dy.view(), d_gate.view());
  });
}

TEST(Swiglu, ExtremesStayTrue) {
  const std::vector<float> gate = {-1e30f, -200.0f, -90.0f, 0.0f, 90.0f, 1e30f, kNan};
  for_each_instruction_set([&] {
    const std::vector<float> up(7, 1.0f);
    std::vector<float> y(7);
    swiglu(as_row(gate), as_row(up), {y.data(), 1, 7, 7});
    for (int i = 1; i < 4; ++i) EXPECT_NEAR(y[static_cast<std::size_t>(i)], 0.0f, 1e-30f);
    EXPECT_TRUE(std::isfinite(y[0]));
    EXPECT_LE(std::fabs(y[0]), 1e-7f);
    EXPECT_EQ(y[4], 90.0f);
    EXPECT_EQ(y[5], 1e30f);
    EXPECT_TRUE(std::isnan(y[6]));
  });
}

TEST(Embedding, AgainstTwinAndBounds) {
  const Floats table = random_floats(11, 70, 1, 1.0f, 2), dy = random_floats(6, 70, 2);
  const std::vector<std::int32_t> ids = {3, 10, 3, 0, 3, 7};
  Floats y(6, 70), d_table(11, 70);
  embed(ids, table.view(), y.matrix());
  expect_close(y.view(), reference::embed(ids, to_array(table.view())), 0.0);
  d_table.values[3 * 70] = 2.0f;
  embed_backward(dy.view(), ids, d_table.matrix());
  Array expected = reference::embed_backward(to_array(dy.view()), ids, 11);
  expected.at(3, 0) += 2.0;
  expect_close(d_table.view(), expected, kTolerance);
  const std::vector<std::int32_t> outside = {3, 11, 3, 0, 3, 7};
  EXPECT_THROW(embed(outside, table.view(), y.matrix()), Error);
  EXPECT_THROW(embed_backward(dy.view(), outside, d_table.matrix()), Error);
}

TEST(Bias, AgainstTwin) {
  Floats y = random_floats(700, 65, 1);
  const Floats before = y, bias = random_floats(1, 65, 2);
  add_bias(y.matrix(), bias.values);
  expect_close(y.view(), reference::add_bias(to_array(before.view()), to_array(bias.view())), kTolerance);
  std::vector<float> d_bias(65, 1.0f);
  add_bias_backward(before.view(), d_bias);
  Array expected = reference::add_bias_backward(to_array(before.view()));
  for (double& value : expected.values) value += 1.0;
  expect_close(as_row(d_bias), expected, kTolerance);
}

TEST(Softmax, AgainstTwin) {
  for (const std::int64_t n : {1, 7, 16, 100, 4097}) {
    const Floats values = random_floats(1, n, 1, 5.0f);
    const Array exact = to_array(values.view());
    for_each_instruction_set([&] {
      Floats found = values;
      const double log_sum = softmax(found.span());
      EXPECT_NEAR(log_sum, reference::log_sum_exp(exact.values), 1e-6);
      EXPECT_NEAR(log_sum_exp(values.values), reference::log_sum_exp(exact.values), 1e-6);
      Array expected(1, n);
      expected.values = reference::softmax(exact.values);
      expect_close(found.view(), expected, 1e-6);
    });
  }
}

TEST(Softmax, TheLargestValueIsTheFirstOfItsEquals) {
  for_each_instruction_set([&] {
    for (const std::int64_t n : {1, 7, 16, 33, 100, 4097}) {
      std::vector<float> values = random_floats(1, n, 2, 5.0f).values;
      for (const std::int64_t place : {std::int64_t{0}, n / 2, n - 1}) {
        std::vector<float> topped = values;
        topped[static_cast<std::size_t>(place)] = 100.0f;
        topped.back() = 100.0f;
        EXPECT_EQ(index_of_largest(topped), place);
      }
    }
  });
}

TEST(Softmax, ExtremesStayTrue) {
  const float infinity = std::numeric_limits<float>::infinity();
  for_each_instruction_set([&] {
    std::vector<float> shifted = {1000.0f, 1000.0f, -infinity, -1e30f};
    EXPECT_NEAR(softmax(shifted), 1000.0 + std::log(2.0), 1e-6);
    EXPECT_EQ(shifted, (std::vector<float>{0.5f, 0.5f, 0.0f, 0.0f}));
    std::vector<float> spoiled(40, 1.0f);
    spoiled[20] = kNan;
    EXPECT_TRUE(std::isnan(log_sum_exp(spoiled)));
  });
  EXPECT_THROW(log_sum_exp({}), Error);
}

TEST(CrossEntropy, AgainstTwin) {
  for (const std::int64_t vocabulary : {5, 64, 333}) {
    const Floats logits = random_floats(70, vocabulary, 1, 3.0f, 7);
    std::vector<std::int32_t> targets;
    std::vector<float> weights;
    double sum_of_weights = 0;
    for (std::int32_t t = 0; t < 70; ++t) {
      weights.push_back(t % 4 == 1 ? 0.0f : t % 3 == 0 ? 0.5f : 1.0f);
      targets.push_back(t % 4 == 1 ? -100 : t % static_cast<std::int32_t>(vocabulary));
      sum_of_weights += static_cast<double>(weights.back());
    }
    const Array exact = to_array(logits.view());
    const double expected_loss = reference::cross_entropy(exact, targets, weights);
    const Array gradient = reference::cross_entropy_backward(exact, targets, weights, sum_of_weights, 32.0);
    for_each_instruction_set([&] {
      for (const int threads : {1, 4}) {
        const testing::Threads scope(threads);
        Floats found = logits;
        const double loss = cross_entropy(found.matrix(), targets, weights, sum_of_weights, 32.0);
        EXPECT_NEAR(loss, expected_loss, 1e-6 * std::fabs(expected_loss));
        expect_close(found.view(), gradient, 1e-6);
      }
    });
  }
}

TEST(CrossEntropy, BadInputIsNamedAndNanIsSeen) {
  Floats logits(2, 4);
  const std::vector<float> weights = {1.0f, 1.0f}, nothing = {0.0f, 0.0f};
  const std::vector<std::int32_t> outside = {0, 4}, inside = {0, 3};
  EXPECT_THROW(cross_entropy(logits.matrix(), outside, weights, 2.0, 1.0), Error);
  EXPECT_THROW(cross_entropy(logits.matrix(), inside, nothing, 0.0, 1.0), Error);
  logits.values[5] = kNan;
  EXPECT_TRUE(std::isnan(cross_entropy(logits.matrix(), inside, weights, 2.0, 1.0)));
}

}  // namespace
}  // namespace fulcrum
