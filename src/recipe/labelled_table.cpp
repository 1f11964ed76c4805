#include "recipe/labelled_table.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/random.h"
#include "base/unicode.h"

namespace fulcrum {
namespace {

struct LabelledRow {
  std::int64_t line = 0;  // counts rows of the table, the header being 1
  std::string text, label;
};

std::size_t column_of(const std::vector<std::string>& header, const std::string& name, const Path& path) {
  const auto found = std::find(header.begin(), header.end(), name);
  if (found == header.end()) {
    std::string names;
    for (const std::string& each : header) names += (names.empty() ? "" : ", ") + each;
    throw_error(ErrorCode::invalid_argument, "reading {}: there is no column '{}'; it has: {}", path.string(),
                name, names);
  }
  return static_cast<std::size_t>(found - header.begin());
}

std::vector<LabelledRow> read_rows(const Path& path, const TableSettings& settings) {
  const std::string text = read_file(path);
  if (const auto byte = find_invalid_utf8(text)) {
    throw_error(ErrorCode::corrupt, "reading {}: byte {} is not UTF-8; save the table as UTF-8",
                path.string(), *byte);
  }
  const auto table = parse_csv(text, path.string());
  if (table.size() < 2) throw_error(ErrorCode::corrupt, "reading {}: the table has no rows", path.string());
  const std::size_t text_at = column_of(table.front(), settings.text_column, path);
  const std::size_t label_at = column_of(table.front(), settings.label_column, path);
  std::vector<LabelledRow> rows;
  for (std::size_t i = 1; i < table.size(); ++i) {
    if (table[i].size() != table.front().size()) {
      throw_error(ErrorCode::corrupt, "reading {}, row {}: expected {} cells, found {}", path.string(), i + 1,
                  table.front().size(), table[i].size());
    }
    rows.push_back({static_cast<std::int64_t>(i) + 1, table[i][text_at], table[i][label_at]});
  }
  return rows;
}

// What two texts are compared by: letters and digits, case folded.
std::string bare(const std::string& text) {
  std::string kept;
  for (const char c : fold_case(text)) {
    if (std::isalnum(static_cast<unsigned char>(c)) || (c & 0x80)) kept += c;
  }
  return kept;
}

std::vector<std::string> draw_labels(const std::vector<LabelledRow>& rows, const TableSettings& settings,
                                     Random& random) {
  std::set<std::string> all;
  for (const LabelledRow& row : rows) all.insert(row.label);
  std::vector<std::string> labels(all.begin(), all.end());
  if (static_cast<std::int64_t>(labels.size()) < settings.labels) {
    throw_error(ErrorCode::invalid_argument, "reading {}: {} labels are asked for and the table has {}",
                (settings.folder / settings.train_file).string(), settings.labels, labels.size());
  }
  random.shuffle(labels);
  labels.resize(static_cast<std::size_t>(settings.labels));
  std::sort(labels.begin(), labels.end());
  return labels;
}

std::vector<LabelledRow> with_labels(const std::vector<LabelledRow>& rows,
                                     const std::vector<std::string>& labels) {
  std::vector<LabelledRow> kept;
  for (const LabelledRow& row : rows) {
    if (std::binary_search(labels.begin(), labels.end(), row.label)) kept.push_back(row);
  }
  return kept;
}

std::vector<Example> to_examples(std::span<const LabelledRow> rows, std::string_view split) {
  std::vector<Example> examples;
  for (const LabelledRow& row : rows) {
    Example example;
    example.id = fmt::format("{}:{}", split, row.line);
    example.line = row.line;
    example.messages = {{"user", row.text}, {"assistant", row.label}};
    example.weights = {0, 1};
    examples.push_back(std::move(example));
  }
  return examples;
}

}  // namespace

std::vector<std::vector<std::string>> parse_csv(std::string_view text, std::string_view name) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row;
  std::string cell;
  bool quoted = false, cell_begun = false;
  std::int64_t line = 1;
  const auto end_row = [&] {
    row.push_back(std::move(cell));
    cell.clear();
    cell_begun = false;
    if (row.size() > 1 || !row.front().empty()) rows.push_back(std::move(row));
    row.clear();
  };
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // a byte-order mark, as spreadsheets write it
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') ++line;
    if (quoted) {
      if (c != '"') {
        cell += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        cell += text[++i];
      } else {
        quoted = false;
      }
    } else if (c == '"' && !cell_begun) {
      quoted = cell_begun = true;
    } else if (c == ',') {
      row.push_back(std::move(cell));
      cell.clear();
      cell_begun = false;
    } else if (c == '\n') {
      end_row();
    } else if (c != '\r' || i + 1 == text.size() || text[i + 1] != '\n') {
      cell += c;
      cell_begun = true;
    }
  }
  if (quoted)
    throw_error(ErrorCode::corrupt, "reading {}: a quote before line {} is never closed", name, line);
  if (cell_begun || !row.empty()) end_row();
  return rows;
}

LabelledTable read_labelled_table(const TableSettings& settings) {
  if (!std::filesystem::is_directory(settings.folder)) {
    throw_error(ErrorCode::not_found,
                "reading the tables in {}: there is no such folder; it should hold {} and {}. Name another "
                "with --data",
                settings.folder.string(), settings.train_file, settings.test_file);
  }
  const auto all_train = read_rows(settings.folder / settings.train_file, settings);
  const auto all_test = read_rows(settings.folder / settings.test_file, settings);
  Random random(settings.seed, stream_of("labelled table"));
  LabelledTable table;
  table.labels = draw_labels(all_train, settings, random);

  std::vector<LabelledRow> test = with_labels(all_test, table.labels);
  random.shuffle(test);
  test.resize(std::min(test.size(), static_cast<std::size_t>(settings.test_rows)));
  std::set<std::string> seen;
  std::erase_if(test, [&](const LabelledRow& row) { return !seen.insert(bare(row.text)).second; });

  std::vector<LabelledRow> train = with_labels(all_train, table.labels);
  const std::size_t before = train.size();
  std::erase_if(train, [&](const LabelledRow& row) { return !seen.insert(bare(row.text)).second; });
  table.left_out = static_cast<std::int64_t>(before - train.size());
  random.shuffle(train);
  const std::size_t dev_rows = std::min(train.size() / 2, static_cast<std::size_t>(settings.dev_rows));
  const std::size_t train_rows =
      std::min(train.size() - dev_rows, static_cast<std::size_t>(settings.train_rows));
  const std::span<const LabelledRow> rows = train;
  table.splits.dev = to_examples(rows.first(dev_rows), "dev");
  table.splits.train = to_examples(rows.subspan(dev_rows, train_rows), "train");
  table.splits.test = to_examples(test, "test");
  return table;
}

}  // namespace fulcrum
