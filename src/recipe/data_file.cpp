#include "recipe/data_file.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/unicode.h"
#include "recipe/labelled_table.h"

namespace fulcrum {
namespace {

std::size_t column_of(const std::vector<std::string>& header, const std::string& wanted,
                      std::string_view name) {
  const auto found = std::find(header.begin(), header.end(), wanted);
  if (found == header.end()) {
    const bool semicolons = header.size() == 1 && header.front().find(';') != std::string::npos;
    throw_error(ErrorCode::invalid_argument, "reading {}: there is no column '{}'; the columns are {}. {}",
                name, wanted, fmt::join(header, ", "),
                semicolons ? "Columns are told apart by commas here, not by semicolons."
                           : "Name the ones to use with --text and --answer.");
  }
  return static_cast<std::size_t>(found - header.begin());
}

DataFile read_table(const Path& path, std::string_view part, const TableColumns& columns) {
  const std::string name = path.filename().string();
  const auto rows = parse_csv(read_file(path), name);
  if (rows.empty()) throw_error(ErrorCode::corrupt, "reading {}: it is empty; a header is expected", name);
  const std::size_t text = column_of(rows.front(), columns.text, name);
  const std::size_t answer = column_of(rows.front(), columns.answer, name);
  DataFile file;
  file.part = part;
  file.name = name;
  file.fields = {columns.text, columns.answer};
  if (rows.size() == 1) file.problems.push_back({0, "empty_file", "", "there is no row in it"});
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const auto line = static_cast<std::int64_t>(i) + 1;
    if (rows[i].size() != rows.front().size()) {
      file.problems.push_back(
          {line, "column_count", "",
           fmt::format("{} columns are expected, found {}", rows.front().size(), rows[i].size())});
      continue;
    }
    const std::size_t before = file.problems.size();
    for (const std::size_t column : {text, answer}) {
      const std::string& cell = rows[i][column];
      if (find_invalid_utf8(cell))
        file.problems.push_back({line, "not_utf8", rows.front()[column], "is not UTF-8 text"});
      else if (trim(cell).empty())
        file.problems.push_back({line, "missing_content", rows.front()[column], "is empty"});
    }
    if (file.problems.size() > before) continue;
    Example example;
    example.id = fmt::format("{}:{}", part, line);
    example.line = line;
    example.messages = {{"user", rows[i][text]}, {"assistant", rows[i][answer]}};
    example.weights = {0, 1};
    file.rows.push_back(chat_row(example));
    file.examples.push_back(std::move(example));
  }
  return file;
}

}  // namespace

std::string DataFile::field_of(const Example& example, std::size_t message) const {
  if (fields.empty()) return fmt::format("messages[{}].content", message);
  return message + 1 == example.messages.size() ? fields.back() : fields.front();
}

DataFile parse_data_file(std::string_view text, std::string_view part, std::string_view name) {
  ExampleFile parsed = parse_examples(text, part);
  DataFile file;
  file.part = part;
  file.name = name;
  file.problems = std::move(parsed.problems);
  file.examples = std::move(parsed.examples);
  auto example = file.examples.begin();
  std::int64_t line = 0;
  for (std::size_t begin = 0; begin < text.size() && example != file.examples.end();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (++line == example->line) {
      file.rows.emplace_back(text.substr(begin, end - begin));
      ++example;
    }
    begin = end + 1;
  }
  return file;
}

DataFile read_data_file(const Path& path, std::string_view part, const TableColumns& columns) {
  if (path.extension() == ".csv") return read_table(path, part, columns);
  return parse_data_file(read_file(path), part, path.filename().string());
}

std::string chat_row(const Example& example) {
  Json messages = Json::array();
  for (std::size_t i = 0; i < example.messages.size(); ++i) {
    const Message& message = example.messages[i];
    Json entry = {{"role", message.role}, {"content", message.content}};
    if (message.role == "assistant" && example.weights[i] == 0) entry["weight"] = 0;
    messages.push_back(std::move(entry));
  }
  Json row = {{"id", example.id}, {"messages", std::move(messages)}};
  if (!example.group.empty()) row["group"] = example.group;
  if (!example.documents.empty()) row["documents"] = example.documents;
  return to_line(row);
}

}  // namespace fulcrum
