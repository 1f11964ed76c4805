#include "train/optimizer.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace fulcrum {
namespace {

constexpr std::size_t kBlock = 8192, kLanes = 16;

struct OwnedMatrix {
  std::vector<float> values;
  std::int64_t rows, columns;
  OwnedMatrix(std::int64_t r, std::int64_t c)
      : values(static_cast<std::size_t>(r * c)), rows(r), columns(c) {}
  Matrix view() { return {values.data(), rows, columns, columns}; }
};

}  // namespace

double sum_of_squares(std::span<const float> values) {
  double sum = 0;
  for (std::size_t begin = 0; begin < values.size(); begin += kBlock) {
    const std::span<const float> block = values.subspan(begin, std::min(kBlock, values.size() - begin));
    double lanes[kLanes] = {};  // independent sums, so that the compiler may use vectors
    std::size_t i = 0;
    for (; i + kLanes <= block.size(); i += kLanes)
      for (std::size_t lane = 0; lane < kLanes; ++lane)
        lanes[lane] += static_cast<double>(block[i + lane]) * block[i + lane];
    for (; i < block.size(); ++i) lanes[0] += static_cast<double>(block[i]) * block[i];
    for (const double lane : lanes) sum += lane;
  }
  return sum;
}

void orthogonalize(ConstMatrix x, Matrix y) {
  constexpr float kFirst = 3.4445F, kThird = -4.7750F, kFifth = 2.0315F;
  constexpr int kIterations = 5;
  const bool wide = x.rows <= x.columns;
  const std::int64_t small = std::min(x.rows, x.columns), large = std::max(x.rows, x.columns);

  OwnedMatrix current(small, large), product(small, large), gram(small, small), square(small, small);
  double norm = 0;
  for (std::int64_t r = 0; r < small; ++r)
    for (std::int64_t c = 0; c < large; ++c) {
      const float value = wide ? x.row(r)[c] : x.row(c)[r];
      current.values[static_cast<std::size_t>(r * large + c)] = value;
      norm += static_cast<double>(value) * value;
    }
  const auto inverse = static_cast<float>(1.0 / (std::sqrt(norm) + 1e-7));
  for (float& value : current.values) value *= inverse;

  for (int iteration = 0; iteration < kIterations; ++iteration) {
    gemm_nt(current.view(), current.view(), gram.view(), Precision::bf16, Accumulate::overwrite);
    gemm_nt(gram.view(), gram.view(), square.view(), Precision::bf16, Accumulate::overwrite);
    for (std::size_t i = 0; i < square.values.size(); ++i)
      square.values[i] = kThird * gram.values[i] + kFifth * square.values[i];
    gemm_nn(square.view(), current.view(), product.view(), Precision::bf16, Accumulate::overwrite);
    for (std::size_t i = 0; i < current.values.size(); ++i)
      current.values[i] = kFirst * current.values[i] + product.values[i];
  }
  for (std::int64_t r = 0; r < small; ++r)
    for (std::int64_t c = 0; c < large; ++c)
      (wide ? y.row(r)[c] : y.row(c)[r]) = current.values[static_cast<std::size_t>(r * large + c)];
}

Optimizer::Optimizer(ParameterLayout layout, const OptimizerConfig& config)
    : layout_(std::move(layout)), config_(config), first_(layout_), second_(layout_) {}

double Optimizer::step(ParameterArray& weights, ParameterArray& gradients, double learning_rate) {
  const double norm = std::sqrt(sum_of_squares(gradients.values()));
  if (!std::isfinite(norm))
    throw_error(
        ErrorCode::invalid_argument,
        "optimiser step {}: the gradient is not finite; lower the learning rate or lengthen the warm-up",
        steps_ + 1);
  ++steps_;
  if (norm > config_.clip_norm) {
    const auto factor = static_cast<float>(config_.clip_norm / norm);
    for (float& value : gradients.values()) value *= factor;
  }
  // Slots are independent of each other; whatever is parallel inside one runs on its thread alone.
  const std::vector<ParameterSlot>& slots = layout_.slots();
#pragma omp parallel for schedule(dynamic)
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const ParameterSlot& slot = slots[i];
    const bool by_muon = config_.kind == OptimizerKind::muon && slot.kind == ParameterKind::matrix;
    if (by_muon)
      muon(slot, weights.of(slot), gradients.of(slot), learning_rate);
    else
      adamw(slot, weights.of(slot), gradients.of(slot), learning_rate);
  }
  return norm;
}

void Optimizer::adamw(const ParameterSlot& slot, std::span<float> weights, std::span<const float> gradients,
                      double rate) {
  const double correction1 = 1.0 - std::pow(config_.beta1, static_cast<double>(steps_));
  const double correction2 = 1.0 - std::pow(config_.beta2, static_cast<double>(steps_));
  const double decay = slot.kind == ParameterKind::matrix ? config_.weight_decay : 0.0;
  const auto beta1 = static_cast<float>(config_.beta1), beta2 = static_cast<float>(config_.beta2);
  const auto keep = static_cast<float>(1.0 - rate * decay);
  const auto step_size = static_cast<float>(rate / correction1);
  const auto root = static_cast<float>(1.0 / std::sqrt(correction2));
  const auto epsilon = static_cast<float>(config_.epsilon);
  float* w = weights.data();
  const float* g = gradients.data();
  float* m = first_.of(slot).data();
  float* v = second_.of(slot).data();
  const auto count = static_cast<std::int64_t>(weights.size());
  for (std::int64_t i = 0; i < count; ++i) {
    m[i] = beta1 * m[i] + (1.0F - beta1) * g[i];
    v[i] = beta2 * v[i] + (1.0F - beta2) * g[i] * g[i];
    w[i] = keep * w[i] - step_size * m[i] / (root * std::sqrt(v[i]) + epsilon);
  }
}

void Optimizer::muon(const ParameterSlot& slot, std::span<float> weights, std::span<const float> gradients,
                     double rate) {
  const std::int64_t rows = slot.shape[0], columns = slot.shape[1];
  const auto momentum = static_cast<float>(config_.muon_momentum);
  const std::span<float> velocity = first_.of(slot);
  OwnedMatrix direction(rows, columns), update(rows, columns);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    velocity[i] = momentum * velocity[i] + gradients[i];
    direction.values[i] = gradients[i] + momentum * velocity[i];  // Nesterov
  }
  orthogonalize(direction.view(), update.view());
  // An orthogonal [N, K] matrix has entries of root mean square 1/sqrt(max(N, K)); AdamW's are about 0.2.
  const auto size = static_cast<float>(rate * 0.2 * std::sqrt(static_cast<double>(std::max(rows, columns))));
  const auto keep = static_cast<float>(1.0 - rate * config_.weight_decay);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = keep * weights[i] - size * update.values[i];
}

}  // namespace fulcrum
