// LoRA adapters as GGUF files, as llama.cpp reads them: general.type "adapter", adapter.type "lora", one
// alpha, and for each adapted tensor NAME the tensors NAME.lora_a [r, in] and NAME.lora_b [out, r], with rows
// of q and k in the order of the architecture's GGUF files. Source: the ggml project's converter and loader.
#pragma once

#include "base/file.h"
#include "model/adapter.h"

namespace fulcrum {

bool is_gguf_file(const Path& path);  // by its magic

// Errors as read_adapter's.
LoraAdapter read_gguf_adapter(const Path& path, const ModelConfig& config);

// f32. What a single alpha cannot say (alphas of their own, rank-stabilised scaling) goes into B.
void write_gguf_adapter(const LoraAdapter& adapter, const ModelConfig& config, const Path& path);

}  // namespace fulcrum
