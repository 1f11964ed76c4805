#include "train/episode_batches.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "train/training_testing.h"

namespace fulcrum {
namespace {

std::unique_ptr<Tokenizer> tiny_tokenizer() {
  return make_tokenizer(to_vocabulary(make_tiny_vocabulary()));
}

TEST(EncodeEpisode, ATokenHasTheWeightOfTheSpanOfItsFirstByte) {
  const auto tokenizer = tiny_tokenizer();
  Episode episode;
  episode.family = "spans";
  // Two neighbouring texts, a text token that no space belongs before, and spans that begin inside.
  episode.segments = {{"<|user|>", true, 0.5F, {}},
                      {"ab cd<doc>xy</doc>", false, 0.1F, {{3, 5, 1.0F}, {10, 12, 2.0F}}},
                      {"zz", false, 0.3F, {}},
                      {"<|end|>", true, 4, {}}};
  const EpisodeTokens tokens = encode_episode(episode, *tokenizer);
  const std::string text = "ab cd<doc>xy</doc>zz";
  std::vector<float> expected;
  expected.push_back(0.5F);
  std::optional<TokenId> previous;
  std::size_t offset = 0;
  for (std::size_t i = 1; i + 1 < tokens.ids.size(); ++i) {
    float weight = offset >= 18 ? 0.3F : 0.1F;
    if (offset >= 3 && offset < 5) weight = 1;
    if (offset >= 10 && offset < 12) weight = 2;
    expected.push_back(weight);
    offset += tokenizer->piece_after(previous, tokens.ids[i]).size();
    previous = tokens.ids[i];
  }
  expected.push_back(4);
  EXPECT_EQ(offset, text.size());
  EXPECT_EQ(tokens.weights, expected);
  EXPECT_NE(std::find(tokens.weights.begin(), tokens.weights.end(), 2.0F), tokens.weights.end());
  // Exactly what an encoder of the whole prompt would see between the control tokens.
  const std::vector<TokenId> whole = tokenizer->encode(text, Tokenizer::Special::as_text);
  EXPECT_EQ(std::vector<TokenId>(tokens.ids.begin() + 1, tokens.ids.end() - 1), whole);
}

TEST(EncodeEpisode, NamesAControlTokenThatTheTokenizerLacks) {
  Episode episode;
  episode.family = "odd";
  episode.segments = {{"<|nobody|>", true, 1, {}}};
  try {
    encode_episode(episode, *tiny_tokenizer());
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("<|nobody|>"), std::string::npos) << error.what();
  }
}

TEST(MakeBatch, FillsPassesInOrderAndSaysWhereTheNextBegins) {
  const auto tokenizer = tiny_tokenizer();
  const BatchShape shape{3, 1, 0, 48, 48};
  const EpisodeBatch first = make_batch(testing::echo_episode, *tokenizer, shape, 0, 0, 10);
  ASSERT_EQ(first.passes.size(), 3U);
  std::int64_t sequences = 0, tokens = 0;
  double weights = 0;
  for (const TrainingRows& rows : first.passes) {
    EXPECT_EQ(rows.size(), 48);
    EXPECT_EQ(rows.starts.front(), 0);
    EXPECT_EQ(rows.starts.back(), 48);
    weights += rows.sum_of_weights();
    for (std::size_t s = 0; s + 1 < rows.starts.size(); ++s)
      if (rows.starts[s + 1] - rows.starts[s] > 1) {
        ++sequences;
        tokens += rows.starts[s + 1] - rows.starts[s];
      }
  }
  EXPECT_EQ(sequences, static_cast<std::int64_t>(first.next_episode));
  EXPECT_EQ(tokens, first.tokens);
  EXPECT_EQ(weights, first.sum_of_weights);
  EXPECT_GT(tokens, 3 * 48 / 2);
}

TEST(MakeBatch, CutsAnEpisodeToTheContextAndRefusesOneOfASingleToken) {
  const auto tokenizer = tiny_tokenizer();
  const auto long_episode = [](std::uint64_t, double) {
    Episode episode;
    episode.segments = {{std::string(200, 'q'), false, 1, {}}};
    return episode;
  };
  const EpisodeBatch batch = make_batch(long_episode, *tokenizer, BatchShape{1, 1, 0, 64, 32}, 0, 0, 1);
  EXPECT_EQ(batch.tokens, 64);
  EXPECT_EQ(*std::max_element(batch.passes[0].positions.begin(), batch.passes[0].positions.end()), 31);
  const auto single = [](std::uint64_t, double) {
    Episode episode;
    episode.segments = {{"<|end|>", true, 1, {}}};
    return episode;
  };
  EXPECT_THROW(make_batch(single, *tokenizer, BatchShape{1, 1, 0, 64, 32}, 0, 0, 1), Error);
}

TEST(EpisodeBatches, PreparesTheSameBatchesAsMakingThemOneByOne) {
  const auto tokenizer = tiny_tokenizer();
  const BatchShape shape{2, 1, 2, 48, 48};
  EpisodeBatches batches(testing::echo_episode, *tokenizer, shape, 3, 1, 6);
  std::uint64_t episode = 3;
  for (std::int64_t step = 1; step < 6; ++step) {
    const EpisodeBatch expected = make_batch(testing::echo_episode, *tokenizer, shape, episode, step, 6);
    const EpisodeBatch prepared = batches.next();
    ASSERT_EQ(prepared.passes.size(), static_cast<std::size_t>(step < 2 ? 1 : 2));
    for (std::size_t pass = 0; pass < prepared.passes.size(); ++pass) {
      EXPECT_EQ(prepared.passes[pass].ids, expected.passes[pass].ids);
      EXPECT_EQ(prepared.passes[pass].starts, expected.passes[pass].starts);
    }
    episode = expected.next_episode;
    EXPECT_EQ(prepared.next_episode, episode);
  }
}

TEST(EpisodeBatches, HandsOnWhatPreparingThrewAndStopsUnread) {
  const auto tokenizer = tiny_tokenizer();
  const auto failing = [](std::uint64_t index, double progress) {
    if (index == 20) throw_error(ErrorCode::internal, "episode 20");
    return testing::echo_episode(index, progress);
  };
  EpisodeBatches batches(failing, *tokenizer, BatchShape{1, 1, 0, 48, 48}, 0, 0, 100);
  EXPECT_THROW(for (int i = 0; i < 100; ++i) batches.next(), Error);
  EpisodeBatches unread(testing::echo_episode, *tokenizer, BatchShape{1, 1, 0, 48, 48}, 0, 0, 100);
}

TEST(BatchShape, ProgressCountsRowsNotSteps) {
  const BatchShape shape{4, 1, 4, 64, 64};
  EXPECT_DOUBLE_EQ(shape.progress_at(4, 8), 4.0 / 20.0);
  EXPECT_DOUBLE_EQ(shape.progress_at(8, 8), 1.0);
}

}  // namespace
}  // namespace fulcrum
