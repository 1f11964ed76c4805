// Whether a recipe gives the same answer when nothing that matters changes: over edits of its long prompt (a
// sentence dropped, the order changed), and whether it is right every time over independent draws (pass^N).
//
// Agreement over rewordings and over resampling is part of every measurement (measure/evaluation.h); this is
// the rest, and all of it side by side.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "base/progress.h"
#include "measure/evaluation.h"

namespace fulcrum {

struct EditedAnswers {
  std::string edit;  // "without sentence 2: Answer in few words.", "sentences in reverse order"
  std::vector<std::string> answers;  // in the order of the asked items
  Estimate quality;
};

struct ConsistencyDetail {
  std::string recipe;
  std::vector<std::string> items;  // ids of those asked again
  std::vector<EditedAnswers> edits;
  Estimate edit_agreement;  // pairs of (answer, edited answers) of an item that agree; n = 0: there was
                            // nothing to edit
  int draws = 0;            // N of pass^N
  Estimate all_right;       // pass^N: chance that N independent draws are all right
  Estimate any_right;       // pass@N
};

struct ConsistencyOptions {
  std::uint64_t seed = 0;
  int items = 24;      // the same seeded subset as the measurement's own
  int most_edits = 6;  // a seeded choice where the prompt has more
  std::size_t batch_items = 32;
};

// The recipe must be loaded. `measured` is its measurement over `items`; its draws are what pass^N is taken
// from.
ConsistencyDetail consistency_detail(const Recipe& recipe, const Measurement& measured,
                                     std::span<const Example> items, const Yardstick& yardstick,
                                     LanguageModel& model, Retriever* retriever,
                                     const ConsistencyOptions& options, const ProgressCallback& progress,
                                     const CancelToken& cancel);

Json to_json(const ConsistencyDetail& detail);
ConsistencyDetail consistency_from_json(const Json& value);

}  // namespace fulcrum
