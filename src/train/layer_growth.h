// Starting a deeper model from a trained one, so that it computes at first what the trained one does.
//
// A layer that is used again is a copy whose two projections into the residual stream are zero: it adds
// nothing, and its first step of training moves just those two, which read features that are useful already.
// (Copies with silenced outputs, spread among the old layers: Wu et al. 2024, "LLaMA Pro".)
#pragma once

#include <cstdint>
#include <span>

#include "model/model_file.h"
#include "train/parameters.h"

namespace fulcrum {

// Fills `array` from `source`. Layer i comes from the source's layer layers[i]; the first use of a layer is
// that layer, each further one a copy with silenced outputs. Empty `layers`: the layers as they are.
// Error(invalid_argument): a layer that the source does not have or that is left out, layers that do not
// rise, or a tensor of another shape than the layout's.
void load_grown(const ModelFile& source, std::span<const std::int64_t> layers, const ParameterLayout& layout,
                ParameterArray& array);

}  // namespace fulcrum
