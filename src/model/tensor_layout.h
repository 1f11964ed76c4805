// How files lay out the tensors of a model, and back: names, the order of rows of q and k, projections fused
// into one tensor, gains stored as w - 1.
//
// In memory tensors have GGUF's names, projections are separate, gains are what is multiplied by, and rows of
// q and k stand as ModelConfig::rope_layout says. Views stay views wherever only names differ or rows are cut
// apart. Source: the ggml project's converters, Hugging Face's model classes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/config.h"
#include "model/weights.h"
#include "tensor/tensor.h"

namespace fulcrum {

// For assemble_weights. Error corrupt (a tensor is missing or its shape cannot be cut: named as the file
// names it) or unsupported (a tensor has no place).
std::vector<Tensor> from_gguf_tensors(const ModelConfig& config, const std::vector<Tensor>& stored);
std::vector<Tensor> from_huggingface_tensors(const ModelConfig& config, const std::vector<Tensor>& stored);

// In file order, each with the type it has in memory. GGUF's rows of q and k follow gguf_rope_layout.
std::vector<Tensor> gguf_tensors(const ModelConfig& config, const ModelWeights& weights);
// As `dtype` (f32, f16 or bf16), and gains too, as Hugging Face stores them.
std::vector<Tensor> huggingface_tensors(const ModelConfig& config, const ModelWeights& weights, DType dtype);

// "blk.3.attn_q.weight" is "model.layers.3.self_attn.q_proj.weight". Error(internal) for a name that is none.
std::string huggingface_name(std::string_view name, const ModelConfig& config);

// Rows of q or k (a weight, a bias or the B of an adapter) from one order to another; all others as they are.
// Only what RoPE turns is in an order at all.
bool has_row_order(std::string_view name);  // "blk.3.attn_q.weight" has
Tensor reorder_rows(const Tensor& rows, const ModelConfig& config, RopeLayout from, RopeLayout to);

}  // namespace fulcrum
