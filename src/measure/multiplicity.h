// Several contrasts at once: p-values adjusted so that the chance of even one false finding stays at the
// level.
//
// Holm 1979, the step-down form of Bonferroni: valid whatever the dependence between contrasts, never less
// powerful.
#pragma once

#include <span>
#include <vector>

namespace fulcrum {

inline constexpr double kSignificanceLevel = 0.05;

// Adjusted p-values in the order given; compare them with the level.
std::vector<double> holm_adjusted(std::span<const double> p_values);

}  // namespace fulcrum
