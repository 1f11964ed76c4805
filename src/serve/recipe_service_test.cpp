#include "serve/recipe_service.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "text/scripted_lm.h"

namespace fulcrum {
namespace {

ChatCall call_of(const std::string& model, const std::string& format) {
  return parse_chat_call(R"({"model": ")" + model +
                         R"(", "messages": [{"role": "user", "content": "four plants"}],
                         "response_format": )" +
                         format + "}");
}

constexpr const char* kFormat = R"({"type": "json_schema", "json_schema": {"name": "facts", "schema":
    {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}}})";

class RecipeServiceTest : public testing::Test {
 protected:
  static std::vector<ServedRecipe> recipes() {
    ServedRecipe extract;
    extract.recipe.id = "extract";
    extract.recipe.program.signature.instruction = "Take the facts.";
    ServedRecipe triage = extract;
    triage.recipe.id = "triage";
    triage.recipe.program.decoding = Decoding::choose;
    triage.recipe.program.signature.labels = {{"billing", ""}, {"orders", ""}};
    return {extract, triage};
  }

  RecipeServiceTest() {
    model_.answer_by([](const GenerateRequest& request) {
      return request.json_schema.empty() ? std::string("four") : std::string(R"({"count": 4})");
    });
  }

  ScriptedLM model_;
  RecipeService service_{model_, recipes()};
};

TEST_F(RecipeServiceTest, TheFormatOfTheCallHoldsTheAnswer) {
  for (const std::string& model : {model_.info().name, std::string("extract")}) {
    EXPECT_EQ(service_.answer(call_of(model, kFormat), {}, {}).text, R"({"count": 4})") << model;
    EXPECT_EQ(service_.answer(call_of(model, R"({"type": "json_object"})"), {}, {}).text, R"({"count": 4})");
    EXPECT_EQ(service_.answer(call_of(model, R"({"type": "text"})"), {}, {}).text, "four");
  }
  EXPECT_EQ(model_.generate_requests()[1].json_schema, R"({"type":"object"})");
}

TEST_F(RecipeServiceTest, ALabelHasNoOtherFormat) {
  try {
    service_.answer(call_of("triage", kFormat), {}, {});
    FAIL() << "expected unsupported";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_EQ(std::string(error.what()).find("response_format: "), 0U);
  }
}

}  // namespace
}  // namespace fulcrum
