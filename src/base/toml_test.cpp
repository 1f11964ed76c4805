#include "base/toml.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace fulcrum {
namespace {

template <typename Work>
std::string message_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    return error.what();
  }
  return "nothing was thrown";
}

TomlTable root_of(std::string_view text) {
  return TomlFile::parse(text, "task.toml").root();
}

TEST(Toml, ReadsEveryKindOfValue) {
  TomlTable root = root_of(R"(
name = "triage"
count = 3
target = 0.9
whole = 2
on = true
words = ["a", "b"]
figures = [1, 2.5]
[prices]
currency = "EUR"
[[labels]]
name = "x"
[[labels]]
name = "y"
)");
  EXPECT_EQ(root.text("name"), "triage");
  EXPECT_EQ(root.integer("count"), 3);
  EXPECT_EQ(root.number("target"), 0.9);
  EXPECT_EQ(root.number("whole"), 2.0);
  EXPECT_TRUE(root.boolean("on", false));
  EXPECT_EQ(root.texts("words"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(root.numbers("figures"), (std::vector<double>{1, 2.5}));
  EXPECT_THROW(root.integers("figures"), Error);
  auto prices = root.table("prices");
  ASSERT_TRUE(prices);
  EXPECT_EQ(prices->text("currency"), "EUR");
  prices->finish();
  std::vector<TomlTable> labels = root.tables("labels");
  ASSERT_EQ(labels.size(), 2u);
  EXPECT_EQ(labels[1].text("name"), "y");
  EXPECT_NO_THROW(root.finish());
}

TEST(Toml, AbsentKeysGiveTheFallback) {
  TomlTable root = root_of("");
  EXPECT_EQ(root.text("a", "x"), "x");
  EXPECT_EQ(root.integer("b", 4), 4);
  EXPECT_EQ(root.number("c", 1.5), 1.5);
  EXPECT_FALSE(root.boolean("d", false));
  EXPECT_TRUE(root.texts("e").empty());
  EXPECT_TRUE(root.tables("f").empty());
  EXPECT_FALSE(root.table("g"));
  EXPECT_FALSE(root.has("a"));
}

TEST(Toml, AnUnknownKeyIsNamedWithItsLineAndTheNearestRightOne) {
  TomlTable root = root_of("name = \"x\"\n\nmetirc = \"accuracy\"\n");
  root.text("name");
  root.text("metric", "");
  EXPECT_EQ(message_of([&] { root.finish(); }),
            "task.toml, line 3: unknown key 'metirc'; did you mean 'metric'?");
}

TEST(Toml, AnUnknownKeyNearNothingIsAnsweredWithTheKnownOnes) {
  TomlTable root = root_of("[prices]\nzzzzzz = 1\n");
  auto prices = root.table("prices");
  prices->text("currency", "");
  EXPECT_EQ(message_of([&] { prices->finish(); }),
            "task.toml, line 2: unknown key 'zzzzzz' in [prices]; known here: currency");
}

TEST(Toml, TheFirstUnknownKeyOfTheFileIsTheOneNamed) {
  TomlTable root = root_of("zebra = 1\nant = 2\n");
  EXPECT_NE(message_of([&] { root.finish(); }).find("line 1: unknown key 'zebra'"), std::string::npos);
}

TEST(Toml, MissingAndMistypedKeysSayWhere) {
  TomlTable root = root_of("nmae = \"x\"\ntarget = \"high\"\nwords = [\"a\", 1]\n");
  EXPECT_EQ(message_of([&] { root.text("name"); }),
            "task.toml, line 1: the key 'name' is missing; is 'nmae' meant to be it?");
  EXPECT_EQ(message_of([&] { root.number("target"); }),
            "task.toml, line 2: 'target' must be a number, and it is a text");
  EXPECT_EQ(message_of([&] { root.texts("words"); }),
            "task.toml, line 3: 'words' must be an array of texts only, and it is an integer");
  EXPECT_EQ(message_of([&] { root.refuse("target", "must be below 1"); }),
            "task.toml, line 2: 'target': must be below 1");
}

TEST(Toml, SyntaxErrorsSayWhere) {
  EXPECT_NE(message_of([] { TomlFile::parse("a = 1\nb = = 2\n", "task.toml"); }).find("task.toml, line 2: "),
            std::string::npos);
}

TEST(Toml, QuotedTextComesBack) {
  const std::string text = "a \"quote\", a \\, a tab\t, two\nlines\r, \x01\x7F and \xC3\xA9";
  EXPECT_EQ(root_of("k = " + toml_quote(text)).text("k"), text);
}

TEST(NearestWord, AllowsASlipAndNoMore) {
  const std::vector<std::string> words = {"accuracy", "macro_f1", "exact_match"};
  EXPECT_EQ(nearest_word("acuracy", words), "accuracy");
  EXPECT_EQ(nearest_word("Accuracy", words), "accuracy");
  EXPECT_EQ(nearest_word("exact-match", words), "exact_match");
  EXPECT_EQ(nearest_word("ab", {"ba"}), "ba");  // neighbours swapped: one slip
  EXPECT_FALSE(nearest_word("bleu", words));
  EXPECT_FALSE(nearest_word("x", {}));
}

}  // namespace
}  // namespace fulcrum
