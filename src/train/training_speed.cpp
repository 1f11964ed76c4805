#include "train/training_speed.h"

#include <algorithm>
#include <chrono>
#include <functional>

#include "base/random.h"
#include "model/model_shape.h"
#include "train/lora.h"
#include "train/optimizer.h"
#include "train/pass_workers.h"

namespace fulcrum {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<TrainingRows> random_passes(const ModelConfig& config, const TrainingSpeedOptions& options) {
  Random random(1);
  std::vector<TrainingRows> passes(static_cast<std::size_t>(options.passes));
  for (TrainingRows& pass : passes) {
    for (std::int64_t i = 0; i < options.sequences_per_pass; ++i) {
      std::vector<std::int32_t> tokens;
      for (std::int64_t t = 0; t <= options.sequence_tokens; ++t)
        tokens.push_back(
            static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(config.vocab_size))));
      pass.append(tokens, std::vector<float>(tokens.size(), 1.0F));
    }
  }
  return passes;
}

}  // namespace

TrainingSpeed measure_training(const ModelFile& model, const TrainingSpeedOptions& options) {
  const ModelConfig& config = model.config;
  const ParameterLayout base_layout = ParameterLayout::of_model(config);
  ParameterArray base(base_layout);
  load_parameters(model.weights, base_layout, base);
  const DecoderView weights = view_decoder(config, base_layout, base);
  const std::vector<TrainingRows> passes = random_passes(config, options);
  double divisor = 0;
  for (const TrainingRows& pass : passes) divisor += pass.sum_of_weights();

  LoraConfig lora{options.lora_rank.value_or(1), 32, parse_lora_modules({})};
  const ParameterLayout layout = options.lora_rank ? lora_layout(config, lora) : base_layout;
  ParameterArray adapter(layout), gradients(layout);
  if (options.lora_rank) initialize_lora(layout, 1, adapter);
  const LoraView low_rank = options.lora_rank ? view_lora(config, lora, layout, adapter) : LoraView();
  const PassGradients::Work work = [&](Backpropagation& network, const TrainingRows& rows,
                                       ParameterArray& sums) {
    if (options.lora_rank)
      return network.accumulate_adapter(weights, low_rank, rows, divisor,
                                        view_lora(config, lora, layout, sums));
    return network.accumulate(weights, rows, divisor, view_decoder(config, layout, sums));
  };

  Optimizer optimizer(layout, {});
  PassWorkers workers(config, options.precision, default_pass_workers());
  PassGradients pass_gradients(layout);
  TrainingSpeed speed;
  std::vector<double> seconds;
  for (std::int64_t step = 0; step <= options.steps; ++step) {
    const Clock::time_point begin = Clock::now();
    const double loss = pass_gradients.compute(workers, passes, work, gradients) / divisor;
    optimizer.step(options.lora_rank ? adapter : base, gradients, 1e-3);
    if (step > 0) seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
    if (step == 0) speed.first_loss = loss;
    speed.last_loss = loss;
  }
  const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
  std::nth_element(seconds.begin(), middle, seconds.end());
  const auto tokens =
      static_cast<double>(options.passes * options.sequences_per_pass * options.sequence_tokens);
  speed.tokens_per_second = tokens / *middle;
  // Forward and backward to activations; to weights only where they learn.
  speed.flop_per_token =
      flop_per_token(config, options.sequence_tokens / 2) * (options.lora_rank ? 2.0 : 3.0);
  return speed;
}

}  // namespace fulcrum
