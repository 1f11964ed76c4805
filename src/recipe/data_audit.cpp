#include "recipe/data_audit.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>

#include "base/unicode.h"
#include "recipe/personal_data.h"

namespace fulcrum {
namespace {

constexpr std::int64_t kFewestOfAClass = 5;  // rows; fewer can neither be learnt nor measured
constexpr std::size_t kFewestWordsInDocument = 6;
constexpr double kRareRowShare = 0.01;       // of the rows; a character seen in no more is rare
constexpr double kRareCharacterShare = 0.2;  // of a row's characters
constexpr std::size_t kFewestRowsForOutliers = 30;
constexpr double kOutlierDeviations = 6, kOutlierFactor = 4;

std::string folded(const std::string& text) {
  const std::vector<std::string> words = fold_words(text);
  return words.empty() ? text : fmt::format("{}", fmt::join(words, " "));
}

std::string shown(std::string_view text) {
  constexpr std::size_t kShownBytes = 80;
  std::string line(text.substr(0, std::min(text.size(), kShownBytes)));
  line.resize(complete_utf8_prefix(line));
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line.size() < text.size() ? line + "..." : line;
}

Lengths lengths_of(std::vector<std::int64_t> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5)];
  };
  return {values.front(), at(0.5), at(0.95), values.back()};
}

// Answers are classes when each stands for several rows.
bool are_classes(const std::map<std::string, std::int64_t>& answers, std::int64_t rows) {
  constexpr std::int64_t kRowsAClass = 3;
  return rows >= kRowsAClass && static_cast<std::int64_t>(answers.size()) * kRowsAClass <= rows;
}

// A row and where it stands.
struct Row {
  const DataFile* file = nullptr;
  const Example* example = nullptr;
  std::string input, folded_input;
  std::string place() const { return fmt::format("{}:{}", file->name, example->line); }
  std::size_t input_message() const { return example->messages.size() - 2; }
  std::size_t answer_message() const { return example->messages.size() - 1; }
};

class Auditor {
 public:
  Auditor(std::span<const DataFile> files, std::span<const DocumentText> documents,
          const AuditSettings& settings)
      : files_(files), documents_(documents), settings_(settings) {
    for (const DataFile& file : files) {
      for (const Example& example : file.examples) {
        std::string input = example.input_text();
        std::string normal = folded(input);
        rows_.push_back({&file, &example, std::move(input), std::move(normal)});
      }
    }
  }

  DataAudit run() {
    for (const DataFile& file : files_) look_at_part(file);
    compare_parts();
    find_copies();
    find_near_copies();
    look_into_documents();
    for (const Row& row : rows_) look_at_row(row);
    find_outliers();
    std::stable_sort(audit_.findings.begin(), audit_.findings.end(),
                     [](const Finding& a, const Finding& b) { return a.severity < b.severity; });
    return std::move(audit_);
  }

 private:
  std::span<const DataFile> files_;
  std::span<const DocumentText> documents_;
  const AuditSettings& settings_;
  std::vector<Row> rows_;
  DataAudit audit_;

  void add(Severity severity, std::string code, const Row& row, std::size_t message, std::string what) {
    audit_.findings.push_back({severity, std::move(code), row.file->name, row.example->line,
                               row.file->field_of(*row.example, message), std::move(what)});
  }

  void look_at_part(const DataFile& file) {
    PartStatistics part;
    part.part = file.part;
    part.file = file.name;
    part.rows = static_cast<std::int64_t>(file.examples.size());
    std::set<std::int64_t> bad_lines;
    for (const RowProblem& problem : file.problems) {
      bad_lines.insert(problem.line);
      audit_.findings.push_back(
          {Severity::error, problem.code, file.name, problem.line, problem.field, problem.what});
    }
    part.bad_rows = static_cast<std::int64_t>(bad_lines.size());
    std::vector<std::int64_t> inputs, answers;
    std::set<std::string> groups;
    for (const Example& example : file.examples) {
      inputs.push_back(settings_.measure(example.input_text()));
      answers.push_back(settings_.measure(example.reference()));
      if (!example.group.empty()) groups.insert(example.group);
      ++part.classes[example.reference()];
    }
    part.groups = static_cast<std::int64_t>(groups.size());
    part.input = lengths_of(std::move(inputs));
    part.answer = lengths_of(std::move(answers));
    part.distinct_answers = static_cast<std::int64_t>(part.classes.size());
    const bool closed = !settings_.labels.empty() || are_classes(part.classes, part.rows);
    if (!closed) part.classes.clear();
    for (const auto& [answer, rows] : part.classes) {
      if (rows >= kFewestOfAClass) continue;
      audit_.findings.push_back(
          {Severity::warning, "small_class", file.name, 0, "",
           fmt::format("'{}' has {} {}; {} are the fewest to learn it from or to measure it by",
                       shown(answer), rows, rows == 1 ? "row" : "rows", kFewestOfAClass)});
    }
    audit_.parts.push_back(std::move(part));
  }

  // A class that one part has and another lacks.
  void compare_parts() {
    std::set<std::string> classes(settings_.labels.begin(), settings_.labels.end());
    for (const PartStatistics& part : audit_.parts)
      for (const auto& [answer, rows] : part.classes) classes.insert(answer);
    for (const PartStatistics& part : audit_.parts) {
      if (part.classes.empty()) continue;
      for (const std::string& name : classes) {
        if (part.classes.contains(name)) continue;
        audit_.findings.push_back({Severity::warning, "class_missing", part.file, 0, "",
                                   fmt::format("no row is '{}'", shown(name))});
      }
    }
  }

  // Equal inputs: copies, leaks and contradictions.
  void find_copies() {
    std::unordered_map<std::string, std::vector<const Row*>> seen;
    for (const Row& row : rows_) {
      std::vector<const Row*>& twins = seen[row.folded_input];
      for (const Row* twin : twins) report_copy(row, *twin);
      twins.push_back(&row);
    }
  }

  void report_copy(const Row& row, const Row& twin) {
    const bool exact = row.input == twin.input;
    const bool same_answer = folded(row.example->reference()) == folded(twin.example->reference());
    const std::string as = exact ? "is the same as" : "is, but for case and punctuation, the same as";
    if (row.file != twin.file) {
      add(Severity::error, exact ? "leak_exact" : "leak_normalised", row, row.input_message(),
          fmt::format("{} {}: \"{}\"", as, twin.place(), shown(row.input)));
    } else if (same_answer) {
      add(Severity::warning, "copy", row, row.input_message(),
          fmt::format("{} line {}, with the same answer: \"{}\"", as, twin.example->line, shown(row.input)));
    }
    if (!same_answer) {
      add(Severity::warning, "conflicting_answers", row, row.answer_message(),
          fmt::format("'{}', and {} says '{}' to {} input: \"{}\"", shown(row.example->reference()),
                      twin.place(), shown(twin.example->reference()), exact ? "the same" : "nearly the same",
                      shown(row.input)));
    }
  }

  // Nearly equal inputs: one report a row, of the likest earlier one.
  void find_near_copies() {
    std::vector<std::string> inputs;
    for (const Row& row : rows_) inputs.push_back(row.folded_input);
    std::map<std::size_t, NearPair> across, within, contradicting;
    const auto keep_likest = [](std::map<std::size_t, NearPair>& kept, const NearPair& pair) {
      const auto [entry, fresh] = kept.emplace(pair.second, pair);
      if (!fresh && pair.likeness > entry->second.likeness) entry->second = pair;
    };
    for (const NearPair& pair : find_near_duplicates(inputs, settings_.near)) {
      const Row &first = rows_[pair.first], &second = rows_[pair.second];
      if (first.folded_input == second.folded_input) continue;
      keep_likest(first.file == second.file ? within : across, pair);
      const bool both_classes = !class_of(first).empty() && !class_of(second).empty();
      if (both_classes && first.example->reference() != second.example->reference())
        keep_likest(contradicting, pair);
    }
    const auto report = [&](const std::map<std::size_t, NearPair>& found, Severity severity,
                            const char* code) {
      for (const auto& [at, pair] : found) {
        add(severity, code, rows_[at], rows_[at].input_message(),
            fmt::format("is {:.2f} like {}: \"{}\" and \"{}\"", pair.likeness, rows_[pair.first].place(),
                        shown(rows_[at].input), shown(rows_[pair.first].input)));
      }
    };
    report(across, Severity::warning, "leak_near");
    report(within, Severity::note, "near_copy");
    for (const auto& [at, pair] : contradicting) {
      add(Severity::warning, "near_conflict", rows_[at], rows_[at].answer_message(),
          fmt::format("'{}', and {} says '{}' to an input that is {:.2f} like it: \"{}\" and \"{}\"",
                      shown(rows_[at].example->reference()), rows_[pair.first].place(),
                      shown(rows_[pair.first].example->reference()), pair.likeness, shown(rows_[at].input),
                      shown(rows_[pair.first].input)));
    }
  }

  std::string class_of(const Row& row) const {
    const auto part = static_cast<std::size_t>(row.file - files_.data());
    return audit_.parts[part].classes.empty() ? std::string() : row.example->reference();
  }

  void look_into_documents() {
    std::vector<std::string> texts, tested;
    for (const DocumentText& document : documents_) texts.push_back(document.text);
    for (const NearPair& pair : find_near_duplicates(texts, settings_.near)) {
      audit_.findings.push_back({Severity::note, "near_documents", documents_[pair.second].id, 0, "",
                                 fmt::format("is {:.2f} like {}", pair.likeness, documents_[pair.first].id)});
    }
    std::vector<const Row*> asked;
    for (const Row& row : rows_) {
      if (row.file->part != "test") continue;
      asked.push_back(&row);
      tested.push_back(row.input);
    }
    for (const Containment& found : find_contained(tested, texts, settings_.near, kFewestWordsInDocument)) {
      const Row& row = *asked[found.text];
      add(found.share == 1 ? Severity::error : Severity::warning, "leak_document", row, row.input_message(),
          fmt::format("{:.0f}% of it stands in the document {}: \"{}\"", 100 * found.share,
                      documents_[found.document].id, shown(row.input)));
    }
  }

  void look_at_row(const Row& row) {
    std::int64_t length = 0;
    for (std::size_t i = 0; i < row.example->messages.size(); ++i) {
      const std::string& content = row.example->messages[i].content;
      length += settings_.measure(content);
      for (const PersonalHint& hint : find_personal_data(content)) {
        add(Severity::warning, "personal_data", row, i,
            fmt::format(
                "looks like {} {}: {}",
                hint.kind == PersonalKind::phone || hint.kind == PersonalKind::card_number ? "a" : "an",
                to_string(hint.kind), masked(content, hint)));
      }
    }
    if (settings_.longest_row && length > *settings_.longest_row) {
      audit_.findings.push_back(
          {Severity::warning, "over_long", row.file->name, row.example->line, "",
           fmt::format("has {} {}; {} fit", length, settings_.unit, *settings_.longest_row)});
    }
    const std::string& reference = row.example->reference();
    const std::vector<std::string>& labels = settings_.labels;
    if (!labels.empty() && std::find(labels.begin(), labels.end(), reference) == labels.end()) {
      add(Severity::error, "not_a_label", row, row.answer_message(),
          fmt::format("'{}' is not one of the labels", shown(reference)));
    }
  }

  static bool is_invisible(char32_t c) {
    return (c < 0x20 && c != '\n' && c != '\t' && c != '\r') || (c >= 0x7f && c < 0xa0) || c == 0xfffd ||
           (c >= 0x200b && c <= 0x200f) || c == 0x2060 || c == 0xfeff || (c >= 0xe000 && c <= 0xf8ff);
  }

  void find_outliers() {
    std::unordered_map<char32_t, std::size_t> rows_with;
    std::vector<double> sizes;
    for (const Row& row : rows_) {
      std::set<char32_t> characters;
      for (std::size_t at = 0; at < row.input.size();) characters.insert(decode_utf8(row.input, at));
      for (const char32_t c : characters) ++rows_with[c];
      sizes.push_back(std::log1p(static_cast<double>(row.input.size())));
    }
    const bool enough = rows_.size() >= kFewestRowsForOutliers;
    const double centre = middle(sizes);
    std::vector<double> deviations;
    for (const double size : sizes) deviations.push_back(std::abs(size - centre));
    // 1.4826 makes the median deviation of normal values their standard deviation.
    const double spread = std::max(1.4826 * middle(deviations), 0.05);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const Row& row = rows_[i];
      const double off = std::abs(sizes[i] - centre);
      if (enough && off > kOutlierDeviations * spread && off > std::log(kOutlierFactor)) {
        add(Severity::note, "length_outlier", row, row.input_message(),
            fmt::format("has {} bytes, where half of the inputs have at most {:.0f}: \"{}\"",
                        row.input.size(), std::expm1(centre), shown(row.input)));
      }
      look_at_characters(row, rows_with, enough);
    }
  }

  void look_at_characters(const Row& row, const std::unordered_map<char32_t, std::size_t>& rows_with,
                          bool enough) {
    std::size_t characters = 0, rare = 0;
    for (std::size_t at = 0; at < row.input.size();) {
      const std::size_t begin = at;
      const char32_t c = decode_utf8(row.input, at);
      ++characters;
      if (is_invisible(c)) {
        return add(
            Severity::note, "odd_character", row, row.input_message(),
            fmt::format("byte {} begins U+{:04X}, which no one sees", begin, static_cast<std::uint32_t>(c)));
      }
      rare += static_cast<double>(rows_with.at(c)) <=
              std::max(1.0, kRareRowShare * static_cast<double>(rows_.size()));
    }
    if (enough && static_cast<double>(rare) > kRareCharacterShare * static_cast<double>(characters)) {
      add(Severity::note, "rare_characters", row, row.input_message(),
          fmt::format("{} of its {} characters are hardly seen in other rows: \"{}\"", rare, characters,
                      shown(row.input)));
    }
  }

  static double middle(std::vector<double> values) {
    if (values.empty()) return 0;
    const auto half = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), half, values.end());
    return *half;
  }
};

}  // namespace

std::string describe(const Finding& finding) {
  std::string text = finding.file;
  if (finding.line > 0) text += fmt::format(":{}", finding.line);
  if (!finding.field.empty()) text += ": " + finding.field;
  return text + fmt::format(": {}: {}", finding.code, finding.what);
}

std::int64_t DataAudit::count(Severity severity) const {
  return std::count_if(findings.begin(), findings.end(),
                       [&](const Finding& finding) { return finding.severity == severity; });
}

DataAudit audit_data(std::span<const DataFile> files, std::span<const DocumentText> documents,
                     const AuditSettings& settings) {
  return Auditor(files, documents, settings).run();
}

std::vector<std::size_t> redundant_rows(std::span<const Example> examples, double near) {
  std::vector<std::string> inputs, answers;
  for (const Example& example : examples) {
    inputs.push_back(folded(example.input_text()));
    answers.push_back(folded(example.reference()));
  }
  std::vector<char> redundant(examples.size(), 0);
  std::map<std::pair<std::string, std::string>, std::size_t> kept;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    redundant[i] = !kept.emplace(std::pair(inputs[i], answers[i]), i).second;
  }
  // Pairs come by position, so that whether the earlier one stays is settled before it can stand for another.
  std::vector<NearPair> pairs = find_near_duplicates(inputs, near);
  std::sort(pairs.begin(), pairs.end(), [](const NearPair& a, const NearPair& b) {
    return std::pair(a.second, a.first) < std::pair(b.second, b.first);
  });
  for (const NearPair& pair : pairs) {
    if (!redundant[pair.first] && answers[pair.first] == answers[pair.second]) redundant[pair.second] = 1;
  }
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < examples.size(); ++i)
    if (redundant[i]) rows.push_back(i);
  return rows;
}

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::note:
      return "note";
  }
  return {};
}

}  // namespace fulcrum
