// The main job from end to end with a scripted model: an evidence folder that can be read, replayed and
// decided again.
#include "decide/compare.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <map>
#include <set>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "decide/evidence.h"
#include "decide/figures_testing.h"
#include "decide/replay.h"
#include "decide/result_json.h"
#include "decide/search_json.h"
#include "text/scripted_lm.h"

namespace fulcrum {
namespace {

constexpr int kDocuments = 12;

std::string row(const std::string& question, const std::string& answer, const std::string& document) {
  return to_line(
             {{"documents", {document}},
              {"messages",
               {{{"role", "user"}, {"content", question}}, {{"role", "assistant"}, {"content", answer}}}}}) +
         "\n";
}

// Article n is kept in the room (7 n + 3) % 100; only the documents say so.
std::string room(int article) {
  return "room " + std::to_string((7 * article + 3) % 100);
}
std::string name_of(int article) {
  return "article" + std::to_string(article);
}

class CompareTest : public ::testing::Test {
 protected:
  void SetUp() override {
    home_ =
        std::filesystem::temp_directory_path() /
        ("fulcrum_compare_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()) +
         "_" + std::to_string(::getpid()));
    std::filesystem::remove_all(home_);
    std::string train, dev, test;
    const std::vector<std::string> forms = {"Where is {} kept?", "Which room holds {}?", "Find {} for me.",
                                            "{}: where?"};
    for (int article = 0; article < kDocuments; ++article) {
      const std::string document = name_of(article) + ".md";
      write_file_atomic(home_ / "docs" / document, "# " + name_of(article) + "\n\nThe thing " +
                                                       name_of(article) + " is kept in " + room(article) +
                                                       ".\n");
      for (std::size_t form = 0; form < forms.size(); ++form) {
        std::string question = forms[form];
        question.replace(question.find("{}"), 2, name_of(article));
        std::string& split = form == 0 ? train : form == 1 && article < 4 ? dev : test;
        split += row(question, room(article), document);
      }
    }
    write_file_atomic(home_ / "train.jsonl", train);
    write_file_atomic(home_ / "dev.jsonl", dev);
    write_file_atomic(home_ / "test.jsonl", test);
    write_file_atomic(home_ / "answer.toml", R"(
name = "rooms"
kind = "answering"
metric = "exact_match"
target = 0.8
instruction = "Say where the thing is kept."
[data]
train = "train.jsonl"
dev = "dev.jsonl"
test = "test.jsonl"
documents = "docs"
[prices]
machine_hour = 1.0
labelled_example = 0.5
[volume]
calls_per_month = 1000
[volatility]
documents_change_days = 30
[limits]
demonstrations = 3
)");
    // Reads the room of the article asked for from the documents in the context, and knows nothing else; what
    // it was tuned on makes it know the articles below 4.
    model_.answer_by([this](const GenerateRequest& request) -> std::string {
      virtual_seconds_ += 0.01;
      const std::string& text = request.messages.back().content;
      const std::size_t documents_end = text.rfind("</doc>");
      const std::string question = documents_end == std::string::npos ? text : text.substr(documents_end);
      for (int article = kDocuments - 1; article >= 0; --article) {
        if (question.find(name_of(article)) == std::string::npos) continue;
        if (text.find("The thing " + name_of(article) + " is kept") != std::string::npos)
          return room(article);
        return !request.adapter.empty() && article < 4 ? room(article) : "somewhere";
      }
      return "nothing asked";
    });
    options_.seed = 7;
    options_.evidence_root = home_ / "evidence";
    options_.evaluation.consistency_items = 6;
    options_.evaluation.latency_items = 5;
    options_.evaluation.cold_latency_items = 1;
  }
  void TearDown() override { std::filesystem::remove_all(home_); }

  CompareResult run(const CompareCallbacks& callbacks = {}) {
    const std::vector<Task> tasks{read_task(home_ / "answer.toml")};
    return compare(tasks, model_, tuner_, options_, callbacks, cancel_);
  }

  // A search over many recipes instead of the standard ones, on a clock that only calls and trainings move.
  void search_within(double seconds) {
    options_.budget = Budget{seconds, "s"};
    options_.clock = [this] { return virtual_seconds_; };
  }

  Path home_;
  ScriptedLM model_;
  double virtual_seconds_ = 0;
  ScriptedTuner tuner_{[this](const TuneRequest& request) {
    // A token that is only read, as those of the dev split are, takes half as long as one that is learnt
    // from.
    for (const TrainingExample& example : request.train)
      virtual_seconds_ +=
          5e-4 * static_cast<double>(model_.count_tokens(example.messages)) * request.max_epochs;
    for (const TrainingExample& example : request.dev)
      virtual_seconds_ +=
          2.5e-4 * static_cast<double>(model_.count_tokens(example.messages)) * request.max_epochs;
    write_file_atomic(Path(request.output_folder) / "adapter_model.safetensors", "weights");
    write_file_atomic(Path(request.output_folder) / "adapter_config.json", "{}");
    TuneResult result;
    result.folder = request.output_folder;
    result.seconds = 20;
    for (int epoch = 0; epoch < request.max_epochs; ++epoch) {
      result.epochs.push_back({1.0 / (1 + epoch), 1.1 / (1 + epoch), std::nullopt});
      if (request.score) result.epochs.back().score = request.score(request.output_folder);
    }
    result.sha256 = sha256("weights");
    return result;
  }};
  CompareOptions options_;
  CancelToken cancel_;
};

TEST_F(CompareTest, MeasuresEveryLeverAndNamesRetrieval) {
  std::vector<std::string> planned, measured;
  double told = 0;
  CompareCallbacks callbacks;
  callbacks.planned = [&](const ComparePlan& plan) {
    EXPECT_TRUE(measured.empty());
    planned = plan.recipes;
    told = plan.smallest_detectable_difference;
  };
  callbacks.measured = [&](const RecipeResult& recipe) { measured.push_back(recipe.id); };
  const CompareResult result = run(callbacks);
  ASSERT_EQ(result.tasks.size(), 1U);
  const TaskResult& task = result.tasks.front();
  EXPECT_EQ(planned, measured);
  EXPECT_EQ(planned.front(), "zero_shot");
  EXPECT_GT(told, 0);
  EXPECT_EQ(task.smallest_detectable_difference, told);
  EXPECT_EQ(task.verdict.recipe, "retrieval");
  EXPECT_TRUE(task.verdict.target_reached);
  EXPECT_EQ(task.verdict.path, RulePath::reaches_target);
  EXPECT_EQ(task.recipes.front().measurement.quality.estimate, 0);
  EXPECT_GT(task.diagnosis.share_of("knowledge missing"), 0.9);
  EXPECT_EQ(result.base_model.sha256_before, result.base_model.sha256_after);
  for (const RecipeResult& recipe : task.recipes) {
    EXPECT_EQ(recipe.measurement.items.size(), 32U) << recipe.id;
    EXPECT_EQ(recipe.training.has_value(), recipe.levers.front() == "fine_tune") << recipe.id;
    EXPECT_GT(recipe.seconds_to_iterate, 0) << recipe.id;
    EXPECT_FALSE(recipe.prompt_example.empty());
  }
}

TEST_F(CompareTest, ResultJsonHasTheFieldsOfItsSchema) {
  const CompareResult result = run();
  const Json json = read_json(Path(result.tasks[0].evidence_folder) / "result.json");
  EXPECT_EQ(json.at("schema"), 1);
  for (const char* key : {"name", "parameters", "sha256_before", "sha256_after"})
    EXPECT_TRUE(json.at("base_model").contains(key)) << key;
  const Json& task = json.at("tasks").at(0);
  for (const char* key : {"name", "kind", "metric", "target", "items", "sha256"})
    EXPECT_TRUE(task.at("task").contains(key)) << key;
  EXPECT_EQ(task.at("task").at("items").at("test"), 32);
  for (const Json& recipe : task.at("recipes")) {
    for (const char* key : {"id", "levers", "sha256", "quality", "consistency", "latency_ms",
                            "tokens_per_call", "cost", "seconds_to_iterate"})
      EXPECT_TRUE(recipe.contains(key)) << key;
    for (const char* key : {"estimate", "low", "high", "n"})
      EXPECT_TRUE(recipe.at("quality").contains(key)) << key;
    for (const char* key : {"p50", "p95"}) EXPECT_TRUE(recipe.at("latency_ms").contains(key)) << key;
    for (const char* key : {"prompt", "cached", "completion"})
      EXPECT_TRUE(recipe.at("tokens_per_call").contains(key)) << key;
    for (const char* key : {"upfront", "per_1000_calls", "currency"})
      EXPECT_TRUE(recipe.at("cost").contains(key)) << key;
  }
  for (const Json& comparison : task.at("comparisons"))
    for (const char* key : {"a", "b", "difference", "low", "high", "p_value", "test"})
      EXPECT_TRUE(comparison.contains(key)) << key;
  for (const char* key : {"recipe", "confidence", "ties", "reasons", "break_even_calls", "flips_if"})
    EXPECT_TRUE(task.at("verdict").contains(key)) << key;
}

TEST_F(CompareTest, ReplaysWithoutADifference) {
  const CompareResult result = run();
  const Evidence evidence = read_evidence(result.tasks[0].evidence_folder);
  EXPECT_EQ(evidence.task().recipes.size(), result.tasks[0].recipes.size());
  const ReplayResult replayed = replay(evidence, model_, {}, cancel_);
  for (const ReplayDifference& difference : replayed.differences)
    ADD_FAILURE() << difference.where << ": " << difference.recorded << " / " << difference.replayed;
  EXPECT_GT(replayed.compared, 1000);
}

TEST_F(CompareTest, ReplayTellsOfAModelThatAnswersOtherwise) {
  const CompareResult result = run();
  ScriptedLM other;
  other.answer_by([](const GenerateRequest&) { return "cellar"; });
  const ReplayResult replayed = replay(read_evidence(result.tasks[0].evidence_folder), other, {}, cancel_);
  EXPECT_FALSE(replayed.differences.empty());
}

TEST_F(CompareTest, MovedEvidenceStillReplays) {
  const CompareResult result = run();
  const Path moved = home_ / "elsewhere";
  std::filesystem::rename(result.tasks[0].evidence_folder, moved);
  EXPECT_TRUE(replay(read_evidence(moved), model_, {}, cancel_).differences.empty());
}

TEST_F(CompareTest, ChangedEvidenceIsRefusedByName) {
  const CompareResult result = run();
  const Path folder = result.tasks[0].evidence_folder;
  const Path rows = recipe_folder(folder, "zero_shot") / "items.jsonl";
  const std::string before = read_file(rows);
  write_file_atomic(rows, before + " ");
  try {
    read_evidence(folder);
    FAIL() << "a changed file was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corrupt);
    EXPECT_NE(std::string(error.what()).find("recipes/zero_shot/items.jsonl"), std::string::npos)
        << error.what();
  }
  write_file_atomic(rows, before);
  read_evidence(folder);
  write_file_atomic(folder / "note.txt", "new");
  EXPECT_THROW(read_evidence(folder), Error);
  EXPECT_THROW(read_evidence(home_ / "docs"), Error);
}

TEST_F(CompareTest, DecidesAgainAsBeforeAndOtherwiseInOtherCircumstances) {
  const CompareResult result = run();
  const Evidence evidence = read_evidence(result.tasks[0].evidence_folder);
  const TaskResult same = decide_again(evidence, {});
  EXPECT_EQ(to_json(same.verdict), to_json(result.tasks[0].verdict));
  DecisionOverrides dear;
  dear.machine_hour_price = 100.0;
  const TaskResult dearer = decide_again(evidence, dear);
  EXPECT_NEAR(dearer.recipes[0].cost.per_1000_calls(), 100 * same.recipes[0].cost.per_1000_calls(), 1e-6);
  DecisionOverrides modest;
  modest.target = 0.0;
  EXPECT_EQ(decide_again(evidence, modest).verdict.recipe, "zero_shot");
}

TEST_F(CompareTest, TheSameRunHasTheSameNameAndFigures) {
  const CompareResult first = run(), second = run();
  EXPECT_EQ(first.tasks[0].evidence_folder, second.tasks[0].evidence_folder);
  for (std::size_t r = 0; r < first.tasks[0].recipes.size(); ++r) {
    const Measurement &before = first.tasks[0].recipes[r].measurement,
                      &after = second.tasks[0].recipes[r].measurement;
    EXPECT_EQ(before.quality, after.quality);
    for (std::size_t i = 0; i < before.items.size(); ++i)
      EXPECT_EQ(before.items[i].answer, after.items[i].answer);
  }
}

TEST_F(CompareTest, OnlyTheRecipesAskedForBesideTheBase) {
  options_.only = {"retrieval"};
  const CompareResult result = run();
  ASSERT_EQ(result.tasks[0].recipes.size(), 2U);
  EXPECT_EQ(result.tasks[0].recipes[1].id, "retrieval");
  options_.only = {"magic"};
  EXPECT_THROW(run(), Error);
}

TEST_F(CompareTest, TellsHowLongEachRecipeWillTakeBeforeItRuns) {
  options_.clock = [this] { return virtual_seconds_; };
  std::vector<RecipeForecast> told;
  std::map<std::string, double> took;
  double since = 0;
  CompareCallbacks callbacks;
  callbacks.planned = [&](const ComparePlan& plan) {
    told = plan.forecasts;
    since = virtual_seconds_;
  };
  callbacks.measured = [&](const RecipeResult& recipe) {
    took[recipe.id] = virtual_seconds_ - since;
    since = virtual_seconds_;
  };
  const CompareResult result = run(callbacks);
  ASSERT_EQ(told.size(), result.tasks[0].recipes.size());
  for (const RecipeForecast& forecast : told) {
    EXPECT_NEAR(forecast.seconds_per_call, 0.01, 1e-9) << forecast.recipe;
    EXPECT_NEAR(forecast.seconds(), took.at(forecast.recipe), 0.05 * took.at(forecast.recipe))
        << forecast.recipe;
    EXPECT_NEAR(forecast.cost, forecast.seconds() / 3600, 1e-12);
  }
  EXPECT_EQ(result.tasks[0].forecasts.size(), told.size());
}

TEST_F(CompareTest, EverySentenceOfTheVerdictHasItsFigures) {
  const Json json = read_json(Path(run().tasks[0].evidence_folder) / "result.json");
  expect_traceable_verdict(json, 0);
}

TEST_F(CompareTest, ASearchRacesOnDevAndMeetsTheTestOnce) {
  constexpr double kBudget = 8;
  search_within(kBudget);
  std::vector<std::string> planned, measured;
  std::size_t asked_before_confirmation = 0;
  CompareCallbacks callbacks;
  callbacks.planned = [&](const ComparePlan& plan) {
    planned = plan.recipes;
    EXPECT_EQ(plan.budget_seconds, kBudget);
  };
  callbacks.searched = [&](const SearchRecord& record) {
    EXPECT_TRUE(measured.empty());
    EXPECT_FALSE(record.confirmed.empty());
    asked_before_confirmation = model_.generate_requests().size();
  };
  callbacks.measured = [&](const RecipeResult& recipe) { measured.push_back(recipe.id); };
  const CompareResult result = run(callbacks);
  const TaskResult& task = result.tasks.front();

  ASSERT_TRUE(task.search);
  EXPECT_EQ(task.search->arms.size(), planned.size());
  EXPECT_GT(planned.size(), 15U);
  EXPECT_EQ(std::set<std::string>(planned.begin(), planned.end()).size(), planned.size());
  for (const char* id : {"zero_shot", "few_shot@k1", "few_shot@nearest", "retrieval@p1", "retrieval@c60",
                         "retrieval@p6@c240", "fine_tuned+retrieval@lr2x"})
    EXPECT_NE(std::find(planned.begin(), planned.end(), id), planned.end()) << id;
  EXPECT_EQ(measured, task.search->confirmed);
  EXPECT_EQ(measured.front(), "zero_shot");
  EXPECT_LT(measured.size(), planned.size() / 2);
  EXPECT_TRUE(task.verdict.recipe.starts_with("retrieval")) << task.verdict.recipe;
  EXPECT_LE(task.search->total_seconds, kBudget);
  EXPECT_GT(task.search->exhaustive_seconds, kBudget);
  // Consistency: of the recommended recipe only, and the others say that it was not measured.
  const Json json = read_json(Path(task.evidence_folder) / "result.json").at("tasks").at(0);
  for (std::size_t i = 0; i < task.recipes.size(); ++i) {
    const bool recommended = task.recipes[i].id == task.verdict.recipe;
    const Consistency& consistency = task.recipes[i].measurement.consistency;
    for (const Estimate* each : {&consistency.overall, &consistency.rewording, &consistency.resampling})
      EXPECT_EQ(each->n, recommended ? 6 : 0) << task.recipes[i].id;
    EXPECT_EQ(json.at("recipes").at(i).at("consistency").at("estimate").is_null(), !recommended);
  }

  // Before the confirmation no test question was ever put to the model: only the forms of train and dev.
  const std::vector<GenerateRequest> requests = model_.generate_requests();
  for (std::size_t i = 0; i < asked_before_confirmation; ++i) {
    const std::string& text = requests[i].messages.back().content;
    EXPECT_EQ(text.find("Find "), std::string::npos) << text;
    EXPECT_EQ(text.find(": where?"), std::string::npos) << text;
  }
  for (const SearchedArm& arm : task.search->arms) EXPECT_FALSE(arm.why.empty()) << arm.id;
  EXPECT_EQ(std::find_if(task.search->arms.begin(), task.search->arms.end(),
                         [](const auto& arm) { return arm.id == "fine_tuned"; })
                ->fate,
            ArmFate::ruled_out);
}

// Fine-tuning alone reaches the target: documents are not read. Its adapter has forgotten everything else.
class ForgetfulTest : public CompareTest {
 protected:
  void SetUp() override {
    CompareTest::SetUp();
    std::string file = read_file(home_ / "answer.toml");
    const auto drop = [&](const std::string& line) {
      const std::size_t at = file.find(line);
      ASSERT_NE(at, std::string::npos) << line;
      file.erase(at, line.size());
    };
    drop("[volatility]\ndocuments_change_days = 30\n");
    file += "[fine_tune]\nmax_forgetting = 0.1\n";
    write_file_atomic(home_ / "answer.toml", file);
    std::string guard;
    for (int i = 0; i < kGuardItems; ++i)
      guard += to_line({{"messages",
                         {{{"role", "user"}, {"content", "general " + std::to_string(i)}},
                          {{"role", "assistant"}, {"content", "fine"}}}}}) +
               "\n";
    write_file_atomic(home_ / "guard.jsonl", guard);
    options_.investigation.guard_suite = home_ / "guard.jsonl";
    model_.answer_by([this](const GenerateRequest& request) -> std::string {
      virtual_seconds_ += 0.01;
      const std::string& text = request.messages.back().content;
      if (text.starts_with("general")) return request.adapter.empty() || !forgets_ ? "fine" : "room 1";
      const std::size_t documents_end = text.rfind("</doc>");
      const std::string question = documents_end == std::string::npos ? text : text.substr(documents_end);
      for (int article = kDocuments - 1; article >= 0; --article)
        if (question.find(name_of(article)) != std::string::npos)
          return request.adapter.empty() ? "somewhere" : room(article);
      return "nothing asked";
    });
    model_.score_by([](const ScoreRequest&, std::string_view) { return -1.0; });
  }

  static constexpr int kGuardItems = 20;
  bool forgets_ = true;
};

TEST_F(ForgetfulTest, AnAdapterFoundByARaceIsHeldToTheGuardToo) {
  constexpr double kBudget = 20;
  search_within(kBudget);
  forgets_ = false;
  const TaskResult kept = run().tasks.front();
  EXPECT_TRUE(kept.verdict.recipe.starts_with("fine_tuned")) << kept.verdict.recipe;
  ASSERT_FALSE(kept.investigation.forgetting.empty());

  forgets_ = true;
  const CompareResult result = run();
  const TaskResult& task = result.tasks.front();
  EXPECT_LE(task.search->total_seconds, kBudget);
  std::size_t adapters = 0;
  for (const RecipeResult& recipe : task.recipes) {
    if (!recipe.training) continue;
    ++adapters;
    EXPECT_TRUE(task.investigation.blocked(recipe.id)) << recipe.id;
  }
  EXPECT_GT(adapters, 0U);
  EXPECT_EQ(task.investigation.forgetting.size(), adapters);
  EXPECT_FALSE(task.verdict.recipe.starts_with("fine_tuned")) << task.verdict.recipe;
  for (const ChoiceShare& share : task.verdict.choice_shares)
    EXPECT_FALSE(share.recipe.starts_with("fine_tuned")) << share.recipe;
  const Evidence evidence = read_evidence(task.evidence_folder);
  expect_traceable_verdict(evidence.recorded, 0);
  EXPECT_EQ(to_json(evidence.task().verdict), to_json(task.verdict));
}

TEST_F(ForgetfulTest, WithoutABudgetEverySentenceIsTraceableToo) {
  options_.investigation.curves = Curves::all;
  options_.investigation.learning.seeds = 2;
  options_.investigation.demonstrations.counts = {1, 2};
  const CompareResult result = run();
  const TaskResult& task = result.tasks.front();
  EXPECT_TRUE(task.investigation.blocked("fine_tuned"));
  EXPECT_TRUE(task.investigation.learning_curve);
  const Json json = read_json(Path(task.evidence_folder) / "result.json");
  expect_traceable_verdict(json, 0);
}

TEST_F(CompareTest, ASearchIsKeptAsEvidence) {
  search_within(8);
  const CompareResult result = run();
  const Path folder = result.tasks[0].evidence_folder;
  const Evidence evidence = read_evidence(folder);
  ASSERT_TRUE(evidence.task().search);
  EXPECT_EQ(to_json(*evidence.task().search), to_json(*result.tasks[0].search));
  EXPECT_EQ(to_json(evidence.task().verdict), to_json(result.tasks[0].verdict));
  expect_traceable_verdict(evidence.recorded, 0);
  const ReplayResult replayed = replay(evidence, model_, {}, cancel_);
  for (const ReplayDifference& difference : replayed.differences)
    ADD_FAILURE() << difference.where << ": " << difference.recorded << " / " << difference.replayed;
  // Adapters that lost the race are not kept.
  for (const auto& entry : std::filesystem::directory_iterator(folder / "recipes")) {
    const std::string id = entry.path().filename().string();
    EXPECT_NE(
        std::find(evidence.task().search->confirmed.begin(), evidence.task().search->confirmed.end(), id),
        evidence.task().search->confirmed.end())
        << id;
  }
}

// Nothing reaches the target, and it is said what a right answer is worth.
TEST_F(CompareTest, AWorthIsDecidedByAndEverySentenceOfItIsTraceable) {
  std::string file = read_file(home_ / "answer.toml");
  file.replace(file.find("target = 0.8"), std::string("target = 0.8").size(), "target = 0.99");
  file.replace(file.find("machine_hour = 1.0"), std::string("machine_hour = 1.0").size(),
               "machine_hour = 1.0\nright_answer = 0.25");
  write_file_atomic(home_ / "answer.toml", file);
  model_.answer_by([](const GenerateRequest& request) -> std::string {
    const std::string& text = request.messages.back().content;
    return text.size() % 3 == 0 ? "somewhere" : room(static_cast<int>(text.size() % 12));
  });
  const CompareResult result = run();
  const TaskResult& task = result.tasks.front();
  EXPECT_EQ(task.verdict.path, RulePath::worth_most);
  ASSERT_TRUE(task.verdict.expected_loss);
  EXPECT_GE(*task.verdict.expected_loss, 0);
  EXPECT_NE(task.verdict.reasons.front().find("0.25 EUR a right answer"), std::string::npos)
      << task.verdict.reasons.front();
  const Evidence evidence = read_evidence(task.evidence_folder);
  expect_traceable_verdict(evidence.recorded, 0);
  EXPECT_EQ(to_json(evidence.task().verdict), to_json(task.verdict));
  DecisionOverrides dear;
  dear.right_answer_worth = 1000;
  EXPECT_NE(decide_again(evidence, dear).verdict.reasons.front().find("At 1,000"), std::string::npos)
      << decide_again(evidence, dear).verdict.reasons.front();
}

TEST_F(CompareTest, ASearchThatCannotBeginSaysSo) {
  search_within(1e-6);
  EXPECT_THROW(run(), Error);
  search_within(10);
  options_.only = {"retrieval"};
  EXPECT_THROW(run(), Error);
  options_.only.clear();
  options_.budget = Budget{5, "USD"};
  EXPECT_THROW(run(), Error);
}

TEST_F(CompareTest, DecidesAgainAtAProvidersPrices) {
  const CompareResult result = run();
  const Evidence evidence = read_evidence(result.tasks[0].evidence_folder);
  DecisionOverrides remote;
  remote.priced_as = TokenPrices{"acme", "tiny", "EUR", "2026-01-31", "https://acme.example", 10, 1, 30};
  const TaskResult priced = decide_again(evidence, remote);
  const TokensPerCall& tokens = priced.recipes[0].measurement.tokens_per_call;
  EXPECT_NEAR(priced.recipes[0].cost.per_1000_calls(),
              ((tokens.prompt - tokens.cached) * 10 + tokens.cached * 1 + tokens.completion * 30) / 1000,
              1e-6);
  EXPECT_EQ(priced.recipes[0].cost.upfront, result.tasks[0].recipes[0].cost.upfront);
}

TEST_F(CompareTest, LeavesNothingHalfWritten) {
  CompareCallbacks callbacks;
  callbacks.measured = [&](const RecipeResult&) { cancel_.cancel(); };
  EXPECT_THROW(run(callbacks), Error);
  EXPECT_TRUE(!std::filesystem::exists(options_.evidence_root) ||
              std::filesystem::is_empty(options_.evidence_root));
}

TEST_F(CompareTest, ABaseThatChangesStopsEverything) {
  CompareCallbacks callbacks;
  callbacks.measured = [&](const RecipeResult&) { model_.set_weights_sha256(std::string(64, 'f')); };
  EXPECT_THROW(run(callbacks), Error);
}

}  // namespace
}  // namespace fulcrum
