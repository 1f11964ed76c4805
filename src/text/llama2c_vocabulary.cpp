#include "text/llama2c_vocabulary.h"

#include <cmath>
#include <cstring>

#include "base/error.h"
#include "text/sentencepiece.h"

namespace fulcrum {
namespace {

std::string with_space_marks(std::string_view text) {
  std::string piece;
  for (char c : text) {
    if (c == ' ') {
      piece += kSpaceMark;
    } else {
      piece += c;
    }
  }
  return piece;
}

class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes) : bytes_(bytes) {}
  bool at_end() const { return offset_ == bytes_.size(); }
  std::size_t offset() const { return offset_; }

  template <typename T>
  T take() {
    T value;
    std::memcpy(&value, take_bytes(sizeof(T)).data(), sizeof(T));
    return value;
  }
  std::string_view take_bytes(std::size_t count) {
    if (count > bytes_.size() - offset_) {
      throw_error(ErrorCode::corrupt,
                  "reading a llama2.c tokenizer: {} bytes expected at offset {}, the file ends at {}", count,
                  offset_, bytes_.size());
    }
    const std::string_view view(reinterpret_cast<const char*>(bytes_.data()) + offset_, count);
    offset_ += count;
    return view;
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t offset_ = 0;
};

}  // namespace

Vocabulary parse_llama2c_vocabulary(std::span<const std::byte> bytes) {
  Cursor cursor(bytes);
  const auto longest = cursor.take<std::int32_t>();
  Vocabulary vocabulary;
  vocabulary.family = "llama";
  while (!cursor.at_end()) {
    const std::size_t offset = cursor.offset();
    const auto score = cursor.take<float>();
    const auto length = cursor.take<std::int32_t>();
    // bos and eos are longer than `longest` counts: their exporter writes them with line ends around.
    if (length < 0 || !std::isfinite(score)) {
      throw_error(ErrorCode::corrupt,
                  "reading a llama2.c tokenizer: token {} at offset {} has length {} and score {}",
                  vocabulary.tokens.size(), offset, length, score);
    }
    vocabulary.tokens.push_back(with_space_marks(cursor.take_bytes(static_cast<std::size_t>(length))));
    vocabulary.scores.push_back(score);
  }
  if (vocabulary.tokens.size() < 259 || longest <= 0 || parse_byte_token(vocabulary.tokens[3]) != 0) {
    throw_error(
        ErrorCode::corrupt,
        "reading a llama2.c tokenizer: expected unknown, bos, eos and the byte tokens from id 3 on, found {} "
        "tokens of which these are not the first",
        vocabulary.tokens.size());
  }
  vocabulary.tokens[0] = "<unk>";
  vocabulary.tokens[1] = "<s>";
  vocabulary.tokens[2] = "</s>";
  vocabulary.unknown = 0;
  vocabulary.bos = 1;
  vocabulary.eos = 2;
  vocabulary.add_bos = true;
  vocabulary.types = infer_token_types(vocabulary);
  return vocabulary;
}

Vocabulary read_llama2c_vocabulary(const Path& path) {
  const MappedFile file = MappedFile::open(path);
  return with_context(path.string(), [&] { return parse_llama2c_vocabulary(file.bytes()); });
}

}  // namespace fulcrum
