// llama2.c checkpoints: the legacy layout and version 1, and their tokenizer.bin. Read only.
//
// A checkpoint has no names and no types: everything is f32, little endian, in a fixed order that the
// header's seven numbers size exactly, so the file's size is the only check of a layout there is, and it is
// made. Tensors come out under their GGUF names with shapes outermost first. Query and key rows are in
// adjacent RoPE order. Errors: corrupt (header or size), unsupported (a version that is not 1), too_large.
// Source: Karpathy's llama2.c, export.py and run.c.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "tensor/tensor.h"

namespace fulcrum {

enum class Llama2cLayout { legacy, version_1 };

struct Llama2cHeader {
  Llama2cLayout layout = Llama2cLayout::legacy;
  std::int64_t d_model = 0, d_ff = 0, n_layers = 0, n_heads = 0, n_kv_heads = 0, vocab_size = 0,
               context_tokens = 0;
  bool tied_output = false;
};

struct Llama2cFile {
  Llama2cHeader header;
  std::vector<Tensor> tensors;  // f32

  static Llama2cFile open(const Path& path);
  // `name` is used in messages; `owner` keeps the bytes alive.
  static Llama2cFile parse(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                           std::string_view name);
};

// tokenizer.bin: pieces and merge scores by id. A piece is as SentencePiece has it ("▁the", "<s>", "<0x0A>"):
// what the file changed for printing (a space for "▁", line breaks around "<s>") is undone.
struct Llama2cTokenizer {
  std::vector<std::string> pieces;
  std::vector<float> scores;

  // The file does not say how many tokens it holds; it is read to its end.
  static Llama2cTokenizer open(const Path& path);
  static Llama2cTokenizer parse(std::span<const std::byte> bytes, std::string_view name);
};

}  // namespace fulcrum
