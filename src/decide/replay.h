// Runs every recipe of an evidence folder again and says what differs, bit for bit. Times are not compared,
// nor what rests on them; the verdict is, because it follows from the recorded times.
#pragma once

#include <string>
#include <vector>

#include "decide/evidence.h"

namespace fulcrum {

struct ReplayDifference {
  std::string where;  // "few_shot, item test:17, answer"
  std::string recorded, replayed;
};

struct ReplayResult {
  std::vector<ReplayDifference> differences;  // empty: all the same
  std::int64_t compared = 0;                  // figures and answers
};

// Error invalid_argument if the model is not the one of the evidence.
ReplayResult replay(const Evidence& evidence, LanguageModel& model, const ProgressCallback& progress,
                    const CancelToken& cancel);

}  // namespace fulcrum
