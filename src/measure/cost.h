// What a recipe costs: once, per call and over a horizon; and the number of calls at which one recipe repays
// another.
//
// A call costs its measured machine seconds at the task's price of a machine-hour, with its prompt prefix in
// memory and without. Up-front cost counts what this recipe needs: the labels it learns from (few-shot the k
// it shows, fine-tuning all it trains on and stops by), training, index building, evaluation. Test labels are
// needed whatever is chosen and are in no recipe's cost. Money is in the task's currency.
#pragma once

#include <cstdint>
#include <string>

#include "measure/evaluation.h"

namespace fulcrum {

struct UpfrontWork {
  std::int64_t labels = 0;
  double training_seconds = 0;
  double indexing_seconds = 0;
  double evaluation_seconds = 0;
};

enum class Upkeep { none, adapter };  // an adapter must be watched and trained again: Prices::upkeep_month

struct Cost {
  double labelling = 0, training = 0, indexing = 0, evaluation = 0;
  double upfront = 0;            // the sum of the above
  Estimate per_call;             // as in steady service; the interval is that of the mean latency
  double per_call_uncached = 0;  // with no prefix in memory
  double upkeep_per_month = 0;
  std::string currency;
  double per_1000_calls() const { return 1000.0 * per_call.estimate; }
  // Up-front, upkeep and calls over the months.
  double total(double calls_per_month, double months) const;
};

Cost cost_of(const Latency& latency, const UpfrontWork& work, Upkeep upkeep, const Prices& prices);

// From how many calls on one recipe has repaid its higher up-front cost against another. Infinite when it
// never does, 0 when there is nothing to repay. The interval propagates those of both costs per call (MOVER:
// Zou & Donner 2008).
struct BreakEven {
  double calls = 0, low = 0, high = 0;
  double calls_uncached = 0;  // were no prefix kept in memory
};
BreakEven break_even(const Cost& dearer_upfront, const Cost& cheaper_upfront);

// Months until the first has repaid itself against the second at a volume, upkeep included; infinite if
// never.
double months_to_repay(const Cost& dearer_upfront, const Cost& cheaper_upfront, double calls_per_month);

// An amount with as many digits as it takes to see two that count: "0.00", "0.00012", "1.50", "12,300".
std::string money_text(double amount);

}  // namespace fulcrum
