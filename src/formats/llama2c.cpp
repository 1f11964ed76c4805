#include "formats/llama2c.h"

#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "formats/byte_reader.h"

namespace fulcrum {
namespace {

constexpr std::uint32_t kMagic = 0x616b3432;  // "ak42", as export.py packs it
constexpr std::uint64_t kVersion1HeaderBytes = 256;
constexpr std::int64_t kMaxWidth = 1 << 20, kMaxLayers = 1024, kMaxVocabulary = 1 << 24;
constexpr std::uint32_t kMaxPieceBytes = 1 << 16;

void check_field(const ByteReader& reader, std::string_view field, std::int64_t value, std::int64_t most) {
  if (value < 1 || value > most)
    reader.fail(0, "the header says {} = {}; 1 to {} is allowed", field, value, most);
}

void check_header(const ByteReader& reader, const Llama2cHeader& header) {
  check_field(reader, "dim", header.d_model, kMaxWidth);
  check_field(reader, "hidden_dim", header.d_ff, kMaxWidth);
  check_field(reader, "n_layers", header.n_layers, kMaxLayers);
  check_field(reader, "n_heads", header.n_heads, header.d_model);
  check_field(reader, "n_kv_heads", header.n_kv_heads, header.n_heads);
  check_field(reader, "vocab_size", header.vocab_size, kMaxVocabulary);
  check_field(reader, "seq_len", header.context_tokens, kMaxVocabulary);
  if (header.d_model % header.n_heads != 0 || header.n_heads % header.n_kv_heads != 0) {
    reader.fail(0, "the header's dim {}, n_heads {} and n_kv_heads {} do not divide each other",
                header.d_model, header.n_heads, header.n_kv_heads);
  }
}

Llama2cHeader read_header(ByteReader& reader) {
  Llama2cHeader header;
  auto first = reader.take<std::uint32_t>("the header");
  if (first == kMagic) {
    header.layout = Llama2cLayout::version_1;
    if (const auto version = reader.take<std::int32_t>("the version"); version != 1) {
      throw_error(ErrorCode::unsupported,
                  "a llama2.c checkpoint of version {}; legacy checkpoints and version 1 (f32) are read. "
                  "Export it again "
                  "with --version 1.",
                  version);
    }
    first = reader.take<std::uint32_t>("the header");
  }
  header.d_model = static_cast<std::int32_t>(first);
  header.d_ff = reader.take<std::int32_t>("the header");
  header.n_layers = reader.take<std::int32_t>("the header");
  header.n_heads = reader.take<std::int32_t>("the header");
  header.n_kv_heads = reader.take<std::int32_t>("the header");
  header.vocab_size = reader.take<std::int32_t>("the header");
  header.context_tokens = reader.take<std::int32_t>("the header");
  if (header.layout == Llama2cLayout::version_1) {
    const auto shared = reader.take<std::uint8_t>("the header");
    if (shared > 1)
      reader.fail(reader.position() - 1, "the flag for a shared classifier is {}; 0 or 1 is allowed", shared);
    header.tied_output = shared == 1;
    reader.take_bytes(kVersion1HeaderBytes - reader.position(), "the header");
  } else {
    // A negative vocabulary is how the legacy header says that the output has weights of its own.
    header.tied_output = header.vocab_size > 0;
    header.vocab_size = std::abs(header.vocab_size);
  }
  check_header(reader, header);
  return header;
}

// One stretch of the file: a tensor, or one tensor a layer ({} in the name is the layer).
struct Stretch {
  std::string name;  // empty: skipped
  Shape shape;
  bool every_layer = false;
};

std::vector<Stretch> stretches(const Llama2cHeader& h) {
  const std::int64_t head_dim = h.d_model / h.n_heads, kv = h.n_kv_heads * head_dim;
  const Stretch embedding = {"token_embd.weight", {h.vocab_size, h.d_model}};
  const Stretch attn_norm = {"blk.{}.attn_norm.weight", {h.d_model}, true};
  const Stretch ffn_norm = {"blk.{}.ffn_norm.weight", {h.d_model}, true};
  const Stretch output_norm = {"output_norm.weight", {h.d_model}};
  const Stretch output = {"output.weight", {h.vocab_size, h.d_model}};
  const std::vector<Stretch> attention = {{"blk.{}.attn_q.weight", {h.d_model, h.d_model}, true},
                                          {"blk.{}.attn_k.weight", {kv, h.d_model}, true},
                                          {"blk.{}.attn_v.weight", {kv, h.d_model}, true},
                                          {"blk.{}.attn_output.weight", {h.d_model, h.d_model}, true}};
  const std::vector<Stretch> feed_forward = {{"blk.{}.ffn_gate.weight", {h.d_ff, h.d_model}, true},
                                             {"blk.{}.ffn_down.weight", {h.d_model, h.d_ff}, true},
                                             {"blk.{}.ffn_up.weight", {h.d_ff, h.d_model}, true}};
  std::vector<Stretch> order;
  const auto append = [&](const std::vector<Stretch>& more) {
    order.insert(order.end(), more.begin(), more.end());
  };
  if (h.layout == Llama2cLayout::version_1) {
    append({attn_norm, ffn_norm, output_norm, embedding});
    append(attention);
    append(feed_forward);
  } else {
    append({embedding, attn_norm});
    append(attention);
    append({ffn_norm});
    append(feed_forward);
    append({output_norm});
    append({{"", {2, h.context_tokens, head_dim / 2}}});  // cosines and sines of RoPE, computed afresh here
  }
  if (!h.tied_output) append({output});
  return order;
}

std::uint64_t stretch_bytes(const Stretch& stretch, const Llama2cHeader& header) {
  std::uint64_t elements = stretch.every_layer ? static_cast<std::uint64_t>(header.n_layers) : 1;
  for (const std::int64_t extent : stretch.shape) elements *= static_cast<std::uint64_t>(extent);
  return elements * sizeof(float);
}

// "▁" is U+2581; tokenizer.bin has a space in its place.
std::string restore_piece(std::string_view printed) {
  if (printed == "\n<s>\n") return "<s>";
  if (printed == "\n</s>\n") return "</s>";
  std::string piece;
  for (const char c : printed) c == ' ' ? piece.append("▁") : piece.append(1, c);
  return piece;
}

}  // namespace

Llama2cFile Llama2cFile::open(const Path& path) {
  const MappedFile file = MappedFile::open(path);
  return parse(file.bytes(), file.owner(), path.string());
}

Llama2cFile Llama2cFile::parse(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                               std::string_view name) {
  ByteReader reader(bytes, name);
  Llama2cFile file;
  file.header = read_header(reader);
  const std::vector<Stretch> order = stretches(file.header);
  std::uint64_t expected = reader.position();
  for (const Stretch& stretch : order) expected += stretch_bytes(stretch, file.header);
  if (expected != bytes.size()) {
    reader.fail(0, "the header's sizes make a file of {} bytes, and it has {}", expected, bytes.size());
  }
  for (const Stretch& stretch : order) {
    const std::int64_t count = stretch.every_layer ? file.header.n_layers : 1;
    const std::uint64_t each = stretch_bytes(stretch, file.header) / static_cast<std::uint64_t>(count);
    for (std::int64_t layer = 0; layer < count; ++layer) {
      const auto taken = reader.take_bytes(each, stretch.name);
      if (stretch.name.empty()) continue;
      file.tensors.push_back(
          {fmt::format(fmt::runtime(stretch.name), layer), DType::f32, stretch.shape, taken, owner});
    }
  }
  return file;
}

Llama2cTokenizer Llama2cTokenizer::open(const Path& path) {
  const MappedFile file = MappedFile::open(path);
  return parse(file.bytes(), path.string());
}

Llama2cTokenizer Llama2cTokenizer::parse(std::span<const std::byte> bytes, std::string_view name) {
  ByteReader reader(bytes, name);
  Llama2cTokenizer tokenizer;
  const auto longest = reader.take<std::uint32_t>("the length of the longest token");
  if (longest == 0 || longest > kMaxPieceBytes) {
    reader.fail(0, "the longest token is said to have {} bytes; 1 to {} is allowed", longest, kMaxPieceBytes);
  }
  while (reader.remaining() > 0) {
    const std::uint64_t at = reader.position();
    const auto score = reader.take<float>("a score");
    const auto length = reader.take<std::uint32_t>("the length of a token");
    if (!std::isfinite(score))
      reader.fail(at, "token {} has a score that is not a number", tokenizer.pieces.size());
    if (length > longest) {
      reader.fail(at, "token {} has {} bytes, and the longest is said to have {}", tokenizer.pieces.size(),
                  length, longest);
    }
    tokenizer.pieces.push_back(restore_piece(reader.take_text(length, "a token")));
    tokenizer.scores.push_back(score);
  }
  if (tokenizer.pieces.empty()) reader.fail(0, "there are no tokens in it");
  return tokenizer;
}

}  // namespace fulcrum
