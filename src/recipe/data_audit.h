// What is wrong, doubtful or worth knowing in a set of example files and documents, before anything runs.
//
// Errors make a measurement mean something else: bad rows, and items that stand in two parts. Warnings cost
// quality: near copies across parts, one input with two answers, a class too small to learn or to measure,
// rows too long, hints at personal data. Notes are for looking at: outliers, near copies within a part. Every
// finding names file, row and field.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "recipe/data_file.h"
#include "recipe/near_duplicates.h"
#include "recipe/splits.h"
#include "retrieve/chunk.h"

namespace fulcrum {

enum class Severity { error, warning, note };

struct Finding {
  Severity severity = Severity::note;
  std::string code;       // "leak_near", "conflicting_answers", a row problem's own code, ...
  std::string file;       // "train.jsonl"; a document's id
  std::int64_t line = 0;  // from 1; 0: the file as a whole
  std::string field;      // "messages[1].content"; empty: the row
  std::string what;
};
// "train.jsonl:17: messages[1].content: personal_data: ..."
std::string describe(const Finding& finding);

struct Lengths {
  std::int64_t least = 0, median = 0, p95 = 0, most = 0;
};

struct PartStatistics {
  std::string part, file;
  std::int64_t rows = 0, bad_rows = 0, groups = 0;  // groups: 0 if no row names one
  Lengths input, answer;                            // in AuditSettings::unit
  std::int64_t distinct_answers = 0;
  std::map<std::string, std::int64_t> classes;  // rows by answer; empty unless the answers are classes
};

struct AuditSettings {
  double near = kNearDuplicate;
  TokenCounter measure = [](std::string_view text) { return static_cast<std::int64_t>(text.size()); };
  std::string unit = "bytes";
  std::optional<std::int64_t> longest_row;  // in `unit`, all messages together; absent: no limit
  // The labels that answers must be taken from, if there is a closed set.
  std::vector<std::string> labels;
};

struct DataAudit {
  std::vector<PartStatistics> parts;
  std::vector<Finding> findings;  // errors first, then by file and row
  std::int64_t count(Severity severity) const;
};

DataAudit audit_data(std::span<const DataFile> files, std::span<const DocumentText> documents,
                     const AuditSettings& settings);

// Rows by number that a file can do without: each stays close to an earlier one that is kept. Same input and
// answer after folding, or as near as `near`; rows of different answers are never copies of each other.
std::vector<std::size_t> redundant_rows(std::span<const Example> examples, double near);

std::string_view to_string(Severity severity);

}  // namespace fulcrum
