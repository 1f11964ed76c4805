// How fast the tensor floor is on this machine, at the sizes of the bundled base model's training and
// inference.
//
//   tensor_bench --benchmark_filter=gemm
//
// Threads are OpenMP's: OMP_NUM_THREADS=1 measures one core. "FLOP" counts a multiply-add as two.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <vector>

#include "tensor/aligned_vector.h"
#include "tensor/matmul.h"
#include "tensor/ops.h"

namespace {

using fulcrum::Accumulate;
using fulcrum::AttentionShape;
using fulcrum::ConstMatrix;
using fulcrum::DType;
using fulcrum::Matrix;
using fulcrum::Precision;

struct Floats {
  std::vector<float> values;
  std::int64_t rows, columns;

  Floats(std::int64_t row_count, std::int64_t column_count)
      : values(static_cast<std::size_t>(row_count * column_count)), rows(row_count), columns(column_count) {
    std::mt19937 generator(1);
    std::normal_distribution<float> normal;
    for (float& value : values) value = normal(generator);
  }
  Matrix matrix() { return {values.data(), rows, columns, columns}; }
};

void report_flops(benchmark::State& state, double flops) {
  state.counters["FLOP/s"] =
      benchmark::Counter(flops, benchmark::Counter::kIsIterationInvariantRate, benchmark::Counter::kIs1000);
}

// Arguments: T, K, N.
enum class Product { nt, nn, tn };
template <Product kProduct, Precision kPrecision>
void gemm(benchmark::State& state) {
  const std::int64_t t = state.range(0), k = state.range(1), n = state.range(2);
  Floats x(t, k), w(n, k), y(t, n);
  for (auto _ : state) {
    if constexpr (kProduct == Product::nt) {
      gemm_nt(x.matrix(), w.matrix(), y.matrix(), kPrecision, Accumulate::overwrite);
    } else if constexpr (kProduct == Product::nn) {
      gemm_nn(y.matrix(), w.matrix(), x.matrix(), kPrecision, Accumulate::overwrite);
    } else {
      gemm_tn(y.matrix(), x.matrix(), w.matrix(), kPrecision, Accumulate::add);
    }
    benchmark::ClobberMemory();
  }
  report_flops(state, 2.0 * static_cast<double>(t) * static_cast<double>(k) * static_cast<double>(n));
}

void training_shapes(benchmark::internal::Benchmark* bench) {
  bench->Args({4096, 128, 128})->Args({4096, 128, 384})->Args({4096, 384, 128});
  bench->Args({4096, 192, 192})->Args({4096, 192, 512})->Args({4096, 128, 4096})->UseRealTime();
}
BENCHMARK(gemm<Product::nt, Precision::bf16>)->Apply(training_shapes);
BENCHMARK(gemm<Product::nn, Precision::bf16>)->Apply(training_shapes);
BENCHMARK(gemm<Product::tn, Precision::bf16>)->Apply(training_shapes);
BENCHMARK(gemm<Product::nt, Precision::f32>)->Apply(training_shapes);
BENCHMARK(gemm<Product::nn, Precision::f32>)->Apply(training_shapes);
BENCHMARK(gemm<Product::tn, Precision::f32>)->Apply(training_shapes);

// Arguments: T, K, N.
template <DType kType>
void linear(benchmark::State& state) {
  const std::int64_t t = state.range(0), k = state.range(1), n = state.range(2);
  const fulcrum::OwnedTensor weight = fulcrum::make_f32("w", {n, k});
  const Floats values(n, k);
  std::copy(values.values.begin(), values.values.end(), weight.values.begin());
  const fulcrum::Linear layer = fulcrum::Linear::pack(convert(weight.tensor, kType), nullptr);
  Floats x(t, k), y(t, n);
  for (auto _ : state) {
    layer.apply(x.matrix(), y.matrix());
    benchmark::ClobberMemory();
  }
  report_flops(state, 2.0 * static_cast<double>(t) * static_cast<double>(k) * static_cast<double>(n));
}

void engine_shapes(benchmark::internal::Benchmark* bench) {
  for (const std::int64_t rows : {1, 2, 4, 8, 64, 512}) bench->Args({rows, 256, 768});
  bench->Args({1, 256, 4096})->Args({512, 128, 128})->Args({1, 2048, 2048})->UseRealTime();
}
BENCHMARK(linear<DType::f32>)->Apply(engine_shapes);
BENCHMARK(linear<DType::bf16>)->Apply(engine_shapes);
BENCHMARK(linear<DType::q8_0>)->Apply(engine_shapes);
BENCHMARK(linear<DType::q4_0>)->Apply(engine_shapes);
// Rows of whole blocks of 256.
void super_block_shapes(benchmark::internal::Benchmark* bench) {
  for (const std::int64_t rows : {1, 2, 4, 8, 64, 512}) bench->Args({rows, 256, 768});
  bench->Args({1, 256, 4096})->Args({1, 2048, 2048})->Args({256, 2048, 2048})->UseRealTime();
}
BENCHMARK(linear<DType::q4_k>)->Apply(super_block_shapes);
BENCHMARK(linear<DType::q6_k>)->Apply(super_block_shapes);

constexpr AttentionShape kShape{4, 2, 32, INT32_MAX};

// Arguments: sequences, tokens of each.
void attention_forward(benchmark::State& state) {
  const std::int64_t rows = state.range(0) * state.range(1);
  Floats q(rows, 128), k(rows, 64), v(rows, 64), y(rows, 128);
  std::vector<float> log_sums(static_cast<std::size_t>(4 * rows));
  std::vector<std::int32_t> starts;
  for (std::int64_t s = 0; s <= state.range(0); ++s)
    starts.push_back(static_cast<std::int32_t>(s * state.range(1)));
  for (auto _ : state) {
    attention(q.matrix(), k.matrix(), v.matrix(), starts, kShape, y.matrix(), log_sums);
    benchmark::ClobberMemory();
  }
}
void attention_backward(benchmark::State& state) {
  const std::int64_t rows = state.range(0) * state.range(1);
  Floats q(rows, 128), k(rows, 64), v(rows, 64), y(rows, 128), dy(rows, 128), dq(rows, 128), dk(rows, 64),
      dv(rows, 64);
  std::vector<float> log_sums(static_cast<std::size_t>(4 * rows));
  std::vector<std::int32_t> starts;
  for (std::int64_t s = 0; s <= state.range(0); ++s)
    starts.push_back(static_cast<std::int32_t>(s * state.range(1)));
  attention(q.matrix(), k.matrix(), v.matrix(), starts, kShape, y.matrix(), log_sums);
  for (auto _ : state) {
    attention_backward(dy.matrix(), q.matrix(), k.matrix(), v.matrix(), y.matrix(), starts, kShape, log_sums,
                       dq.matrix(), dk.matrix(), dv.matrix());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(attention_forward)->Args({8, 512})->Args({32, 128})->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(attention_backward)->Args({8, 512})->Args({32, 128})->UseRealTime()->Unit(benchmark::kMillisecond);

// Arguments: rows of one sequence, tokens in its cache after them, whether the cache is f32 (0) or f16 (1).
void attention_paged_rows(benchmark::State& state) {
  const std::int64_t rows = state.range(0), tokens = state.range(1), block_tokens = 16;
  const auto dtype = state.range(2) == 0 ? fulcrum::DType::f32 : fulcrum::DType::f16;
  const auto token_bytes = static_cast<std::size_t>(fulcrum::row_bytes(dtype, 64));
  Floats q(rows, 128), y(rows, 128);
  fulcrum::AlignedVector<std::byte> keys(static_cast<std::size_t>(tokens + 1) * token_bytes), values = keys;
  std::vector<const std::byte*> key_blocks, value_blocks;
  for (std::int64_t t = 0; t < tokens; t += block_tokens) {
    key_blocks.push_back(keys.data() + static_cast<std::size_t>(t) * token_bytes);
    value_blocks.push_back(values.data() + static_cast<std::size_t>(t) * token_bytes);
  }
  const std::vector<fulcrum::PagedKeysValues> caches = {{dtype, block_tokens, key_blocks, value_blocks}};
  const std::vector<std::int32_t> row_sequence(static_cast<std::size_t>(rows), 0);
  std::vector<std::int32_t> positions;
  for (std::int64_t t = tokens - rows; t < tokens; ++t) positions.push_back(static_cast<std::int32_t>(t));
  for (auto _ : state) {
    attention_paged(q.matrix(), caches, row_sequence, positions, kShape, y.matrix());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(attention_paged_rows)
    ->ArgsProduct({{1, 512}, {512}, {0, 1}})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

// Arguments: rows, width.
void cross_entropy(benchmark::State& state) {
  Floats logits(state.range(0), state.range(1));
  const std::vector<std::int32_t> targets(static_cast<std::size_t>(state.range(0)), 5);
  const std::vector<float> weights(static_cast<std::size_t>(state.range(0)), 1.0f);
  for (auto _ : state) {
    benchmark::DoNotOptimize(cross_entropy(logits.matrix(), targets, weights, 4096.0, 1.0));
  }
}
BENCHMARK(cross_entropy)
    ->Args({4096, 2048})
    ->Args({4096, 4096})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void rms_norm_both(benchmark::State& state) {
  Floats x(state.range(0), state.range(1)), y = x, dx = x, weight(1, state.range(1)), d_weight = weight;
  for (auto _ : state) {
    rms_norm(x.matrix(), weight.values, 1e-5f, y.matrix());
    rms_norm_backward(y.matrix(), x.matrix(), weight.values, 1e-5f, dx.matrix(), d_weight.values);
  }
}
BENCHMARK(rms_norm_both)->Args({4096, 128})->UseRealTime()->Unit(benchmark::kMillisecond);

void swiglu_both(benchmark::State& state) {
  Floats gate(state.range(0), state.range(1)), up = gate, y = gate, d_gate = gate, d_up = gate;
  for (auto _ : state) {
    swiglu(gate.matrix(), up.matrix(), y.matrix());
    swiglu_backward(y.matrix(), gate.matrix(), up.matrix(), d_gate.matrix(), d_up.matrix());
  }
}
BENCHMARK(swiglu_both)->Args({4096, 384})->UseRealTime()->Unit(benchmark::kMillisecond);

void rope_rows(benchmark::State& state) {
  Floats x(4096, 128);
  const fulcrum::RopeTable table = fulcrum::make_rope_table(
      fulcrum::make_rope_frequencies(fulcrum::RopeLayout::split_halves, 32, 32, 10000.0, {}), 1024);
  std::vector<std::int32_t> positions;
  for (std::int32_t t = 0; t < 4096; ++t) positions.push_back(t % 1024);
  for (auto _ : state) rope(x.matrix(), positions, 4, table);
}
BENCHMARK(rope_rows)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
