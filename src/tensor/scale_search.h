// The scale of a group of values that are to become small integers: a search over scales near the one that
// the extreme values suggest, each followed by the closed form of least squares for the integers that it
// gives.
//
// Weights say how much a value's error counts. Values must be finite.
#pragma once

#include <span>

namespace fulcrum {

// value ~ scale * q, q in [-most, most - 1]. 0 if all values are 0.
float search_scale(std::span<const float> values, std::span<const float> weights, int most);

// value ~ scale * q - minimum, q in [0, most], minimum >= 0.
struct ScaleAndMinimum {
  float scale = 0, minimum = 0;
};
ScaleAndMinimum search_scale_and_minimum(std::span<const float> values, std::span<const float> weights,
                                         int most);

}  // namespace fulcrum
