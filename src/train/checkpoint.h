// A run that can be cut and continued: the arrays of training and where it stood, in one file, written
// atomically.
//
// File: "FULCKPT1", the header's length in bytes (u64, little-endian), a JSON header, the arrays' f32 values
// one behind the other, and the SHA-256 of everything before it (64 hexadecimal digits). Only for continuing
// on a machine of the same byte order; the finished model is GGUF.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"

namespace fulcrum {

struct CheckpointState {
  std::string config_digest;  // of what the run was asked to do; another run's checkpoint is refused
  std::int64_t steps_done = 0;
  std::uint64_t next_episode = 0;
  std::int64_t tokens_done = 0;
  double seconds_done = 0;  // of training, over all sittings
};

struct CheckpointArray {
  std::string name;  // "weights", "first_moments", ...
  std::span<float> values;
};

void write_checkpoint(const Path& path, const CheckpointState& state,
                      std::span<const CheckpointArray> arrays);

// The digest that a run's checkpoint has after so many steps.
using ConfigDigest = std::function<std::string(std::int64_t steps_done)>;

// Fills the arrays, whose names and sizes must be those that were written. Error corrupt (cut short, changed
// on disk, other arrays) or invalid_argument (config_digest is not the expected one: the file belongs to another
// run).
CheckpointState read_checkpoint(const Path& path, const ConfigDigest& expected_digest,
                                std::span<const CheckpointArray> arrays);

}  // namespace fulcrum
