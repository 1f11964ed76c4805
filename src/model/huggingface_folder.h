// A model as Hugging Face publishes it: a folder with config.json and safetensors, one or many. Its tokenizer
// is text's matter (text/tokenizer_folder.h): the vocabulary of a model read here is empty.
//
// Errors: not_found, corrupt or unsupported, naming the file. Weights that exist as PyTorch pickles alone are
// refused with the way to convert them: a pickle is a program, and opening one runs it.
#pragma once

#include "base/file.h"
#include "model/model_file.h"

namespace fulcrum {

bool is_huggingface_folder(const Path& path);  // a folder with a config.json

ModelFile load_huggingface_folder(const Path& folder);

// The tensors of model.safetensors, or of the files that model.safetensors.index.json lists, as views of
// them.
struct FolderTensors {
  std::vector<Tensor> tensors;
  std::vector<std::span<const std::byte>> maps;
};
FolderTensors read_folder_tensors(const Path& folder);

// Writes config.json, generation_config.json and model.safetensors, matrices and all as `dtype` (f32, f16 or
// bf16), into a folder that need not exist. The tokenizer's files are the caller's to add.
void save_huggingface_folder(const ModelFile& model, DType dtype, const Path& folder);

}  // namespace fulcrum
