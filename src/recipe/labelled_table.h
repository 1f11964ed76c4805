// Classification data that comes as two CSV tables (train and test) with a column of texts and one of labels.
//
// A seed takes some of the labels and some rows of each, so that a large public set becomes a task of a size
// to compare on; dev is cut from the train table. Rows of the train table whose text also stands in the test
// table (case and punctuation aside) are left out and counted. CSV as in RFC 4180: commas, quotes doubled
// inside quotes, UTF-8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "recipe/splits.h"

namespace fulcrum {

struct TableSettings {
  Path folder;
  std::string train_file = "train.csv", test_file = "test.csv";
  std::string text_column = "text", label_column = "category";
  std::int64_t labels = 10;
  // Rows drawn over all labels together; the whole table if it has fewer.
  std::int64_t train_rows = 400, dev_rows = 100, test_rows = 200;
  std::uint64_t seed = 1;
};

struct LabelledTable {
  Splits splits;
  std::vector<std::string> labels;  // sorted
  std::int64_t left_out = 0;        // train rows that also stand in test, or twice in train
};

// Error not_found (folder, file: says what was expected there), corrupt (a bad row, by file and line),
// invalid_argument (a missing column, fewer labels than asked for).
LabelledTable read_labelled_table(const TableSettings& settings);

// The rows of a CSV text; the first is the header. Error corrupt naming `name` and the line.
std::vector<std::vector<std::string>> parse_csv(std::string_view text, std::string_view name);

}  // namespace fulcrum
