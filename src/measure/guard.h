// The forgetting guard: a committed suite of general items, asked of the untouched base and of the base with
// an adapter, item by item. What an adapter loses there it has forgotten.
//
// Two figures: the share of items answered right (exact match, greedy), and the mean negative log-likelihood
// of the references in nats a token, which moves long before an answer does (as in PEFT's own benchmark).
// Both are paired. The suite is OpenAI chat JSONL with the skill of an item as its "group".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json_fwd.h"
#include "base/progress.h"
#include "measure/paired_tests.h"
#include "recipe/examples.h"
#include "text/lm.h"

namespace fulcrum {

struct GuardSuite {
  std::vector<Example> items;
  std::string sha256;  // of the file
};
GuardSuite read_guard_suite(const Path& file);

struct GuardRun {
  std::vector<std::string> answers;
  std::vector<double> scores;  // 1 or 0
  std::vector<double> nats_per_token;
  Estimate quality;
};

// `adapter`: a name given to load_adapter; empty: the untouched base.
GuardRun run_guard(const GuardSuite& suite, const std::string& adapter, LanguageModel& model,
                   const CancelToken& cancel);

struct Forgetting {
  std::string recipe;
  GuardRun before, after;
  PairedResult loss;  // quality before minus after: above 0 is forgotten
  Estimate nats;      // after minus before, a token: above 0 is forgotten
  struct Skill {
    std::string name;
    std::int64_t items = 0;
    double before = 0, after = 0;
  };
  std::vector<Skill> skills;
  std::optional<double> limit;  // of the loss, from the task; absent: none
  bool exceeded() const;        // by the estimate
};

Forgetting compare_guard(const GuardSuite& suite, const std::string& recipe, GuardRun before, GuardRun after,
                         std::optional<double> limit, std::uint64_t seed);

Json to_json(const Forgetting& forgetting);
Forgetting forgetting_from_json(const Json& value);

}  // namespace fulcrum
