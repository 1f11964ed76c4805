#include "held_out.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "base/random.h"
#include "lever_curves.h"

namespace fulcrum {

namespace {

// The best recipe must bring at least this share of what all right answers would.
constexpr double kWorthDoing = 0.2;

class TaskDrawer {
 public:
  TaskDrawer(std::uint64_t seed, std::uint64_t number) : random_(seed, stream_of("held-out task") + number) {}

  SimulatedTask draw() {
    SimulatedTask task;
    const double stake = log_uniform(5000, 50000);
    do {
      task = draw_any(stake);
    } while (value_of(task, best_recipe(task)) < kWorthDoing * stake);
    return task;
  }

 private:
  double uniform(double low, double high) { return low + (high - low) * random_.uniform(); }
  double log_uniform(double low, double high) { return low * std::pow(high / low, random_.uniform()); }
  // A lever often does nothing.
  double gain(double probability, double low, double high) {
    const double drawn = uniform(low, high);
    return random_.chance(probability) ? drawn : 0.0;
  }

  Curves draw_curves(double documents) {
    Curves c;
    c.zero = uniform(0.02, 0.95);
    const double room = 0.98 - c.zero;
    c.few_gain = gain(0.7, -0.05, 0.9 * room);
    c.demonstrations_needed = log_uniform(0.3, 8);
    c.crowding = gain(0.3, 0, 0.04);
    c.nearest_gain = gain(0.4, -0.05, 0.3);
    c.reasoning_gain = uniform(-0.2, 0.5 * room);
    c.documents = random_.chance(documents) ? Documents::there : Documents::none;
    c.retrieval_gain = gain(0.8, 0, room + 0.05);
    c.passages_needed = log_uniform(0.5, 5);
    c.distraction = uniform(0, 0.03);
    c.best_chunk_tokens = random_.choose(std::vector<double>{60, 120, 240});
    c.few_beside_retrieval = uniform(-0.05, 0.1);
    c.tuned_gain = gain(0.8, -0.1, room);
    c.tuned_retrieval_gain = gain(0.8, -0.1, room);
    c.best_rate = random_.choose(std::vector<double>{0.5, 1, 1, 2});
    c.rate_loss = uniform(0, 0.2);
    c.small_rank_loss = uniform(0, 0.05);
    return c;
  }

  Pace draw_pace() {
    Pace pace;
    const double machine = log_uniform(0.2, 10), prompt = log_uniform(0.3, 3);
    for (double* seconds : {&pace.question, &pace.reasoning, &pace.tuned, &pace.tuned_retrieval})
      *seconds *= machine * log_uniform(0.6, 1.6);
    for (double* seconds : {&pace.demonstration, &pace.nearest_search, &pace.nearest_demonstration,
                            &pace.passage_token, &pace.passages_search, &pace.retrieval_and_demonstrations})
      *seconds *= machine * prompt;
    pace.training = log_uniform(10, 1500);
    pace.training_retrieval = pace.training * uniform(1, 2);
    return pace;
  }

  SimulatedTask draw_any(double stake) {
    SimulatedTask task;
    const Curves curves = draw_curves(0.5);
    task.recipes = recipes_of_curves(curves, draw_pace());
    // Real settings do not lie on a curve.
    const double roughness = uniform(0, 0.025);
    for (SimulatedRecipe& recipe : task.recipes)
      recipe.quality = std::clamp(recipe.quality + roughness * random_.normal(), 0.02, 0.98);
    Circumstances& c = task.circumstances;
    c.target.reset();
    if (random_.chance(0.8)) c.target = uniform(0.5, 0.97);
    c.calls_per_month = log_uniform(500, 60e6);
    c.horizon_months = uniform(3, 36);
    const bool documents = curves.documents == Documents::there;
    c.facts_change = random_.chance(documents ? 0.5 : 0.1);
    c.behaviour_stable = !random_.chance(0.1);
    task.prices.machine_hour = log_uniform(0.03, 1);
    task.prices.labelled_example = gain(0.8, 0, 1.5);
    task.prices.upkeep_month = gain(0.5, 0, 30);
    task.dev_items = random_.between(24, 150);
    task.test_items = random_.between(80, 600);
    task.together = uniform(0, 0.9);
    task.worth_of_right_answer = stake / (c.calls_per_month * c.horizon_months);
    return task;
  }

  Random random_;
};

}  // namespace

std::vector<SimulatedTask> held_out_tasks(std::uint64_t seed) {
  std::vector<SimulatedTask> tasks;
  for (int number = 0; number < kHeldOutTasks; ++number) {
    SimulatedTask task = TaskDrawer(seed, static_cast<std::uint64_t>(number)).draw();
    const Circumstances& c = task.circumstances;
    task.name = fmt::format("drawn {}: {}{}{}{}", number + 1, task.recipes[best_recipe(task)].id,
                            c.target ? fmt::format(", target {:.2f}", *c.target) : "",
                            c.facts_change ? ", facts change" : "", c.behaviour_stable ? "" : ", unstable");
    add_short_trainings(task);
    tasks.push_back(std::move(task));
  }
  return tasks;
}

}  // namespace fulcrum
