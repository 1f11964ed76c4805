// A sentence of the verdict and the keys of the figures in result.json that it rests on, so that every number
// in it can be looked up: "recipes[3].quality.estimate", "verdict.break_even_calls["few_shot@k2"].high". Keys
// are relative to the task; result.json puts "tasks[n]." before them.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace fulcrum {

struct Sentence {
  std::string text;
  std::vector<std::string> figures;

  // Notes the key and gives `shown` back, to be put where the figure is shown.
  template <typename Text>
  Text cite(std::string key, Text shown) {
    if (std::find(figures.begin(), figures.end(), key) == figures.end()) figures.push_back(std::move(key));
    return shown;
  }
  // The same figures under this text.
  Sentence& saying(std::string words) {
    text = std::move(words);
    return *this;
  }
};

}  // namespace fulcrum
