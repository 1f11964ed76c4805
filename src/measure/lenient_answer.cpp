#include "measure/lenient_answer.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/unicode.h"

namespace fulcrum {
namespace {

void add_reading(std::vector<std::string>& readings, std::string_view text) {
  constexpr std::string_view kAround = " \t\r\n.!\"'`*";
  const std::size_t begin = text.find_first_not_of(kAround);
  if (begin == std::string_view::npos) return;
  const std::size_t end = text.find_last_not_of(kAround) + 1;
  std::string reading(text.substr(begin, end - begin));
  if (std::find(readings.begin(), readings.end(), reading) == readings.end())
    readings.push_back(std::move(reading));
}

void add_text_readings(std::vector<std::string>& readings, std::string_view text) {
  const auto after_last = [&](std::string_view whole, std::string_view mark) {
    const std::size_t at = whole.rfind(mark);
    if (at != std::string_view::npos) add_reading(readings, whole.substr(at + mark.size()));
  };
  add_reading(readings, text);
  const std::string_view bare = trim(text);
  const std::string_view first_line = bare.substr(0, bare.find('\n'));
  const std::string_view last_line =
      bare.substr(bare.rfind('\n') == std::string_view::npos ? 0 : bare.rfind('\n') + 1);
  for (const std::string_view line : {first_line, last_line}) {
    add_reading(readings, line);
    add_reading(readings, line.substr(0, line.find(". ")));
    after_last(line, ". ");
    after_last(line, ": ");
    after_last(line, " is ");
    after_last(line, " are ");
  }
  for (const char quote : {'"', '`', '\''}) {
    const std::size_t begin = bare.find(quote);
    if (begin == std::string_view::npos) continue;
    const std::size_t end = bare.find(quote, begin + 1);
    if (end != std::string_view::npos) add_reading(readings, bare.substr(begin + 1, end - begin - 1));
  }
}

// Labels whose words all stand in the answer, in their order; one that is part of another that stands there
// does not count.
std::vector<std::string> named_labels(std::string_view answer, std::span<const std::string> labels) {
  const auto spaced = [](std::string_view text) {
    std::string joined = " ";
    for (const std::string& word : fold_words(text)) joined += word + " ";
    return joined;
  };
  const std::string said = spaced(answer);
  std::vector<std::string> named;
  for (const std::string& label : labels)
    if (said.find(spaced(label)) != std::string::npos) named.push_back(label);
  std::vector<std::string> widest;
  for (const std::string& label : named) {
    const bool part_of_another = std::any_of(named.begin(), named.end(), [&](const std::string& other) {
      return other != label && spaced(other).find(spaced(label)) != std::string::npos;
    });
    if (!part_of_another) widest.push_back(label);
  }
  return widest;
}

}  // namespace

std::string repaired_json_object(std::string_view text) {
  const std::size_t begin = text.find('{');
  if (begin == std::string_view::npos) return {};
  std::string object, open;
  bool in_text = false, escaped = false;
  for (const char c : text.substr(begin)) {
    object += c;
    if (in_text) {
      if (!escaped && c == '"') in_text = false;
      escaped = !escaped && c == '\\';
      continue;
    }
    if (c == '"') in_text = true;
    if (c == '{' || c == '[') open += c == '{' ? '}' : ']';
    if ((c == '}' || c == ']') && !open.empty()) open.pop_back();
    if (open.empty()) return object;
  }
  if (escaped) object.pop_back();
  if (in_text) object += '"';
  std::string closed;
  // What hangs at the end (a comma, a key without its value) goes, piece by piece, until the rest can be
  // closed.
  while (!object.empty()) {
    closed = object;
    for (auto bracket = open.rbegin(); bracket != open.rend(); ++bracket) closed += *bracket;
    try {
      parse_json(closed, "a repaired answer");
      return closed;
    } catch (const Error&) {
      const std::size_t comma = object.rfind(',');
      if (comma == std::string::npos) return {};
      object.resize(comma);
    }
  }
  return {};
}

std::vector<std::string> lenient_readings(Metric metric, std::string_view answer,
                                          std::span<const std::string> labels) {
  std::vector<std::string> readings = {std::string(answer)};
  if (metric == Metric::json_field_f1) {
    if (std::string object = repaired_json_object(answer); !object.empty() && object != answer)
      readings.push_back(std::move(object));
    return readings;
  }
  if (!labels.empty()) {
    const std::vector<std::string> named = named_labels(answer, labels);
    if (named.size() == 1) readings.push_back(named.front());
    return readings;
  }
  add_text_readings(readings, answer);
  return readings;
}

double lenient_score(Metric metric, std::string_view answer, std::string_view reference,
                     std::span<const std::string> labels) {
  double best = 0;
  for (const std::string& reading : lenient_readings(metric, answer, labels))
    best = std::max(best, score_answer(metric, reading, reference, labels).score);
  return best;
}

}  // namespace fulcrum
