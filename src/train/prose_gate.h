// How well a model knows English: bits per byte of held-out prose, beside a 5-gram model of the same tokens.
//
// The 5-gram model counts the training part of the whole folder; a language model has seen at most that. Text
// is predicted in windows of kProseWindow tokens, of which the first half is only context, so that every
// token but the first few has at least half a window before it. Both models predict the same tokens.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/progress.h"
#include "model/model_file.h"
#include "text/tokenizer.h"

namespace fulcrum {

inline constexpr std::int64_t kProseWindow = 384;

struct ProseFigure {
  std::string source;
  std::uint64_t bytes = 0;  // of held-out text
  std::int64_t tokens = 0;
  double model_bits = 0, five_gram_bits = 0;  // a byte
};

// The `count` sources of the folder with most held-out text. Error(not_found) if the folder holds no prose.
std::vector<ProseFigure> measure_prose(const ModelFile& model, const Tokenizer& tokenizer, const Path& folder,
                                       std::size_t count, const CancelToken& cancel);

}  // namespace fulcrum
