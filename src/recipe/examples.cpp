#include "recipe/examples.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/unicode.h"

namespace fulcrum {
namespace {

constexpr std::size_t kProblemsShown = 20;
constexpr std::array<std::string_view, 4> kRoles = {"system", "user", "assistant", "tool"};
constexpr std::array<std::string_view, 4> kMessageKeys = {"role", "content", "name", "weight"};
constexpr std::array<std::string_view, 4> kRowKeys = {"messages", "id", "group", "documents"};

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Reads one row; every problem goes to the list, and a row with any is not an example.
class RowReader {
 public:
  RowReader(std::int64_t line, std::vector<RowProblem>& problems) : line_(line), problems_(problems) {}

  bool read(std::string_view text, Example& example) {
    const std::size_t before = problems_.size();
    Json row;
    try {
      row = parse_json(text, "the row");
    } catch (const Error& failure) {
      add("invalid_json", "", failure.what());
      return false;
    }
    if (!row.is_object()) {
      add("data_type", "", fmt::format("a row must be a JSON object, and it is {}", type_of(row)));
      return false;
    }
    read_row_keys(row, example);
    read_messages(row, example);
    return problems_.size() == before;
  }

  void add(std::string code, std::string field, std::string what) {
    problems_.push_back({line_, std::move(code), std::move(field), std::move(what)});
  }

 private:
  std::int64_t line_;
  std::vector<RowProblem>& problems_;

  static std::string type_of(const Json& value) { return fmt::format("of type {}", value.type_name()); }

  void read_row_keys(const Json& row, Example& example) {
    for (const auto& [key, value] : row.items()) {
      if (!is_one_of(kRowKeys, key)) {
        add("example_unrecognized_key", key,
            "rows have messages, id, group and documents; take this key out");
      }
    }
    const auto read_text = [&](const char* key, std::string& target) {
      if (!row.contains(key)) return;
      const Json& value = row.at(key);
      if (value.is_string() && !value.get_ref<const std::string&>().empty())
        target = value.get<std::string>();
      else
        add("data_type", key, fmt::format("must be a text that is not empty, and it is {}", type_of(value)));
    };
    read_text("id", example.id);
    read_text("group", example.group);
    if (!row.contains("documents")) return;
    const Json& documents = row.at("documents");
    const bool are_texts =
        documents.is_array() &&
        std::all_of(documents.begin(), documents.end(), [](const Json& entry) { return entry.is_string(); });
    if (are_texts)
      example.documents = documents.get<std::vector<std::string>>();
    else
      add("data_type", "documents", "must be a list of document ids");
  }

  void read_messages(const Json& row, Example& example) {
    if (!row.contains("messages")) {
      return add("missing_messages_list", "messages",
                 "a row needs \"messages\": a list of {\"role\", \"content\"}");
    }
    const Json& messages = row.at("messages");
    if (!messages.is_array() || messages.empty()) {
      return add("missing_messages_list", "messages",
                 "must be a list with at least a user and an assistant message");
    }
    const std::size_t before = problems_.size();
    for (std::size_t i = 0; i < messages.size(); ++i) {
      read_message(messages[i], fmt::format("messages[{}]", i), example);
    }
    if (problems_.size() == before) check_order(example);
  }

  void read_message(const Json& message, const std::string& field, Example& example) {
    if (!message.is_object()) {
      return add("data_type", field,
                 fmt::format("a message must be a JSON object, and it is {}", type_of(message)));
    }
    for (const auto& [key, value] : message.items()) {
      if (!is_one_of(kMessageKeys, key)) {
        add("message_unrecognized_key", field + "." + key, "messages have role, content, name and weight");
      }
    }
    Message read;
    if (!message.contains("role")) {
      add("message_missing_key", field + ".role", "is missing");
    } else if (const Json& role = message.at("role");
               !role.is_string() || !is_one_of(kRoles, role.get<std::string>())) {
      add("unrecognized_role", field + ".role",
          fmt::format("is {}; roles are system, user, assistant and tool", to_line(role)));
    } else {
      read.role = role.get<std::string>();
    }
    if (!message.contains("content")) {
      add("message_missing_key", field + ".content", "is missing");
    } else if (const Json& content = message.at("content"); !content.is_string()) {
      add("missing_content", field + ".content",
          fmt::format("must be a text, and it is {}", type_of(content)));
    } else if (content.get_ref<const std::string&>().empty()) {
      add("missing_content", field + ".content", "is empty");
    } else {
      read.content = content.get<std::string>();
    }
    example.weights.push_back(read_weight(message, field, read.role));
    example.messages.push_back(std::move(read));
  }

  int read_weight(const Json& message, const std::string& field, const std::string& role) {
    const int usual = role == "assistant" ? 1 : 0;
    if (!message.contains("weight")) return usual;
    const Json& weight = message.at("weight");
    if (!weight.is_number_integer() || (weight != 0 && weight != 1)) {
      add("invalid_weight", field + ".weight", fmt::format("must be 0 or 1, and it is {}", to_line(weight)));
      return usual;
    }
    if (role != "assistant" && weight == 1) {
      add("invalid_weight", field + ".weight", "only assistant messages can be learnt");
    }
    return weight.get<int>();
  }

  void check_order(const Example& example) {
    const auto has = [&](std::string_view role) {
      return std::any_of(example.messages.begin(), example.messages.end(),
                         [&](const Message& message) { return message.role == role; });
    };
    if (!has("assistant")) {
      return add("example_missing_assistant_message", "messages",
                 "there is no assistant message to learn from or compare with");
    }
    if (example.messages.back().role != "assistant") {
      return add("assistant_not_last", "messages",
                 "the last message must be the assistant's: it is the reference");
    }
    if (example.messages.size() < 2 || example.messages[example.messages.size() - 2].role != "user") {
      add("missing_user_message", "messages", "a user message must stand before the last assistant message");
    }
  }
};

std::string row_key(const Example& example) {
  std::string key;
  for (const Message& message : example.messages) key += message.role + '\0' + message.content + '\0';
  return key;
}

}  // namespace

PromptInput Example::input() const {
  return {id, {messages.begin(), messages.end() - 1}};
}

std::string Example::input_text() const {
  std::string text;
  for (std::size_t i = 0; i + 1 < messages.size(); ++i) {
    if (messages[i].role == "system") continue;
    if (!text.empty()) text += '\n';
    text += messages[i].content;
  }
  return text;
}

Demonstration Example::demonstration() const {
  return {id, input_text(), reference(), {}};
}

std::string describe(const RowProblem& problem, std::string_view file) {
  std::string text(file);
  if (problem.line > 0) text += fmt::format(":{}", problem.line);
  if (!problem.field.empty()) text += ": " + problem.field;
  return text + fmt::format(": {}: {}", problem.code, problem.what);
}

ExampleFile parse_examples(std::string_view text, std::string_view name) {
  ExampleFile file;
  std::map<std::string, std::int64_t> line_of_row, line_of_id;
  std::int64_t line = 0;
  bool has_rows = false;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view row = text.substr(begin, end - begin);
    const std::size_t row_begin = begin;
    begin = end + 1;
    ++line;
    if (trim(row).empty()) continue;
    has_rows = true;
    RowReader reader(line, file.problems);
    if (const auto bad = find_invalid_utf8(row)) {
      reader.add(
          "not_utf8", "",
          fmt::format("byte {} of the line (byte {} of the file) is not UTF-8 text", *bad, row_begin + *bad));
      continue;
    }
    Example example;
    example.line = line;
    if (!reader.read(row, example)) continue;
    if (example.id.empty()) example.id = fmt::format("{}:{}", name, line);
    if (const auto [first, fresh] = line_of_row.emplace(row_key(example), line); !fresh) {
      reader.add("duplicated_row", "", fmt::format("the same messages stand in line {}", first->second));
      continue;
    }
    if (const auto [first, fresh] = line_of_id.emplace(example.id, line); !fresh) {
      reader.add("duplicated_id", "id",
                 fmt::format("'{}' is the id of line {} too", example.id, first->second));
      continue;
    }
    file.examples.push_back(std::move(example));
  }
  if (!has_rows) file.problems.push_back({0, "empty_file", "", "there is no row in it"});
  return file;
}

std::vector<Example> read_examples(const Path& path, std::string_view name) {
  ExampleFile file = parse_examples(read_file(path), name);
  if (file.problems.empty()) return std::move(file.examples);
  std::string message = fmt::format("reading examples: {} {} in {}. Correct them:", file.problems.size(),
                                    file.problems.size() == 1 ? "problem" : "problems", path.string());
  const std::size_t shown = std::min(file.problems.size(), kProblemsShown);
  for (std::size_t i = 0; i < shown; ++i) {
    message += "\n  " + describe(file.problems[i], path.filename().string());
  }
  if (shown < file.problems.size()) message += fmt::format("\n  and {} more", file.problems.size() - shown);
  throw Error(ErrorCode::invalid_argument, message);
}

}  // namespace fulcrum
