// A file of examples as it stands, good rows and bad ones: OpenAI chat JSONL, or CSV with a column of texts
// and one of answers. What `fulcrum data` works on; nothing here changes a file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "recipe/examples.h"

namespace fulcrum {

struct TableColumns {
  std::string text = "text", answer = "category";
};

struct DataFile {
  std::string part;                  // "train", "dev", "test", or the file's name without its extension
  std::string name;                  // "train.jsonl", for messages
  std::vector<Example> examples;     // the good rows; `line` is the row's, for CSV counted in rows
  std::vector<std::string> rows;     // each example's row as chat JSONL: byte for byte what stood there
  std::vector<RowProblem> problems;  // of the others
  std::vector<std::string> fields;   // names of the places of a message in a row; empty: messages[i].content
  std::string field_of(const Example& example, std::size_t message) const;
};

// By extension: .csv is a table, anything else chat JSONL. Error not_found; corrupt for CSV that is none;
// invalid_argument for a missing column.
DataFile read_data_file(const Path& path, std::string_view part, const TableColumns& columns);
// The same from text at hand, chat JSONL.
DataFile parse_data_file(std::string_view text, std::string_view part, std::string_view name);

// One example as a row of chat JSONL, without a newline.
std::string chat_row(const Example& example);

}  // namespace fulcrum
