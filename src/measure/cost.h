// What a recipe costs: once, per call and over a horizon; and the number of calls at which one recipe repays
// another.
//
// A call costs its measured machine seconds at the task's price of a machine-hour, with its prompt prefix in
// memory and without; where a provider charges by the token (measure/price_list.h), its tokens at the listed
// prices. Up-front cost counts what this recipe needs: the labels it learns from (few-shot the k it shows,
// fine-tuning all it trains on and stops by), training, index building, evaluation. Test labels are needed
// whatever is chosen and are in no recipe's cost. Money is in the task's currency.
#pragma once

#include <cstdint>
#include <string>

#include "measure/evaluation.h"
#include "measure/price_list.h"

namespace fulcrum {

struct UpfrontWork {
  std::int64_t labels = 0;
  double training_seconds = 0;
  double indexing_seconds = 0;
  double evaluation_seconds = 0;
  double indexings_per_month = 0;  // again after the first, because documents change
};

enum class Upkeep { none, adapter };  // an adapter must be watched and trained again: Prices::upkeep_month

// Where the money of one call goes.
struct CallParts {
  double prompt = 0;         // tokens that were not in memory
  double cached_prompt = 0;  // tokens that were; nothing on one's own machine
  double completion = 0;
  double retrieval = 0;
};

struct Cost {
  double labelling = 0, training = 0, indexing = 0, evaluation = 0;
  double upfront = 0;            // the sum of the above
  Estimate per_call;             // as in steady service; the interval is that of the mean latency
  double per_call_uncached = 0;  // with no prefix in memory
  double upkeep_per_month = 0;
  std::string currency;
  Interval uncached;  // of per_call_uncached
  CallParts parts;    // of per_call.estimate
  // What a machine-hour's price moves: of a call, all of it at home and the search for passages elsewhere; of
  // a month's upkeep, indexing again.
  double machine_per_call = 0, machine_upkeep_per_month = 0;
  double per_1000_calls() const { return 1000.0 * per_call.estimate; }
  // Up-front, upkeep and calls over the months.
  double total(double calls_per_month, double months) const;
};

// On one's own machine. The prompt's part is priced at the seconds a token that the cold calls took longer
// by, and is at most the call.
Cost cost_of(const Latency& latency, const TokensPerCall& tokens, const UpfrontWork& work, Upkeep upkeep,
             const Prices& prices);

// By a provider's prices for the same tokens; retrieval still runs on one's own machine. A training has no
// listed price, so the up-front cost stays that of the local work. Error invalid_argument if the currencies
// differ.
Cost cost_at(const TokenPrices& listed, const Latency& latency, const TokensPerCall& tokens,
             const UpfrontWork& work, Upkeep upkeep, const Prices& prices);

// Calls, or right answers, from which on something has repaid itself: infinite when it never does, 0 when
// there is nothing to repay.
struct RepayRange {
  double at = 0, low = 0, high = 0;
  bool operator==(const RepayRange&) const = default;
};

// From how many calls on one recipe has repaid its higher up-front cost against another. Infinite when it
// never does, 0 when there is nothing to repay. The intervals propagate those of both costs per call (MOVER:
// Zou & Donner 2008).
struct BreakEven {
  double calls = 0, low = 0, high = 0;
  double calls_uncached = 0;  // were no prefix kept in memory
  double uncached_low = 0, uncached_high = 0;
};
BreakEven break_even(const Cost& dearer_upfront, const Cost& cheaper_upfront);

enum class PromptCaching { warm, cold };

// What one right answer costs: a call divided by the share that is right, the interval from those of both
// (MOVER on the logarithms). Infinite where nothing is right.
Estimate cost_of_right_answer(const Cost& cost, const Estimate& quality, PromptCaching cache);

// The same break-even counted in right answers, so that a cheap call that is often wrong is not cheap.
RepayRange break_even_in_right_answers(const Cost& dearer_upfront, const Estimate& quality,
                                       const Cost& cheaper_upfront, const Estimate& other_quality,
                                       PromptCaching cache);

// Months until the first has repaid itself against the second at a volume, upkeep included; infinite if
// never.
double months_to_repay(const Cost& dearer_upfront, const Cost& cheaper_upfront, double calls_per_month);
// With the interval of the calls that it takes.
RepayRange repay_months(const Cost& dearer_upfront, const Cost& cheaper_upfront, double calls_per_month);

// An amount with as many digits as it takes to see two that count: "0.00", "0.00012", "1.50", "12,300".
std::string money_text(double amount);

}  // namespace fulcrum
