#include "train/curriculum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_set>

#include "base/error.h"
#include "base/json.h"
#include "train/curriculum_deeds.h"
#include "train/curriculum_dialogue.h"
#include "train/curriculum_fields.h"
#include "train/curriculum_labels.h"
#include "train/curriculum_lexicon.h"
#include "train/curriculum_orders.h"
#include "train/curriculum_prose.h"
#include "train/curriculum_reading.h"
#include "train/curriculum_steps.h"
#include "train/gates.h"

namespace fulcrum {
namespace {

std::string flat(const Episode& episode) {
  std::string text = episode.family;
  for (const EpisodeSegment& segment : episode.segments) text += "\n" + segment.text;
  return text;
}

// Words of a text, lower case letters only.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  return words;
}

const Curriculum& without_text() {
  static const Curriculum curriculum = Curriculum::make(7, {});
  return curriculum;
}

TEST(Curriculum, EpisodeIsAFunctionOfSeedIndexAndProgress) {
  const Curriculum again = Curriculum::make(7, {}), other = Curriculum::make(8, {});
  std::size_t same = 0;
  for (std::uint64_t i = 0; i < 300; ++i) {
    const std::string text = flat(without_text().episode(i, 0.5));
    EXPECT_EQ(text, flat(again.episode(i, 0.5)));
    same += text == flat(other.episode(i, 0.5)) ? 1 : 0;
  }
  EXPECT_EQ(same, 0U);
}

TEST(Curriculum, TenThousandEpisodesDoNotRepeat) {
  std::unordered_set<std::string> seen;
  for (std::uint64_t i = 0; i < 10000; ++i) {
    EXPECT_TRUE(seen.insert(flat(without_text().episode(i, 0.7))).second) << "episode " << i;
  }
}

TEST(Curriculum, SpansLieInTheirTextAndEveryEpisodeTeachesSomething) {
  for (std::uint64_t i = 0; i < 3000; ++i) {
    const Episode episode = without_text().episode(i, static_cast<double>(i) / 3000);
    float learnt = 0;
    for (const EpisodeSegment& segment : episode.segments) {
      EXPECT_FALSE(segment.text.empty()) << episode.family;
      for (const EpisodeSegment::Span& span : segment.spans) {
        EXPECT_LT(span.begin, span.end);
        EXPECT_LE(span.end, segment.text.size());
        learnt += span.weight;
      }
    }
    EXPECT_GT(learnt, 0) << flat(episode);
    // Roles alternate and every turn is closed: <|role|> text <|end|>.
    ASSERT_EQ(episode.segments.size() % 3, 0U);
    for (std::size_t s = 0; s < episode.segments.size(); s += 3) {
      EXPECT_TRUE(episode.segments[s].control);
      EXPECT_FALSE(episode.segments[s + 1].control);
      EXPECT_EQ(episode.segments[s + 2].text, "<|end|>");
    }
    EXPECT_EQ(episode.segments[episode.segments.size() - 3].text, "<|assistant|>");
  }
}

TEST(Curriculum, OnlySpecialTokensAreControl) {
  const std::vector<std::string> special = Curriculum::special_tokens();
  EXPECT_EQ(std::set<std::string>(special.begin(), special.end()).size(), special.size());
  for (std::uint64_t i = 0; i < 500; ++i) {
    for (const EpisodeSegment& segment : without_text().episode(i, 1).segments) {
      if (!segment.control) continue;
      EXPECT_NE(std::find(special.begin(), special.end(), segment.text), special.end()) << segment.text;
    }
  }
}

TEST(Curriculum, CopyingGivesWayToReadingAndLabels) {
  const auto shares = [](double progress) {
    std::map<std::string, double> count;
    for (std::uint64_t i = 0; i < 4000; ++i) count[without_text().episode(i, progress).family] += 1.0 / 4000;
    return count;
  };
  std::map<std::string, double> first = shares(0), last = shares(1);
  EXPECT_GT(first["copy"] + first["recall"], 0.4);
  EXPECT_LT(last["copy"] + last["recall"], 0.1);
  EXPECT_GT(last["reading"], 0.25);
  double labels = 0;
  for (const auto& [family, share] : last) labels += family.starts_with("labels") ? share : 0;
  EXPECT_GT(labels, 0.35);
  EXPECT_GT(labels + last["reading"], 0.62);
  EXPECT_EQ(first["hops"], 0);
  EXPECT_GT(last["hops"], 0.02);
  EXPECT_EQ(last["prose"], 0) << "there is no text folder";
}

TEST(Curriculum, EpisodesFitTheContext) {
  // A token of the bundled vocabulary stands for more than 2 bytes on average; 1,024 of them are the context.
  std::size_t long_ones = 0;
  double bytes = 0;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    const std::size_t size = flat(without_text().episode(i, 1)).size();
    bytes += static_cast<double>(size) / 3000;
    long_ones += size > 2600 ? 1 : 0;
  }
  EXPECT_GT(bytes, 300);
  EXPECT_LT(bytes, 900);
  EXPECT_LT(long_ones, 60U);
}

TEST(Curriculum, HeldOutWordsNeverAppear) {
  // Words that stand in a held-out topic or attribute and nowhere in training's tables or sentences.
  const std::vector<std::string> held_out = {"sledge",   "snowboard", "avalanche",  "necklace",  "bracelet",
                                             "brooch",   "kiln",      "glaze",      "denture",   "toothbrush",
                                             "tripod",   "darkroom",  "honeycomb",  "beekeeper", "pollinate",
                                             "guardian", "inventor",  "harvest_day"};
  for (std::uint64_t i = 0; i < 6000; ++i) {
    const std::vector<std::string> words = words_of(flat(without_text().episode(i, 1)));
    for (const std::string& word : held_out)
      EXPECT_EQ(std::count(words.begin(), words.end(), word), 0) << word;
  }
}

TEST(Curriculum, SharesAskedForHoldFromTheFirstEpisodeOn) {
  const Curriculum curriculum = Curriculum::make(3, {}, {{"recall", 1}, {"sums", 3}});
  std::map<std::string, int> drawn;
  for (std::uint64_t i = 0; i < 2000; ++i) ++drawn[curriculum.episode(i, 0.5).family];
  EXPECT_EQ(drawn.size(), 2U);
  EXPECT_NEAR(drawn["recall"], 500, 100);
  EXPECT_NE(curriculum.description().find("sums 3/3/3/3"), std::string::npos) << curriculum.description();
}

TEST(Curriculum, SharesThatNameNoFamilyOrLeaveNothingAreRefused) {
  const auto message_of = [](const FamilyShares& shares) -> std::string {
    try {
      Curriculum::make(1, {}, shares);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message_of({{"lables", 1}}).find("no family 'lables', choose from: copy, recall"),
            std::string::npos);
  EXPECT_NE(message_of({{"prose", 1}}).find("all are 0"), std::string::npos);
  EXPECT_NE(message_of({{"labels", -1}}).find("labels is -1"), std::string::npos);
}

TEST(Curriculum, AnswersWeighMostWhereTheyAreDecided) {
  const Curriculum fields = Curriculum::make(1, {}, {{"fields", 1}});
  for (std::uint64_t i = 0; i < 300; ++i) {
    for (const EpisodeSegment& segment : fields.episode(i, 1).segments) {
      if (segment.spans.empty()) continue;
      // The first span that holds a byte says what it weighs.
      const auto weight_at = [&](std::size_t byte) {
        for (const EpisodeSegment::Span& span : segment.spans)
          if (byte >= span.begin && byte < span.end) return span.weight;
        return segment.weight;
      };
      const std::size_t key = segment.text.find('"') + 1, value = segment.text.find("\": ") + 3;
      EXPECT_GT(weight_at(key), weight_at(key + 1)) << segment.text;
      EXPECT_GT(weight_at(value), weight_at(value - 1)) << segment.text;
      EXPECT_GT(weight_at(0), segment.weight) << segment.text;
    }
  }
}

TEST(Curriculum, ProgressOutsideIsRefused) {
  EXPECT_THROW(without_text().episode(0, 1.5), Error);
  EXPECT_THROW(without_text().episode(0, -0.1), Error);
}

TEST(Lexicon, PoolsOfMadeUpWordsAreDisjoint) {
  Random random(3);
  Words training(random, Pool::training), held_out(random, Pool::held_out);
  for (int i = 0; i < 3000; ++i) {
    EXPECT_EQ(pool_of(training.made_up()), Pool::training);
    EXPECT_EQ(pool_of(held_out.made_up()), Pool::held_out);
  }
  std::set<std::string> names;
  for (const Topic& topic : topics(Pool::training)) names.insert(topic.name);
  for (const Topic& topic : topics(Pool::held_out)) EXPECT_EQ(names.count(topic.name), 0U) << topic.name;
  for (const Attribute& attribute : attributes(Pool::held_out)) {
    for (const Attribute& other : attributes(Pool::training)) EXPECT_NE(attribute.name, other.name);
  }
}

TEST(Lexicon, UnknownSlotIsAnError) {
  const std::pair<std::string_view, std::string_view> values[] = {{"a", "x"}};
  EXPECT_EQ(fill("{a} and {a}", values), "x and x");
  EXPECT_THROW(fill("{b}", values), Error);
}

TEST(Reading, PresentAnswersStandInTheDocumentsAndAbsentOnesAreSaid) {
  Random random(11);
  Words words(random, Pool::held_out);
  for (int i = 0; i < 400; ++i) {
    const Dialogue present = reading_item(words, 3, Reading::present);
    const std::string& question = present.turns[present.turns.size() - 2].text;
    EXPECT_NE(question.find(present.turns.back().text), std::string::npos) << question;
    EXPECT_NE(question.find("<doc>[3] "), std::string::npos);
    EXPECT_EQ(question.find("<doc>[4] "), std::string::npos);
    EXPECT_EQ(without_documents(present).turns[1].text.find("<doc>"), std::string::npos);
    EXPECT_EQ(reading_item(words, 3, Reading::absent).turns.back().text, kAbsentAnswer);
  }
}

TEST(Deeds, StatementsAndQuestionsNameTheSubjectAndTheVerb) {
  Random random(21);
  Words words(random, Pool::training);
  std::set<ValueKind> kinds;
  std::size_t unlinked = 0;
  for (int i = 0; i < 2000; ++i) {
    const DeedWords deed = draw_deed(words);
    const Attribute attribute = deed_attribute(words, deed);
    kinds.insert(attribute.kind);
    EXPECT_FALSE(attribute.name.empty());
    EXPECT_EQ(attribute.key.find(' '), std::string::npos);
    unlinked += attribute.questions.empty() ? 1 : 0;
    for (const std::string& form : attribute.statements) {
      EXPECT_NE(form.find("{e}"), std::string::npos) << form;
      EXPECT_NE(form.find("{v}"), std::string::npos) << form;
    }
    for (const std::string& form : attribute.questions) {
      EXPECT_NE(form.find("{e}"), std::string::npos) << form;
      EXPECT_EQ(form.find("{v}"), std::string::npos) << form;
    }
  }
  EXPECT_GE(kinds.size(), 12U);
  EXPECT_NEAR(static_cast<double>(unlinked), 240, 60);
}

TEST(Labels, RealSentencesSpeakOfTheirOwnClassOnly) {
  // Every second sentence of a word speaks of the next word too.
  std::vector<Keyword> keywords;
  for (int i = 0; i < 40; ++i) {
    const std::string word = "word" + std::string(1, static_cast<char>('a' + i % 26)) + (i < 26 ? "x" : "y");
    keywords.push_back({word, {"They saw the " + word + " there."}});
  }
  for (std::size_t i = 0; i + 1 < keywords.size(); ++i)
    keywords[i].sentences.push_back("A " + keywords[i].word + " and a " + keywords[i + 1].word + ".");
  std::size_t seen = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Random random(seed);
    Words words(random, Pool::training, {.keywords = keywords});
    const Dialogue dialogue = labels_dialogue(words, {0.3});
    std::map<std::string, std::set<std::string>> texts;  // by label
    for (std::size_t i = 0; i + 1 < dialogue.turns.size(); ++i) {
      if (dialogue.turns[i].speaker != Speaker::user) continue;
      for (const Keyword& keyword : keywords)
        for (const std::string& sentence : keyword.sentences)
          if (dialogue.turns[i].text.ends_with(sentence)) texts[dialogue.turns[i + 1].text].insert(sentence);
    }
    if (texts.size() < 2) continue;
    ++seen;
    std::set<std::string> first = texts.begin()->second;
    for (const std::string& sentence : std::next(texts.begin())->second) EXPECT_EQ(first.count(sentence), 0U);
  }
  EXPECT_GT(seen, 40U);
}

TEST(Labels, ArbitraryLabelsTellNothingBeforeADemonstration) {
  // A demonstration is a lesson only if the episode showed its class before or named it.
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    Words words(random, Pool::training);
    const Dialogue dialogue = labels_dialogue(words, {0.8});
    if (dialogue.family != "labels_arbitrary" && dialogue.family != "labels_flipped") continue;
    std::set<std::string> seen;
    for (const Turn& turn : dialogue.turns) {
      if (turn.speaker != Speaker::assistant) continue;
      EXPECT_EQ(turn.lesson == Lesson::learnt, seen.count(turn.text) == 1) << turn.text;
      seen.insert(turn.text);
    }
  }
}

TEST(Labels, ItemHasItsShotsAndItsChoices) {
  Random random(5);
  Words words(random, Pool::held_out);
  for (int i = 0; i < 200; ++i) {
    const Dialogue item = labels_item(words, 2, 8, Naming::flipped);
    ASSERT_EQ(item.choices.size(), 2U);
    EXPECT_EQ(item.turns.size(), 1U + 2 * 9);
    for (const std::string& choice : item.choices)
      EXPECT_NE(item.turns.front().text.find(choice), std::string::npos);
  }
}

TEST(Fields, AnswersAreJsonWithTheKeysAskedForAndValuesFromTheText) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Random random(seed);
    Words words(random, seed % 2 == 0 ? Pool::training : Pool::held_out);
    const Dialogue dialogue = plain_fields_dialogue(words, {0.9});
    const std::string& system = dialogue.turns.front().text;
    const Json keys =
        parse_json(system.substr(system.find('{'), system.rfind('}') + 1 - system.find('{')), "keys");
    for (std::size_t i = 1; i + 1 < dialogue.turns.size(); i += 2) {
      const Json answer = parse_json(dialogue.turns[i + 1].text, "answer");
      ASSERT_EQ(answer.size(), keys.size());
      for (auto key = keys.begin(), value = answer.begin(); key != keys.end(); ++key, ++value) {
        EXPECT_EQ(key.key(), value.key());
        if (!value->is_string()) continue;
        const std::string text = value->get<std::string>();
        const bool named = key->get<std::string>().find(text) != std::string::npos || text == "big" ||
                           text == "small" || text == "summer" || text == "winter";
        EXPECT_TRUE(named || dialogue.turns[i].text.find(text) != std::string::npos)
            << dialogue.turns[i].text << " | " << text;
      }
    }
  }
}

TEST(Steps, ScratchpadEndsInTheSum) {
  Random random(1);
  Words words(random, Pool::training);
  for (int i = 0; i < 200; ++i) {
    const Dialogue item = addition_item(words, 3, Scratchpad::used);
    const std::string answer = item.turns.back().text;
    std::vector<long> numbers;
    std::string digits;
    for (const char c : item.turns[1].text + " ") {
      if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
        digits += c;
      } else if (!digits.empty()) {
        numbers.push_back(std::stol(digits));
        digits.clear();
      }
    }
    ASSERT_EQ(numbers.size(), 2U);
    EXPECT_EQ(answer.substr(answer.find("</think>") + 8), std::to_string(numbers[0] + numbers[1]));
    EXPECT_TRUE(answer.starts_with("<think>"));
  }
}

TEST(Prose, HeldOutPartIsNeverDrawn) {
  const Path folder = Path(FULCRUM_SHARED_DIR) / "data" / "text" / "war-and-peace";
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "no text at " << folder;
  const Prose prose = Prose::read(folder);
  ASSERT_FALSE(prose.empty());
  const std::string held_out = prose.sources(20000).front().held_out;
  EXPECT_GT(held_out.size(), 10000U);
  const std::string sample = held_out.substr(0, held_out.find('\n'));
  Random random(2);
  for (int i = 0; i < 20000; ++i) {
    const std::string passage = prose.passage(random, 600);
    EXPECT_LE(passage.size(), 600U);
    EXPECT_GE(passage.size(), 40U);
    EXPECT_EQ(passage.find(sample), std::string::npos);
  }
  EXPECT_TRUE(Prose::read("no/such/folder").empty());
  EXPECT_GT(prose.keywords().size(), 200U);
  for (const Keyword& keyword : prose.keywords()) {
    EXPECT_GE(keyword.sentences.size(), 20U);
    for (const std::string& sentence : keyword.sentences) {
      EXPECT_NE(sentence.find(keyword.word), std::string::npos);
      EXPECT_EQ(held_out.find(sentence), std::string::npos) << sentence;
    }
  }
}

TEST(Gates, ItemsAreFixedDistinctAndAnswerable) {
  for (const Gate& gate : gates()) {
    std::unordered_set<std::string> seen;
    for (std::uint64_t i = 0; i < 120; ++i) {
      const Json item = gate_item(gate.name, i);
      EXPECT_EQ(to_line(item), to_line(gate_item(gate.name, i)));
      seen.insert(to_line(item));
      const Json& messages = item.contains("askings") ? item["askings"].back() : item["messages"];
      EXPECT_EQ(messages.back()["role"], "user");
      EXPECT_FALSE(item["answer"].get<std::string>().empty());
      if (!item.contains("choices")) continue;
      const auto choices = item["choices"].get<std::vector<std::string>>();
      EXPECT_NE(std::find(choices.begin(), choices.end(), item["answer"].get<std::string>()), choices.end());
    }
    EXPECT_GT(seen.size(), 115U) << gate.name;
  }
  EXPECT_THROW(gate_item("no_such_gate", 0), Error);
}

}  // namespace
}  // namespace fulcrum
