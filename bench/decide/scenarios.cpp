#include "scenarios.h"

#include "lever_curves.h"

namespace fulcrum {

namespace {

struct Kind {
  std::string name, intended;
  Curves curves;
  double target = 0.85, calls_per_month = 20000;
  bool facts_change = false, behaviour_stable = true, tellable = true;
};

std::vector<Kind> kinds() {
  constexpr auto kDocuments = Documents::there;
  return {
      {"a prompt is enough", "zero_shot", {.zero = 0.93, .few_gain = 0.03, .tuned_gain = 0.04}},
      {"demonstrations help", "few_shot", {.zero = 0.5, .few_gain = 0.44, .tuned_gain = 0.44}, 0.85, 2000},
      {"a few demonstrations, more crowd",
       "few_shot@k2",
       {.zero = 0.5, .few_gain = 0.45, .demonstrations_needed = 0.5, .crowding = 0.04, .tuned_gain = 0.3}},
      {"demonstrations near the question",
       "few_shot@nearest",
       {.zero = 0.45, .few_gain = 0.2, .nearest_gain = 0.28, .tuned_gain = 0.25}},
      {"working it out",
       "reasoning",
       {.zero = 0.5, .few_gain = 0.05, .reasoning_gain = 0.43, .tuned_gain = 0.15}},
      {"the volume pays for training",
       "fine_tuned",
       {.zero = 0.5, .few_gain = 0.44, .tuned_gain = 0.46, .rate_loss = 0.02},
       0.85,
       60000000},
      {"facts missing",
       "retrieval",
       {.zero = 0.1,
        .documents = kDocuments,
        .retrieval_gain = 0.86,
        .tuned_gain = 0.2,
        .tuned_retrieval_gain = 0.86},
       0.75,
       20000,
       true},
      {"facts missing, many passages",
       "retrieval@p6",
       {.zero = 0.1,
        .documents = kDocuments,
        .retrieval_gain = 0.98,
        .passages_needed = 4,
        .distraction = 0.005,
        .few_beside_retrieval = 0.01,
        .tuned_gain = 0.2,
        .tuned_retrieval_gain = 0.5},
       0.8,
       20000,
       true},
      {"facts missing, smaller chunks",
       "retrieval@c60",
       {.zero = 0.1,
        .documents = kDocuments,
        .retrieval_gain = 0.9,
        .best_chunk_tokens = 60,
        .few_beside_retrieval = -0.02,
        .tuned_gain = 0.2,
        .tuned_retrieval_gain = 0.6},
       0.82,
       20000,
       true},
      {"facts change, reading is learnt",
       "fine_tuned+retrieval",
       {.zero = 0.1,
        .documents = kDocuments,
        .retrieval_gain = 0.45,
        .tuned_gain = 0.85,
        .tuned_retrieval_gain = 0.84},
       0.85,
       20000,
       true},
      {"a boundary of its own", "fine_tuned", {.zero = 0.4, .few_gain = 0.12, .tuned_gain = 0.55}},
      {"a boundary, another learning rate",
       "fine_tuned@lr2x",
       {.zero = 0.4, .few_gain = 0.12, .tuned_gain = 0.55, .best_rate = 2, .rate_loss = 0.2}},
      {"a boundary, a lower learning rate",
       "fine_tuned@lr0.5x",
       {.zero = 0.4, .few_gain = 0.12, .tuned_gain = 0.55, .best_rate = 0.5, .rate_loss = 0.1}},
      {"the wanted behaviour changes",
       "few_shot",
       {.zero = 0.3, .few_gain = 0.35, .demonstrations_needed = 0.5, .tuned_gain = 0.65},
       0.85,
       20000,
       false,
       false},
      {"nothing reaches the target", "fine_tuned", {.zero = 0.2, .few_gain = 0.05, .tuned_gain = 0.45}, 0.95},
      {"nothing helps",
       "zero_shot",
       {.zero = 0.4,
        .few_gain = 0,
        .reasoning_gain = 0,
        .tuned_gain = 0,
        .rate_loss = 0,
        .small_rank_loss = 0},
       0.95},
      {"two alike at the target",
       "",
       {.zero = 0.5, .few_gain = 0.352, .tuned_gain = 0.355, .rate_loss = 0.005, .small_rank_loss = 0.002},
       0.85,
       20000,
       false,
       true,
       false},
  };
}

}  // namespace

std::vector<Scenario> decision_scenarios() {
  struct Version {
    const char* name;
    std::int64_t dev, test;
    double together, label_price;
  };
  std::vector<Scenario> scenarios;
  for (const Kind& kind : kinds())
    for (const Version& version :
         {Version{"", 60, 300, 0.6, 0.5}, Version{", small splits", 42, 120, 0.6, 0.5},
          Version{", recipes fail apart", 60, 300, 0.2, 0.1}}) {
      Scenario scenario;
      scenario.kind = kind.name;
      scenario.intended = kind.intended;
      scenario.tellable = kind.tellable;
      SimulatedTask& task = scenario.task;
      task.name = kind.name + version.name;
      task.recipes = recipes_of_curves(kind.curves, {});
      task.circumstances.target = kind.target;
      task.circumstances.calls_per_month = kind.calls_per_month;
      task.circumstances.facts_change = kind.facts_change;
      task.circumstances.behaviour_stable = kind.behaviour_stable;
      task.prices.labelled_example = version.label_price;
      task.dev_items = version.dev;
      task.test_items = version.test;
      task.together = version.together;
      // What is at stake is the same everywhere, so that regrets can be averaged: 20,000 for all calls right.
      task.worth_of_right_answer = 20000 / (kind.calls_per_month * task.circumstances.horizon_months);
      add_short_trainings(scenario.task);
      scenarios.push_back(std::move(scenario));
    }
  return scenarios;
}

}  // namespace fulcrum
