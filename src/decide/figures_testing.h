// For tests: whether the sentences of a verdict say what result.json holds. Every key must lead somewhere,
// and every number in a sentence must be one of the figures under its keys, rounded as it is written.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <regex>
#include <string>
#include <vector>

#include "base/json.h"

namespace fulcrum {

// "tasks[0].verdict.break_even_calls["few_shot"].high"; null if the key leads nowhere.
inline const Json* find_figure(const Json& root, const std::string& key) {
  static const std::regex step(R"re(\.?([A-Za-z_0-9]+)|\[(\d+)\]|\["([^"]+)"\])re");
  const Json* at = &root;
  std::size_t read = 0;
  for (std::sregex_iterator it(key.begin(), key.end(), step), end; it != end; ++it) {
    read += static_cast<std::size_t>(it->length());
    if ((*it)[2].matched) {
      const std::size_t index = std::stoul((*it)[2]);
      if (!at->is_array() || index >= at->size()) return nullptr;
      at = &(*at)[index];
    } else {
      const std::string name = (*it)[1].matched ? (*it)[1] : (*it)[3];
      if (!at->is_object() || !at->contains(name)) return nullptr;
      at = &at->at(name);
    }
  }
  return read == key.size() ? at : nullptr;
}

inline void collect_numbers(const Json& value, std::vector<double>& numbers) {
  if (value.is_number())
    numbers.push_back(value.get<double>());
  else if (value.is_structured())
    for (const Json& each : value) collect_numbers(each, numbers);
}

// Whether `figure` is written as `digits` (with its decimals) when rounded.
inline bool is_written_as(double figure, const std::string& digits) {
  const std::size_t point = digits.find('.');
  const double decimals = point == std::string::npos ? 0 : static_cast<double>(digits.size() - point - 1);
  const double written = std::stod(digits);
  return std::abs(figure - written) <=
         0.5 * std::pow(10.0, -decimals) + 1e-9 * std::max(1.0, std::abs(figure));
}

inline std::string without(std::string text, const std::string& part) {
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at))
    text.replace(at, part.size(), " ");
  return text;
}

// `ids` are the recipes' names, in which digits are no figures.
inline void expect_traceable(const Json& root, std::string sentence, const Json& keys,
                             const std::vector<std::string>& ids) {
  const std::string whole = sentence;
  std::vector<double> figures;
  for (const Json& key : keys) {
    const Json* found = find_figure(root, key.get<std::string>());
    ASSERT_NE(found, nullptr) << key << " of: " << whole;
    collect_numbers(*found, figures);
  }
  for (const std::string& id : ids) sentence = without(sentence, id);
  sentence = without(without(sentence, "per 1,000 calls"), "p < 0.001");
  static const std::regex number(R"re([-+]?\d[\d,]*(?:\.\d+)?( million| billion|%)?)re");
  for (std::sregex_iterator it(sentence.begin(), sentence.end(), number), end; it != end; ++it) {
    std::string digits = it->str();
    const std::string unit = (*it)[1].matched ? std::string((*it)[1]) : "";
    digits.resize(digits.size() - unit.size());
    std::erase(digits, ',');
    const double factor = unit == "%" ? 100 : unit == " million" ? 1e-6 : unit == " billion" ? 1e-9 : 1;
    bool known = false;
    for (const double figure : figures) known = known || is_written_as(factor * figure, digits);
    EXPECT_TRUE(known) << it->str() << " is no figure of: " << whole;
  }
}

// All sentences of a task of result.json.
inline void expect_traceable_verdict(const Json& root, std::size_t task) {
  const Json& of_task = root.at("tasks").at(task);
  const Json& verdict = of_task.at("verdict");
  std::vector<std::string> ids;
  for (const Json& recipe : of_task.at("recipes")) ids.push_back(recipe.at("id"));
  if (of_task.at("search").is_object())
    for (const Json& arm : of_task.at("search").at("arms")) ids.push_back(arm.at("id"));
  // Longer names first: "few_shot@k4" before "few_shot".
  std::sort(ids.begin(), ids.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  expect_traceable(root, verdict.at("summary"), verdict.at("summary_figures"), ids);
  for (const char* list : {"reasons", "flips_if", "next_steps", "look_again"}) {
    const Json& keys = verdict.at(std::string(list) + "_figures");
    ASSERT_EQ(verdict.at(list).size(), keys.size()) << list;
    for (std::size_t i = 0; i < keys.size(); ++i) expect_traceable(root, verdict.at(list)[i], keys[i], ids);
  }
  for (const Json& rejection : verdict.at("rejected"))
    expect_traceable(root, rejection.at("why"), rejection.at("figures"), ids);
}

}  // namespace fulcrum
