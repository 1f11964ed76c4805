// Rounding of f32 values to f16, to nearest even, as fast as memory allows.
#pragma once

#include <cstdint>

namespace fulcrum {

// The same bits as f32_to_f16, except that a finite value beyond f16's range becomes its largest, 65504:
// infinity would make NaN of every sum that it enters. Infinity and NaN stay what they are.
void round_to_f16(const float* from, std::int64_t count, std::uint16_t* to);

}  // namespace fulcrum
