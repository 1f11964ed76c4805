// What a pretraining run reads and starts from, as files: for training the same model with another program
// (tools/pretrain_gpu.py).
//
//   start.gguf      the untrained model with its vocabulary and chat template
//   episodes.jsonl  {"ids": [...], "weights": [...]} a line: the tokens of an episode, and how much the
//   prediction of each
//                   is learnt
#pragma once

#include <cstdint>

#include "train/pretrain_data.h"

namespace fulcrum {

// Episodes 0 to `episodes` - 1, the mix moving from its beginning to its end over the first `mix_share` of
// them, in (0, 1].
void export_pretraining(const PretrainConfig& config, std::uint64_t episodes, double mix_share,
                        const Path& folder, const ProgressCallback& progress, const CancelToken& cancel);

}  // namespace fulcrum
