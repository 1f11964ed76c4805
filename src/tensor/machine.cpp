#include "tensor/machine.h"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "tensor/gemm.h"

namespace fulcrum {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRepetitions = 7;

// The least seconds that one call of `work` takes, the first one not counted.
template <typename Work>
double best_seconds(const Work& work) {
  work();
  double best = 1e30;
  for (int i = 0; i < kRepetitions; ++i) {
    const Clock::time_point begin = Clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - begin).count());
  }
  return best;
}

double product_speed(Precision precision) {
  constexpr std::int64_t kRows = 1024, kInputs = 2048, kOutputs = 2048;
  std::vector<float> x(kRows * kInputs, 0.5f), w(kOutputs * kInputs, 0.25f), y(kRows * kOutputs);
  const double seconds = best_seconds([&] {
    gemm_nt({x.data(), kRows, kInputs, kInputs}, {w.data(), kOutputs, kInputs, kInputs},
            {y.data(), kRows, kOutputs, kOutputs}, precision, Accumulate::overwrite);
  });
  return 2.0 * kRows * kInputs * kOutputs / seconds;
}

double read_speed() {
  constexpr std::int64_t kWords = (std::int64_t{512} << 20) / sizeof(std::uint64_t);
  std::vector<std::uint64_t> words(kWords, 1);
  volatile std::uint64_t kept = 0;  // so that the sum is not thrown away
  const double seconds = best_seconds([&] {
    std::uint64_t sum = 0;
#pragma omp parallel for schedule(static) reduction(+ : sum)
    for (std::int64_t i = 0; i < kWords; ++i) sum += words[static_cast<std::size_t>(i)];
    kept = sum;
  });
  return static_cast<double>(kWords * sizeof(std::uint64_t)) / seconds;
}

}  // namespace

MachineSpeed measure_machine(int threads) {
  const int before = omp_get_max_threads();
  omp_set_num_threads(threads);
  MachineSpeed speed;
  speed.threads = threads;
  speed.f32_flop_per_second = product_speed(Precision::f32);
  speed.bf16_flop_per_second = product_speed(Precision::bf16);
  speed.read_bytes_per_second = read_speed();
  omp_set_num_threads(before);
  return speed;
}

}  // namespace fulcrum
