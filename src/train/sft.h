// Supervised fine-tuning with LoRA: conversations in, a PEFT folder out; the base stays as it is.
//
// The loss is the mean over learnt tokens: of messages with weight 1, the content and the end of the turn.
// Examples are packed without attending to each other. AdamW without decay, warm-up over the first twentieth
// of the steps, then linear down to a tenth. After each epoch the dev loss is measured, and the
// request's score is asked for where it has one; the best epoch by these (text/lm.h) is kept, and training
// ends when none was better for `patience_epochs`. With neither dev examples nor a score the last epoch is
// kept. One seed gives the same bits, for any number of threads.
//
// Not here: reading JSONL files and naming their bad rows, which is done before anything runs.
#pragma once

#include <memory>

#include "model/model_file.h"
#include "text/lm.h"

namespace fulcrum {

class LoraTuner : public Tuner {
 public:
  // Decodes the model's weights to f32. Error(invalid_argument) for a model without a vocabulary.
  explicit LoraTuner(const ModelFile& model);
  ~LoraTuner() override;

  // Errors: invalid_argument (nothing to train on, an example without a learnt token, numbers of weights and
  // messages that differ, settings out of range, a loss that is no number), too_large (an example longer than
  // the context); both name the example, counted from 1. cancelled: nothing is written.
  TuneResult tune(const TuneRequest& request, const ProgressCallback& progress,
                  const CancelToken& cancel) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fulcrum
