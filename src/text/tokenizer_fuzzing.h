// What the fuzzers of tokenizer files do with an input, and the tests that replay their corpus.
//
// An input may be refused with Error corrupt, unsupported, too_large or invalid_argument; anything else, or a
// stream that decodes to another text than the whole, is a defect: Error(internal).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fulcrum {

// What became of an input.
enum class Trial { refused, read };

Trial try_tokenizer_json(std::string_view bytes);
Trial try_sentencepiece_model(std::string_view bytes);

}  // namespace fulcrum
