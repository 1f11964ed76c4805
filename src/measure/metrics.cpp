#include "measure/metrics.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "base/unicode.h"

namespace fulcrum {

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::vector<std::string> words_of(std::string_view normalized) {
  std::vector<std::string> words;
  std::size_t begin = 0;
  while (begin < normalized.size()) {
    std::size_t end = normalized.find(' ', begin);
    if (end == std::string_view::npos) end = normalized.size();
    words.emplace_back(normalized.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

double f1(double matched, double answered, double expected) {
  return answered + expected == 0 ? 1.0 : 2.0 * matched / (answered + expected);
}

double token_f1(std::string_view answer, std::string_view reference) {
  const auto given = words_of(normalize_answer(answer)), expected = words_of(normalize_answer(reference));
  std::map<std::string_view, int> left;
  for (const auto& word : expected) ++left[word];
  double matched = 0;
  for (const auto& word : given) {
    const auto found = left.find(word);
    if (found != left.end() && found->second > 0) {
      --found->second;
      ++matched;
    }
  }
  return f1(matched, static_cast<double>(given.size()), static_cast<double>(expected.size()));
}

std::optional<Json> parse_json_answer(std::string_view answer) {
  try {
    return parse_json(trimmed(answer), "the answer");
  } catch (const Error&) {
    return std::nullopt;  // a model may ordinarily answer broken JSON
  }
}

// A leaf's value such that equal text means equal value: 3 and 3.0 are both "n:3".
std::string canonical_leaf(const Json& leaf) {
  if (leaf.is_number_integer()) return "n:" + leaf.dump();
  if (leaf.is_number_float()) {
    const double value = leaf.get<double>();
    if (std::floor(value) == value && std::abs(value) < 9e15)
      return "n:" + std::to_string(static_cast<long long>(value));
    return "n:" + leaf.dump();
  }
  if (leaf.is_string()) return "s:" + normalize_nfc(trimmed(leaf.get_ref<const std::string&>()));
  return "j:" + leaf.dump(-1, ' ', false, Json::error_handler_t::replace);
}

using Leaves = std::map<std::string, std::string>;

void collect_leaves(const Json& value, const std::string& path, Leaves& leaves) {
  if (value.is_object() && !value.empty()) {
    for (const auto& [key, child] : value.items()) {
      // A key with the path's own signs in it must not look like a nested field.
      const std::string step = key.find_first_of(".[\"") == std::string::npos ? key : Json(key).dump();
      collect_leaves(child, path.empty() ? step : path + "." + step, leaves);
    }
  } else if (value.is_array() && !value.empty()) {
    for (std::size_t i = 0; i < value.size(); ++i)
      collect_leaves(value[i], path + "[" + std::to_string(i) + "]", leaves);
  } else if (!(path.empty() && value.is_object())) {
    leaves[path] = canonical_leaf(value);
  }
}

Leaves leaves_of(const Json& object) {
  Leaves leaves;
  collect_leaves(object, "", leaves);
  return leaves;
}

std::string listed(const std::vector<std::string>& paths) {
  std::string text;
  for (const auto& path : paths) text += (text.empty() ? "" : ", ") + path;
  return text;
}

ItemScore score_fields(std::string_view answer, std::string_view reference) {
  const std::optional<Json> given = parse_json_answer(answer);
  if (!given) return {0, "not JSON", "", false};
  if (!given->is_object()) return {0, "not a JSON object", "", false};
  const Leaves expected = leaves_of(parse_json(reference, "the reference answer"));
  const Leaves answered = leaves_of(*given);
  std::vector<std::string> missing, wrong, extra;
  double matched = 0;
  for (const auto& [path, value] : expected) {
    const auto found = answered.find(path);
    if (found == answered.end())
      missing.push_back(path);
    else if (found->second != value)
      wrong.push_back(path);
    else
      ++matched;
  }
  for (const auto& [path, value] : answered)
    if (!expected.contains(path)) extra.push_back(path);
  const double score =
      f1(matched, static_cast<double>(answered.size()), static_cast<double>(expected.size()));
  if (!missing.empty()) return {score, "missing field", "missing: " + listed(missing), true};
  if (!wrong.empty()) return {score, "wrong value", "wrong: " + listed(wrong), true};
  if (!extra.empty()) return {score, "extra field", "extra: " + listed(extra), true};
  return {1, "", "", true};
}

ItemScore score_label(std::string_view answer, std::string_view reference,
                      std::span<const std::string> labels) {
  const std::string given = normalize_label(answer);
  if (given == normalize_label(reference)) return {1, "", "", true};
  const bool known = labels.empty() || std::any_of(labels.begin(), labels.end(), [&](const auto& label) {
                       return normalize_label(label) == given;
                     });
  return {0, known ? "another label" : "not a label",
          fmt::format("expected {}, found {}", trimmed(reference), trimmed(answer)), known};
}

}  // namespace

bool is_zero_or_one(Metric metric) {
  return metric != Metric::token_f1 && metric != Metric::json_field_f1;
}

ItemScore score_answer(Metric metric, std::string_view answer, std::string_view reference,
                       std::span<const std::string> labels) {
  if (trimmed(answer).empty() && !trimmed(reference).empty()) return {0, "empty answer", "", false};
  switch (metric) {
    case Metric::accuracy:
    case Metric::macro_f1:
      return score_label(answer, reference, labels);
    case Metric::exact_match:
      if (normalize_answer(answer) == normalize_answer(reference)) return {1, "", "", true};
      return {0, token_f1(answer, reference) > 0 ? "partly right" : "wrong answer", "", true};
    case Metric::token_f1: {
      const double score = token_f1(answer, reference);
      return {score, score == 1 ? "" : (score > 0 ? "partly right" : "wrong answer"), "", true};
    }
    case Metric::json_field_f1:
      return score_fields(answer, reference);
  }
  throw_error(ErrorCode::internal, "scoring an answer: unknown metric {}", static_cast<int>(metric));
}

LabelledAnswers number_labels(std::span<const std::string> answers, std::span<const std::string> references) {
  std::map<std::string, int> numbers;
  for (const std::string& reference : references) numbers.emplace(normalize_label(reference), 0);
  LabelledAnswers labelled;
  for (auto& [label, number] : numbers) number = labelled.labels++;
  for (const std::string& reference : references)
    labelled.references.push_back(numbers.at(normalize_label(reference)));
  for (const std::string& answer : answers) {
    const auto found = numbers.find(normalize_label(answer));
    labelled.answers.push_back(found == numbers.end() ? -1 : found->second);
  }
  return labelled;
}

double macro_f1(const LabelledAnswers& labelled, std::span<const std::uint32_t> indices) {
  struct Counts {
    int matched = 0, answered = 0, expected = 0;
  };
  std::vector<Counts> counts(static_cast<std::size_t>(labelled.labels));
  for (const std::uint32_t i : indices) {
    const int answer = labelled.answers[i], reference = labelled.references[i];
    ++counts[static_cast<std::size_t>(reference)].expected;
    if (answer >= 0) ++counts[static_cast<std::size_t>(answer)].answered;
    if (answer == reference) ++counts[static_cast<std::size_t>(reference)].matched;
  }
  double sum = 0;
  int present = 0;
  for (const Counts& label : counts) {
    if (label.expected == 0) continue;
    sum += f1(label.matched, label.answered, label.expected);
    ++present;
  }
  return present == 0 ? 0.0 : sum / present;
}

std::string normalize_label(std::string_view text) {
  std::string_view inner = trimmed(text);
  // A model that ends its label with a full stop still named the label.
  while (!inner.empty() && inner.back() == '.') inner.remove_suffix(1);
  return fold_case(normalize_nfc(trimmed(inner)));
}

std::string normalize_answer(std::string_view text) {
  const std::string folded = fold_case(normalize_nfc(text));
  std::string spaced;
  for (std::size_t i = 0; i < folded.size(); ++i) {
    const char c = folded[i];
    const auto byte = static_cast<unsigned char>(c);
    const bool before_digit = i + 1 < folded.size() && is_digit(folded[i + 1]);
    const bool between_digits = before_digit && i > 0 && is_digit(folded[i - 1]);
    const bool begins_number =
        before_digit && (spaced.empty() || spaced.back() == ' ' || spaced.back() == '-');
    if (byte < 0x80 && std::ispunct(byte)) {
      // What a number loses without them: 3.5, .5 and -5 stay what they are, 10:30 and 1/2 are two numbers.
      if ((c == '.' && (between_digits || begins_number)) || (c == '-' && begins_number))
        spaced += c;
      else if (between_digits && (c == '/' || c == ':' || c == '-'))
        spaced += ' ';
    } else {
      spaced += byte < 0x80 && std::isspace(byte) ? ' ' : c;
    }
  }
  std::string result;
  for (const std::string& word : words_of(spaced)) {
    if (word.empty() || word == "a" || word == "an" || word == "the") continue;
    if (!result.empty()) result += ' ';
    result += word;
  }
  return result;
}

std::string canonical_answer(Metric metric, std::string_view answer) {
  switch (metric) {
    case Metric::accuracy:
    case Metric::macro_f1:
      return normalize_label(answer);
    case Metric::exact_match:
    case Metric::token_f1:
      return normalize_answer(answer);
    case Metric::json_field_f1:
      break;
  }
  const std::optional<Json> given = parse_json_answer(answer);
  if (!given) return std::string(trimmed(answer));
  std::string result;
  for (const auto& [path, value] : leaves_of(*given)) result += path + "=" + value + "\n";
  return result;
}

std::vector<LabelConfusion> confusions(std::span<const std::string> answers,
                                       std::span<const std::string> references) {
  std::map<std::pair<std::string, std::string>, std::int64_t> counts;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::string given = normalize_label(answers[i]), expected = normalize_label(references[i]);
    if (given != expected) ++counts[{expected, given}];
  }
  std::vector<LabelConfusion> result;
  for (const auto& [pair, count] : counts) result.push_back({pair.first, pair.second, count});
  std::stable_sort(result.begin(), result.end(),
                   [](const auto& a, const auto& b) { return a.count > b.count; });
  return result;
}

}  // namespace fulcrum
