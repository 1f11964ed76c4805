#include "train/checkpoint.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "train/training_testing.h"

namespace fulcrum {
namespace {

struct Written {
  testing::TemporaryFolder folder{"checkpoint"};
  Path path = folder.path() / "run.checkpoint";
  std::vector<float> weights = {1.5F, -2.0F, 3.25F}, moments = {0.5F, 0.25F};
  CheckpointState state{"digest", 12, 345, 6789, 1.25};

  std::vector<CheckpointArray> arrays() { return {{"weights", weights}, {"moments", moments}}; }
  Written() { write_checkpoint(path, state, arrays()); }
};

ConfigDigest the(std::string digest) {
  return [digest = std::move(digest)](std::int64_t) { return digest; };
}

TEST(Checkpoint, GivesBackWhatWasWritten) {
  Written written;
  const std::vector<float> weights = written.weights, moments = written.moments;
  std::fill(written.weights.begin(), written.weights.end(), 0.0F);
  std::fill(written.moments.begin(), written.moments.end(), 0.0F);
  const CheckpointState state = read_checkpoint(written.path, the("digest"), written.arrays());
  EXPECT_EQ(written.weights, weights);
  EXPECT_EQ(written.moments, moments);
  EXPECT_EQ(state.steps_done, 12);
  EXPECT_EQ(state.next_episode, 345U);
  EXPECT_EQ(state.tokens_done, 6789);
  EXPECT_EQ(state.seconds_done, 1.25);
}

TEST(Checkpoint, RefusesAnotherRunsFile) {
  Written written;
  try {
    read_checkpoint(written.path, the("another"), written.arrays());
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
  }
}

TEST(Checkpoint, RefusesEveryCutAndEveryChangedByte) {
  Written written;
  const std::string whole = read_file(written.path);
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    write_file_atomic(written.path, std::string_view(whole).substr(0, size));
    EXPECT_THROW(read_checkpoint(written.path, the("digest"), written.arrays()), Error) << "cut to " << size;
  }
  for (std::size_t byte = 0; byte < whole.size(); byte += 5) {
    std::string changed = whole;
    changed[byte] = static_cast<char>(changed[byte] ^ 1);
    write_file_atomic(written.path, changed);
    try {
      read_checkpoint(written.path, the("digest"), written.arrays());
      FAIL() << "accepted with byte " << byte << " changed";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::corrupt);
    }
  }
}

TEST(Checkpoint, RefusesOtherArrays) {
  Written written;
  const std::vector<CheckpointArray> fewer = {{"weights", written.weights}};
  EXPECT_THROW(read_checkpoint(written.path, the("digest"), fewer), Error);
  std::vector<float> longer(4);
  const std::vector<CheckpointArray> larger = {{"weights", longer}, {"moments", written.moments}};
  EXPECT_THROW(read_checkpoint(written.path, the("digest"), larger), Error);
}

}  // namespace
}  // namespace fulcrum
