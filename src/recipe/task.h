// A task: what the user wants, read from task.toml and the files beside it, checked whole before anything
// runs.
//
//   name = "triage"                       kind = "classification"   # extraction, answering
//   metric = "accuracy"                   # macro_f1, exact_match, token_f1, json_field_f1
//   target = 0.9                          instruction = "..."       # system = "...", short_instruction =
//   "..." rewordings = ["...", ...]             # the instruction in other words, up to five [data] train,
//   dev, test: JSONL; documents: a folder (optional)
//   [table]       instead of [data]: a classification out of two CSV files (recipe/labelled_table.h): folder,
//   train, test, text, label, labels, train_rows, dev_rows, test_rows, seed
//   [[labels]]    name, description       # classification; absent: the answers of the train split
//   [[fields]]    key, description, type  # extraction: text, number, integer, boolean, text_list
//   [prices]      currency, machine_hour, labelled_example, engineer_hour, upkeep_month, right_answer
//   [volume]      calls_per_month
//   [volatility]  documents_change_days, behaviour = "stable" | "changing"
//   [limits]      answer_tokens, reasoning_tokens, demonstrations, passages, chunk_tokens
//   [fine_tune]   rank, alpha, learning_rate, max_epochs, batch_examples, patience_epochs, target_modules,
//   max_forgetting (share of the guard's items that an adapter may lose and still be recommended)
//
// Every Error names file and line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "prompt/signature.h"
#include "recipe/splits.h"
#include "recipe/tune_settings.h"

namespace fulcrum {

enum class TaskKind { classification, extraction, answering };
enum class Metric { accuracy, macro_f1, exact_match, token_f1, json_field_f1 };
enum class Behaviour { stable, changing };

// Money in `currency`.
struct Prices {
  std::string currency = "EUR";
  double machine_hour = 0.10;
  double labelled_example = 0;
  double engineer_hour = 0;
  double upkeep_month = 0;
  std::optional<double> right_answer = {};  // what one brings the user; absent: not said
};

struct Limits {
  int answer_tokens = 64;
  int reasoning_tokens = 96;
  std::int64_t demonstrations = 8;  // at most
  std::int64_t passages = 3;        // chunks before a question
  std::int64_t chunk_tokens = 120;
};

struct Task {
  Path file;
  std::string name;
  TaskKind kind = TaskKind::classification;
  Metric metric = Metric::accuracy;
  double target = 0;  // of the metric, in (0, 1]
  std::string system, instruction;
  std::string short_instruction;  // for a model that has learnt the rest; the instruction if not given
  std::vector<std::string> rewordings;
  std::vector<Label> labels;
  std::vector<Field> fields;
  Path train_file, dev_file, test_file;  // empty if the splits came from tables
  std::optional<Path> documents;
  Prices prices;
  double calls_per_month = 0;
  std::optional<double> documents_change_days;  // absent: they do not change
  Behaviour behaviour = Behaviour::stable;
  Limits limits;
  TuneSettings fine_tune;
  std::optional<double> max_forgetting;  // absent: forgetting is measured and blocks nothing
  Splits splits;
  std::string sha256;  // of the task file, the three splits and every document, wherever they lie
};

Task read_task(const Path& file);
// The same with the tables of its [table] taken from another folder.
Task read_task(const Path& file, const Path& table_folder);
// What the task file itself says: no split and no document is opened, so that files with bad rows can be
// looked at.
Task read_task_outline(const Path& file);
// The task files that a path means: itself, or every .toml in a folder that has a `kind`, by name.
std::vector<Path> find_task_files(const Path& file_or_folder);
// For work on one task: Error(invalid_argument) listing them where a folder has several.
Path find_task_file(const Path& file_or_folder);

std::string_view to_string(TaskKind kind);
std::string_view to_string(Metric metric);
std::string_view to_string(Behaviour behaviour);

}  // namespace fulcrum
