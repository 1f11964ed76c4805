// Conversations as training rows: which tokens are learnt, and how examples are packed into passes.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "text/chat_template.h"
#include "text/lm.h"
#include "text/tokenizer.h"
#include "train/backpropagation.h"

namespace fulcrum {

struct EncodedExample {
  std::vector<TokenId> ids;
  std::vector<float> weights;  // one an id: 1 if it is learnt
  std::int64_t rows() const { return static_cast<std::int64_t>(ids.size()) - 1; }
};

// `split` ("train", "dev") and the example's number are used in messages. Errors as in train/sft.h.
std::vector<EncodedExample> encode_examples(std::span<const TrainingExample> examples, std::string_view split,
                                            const ChatTemplate& chat_template, const Tokenizer& tokenizer,
                                            std::int64_t context_tokens);

// Deals the examples out to `passes` passes of about equal size, largest first; the rows of each are filled
// up to a multiple of 64, so that products come in few shapes. Passes that got nothing are left out.
std::vector<TrainingRows> pack_examples(std::span<const EncodedExample* const> examples, std::size_t passes);

}  // namespace fulcrum
