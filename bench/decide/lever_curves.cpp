#include "lever_curves.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace fulcrum {

namespace {

class Grid {
 public:
  Grid(const Curves& curves, const Pace& pace) : c_(curves), pace_(pace) {}

  std::vector<SimulatedRecipe> recipes() {
    add("zero_shot", {"prompt"}, "", c_.zero, pace_.question);
    for (const int k : {8, 2, 4})
      add(k == 8 ? "few_shot" : "few_shot@k" + std::to_string(k), {"prompt", "few_shot"}, "",
          c_.zero + few(k), pace_.question + pace_.demonstration * k, 0, k);
    for (const int k : {8, 4})
      add(k == 8 ? "few_shot@nearest" : "few_shot@nearest@k4", {"prompt", "few_shot"}, "",
          c_.zero + few(k) + c_.nearest_gain * k / 8,
          pace_.question + pace_.nearest_search + pace_.nearest_demonstration * k, 0, 360);
    add("reasoning", {"prompt", "reasoning"}, "", c_.zero + c_.reasoning_gain, pace_.reasoning);
    const bool documents = c_.documents == Documents::there;
    if (documents) {
      for (const int passages : {3, 1, 6})
        for (const int chunk : {120, 60, 240}) {
          const std::string settings = (passages == 3 ? "" : "@p" + std::to_string(passages)) +
                                       (chunk == 120 ? "" : "@c" + std::to_string(chunk));
          add("retrieval" + settings, {"prompt", "retrieval"}, "", c_.zero + found(passages, chunk),
              pace_.question + pace_.passages_search + pace_.passage_token * passages * chunk);
        }
      add("retrieval+few_shot", {"prompt", "retrieval", "few_shot"}, "",
          c_.zero + found(3, 120) + c_.few_beside_retrieval, pace_.retrieval_and_demonstrations, 0, 8);
    }
    add_tuned("fine_tuned", {"fine_tune"}, c_.zero + c_.tuned_gain, pace_.tuned, pace_.training);
    if (documents)
      add_tuned("fine_tuned+retrieval", {"fine_tune", "retrieval"}, c_.zero + c_.tuned_retrieval_gain,
                pace_.tuned_retrieval, pace_.training_retrieval);
    return std::move(recipes_);
  }

 private:
  double few(int k) const {
    return c_.few_gain * (1 - std::exp(-k / c_.demonstrations_needed)) - c_.crowding * std::max(0, k - 2);
  }
  double found(int passages, int chunk_tokens) const {
    const double reach = 1 - std::exp(-1.5 * passages / c_.passages_needed);
    const double fit = chunk_tokens == c_.best_chunk_tokens ? 1.0 : 0.85;
    return c_.retrieval_gain * reach * fit - c_.distraction * passages;
  }
  void add_tuned(const std::string& id, const std::vector<std::string>& levers, double quality,
                 double seconds, double training) {
    for (const int rank : {16, 8, 32})
      for (const double rate : {1.0, 2.0, 0.5}) {
        const bool own = rate == 1 && rank == 16;
        const double lost = (rate == c_.best_rate ? 0 : c_.rate_loss) + (rank == 8 ? c_.small_rank_loss : 0);
        const std::string settings = (rate == 1  ? ""
                                      : rate < 1 ? "@lr0.5x"
                                                 : "@lr2x") +
                                     (rank == 16 ? std::string() : "@rank" + std::to_string(rank));
        add(id + settings, levers, own ? "" : id, quality - lost, seconds, training * (0.8 + rank / 80.0),
            420);
      }
  }
  void add(std::string id, std::vector<std::string> levers, std::string parent, double quality,
           double seconds, double training = 0, std::int64_t labels = 0) {
    recipes_.push_back({std::move(id), std::move(levers), std::move(parent), std::clamp(quality, 0.02, 0.98),
                        seconds, training, labels});
  }

  const Curves& c_;
  const Pace& pace_;
  std::vector<SimulatedRecipe> recipes_;
};

}  // namespace

std::vector<SimulatedRecipe> recipes_of_curves(const Curves& curves, const Pace& pace) {
  return Grid(curves, pace).recipes();
}

void add_short_trainings(SimulatedTask& task) {
  struct Short {
    const char* settings;
    double seconds, kept, labels;  // shares of the whole training's
  };
  constexpr Short kShorter[] = {
      {"@e3", 1.0 / 2, 0.95, 1}, {"@e2", 1.0 / 3, 0.88, 1}, {"@e2@n", 1.0 / 6, 0.75, 0.5}};
  const auto quality_of = [&](const std::string& id) {
    const auto found = std::ranges::find(task.recipes, id, &SimulatedRecipe::id);
    return found == task.recipes.end() ? task.recipes.front().quality : found->quality;
  };
  for (const char* id : {"fine_tuned", "fine_tuned+retrieval"}) {
    const auto found = std::ranges::find(task.recipes, std::string(id), &SimulatedRecipe::id);
    if (found == task.recipes.end()) continue;
    const SimulatedRecipe whole = *found;
    const double untrained = quality_of(whole.levers.size() > 1 ? "retrieval" : "zero_shot");
    for (const Short& each : kShorter) {
      SimulatedRecipe recipe = whole;
      recipe.id += each.settings;
      recipe.stands_in_for = id;
      recipe.training_seconds *= each.seconds;
      recipe.quality = untrained + (whole.quality - untrained) * each.kept;
      recipe.labels = std::lround(static_cast<double>(whole.labels) * each.labels);
      task.recipes.push_back(std::move(recipe));
    }
  }
}

}  // namespace fulcrum
