// fulcrum data check|stats|dedup|split|sample: a task's files, or any files of examples, without running a
// model. Nothing is ever overwritten: what is made goes to a new file or folder.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/json.h"
#include "cli/command.h"
#include "cli/model_session.h"
#include "cli/skeleton.h"
#include "recipe/data_audit.h"
#include "recipe/partition.h"
#include "recipe/preflight.h"
#include "recipe/task.h"
#include "report/text_table.h"

namespace fulcrum {
namespace {

struct DataArguments {
  std::vector<std::string> paths;
  std::string output, tables;
  TableColumns columns;
  double near = kNearDuplicate;
  std::size_t shown = 8;  // findings of one kind
  PartitionSettings partition;
  std::int64_t count = 100;
};

// What is looked at together: the splits of one task, or the files given.
struct DataSet {
  std::string name;
  std::vector<DataFile> files;
  std::vector<DocumentText> documents;
  std::vector<std::string> labels;
  Path task_file;  // empty: files
};

bool is_task(const Path& path) {
  return path.extension() == ".toml" || std::filesystem::is_directory(path);
}

DataSet read_task_set(const Path& file, const DataArguments& arguments) {
  Task task = read_task_outline(file);
  DataSet set;
  if (task.train_file.empty()) {  // its splits come from tables, which are checked as they are cut
    task = arguments.tables.empty() ? read_task(file) : read_task(file, arguments.tables);
    set.files = data_files_of(task);
  } else {
    set.task_file = file;
    const std::pair<const char*, const Path*> named[] = {
        {"train", &task.train_file}, {"dev", &task.dev_file}, {"test", &task.test_file}};
    for (const auto& [part, path] : named)
      set.files.push_back(read_data_file(*path, part, arguments.columns));
  }
  set.name = task.name;
  set.documents = document_texts_of(task);
  for (const Label& label : task.labels) set.labels.push_back(label.name);
  return set;
}

std::vector<DataSet> read_sets(const DataArguments& arguments) {
  std::vector<DataSet> sets;
  DataSet loose;
  for (const std::string& path : arguments.paths) {
    if (is_task(path)) {
      for (const Path& file : find_task_files(path)) sets.push_back(read_task_set(file, arguments));
      continue;
    }
    const std::string part = Path(path).stem().string();
    loose.name += (loose.name.empty() ? "" : ", ") + Path(path).filename().string();
    loose.files.push_back(read_data_file(path, part, arguments.columns));
  }
  if (!loose.files.empty()) sets.push_back(std::move(loose));
  return sets;
}

// Rows are measured in the tokens of a model if one is named, else in bytes.
AuditSettings audit_settings(const DataSet& set, const DataArguments& arguments, const LanguageModel* model) {
  AuditSettings settings;
  settings.near = arguments.near;
  settings.labels = set.labels;
  if (!model) return settings;
  settings.measure = [model](std::string_view text) { return model->count_tokens(text); };
  settings.unit = "tokens";
  settings.longest_row = model->info().context_tokens;
  return settings;
}

Json to_json(const Lengths& lengths) {
  return {{"least", lengths.least}, {"median", lengths.median}, {"p95", lengths.p95}, {"most", lengths.most}};
}

Json to_json(const DataSet& set, const DataAudit& audit, const AuditSettings& settings) {
  Json parts = Json::array(), findings = Json::array();
  for (const PartStatistics& part : audit.parts) {
    parts.push_back({{"part", part.part},
                     {"file", part.file},
                     {"rows", part.rows},
                     {"bad_rows", part.bad_rows},
                     {"groups", part.groups},
                     {"unit", settings.unit},
                     {"input", to_json(part.input)},
                     {"answer", to_json(part.answer)},
                     {"distinct_answers", part.distinct_answers},
                     {"classes", part.classes}});
  }
  for (const Finding& finding : audit.findings) {
    findings.push_back({{"severity", to_string(finding.severity)},
                        {"code", finding.code},
                        {"file", finding.file},
                        {"line", finding.line},
                        {"field", finding.field},
                        {"what", finding.what}});
  }
  return {{"name", set.name},
          {"parts", parts},
          {"documents", set.documents.size()},
          {"errors", audit.count(Severity::error)},
          {"warnings", audit.count(Severity::warning)},
          {"notes", audit.count(Severity::note)},
          {"findings", findings}};
}

std::string parts_table(const DataAudit& audit, const std::string& unit) {
  TextTable table;
  table.add_column("file", Align::left);
  for (const char* header : {"rows", "bad", "groups"}) table.add_column(header, Align::right);
  table.add_column(fmt::format("input {}\nleast / median / p95 / most", unit), Align::right);
  table.add_column(fmt::format("answer {}\nmedian / most", unit), Align::right);
  table.add_column("different\nanswers", Align::right);
  for (const PartStatistics& part : audit.parts) {
    table.add_row({part.file, fmt::format("{}", part.rows), fmt::format("{}", part.bad_rows),
                   fmt::format("{}", part.groups),
                   fmt::format("{} / {} / {} / {}", part.input.least, part.input.median, part.input.p95,
                               part.input.most),
                   fmt::format("{} / {}", part.answer.median, part.answer.most),
                   fmt::format("{}", part.distinct_answers)});
  }
  return table.to_string("  ");
}

// Rows of each class in each part, and the share of all; the largest class first.
std::string classes_table(const DataAudit& audit) {
  std::map<std::string, std::int64_t> totals;
  std::int64_t rows = 0;
  for (const PartStatistics& part : audit.parts) {
    for (const auto& [name, count] : part.classes) {
      totals[name] += count;
      rows += count;
    }
  }
  if (totals.empty()) return "";
  std::vector<std::pair<std::string, std::int64_t>> order(totals.begin(), totals.end());
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  TextTable table;
  table.add_column("class", Align::left);
  for (const PartStatistics& part : audit.parts) table.add_column(part.part, Align::right);
  table.add_column("share", Align::right);
  for (const auto& [name, count] : order) {
    std::vector<std::string> cells = {name};
    for (const PartStatistics& part : audit.parts) {
      const auto found = part.classes.find(name);
      cells.push_back(fmt::format("{}", found == part.classes.end() ? 0 : found->second));
    }
    cells.push_back(fmt::format("{:.1f}%", 100.0 * static_cast<double>(count) / static_cast<double>(rows)));
    table.add_row(std::move(cells));
  }
  return "\n" + table.to_string("  ");
}

std::string counted(std::int64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

// Findings of one kind under one line, so that a thousand near copies do not bury one leak.
std::string findings_text(const DataAudit& audit, std::size_t shown) {
  std::vector<std::string> codes;
  for (const Finding& finding : audit.findings)
    if (std::find(codes.begin(), codes.end(), finding.code) == codes.end()) codes.push_back(finding.code);
  std::string text;
  for (const std::string& code : codes) {
    std::size_t count = 0;
    std::string lines;
    Severity severity = Severity::note;
    for (const Finding& finding : audit.findings) {
      if (finding.code != code) continue;
      severity = finding.severity;
      if (count++ < shown) lines += wrap_text(describe(finding), 110, "    ", "      ");
    }
    text += fmt::format("\n  {}: {}\n{}", counted(static_cast<std::int64_t>(count), to_string(severity)),
                        code, lines);
    if (count > shown)
      text += fmt::format("    and {} more; --shown {} or --json - lists them\n", count - shown, count);
  }
  return text;
}

void run_check(Session& session, const DataArguments& arguments) {
  const auto engine = session.model.empty() ? nullptr : open_engine(session);
  Json report = Json::array();
  for (const DataSet& set : read_sets(arguments)) {
    const AuditSettings settings = audit_settings(set, arguments, engine.get());
    const DataAudit audit = audit_data(set.files, set.documents, settings);
    session.print(fmt::format("{}\n{}{}", set.name, parts_table(audit, settings.unit),
                              findings_text(audit, arguments.shown)));
    Json entry = to_json(set, audit, settings);
    // What an audit of files cannot see: references that do not fit the task, documents that are not there.
    if (!set.task_file.empty() && audit.count(Severity::error) == 0) {
      try {
        entry["sha256"] = read_task(set.task_file).sha256;
      } catch (const Error& failure) {
        session.print(fmt::format("\n  1 error: task\n    {}\n", failure.what()));
        entry["errors"] = 1;
        entry["task_error"] = failure.what();
      }
    }
    const auto errors = entry["errors"].get<std::int64_t>();
    session.print(fmt::format("\n  {}: {}, {}, {}.\n\n",
                              errors == 0 ? "Nothing stands against running this" : "Not fit to run",
                              counted(errors, "error"), counted(audit.count(Severity::warning), "warning"),
                              counted(audit.count(Severity::note), "note")));
    if (errors > 0) session.status = ExitStatus::failed;
    report.push_back(std::move(entry));
  }
  session.write_json(report);
}

void run_stats(Session& session, const DataArguments& arguments) {
  const auto engine = session.model.empty() ? nullptr : open_engine(session);
  Json report = Json::array();
  for (const DataSet& set : read_sets(arguments)) {
    const AuditSettings settings = audit_settings(set, arguments, engine.get());
    const DataAudit audit = audit_data(set.files, set.documents, settings);
    session.print(fmt::format("{}: {} documents\n{}{}\n", set.name, set.documents.size(),
                              parts_table(audit, settings.unit), classes_table(audit)));
    Json entry = to_json(set, audit, settings);
    entry.erase("findings");
    report.push_back(std::move(entry));
  }
  session.write_json(report);
}

// ---- making new files ----

DataFile read_one(const DataArguments& arguments) {
  DataFile file = read_data_file(arguments.paths.front(), Path(arguments.paths.front()).stem().string(),
                                 arguments.columns);
  for (const RowProblem& problem : file.problems) {
    if (problem.code == "duplicated_row") continue;  // left out of the rows, and so of what is made
    throw_error(ErrorCode::invalid_argument,
                "reading {}: {} bad rows, the first: {}. fulcrum data check lists them.", file.name,
                file.problems.size(), describe(problem, file.name));
  }
  return file;
}

constexpr std::array<const char*, 3> kParts = {"train", "dev", "test"};

void refuse_to_overwrite(const Path& path) {
  if (!std::filesystem::exists(path)) return;
  throw_error(ErrorCode::invalid_argument,
              "writing {}: it exists already, and data is never overwritten; name a new one", path.string());
}

std::string text_of(const DataFile& file, std::span<const std::size_t> rows) {
  std::string text;
  for (const std::size_t row : rows) text += file.rows[row] + "\n";
  return text;
}

void run_dedup(Session& session, const DataArguments& arguments) {
  refuse_to_overwrite(arguments.output);
  const DataFile file = read_one(arguments);
  const std::vector<std::size_t> redundant = redundant_rows(file.examples, arguments.near);
  std::vector<std::size_t> kept;
  Json dropped = Json::array();
  for (std::size_t row = 0; row < file.rows.size(); ++row) {
    if (!std::binary_search(redundant.begin(), redundant.end(), row))
      kept.push_back(row);
    else
      dropped.push_back(file.examples[row].line);
  }
  for (const RowProblem& problem : file.problems) dropped.push_back(problem.line);
  write_file_atomic(arguments.output, text_of(file, kept));
  session.print(fmt::format("{}: {} of {} rows kept ({} exact copies, {} normalised or near ones left out)\n",
                            arguments.output, kept.size(), file.rows.size() + file.problems.size(),
                            file.problems.size(), redundant.size()));
  session.write_json({{"output", arguments.output}, {"kept", kept.size()}, {"dropped_lines", dropped}});
}

// A folder that fulcrum init made and nobody has filled in: its examples are there to be replaced.
bool is_skeleton(const Path& folder) {
  if (!std::filesystem::exists(folder / "task.toml")) return false;
  for (const char* part : kParts) {
    const Path file = folder / fmt::format("{}.jsonl", part);
    if (std::filesystem::exists(file) && read_file(file).find(skeleton_example(part)) == std::string::npos)
      return false;
  }
  return true;
}

void run_split(Session& session, DataArguments arguments) {
  const bool fills_skeleton = is_skeleton(arguments.output);
  if (!fills_skeleton) refuse_to_overwrite(arguments.output);
  arguments.partition.seed = session.seed;
  arguments.partition.near = arguments.near;
  const DataFile file = read_one(arguments);
  const Partition parts = partition(file.examples, arguments.partition);
  const std::pair<const char*, const std::vector<std::size_t>*> named[] = {
      {"train", &parts.train}, {"dev", &parts.dev}, {"test", &parts.test}};
  Json sizes = Json::object();
  const auto write_parts = [&](const Path& folder) {
    for (const auto& [part, rows] : named) {
      if (!rows->empty()) write_file_atomic(folder / fmt::format("{}.jsonl", part), text_of(file, *rows));
      sizes[part] = rows->size();
    }
  };
  if (fills_skeleton)
    write_parts(arguments.output);
  else
    write_folder_atomic(arguments.output, write_parts);
  session.print(fmt::format("{}/: {} train, {} dev, {} test rows of {} units that stay together\n",
                            arguments.output, parts.train.size(), parts.dev.size(), parts.test.size(),
                            parts.units));
  session.write_json({{"output", arguments.output}, {"rows", sizes}, {"units", parts.units}});
}

void run_sample(Session& session, const DataArguments& arguments) {
  refuse_to_overwrite(arguments.output);
  const DataFile file = read_one(arguments);
  const auto rows =
      sample_rows(file.examples, arguments.count, session.seed, arguments.partition.stratify_by);
  write_file_atomic(arguments.output, text_of(file, rows));
  session.print(fmt::format("{}: {} of {} rows, drawn by the seed {}\n", arguments.output, rows.size(),
                            file.rows.size(), session.seed));
  session.write_json({{"output", arguments.output}, {"rows", rows.size()}});
}

class DataCommands {
 public:
  DataCommands(CLI::App& data, Session& session) : data_(data), session_(session) {}

  void add_looking(const char* name, const char* summary, const char* example,
                   void (*work)(Session&, const DataArguments&)) {
    auto [command, arguments] = add(name, summary, example, work);
    command
        ->add_option("paths", arguments->paths,
                     "task files, a folder of them, or files of examples (JSONL, CSV)")
        ->required();
    command->add_option("--data", arguments->tables,
                        "folder with the CSV tables of a task that reads [table]");
    command->add_option("--shown", arguments->shown, "findings of one kind to list")->capture_default_str();
  }

  CLI::App* add_making(const char* name, const char* summary, const char* example, const char* output,
                       void (*work)(Session&, const DataArguments&)) {
    auto [command, arguments] = add(name, summary, example, work);
    command->add_option("file", arguments->paths, "a file of examples (JSONL, CSV)")->required()->expected(1);
    command->add_option("--output", arguments->output, output)->required();
    last_ = arguments;
    return command;
  }
  const std::shared_ptr<DataArguments>& last() const { return last_; }

 private:
  CLI::App& data_;
  Session& session_;
  std::shared_ptr<DataArguments> last_;

  std::pair<CLI::App*, std::shared_ptr<DataArguments>> add(const char* name, const char* summary,
                                                           const char* example,
                                                           void (*work)(Session&, const DataArguments&)) {
    auto arguments = std::make_shared<DataArguments>();
    CLI::App* command = add_command(data_, session_, name, summary, example);
    command->add_option("--text", arguments->columns.text, "CSV: the column of inputs")
        ->capture_default_str();
    command->add_option("--answer", arguments->columns.answer, "CSV: the column of answers")
        ->capture_default_str();
    command->add_option("--near", arguments->near, "likeness (0 to 1) from which inputs count as near copies")
        ->capture_default_str()
        ->check(CLI::Range(0.1, 1.0));
    add_json_option(*command, session_);
    command->callback([&session = session_, arguments, work] { work(session, *arguments); });
    return {command, arguments};
  }
};

}  // namespace

void add_data(CLI::App& app, Session& session) {
  CLI::App* data = app.add_subcommand("data", "look at, clean and split examples without running anything");
  data->require_subcommand(1);
  DataCommands commands(*data, session);
  commands.add_looking("check", "every bad row, leak, copy, conflict and doubt, by file, row and field",
                       "fulcrum data check examples/support-desk", run_check);
  commands.add_looking("stats", "rows, lengths and classes",
                       "fulcrum data stats train.csv --text text --answer category", run_stats);
  commands.add_making("dedup", "leave out copies and near copies that have the same answer",
                      "fulcrum data dedup train.jsonl --output clean.jsonl", "the file to make", run_dedup);
  CLI::App* split = commands.add_making(
      "split", "cut into train, dev and test; groups and near copies stay together",
      "fulcrum data split all.csv --output my-task --test 0.3 --seed 7", "the folder to make",
      [](Session& run, const DataArguments& arguments) { run_split(run, arguments); });
  PartitionSettings& partition = commands.last()->partition;
  split->add_option("--dev", partition.dev_share, "share of the rows")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 0.9));
  split->add_option("--test", partition.test_share, "share of the rows")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 0.9));
  split
      ->add_option("--stratify-by", partition.stratify_by,
                   "answer, answer.KEY, group, document, system; empty: nothing")
      ->capture_default_str();
  split->add_option("--group-by", partition.group_by, "rows with the same value stay together")
      ->capture_default_str();
  CLI::App* sample = commands.add_making("sample", "draw rows by the seed, each stratum in its share",
                                         "fulcrum data sample train.jsonl --count 50 --output few.jsonl",
                                         "the file to make", run_sample);
  sample->add_option("--count", commands.last()->count, "rows to draw")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  sample->add_option("--stratify-by", commands.last()->partition.stratify_by, "as in split")
      ->capture_default_str();
}

}  // namespace fulcrum
