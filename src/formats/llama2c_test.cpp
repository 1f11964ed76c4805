#include "formats/llama2c.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>

#include "base/error.h"

namespace fulcrum {
namespace {

const Path kStories = Path(FULCRUM_SHARED_DIR) / "data/stories260k";

#define NEEDS_SHARED(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "absent: " << (path)

template <typename T>
void append(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

template <typename T>
void put(std::string& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof(T));
}

Llama2cFile parse(const std::string& bytes) {
  auto memory = std::make_shared<std::vector<std::uint64_t>>(bytes.size() / 8 + 1);
  std::memcpy(memory->data(), bytes.data(), bytes.size());
  return Llama2cFile::parse(std::as_bytes(std::span(*memory)).first(bytes.size()), memory, "input");
}

Llama2cTokenizer parse_tokenizer(const std::string& bytes) {
  return Llama2cTokenizer::parse(std::as_bytes(std::span(bytes)), "input");
}

// dim 4, hidden 6, 2 layers, 2 heads, 1 kv head, vocabulary 5, context 3; float i of the file has the value
// i.
std::string small_checkpoint(Llama2cLayout layout, std::int32_t vocabulary, std::uint8_t shared) {
  std::string bytes;
  if (layout == Llama2cLayout::version_1) append(bytes, 0x616b3432), append(bytes, 1);
  for (const std::int32_t number : {4, 6, 2, 2, 1, vocabulary, 3}) append(bytes, number);
  const bool tied = layout == Llama2cLayout::version_1 ? shared == 1 : vocabulary > 0;
  if (layout == Llama2cLayout::version_1) append(bytes, shared), bytes.resize(256, '\0');
  const int layer = 2 * 4 + 4 * 4 + 2 * (2 * 4) + 4 * 4 + 3 * 6 * 4;
  const int floats =
      (tied ? 1 : 2) * 5 * 4 + 2 * layer + 4 + (layout == Llama2cLayout::legacy ? 2 * 3 * 1 : 0);
  for (int i = 0; i < floats; ++i) append(bytes, static_cast<float>(i));
  return bytes;
}

float first_value(const Llama2cFile& file, std::string_view name) {
  for (const Tensor& tensor : file.tensors) {
    if (tensor.name == name) return tensor.f32()[0];
  }
  ADD_FAILURE() << "no tensor " << name;
  return -1;
}

TEST(Llama2c, LegacyOrderIsTheExportersOrder) {
  const Llama2cFile file = parse(small_checkpoint(Llama2cLayout::legacy, -5, 0));
  EXPECT_EQ(file.header.vocab_size, 5);
  EXPECT_FALSE(file.header.tied_output);
  EXPECT_EQ(file.tensors.size(), 3U + 2 * 9);
  // Counted by hand from the sizes above.
  EXPECT_EQ(first_value(file, "token_embd.weight"), 0);
  EXPECT_EQ(first_value(file, "blk.1.attn_norm.weight"), 24);
  EXPECT_EQ(first_value(file, "blk.0.attn_q.weight"), 28);
  EXPECT_EQ(first_value(file, "blk.1.attn_q.weight"), 44);
  EXPECT_EQ(first_value(file, "blk.0.attn_k.weight"), 60);
  EXPECT_EQ(first_value(file, "blk.0.attn_v.weight"), 76);
  EXPECT_EQ(first_value(file, "blk.0.attn_output.weight"), 92);
  EXPECT_EQ(first_value(file, "blk.0.ffn_norm.weight"), 124);
  EXPECT_EQ(first_value(file, "blk.0.ffn_gate.weight"), 132);
  EXPECT_EQ(first_value(file, "blk.0.ffn_down.weight"), 180);
  EXPECT_EQ(first_value(file, "blk.0.ffn_up.weight"), 228);
  EXPECT_EQ(first_value(file, "output_norm.weight"), 276);
  EXPECT_EQ(first_value(file, "output.weight"), 286);  // behind 6 values of RoPE
}

TEST(Llama2c, VersionOneHasTheNormsFirst) {
  const Llama2cFile file = parse(small_checkpoint(Llama2cLayout::version_1, 5, 1));
  EXPECT_TRUE(file.header.tied_output);
  EXPECT_EQ(file.header.d_ff, 6);
  EXPECT_EQ(file.header.context_tokens, 3);
  EXPECT_EQ(first_value(file, "blk.0.attn_norm.weight"), 0);
  EXPECT_EQ(first_value(file, "blk.1.ffn_norm.weight"), 12);
  EXPECT_EQ(first_value(file, "output_norm.weight"), 16);
  EXPECT_EQ(first_value(file, "token_embd.weight"), 20);
  EXPECT_EQ(first_value(file, "blk.1.ffn_up.weight"), 40 + 32 + 16 + 16 + 32 + 48 + 48 + 24);
}

TEST(Llama2c, RealCheckpointsOfBothLayoutsAgree) {
  NEEDS_SHARED(kStories);
  const Llama2cFile legacy = Llama2cFile::open(kStories / "checkpoint_legacy.bin");
  const Llama2cFile version_1 = Llama2cFile::open(kStories / "checkpoint_v1.bin");
  EXPECT_EQ(legacy.header.layout, Llama2cLayout::legacy);
  EXPECT_EQ(version_1.header.layout, Llama2cLayout::version_1);
  EXPECT_EQ(legacy.header.d_model, 64);
  EXPECT_EQ(legacy.header.n_kv_heads, 4);
  EXPECT_EQ(legacy.header.context_tokens, 512);
  EXPECT_TRUE(legacy.header.tied_output && version_1.header.tied_output);
  ASSERT_EQ(legacy.tensors.size(), version_1.tensors.size());
  for (const Tensor& tensor : legacy.tensors) {
    const auto same = std::find_if(version_1.tensors.begin(), version_1.tensors.end(),
                                   [&](const Tensor& other) { return other.name == tensor.name; });
    ASSERT_NE(same, version_1.tensors.end()) << tensor.name;
    EXPECT_EQ(same->shape, tensor.shape) << tensor.name;
    EXPECT_EQ(std::memcmp(same->bytes.data(), tensor.bytes.data(), tensor.bytes.size()), 0) << tensor.name;
  }
}

TEST(Llama2c, RealTokenizerHasSentencePiecesPieces) {
  NEEDS_SHARED(kStories);
  const Llama2cTokenizer tokenizer = Llama2cTokenizer::open(kStories / "tok512.bin");
  ASSERT_EQ(tokenizer.pieces.size(), 512U);
  // tok512.vocab is SentencePiece's own listing: piece, tab, score.
  const std::string listing = read_file(kStories / "tok512.vocab");
  std::size_t at = 0;
  for (std::size_t id = 0; id < 512; ++id) {
    const std::size_t tab = listing.find('\t', at), end = listing.find('\n', tab);
    EXPECT_EQ(tokenizer.pieces[id], listing.substr(at, tab - at)) << id;
    EXPECT_EQ(tokenizer.scores[id], std::stof(listing.substr(tab + 1, end - tab))) << id;
    at = end + 1;
  }
}

struct Broken {
  const char* name;
  std::function<void(std::string&)> spoil;
  std::string_view message;
  ErrorCode code = ErrorCode::corrupt;
};

TEST(Llama2c, BrokenCheckpointsAreToldWhatIsWrong) {
  using S = std::string;
  const Broken cases[] = {
      {"empty", [](S& b) { b.clear(); }, "the header needs 4 bytes and 0 are left"},
      {"cut_header", [](S& b) { b.resize(100); }, "the header needs 219 bytes and 63 are left"},
      {"version_2", [](S& b) { put(b, 4, 2); }, "checkpoint of version 2", ErrorCode::unsupported},
      {"no_width", [](S& b) { put(b, 8, 0); }, "dim = 0"},
      {"absurd_width", [](S& b) { put(b, 8, std::numeric_limits<std::int32_t>::max()); }, "dim = 2147483647"},
      {"negative_layers", [](S& b) { put(b, 16, -1); }, "n_layers = -1"},
      {"more_heads_than_width", [](S& b) { put(b, 20, 5); }, "n_heads = 5; 1 to 4"},
      {"heads_do_not_divide", [](S& b) { put(b, 20, 3); }, "dim 4, n_heads 3 and n_kv_heads 1 do not divide"},
      {"more_kv_heads_than_heads", [](S& b) { put(b, 24, 4); }, "n_kv_heads = 4; 1 to 2"},
      {"negative_vocabulary", [](S& b) { put(b, 28, -5); }, "vocab_size = -5"},
      {"no_context", [](S& b) { put(b, 32, 0); }, "seq_len = 0"},
      {"flag_of_2", [](S& b) { b[36] = 2; }, "the flag for a shared classifier is 2"},
      {"another_width", [](S& b) { put(b, 12, 7); }, "make a file of 1472 bytes, and it has 1376"},
      {"last_byte_cut", [](S& b) { b.pop_back(); }, "make a file of 1376 bytes, and it has 1375"},
      {"a_byte_more", [](S& b) { b.push_back(0); }, "make a file of 1376 bytes, and it has 1377"},
  };
  for (const Broken& broken : cases) {
    std::string bytes = small_checkpoint(Llama2cLayout::version_1, 5, 1);
    broken.spoil(bytes);
    try {
      parse(bytes);
      ADD_FAILURE() << broken.name << " was read";
    } catch (const Error& error) {
      EXPECT_EQ(to_string(error.code()), to_string(broken.code)) << broken.name << ": " << error.what();
      EXPECT_NE(std::string_view(error.what()).find(broken.message), std::string_view::npos)
          << broken.name << ": " << error.what();
    }
  }
}

TEST(Llama2c, BrokenTokenizersAreToldWhatIsWrong) {
  std::string valid;
  append(valid, 7);
  append(valid, 0.0F), append(valid, 5), valid += "<unk>";
  append(valid, -1.5F), append(valid, 3), valid += " ab";
  const Llama2cTokenizer tokenizer = parse_tokenizer(valid);
  EXPECT_EQ(tokenizer.pieces, (std::vector<std::string>{"<unk>", "▁ab"}));
  EXPECT_EQ(tokenizer.scores, (std::vector<float>{0, -1.5F}));

  using S = std::string;
  const Broken cases[] = {
      {"empty", [](S& b) { b.clear(); }, "the length of the longest token needs 4 bytes"},
      {"no_tokens", [](S& b) { b.resize(4); }, "there are no tokens"},
      {"longest_is_0", [](S& b) { put(b, 0, 0); }, "is said to have 0 bytes"},
      {"longest_is_absurd", [](S& b) { put(b, 0, -1); }, "is said to have 4294967295 bytes"},
      {"longer_than_the_longest", [](S& b) { put(b, 8, 8); },
       "token 0 has 8 bytes, and the longest is said to have 7"},
      {"score_is_nan", [](S& b) { put(b, 17, std::numeric_limits<float>::quiet_NaN()); },
       "token 1 has a score that is not a number"},
      {"cut_in_a_token", [](S& b) { b.pop_back(); }, "a token needs 3 bytes and 2 are left"},
      {"cut_in_a_score", [](S& b) { b.resize(19); }, "a score needs 4 bytes and 2 are left"},
  };
  for (const Broken& broken : cases) {
    std::string bytes = valid;
    broken.spoil(bytes);
    try {
      parse_tokenizer(bytes);
      ADD_FAILURE() << broken.name << " was read";
    } catch (const Error& error) {
      EXPECT_NE(std::string_view(error.what()).find(broken.message), std::string_view::npos)
          << broken.name << ": " << error.what();
    }
  }
}

}  // namespace
}  // namespace fulcrum
