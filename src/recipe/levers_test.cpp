#include "recipe/levers.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "retrieve/index.h"
#include "text/scripted_lm.h"

namespace fulcrum {
namespace {

Example item(std::string id, std::string input, std::string answer, std::vector<std::string> documents = {}) {
  Example example;
  example.id = std::move(id);
  example.messages = {{"user", std::move(input)}, {"assistant", std::move(answer)}};
  example.weights = {0, 1};
  example.documents = std::move(documents);
  return example;
}

Task triage() {
  Task task;
  task.name = "triage";
  task.kind = TaskKind::classification;
  task.instruction = "Name the team.";
  task.short_instruction = "Team?";
  task.labels = {{"a", "first"}, {"b", ""}};
  for (int i = 0; i < 20; ++i) {
    task.splits.train.push_back(
        item("train:" + std::to_string(i), "input " + std::to_string(i), i % 2 == 0 ? "a" : "b"));
  }
  task.splits.dev = {item("dev:1", "dev input", "a")};
  task.splits.test = {item("test:1", "a somewhat longer test input", "b")};
  return task;
}

LeverOptions options() {
  LeverOptions result;
  result.base = {"tiny", "digest", "tiny.gguf"};
  result.seed = 5;
  return result;
}

std::vector<std::string> ids_of(const std::vector<Recipe>& recipes) {
  std::vector<std::string> ids;
  for (const Recipe& recipe : recipes) ids.push_back(recipe.id);
  return ids;
}

const Recipe& find(const std::vector<Recipe>& recipes, std::string_view id) {
  for (const Recipe& recipe : recipes) {
    if (recipe.id == id) return recipe;
  }
  throw_error(ErrorCode::not_found, "{}", id);
}

TEST(Levers, AClassificationWithoutDocuments) {
  const ScriptedLM model;
  const std::vector<Recipe> recipes = standard_recipes(triage(), options(), model, nullptr);
  EXPECT_EQ(ids_of(recipes), (std::vector<std::string>{"zero_shot", "few_shot", "few_shot@nearest",
                                                       "reasoning", "fine_tuned"}));
  const Recipe& zero_shot = recipes[0];
  EXPECT_EQ(zero_shot.levers, (std::vector<std::string>{"prompt"}));
  EXPECT_EQ(zero_shot.base, options().base);
  EXPECT_EQ(zero_shot.program.decoding, Decoding::choose);
  EXPECT_EQ(system_text(zero_shot.program.signature), "Name the team. Answer with one of: a, b.");
  EXPECT_FALSE(zero_shot.tune);
  const Recipe& few_shot = find(recipes, "few_shot");
  EXPECT_EQ(few_shot.program.shown, 8);
  EXPECT_EQ(few_shot.program.demonstrations.size(), 8u);
  const Recipe& nearest = find(recipes, "few_shot@nearest");
  EXPECT_EQ(nearest.program.choice, DemonstrationChoice::nearest);
  EXPECT_EQ(nearest.program.shown, 8);
  EXPECT_EQ(nearest.program.demonstrations.size(), triage().splits.train.size());
  EXPECT_EQ(nearest.levers, few_shot.levers);
  EXPECT_EQ(find(recipes, "reasoning").program.reasoning, Reasoning::think_first);
  const Recipe& fine_tuned = find(recipes, "fine_tuned");
  EXPECT_EQ(system_text(fine_tuned.program.signature), "Team?");
  EXPECT_EQ(fine_tuned.program.signature.labels.size(), 2u);
  ASSERT_TRUE(fine_tuned.tune);
  EXPECT_EQ(fine_tuned.tune->seed, 5u);
  EXPECT_TRUE(has_lever(fine_tuned, lever::kFineTune));
  EXPECT_FALSE(has_lever(fine_tuned, lever::kPrompt));
}

TEST(Levers, DescriptionsAreForThoseWhoAskForThem) {
  LeverOptions described = options();
  described.label_notes = LabelNotes::described;
  EXPECT_EQ(system_text(task_program(triage(), described).signature),
            "Name the team. a: first. Answer with one of: a, b.");
}

TEST(Levers, AsManyDemonstrationsAsFit) {
  Task task = triage();
  task.limits.answer_tokens = 4;
  const auto few_shot_with = [&](std::int64_t context_tokens) -> PromptProgram {
    ModelInfo info;
    info.name = "tiny";
    info.context_tokens = context_tokens;
    const std::vector<Recipe> recipes = standard_recipes(task, options(), ScriptedLM(info), nullptr);
    for (const Recipe& recipe : recipes) {
      if (recipe.id == "few_shot") return recipe.program;
    }
    return {};
  };
  // The longest input is the test split's; its answer needs four tokens more.
  const auto needed_by = [](PromptProgram program, std::size_t demonstrations) {
    program.demonstrations.resize(demonstrations);
    const PromptInput longest{"x", {{"user", "a somewhat longer test input"}}};
    return ScriptedLM().count_tokens(build_messages(program, longest, {}, nullptr)) + 4;
  };
  const PromptProgram all = few_shot_with(1000);
  ASSERT_EQ(all.shown, 8);
  EXPECT_EQ(few_shot_with(needed_by(all, 8)).shown, 8);
  EXPECT_EQ(few_shot_with(needed_by(all, 8) - 1).shown, 7);
  EXPECT_EQ(few_shot_with(needed_by(all, 1)).shown, 1);
  EXPECT_EQ(few_shot_with(needed_by(all, 1) - 1).shown, 0);  // not one: the arm is left out
}

TEST(Levers, DemonstrationsAreChosenOnlyWhereThereAreMoreThanAreShown) {
  Task task = triage();
  task.limits.demonstrations = std::ssize(task.splits.train);
  for (const Recipe& recipe : standard_recipes(task, options(), ScriptedLM(), nullptr))
    EXPECT_NE(recipe.id, "few_shot@nearest");
}

TEST(Levers, AnExtractionDoesNotThink) {
  Task task = triage();
  task.kind = TaskKind::extraction;
  task.labels.clear();
  task.fields = {{"order", "order number", FieldType::text}};
  const ScriptedLM model;
  const std::vector<Recipe> recipes = standard_recipes(task, options(), model, nullptr);
  EXPECT_EQ(ids_of(recipes),
            (std::vector<std::string>{"zero_shot", "few_shot", "few_shot@nearest", "fine_tuned"}));
  EXPECT_EQ(recipes[0].program.decoding, Decoding::generate);
  EXPECT_EQ(system_text(recipes[0].program.signature),
            R"(Name the team. Answer with JSON: {"order": "order number"})");
}

TEST(Levers, AnsweringOverDocumentsRetrieves) {
  const Path folder = Path(testing::TempDir()) / fmt::format("fulcrum-levers-{}", getpid());
  std::filesystem::remove_all(folder);
  write_file_atomic(folder / "refunds.md", "Refunds take 5 days.\n");
  write_file_atomic(folder / "returns.md", "Returned things get refunds.\n");
  write_file_atomic(folder / "opening.md", "We open at nine.\n");
  Task task = triage();
  task.kind = TaskKind::answering;
  task.labels.clear();
  task.documents = folder;
  task.splits.train = {item("train:1", "how long do refunds take", "5 days", {"refunds.md"}),
                       item("train:2", "when is it open", "nine", {"opening.md"}),
                       item("train:3", "who pays for things returned", "we do", {"opening.md"})};
  IndexSettings settings;
  settings.documents = folder;
  const auto index = Index::open(":memory:", settings);
  const ScriptedLM model;
  const std::vector<Recipe> recipes = standard_recipes(task, options(), model, index.get());
  EXPECT_EQ(ids_of(recipes),
            (std::vector<std::string>{"zero_shot", "few_shot", "retrieval", "retrieval+few_shot",
                                      "retrieval+reasoning", "fine_tuned", "fine_tuned+retrieval"}));
  const Recipe& retrieval = find(recipes, "retrieval");
  EXPECT_EQ(retrieval.program.passages, 3);
  ASSERT_TRUE(retrieval.retrieval);
  EXPECT_EQ(retrieval.retrieval->documents, folder);
  EXPECT_EQ(retrieval.retrieval->chunks.max_tokens, task.limits.chunk_tokens);
  EXPECT_EQ(retrieval.retrieval->index_sha256, index->sha256());
  EXPECT_FALSE(find(recipes, "few_shot").retrieval);
  EXPECT_EQ(find(recipes, "fine_tuned+retrieval").program.passages, 3);
  // Each demonstration shows the document that holds its answer, found or not.
  for (const Demonstration& demonstration : find(recipes, "retrieval+few_shot").program.demonstrations) {
    const std::string wanted = demonstration.id == "train:1" ? "Refunds take 5 days." : "We open at nine.";
    EXPECT_EQ(demonstration.passages, (std::vector<std::string>{wanted})) << demonstration.id;
  }
  EXPECT_THROW(standard_recipes(task, options(), model, nullptr), Error);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace fulcrum
