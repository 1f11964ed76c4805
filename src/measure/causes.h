// Why a prompt fails, found by changing one thing at a time and asking again: each intervention takes away
// one possible reason for a failure, and what then comes right had that reason.
//
//   oracle_format       the same answers read as leniently as the metric allows (measure/lenient_answer.h)
//   constrained_format  the same prompt, decoding held to the task's fields (extraction): what comes right
//                       failed by its form, and what does not failed by its content
//   oracle_context      the documents that hold the answer in the context, instead of a search
//   more_demonstrations as many train examples in the context as fit, at most twice the task's limit
//   samples             several draws: does one come right (pass@N), does the commonest (majority)?
//
// The closed-book arm is the probed prompt itself: it is a prompt without documents. Where the answer is
// chosen among labels, decoding is constrained already and oracle_format changes nothing. Probes only
// explain: no recipe is chosen by them. Pure functions of (recipe, items, documents, options), as
// measurements are.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.h"
#include "base/progress.h"
#include "measure/evaluation.h"
#include "recipe/task.h"

namespace fulcrum {

namespace intervention {
inline constexpr std::string_view kOracleFormat = "oracle_format", kConstrainedFormat = "constrained_format",
                                  kOracleContext = "oracle_context",
                                  kMoreDemonstrations = "more_demonstrations";
}  // namespace intervention

// One intervention over the items. An item that it cannot be tried on (no known document) has no score.
struct InterventionArm {
  std::string name;
  std::vector<std::optional<double>> scores;  // in the order of the items
  std::vector<std::string> answers;           // empty where not tried
  Estimate quality;                           // mean score of the items it was tried on
  Estimate quality_before;                    // of the probed prompt on the same items
};

// Draws of one item's answer, at a temperature.
struct SampledItem {
  std::vector<std::string> answers;
  std::vector<double> scores;
};

struct Probes {
  std::string recipe;              // the prompt that was probed
  std::vector<std::string> items;  // their ids
  std::vector<InterventionArm> arms;
  std::vector<SampledItem> samples;  // one an item; empty: not drawn
  // Whether the reference stands in one of the task's documents; absent where that says nothing (yes and no,
  // a label, JSON) or without documents. One an item.
  std::vector<std::optional<bool>> in_documents;
  double temperature = 0;

  const InterventionArm* arm(std::string_view name) const;
  // Whether the intervention made the item right; absent if it was not tried.
  std::optional<bool> right_under(std::string_view name, std::size_t item) const;
  bool any_sample_right(std::size_t item) const;
};

struct ProbeOptions {
  std::uint64_t seed = 0;
  int samples = 5;  // 0: none are drawn
  double temperature = 0.7;
  std::size_t batch_items = 32;
};

// `prompt` must not retrieve and needs no adapter; `measured` is its measurement over `items`. `retriever` is
// null without documents.
Probes probe(const Task& task, const Recipe& prompt, const Measurement& measured,
             std::span<const Example> items, LanguageModel& model, Retriever* retriever,
             const ProbeOptions& options, const ProgressCallback& progress, const CancelToken& cancel);

// Share of the items whose reference stands in none of the documents, of those for which that is known.
std::optional<Estimate> documents_lack_answer(const Probes& probes);

Json to_json(const Probes& probes);
Probes probes_from_json(const Json& value);  // Json::exception for what is not there

}  // namespace fulcrum
