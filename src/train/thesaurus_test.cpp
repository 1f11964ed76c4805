#include "train/thesaurus.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "train/curriculum.h"
#include "train/curriculum_deeds.h"
#include "train/training_testing.h"
#include "train/wordnet.h"

namespace fulcrum {
namespace {

constexpr const char* kLicence = "  1 The licence stands at the head of every file, two blanks in front.\n";

// Three verbs (buy and purchase mean the same), their nouns, one adjective. Offsets need not be those of
// bytes.
void write_dictionary(const Path& folder) {
  const std::map<std::string, std::string> files = {
      {"data.verb",
       "00000001 40 v 02 buy 0 purchase 0 002 + 00000011 n 0201 + 00000012 n 0102 01 + 08 00 | obtain by "
       "paying; "
       "\"The family purchased a new car\"; \"She bought it\"  \n"
       "00000002 36 v 01 destroy 0 003 + 00000013 n 0101 + 00000016 n 0101 @ 00000001 v 0000 01 + 08 00 | do "
       "away with  \n"
       "00000003 38 v 02 stroll 0 saunter 0 000 01 + 02 00 | walk leisurely  \n"},
      {"data.noun",
       "00000011 04 n 01 purchase 0 000 | the acquisition of something for payment  \n"
       "00000012 18 n 02 purchaser 0 buyer 0 000 | a person who buys  \n"
       "00000013 04 n 02 destruction 0 devastation 0 000 | an event that completely destroys something  \n"
       "00000014 21 n 03 wage 0 pay 0 Sunday_best 0 000 | something that remunerates  \n"
       "00000015 07 n 01 length 0 000 | the linear extent in space  \n"
       "00000016 18 n 01 destroyer 0 000 | a person who destroys  \n"},
      {"data.adj", "00000021 00 a 02 long 1 lengthy(p) 0 001 + 00000015 n 0101 | of great extent  \n"},
      {"index.verb",
       "buy v 1 1 + 1 1 00000001  \npurchase v 1 1 + 1 1 00000001  \ndestroy v 1 2 + @ 1 1 00000002  \n"
       "stroll v 1 0 1 1 00000003  \nsaunter v 1 0 1 0 00000003  \n"},
      {"index.noun",
       "purchase n 1 0 1 1 00000011  \npurchaser n 1 0 1 1 00000012  \nbuyer n 1 0 1 1 00000012  \n"
       "destruction n 1 0 1 1 00000013  \ndevastation n 1 0 1 0 00000013  \nwage n 1 0 1 1 00000014  \n"
       "pay n 1 0 1 1 00000014  \nlength n 1 0 1 1 00000015  \ndestroyer n 1 0 1 1 00000016  \n"},
      {"index.adj", "long a 1 1 + 1 1 00000021  \nlengthy a 1 1 + 1 1 00000021  \n"},
      {"cntlist.rev",
       "buy%2:40:00:: 1 110\npurchase%2:40:00:: 1 15\ndestroy%2:36:00:: 1 40\nwage%1:21:00:: 1 12\n"
       "pay%1:21:00:: 1 9\nbuyer%1:18:00:: 1 4\nlong%3:00:01:: 1 99\nlengthy%5:00:00:long:01 1 4\n"
       "destruction%1:04:00:: 1 8\nstroll%2:38:00:: 1 7\n"},
      {"verb.exc", "bought buy\n"}};
  for (const auto& [name, lines] : files) write_file_atomic(folder / name, kLicence + lines);
}

TEST(WordNet, ReadsSynsetsWithTheirRelationsAndHowCommonTheyAre) {
  const testing::TemporaryFolder folder("wordnet");
  write_dictionary(folder.path());
  const WordNet wordnet = WordNet::read(folder.path());
  const Synset& buy = wordnet.verbs.at(1);
  ASSERT_EQ(buy.words.size(), 2U);
  EXPECT_EQ(buy.words[1].text, "purchase");
  EXPECT_EQ(buy.words[1].sense, 1U);
  EXPECT_EQ(buy.words[1].count, 15U);
  EXPECT_EQ(buy.count(), 125U);
  EXPECT_EQ(buy.frames, std::vector<int>{8});
  EXPECT_EQ(buy.definition, "obtain by paying");
  EXPECT_EQ(buy.examples, (std::vector<std::string>{"The family purchased a new car", "She bought it"}));
  EXPECT_EQ(buy.relations.at(0).source_word, 2U);
  EXPECT_EQ(buy.relations.at(0).target_offset, 11U);
  // Capitals and more than one word are left out, the marker of an adjective's place is dropped.
  EXPECT_EQ(wordnet.nouns.at(14).words.size(), 2U);
  EXPECT_EQ(wordnet.adjectives.at(21).words.at(1).text, "lengthy");
  EXPECT_EQ(wordnet.adjectives.at(21).words.at(1).count, 4U);  // "5" and "3" are the same class
}

TEST(WordNet, WithoutItsFilesItIsEmptyAndABrokenOneIsNamedByLine) {
  const testing::TemporaryFolder folder("wordnet_broken");
  EXPECT_TRUE(Thesaurus::read(folder.path()).empty());
  EXPECT_TRUE(Thesaurus::read({}).empty());
  write_dictionary(folder.path());
  write_file_atomic(folder.path() / "data.adj", std::string(kLicence) + "00000021 00 a 02 long 1 lengthy\n");
  try {
    WordNet::read(folder.path());
    FAIL() << "a line that is cut short was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corrupt);
    EXPECT_NE(std::string(error.what()).find("data.adj: line 2 ends too early"), std::string::npos)
        << error.what();
  }
}

TEST(Thesaurus, KnowsFormsNounsOfTheSameRootAndOtherWords) {
  const testing::TemporaryFolder folder("thesaurus");
  write_dictionary(folder.path());
  const Thesaurus thesaurus = Thesaurus::read(folder.path());
  ASSERT_EQ(thesaurus.actions().size(), 2U);  // nobody strolls something
  const std::vector<ActionWord>& buy = thesaurus.actions()[0];
  ASSERT_EQ(buy.size(), 2U);
  EXPECT_EQ(buy[0].past, "bought");
  EXPECT_EQ(buy[0].gerund, "buying");
  EXPECT_EQ(buy[0].agent, "");  // "buyer" is of the held-out pool
  EXPECT_EQ(buy[1].past, "purchased");
  EXPECT_EQ(buy[1].act, "purchase");
  EXPECT_EQ(thesaurus.actions()[1][0].act, "destruction");
  EXPECT_EQ(thesaurus.actions()[1][0].agent, "destroyer");
  ASSERT_FALSE(thesaurus.concepts().empty());
  EXPECT_EQ(thesaurus.concepts()[0].names, (std::vector<std::string>{"wage", "pay"}));
  EXPECT_EQ(thesaurus.concepts()[0].value, ValueKind::price);
  ASSERT_EQ(thesaurus.qualities().size(), 1U);
  EXPECT_EQ(thesaurus.qualities()[0].names, (std::vector<std::string>{"long", "lengthy"}));
}

TEST(Thesaurus, OfEnglishHoldsNothingOfTheHeldOutTables) {
  const Thesaurus thesaurus = Thesaurus::read("/usr/share/wordnet");
  ASSERT_FALSE(thesaurus.empty()) << "Debian's wordnet-base is missing: ./run setup installs it";
  EXPECT_GT(thesaurus.actions().size(), 500U);
  EXPECT_GT(thesaurus.concepts().size(), 2000U);
  EXPECT_GT(thesaurus.fields().size(), 300U);
  const auto free = [](const std::string& word) {
    return !in_held_out_tables(word) && pool_of(word) == Pool::training;
  };
  for (const auto& action : thesaurus.actions()) {
    for (const ActionWord& word : action) {
      EXPECT_TRUE(free(word.base)) << word.base;
      EXPECT_FALSE(in_held_out_tables(word.past)) << word.past;
      EXPECT_TRUE(word.agent.empty() || free(word.agent)) << word.agent;
    }
  }
  for (const Concept& entry : thesaurus.concepts())
    EXPECT_TRUE(std::ranges::all_of(entry.names, free)) << entry.names.front();
  for (const Field& field : thesaurus.fields())
    EXPECT_TRUE(free(field.name) && std::ranges::all_of(field.nouns, free)) << field.name;
  for (const char* held_out : {"rent", "guardian", "inventor", "depth", "let", "deep", "invented", "buried"})
    EXPECT_TRUE(in_held_out_tables(held_out)) << held_out;
}

TEST(Thesaurus, AQuestionMayUseAnotherVerbThanTheStatement) {
  const testing::TemporaryFolder folder("thesaurus_deeds");
  write_dictionary(folder.path());
  const Thesaurus thesaurus = Thesaurus::read(folder.path());
  Random random(5);
  Words words(random, Pool::training, {.thesaurus = &thesaurus});
  std::size_t other_word = 0;
  for (int i = 0; i < 400; ++i) {
    const DeedWords deed = draw_deed(words);
    const Attribute attribute = deed_attribute(words, deed);
    if (deed.size() < 2 || attribute.questions.empty() || attribute.kind == ValueKind::measure) continue;
    const auto speaks_of = [](const std::vector<std::string>& forms, const char* root) {
      return std::ranges::any_of(forms,
                                 [&](const auto& form) { return form.find(root) != std::string::npos; });
    };
    if (!speaks_of(attribute.statements, "purchas") && speaks_of(attribute.questions, "purchas"))
      ++other_word;
  }
  EXPECT_GT(other_word, 20U);
}

}  // namespace
}  // namespace fulcrum
