#include "text/sentencepiece_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "text/normalized_sentencepiece.h"
#include "text/protobuf_reader.h"
#include "text/sentencepiece.h"

namespace fulcrum {
namespace {

// The field numbers of sentencepiece_model.proto.
namespace model_field {
constexpr std::uint32_t kPiece = 1, kTrainer = 2, kNormalizer = 3, kDenormalizer = 5;
}
namespace piece_field {
constexpr std::uint32_t kText = 1, kScore = 2, kType = 3;
}
namespace trainer_field {
constexpr std::uint32_t kModelType = 3, kSpaceAsSuffix = 24, kByteFallback = 35, kUnknown = 45, kBos = 46,
                        kEos = 47, kPadding = 48;
}
namespace normalizer_field {
constexpr std::uint32_t kCharacterMap = 2, kAddDummyPrefix = 3, kRemoveExtraWhitespaces = 4,
                        kEscapeWhitespaces = 5;
}

struct Trainer {
  std::uint64_t model_type = 1;
  bool byte_fallback = false;
  std::string unknown = "<unk>", bos = "<s>", eos = "</s>", padding = "<pad>";
};

void read_piece(ProtobufReader reader, std::string_view what, Vocabulary& vocabulary) {
  std::string text;
  float score = 0;
  std::uint64_t type = 1;
  while (reader.next()) {
    if (reader.field() == piece_field::kText) text = reader.bytes();
    if (reader.field() == piece_field::kScore) score = reader.float32();
    if (reader.field() == piece_field::kType) type = reader.varint();
  }
  const std::size_t id = vocabulary.tokens.size();
  if (text.empty()) throw_error(ErrorCode::corrupt, "reading {}: piece {} has no text", what, id);
  if (type < 1 || type > 6) {
    throw_error(ErrorCode::corrupt, "reading {}: piece {} has type {}, expected 1 to 6", what, id, type);
  }
  if (!std::isfinite(score)) {
    throw_error(ErrorCode::corrupt, "reading {}: the score of piece {} is not a finite number", what, id);
  }
  vocabulary.tokens.push_back(std::move(text));
  vocabulary.scores.push_back(score);
  vocabulary.types.push_back(static_cast<TokenType>(type));
}

Trainer read_trainer(ProtobufReader reader, std::string_view what) {
  Trainer trainer;
  while (reader.next()) {
    switch (reader.field()) {
      case trainer_field::kModelType:
        trainer.model_type = reader.varint();
        break;
      case trainer_field::kSpaceAsSuffix:
        if (reader.varint() != 0) {
          throw_error(ErrorCode::unsupported,
                      "reading {}: it was trained with white space as a suffix "
                      "(treat_whitespace_as_suffix), only as a prefix is supported",
                      what);
        }
        break;
      case trainer_field::kByteFallback:
        trainer.byte_fallback = reader.varint() != 0;
        break;
      case trainer_field::kUnknown:
        trainer.unknown = reader.bytes();
        break;
      case trainer_field::kBos:
        trainer.bos = reader.bytes();
        break;
      case trainer_field::kEos:
        trainer.eos = reader.bytes();
        break;
      case trainer_field::kPadding:
        trainer.padding = reader.bytes();
        break;
      default:
        break;
    }
  }
  return trainer;
}

void read_normalizer(ProtobufReader reader, std::string_view what, Vocabulary& vocabulary) {
  while (reader.next()) {
    switch (reader.field()) {
      case normalizer_field::kCharacterMap:
        vocabulary.precompiled_charsmap = reader.bytes();
        break;
      case normalizer_field::kAddDummyPrefix:
        vocabulary.add_space_prefix = reader.varint() != 0;
        break;
      case normalizer_field::kRemoveExtraWhitespaces:
        vocabulary.remove_extra_whitespaces = reader.varint() != 0;
        break;
      case normalizer_field::kEscapeWhitespaces:
        if (reader.varint() == 0) {
          throw_error(ErrorCode::unsupported,
                      "reading {}: its normaliser leaves spaces as they are (escape_whitespaces is false), "
                      "only U+2581 in their place is supported",
                      what);
        }
        break;
      default:
        break;
    }
  }
}

void refuse_denormalizer(ProtobufReader reader, std::string_view what) {
  while (reader.next()) {
    if (reader.field() == normalizer_field::kCharacterMap && !reader.bytes().empty()) {
      throw_error(ErrorCode::unsupported,
                  "reading {}: it has a denormaliser (denormalizer_spec), which is not supported", what);
    }
  }
}

std::string family_of(const Trainer& trainer, std::string_view what) {
  switch (trainer.model_type) {
    case 1:
      return "t5";
    case 2:
      return "llama";
    case 3:
    case 4:
      throw_error(ErrorCode::unsupported,
                  "reading {}: its model type is {}, only unigram and bpe are supported", what,
                  trainer.model_type == 3 ? "word" : "char");
    default:
      throw_error(ErrorCode::corrupt, "reading {}: its model type is {}, expected 1 to 4", what,
                  trainer.model_type);
  }
}

void check_pieces(const Vocabulary& vocabulary, const Trainer& trainer, std::string_view what) {
  if (vocabulary.tokens.empty()) throw_error(ErrorCode::corrupt, "reading {}: it has no pieces", what);
  std::unordered_set<std::string_view> seen;
  std::array<bool, 256> bytes{};
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const std::string& text = vocabulary.tokens[id];
    if (!seen.insert(text).second)
      throw_error(ErrorCode::corrupt, "reading {}: piece {} is \"{}\", as another is", what, id, text);
    if (vocabulary.types[id] != TokenType::byte) continue;
    const auto byte = parse_byte_token(text);
    if (!byte || !trainer.byte_fallback) {
      throw_error(ErrorCode::corrupt, "reading {}: piece {} is of type byte, {}", what, id,
                  trainer.byte_fallback ? "its text \"" + text + "\" is not <0xHH>"
                                        : "the model is without byte fallback");
    }
    bytes[*byte] = true;
  }
  const auto unknowns = std::ranges::count(vocabulary.types, TokenType::unknown);
  if (unknowns != 1)
    throw_error(ErrorCode::corrupt, "reading {}: {} pieces of type unknown, expected one", what, unknowns);
  const auto count = std::ranges::count(bytes, true);
  if (trainer.byte_fallback && count != 256) {
    throw_error(ErrorCode::corrupt, "reading {}: {} pieces for single bytes, byte fallback needs 256", what,
                count);
  }
}

}  // namespace

Vocabulary parse_sentencepiece_model(std::string_view bytes, std::string_view what) {
  Vocabulary vocabulary;
  vocabulary.remove_extra_whitespaces = true;  // the format's default
  Trainer trainer;
  ProtobufReader reader(bytes, what);
  while (reader.next()) {
    if (reader.field() == model_field::kPiece) read_piece(reader.message(), what, vocabulary);
    if (reader.field() == model_field::kTrainer) trainer = read_trainer(reader.message(), what);
    if (reader.field() == model_field::kNormalizer) read_normalizer(reader.message(), what, vocabulary);
    if (reader.field() == model_field::kDenormalizer) refuse_denormalizer(reader.message(), what);
  }
  vocabulary.family = family_of(trainer, what);
  check_pieces(vocabulary, trainer, what);
  for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (vocabulary.types[i] == TokenType::unknown) vocabulary.unknown = id;
    if (vocabulary.types[i] != TokenType::control) continue;
    if (vocabulary.tokens[i] == trainer.bos) vocabulary.bos = id;
    if (vocabulary.tokens[i] == trainer.eos) vocabulary.eos = id;
    if (vocabulary.tokens[i] == trainer.padding) vocabulary.padding = id;
  }
  return vocabulary;
}

std::unique_ptr<Tokenizer> make_sentencepiece_tokenizer(Vocabulary vocabulary) {
  return std::make_unique<NormalizedSentencePieceTokenizer>(std::move(vocabulary),
                                                            UnigramModel::Sums::single_precision);
}

}  // namespace fulcrum
