#include "base/toml.h"

#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "base/error.h"

namespace fulcrum {

// One table of the file: a view into the parsed document, which every node keeps alive, and the keys asked
// for so far.
struct TomlTable::Node {
  std::shared_ptr<const toml::table> document;
  const toml::table* table = nullptr;
  std::string file;
  std::string name;  // "prices", "tasks[1]"; empty: the root
  std::set<std::string, std::less<>> asked;
};

namespace {

[[noreturn]] void throw_at(const std::string& file, toml::source_position position, std::string_view what) {
  throw_error(ErrorCode::invalid_argument, "{}, line {}: {}", file,
              std::max<toml::source_index>(position.line, 1), what);
}

std::string_view type_name(toml::node_type type) {
  switch (type) {
    case toml::node_type::none:
      return "nothing";
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a text";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a number";
    case toml::node_type::boolean:
      return "a boolean";
    default:
      return "a date or time";
  }
}

std::string in_table(const std::string& name) {
  return name.empty() ? "" : fmt::format(" in [{}]", name);
}

std::string lower(std::string_view word) {
  std::string result(word);
  for (char& letter : result) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return result;
}

// Insertions, deletions, replacements and swaps of neighbours each count one (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

}  // namespace

std::string toml_quote(std::string_view text) {
  std::string quoted = "\"";
  for (const char letter : text) {
    switch (letter) {
      case '"':
        quoted += "\\\"";
        break;
      case '\\':
        quoted += "\\\\";
        break;
      case '\n':
        quoted += "\\n";
        break;
      case '\t':
        quoted += "\\t";
        break;
      case '\r':
        quoted += "\\r";
        break;
      default: {
        const auto byte = static_cast<unsigned char>(letter);
        if (byte < 0x20 || byte == 0x7F)
          quoted += fmt::format("\\u{:04X}", byte);
        else
          quoted += letter;
      }
    }
  }
  return quoted + '"';
}

std::optional<std::string> nearest_word(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string wanted = lower(word);
  std::optional<std::string> best;
  std::size_t best_distance = 0;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(wanted, lower(candidate));
    if (!best || distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  // A slip changes a letter or two; one letter in three is no longer the same word.
  const std::size_t tolerance = std::max<std::size_t>(1, wanted.size() / 3);
  if (best && best_distance > tolerance) best.reset();
  return best;
}

// Reading one value always goes through here, so that finish() knows what was asked for.
template <typename Node>
static const toml::node* ask(Node& node, std::string_view key) {
  node.asked.emplace(key);
  return node.table->get(key);
}

template <typename Node>
[[noreturn]] static void throw_missing(const Node& node, std::string_view key) {
  std::vector<std::string> present;
  for (const auto& [name, value] : *node.table) present.emplace_back(name.str());
  const auto near = nearest_word(key, present);
  throw_at(node.file, node.table->source().begin,
           fmt::format("the key '{}' is missing{}{}", key, in_table(node.name),
                       near ? fmt::format("; is '{}' meant to be it?", *near) : ". Add it."));
}

template <typename Node>
[[noreturn]] static void throw_type(const Node& node, std::string_view key, const toml::node& value,
                                    std::string_view expected) {
  throw_at(node.file, value.source().begin,
           fmt::format("'{}'{} must be {}, and it is {}", key, in_table(node.name), expected,
                       type_name(value.type())));
}

bool TomlTable::has(std::string_view key) const {
  return node_->table->contains(key);
}

std::string TomlTable::text(std::string_view key) {
  const toml::node* value = ask(*node_, key);
  if (value == nullptr) throw_missing(*node_, key);
  if (!value->is_string()) throw_type(*node_, key, *value, "a text");
  return value->as_string()->get();
}

std::string TomlTable::text(std::string_view key, std::string_view fallback) {
  return ask(*node_, key) == nullptr ? std::string(fallback) : text(key);
}

std::int64_t TomlTable::integer(std::string_view key) {
  const toml::node* value = ask(*node_, key);
  if (value == nullptr) throw_missing(*node_, key);
  if (!value->is_integer()) throw_type(*node_, key, *value, "an integer");
  return value->as_integer()->get();
}

std::int64_t TomlTable::integer(std::string_view key, std::int64_t fallback) {
  return ask(*node_, key) == nullptr ? fallback : integer(key);
}

double TomlTable::number(std::string_view key) {
  const toml::node* value = ask(*node_, key);
  if (value == nullptr) throw_missing(*node_, key);
  if (value->is_integer()) return static_cast<double>(value->as_integer()->get());
  if (!value->is_floating_point()) throw_type(*node_, key, *value, "a number");
  return value->as_floating_point()->get();
}

double TomlTable::number(std::string_view key, double fallback) {
  return ask(*node_, key) == nullptr ? fallback : number(key);
}

bool TomlTable::boolean(std::string_view key, bool fallback) {
  const toml::node* value = ask(*node_, key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) throw_type(*node_, key, *value, "true or false");
  return value->as_boolean()->get();
}

namespace {

// Of an array whose elements are all of one kind, `what`; `read` gives nothing for one that is not.
template <typename Value, typename Node, typename Read>
std::vector<Value> elements_of(Node& table, std::string_view key, std::string_view what, const Read& read) {
  const toml::node* value = ask(table, key);
  if (value == nullptr) return {};
  if (!value->is_array()) throw_type(table, key, *value, fmt::format("an array of {}", what));
  std::vector<Value> result;
  for (const toml::node& element : *value->as_array()) {
    std::optional<Value> each = read(element);
    if (!each) throw_type(table, key, element, fmt::format("an array of {} only", what));
    result.push_back(std::move(*each));
  }
  return result;
}

}  // namespace

std::vector<std::string> TomlTable::texts(std::string_view key) {
  return elements_of<std::string>(
      *node_, key, "texts", [](const toml::node& element) { return element.value_exact<std::string>(); });
}

std::vector<double> TomlTable::numbers(std::string_view key) {
  return elements_of<double>(*node_, key, "numbers", [](const toml::node& element) {
    return element.is_number() ? element.value<double>() : std::nullopt;
  });
}

std::vector<std::int64_t> TomlTable::integers(std::string_view key) {
  return elements_of<std::int64_t>(*node_, key, "whole numbers", [](const toml::node& element) {
    return element.value_exact<std::int64_t>();
  });
}

std::optional<TomlTable> TomlTable::table(std::string_view key) {
  const toml::node* value = ask(*node_, key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_table()) throw_type(*node_, key, *value, "a table");
  TomlTable result;
  const std::string name = node_->name.empty() ? std::string(key) : fmt::format("{}.{}", node_->name, key);
  result.node_ = std::make_shared<Node>(Node{node_->document, value->as_table(), node_->file, name, {}});
  return result;
}

std::vector<TomlTable> TomlTable::tables(std::string_view key) {
  const toml::node* value = ask(*node_, key);
  if (value == nullptr) return {};
  if (!value->is_array()) throw_type(*node_, key, *value, "an array of tables");
  std::vector<TomlTable> result;
  for (const toml::node& element : *value->as_array()) {
    if (!element.is_table()) throw_type(*node_, key, element, "an array of tables only");
    const std::string name =
        fmt::format("{}{}{}[{}]", node_->name, node_->name.empty() ? "" : ".", key, result.size());
    TomlTable table;
    table.node_ = std::make_shared<Node>(Node{node_->document, element.as_table(), node_->file, name, {}});
    result.push_back(std::move(table));
  }
  return result;
}

std::vector<std::string> TomlTable::keys() const {
  std::vector<std::string> result;
  for (const auto& [key, value] : *node_->table) result.emplace_back(key.str());
  return result;
}

void TomlTable::finish() const {
  // toml++ sorts keys; the first unknown one in the file is the one to name.
  const toml::key* unknown = nullptr;
  for (const auto& [key, value] : *node_->table) {
    if (node_->asked.contains(key.str())) continue;
    if (unknown == nullptr || key.source().begin < unknown->source().begin) unknown = &key;
  }
  if (unknown == nullptr) return;
  const std::vector<std::string> known(node_->asked.begin(), node_->asked.end());
  const auto near = nearest_word(unknown->str(), known);
  throw_at(node_->file, unknown->source().begin,
           fmt::format("unknown key '{}'{}; {}", unknown->str(), in_table(node_->name),
                       near ? fmt::format("did you mean '{}'?", *near)
                            : fmt::format("known here: {}", joined(known))));
}

void TomlTable::refuse(std::string_view key, std::string_view why) const {
  const toml::node* value = node_->table->get(key);
  throw_at(node_->file, value == nullptr ? node_->table->source().begin : value->source().begin,
           fmt::format("'{}'{}: {}", key, in_table(node_->name), why));
}

TomlFile TomlFile::read(const Path& path) {
  return parse(read_file(path), path.string());
}

TomlFile TomlFile::parse(std::string_view text, std::string_view name) {
  TomlFile file;
  try {
    auto document = std::make_shared<const toml::table>(toml::parse(text, name));
    const toml::table* root = document.get();
    file.node_ = std::make_shared<TomlTable::Node>(
        TomlTable::Node{std::move(document), root, std::string(name), "", {}});
  } catch (const toml::parse_error& failure) {
    throw_at(std::string(name), failure.source().begin, failure.description());
  }
  return file;
}

TomlTable TomlFile::root() const {
  TomlTable table;
  table.node_ = node_;
  return table;
}

}  // namespace fulcrum
