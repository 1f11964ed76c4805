// Loss and gradients of a decoder over packed rows: the whole model forward and back, by hand.
//
// A row is a token; several sequences stand one behind the other in one pass and do not attend to each other.
// Logits are computed only for rows that are learnt, a slice at a time, so that no [T, V] array exists.
// Buffers are kept between passes. Products go through oneDNN in the chosen precision, everything else is f32
// (the loss is summed in f64). With one shape and one thread count the same input gives the same bits.
//
// Not the engine (model/transformer.h): no cache, no decoding. The readable twin is
// train/decoder_reference.h.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "model/config.h"
#include "tensor/matmul.h"
#include "train/lora.h"
#include "train/parameters.h"

namespace fulcrum {

// T rows. Row t holds token ids[t] at place positions[t] of its sequence; it learns to predict targets[t]
// with weight weights[t] (0: not learnt). Sequence s covers rows [starts[s], starts[s+1]); starts begins with
// 0 and ends with T.
struct TrainingRows {
  std::vector<std::int32_t> ids, targets, positions, starts;
  std::vector<float> weights;
  std::int64_t size() const { return static_cast<std::int64_t>(ids.size()); }
  double sum_of_weights() const;
  // One sequence more: `tokens` with the loss weight of each token; the last token is only a target.
  void append(std::span<const std::int32_t> tokens, std::span<const float> token_weights);
  // One sequence of unlearnt rows, so that passes share a shape. Nothing if there are `rows` already.
  void pad_to(std::int64_t rows);
};

class Backpropagation {
 public:
  Backpropagation(const ModelConfig& config, Precision precision);
  ~Backpropagation();
  Backpropagation(Backpropagation&&) noexcept;

  // Every function returns the sum over rows of weight * -log p(target), natural log, not divided.
  double loss(const DecoderView& weights, const LoraView* adapter, const TrainingRows& rows);
  // Adds d(loss / divisor) to the gradients. divisor: the sum of weights of all the passes of a step.
  double accumulate(const DecoderView& weights, const TrainingRows& rows, double divisor,
                    const DecoderView& gradients);
  // The same with frozen weights: only the adapter's gradients exist.
  double accumulate_adapter(const DecoderView& weights, const LoraView& adapter, const TrainingRows& rows,
                            double divisor, const LoraView& gradients);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fulcrum
