#include "tensor/gemm.h"

#include <thread>

#include "base/error.h"
#include "tensor/matmul.h"
#include "tensor/tensor_testing.h"

namespace fulcrum {
namespace {

using testing::Array;
using testing::Floats;
using testing::random_floats;

// A B^T in f64, of operands rounded to bf16 where the precision asks for that.
Array product(ConstMatrix a, ConstMatrix b) {
  Array result(a.rows, b.rows);
  for (std::int64_t i = 0; i < a.rows; ++i) {
    for (std::int64_t j = 0; j < b.rows; ++j) {
      for (std::int64_t k = 0; k < a.columns; ++k) {
        result.at(i, j) += static_cast<double>(a.row(i)[k]) * static_cast<double>(b.row(j)[k]);
      }
    }
  }
  return result;
}

Floats transposed(ConstMatrix from) {
  Floats to(from.columns, from.rows);
  for (std::int64_t i = 0; i < from.rows; ++i) {
    for (std::int64_t j = 0; j < from.columns; ++j) to.matrix().row(j)[i] = from.row(i)[j];
  }
  return to;
}

struct Extents {
  std::int64_t tokens, inputs, outputs;
};

class Gemm : public ::testing::TestWithParam<Precision> {
 protected:
  // Sums of K products of normal values: an error of 2^-8 in each operand averages out to about sqrt(K) /
  // 2^8.
  double tolerance() const { return GetParam() == Precision::f32 ? 1e-5 : 2e-2; }
};

TEST_P(Gemm, AllThreeProductsAgainstLoops) {
  for (const Extents e : {Extents{1, 1, 1}, Extents{7, 5, 3}, Extents{64, 128, 96}, Extents{130, 33, 257}}) {
    SCOPED_TRACE(fmt::format("T {} K {} N {}", e.tokens, e.inputs, e.outputs));
    const Floats x = random_floats(e.tokens, e.inputs, 1, 1.0f, 3),
                 w = random_floats(e.outputs, e.inputs, 2, 1.0f, 1),
                 dy = random_floats(e.tokens, e.outputs, 3, 1.0f, 2);
    const Floats x_t = transposed(x.view()), w_t = transposed(w.view()), dy_t = transposed(dy.view());
    for (const Accumulate accumulate : {Accumulate::overwrite, Accumulate::add}) {
      // What is there before: a number to be added to, or rubbish to be overwritten.
      const float before = accumulate == Accumulate::add ? 0.5f : std::numeric_limits<float>::quiet_NaN();
      const auto check = [&](const Array& exact, const auto& multiply) {
        Floats found(exact.rows, exact.columns, 4);
        std::fill(found.values.begin(), found.values.end(), before);
        multiply(found.matrix());
        Array expected = exact;
        if (accumulate == Accumulate::add) {
          for (double& value : expected.values) value += 0.5;
        }
        testing::expect_close(found.view(), expected, tolerance());
      };
      check(product(x.view(), w.view()),
            [&](Matrix y) { gemm_nt(x.view(), w.view(), y, GetParam(), accumulate); });
      check(product(dy.view(), w_t.view()),
            [&](Matrix dx) { gemm_nn(dy.view(), w.view(), dx, GetParam(), accumulate); });
      check(product(dy_t.view(), x_t.view()),
            [&](Matrix dw) { gemm_tn(dy.view(), x.view(), dw, GetParam(), accumulate); });
    }
  }
}

TEST_P(Gemm, SameBitsEveryTime) {
  const Floats x = random_floats(200, 96, 1), w = random_floats(160, 96, 2);
  Floats first(200, 160), second(200, 160);
  gemm_nt(x.view(), w.view(), first.matrix(), GetParam(), Accumulate::overwrite);
  gemm_nt(x.view(), w.view(), second.matrix(), GetParam(), Accumulate::overwrite);
  testing::expect_same_bits(first.view(), second.view());
}

TEST_P(Gemm, ThreadsOfTheCallerDoNotMeet) {
  const Floats x = random_floats(64, 48, 1), w = random_floats(80, 48, 2);
  Floats expected(64, 80);
  gemm_nt(x.view(), w.view(), expected.matrix(), GetParam(), Accumulate::overwrite);
  std::vector<Floats> found(4, Floats(64, 80));
  std::vector<std::thread> threads;
  for (Floats& mine : found) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i)
        gemm_nt(x.view(), w.view(), mine.matrix(), GetParam(), Accumulate::overwrite);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Floats& mine : found) testing::expect_same_bits(mine.view(), expected.view());
}

TEST_P(Gemm, NothingToSumIsZero) {
  Floats x(3, 0), w(2, 0), y(3, 2);
  y.values.assign(6, 5.0f);
  gemm_nt(x.view(), w.view(), y.matrix(), GetParam(), Accumulate::overwrite);
  EXPECT_EQ(y.values, std::vector<float>(6, 0.0f));
}

INSTANTIATE_TEST_SUITE_P(Both, Gemm, ::testing::Values(Precision::f32, Precision::bf16),
                         [](const auto& tested) {
                           return std::string(tested.param == Precision::f32 ? "f32" : "bf16");
                         });

TEST(GemmShapes, DisagreementIsAnError) {
  Floats x(3, 4), w(2, 5), y(3, 2);
  EXPECT_THROW(gemm_nt(x.view(), w.view(), y.matrix(), Precision::f32, Accumulate::overwrite), Error);
}

TEST(MatmulReference, KnownProduct) {
  const std::vector<float> x = {1, 2, 3, 4}, w = {5, 6, 7, 8};
  std::vector<float> y(4);
  matmul_reference({x.data(), 2, 2, 2}, {w.data(), 2, 2, 2}, {y.data(), 2, 2, 2});
  EXPECT_EQ(y, (std::vector<float>{17, 23, 39, 53}));
}

}  // namespace
}  // namespace fulcrum
