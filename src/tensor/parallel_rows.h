// Rows shared out among OpenMP's threads in blocks of fixed size, so that what a block computes never depends
// on how many threads there are. Small work stays on the calling thread: waking others costs some
// microseconds.
#pragma once

#include <algorithm>
#include <cstdint>

namespace fulcrum {

// Elementary operations (about one multiply-add) below which threads cost more than they give.
inline constexpr std::int64_t kParallelWork = std::int64_t{1} << 17;

// Calls work(first, last) for blocks of `block_rows` rows. `work` must not throw.
template <typename Work>
void parallel_row_blocks(std::int64_t rows, std::int64_t block_rows, std::int64_t work_per_row,
                         const Work& work) {
  const std::int64_t blocks = (rows + block_rows - 1) / block_rows;
#pragma omp parallel for schedule(static) if (blocks > 1 && rows * work_per_row >= kParallelWork)
  for (std::int64_t block = 0; block < blocks; ++block) {
    work(block * block_rows, std::min(rows, (block + 1) * block_rows));
  }
}

// Small enough that the rows of a batched step are more than one thread's.
inline constexpr std::int64_t kRowBlock = 8;

}  // namespace fulcrum
