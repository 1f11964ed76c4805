// What this machine can do at most, measured now: the figures that a speed is held against.
//
// Not a specification sheet: the products are the trainer's own (tensor/gemm.h), the best of several
// repetitions, so a share of 100% is what a program of nothing but large products would reach. Reading is a
// sum over an array much larger than any cache.
#pragma once

#include <cstdint>

namespace fulcrum {

struct MachineSpeed {
  int threads = 0;
  double f32_flop_per_second = 0;
  double bf16_flop_per_second = 0;  // the f32 figure where the CPU has no bf16 products
  double read_bytes_per_second = 0;
};

// Takes about two seconds and 512 MiB. `threads`: of OpenMP, for the time of the measurement.
MachineSpeed measure_machine(int threads);

}  // namespace fulcrum
