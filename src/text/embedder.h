// The bridge for embeddings: texts in, one vector each out. infer/embedding_engine.h implements it with
// tensors.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/progress.h"

namespace fulcrum {

// Safe to call from several threads. A text's vector does not depend on the texts beside it.
class Embedder {
 public:
  virtual ~Embedder() = default;
  virtual std::string name() const = 0;
  virtual std::int64_t dimensions() const = 0;
  // In the order of the texts; of length 1 where the model says so, so that a dot product is the cosine. What
  // is longer than the model's context is cut there. Error(cancelled).
  virtual std::vector<std::vector<float>> embed(std::span<const std::string> texts,
                                                const CancelToken& cancel) = 0;
};

}  // namespace fulcrum
