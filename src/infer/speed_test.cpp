#include "infer/speed.h"

#include <gtest/gtest.h>

#include "model/tiny_model.h"

namespace fulcrum {
namespace {

// Times are this machine's affair; that every measurement comes to its end and takes time is not.
TEST(InferenceSpeed, EveryMeasurementEndsAndTakesTime) {
  const ModelFile model = make_tiny_model({});
  const Transformer transformer(model.config, model.weights);
  const InferenceSpeed speed(transformer, 2);
  EXPECT_GT(speed.prompt_seconds(40, 3), 0);
  const double one = speed.decode_seconds(1, 4, 16, 2), many = speed.decode_seconds(40, 4, 16, 2);
  EXPECT_GT(one, 0);
  EXPECT_GT(many, one);
  EXPECT_GT(speed.shared_prefix_seconds({50, 64, 8, 3}), 0);
}

}  // namespace
}  // namespace fulcrum
