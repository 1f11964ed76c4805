#include "text/token_masks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/random.h"
#include "text/json_automaton.h"
#include "text/json_schema.h"

namespace fulcrum {
namespace {

// Bytes, and pieces that span several parts of a document.
Vocabulary vocabulary() {
  Vocabulary made;
  made.family = "llama";
  made.tokens = {"<unk>", "<s>", "</s>"};
  made.types = {TokenType::unknown, TokenType::control, TokenType::control};
  made.unknown = 0;
  made.bos = 1;
  made.eos = 2;
  for (int byte = 0; byte < 256; ++byte) {
    made.tokens.push_back(fmt::format("<0x{:02X}>", byte));
    made.types.push_back(TokenType::byte);
  }
  for (const char* piece : {"{\"",
                            "{\"a",
                            "{\"a\":",
                            "\":",
                            "\":\xE2\x96\x81",
                            "\",",
                            "\"}",
                            "true",
                            "tr",
                            "ue}",
                            "],",
                            "[[",
                            "1",
                            "12",
                            "123",
                            ",\xE2\x96\x81\"",
                            "null}",
                            "\xE2\x96\x81",
                            "\xE2\x96\x81{\"",
                            "\xC3\xA9",
                            "b"}) {
    made.tokens.push_back(piece);
    made.types.push_back(TokenType::normal);
  }
  made.scores.assign(made.tokens.size(), 0);
  return made;
}

constexpr const char* kSchema =
    R"({"type": "object", "properties": {"a": {"type": ["boolean", "null", "integer"]}, "b": {"type": "string"}},
        "required": ["a"], "additionalProperties": false})";

class TokenMasksTest : public testing::Test {
 protected:
  std::unique_ptr<Tokenizer> tokenizer_ = make_tokenizer(vocabulary());
  TokenMasks masks_{json_automaton(parse_json(kSchema, "schema")),
                    std::make_shared<const SortedPieces>(*tokenizer_)};
};

// A pass over the sorted pieces finds what trying each token on its own finds, and where it leads.
TEST_F(TokenMasksTest, allows_what_the_automaton_takes_byte_by_byte) {
  ByteAutomaton plain = json_automaton(parse_json(kSchema, "schema"));
  const SortedPieces first(*tokenizer_, 1);
  std::set<std::size_t> counts;
  for (const char* text : {"", "{", "{\"a", "{\"a\":", "{\"a\": t", "{\"a\": 1", "{\"a\": 12, \"b\": \"x",
                           "{\"a\": null}", "{\"a\": 12, \"b\": \"\xC3"}) {
    const auto own = masks_.automaton().advance(masks_.automaton().start(), text);
    const auto state = plain.advance(plain.start(), text);
    ASSERT_TRUE(own && state) << text;
    std::vector<TokenId> expected, at_start;
    for (TokenId id = 3; id < tokenizer_->size(); ++id) {
      if (plain.advance(*state, tokenizer_->piece(id))) expected.push_back(id);
      // What writes nothing at the start could go on for ever.
      const std::string first_piece = tokenizer_->piece_after(1, id);
      if (!first_piece.empty() && plain.advance(*state, first_piece)) at_start.push_back(id);
    }
    std::vector<TokenId> found;
    for (const AllowedToken& token : masks_.allowed(*own)) {
      found.push_back(token.id);
      EXPECT_EQ(masks_.automaton().advance(*own, tokenizer_->piece(token.id)), token.next);
    }
    EXPECT_EQ(found, expected) << text;
    found.clear();
    for (const AllowedToken& token : masks_.allowed_first(first, *own)) found.push_back(token.id);
    EXPECT_EQ(found, at_start) << text;
    counts.insert(expected.size());
  }
  EXPECT_TRUE(counts.contains(0));  // behind a whole document
  EXPECT_GT(*counts.rbegin(), 100U);
}

TEST_F(TokenMasksTest, walks_over_tokens_end_in_documents_of_the_schema) {
  const JsonSchema schema = JsonSchema::parse(parse_json(kSchema, "schema"));
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    std::string text;
    auto state = masks_.automaton().start();
    while (!masks_.automaton().is_complete(state)) {
      std::vector<AllowedToken> ways = masks_.allowed(state);
      if (text.size() > 60) {
        const auto here = masks_.automaton().bytes_to_end(state);
        std::erase_if(
            ways, [&](const AllowedToken& way) { return masks_.automaton().bytes_to_end(way.next) >= here; });
      }
      ASSERT_FALSE(ways.empty()) << text;
      const AllowedToken way = random.choose(ways);
      text += tokenizer_->piece(way.id);
      state = way.next;
    }
    EXPECT_TRUE(schema.accepts(parse_json(text, "walk"))) << text;
  }
}

}  // namespace
}  // namespace fulcrum
