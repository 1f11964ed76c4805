// What `fulcrum pretrain --probe` looks at when a checkpoint is written: a few items of every gate, and
// answers to read.
//
// Its items are drawn from the same held-out words as models/gates and are never those of the committed
// suites, so that a run that is watched has not met the gates it is judged by.
#pragma once

#include <cstdint>

#include "cli/command.h"
#include "train/pretrain.h"

namespace fulcrum {

// {"gates": {name: {"estimate", "low", "high"}}, "samples": [{"prompt", "answer"}]}; `items` of each gate, at
// least 2.
CheckpointProbe training_probe(const Session& session, std::uint64_t items);

}  // namespace fulcrum
