#include "train/loss_head.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tensor/ops.h"

namespace fulcrum {
namespace {

// Rows of logits at a time: 512 x 4,096 floats are 8 MiB, and a product of 512 rows fills the matrix units.
constexpr std::int64_t kSliceRows = 512;
// A slice that is not full has a multiple of so many rows, so that products come in few shapes.
constexpr std::int64_t kRowMultiple = 64;

std::int64_t rows_of_slice(std::int64_t left) {
  return std::min(kSliceRows, (left + kRowMultiple - 1) / kRowMultiple * kRowMultiple);
}

void copy_row(const float* from, std::int64_t columns, float* to) {
  std::memcpy(to, from, static_cast<std::size_t>(columns) * sizeof(float));
}

void cap_logits(Matrix logits, float cap, Matrix slopes) {
#pragma omp parallel for schedule(static)
  for (std::int64_t t = 0; t < logits.rows; ++t) {
    for (std::int64_t i = 0; i < logits.columns; ++i) {
      const float tangent = std::tanh(logits.row(t)[i] / cap);
      logits.row(t)[i] = cap * tangent;
      slopes.row(t)[i] = 1 - tangent * tangent;
    }
  }
}

}  // namespace

LossHead::LossHead(std::int64_t d_model, std::int64_t vocab_size, const std::optional<double>& soft_cap)
    : gathered_(d_model), d_gathered_(d_model), logits_(vocab_size), slopes_(soft_cap ? vocab_size : 0) {
  if (soft_cap) soft_cap_ = static_cast<float>(*soft_cap);
  slopes_.reserve_rows(kSliceRows);
  gathered_.reserve_rows(kSliceRows);
  d_gathered_.reserve_rows(kSliceRows);
  logits_.reserve_rows(kSliceRows);
  slice_targets_.resize(kSliceRows);
  slice_weights_.resize(kSliceRows);
}

void LossHead::choose_rows(std::span<const float> weights) {
  chosen_.clear();
  for (std::size_t t = 0; t < weights.size(); ++t)
    if (weights[t] != 0) chosen_.push_back(static_cast<std::int64_t>(t));
}

double LossHead::slice_loss(std::int64_t first, std::int64_t rows, ConstMatrix x, ConstMatrix output,
                            std::span<const std::int32_t> targets, std::span<const float> weights,
                            double divisor, Precision precision) {
  const auto chosen_rows = static_cast<std::int64_t>(chosen_.size());
  const auto count = static_cast<std::size_t>(rows);
  const Matrix gathered = gathered_.view(rows), logits = logits_.view(rows);
  for (std::int64_t i = 0; i < rows; ++i) {
    // The last slice is filled up with unlearnt copies.
    const bool real = first + i < chosen_rows;
    const auto row = static_cast<std::size_t>(chosen_[static_cast<std::size_t>(real ? first + i : first)]);
    copy_row(x.row(static_cast<std::int64_t>(row)), x.columns, gathered.row(i));
    slice_targets_[static_cast<std::size_t>(i)] = targets[row];
    slice_weights_[static_cast<std::size_t>(i)] = real ? weights[row] : 0.0F;
  }
  gemm_nt(gathered, output, logits, precision, Accumulate::overwrite);
  const std::span<const std::int32_t> slice_targets(slice_targets_.data(), count);
  const std::span<const float> slice_weights(slice_weights_.data(), count);
  if (!soft_cap_) return cross_entropy(logits, slice_targets, slice_weights, divisor, 1.0);
  const Matrix slopes = slopes_.view(rows);
  cap_logits(logits, *soft_cap_, slopes);
  const double loss = cross_entropy(logits, slice_targets, slice_weights, divisor, 1.0);
  for (std::int64_t t = 0; t < logits.rows; ++t) {
    for (std::int64_t i = 0; i < logits.columns; ++i) logits.row(t)[i] *= slopes.row(t)[i];
  }
  return loss;
}

double LossHead::loss(ConstMatrix x, ConstMatrix output, std::span<const std::int32_t> targets,
                      std::span<const float> weights, Precision precision) {
  choose_rows(weights);
  double sum = 0;
  const auto chosen_rows = static_cast<std::int64_t>(chosen_.size());
  for (std::int64_t first = 0; first < chosen_rows; first += kSliceRows)
    sum += slice_loss(first, rows_of_slice(chosen_rows - first), x, output, targets, weights, 1.0, precision);
  return sum;
}

double LossHead::loss_backward(ConstMatrix x, ConstMatrix output, std::span<const std::int32_t> targets,
                               std::span<const float> weights, double divisor, Precision precision, Matrix dx,
                               const std::optional<Matrix>& d_output) {
  choose_rows(weights);
  for (std::int64_t t = 0; t < dx.rows; ++t) std::fill_n(dx.row(t), dx.columns, 0.0F);
  const auto chosen_rows = static_cast<std::int64_t>(chosen_.size());
  double sum = 0;
  for (std::int64_t first = 0; first < chosen_rows; first += kSliceRows) {
    // The gradient of `output` sums over a slice's rows: always as many, so that its bits do not move.
    const std::int64_t rows = d_output ? kSliceRows : rows_of_slice(chosen_rows - first);
    sum += slice_loss(first, rows, x, output, targets, weights, divisor, precision);
    const ConstMatrix d_logits = logits_.view(rows);
    const Matrix d_gathered = d_gathered_.view(rows);
    gemm_nn(d_logits, output, d_gathered, precision, Accumulate::overwrite);
    if (d_output) gemm_tn(d_logits, gathered_.view(rows), *d_output, precision, Accumulate::add);
    for (std::int64_t i = 0; i < std::min(kSliceRows, chosen_rows - first); ++i)
      copy_row(d_gathered.row(i), dx.columns, dx.row(chosen_[static_cast<std::size_t>(first + i)]));
  }
  return sum;
}

}  // namespace fulcrum
