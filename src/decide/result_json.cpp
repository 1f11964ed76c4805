#include "decide/result_json.h"

#include <array>
#include <cmath>

#include "base/error.h"
#include "base/json.h"

namespace fulcrum {

namespace {

constexpr int kSchema = 1;

Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json to_json(const Estimate& estimate) {
  return {{"estimate", number(estimate.estimate)},
          {"low", number(estimate.low)},
          {"high", number(estimate.high)},
          {"n", estimate.n}};
}

Json to_json(const Consistency& consistency) {
  Json value = to_json(consistency.overall);
  value["rewording"] = to_json(consistency.rewording);
  value["resampling"] = to_json(consistency.resampling);
  return value;
}

Json to_json(const Cost& cost) {
  return {{"upfront", cost.upfront},
          {"per_1000_calls", cost.per_1000_calls()},
          {"currency", cost.currency},
          {"labelling", cost.labelling},
          {"training", cost.training},
          {"indexing", cost.indexing},
          {"evaluation", cost.evaluation},
          {"per_1000_calls_low", number(1000 * cost.per_call.low)},
          {"per_1000_calls_high", number(1000 * cost.per_call.high)},
          {"per_1000_calls_uncached", number(1000 * cost.per_call_uncached)},
          {"upkeep_per_month", cost.upkeep_per_month}};
}

Json to_json(const TrainingRecord& training) {
  Json epochs = Json::array();
  for (const auto& epoch : training.epochs)
    epochs.push_back({{"train_loss", number(epoch.train_loss)}, {"dev_loss", number(epoch.dev_loss)}});
  return {{"seconds", training.seconds},
          {"trained_tokens", training.trained_tokens},
          {"trainable_parameters", training.trainable_parameters},
          {"best_epoch", training.best_epoch},
          {"epochs", epochs},
          {"sha256", training.sha256}};
}

Json to_json(const RecipeResult& recipe) {
  const Measurement& measured = recipe.measurement;
  Json errors = Json::object();
  for (const MeasuredItem& item : measured.items)
    if (!item.error.empty()) errors[item.error] = errors.value(item.error, 0) + 1;
  Json value = {{"id", recipe.id},
                {"levers", recipe.levers},
                {"sha256", recipe.sha256},
                {"file", recipe.file},
                {"quality", to_json(measured.quality)},
                {"well_formed", to_json(measured.well_formed)},
                {"errors", errors},
                {"consistency", to_json(measured.consistency)},
                {"latency_ms",
                 {{"p50", measured.latency.p50_ms},
                  {"p95", measured.latency.p95_ms},
                  {"mean", 1000 * measured.latency.mean_seconds.estimate},
                  {"cold_mean", 1000 * measured.latency.cold_mean_seconds}}},
                {"tokens_per_call",
                 {{"prompt", measured.tokens_per_call.prompt},
                  {"cached", measured.tokens_per_call.cached},
                  {"completion", measured.tokens_per_call.completion}}},
                {"cost", to_json(recipe.cost)},
                {"seconds_to_iterate", recipe.seconds_to_iterate},
                {"work",
                 {{"labels", recipe.work.labels},
                  {"training_seconds", recipe.work.training_seconds},
                  {"indexing_seconds", recipe.work.indexing_seconds},
                  {"evaluation_seconds", recipe.work.evaluation_seconds}}},
                {"latency_seconds", measured.latency.seconds},
                {"cold_latency_seconds", measured.latency.cold_seconds}};
  value["training"] = recipe.training ? to_json(*recipe.training) : Json(nullptr);
  value["prompt_example"] = recipe.prompt_example;
  return value;
}

Json to_json(const Diagnosis& diagnosis) {
  Json causes = Json::array(), pairs = Json::array();
  for (const auto& cause : diagnosis.causes)
    causes.push_back({{"cause", cause.cause},
                      {"count", cause.count},
                      {"share", cause.share},
                      {"examples", cause.examples}});
  for (const auto& pair : diagnosis.confusions)
    pairs.push_back({{"reference", pair.reference}, {"answer", pair.answer}, {"count", pair.count}});
  return {{"recipe", diagnosis.recipe},
          {"items", diagnosis.items},
          {"failures", diagnosis.failures},
          {"causes", causes},
          {"confusions", pairs},
          {"retrieved_gold_share",
           diagnosis.retrieved_gold_share ? Json(*diagnosis.retrieved_gold_share) : Json(nullptr)}};
}

Json to_json(const TaskSummary& task) {
  const Circumstances& circumstances = task.circumstances;
  return {{"name", task.name},
          {"kind", task.kind},
          {"metric", to_string(task.metric)},
          {"target", circumstances.target ? Json(*circumstances.target) : Json(nullptr)},
          {"items", {{"train", task.train_items}, {"dev", task.dev_items}, {"test", task.test_items}}},
          {"sha256", task.sha256},
          {"labels", task.labels},
          {"calls_per_month", circumstances.calls_per_month},
          {"horizon_months", circumstances.horizon_months},
          {"facts_change", circumstances.facts_change},
          {"behaviour_stable", circumstances.behaviour_stable},
          {"prices",
           {{"currency", task.prices.currency},
            {"machine_hour", task.prices.machine_hour},
            {"labelled_example", task.prices.labelled_example},
            {"engineer_hour", task.prices.engineer_hour},
            {"upkeep_month", task.prices.upkeep_month}}}};
}

Json to_json(const TaskResult& task) {
  Json recipes = Json::array(), comparisons = Json::array();
  for (const RecipeResult& recipe : task.recipes) recipes.push_back(to_json(recipe));
  for (const Comparison& comparison : task.comparisons) comparisons.push_back(to_json(comparison));
  return {{"task", to_json(task.task)},
          {"smallest_detectable_difference", task.smallest_detectable_difference},
          {"warnings", task.warnings},
          {"recipes", recipes},
          {"comparisons", comparisons},
          {"diagnosis", to_json(task.diagnosis)},
          {"verdict", to_json(task.verdict)},
          {"seed", task.seed},
          {"seconds", task.seconds},
          {"evidence", task.evidence_folder}};
}

// ---- reading ----

Metric metric_from(const std::string& name) {
  for (const Metric metric :
       {Metric::accuracy, Metric::macro_f1, Metric::exact_match, Metric::token_f1, Metric::json_field_f1})
    if (to_string(metric) == name) return metric;
  throw_error(ErrorCode::corrupt, "reading a result: unknown metric '{}'", name);
}

TrainingRecord training_from(const Json& value) {
  TrainingRecord training;
  training.seconds = value.at("seconds");
  training.trained_tokens = value.at("trained_tokens");
  training.trainable_parameters = value.at("trainable_parameters");
  training.best_epoch = value.at("best_epoch");
  for (const Json& epoch : value.at("epochs")) {
    const auto loss = [&](const char* key) {
      return epoch.at(key).is_null() ? NAN : epoch.at(key).get<double>();
    };
    training.epochs.push_back({loss("train_loss"), loss("dev_loss")});
  }
  training.sha256 = value.at("sha256");
  return training;
}

RecipeResult recipe_from(const Json& value, Metric metric) {
  RecipeResult recipe;
  recipe.id = value.at("id");
  recipe.levers = value.at("levers").get<std::vector<std::string>>();
  recipe.sha256 = value.at("sha256");
  recipe.file = value.at("file");
  recipe.prompt_example = value.at("prompt_example");
  const Json& work = value.at("work");
  recipe.work = {work.at("labels"), work.at("training_seconds"), work.at("indexing_seconds"),
                 work.at("evaluation_seconds")};
  Measurement& measured = recipe.measurement;
  measured.metric = metric;
  measured.seconds = recipe.work.evaluation_seconds;
  const Json& tokens = value.at("tokens_per_call");
  measured.tokens_per_call = {tokens.at("prompt"), tokens.at("cached"), tokens.at("completion")};
  measured.latency = summarize_latency(value.at("latency_seconds").get<std::vector<double>>(),
                                       value.at("cold_latency_seconds").get<std::vector<double>>());
  if (!value.at("training").is_null()) recipe.training = training_from(value.at("training"));
  return recipe;
}

TaskResult task_from(const Json& value) {
  TaskResult result;
  const Json& task = value.at("task");
  TaskSummary& summary = result.task;
  summary.name = task.at("name");
  summary.kind = task.at("kind");
  summary.metric = metric_from(task.at("metric"));
  summary.labels = task.at("labels").get<std::vector<std::string>>();
  summary.train_items = task.at("items").at("train");
  summary.dev_items = task.at("items").at("dev");
  summary.test_items = task.at("items").at("test");
  summary.sha256 = task.at("sha256");
  Circumstances& circumstances = summary.circumstances;
  if (!task.at("target").is_null()) circumstances.target = task.at("target").get<double>();
  circumstances.calls_per_month = task.at("calls_per_month");
  circumstances.horizon_months = task.at("horizon_months");
  circumstances.facts_change = task.at("facts_change");
  circumstances.behaviour_stable = task.at("behaviour_stable");
  const Json& prices = task.at("prices");
  summary.prices = {prices.at("currency"), prices.at("machine_hour"), prices.at("labelled_example"),
                    prices.at("engineer_hour"), prices.at("upkeep_month")};
  result.smallest_detectable_difference = value.at("smallest_detectable_difference");
  result.warnings = value.at("warnings").get<std::vector<std::string>>();
  for (const Json& recipe : value.at("recipes"))
    result.recipes.push_back(recipe_from(recipe, summary.metric));
  result.seed = value.at("seed");
  result.seconds = value.at("seconds");
  result.evidence_folder = value.at("evidence");
  return result;
}

}  // namespace

Json to_json(const Comparison& comparison) {
  return {{"a", comparison.a},
          {"b", comparison.b},
          {"difference", comparison.difference},
          {"low", comparison.low},
          {"high", comparison.high},
          {"p_value", comparison.p_value},
          {"p_value_unadjusted", comparison.p_value_unadjusted},
          {"test", comparison.test},
          {"proven", comparison.proven()}};
}

Json to_json(const Verdict& verdict) {
  Json rejected = Json::array(), break_even = Json::object(), shares = Json::array(),
       contrasts = Json::array();
  for (const Rejection& rejection : verdict.rejected)
    rejected.push_back({{"recipe", rejection.recipe}, {"why", rejection.why}});
  for (const BreakEvenLine& line : verdict.break_even) {
    const std::string& other = line.recipe == verdict.recipe ? line.against : line.recipe;
    break_even[other] = {{"dearer_up_front", line.recipe},
                         {"calls", number(line.calls.calls)},
                         {"low", number(line.calls.low)},
                         {"high", number(line.calls.high)},
                         {"calls_uncached", number(line.calls.calls_uncached)},
                         {"months", number(line.months)}};
  }
  for (const ChoiceShare& share : verdict.choice_shares)
    shares.push_back({{"recipe", share.recipe}, {"share", share.share}});
  for (const Comparison& contrast : verdict.contrasts) contrasts.push_back(to_json(contrast));
  return {{"recipe", verdict.recipe},
          {"summary", verdict.summary},
          {"confidence", verdict.confidence},
          {"certainty", to_string(verdict.certainty)},
          {"path", to_string(verdict.path)},
          {"target_reached", verdict.target_reached},
          {"target_proven", verdict.target_proven},
          {"reasons", verdict.reasons},
          {"rejected", rejected},
          {"break_even_calls", break_even},
          {"flips_if", verdict.flips_if},
          {"next_steps", verdict.next_steps},
          {"choice_shares", shares},
          {"contrasts", contrasts}};
}

Json to_json(const CompareResult& result) {
  Json tasks = Json::array();
  for (const TaskResult& task : result.tasks) tasks.push_back(to_json(task));
  const BaseModelRecord& base = result.base_model;
  return {{"schema", kSchema},
          {"base_model",
           {{"name", base.name},
            {"parameters", base.parameters},
            {"sha256_before", base.sha256_before},
            {"sha256_after", base.sha256_after}}},
          {"tasks", tasks},
          {"seconds", result.seconds}};
}

CompareResult compare_result_from_json(const Json& value) {
  try {
    if (value.at("schema") != kSchema)
      throw_error(ErrorCode::unsupported, "reading a result: schema {} is expected, found {}", kSchema,
                  value.at("schema").dump());
    CompareResult result;
    const Json& base = value.at("base_model");
    result.base_model = {base.at("name"), base.at("parameters"), base.at("sha256_before"),
                         base.at("sha256_after")};
    for (const Json& task : value.at("tasks")) result.tasks.push_back(task_from(task));
    result.seconds = value.at("seconds");
    return result;
  } catch (const Json::exception& problem) {
    throw_error(ErrorCode::corrupt, "reading a result: {}", problem.what());
  }
}

Json to_json(const MeasuredItem& item) {
  return {{"id", item.id},
          {"group", item.group},
          {"answer", item.answer},
          {"reference", item.reference},
          {"score", item.score},
          {"error", item.error},
          {"detail", item.detail},
          {"well_formed", item.well_formed},
          {"sources", item.sources},
          {"documents", item.documents},
          {"gold_documents", item.gold_documents},
          {"prompt_sha256", item.prompt_sha256},
          {"usage",
           {{"prompt", item.usage.prompt_tokens},
            {"cached", item.usage.cached_tokens},
            {"completion", item.usage.completion_tokens}}},
          {"seconds", item.seconds},
          {"reworded", item.reworded},
          {"resampled", item.resampled}};
}

MeasuredItem measured_item_from_json(const Json& value) {
  try {
    MeasuredItem item;
    using Texts = std::vector<std::string>;
    item.id = value.at("id");
    item.group = value.at("group");
    item.answer = value.at("answer");
    item.reference = value.at("reference");
    item.score = value.at("score");
    item.error = value.at("error");
    item.detail = value.at("detail");
    item.well_formed = value.at("well_formed");
    item.sources = value.at("sources").get<Texts>();
    item.documents = value.at("documents").get<Texts>();
    item.gold_documents = value.at("gold_documents").get<Texts>();
    item.prompt_sha256 = value.at("prompt_sha256");
    const Json& usage = value.at("usage");
    item.usage = {usage.at("prompt"), usage.at("cached"), usage.at("completion")};
    item.seconds = value.at("seconds");
    item.reworded = value.at("reworded").get<Texts>();
    item.resampled = value.at("resampled").get<Texts>();
    return item;
  } catch (const Json::exception& problem) {
    throw_error(ErrorCode::corrupt, "reading a raw item: {}", problem.what());
  }
}

}  // namespace fulcrum
