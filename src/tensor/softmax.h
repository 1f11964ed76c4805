// Softmax of a row and the cross-entropy loss over rows of logits.
//
// A row that holds NaN gives NaN; minus infinity is an impossible token; a row of nothing else is a caller's
// error.
#pragma once

#include <cstdint>
#include <span>

#include "tensor/tensor.h"

namespace fulcrum {

// Softmax of a row, numerically safe, in place; returns log(sum exp). Used by samplers and scores.
double softmax(std::span<float> values);
double log_sum_exp(std::span<const float> values);
// The smallest index among equals; where a value is NaN, some index.
std::int64_t index_of_largest(std::span<const float> values);

// Mean of weight_t * -log p(target_t) over the sum of weights. logits [T, V]; targets [T]; weights [T] (0:
// not learnt, and then the target is not looked at). On return logits hold d loss / d logits, already divided
// by the sum of weights and multiplied by `scale`. Returns the sum of weighted losses (not divided), so that
// pieces of a batch can be added.
double cross_entropy(Matrix logits, std::span<const std::int32_t> targets, std::span<const float> weights,
                     double sum_of_weights, double scale);

}  // namespace fulcrum
