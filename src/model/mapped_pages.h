// The memory of one mapped tensor, given back while the others are still read.
#pragma once

#include "model/model_file.h"
#include "tensor/tensor.h"

namespace fulcrum {

// Gives back the whole pages of `tensor`, as release_pages does of all of a model's maps: its values come
// again from the system's cache or the disk when they are looked at. Nothing happens where it is no view of a
// map.
void release_pages(const ModelFile& model, const Tensor& tensor);

}  // namespace fulcrum
