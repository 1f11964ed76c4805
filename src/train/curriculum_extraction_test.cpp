#include "train/curriculum_extraction.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "base/json.h"
#include "train/curriculum_fields.h"
#include "train/curriculum_message.h"
#include "train/gates.h"

namespace fulcrum {
namespace {

Dialogue draw(std::uint64_t seed, double level) {
  Random random(1, seed);
  Words words(random, Pool::training);
  return extraction_dialogue(words, {level});
}

std::string text_of(const Dialogue& dialogue) {
  std::string text;
  for (const Turn& turn : dialogue.turns) text += turn.text + "\n";
  return text;
}

// Turns of an episode: the message and the object that answers it.
template <typename Check>
void for_each_answer(std::uint64_t episodes, double level, const Check& check) {
  for (std::uint64_t seed = 0; seed < episodes; ++seed) {
    const Dialogue dialogue = draw(seed, level);
    for (std::size_t i = 1; i + 1 < dialogue.turns.size(); i += 2)
      check(dialogue.turns.front().text, dialogue.turns[i].text,
            parse_json(dialogue.turns[i + 1].text, "answer"));
  }
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

TEST(Extraction, EverySchemaNamesItsKeysAndEveryValueStandsInTheTextOrAmongTheOptions) {
  for_each_answer(1500, 0.9, [](const std::string& system, const std::string& text, const Json& answer) {
    EXPECT_GE(answer.size(), 1U);
    EXPECT_LE(answer.size(), 7U);
    for (const auto& [key, value] : answer.items()) {
      EXPECT_TRUE(contains(system, key)) << system;
      if (value.is_string()) {
        const auto said = value.get<std::string>();
        const bool yes_or_no = said == "yes" || said == "no";
        EXPECT_TRUE(contains(text, said) || contains(system, said) || yes_or_no) << system << "\n" << text;
        // What neither the message nor the schema holds would have to be guessed.
        EXPECT_TRUE(!yes_or_no || contains(system, "yes")) << system;
      } else if (value.is_number_integer()) {
        EXPECT_TRUE(contains(text, std::to_string(value.get<std::int64_t>()))) << text;
      } else if (value.is_number()) {
        EXPECT_TRUE(contains(text, value.dump())) << text << value.dump();
      } else if (value.is_array()) {
        EXPECT_FALSE(value.empty());
        for (const Json& name : value) EXPECT_TRUE(contains(text, name.get<std::string>())) << text;
      } else if (value.is_boolean()) {
        EXPECT_TRUE(contains(system, "true or false") || contains(system, "boolean")) << system;
      } else {
        EXPECT_TRUE(value.is_null());
      }
    }
  });
}

TEST(Extraction, NothingThatIsToldIsAnsweredWithNull) {
  // Without distractors every price, time of day, code and phone number of a message is asked for.
  const std::regex value_like(R"((\$|€)[0-9]+(\.[0-9]+)?|[0-9]+:[0-9]{2}|\b0[0-9]{6}\b)");
  std::size_t seen = 0;
  for_each_answer(1500, 0.0, [&](const std::string& system, const std::string& text, const Json& answer) {
    const std::string values = answer.dump();
    for (auto at = std::sregex_iterator(text.begin(), text.end(), value_like); at != std::sregex_iterator();
         ++at) {
      ++seen;
      std::string value = at->str();
      if (!contains(values, value))
        value = value.substr(value[0] == '$' ? 1 : value.starts_with("€") ? 3 : 0);
      EXPECT_TRUE(contains(values, value)) << system << "\n" << text << "\n" << values;
    }
  });
  EXPECT_GT(seen, 200U);
}

TEST(Extraction, AFifthToAThirdOfTheSlotsIsMissing) {
  std::size_t slots = 0, missing = 0;
  for_each_answer(1500, 0.8, [&](const std::string&, const std::string&, const Json& answer) {
    slots += answer.size();
    for (const Json& value : answer) missing += value.is_null() ? 1 : 0;
  });
  const double share = static_cast<double>(missing) / static_cast<double>(slots);
  EXPECT_GT(share, 0.2);
  EXPECT_LT(share, 0.33);
}

TEST(Extraction, ImpliedAndMissingOnesAreToldByTheirSentencesOnly) {
  // Whichever option's sentence stands in the text is the answer; without one it is null.
  std::map<std::string, std::size_t> answered;
  for_each_answer(3000, 0.9, [&](const std::string& system, const std::string& text, const Json& answer) {
    for (const Implied& implied : implied_choices()) {
      const auto member = answer.find(implied.key);
      if (member == answer.end() || !contains(system, implied.options.front().name)) continue;
      std::string told;
      for (const Implied::Option& option : implied.options)
        for (const std::string& sentence : option.sentences) {
          const std::string body = lower(sentence.substr(0, sentence.size() - 1));
          if (contains(lower(text), body)) told = option.name;
        }
      EXPECT_EQ(member->is_null() ? std::string() : member->get<std::string>(), told) << system << "\n"
                                                                                      << text;
      ++answered[member->is_null() ? "null" : "told"];
    }
  });
  EXPECT_GT(answered["told"], 300U);
  EXPECT_GT(answered["null"], 60U);
}

TEST(Extraction, EveryWordingOfASchemaComesUp) {
  const std::vector<std::string> wordings = {", or null\"",
                                             "or null if it is not said",
                                             "null when missing",
                                             "(a whole number)",
                                             "(yes or no)",
                                             "(true or false)",
                                             "one of: ",
                                             " | ",
                                             "or null (a whole number)",
                                             "\"properties\":{",
                                             "\n- ",
                                             "integer or null",
                                             "Answer with JSON: {",
                                             "(a number)",
                                             "(a list)",
                                             "[\"string\",\"null\"]"};
  std::map<std::string, std::size_t> seen;
  std::size_t zero_shot = 0;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const Dialogue dialogue = draw(seed, 0.9);
    zero_shot += dialogue.turns.size() == 3 ? 1 : 0;
    for (const std::string& wording : wordings)
      seen[wording] += contains(dialogue.turns.front().text, wording) ? 1 : 0;
  }
  for (const std::string& wording : wordings) EXPECT_GT(seen[wording], 10U) << wording;
  EXPECT_GT(zero_shot, 500U);
  EXPECT_LT(zero_shot, 1200U);
}

TEST(Extraction, NoKeyOfAGateIsEverAskedForAndEpisodesFitTheContext) {
  std::set<std::string> gate_keys;
  for (std::uint64_t i = 0; i < 300; ++i) {
    const Json answer = parse_json(gate_item("json_3_fields", i)["answer"].get<std::string>(), "answer");
    for (const auto& [key, value] : answer.items()) gate_keys.insert(lower(key));
  }
  EXPECT_GT(gate_keys.size(), 15U);
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const Dialogue dialogue = draw(seed, 1.0);
    EXPECT_LT(text_of(dialogue).size(), 3000U);
    const Json answer = parse_json(dialogue.turns.back().text, "answer");
    for (const auto& [key, value] : answer.items()) EXPECT_EQ(gate_keys.count(lower(key)), 0U) << key;
    EXPECT_EQ(text_of(dialogue), text_of(draw(seed, 1.0)));
  }
}

TEST(Extraction, AWordOfAnotherTopicIsFoundInItsForms) {
  SchemaSlot slot;
  slot.options = {"painting", "sleep"};
  EXPECT_TRUE(names_another_topic("They painted it.", slot, "sleep"));
  EXPECT_FALSE(names_another_topic("They painted it.", slot, "painting"));
  EXPECT_TRUE(names_another_topic("Two Pillows", slot, ""));
  EXPECT_FALSE(names_another_topic("They counted the sheep.", slot, ""));
}

}  // namespace
}  // namespace fulcrum
