#include "scenarios.h"

#include <algorithm>
#include <cmath>

namespace fulcrum {

namespace {

enum class Documents { none, there };

// How quality answers to each lever. Gains are in shares of right answers, over zero-shot.
struct Curves {
  double zero = 0.4;
  double few_gain = 0.05, demonstrations_needed = 2;  // gain * (1 - exp(-k / needed))
  double crowding = 0.0;                              // lost with each demonstration beyond the second
  double nearest_gain = 0.0;                          // over fixed demonstrations
  double reasoning_gain = -0.05;
  Documents documents = Documents::none;
  double retrieval_gain = 0.0, passages_needed = 1;
  double distraction = 0.01;  // lost with each passage
  double best_chunk_tokens = 120;
  double few_beside_retrieval = 0.02;
  double tuned_gain = 0.1, tuned_retrieval_gain = 0.1;
  double best_rate = 1;  // of the learning rates tried, as multiples of the task's own
  double rate_loss = 0.03, small_rank_loss = 0.01;
};

struct Kind {
  std::string name, intended;
  Curves curves;
  double target = 0.85, calls_per_month = 20000;
  bool facts_change = false, behaviour_stable = true, tellable = true;
};

class Grid {
 public:
  explicit Grid(const Curves& curves) : c_(curves) {}

  std::vector<SimulatedRecipe> recipes() {
    add("zero_shot", {"prompt"}, "", c_.zero, 0.02);
    for (const int k : {8, 2, 4})
      add(k == 8 ? "few_shot" : "few_shot@k" + std::to_string(k), {"prompt", "few_shot"}, "",
          c_.zero + few(k), 0.02 + 0.004 * k, 0, k);
    for (const int k : {8, 4})
      add(k == 8 ? "few_shot@nearest" : "few_shot@nearest@k4", {"prompt", "few_shot"}, "",
          c_.zero + few(k) + c_.nearest_gain * k / 8, 0.03 + 0.005 * k, 0, 360);
    add("reasoning", {"prompt", "reasoning"}, "", c_.zero + c_.reasoning_gain, 0.15);
    const bool documents = c_.documents == Documents::there;
    if (documents) {
      for (const int passages : {3, 1, 6})
        for (const int chunk : {120, 60, 240}) {
          const std::string settings = (passages == 3 ? "" : "@p" + std::to_string(passages)) +
                                       (chunk == 120 ? "" : "@c" + std::to_string(chunk));
          add("retrieval" + settings, {"prompt", "retrieval"}, "", c_.zero + found(passages, chunk),
              0.03 + 0.00012 * passages * chunk);
        }
      add("retrieval+few_shot", {"prompt", "retrieval", "few_shot"}, "",
          c_.zero + found(3, 120) + c_.few_beside_retrieval, 0.12, 0, 8);
    }
    add_tuned("fine_tuned", {"fine_tune"}, c_.zero + c_.tuned_gain, 0.012, 45);
    if (documents)
      add_tuned("fine_tuned+retrieval", {"fine_tune", "retrieval"}, c_.zero + c_.tuned_retrieval_gain, 0.05,
                70);
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
  std::vector<SimulatedRecipe> recipes_;
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
      task.recipes = Grid(kind.curves).recipes();
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
      scenarios.push_back(std::move(scenario));
    }
  return scenarios;
}

}  // namespace fulcrum
