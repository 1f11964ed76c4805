#include "vocabulary/vocabulary_data.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "model/tiny_model.h"

namespace fulcrum {
namespace {

TEST(VocabularyData, GoesThereAndBack) {
  VocabularyData data = make_tiny_vocabulary();
  data.pre = "default";
  data.merges = {"a b"};
  data.padding = 2;
  data.add_bos = data.add_eos = true;
  data.add_space_prefix = false;
  data.precompiled_charsmap = "map";
  data.remove_extra_whitespaces = true;
  const VocabularyData back = to_vocabulary_data(to_vocabulary(data));
  EXPECT_EQ(back.family, data.family);
  EXPECT_EQ(back.pre, data.pre);
  EXPECT_EQ(back.tokens, data.tokens);
  EXPECT_EQ(back.scores, data.scores);
  EXPECT_EQ(back.types, data.types);
  EXPECT_EQ(back.merges, data.merges);
  EXPECT_EQ(back.bos, data.bos);
  EXPECT_EQ(back.eos, data.eos);
  EXPECT_EQ(back.unknown, data.unknown);
  EXPECT_EQ(back.padding, data.padding);
  EXPECT_EQ(back.end_of_turn, data.end_of_turn);
  EXPECT_EQ(back.add_bos, data.add_bos);
  EXPECT_EQ(back.add_eos, data.add_eos);
  EXPECT_EQ(back.add_space_prefix, data.add_space_prefix);
  EXPECT_EQ(back.precompiled_charsmap, data.precompiled_charsmap);
  EXPECT_EQ(back.remove_extra_whitespaces, data.remove_extra_whitespaces);
  EXPECT_EQ(back.chat_template, data.chat_template);
}

TEST(VocabularyData, AModelWithoutWordsIsRefusedByName) {
  ModelFile model;
  model.name = "mute";
  try {
    make_tokenizer_of(model);
    FAIL() << "a model without a vocabulary was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_NE(std::string_view(error.what()).find("mute"), std::string_view::npos) << error.what();
  }
}

}  // namespace
}  // namespace fulcrum
