#include "train/training_speed.h"

#include <gtest/gtest.h>

#include "model/tiny_model.h"

namespace fulcrum {
namespace {

TEST(TrainingSpeed, BothWaysOfTrainingLearnWhileTheyAreMeasured) {
  const ModelFile model = make_tiny_model({});
  TrainingSpeedOptions options;
  options.sequence_tokens = 16;
  options.steps = 8;
  const TrainingSpeed full = measure_training(model, options);
  options.lora_rank = 4;
  const TrainingSpeed low_rank = measure_training(model, options);
  EXPECT_GT(full.tokens_per_second, 0);
  EXPECT_LT(full.last_loss, full.first_loss);
  EXPECT_LT(low_rank.last_loss, low_rank.first_loss);
  EXPECT_GT(full.flop_per_token, low_rank.flop_per_token);
}

}  // namespace
}  // namespace fulcrum
