#include "recipe/recipe.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hash.h"
#include "text/scripted_lm.h"

namespace fulcrum {
namespace {

class RecipeTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        Path(testing::TempDir()) / fmt::format("fulcrum-recipe-{}-{}", getpid(),
                                               testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // One with something in every place.
  Recipe whole() const {
    Recipe recipe;
    recipe.id = "fine_tuned+retrieval";
    recipe.task = "answer";
    recipe.levers = {"fine_tune", "retrieval"};
    recipe.base = {"tiny", std::string(64, 'a'), folder_ / "models/tiny.gguf"};
    PromptProgram& program = recipe.program;
    program.name = "p";
    program.signature.system = "A \"quoted\" line\nand another.";
    program.signature.instruction = "Do it.";
    program.signature.form = AnswerForm::custom;
    program.signature.form_text = "Say so.";
    program.signature.labels = {{"a", "x"}, {"b", ""}};
    program.signature.fields = {{"k", "d", FieldType::text_list}};
    program.demonstrations = {{"train:1", "in", "out", {"passage one", "two"}},
                              {"train:2", "caf\xC3\xA9", "\t", {}}};
    program.shown = 1;
    program.choice = DemonstrationChoice::nearest;
    program.reasoning = Reasoning::think_first;
    program.decoding = Decoding::choose;
    program.passages = 3;
    program.max_answer_tokens = 5;
    program.max_reasoning_tokens = 6;
    program.votes = 4;
    program.vote_temperature = 0.3;
    program.rewordings = {"Please do it."};
    recipe.retrieval = RetrievalSettings{folder_ / "docs", {77, 11}, "words", std::string(64, 'b')};
    recipe.tune = TuneSettings{4, 8, 1e-5, 2, 3, 1, ~0ull, {"q_proj"}, 100};
    recipe.adapter = AdapterReference{folder_ / "adapter", std::string(64, 'c')};
    return recipe;
  }

  Path folder_;
};

TEST_F(RecipeTest, ComesBackFromItsFile) {
  const Recipe recipe = whole();
  write_recipe(recipe, folder_ / "sub" / "recipe.toml");
  EXPECT_EQ(read_recipe(folder_ / "sub" / "recipe.toml"), recipe);
  Recipe plain;
  plain.id = "zero_shot";
  plain.base.name = "remote";
  write_recipe(plain, folder_ / "plain.toml");
  EXPECT_EQ(read_recipe(folder_ / "plain.toml"), plain);
}

TEST_F(RecipeTest, ItsFolderCanBeMoved) {
  const Recipe recipe = whole();
  write_recipe(recipe, folder_ / "recipe.toml");
  EXPECT_EQ(read_file(folder_ / "recipe.toml").find(folder_.string()), std::string::npos);
  const Path moved = folder_.string() + "-moved";
  std::filesystem::rename(folder_, moved);
  const Recipe there = read_recipe(moved / "recipe.toml");
  EXPECT_EQ(there.adapter->folder, moved / "adapter");
  EXPECT_EQ(there.retrieval->documents, moved / "docs");
  EXPECT_EQ(recipe_sha256(there), recipe_sha256(recipe));
  std::filesystem::remove_all(moved);
}

TEST_F(RecipeTest, ItsDigestFollowsWhatDecidesTheAnswers) {
  const std::string before = recipe_sha256(whole());
  const auto differs = [&](auto change) {
    Recipe recipe = whole();
    change(recipe);
    return recipe_sha256(recipe) != before;
  };
  EXPECT_TRUE(differs([](Recipe& r) { r.program.signature.instruction += " "; }));
  EXPECT_TRUE(differs([](Recipe& r) { r.program.demonstrations[0].passages[1] = "three"; }));
  EXPECT_TRUE(differs([](Recipe& r) { r.base.sha256[0] = 'f'; }));
  EXPECT_TRUE(differs([](Recipe& r) { r.adapter->sha256[0] = 'f'; }));
  EXPECT_TRUE(differs([](Recipe& r) { r.retrieval->index_sha256[0] = 'f'; }));
  EXPECT_FALSE(differs([](Recipe& r) { r.base.file = "elsewhere.gguf"; }));
}

TEST_F(RecipeTest, AWrongKeyOrValueIsNamed) {
  write_recipe(whole(), folder_ / "recipe.toml");
  const std::string text = read_file(folder_ / "recipe.toml");
  const auto message_with = [&](std::string_view from, std::string_view to) -> std::string {
    std::string edited = text;
    edited.replace(edited.find(from), from.size(), to);
    write_file_atomic(folder_ / "edited.toml", edited);
    try {
      read_recipe(folder_ / "edited.toml");
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was thrown";
  };
  EXPECT_NE(message_with("votes", "vots").find("did you mean 'votes'?"), std::string::npos);
  EXPECT_NE(message_with("\"think_first\"", "\"thinking\"").find("'reasoning' in [program]: 'thinking'"),
            std::string::npos);
  EXPECT_NE(message_with("schema = 1", "schema = 2").find("is 2, and this program reads 1"),
            std::string::npos);
  EXPECT_NE(message_with("\"nearest\"", "\"fixed\"").find("is 1, and 2 demonstrations stand here"),
            std::string::npos);
}

TEST_F(RecipeTest, LoadsItsAdapterIntoItsOwnModelOnly) {
  Recipe recipe = whole();
  write_file_atomic(recipe.adapter->folder / "adapter_model.safetensors", "weights");
  recipe.adapter->sha256 = sha256("weights");
  ModelInfo info;
  info.name = "tiny";
  info.context_tokens = 100;
  info.sha256 = recipe.base.sha256;
  ScriptedLM model(info);
  load_recipe(recipe, model);
  EXPECT_EQ(model.adapters().at(adapter_name(recipe)), recipe.adapter->folder.string());

  const auto code_and_message = [&](LanguageModel& target) {
    try {
      load_recipe(recipe, target);
    } catch (const Error& error) {
      return std::string(to_string(error.code())) + ": " + error.what();
    }
    return std::string("nothing was thrown");
  };
  info.sha256 = std::string(64, 'e');
  ScriptedLM other(info);
  EXPECT_NE(code_and_message(other).find(info.sha256), std::string::npos);
  write_file_atomic(recipe.adapter->folder / "adapter_model.safetensors", "others");
  EXPECT_TRUE(code_and_message(model).starts_with("corrupt: ")) << code_and_message(model);
  recipe.adapter.reset();
  EXPECT_NE(code_and_message(model).find("needs an adapter"), std::string::npos);
}

}  // namespace
}  // namespace fulcrum
