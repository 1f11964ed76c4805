// What a pretraining run reads: the project's curriculum, and a vocabulary taken from a file or made from its
// text.
#pragma once

#include "train/pretrain.h"

namespace fulcrum {

// Deterministic: the same configuration gives the same episodes and the same vocabulary.
PretrainData make_pretrain_data(const PretrainConfig& config, const ProgressCallback& progress,
                                const CancelToken& cancel);

}  // namespace fulcrum
