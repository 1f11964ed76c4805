#include "development.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "lever_curves.h"
#include "recipe/levers.h"

namespace fulcrum {

namespace {

constexpr double kLeastWorth = 1.0 / 3;  // of what all calls right would bring

class Drawing {
 public:
  explicit Drawing(std::uint64_t number) : random_(kDevelopmentSeed, number) {}

  SimulatedTask task() {
    SimulatedTask task;
    const Curves curves = draw_curves();
    const Pace pace = draw_pace();
    const double labels = logarithmic(30, 3000);
    task.recipes = recipes_of_curves(curves, pace);
    learn_from(task, labels);
    jitter(task);
    thin_out(task);
    task.dev_items = std::lround(logarithmic(16, 200));
    task.test_items = std::lround(logarithmic(50, 800));
    task.together = random_.uniform() * 0.95;
    task.prices.labelled_example = logarithmic(0.01, 3);
    task.circumstances.calls_per_month = logarithmic(300, 1e8);
    task.circumstances.facts_change = curves.documents == Documents::there && random_.chance(0.4);
    task.circumstances.behaviour_stable = random_.chance(0.9);
    // Nobody weighs recipes that cost more than they could bring. Without a worth, a value is a cost.
    task.worth_of_right_answer = 0;
    double dearest = 0;
    for (std::size_t i = 0; i < task.recipes.size(); ++i) dearest = std::max(dearest, -value_of(task, i));
    const double stake = dearest * logarithmic(4, 400);
    task.worth_of_right_answer =
        stake / (task.circumstances.calls_per_month * task.circumstances.horizon_months);
    double top = 0;
    for (const SimulatedRecipe& recipe : task.recipes) top = std::max(top, recipe.quality);
    // Some targets are within reach of several recipes, some of one, some of none.
    if (random_.chance(0.75))
      task.circumstances.target = std::clamp(top + between(-0.25, 0.08), 0.1, 0.97);
    task.name = fmt::format("{} recipes, dev {}, test {}, top {:.2f}", task.recipes.size(), task.dev_items,
                            task.test_items, top);
    if (task.circumstances.target) task.name += fmt::format(", target {:.2f}", *task.circumstances.target);
    const double best = value_of(task, best_recipe(task));
    is_worth_it_ = best >= kLeastWorth * stake;
    return task;
  }
  bool is_worth_it() const { return is_worth_it_; }

 private:
  double between(double low, double high) { return low + (high - low) * random_.uniform(); }
  double logarithmic(double low, double high) { return low * std::pow(high / low, random_.uniform()); }

  // A gain that is mostly small, now and then large, and now and then a loss.
  double gain(double room, double closeness) {
    return random_.chance(0.15) ? -0.1 * random_.uniform() : closeness * room * random_.uniform();
  }

  Curves draw_curves() {
    Curves c;
    c.zero = between(0.05, 0.9);
    const double room = 0.98 - c.zero;
    const double closeness = random_.chance(0.4) ? logarithmic(0.02, 0.3) : between(0.3, 1);
    c.few_gain = gain(room, closeness);
    c.demonstrations_needed = logarithmic(0.3, 12);
    c.crowding = random_.chance(0.3) ? 0.03 * random_.uniform() : 0;
    c.nearest_gain = 0.5 * gain(room, closeness);
    c.reasoning_gain = gain(room, closeness);
    c.documents = random_.chance(0.5) ? Documents::there : Documents::none;
    c.retrieval_gain = gain(room, closeness) / 0.78;
    c.passages_needed = logarithmic(0.5, 5);
    c.distraction = 0.02 * random_.uniform();
    c.best_chunk_tokens = random_.choose(std::vector<double>{60, 120, 240});
    c.few_beside_retrieval = between(-0.05, 0.1);
    c.tuned_gain = gain(room, closeness);
    c.tuned_retrieval_gain = gain(room, closeness);
    c.best_rate = random_.choose(std::vector<double>{0.5, 1, 2});
    c.rate_loss = logarithmic(0.003, 0.3);
    c.small_rank_loss = logarithmic(0.001, 0.1);
    // A lever that matters more than the others, whichever it is.
    const double favour = between(0.3, 0.9) * room;
    switch (random_.below(8)) {
      case 0: c.few_gain = favour; break;
      case 1: c.nearest_gain = favour; break;
      case 2: c.reasoning_gain = favour; break;
      case 3: c.retrieval_gain = favour / 0.78; break;
      case 4: c.tuned_gain = favour; break;
      case 5: c.tuned_retrieval_gain = favour; break;
      default: break;
    }
    return c;
  }

  Pace draw_pace() {
    Pace pace;
    const double speed = logarithmic(0.2, 20), demonstrations = logarithmic(0.3, 3),
                 passages = logarithmic(0.3, 3), training = logarithmic(0.2, 6);
    pace.question *= speed;
    pace.demonstration *= speed * demonstrations;
    pace.nearest_search *= speed;
    pace.nearest_demonstration *= speed * demonstrations;
    pace.reasoning *= speed * logarithmic(0.3, 3);
    pace.passage_token *= speed * passages;
    pace.passages_search *= speed;
    pace.retrieval_and_demonstrations *= speed * passages;
    pace.tuned *= speed * logarithmic(0.5, 2);
    pace.tuned_retrieval *= speed * passages;
    pace.training *= speed * training;
    pace.training_retrieval *= speed * training * logarithmic(0.5, 2);
    return pace;
  }

  // Tuning approaches what the curves promise as labels come in: what is missing falls as a power of them.
  void learn_from(SimulatedTask& task, double labels) {
    const double reached = 1 - std::pow(1 + labels / logarithmic(5, 500), -between(0.3, 1.2));
    const double zero = task.recipes.front().quality;
    for (SimulatedRecipe& recipe : task.recipes) {
      if (recipe.training_seconds > 0) recipe.quality = zero + (recipe.quality - zero) * reached;
      if (recipe.labels > 100) recipe.labels = std::lround(labels);
    }
  }

  // What no curve says: every recipe is a little better or worse than its neighbours suggest.
  void jitter(SimulatedTask& task) {
    const double spread = random_.chance(0.3) ? 0 : logarithmic(0.003, 0.06);
    for (SimulatedRecipe& recipe : task.recipes)
      recipe.quality = std::clamp(recipe.quality + spread * random_.normal(), 0.02, 0.98);
  }

  // A grid with gaps: fewer settings of each lever, down to a handful of recipes.
  void thin_out(SimulatedTask& task) {
    const double kept = random_.chance(0.4) ? 1 : between(0.15, 1);
    std::vector<SimulatedRecipe> left;
    for (const SimulatedRecipe& recipe : task.recipes)
      if (recipe.id.find('@') == std::string::npos || random_.chance(kept)) left.push_back(recipe);
    task.recipes = std::move(left);
  }

  Random random_;
  bool is_worth_it_ = false;
};

}  // namespace

std::vector<SimulatedTask> development_tasks() {
  std::vector<SimulatedTask> tasks;
  for (std::uint64_t number = 0; tasks.size() < kDevelopmentTasks; ++number) {
    Drawing drawing(number);
    SimulatedTask task = drawing.task();
    if (!drawing.is_worth_it()) continue;
    add_short_trainings(task);
    tasks.push_back(std::move(task));
  }
  return tasks;
}

}  // namespace fulcrum
