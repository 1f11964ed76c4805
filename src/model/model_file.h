// A model as it stands in one file or folder: configuration, weights, vocabulary and chat template, read and
// written together.
//
// Reads GGUF (told by its magic), llama2.c checkpoints (with tokenizer.bin beside them) and Hugging Face
// folders (model/huggingface_folder.h, without their vocabulary); writes GGUF. The vocabulary is plain data
// here, because this floor knows no text; infer/ turns it into a tokenizer.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "model/config.h"
#include "model/weights.h"

namespace fulcrum {

// GGUF's tokenizer keys, one field a key. One entry an id in tokens; scores and types are empty or as long as
// tokens.
struct VocabularyData {
  std::string
      family;       // tokenizer.ggml.model: "llama", "gpt2", "bert", "t5"; empty: the file has no vocabulary
  std::string pre;  // tokenizer.ggml.pre
  std::vector<std::string> tokens;
  std::vector<float> scores;
  std::vector<std::int32_t>
      types;  // GGUF's numbers: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte
  std::vector<std::string> merges;  // "left right"
  std::optional<std::int32_t> bos, eos, unknown, padding;
  std::vector<std::int32_t> end_of_turn;  // tokenizer.ggml.eot_token_id, then eom_token_id; at most two
  bool add_bos = false, add_eos = false, add_space_prefix = true;
  std::string
      precompiled_charsmap;  // tokenizer.ggml.precompiled_charsmap: SentencePiece's normalisation, bytes
  bool remove_extra_whitespaces = false;
  std::string chat_template;  // tokenizer.chat_template (Jinja); empty: none
};

struct ModelFile {
  ModelConfig config;
  ModelWeights weights;
  VocabularyData vocabulary;
  std::string name;  // general.name, or the file's name without its extension
  Path path;         // the file or folder it was read from; empty if it was made in memory
  // Further texts of GGUF's "general." section, key and value: general.license, general.description, ...
  std::vector<std::pair<std::string, std::string>> notes;
  std::vector<std::span<const std::byte>> maps;  // the files that tensors are views of
};

// Gives back the memory that holds pages of the mapped files. They are read again, from the system's cache or
// the disk, when a tensor is looked at: for whoever has packed the weights into a form of its own.
void release_pages(const ModelFile& model);

// Error not_found, corrupt or unsupported, naming the file. A vocabulary whose size is not the number of rows
// of token_embd is corrupt. A llama2.c checkpoint takes its vocabulary from tokenizer.bin in the same folder.
ModelFile load_model_file(const Path& path);
// The same with the vocabulary of a llama2.c checkpoint given; Error(invalid_argument) for a GGUF, which has
// its own.
ModelFile load_model_file(const Path& path, const Path& llama2c_tokenizer);

// The vocabulary alone, of a GGUF with or without weights.
VocabularyData read_vocabulary(const GgufFile& file);

// Writes GGUF v3, atomically. Matrices are stored as `matrices` (f32, f16, bf16 or q8_0), norms and biases as
// f32. A matrix that already has that type is copied bit for bit; one whose rows do not fill whole q8_0
// blocks becomes f16.
void save_model_file(const ModelFile& model, DType matrices, const Path& path);

}  // namespace fulcrum
