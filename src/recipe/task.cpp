#include "recipe/task.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/toml.h"
#include "prompt/rewordings.h"
#include "recipe/labelled_table.h"
#include "recipe/tune_toml.h"
#include "retrieve/document.h"

namespace fulcrum {
namespace {

template <typename Value, std::size_t N>
using Names = std::array<std::pair<Value, std::string_view>, N>;

constexpr Names<TaskKind, 3> kKinds = {{{TaskKind::classification, "classification"},
                                        {TaskKind::extraction, "extraction"},
                                        {TaskKind::answering, "answering"}}};
constexpr Names<Metric, 5> kMetrics = {{{Metric::accuracy, "accuracy"},
                                        {Metric::macro_f1, "macro_f1"},
                                        {Metric::exact_match, "exact_match"},
                                        {Metric::token_f1, "token_f1"},
                                        {Metric::json_field_f1, "json_field_f1"}}};
constexpr Names<Behaviour, 2> kBehaviours = {
    {{Behaviour::stable, "stable"}, {Behaviour::changing, "changing"}}};

template <typename Value, std::size_t N>
std::string_view name_of(const Names<Value, N>& names, Value value) {
  for (const auto& [entry, name] : names) {
    if (entry == value) return name;
  }
  return {};
}

// The value of a key that takes one of a few words.
template <typename Value, std::size_t N>
Value choice(TomlTable& table, std::string_view key, const std::string& word, const Names<Value, N>& names) {
  std::vector<std::string> known;
  for (const auto& [value, name] : names) {
    if (name == word) return value;
    known.emplace_back(name);
  }
  const auto near = nearest_word(word, known);
  table.refuse(key,
               fmt::format("there is no '{}'{} It is one of: {}.", word,
                           near ? fmt::format("; did you mean '{}'?", *near) : ".", fmt::join(known, ", ")));
}

double at_least_zero(TomlTable& table, std::string_view key, double fallback) {
  const double value = table.number(key, fallback);
  if (!(value >= 0) || !std::isfinite(value))
    table.refuse(key, fmt::format("must not be negative, and it is {}", value));
  return value;
}

std::int64_t positive(TomlTable& table, std::string_view key, std::int64_t fallback) {
  const std::int64_t value = table.integer(key, fallback);
  if (value < 1 || value > std::numeric_limits<std::int32_t>::max()) {
    table.refuse(key, fmt::format("must be at least 1, and it is {}", value));
  }
  return value;
}

std::vector<Metric> metrics_of(TaskKind kind) {
  switch (kind) {
    case TaskKind::classification:
      return {Metric::accuracy, Metric::macro_f1};
    case TaskKind::extraction:
      return {Metric::json_field_f1, Metric::exact_match};
    case TaskKind::answering:
      return {Metric::exact_match, Metric::token_f1};
  }
  return {};
}

class TaskReader {
 public:
  TaskReader(const Path& file, std::optional<Path> table_folder)
      : folder_(file.parent_path()), table_folder_(std::move(table_folder)) {
    task_.file = file;
  }

  Task read() {
    read_outline();
    load_splits();
    load_documents();
    check_splits(task_.splits, document_texts_);
    check_references();
    task_.sha256 = hash_.finish();
    return std::move(task_);
  }

  Task outline() {
    read_outline();
    return std::move(task_);
  }

 private:
  Path folder_;
  std::optional<Path> table_folder_;  // instead of the file's own
  std::optional<TableSettings> table_;
  Task task_;
  Sha256 hash_;
  std::vector<DocumentText> document_texts_;

  void read_outline() {
    const std::string source = read_file(task_.file);
    hash_.update(source);
    TomlTable root = TomlFile::parse(source, task_.file.string()).root();
    read_question(root);
    read_labels(root);
    read_fields(root);
    if (root.has("table"))
      read_table(root);
    else
      read_data(root);
    read_prices(root);
    read_circumstances(root);
    root.finish();
  }

  void read_question(TomlTable& root) {
    task_.name = root.text("name");
    if (task_.name.empty()) root.refuse("name", "is empty");
    if (task_.name.front() == '.' || task_.name.find_first_of("/\\") != std::string::npos)
      root.refuse("name", "begins with a dot or holds a slash; the evidence folder is called by it");
    task_.kind = choice(root, "kind", root.text("kind"), kKinds);
    task_.metric = choice(root, "metric", root.text("metric"), kMetrics);
    const std::vector<Metric> fitting = metrics_of(task_.kind);
    if (std::find(fitting.begin(), fitting.end(), task_.metric) == fitting.end()) {
      std::vector<std::string_view> names;
      for (const Metric metric : fitting) names.push_back(to_string(metric));
      root.refuse("metric", fmt::format("{} does not measure {}. Use one of: {}.", to_string(task_.metric),
                                        to_string(task_.kind), fmt::join(names, ", ")));
    }
    task_.target = root.number("target");
    if (!(task_.target > 0 && task_.target <= 1)) {
      root.refuse("target", fmt::format("must lie above 0 and at most at 1, and it is {}", task_.target));
    }
    task_.system = root.text("system", "");
    task_.instruction = root.text("instruction");
    if (task_.instruction.empty()) root.refuse("instruction", "is empty");
    task_.short_instruction = root.text("short_instruction", task_.instruction);
    task_.rewordings = root.texts("rewordings");
    if (task_.rewordings.size() > kRewordings) {
      root.refuse("rewordings",
                  fmt::format("there are {}, and at most {} are used", task_.rewordings.size(), kRewordings));
    }
  }

  void read_labels(TomlTable& root) {
    std::set<std::string> seen;
    for (TomlTable& table : root.tables("labels")) {
      Label label{table.text("name"), table.text("description", "")};
      if (label.name.empty()) table.refuse("name", "is empty");
      if (!seen.insert(label.name).second)
        table.refuse("name", fmt::format("the label '{}' stands here twice", label.name));
      table.finish();
      task_.labels.push_back(std::move(label));
    }
    if (!task_.labels.empty() && task_.kind != TaskKind::classification) {
      root.refuse("labels",
                  fmt::format("only a classification has labels, and this is {}", to_string(task_.kind)));
    }
    if (task_.labels.size() == 1)
      root.refuse("labels", "one label leaves nothing to decide; give at least two");
  }

  void read_fields(TomlTable& root) {
    std::set<std::string> seen;
    for (TomlTable& table : root.tables("fields")) {
      Field field;
      field.key = table.text("key");
      field.description = table.text("description", "");
      const auto type = parse_field_type(table.text("type", "text"));
      if (!type) table.refuse("type", "must be one of text, number, integer, boolean, text_list");
      field.type = *type;
      if (field.key.empty()) table.refuse("key", "is empty");
      if (!seen.insert(field.key).second)
        table.refuse("key", fmt::format("the field '{}' stands here twice", field.key));
      table.finish();
      task_.fields.push_back(std::move(field));
    }
    const bool wanted = task_.kind == TaskKind::extraction;
    if (wanted && task_.fields.empty())
      root.refuse("fields", "an extraction needs [[fields]] with key and description");
    if (!wanted && !task_.fields.empty()) {
      root.refuse("fields",
                  fmt::format("only an extraction has fields, and this is {}", to_string(task_.kind)));
    }
  }

  void read_data(TomlTable& root) {
    auto data = root.table("data");
    if (!data) root.refuse("data", "the table [data] with train, dev and test is missing");
    const auto file_of = [&](std::string_view key) {
      Path path = folder_ / data->text(key);
      if (!std::filesystem::is_regular_file(path))
        data->refuse(key, fmt::format("there is no file {}", path.string()));
      return path;
    };
    task_.train_file = file_of("train");
    task_.dev_file = file_of("dev");
    task_.test_file = file_of("test");
    if (task_.test_file == task_.train_file || task_.test_file == task_.dev_file) {
      data->refuse("test",
                   "is the file of another split; the test items must be ones that nothing else has seen");
    }
    if (task_.dev_file == task_.train_file) data->refuse("dev", "is the file of the train split");
    if (data->has("documents")) {
      task_.documents = folder_ / data->text("documents");
      if (!std::filesystem::is_directory(*task_.documents)) {
        data->refuse("documents", fmt::format("there is no folder {}", task_.documents->string()));
      }
    }
    data->finish();
  }

  void read_table(TomlTable& root) {
    if (root.has("data")) root.refuse("table", "stands beside [data]; give one of them");
    if (task_.kind != TaskKind::classification)
      root.refuse("table", "only a classification is read from tables");
    TomlTable table = *root.table("table");
    TableSettings settings;
    settings.folder = table_folder_.value_or(folder_ / table.text("folder"));
    if (table_folder_ && table.has("folder")) table.text("folder");
    settings.train_file = table.text("train", settings.train_file);
    settings.test_file = table.text("test", settings.test_file);
    settings.text_column = table.text("text", settings.text_column);
    settings.label_column = table.text("label", settings.label_column);
    settings.labels = positive(table, "labels", settings.labels);
    settings.train_rows = positive(table, "train_rows", settings.train_rows);
    settings.dev_rows = positive(table, "dev_rows", settings.dev_rows);
    settings.test_rows = positive(table, "test_rows", settings.test_rows);
    settings.seed = static_cast<std::uint64_t>(positive(table, "seed", 1));
    table.finish();
    table_ = settings;
  }

  void read_prices(TomlTable& root) {
    auto table = root.table("prices");
    if (!table) return;
    Prices& prices = task_.prices;
    prices.currency = table->text("currency", prices.currency);
    prices.machine_hour = at_least_zero(*table, "machine_hour", prices.machine_hour);
    prices.labelled_example = at_least_zero(*table, "labelled_example", prices.labelled_example);
    prices.engineer_hour = at_least_zero(*table, "engineer_hour", prices.engineer_hour);
    prices.upkeep_month = at_least_zero(*table, "upkeep_month", prices.upkeep_month);
    if (table->has("right_answer")) prices.right_answer = at_least_zero(*table, "right_answer", 0);
    table->finish();
  }

  void read_circumstances(TomlTable& root) {
    if (auto volume = root.table("volume")) {
      task_.calls_per_month = at_least_zero(*volume, "calls_per_month", 0);
      volume->finish();
    }
    if (auto volatility = root.table("volatility")) {
      if (volatility->has("documents_change_days")) {
        task_.documents_change_days = volatility->number("documents_change_days");
        if (!(*task_.documents_change_days > 0))
          volatility->refuse("documents_change_days", "must be above 0");
      }
      task_.behaviour =
          choice(*volatility, "behaviour", volatility->text("behaviour", "stable"), kBehaviours);
      volatility->finish();
    }
    if (auto table = root.table("limits")) {
      Limits& limits = task_.limits;
      limits.answer_tokens = static_cast<int>(positive(*table, "answer_tokens", limits.answer_tokens));
      limits.reasoning_tokens =
          static_cast<int>(positive(*table, "reasoning_tokens", limits.reasoning_tokens));
      limits.demonstrations = positive(*table, "demonstrations", limits.demonstrations);
      limits.passages = positive(*table, "passages", limits.passages);
      limits.chunk_tokens = positive(*table, "chunk_tokens", limits.chunk_tokens);
      table->finish();
    }
    if (auto table = root.table("fine_tune")) {
      if (table->has("max_forgetting")) {
        task_.max_forgetting = at_least_zero(*table, "max_forgetting", 0);
        if (*task_.max_forgetting > 1)
          table->refuse("max_forgetting", "is a share of the guard's items and at most 1");
      }
      task_.fine_tune = read_tune_settings(*table);
    }
  }

  std::vector<Example> load_split(const Path& path, std::string_view name) {
    hash_.update(sha256_file(path));
    return read_examples(path, name);
  }

  void load_splits() {
    if (table_) {
      hash_.update(sha256_file(table_->folder / table_->train_file));
      hash_.update(sha256_file(table_->folder / table_->test_file));
      LabelledTable table = read_labelled_table(*table_);
      task_.splits = std::move(table.splits);
      if (task_.labels.empty())
        for (const std::string& label : table.labels) task_.labels.push_back({label, ""});
      return;
    }
    task_.splits.train = load_split(task_.train_file, "train");
    task_.splits.dev = load_split(task_.dev_file, "dev");
    task_.splits.test = load_split(task_.test_file, "test");
  }

  void load_documents() {
    if (!task_.documents) return;
    for (const DocumentFile& file : list_documents(*task_.documents)) {
      Document document = read_document(*task_.documents, file.id);
      hash_.update(document.id + " " + document.sha256 + "\n");
      document_texts_.push_back({document.id, std::move(document.source)});
    }
    if (document_texts_.empty()) {
      throw_error(ErrorCode::invalid_argument,
                  "reading {}: the documents folder {} holds no .md, .markdown or .txt file",
                  task_.file.string(), task_.documents->string());
    }
  }

  // Answers that no recipe could ever be right with are mistakes of the data, found before anything runs.
  void check_references() {
    if (task_.kind == TaskKind::classification && task_.labels.empty()) take_labels_from_train();
    const std::pair<const Path*, const std::vector<Example>*> named[] = {
        {&task_.train_file, &task_.splits.train},
        {&task_.dev_file, &task_.splits.dev},
        {&task_.test_file, &task_.splits.test}};
    std::vector<std::string> problems;
    for (const auto& [path, split] : named) {
      for (const Example& example : *split) {
        if (std::string what = problem_of(example); !what.empty()) {
          problems.push_back(fmt::format("{}:{}: {}", path->filename().string(), example.line, what));
        }
      }
    }
    if (problems.empty()) return;
    constexpr std::size_t kShown = 20;
    const std::size_t shown = std::min(problems.size(), kShown);
    std::string message = fmt::format(
        "reading {}: {} of the examples do not fit the task:\n  {}", task_.file.string(), problems.size(),
        fmt::join(problems.begin(), problems.begin() + static_cast<std::ptrdiff_t>(shown), "\n  "));
    if (shown < problems.size()) message += fmt::format("\n  and {} more", problems.size() - shown);
    throw Error(ErrorCode::invalid_argument, message);
  }

  void take_labels_from_train() {
    std::set<std::string> names;
    for (const Example& example : task_.splits.train) names.insert(example.reference());
    for (const std::string& name : names) task_.labels.push_back({name, ""});
  }

  std::string problem_of(const Example& example) const {
    for (const std::string& id : example.documents) {
      std::vector<std::string> known;
      for (const DocumentText& document : document_texts_) known.push_back(document.id);
      if (std::find(known.begin(), known.end(), id) != known.end()) continue;
      const auto near = nearest_word(id, known);
      return fmt::format("there is no document '{}'{}", id,
                         near ? fmt::format("; is '{}' meant?", *near) : "");
    }
    if (task_.kind == TaskKind::classification) return label_problem(example);
    if (task_.kind == TaskKind::extraction) return fields_problem(example);
    return {};
  }

  std::string label_problem(const Example& example) const {
    std::vector<std::string> names;
    for (const Label& label : task_.labels) {
      if (label.name == example.reference()) return {};
      names.push_back(label.name);
    }
    const auto near = nearest_word(example.reference(), names);
    return fmt::format("'{}' is not one of the labels{}", example.reference(),
                       near ? fmt::format("; is '{}' meant?", *near) : "");
  }

  std::string fields_problem(const Example& example) const {
    Json answer;
    try {
      answer = parse_json(example.reference(), "the answer");
    } catch (const Error& failure) {
      return failure.what();
    }
    if (!answer.is_object()) return "the answer must be a JSON object";
    for (const auto& [key, value] : answer.items()) {
      const auto same_key = [&, name = key](const Field& field) { return field.key == name; };
      if (std::none_of(task_.fields.begin(), task_.fields.end(), same_key)) {
        return fmt::format("the answer has the key '{}', which is not among the task's fields", key);
      }
    }
    return {};
  }
};

}  // namespace

Task read_task(const Path& file) {
  return TaskReader(file, std::nullopt).read();
}

Task read_task(const Path& file, const Path& table_folder) {
  return TaskReader(file, table_folder).read();
}

Task read_task_outline(const Path& file) {
  return TaskReader(file, std::nullopt).outline();
}

std::vector<Path> find_task_files(const Path& file_or_folder) {
  if (!std::filesystem::is_directory(file_or_folder)) {
    if (!std::filesystem::exists(file_or_folder)) {
      throw_error(ErrorCode::not_found,
                  "looking for a task: there is no {}. Give a task file or a folder of them.",
                  file_or_folder.string());
    }
    return {file_or_folder};
  }
  std::vector<Path> files;
  for (const auto& entry : std::filesystem::directory_iterator(file_or_folder)) {
    if (!entry.is_regular_file() || entry.path().extension() != ".toml") continue;
    if (TomlFile::read(entry.path()).root().has("kind")) files.push_back(entry.path());
  }
  if (files.empty()) {
    throw_error(ErrorCode::not_found,
                "looking for tasks in {}: no .toml file there has a `kind`. A task file starts with name, "
                "kind and metric.",
                file_or_folder.string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

Path find_task_file(const Path& file_or_folder) {
  const std::vector<Path> files = find_task_files(file_or_folder);
  if (files.size() == 1) return files.front();
  std::string names;
  for (const Path& file : files) names += (names.empty() ? "" : ", ") + file.filename().string();
  throw_error(ErrorCode::invalid_argument,
              "looking for one task in {}: there are {}; name the one that is meant", file_or_folder.string(),
              names);
}

std::string_view to_string(TaskKind kind) {
  return name_of(kKinds, kind);
}
std::string_view to_string(Metric metric) {
  return name_of(kMetrics, metric);
}
std::string_view to_string(Behaviour behaviour) {
  return name_of(kBehaviours, behaviour);
}

}  // namespace fulcrum
