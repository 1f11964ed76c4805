#include "train/curriculum_orders.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "base/json.h"
#include "train/curriculum_formats.h"
#include "train/gates.h"

namespace fulcrum {
namespace {

Dialogue draw(std::uint64_t seed, double level) {
  Random random(2, seed);
  Words words(random, Pool::training);
  return orders_dialogue(words, {level});
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// What stands in double quotes.
std::vector<std::string> quoted(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t open = text.find('"'); open != std::string::npos;) {
    const std::size_t close = text.find('"', open + 1);
    if (close == std::string::npos) break;
    parts.push_back(text.substr(open + 1, close - open - 1));
    open = text.find('"', close + 1);
  }
  return parts;
}

TEST(Formats, EachDirectionDoesWhatItSays) {
  const std::vector<std::string> items = {"pear", "apple", "fig"};
  const auto text = [&](const Format& format) { return apply(format, items, " ").text; };
  EXPECT_EQ(text({}), "pear apple fig");
  EXPECT_EQ(text({.pick = Format::Pick::first}), "pear");
  EXPECT_EQ(text({.pick = Format::Pick::last}), "fig");
  EXPECT_EQ(text({.pick = Format::Pick::rest}), "apple fig");
  EXPECT_EQ(text({.pick = Format::Pick::count}), "3");
  EXPECT_EQ(text({.order = Format::Order::reversed}), "fig apple pear");
  EXPECT_EQ(text({.order = Format::Order::alphabetical}), "apple fig pear");
  EXPECT_EQ(text({.letters = Format::Case::upper, .prefix = "Ax: "}), "Ax: PEAR APPLE FIG");
  EXPECT_EQ(text({.letters = Format::Case::capitalised, .suffix = " ok"}), "Pear Apple Fig ok");
  EXPECT_EQ(text({.layout = Format::Layout::joined, .mark = "; "}), "pear; apple; fig");
  EXPECT_EQ(text({.layout = Format::Layout::numbered, .mark = ") ", .between = " "}),
            "1) pear 2) apple 3) fig");
  EXPECT_EQ(text({.layout = Format::Layout::lines, .mark = "- "}), "- pear\n- apple\n- fig");
  EXPECT_EQ(text({.times = 2}), "pear pear apple apple fig fig");
  EXPECT_EQ(text({.item_open = "<", .item_close = ">"}), "<pear> <apple> <fig>");
  EXPECT_EQ(text({.count_mark = ": ", .suffix = "!"}), "3: pear apple fig!");
  EXPECT_EQ(text({.open = "[", .close = "]", .prefix = "* ", .suffix = "!"}), "* [pear apple fig]!");
  const Formatted formatted = apply({.prefix = "Ax: ", .suffix = "!"}, items, " ");
  EXPECT_EQ(formatted.decisions.front(), 0U);
  EXPECT_EQ(formatted.decisions[1], 4U);
  EXPECT_EQ(formatted.decisions.back(), formatted.text.size());
}

TEST(Orders, AnswersHoldNothingButTheMessageAndWhatIsQuoted) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const Dialogue dialogue = draw(seed, static_cast<double>(seed % 5) / 4);
    const std::string& system = dialogue.turns.front().text;
    const std::vector<std::string> tokens = quoted(system);
    for (std::size_t i = 1; i + 1 < dialogue.turns.size(); i += 2) {
      const std::string message = lower(dialogue.turns[i].text);
      std::string allowed = message;
      for (const std::string& token : tokens) allowed.append(" ").append(lower(token));
      const std::string& answer = dialogue.turns[i + 1].text;
      EXPECT_FALSE(answer.empty());
      // Every run of letters of the answer is one of the message or of the quoted tokens.
      std::string run;
      for (const char c : lower(answer) + " ") {
        if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
          run += c;
          continue;
        }
        EXPECT_TRUE(run.empty() || allowed.find(run) != std::string::npos) << system << "\n" << answer;
        run.clear();
      }
      const bool begins = system.starts_with("Begin every answer with \""),
                 ends = system.starts_with("End every answer with \"");
      EXPECT_TRUE(!begins || answer.starts_with(tokens.front())) << answer;
      EXPECT_TRUE(!ends || answer.ends_with(tokens.front())) << answer;
    }
  }
}

TEST(Orders, FormatsOfTheGateAreNeverTaught) {
  std::set<std::string> systems;
  for (std::uint64_t i = 0; i < 300; ++i)
    systems.insert(gate_item("format", i)["messages"][0]["content"].get<std::string>());
  EXPECT_EQ(systems.size(), 8U);
  std::vector<std::string> held_out(std::begin(kHeldOutOpen), std::end(kHeldOutOpen));
  held_out.insert(held_out.end(), std::begin(kHeldOutClose), std::end(kHeldOutClose));
  for (const std::string& token : held_out) EXPECT_TRUE(resembles_held_out_token(token)) << token;
  // Real words that are the gate's too, so that only the filter keeps them out.
  const std::vector<std::string> common = {"reply", "report", "harbour"};
  for (std::uint64_t seed = 0; seed < 6000; ++seed) {
    Random random(3, seed);
    Words words(random, Pool::training, {.common = common});
    const Dialogue dialogue = orders_dialogue(words, {static_cast<double>(seed % 5) / 4});
    const std::string& system = dialogue.turns.front().text;
    EXPECT_EQ(systems.count(system), 0U) << system;
    for (const std::string& token : quoted(system)) EXPECT_FALSE(resembles_held_out_token(token)) << system;
  }
}

TEST(Orders, AreAFunctionOfTheirSeedAndDiffer) {
  std::set<std::string> systems;
  std::size_t single = 0;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const Dialogue dialogue = draw(seed, 0.7), again = draw(seed, 0.7);
    ASSERT_EQ(dialogue.turns.size(), again.turns.size());
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < dialogue.turns.size(); ++i) {
      EXPECT_EQ(dialogue.turns[i].text, again.turns[i].text);
      bytes += dialogue.turns[i].text.size();
    }
    EXPECT_LT(bytes, 3000U);
    systems.insert(dialogue.turns.front().text);
    single += dialogue.turns.size() == 3 ? 1 : 0;
  }
  EXPECT_GT(systems.size(), 1500U);
  EXPECT_GT(single, 300U);
}

}  // namespace
}  // namespace fulcrum
