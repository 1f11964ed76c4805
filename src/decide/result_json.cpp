#include "decide/result_json.h"

#include <array>
#include <cmath>

#include "base/error.h"
#include "base/json.h"
#include "decide/investigation_json.h"
#include "decide/search_json.h"

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

// Null where it was not measured: it is no zero.
Json to_json(const Consistency& consistency) {
  const auto measured = [](const Estimate& estimate) {
    return estimate.n > 0 ? to_json(estimate)
                          : Json{{"estimate", nullptr}, {"low", nullptr}, {"high", nullptr}, {"n", 0}};
  };
  Json value = measured(consistency.overall);
  value["rewording"] = measured(consistency.rewording);
  value["resampling"] = measured(consistency.resampling);
  return value;
}

Json to_json(const RepayRange& range) {
  return {{"at", number(range.at)}, {"low", number(range.low)}, {"high", number(range.high)}};
}

Json to_json(const Cost& cost, const Estimate& quality, const Circumstances& circumstances) {
  const Estimate answer = cost_of_right_answer(cost, quality, PromptCaching::warm);
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
          {"per_1000_calls_parts",
           {{"prompt", number(1000 * cost.parts.prompt)},
            {"cached_prompt", number(1000 * cost.parts.cached_prompt)},
            {"completion", number(1000 * cost.parts.completion)},
            {"retrieval", number(1000 * cost.parts.retrieval)}}},
          {"per_1000_right_answers",
           {{"estimate", number(1000 * answer.estimate)},
            {"low", number(1000 * answer.low)},
            {"high", number(1000 * answer.high)}}},
          {"upkeep_per_month", cost.upkeep_per_month},
          {"total", number(cost.total(circumstances.calls_per_month, circumstances.horizon_months))}};
}

Json to_json(const BreakEvenLine& line) {
  return {{"dearer_up_front", line.recipe},
          {"against", line.against},
          {"calls", number(line.calls.calls)},
          {"low", number(line.calls.low)},
          {"high", number(line.calls.high)},
          {"calls_uncached", number(line.calls.calls_uncached)},
          {"uncached_low", number(line.calls.uncached_low)},
          {"uncached_high", number(line.calls.uncached_high)},
          {"right_answers", to_json(line.right_answers)},
          {"right_answers_uncached", to_json(line.right_answers_uncached)},
          {"months", number(line.months)},
          {"months_low", number(line.months_range.low)},
          {"months_high", number(line.months_range.high)}};
}

Json to_json(const TrainingRecord& training) {
  Json epochs = Json::array();
  for (const auto& epoch : training.epochs)
    epochs.push_back({{"train_loss", number(epoch.train_loss)},
                      {"dev_loss", number(epoch.dev_loss)},
                      {"dev_score", epoch.score ? Json(*epoch.score) : Json(nullptr)}});
  return {{"seconds", training.seconds},
          {"trained_tokens", training.trained_tokens},
          {"trainable_parameters", training.trainable_parameters},
          {"best_epoch", training.best_epoch},
          {"epochs", epochs},
          {"sha256", training.sha256}};
}

Json to_json(const RecipeResult& recipe, const Circumstances& circumstances) {
  const Measurement& measured = recipe.measurement;
  Json errors = Json::object();
  for (const MeasuredItem& item : measured.items)
    if (!item.error.empty()) errors[item.error] = errors.value(item.error, 0) + 1;
  Json value = {
      {"id", recipe.id},
      {"levers", recipe.levers},
      {"sha256", recipe.sha256},
      {"file", recipe.file},
      {"quality", to_json(measured.quality)},
      {"ties_with_best", recipe.ties_with_best},
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
      {"cost", to_json(recipe.cost, measured.quality, circumstances)},
      {"seconds_to_iterate", recipe.seconds_to_iterate},
      {"work",
       {{"labels", recipe.work.labels},
        {"training_seconds", recipe.work.training_seconds},
        {"indexing_seconds", recipe.work.indexing_seconds},
        {"evaluation_seconds", recipe.work.evaluation_seconds},
        {"indexings_per_month", recipe.work.indexings_per_month}}},
      {"retrieval_seconds", measured.latency.retrieval_seconds},
      {"joules_per_call", measured.joules_per_call ? Json(*measured.joules_per_call) : Json(nullptr)},
      {"latency_seconds", measured.latency.seconds},
      {"cold_latency_seconds", measured.latency.cold_seconds}};
  value["training"] = recipe.training ? to_json(*recipe.training) : Json(nullptr);
  value["prompt_example"] = recipe.prompt_example;
  return value;
}

Json to_json(const TokenPrices& listed) {
  return {{"model", listed.model},
          {"provider", listed.provider},
          {"currency", listed.currency},
          {"date", listed.date},
          {"source", listed.source},
          {"per_million_tokens",
           {{"prompt", listed.prompt},
            {"cached_prompt", listed.cached_prompt},
            {"completion", listed.completion}}}};
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
          {"documents_change_days",
           circumstances.documents_change_days ? Json(*circumstances.documents_change_days) : Json(nullptr)},
          {"priced_as", task.priced_as ? to_json(*task.priced_as) : Json(nullptr)},
          {"prices",
           {{"currency", task.prices.currency},
            {"machine_hour", task.prices.machine_hour},
            {"labelled_example", task.prices.labelled_example},
            {"engineer_hour", task.prices.engineer_hour},
            {"upkeep_month", task.prices.upkeep_month},
            {"right_answer", circumstances.worth_of_right_answer ? Json(*circumstances.worth_of_right_answer)
                                                                 : Json(nullptr)}}}};
}

// ---- the verdict ----

std::string_view name_of(FlipAxis axis) {
  switch (axis) {
    case FlipAxis::calls_per_month:
      return "calls_per_month";
    case FlipAxis::target:
      return "target";
    case FlipAxis::machine_hour_price:
      return "machine_hour_price";
    case FlipAxis::label_price:
      return "label_price";
    case FlipAxis::right_answer_worth:
      return "right_answer_worth";
    case FlipAxis::facts_change:
      return "facts_change";
    case FlipAxis::behaviour:
      break;
  }
  return "behaviour";
}

std::string_view name_of(FlipSide side) {
  return side == FlipSide::above ? "above" : side == FlipSide::below ? "below" : "otherwise";
}

Json keys_json(const std::vector<std::string>& keys, const std::string& prefix) {
  Json list = Json::array();
  for (const std::string& key : keys) list.push_back(prefix + key);
  return list;
}

Json keys_json(const Verdict::Figures& figures, const std::string& prefix) {
  Json lists = Json::array();
  for (const auto& keys : figures) lists.push_back(keys_json(keys, prefix));
  return lists;
}

Json verdict_json(const Verdict& verdict, const std::string& prefix) {
  Json rejected = Json::array(), break_even = Json::object(), shares = Json::array(),
       contrasts = Json::array(), flips = Json::array();
  for (std::size_t i = 0; i < verdict.rejected.size(); ++i)
    rejected.push_back({{"recipe", verdict.rejected[i].recipe},
                        {"why", verdict.rejected[i].why},
                        {"figures", keys_json(verdict.rejected_figures.at(i), prefix)}});
  for (const BreakEvenLine& line : verdict.break_even)
    break_even[line.recipe == verdict.recipe ? line.against : line.recipe] = to_json(line);
  for (const ChoiceShare& share : verdict.choice_shares)
    shares.push_back({{"recipe", share.recipe}, {"share", share.share}});
  for (const Comparison& contrast : verdict.contrasts) contrasts.push_back(to_json(contrast));
  for (const Flip& flip : verdict.flips)
    flips.push_back({{"axis", name_of(flip.axis)},
                     {"side", name_of(flip.side)},
                     {"at", flip.side == FlipSide::otherwise ? Json(nullptr) : Json(flip.at)},
                     {"recipe", flip.recipe}});
  return {{"recipe", verdict.recipe},
          {"summary", verdict.summary},
          {"summary_figures", keys_json(verdict.summary_figures, prefix)},
          {"confidence", verdict.confidence},
          {"certainty", to_string(verdict.certainty)},
          {"path", to_string(verdict.path)},
          {"ties", verdict.ties},
          {"target_reached", verdict.target_reached},
          {"target_proven", verdict.target_proven},
          {"reasons", verdict.reasons},
          {"reasons_figures", keys_json(verdict.reason_figures, prefix)},
          {"rejected", rejected},
          {"break_even_calls", break_even},
          {"flips_if", verdict.flips_if},
          {"flips_if_figures", keys_json(verdict.flip_figures, prefix)},
          {"flips", flips},
          {"next_steps", verdict.next_steps},
          {"next_steps_figures", keys_json(verdict.next_step_figures, prefix)},
          {"look_again", verdict.look_again},
          {"look_again_figures", keys_json(verdict.look_again_figures, prefix)},
          {"computed", verdict.computed},
          {"choice_shares", shares},
          {"contrasts", contrasts}};
}

// `prefix` is put before the keys of the figures: they are then keys of the whole file.
Json to_json(const TaskResult& task, const std::string& prefix) {
  Json recipes = Json::array(), comparisons = Json::array(), forecasts = Json::array(), pairs = Json::array();
  for (const RecipeResult& recipe : task.recipes) recipes.push_back(to_json(recipe, task.task.circumstances));
  for (const Comparison& comparison : task.comparisons) comparisons.push_back(to_json(comparison));
  for (const RecipeForecast& forecast : task.forecasts) forecasts.push_back(to_json(forecast));
  for (const BreakEvenLine& line : task.break_even) pairs.push_back(to_json(line));
  return {{"task", to_json(task.task)},
          {"smallest_detectable_difference", task.smallest_detectable_difference},
          {"warnings", task.warnings},
          {"forecasts", forecasts},
          {"search", task.search ? to_json(*task.search) : Json(nullptr)},
          {"recipes", recipes},
          {"comparisons", comparisons},
          {"break_even", pairs},
          {"diagnosis", to_json(task.diagnosis)},
          {"investigation", to_json(task.investigation)},
          {"verdict", verdict_json(task.verdict, prefix)},
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
    // Absent in what was written before checkpoints were picked by the metric.
    std::optional<double> score;
    if (epoch.contains("dev_score") && !epoch.at("dev_score").is_null()) score = epoch.at("dev_score");
    training.epochs.push_back({loss("train_loss"), loss("dev_loss"), score});
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
                 work.at("evaluation_seconds"), work.at("indexings_per_month")};
  Measurement& measured = recipe.measurement;
  measured.metric = metric;
  measured.seconds = recipe.work.evaluation_seconds;
  const Json& tokens = value.at("tokens_per_call");
  measured.tokens_per_call = {tokens.at("prompt"), tokens.at("cached"), tokens.at("completion")};
  measured.latency = summarize_latency(value.at("latency_seconds").get<std::vector<double>>(),
                                       value.at("cold_latency_seconds").get<std::vector<double>>());
  measured.latency.retrieval_seconds = value.at("retrieval_seconds");
  if (!value.at("joules_per_call").is_null())
    measured.joules_per_call = value.at("joules_per_call").get<double>();
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
  if (!task.at("documents_change_days").is_null())
    circumstances.documents_change_days = task.at("documents_change_days").get<double>();
  if (const Json& listed = task.at("priced_as"); !listed.is_null()) {
    const Json& prices = listed.at("per_million_tokens");
    summary.priced_as = TokenPrices{listed.at("provider"),      listed.at("model"),     listed.at("currency"),
                                    listed.at("date"),          listed.at("source"),    prices.at("prompt"),
                                    prices.at("cached_prompt"), prices.at("completion")};
  }
  const Json& prices = task.at("prices");
  summary.prices = {prices.at("currency"), prices.at("machine_hour"), prices.at("labelled_example"),
                    prices.at("engineer_hour"), prices.at("upkeep_month")};
  // Older evidence does not have it.
  if (const auto worth = prices.find("right_answer"); worth != prices.end() && !worth->is_null())
    circumstances.worth_of_right_answer = summary.prices.right_answer = worth->get<double>();
  result.smallest_detectable_difference = value.at("smallest_detectable_difference");
  result.warnings = value.at("warnings").get<std::vector<std::string>>();
  for (const Json& recipe : value.at("recipes"))
    result.recipes.push_back(recipe_from(recipe, summary.metric));
  for (const Json& forecast : value.at("forecasts")) result.forecasts.push_back(forecast_from_json(forecast));
  if (!value.at("search").is_null()) result.search = search_from_json(value.at("search"));
  result.investigation = investigation_from_json(value.at("investigation"));
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
  return verdict_json(verdict, "");
}

Json to_json(const CompareResult& result) {
  Json tasks = Json::array();
  for (std::size_t i = 0; i < result.tasks.size(); ++i)
    tasks.push_back(to_json(result.tasks[i], fmt::format("tasks[{}].", i)));
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
