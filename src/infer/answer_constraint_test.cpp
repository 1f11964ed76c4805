#include "infer/answer_constraint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "base/random.h"
#include "infer/engine.h"
#include "infer/vocabulary.h"
#include "model/tiny_model.h"

namespace fulcrum {
namespace {

constexpr const char* kSchema =
    R"({"type": "object", "properties": {"order": {"type": ["string", "null"]}, "plant": {"type": ["string", "null"]},
        "count": {"type": ["integer", "null"]}, "city": {"type": ["string", "null"]}},
        "required": ["order", "plant", "count", "city"], "additionalProperties": false})";

class AnswerConstraintTest : public testing::Test {
 protected:
  AnswerConstraint constraint(const std::string& schema, std::int64_t max_tokens) {
    return {shelf_.masks_of(schema), shelf_.first_pieces(std::nullopt), {ends_}, max_tokens};
  }
  void push_all(AnswerConstraint& constraint, std::string_view text) {
    for (const char byte : text) {
      const auto allowed = constraint.allowed();
      const TokenId id =
          *engine_.tokenizer().find(fmt::format("<0x{:02X}>", static_cast<unsigned char>(byte)));
      ASSERT_TRUE(std::ranges::binary_search(allowed, id)) << byte << " of " << text;
      constraint.push(id);
    }
  }
  bool may_end(AnswerConstraint& constraint) {
    return std::ranges::binary_search(constraint.allowed(), ends_.front());
  }

  Engine engine_{make_tiny_model({}), {}};
  SchemaShelf shelf_{engine_.tokenizer()};
  std::vector<TokenId> ends_ = {*end_of_answer(engine_.tokenizer().vocabulary())};
};

TEST_F(AnswerConstraintTest, TheEndIsAllowedWhereTheDocumentIsOne) {
  AnswerConstraint number = constraint(R"({"type": "integer"})", 20);
  EXPECT_FALSE(may_end(number));
  push_all(number, "-1");
  EXPECT_TRUE(may_end(number));
  EXPECT_FALSE(number.is_complete());  // more digits could follow
  EXPECT_TRUE(number.accepts());
  AnswerConstraint text = constraint(R"({"type": "string"})", 20);
  push_all(text, "\"a\"");
  EXPECT_TRUE(text.is_complete());
  EXPECT_TRUE(may_end(text));
  EXPECT_EQ(text.allowed().size(), 1U);
}

TEST_F(AnswerConstraintTest, OnlyWhatCanStillBeEndedIsAllowed) {
  AnswerConstraint text = constraint(R"({"type": "string"})", 4);
  push_all(text, "\"ab");
  const TokenId quote = *engine_.tokenizer().find("<0x22>");
  for (const TokenId id : text.allowed())
    EXPECT_TRUE(id == quote || engine_.tokenizer().piece(id) == "\"") << engine_.tokenizer().piece(id);
}

TEST_F(AnswerConstraintTest, ASchemaIsCompiledOnce) {
  EXPECT_EQ(shelf_.masks_of(kSchema), shelf_.masks_of(kSchema));
  EXPECT_NE(shelf_.masks_of(kSchema), shelf_.masks_of("{}"));
  EXPECT_THROW(shelf_.masks_of(R"({"not": {}})"), Error);
}

// What holding costs a token with the bundled model's vocabulary: microseconds beside milliseconds of the
// model.
TEST(AnswerConstraintSlow, CostOfATokenIsSmall) {
  EngineOptions options;
  options.threads = 1;
  const auto engine = Engine::load(Path(FULCRUM_SOURCE_DIR) / "models/fulcrum-base.gguf", options);
  const Tokenizer& tokenizer = engine->tokenizer();
  const std::vector<TokenId> ends = {*end_of_answer(tokenizer.vocabulary())};
  using Clock = std::chrono::steady_clock;
  const auto microseconds = [](Clock::time_point from) {
    return std::chrono::duration<double, std::micro>(Clock::now() - from).count();
  };
  SchemaShelf shelf(tokenizer);
  auto start = Clock::now();
  const auto masks = shelf.masks_of(kSchema);
  const auto first = shelf.first_pieces(std::nullopt);
  const double preparing = microseconds(start);
  double cold = 0, warm = 0;
  for (int round = 0; round < 2; ++round) {
    Random random(1);
    std::int64_t tokens = 0;
    start = Clock::now();
    for (int answer = 0; answer < 100; ++answer) {
      AnswerConstraint constraint(masks, first, ends, 72);
      while (!constraint.is_complete()) {
        const auto allowed = constraint.allowed();
        constraint.push(allowed[random.below(allowed.size())]);
        ++tokens;
      }
    }
    (round == 0 ? cold : warm) = microseconds(start) / static_cast<double>(tokens);
  }

  GenerateRequest request;
  request.messages = {
      {"user", "My order is L1095. You sent me 4 pothoss that went brown. We are in Kendal."}};
  request.max_tokens = 72;
  request.json_schema = kSchema;
  const auto seconds_a_token = [&] {
    double best = 1e9;
    for (int round = 0; round < 8; ++round) {
      const Generation answer = engine->generate(std::span(&request, 1), {}).at(0);
      const auto further = static_cast<double>(answer.usage.completion_tokens - 1);
      best = std::min(best, (answer.seconds - answer.seconds_to_first_token) / further);
    }
    return best;
  };
  const double held = seconds_a_token();
  request.json_schema.clear();
  const double free = seconds_a_token();
  fmt::print(
      "preparing {:.0f} us; a token: {:.1f} us new, {:.1f} us known; the engine: {:.1f} us held, {:.1f} us "
      "free\n",
      preparing, cold, warm, 1e6 * held, 1e6 * free);
  EXPECT_LT(warm, 1000);
}

}  // namespace
}  // namespace fulcrum
