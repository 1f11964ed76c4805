#include "measure/guard.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "measure/estimate_json.h"
#include "measure/metrics.h"
#include "prompt/program.h"

namespace fulcrum {
namespace {

constexpr int kLongestAnswerTokens = 48;

std::vector<Message> question_of(const Example& item) {
  return {item.messages.begin(), item.messages.end() - 1};
}

Json to_json(const GuardRun& run) {
  return {{"quality", estimate_to_json(run.quality)},
          {"answers", run.answers},
          {"scores", run.scores},
          {"nats_per_token", run.nats_per_token}};
}

GuardRun guard_run_from(const Json& value) {
  return {value.at("answers").get<std::vector<std::string>>(), value.at("scores").get<std::vector<double>>(),
          value.at("nats_per_token").get<std::vector<double>>(), estimate_from_json(value.at("quality"))};
}

}  // namespace

GuardSuite read_guard_suite(const Path& file) {
  GuardSuite suite{read_examples(file, "guard"), sha256_file(file)};
  if (suite.items.size() < 2) {
    throw_error(ErrorCode::invalid_argument,
                "reading the guard suite {}: it holds {} items; at least 2 are needed", file.string(),
                suite.items.size());
  }
  return suite;
}

GuardRun run_guard(const GuardSuite& suite, const std::string& adapter, LanguageModel& model,
                   const CancelToken& cancel) {
  std::vector<GenerateRequest> questions;
  std::vector<ScoreRequest> references;
  for (const Example& item : suite.items) {
    GenerateRequest question;
    question.messages = question_of(item);
    question.adapter = adapter;
    question.max_tokens = kLongestAnswerTokens;
    questions.push_back(std::move(question));
    ScoreRequest reference;
    reference.messages = question_of(item);
    reference.adapter = adapter;
    reference.continuations = {item.reference()};
    references.push_back(std::move(reference));
  }
  GuardRun run;
  const std::vector<Generation> generations = model.generate(questions, cancel);
  const std::vector<Scores> scores = model.score(references, cancel);
  for (std::size_t i = 0; i < suite.items.size(); ++i) {
    run.answers.push_back(parse_answer(generations[i].text).text);
    run.scores.push_back(
        score_answer(Metric::exact_match, run.answers.back(), suite.items[i].reference()).score);
    const Score& score = scores[i].continuations.front();
    run.nats_per_token.push_back(-score.log_likelihood /
                                 static_cast<double>(std::max<std::int64_t>(1, score.tokens)));
  }
  run.quality = estimate_mean(run.scores, 0);
  return run;
}

bool Forgetting::exceeded() const {
  return limit && loss.difference > *limit;
}

Forgetting compare_guard(const GuardSuite& suite, const std::string& recipe, GuardRun before, GuardRun after,
                         std::optional<double> limit, std::uint64_t seed) {
  Forgetting forgetting;
  forgetting.recipe = recipe;
  forgetting.limit = limit;
  forgetting.loss = compare_paired(before.scores, after.scores, seed);
  std::vector<double> differences;
  std::map<std::string, Forgetting::Skill> skills;
  for (std::size_t i = 0; i < suite.items.size(); ++i) {
    differences.push_back(after.nats_per_token[i] - before.nats_per_token[i]);
    Forgetting::Skill& skill = skills[suite.items[i].group];
    skill.name = suite.items[i].group;
    ++skill.items;
    skill.before += before.scores[i];
    skill.after += after.scores[i];
  }
  forgetting.nats = estimate_mean_unbounded(differences);
  for (auto& [name, skill] : skills) {
    skill.before /= static_cast<double>(skill.items);
    skill.after /= static_cast<double>(skill.items);
    forgetting.skills.push_back(skill);
  }
  forgetting.before = std::move(before);
  forgetting.after = std::move(after);
  return forgetting;
}

Json to_json(const Forgetting& forgetting) {
  Json skills = Json::array();
  for (const auto& skill : forgetting.skills)
    skills.push_back(
        {{"name", skill.name}, {"items", skill.items}, {"before", skill.before}, {"after", skill.after}});
  const PairedResult& loss = forgetting.loss;
  return {{"recipe", forgetting.recipe},
          {"loss",
           {{"difference", loss.difference},
            {"low", loss.low},
            {"high", loss.high},
            {"p_value", loss.p_value},
            {"test", loss.test},
            {"n", loss.n}}},
          {"nats", estimate_to_json(forgetting.nats)},
          {"limit", forgetting.limit ? Json(*forgetting.limit) : Json(nullptr)},
          {"exceeded", forgetting.exceeded()},
          {"skills", skills},
          {"before", to_json(forgetting.before)},
          {"after", to_json(forgetting.after)}};
}

Forgetting forgetting_from_json(const Json& value) {
  Forgetting forgetting;
  forgetting.recipe = value.at("recipe");
  const Json& loss = value.at("loss");
  forgetting.loss = {loss.at("difference"), loss.at("low"),  loss.at("high"),
                     loss.at("p_value"),    loss.at("test"), loss.at("n")};
  forgetting.nats = estimate_from_json(value.at("nats"));
  if (!value.at("limit").is_null()) forgetting.limit = value.at("limit").get<double>();
  for (const Json& skill : value.at("skills"))
    forgetting.skills.push_back({skill.at("name"), skill.at("items"), skill.at("before"), skill.at("after")});
  forgetting.before = guard_run_from(value.at("before"));
  forgetting.after = guard_run_from(value.at("after"));
  return forgetting;
}

}  // namespace fulcrum
