#include "train/pass_workers.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "model/tiny_model.h"
#include "train/initialization.h"

namespace fulcrum {
namespace {

struct FivePasses {
  ModelConfig config = make_tiny_config(TinyModelOptions{}, 40);
  ParameterLayout layout = ParameterLayout::of_model(config);
  ParameterArray weights{layout};
  std::vector<TrainingRows> passes;

  FivePasses() {
    initialize_decoder(config, InitialWeights{}, 5, layout, weights);
    for (std::int32_t pass = 0; pass < 5; ++pass) {
      std::vector<std::int32_t> tokens;
      for (std::int32_t i = 0; i < 20; ++i) tokens.push_back((i * (pass + 3)) % 40);
      TrainingRows rows;
      rows.append(tokens, std::vector<float>(tokens.size(), 1.0F));
      passes.push_back(std::move(rows));
    }
  }

  double compute(std::int64_t workers, ParameterArray& sum) {
    PassWorkers pool(config, Precision::bf16, workers);
    PassGradients gradients(layout);
    const DecoderView view = view_decoder(config, layout, weights);
    const auto work = [&](Backpropagation& backpropagation, const TrainingRows& rows, ParameterArray& part) {
      return backpropagation.accumulate(view, rows, 100.0, view_decoder(config, layout, part));
    };
    gradients.compute(pool, passes, work, sum);
    return gradients.compute(pool, passes, work, sum);  // a second time, on used buffers
  }
};

TEST(PassWorkers, TheBitsDoNotDependOnTheNumberOfWorkers) {
  FivePasses setup;
  ParameterArray one(setup.layout), three(setup.layout), more_than_passes(setup.layout);
  const double loss = setup.compute(1, one);
  EXPECT_GT(loss, 0);
  EXPECT_EQ(setup.compute(3, three), loss);
  EXPECT_EQ(setup.compute(7, more_than_passes), loss);
  EXPECT_TRUE(std::equal(one.values().begin(), one.values().end(), three.values().begin()));
  EXPECT_TRUE(std::equal(one.values().begin(), one.values().end(), more_than_passes.values().begin()));
}

TEST(PassWorkers, HandsOnAnErrorAndWorksAgainAfterwards) {
  FivePasses setup;
  PassWorkers pool(setup.config, Precision::f32, 2);
  EXPECT_THROW(pool.run(4,
                        [](Backpropagation&, std::size_t pass) {
                          if (pass == 3) throw_error(ErrorCode::too_large, "pass 3");
                        }),
               Error);
  std::vector<int> done(4);
  pool.run(4, [&](Backpropagation&, std::size_t pass) { ++done[pass]; });
  EXPECT_EQ(done, std::vector<int>(4, 1));
}

}  // namespace
}  // namespace fulcrum
