// From the curriculum's episodes to packed rows, prepared on a thread of their own while the last step
// computes.
//
// A step's batch is a pure function of (curriculum, step, first episode): episodes are taken in order, each
// goes into the first pass with room for it, and the step ends at the first that fits nowhere. An episode
// longer than the context is cut; what is left of a pass is filled with unlearnt rows, so that every pass has
// the same shape.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "text/tokenizer.h"
#include "train/backpropagation.h"
#include "train/curriculum.h"

namespace fulcrum {

// Episode i at a given progress in [0, 1]: Curriculum::episode, or a test's own. Called from the preparing
// thread.
using EpisodeSource = std::function<Episode(std::uint64_t index, double progress)>;

struct EpisodeTokens {
  std::vector<TokenId> ids;
  std::vector<float> weights;  // one an id: how much its prediction is learnt
};
// Error(invalid_argument) naming a control token that the tokenizer lacks.
EpisodeTokens encode_episode(const Episode& episode, const Tokenizer& tokenizer);

struct EpisodeBatch {
  std::vector<TrainingRows> passes;
  double sum_of_weights = 0;
  std::int64_t tokens = 0;         // rows of episodes, padding not counted
  std::uint64_t next_episode = 0;  // the first that this batch did not take
};

struct BatchShape {
  std::int64_t passes = 1;        // of a step: computed one by one, gradients added up
  std::int64_t first_passes = 1;  // of each of the first `first_steps` steps: small batches learn sooner
  std::int64_t first_steps = 0;
  std::int64_t rows_per_pass = 2048;
  std::int64_t context_tokens = 1024;
  // The step at which the mix of episodes is at its end; 0: the last one. Fixed, so that a run can be lengthened.
  std::int64_t mix_steps = 0;
  std::int64_t passes_at(std::int64_t step) const { return step < first_steps ? first_passes : passes; }
  // Share of the rows up to mix_steps (or total_steps) that stand before `step`, at most 1.
  double progress_at(std::int64_t step, std::int64_t total_steps) const;
};

// Error(invalid_argument) for an episode of fewer than two tokens.
EpisodeBatch make_batch(const EpisodeSource& episodes, const Tokenizer& tokenizer, const BatchShape& shape,
                        std::uint64_t first_episode, std::int64_t step, std::int64_t total_steps);

// Batches for steps [first_step, total_steps), in order, a few ahead. `tokenizer` must outlive it.
class EpisodeBatches {
 public:
  EpisodeBatches(EpisodeSource episodes, const Tokenizer& tokenizer, const BatchShape& shape,
                 std::uint64_t first_episode, std::int64_t first_step, std::int64_t total_steps);
  ~EpisodeBatches();
  // Waits for the next one. Rethrows what preparing it threw.
  EpisodeBatch next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fulcrum
