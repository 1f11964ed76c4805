// Which type each tensor of a model gets in a file: what a user of llama.cpp expects of "f16", "q8_0" or
// "q4_k".
//
// Norms and biases are f32. The matrix that makes logits (output, or token_embd where both are one) is q6_k
// under every quantised type but q8_0. q4_k is the mix that llama.cpp calls Q4_K_M: attn_v and ffn_down are
// q6_k in the first and the last eighth of the layers and in every third one between. Rows that do not fill
// blocks take the next larger type that they fill: q4_k becomes q5_0, q6_k becomes q8_0, and what does not
// fill blocks of 32 f16. Source: llama.cpp's src/llama-quant.cpp.
#pragma once

#include <cstdint>
#include <string_view>

#include "model/config.h"
#include "tensor/tensor.h"

namespace fulcrum {

struct StoredType {
  DType dtype = DType::f32;
  std::string_view reason;  // why it is not the type asked for; empty if it is
};
// `name` as GGUF has it ("blk.0.attn_v.weight"), shape outermost first.
StoredType stored_type(const ModelConfig& config, std::string_view name, const Shape& shape, DType wanted);

// "f16", "Q8_0", "q4_k", "Q4_K_M": in any case. Error(invalid_argument), with those there are, for another.
DType parse_storage_type(std::string_view text);

// GGUF's general.file_type. Error(invalid_argument) for a type in which models are not written.
std::uint32_t gguf_file_type(DType wanted);

}  // namespace fulcrum
