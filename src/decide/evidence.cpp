#include "decide/evidence.h"

#include <sys/utsname.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <thread>

#include "base/error.h"
#include "base/hash.h"
#include "decide/result_json.h"

namespace fulcrum {

namespace {

constexpr std::string_view kManifest = "manifest.json", kResult = "result.json", kOptions = "options.json",
                           kTested = "task/tested.jsonl";

std::string relative_name(const Path& file, const Path& folder) {
  return file.lexically_relative(folder).generic_string();
}

Json example_row(const Example& example) {
  Json messages = Json::array();
  for (std::size_t i = 0; i < example.messages.size(); ++i) {
    const Message& message = example.messages[i];
    Json entry = {{"role", message.role}, {"content", message.content}};
    if (message.role == "assistant") entry["weight"] = example.weights[i];
    messages.push_back(std::move(entry));
  }
  Json row = {{"id", example.id}};
  if (!example.group.empty()) row["group"] = example.group;
  if (!example.documents.empty()) row["documents"] = example.documents;
  row["messages"] = std::move(messages);
  return row;
}

// The folder is published as a whole, so its files need no atomic writes of their own.
void copy_into(const Path& from, const Path& to) {
  std::error_code problem;
  std::filesystem::create_directories(to.parent_path(), problem);
  if (!problem) std::filesystem::copy_file(from, to, problem);
  if (problem)
    throw_error(ErrorCode::io, "copying {} to {}: {}", from.string(), to.string(), problem.message());
}

Json machine_json() {
  utsname name{};
  ::uname(&name);
  return {{"system", fmt::format("{} {}", name.sysname, name.release)},
          {"architecture", name.machine},
          {"threads", std::thread::hardware_concurrency()}};
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

Json options_json(const CompareOptions& options) {
  const EvaluationOptions& evaluation = options.evaluation;
  return {{"seed", options.seed},
          {"max_test_items", options.max_test_items},
          {"only", options.only},
          {"horizon_months", options.horizon_months},
          {"budget", options.budget ? Json{{"amount", options.budget->amount}, {"unit", options.budget->unit}}
                                    : Json(nullptr)},
          {"evaluation",
           {{"seed", evaluation.seed},
            {"batch_items", evaluation.batch_items},
            {"consistency_items", evaluation.consistency_items},
            {"rewordings", evaluation.rewordings},
            {"resamples", evaluation.resamples},
            {"temperature", evaluation.temperature},
            {"latency_items", evaluation.latency_items},
            {"cold_latency_items", evaluation.cold_latency_items}}},
          {"program_version", options.program_version},
          {"machine", machine_json()},
          {"written", utc_now()}};
}

CompareOptions options_from(const Json& value) {
  CompareOptions options;
  options.seed = value.at("seed");
  options.max_test_items = value.at("max_test_items");
  options.only = value.at("only").get<std::vector<std::string>>();
  options.horizon_months = value.at("horizon_months");
  if (const Json& budget = value.at("budget"); !budget.is_null())
    options.budget = Budget{budget.at("amount"), budget.at("unit")};
  const Json& evaluation = value.at("evaluation");
  options.evaluation.seed = evaluation.at("seed");
  options.evaluation.batch_items = evaluation.at("batch_items");
  options.evaluation.consistency_items = evaluation.at("consistency_items");
  options.evaluation.rewordings = evaluation.at("rewordings");
  options.evaluation.resamples = evaluation.at("resamples");
  options.evaluation.temperature = evaluation.at("temperature");
  options.evaluation.latency_items = evaluation.at("latency_items");
  options.evaluation.cold_latency_items = evaluation.at("cold_latency_items");
  options.program_version = value.at("program_version");
  return options;
}

// What may be put into a finished folder: a report is made from it and proves nothing.
bool is_report(const std::string& name) {
  return name == "report.html" || name == "report.md";
}

std::map<std::string, std::string> hashes_of(const Path& folder) {
  std::map<std::string, std::string> hashes;
  for (const Path& file : list_files(folder)) {
    const std::string name = relative_name(file, folder);
    if (name != kManifest && !is_report(name)) hashes[name] = sha256_file(file);
  }
  return hashes;
}

void check_manifest(const Path& folder) {
  if (!std::filesystem::exists(folder / kManifest))
    throw_error(ErrorCode::not_found, "reading evidence: {} has no {}; give a folder that a comparison wrote",
                folder.string(), kManifest);
  const auto recorded = read_json(folder / kManifest).at("sha256").get<std::map<std::string, std::string>>();
  const auto found = hashes_of(folder);
  for (const auto& [name, hash] : recorded) {
    const auto file = found.find(name);
    if (file == found.end())
      throw_error(ErrorCode::corrupt, "reading evidence {}: {} is missing; restore it", folder.string(),
                  name);
    if (file->second != hash)
      throw_error(ErrorCode::corrupt,
                  "reading evidence {}: {} has changed: expected SHA-256 {}, found {}; restore it",
                  folder.string(), name, hash, file->second);
  }
  for (const auto& [name, hash] : found)
    if (!recorded.contains(name))
      throw_error(ErrorCode::corrupt, "reading evidence {}: {} is not in {}; it was added later: take it out",
                  folder.string(), name, kManifest);
}

std::vector<MeasuredItem> read_items(const Path& file) {
  std::vector<MeasuredItem> items;
  const std::string text = read_file(file);
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) end = text.size();
    if (end > begin)
      items.push_back(measured_item_from_json(parse_json(text.substr(begin, end - begin), file.string())));
    begin = end + 1;
  }
  return items;
}

}  // namespace

Path recipe_folder(const Path& evidence, const std::string& recipe) {
  return evidence / "recipes" / recipe;
}
Path documents_folder(const Path& evidence) {
  return evidence / "task" / "documents";
}

void write_evidence_task(const Path& folder, const Task& task, std::span<const Example> tested) {
  const Path home = folder / "task";
  copy_into(task.file, home / task.file.filename());
  const auto rows = [&](std::span<const Example> examples, const Path& file) {
    std::string text;
    for (const Example& example : examples) text += to_line(example_row(example)) + "\n";
    write_file_atomic(file, text);
  };
  rows(task.splits.train, home / "train.jsonl");
  rows(task.splits.dev, home / "dev.jsonl");
  rows(task.splits.test, home / "test.jsonl");
  rows(tested, folder / kTested);
  if (task.documents)
    for (const DocumentFile& document : list_documents(*task.documents))
      copy_into(*task.documents / document.id, documents_folder(folder) / document.id);
}

void write_evidence_recipe(const Path& folder, const Recipe& recipe, const Measurement& measurement) {
  const Path home = recipe_folder(folder, recipe.id);
  write_recipe(recipe, home / "recipe.toml");
  std::string rows;
  for (const MeasuredItem& item : measurement.items) rows += to_line(to_json(item)) + "\n";
  write_file_atomic(home / "items.jsonl", rows);
}

void check_replaceable(const Path& folder) {
  if (!std::filesystem::exists(folder)) return;
  std::map<std::string, std::string> recorded;
  if (std::filesystem::exists(folder / kManifest))
    recorded = read_json(folder / kManifest).at("sha256").get<std::map<std::string, std::string>>();
  for (const Path& file : list_files(folder)) {
    const std::string name = relative_name(file, folder);
    if (name == kManifest || is_report(name) || recorded.contains(name)) continue;
    throw_error(ErrorCode::invalid_argument,
                "comparing into {}: it holds {}, which no comparison wrote, and would be replaced; take that "
                "out, or name "
                "another folder with --evidence",
                folder.string(), name);
  }
}

void write_evidence_result(const Path& folder, const CompareResult& result, const CompareOptions& options) {
  write_file_atomic(folder / kResult, to_text(to_json(result)));
  write_file_atomic(folder / kOptions, to_text(options_json(options)));
  write_file_atomic(folder / kManifest, to_text({{"sha256", hashes_of(folder)}}));
}

Evidence read_evidence(const Path& folder) {
  check_manifest(folder);
  Evidence evidence;
  evidence.folder = folder;
  evidence.recorded = read_json(folder / kResult);
  evidence.result = compare_result_from_json(evidence.recorded);
  if (evidence.result.tasks.size() != 1)
    throw_error(ErrorCode::corrupt, "reading evidence {}: one task is expected, found {}", folder.string(),
                evidence.result.tasks.size());
  try {
    evidence.options = options_from(read_json(folder / kOptions));
  } catch (const Json::exception& problem) {
    throw_error(ErrorCode::corrupt, "reading evidence {}: {}: {}", folder.string(), kOptions, problem.what());
  }
  evidence.tested = read_examples(folder / kTested, "tested");
  TaskResult& task = evidence.result.tasks.front();
  for (RecipeResult& recipe : task.recipes) {
    const Path home = recipe_folder(folder, recipe.id);
    evidence.recipes.push_back(read_recipe(home / "recipe.toml"));
    recipe.measurement.items = read_items(home / "items.jsonl");
    summarize(recipe.measurement, evidence.options.evaluation.seed);
  }
  task.evidence_folder = folder.string();
  conclude(task);
  return evidence;
}

TaskResult decide_again(const Evidence& evidence, const DecisionOverrides& overrides) {
  TaskResult task = evidence.task();
  Circumstances& circumstances = task.task.circumstances;
  if (overrides.target) circumstances.target = overrides.target;
  if (overrides.calls_per_month) circumstances.calls_per_month = *overrides.calls_per_month;
  if (overrides.horizon_months) circumstances.horizon_months = *overrides.horizon_months;
  if (overrides.machine_hour_price) task.task.prices.machine_hour = *overrides.machine_hour_price;
  if (overrides.label_price) task.task.prices.labelled_example = *overrides.label_price;
  if (overrides.right_answer_worth)
    circumstances.worth_of_right_answer = task.task.prices.right_answer = overrides.right_answer_worth;
  if (overrides.priced_as) task.task.priced_as = overrides.priced_as;
  conclude(task);
  return task;
}

}  // namespace fulcrum
