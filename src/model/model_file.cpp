#include "model/model_file.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>

#include "base/error.h"
#include "formats/gguf.h"
#include "formats/gguf_writer.h"
#include "formats/llama2c.h"
#include "model/huggingface_folder.h"
#include "model/storage_types.h"
#include "model/tensor_layout.h"

namespace fulcrum {
namespace {

// ids in llama2.c's tokenizers, which come from SentencePiece's defaults.
constexpr std::int32_t kLlama2cUnknown = 0, kLlama2cBos = 1, kLlama2cEos = 2;

// GGUF's token types.
constexpr std::int32_t kNormal = 1, kUnknown = 2, kControl = 3, kByte = 6;

std::optional<std::int32_t> read_id(const GgufFile& file, const std::string& key, std::size_t tokens) {
  const auto id = file.integer(key);
  if (!id) return std::nullopt;
  if (*id < 0 || static_cast<std::uint64_t>(*id) >= tokens) {
    throw_error(ErrorCode::corrupt, "reading {}: '{}' is {}, and the vocabulary has {} tokens", file.name(),
                key, *id, tokens);
  }
  return static_cast<std::int32_t>(*id);
}

void check_length(const GgufFile& file, std::string_view key, std::size_t found, std::size_t tokens) {
  if (found == 0 || found == tokens) return;
  throw_error(ErrorCode::corrupt, "reading {}: '{}' has {} entries, and the vocabulary has {} tokens",
              file.name(), key, found, tokens);
}

void check_vocabulary_size(const VocabularyData& vocabulary, const ModelConfig& config,
                           std::string_view what) {
  if (vocabulary.family.empty() && vocabulary.tokens.empty()) return;
  if (static_cast<std::int64_t>(vocabulary.tokens.size()) == config.vocab_size) return;
  throw_error(ErrorCode::corrupt,
              "{}: the vocabulary has {} tokens, and token_embd.weight has {} rows; this tokenizer does not "
              "belong to "
              "these weights",
              what, vocabulary.tokens.size(), config.vocab_size);
}

bool is_byte_piece(std::string_view piece) {
  return piece.size() == 6 && piece.starts_with("<0x") && piece.ends_with(">") &&
         std::isxdigit(static_cast<unsigned char>(piece[3])) != 0 &&
         std::isxdigit(static_cast<unsigned char>(piece[4])) != 0;
}

VocabularyData to_vocabulary(Llama2cTokenizer tokenizer) {
  VocabularyData vocabulary;
  vocabulary.family = "llama";
  for (const std::string& piece : tokenizer.pieces) {
    vocabulary.types.push_back(is_byte_piece(piece) ? kByte : kNormal);
  }
  if (vocabulary.types.size() > kLlama2cEos) {
    vocabulary.types[kLlama2cUnknown] = kUnknown;
    vocabulary.types[kLlama2cBos] = vocabulary.types[kLlama2cEos] = kControl;
    vocabulary.unknown = kLlama2cUnknown;
    vocabulary.bos = kLlama2cBos;
    vocabulary.eos = kLlama2cEos;
  }
  vocabulary.add_bos = true;
  vocabulary.tokens = std::move(tokenizer.pieces);
  vocabulary.scores = std::move(tokenizer.scores);
  return vocabulary;
}

std::vector<std::pair<std::string, std::string>> read_notes(const GgufFile& file) {
  std::vector<std::pair<std::string, std::string>> notes;
  for (const auto& [key, value] : file.metadata()) {
    const auto* text = std::get_if<std::string>(&value.value);
    const bool own_field = key == "general.architecture" || key == "general.name";
    if (text != nullptr && key.starts_with("general.") && !own_field) notes.emplace_back(key, *text);
  }
  return notes;
}

ModelFile load_gguf(const MappedFile& bytes, const Path& path) {
  const GgufFile file = GgufFile::parse(bytes.bytes(), bytes.owner(), path.string());
  if (file.integer("split.count").value_or(1) > 1) {
    throw_error(ErrorCode::unsupported,
                "reading {}: the model is split over several files; merge them into one first",
                path.string());
  }
  if (const auto type = file.text("general.type"); type.value_or("model") != "model") {
    throw_error(ErrorCode::unsupported, "reading {}: this GGUF holds a '{}', not a model", path.string(),
                *type);
  }
  if (file.tensors().empty()) {
    throw_error(ErrorCode::corrupt,
                "reading {}: this GGUF holds a vocabulary without weights; a model is needed", path.string());
  }
  ModelFile model;
  model.config = read_config(file);
  model.vocabulary = read_vocabulary(file);
  check_vocabulary_size(model.vocabulary, model.config, fmt::format("reading {}", path.string()));
  model.weights = with_context(fmt::format("reading {}", path.string()), [&] {
    return assemble_weights(model.config, from_gguf_tensors(model.config, file.tensors()));
  });
  model.notes = read_notes(file);
  model.maps = {bytes.bytes()};
  return model;
}

ModelFile load_llama2c(const MappedFile& bytes, const Path& path, const Path& tokenizer) {
  ModelFile model;
  with_context(fmt::format("{} is not a GGUF file; as a llama2.c checkpoint", path.string()), [&] {
    const Llama2cFile file = Llama2cFile::parse(bytes.bytes(), bytes.owner(), path.string());
    model.config = read_config(file.header);
    model.weights = assemble_weights(model.config, file.tensors);
  });
  if (!std::filesystem::exists(tokenizer)) {
    throw_error(ErrorCode::not_found,
                "loading {}: its vocabulary {} is missing; put tokenizer.bin beside the checkpoint",
                path.string(), tokenizer.string());
  }
  model.vocabulary = to_vocabulary(Llama2cTokenizer::open(tokenizer));
  check_vocabulary_size(model.vocabulary, model.config,
                        fmt::format("loading {} with {}", path.string(), tokenizer.string()));
  return model;
}

ModelFile load(const Path& path, const std::optional<Path>& llama2c_tokenizer) {
  if (is_huggingface_folder(path)) return load_huggingface_folder(path);
  if (std::filesystem::is_directory(path)) {
    throw_error(
        ErrorCode::not_found,
        "opening {}: this folder has no config.json, so it is no Hugging Face model; name a model file "
        "or such a folder",
        path.string());
  }
  const MappedFile bytes = MappedFile::open(path);
  const auto head = bytes.bytes().first(std::min<std::size_t>(bytes.bytes().size(), 4));
  const bool is_gguf = head.size() == 4 && std::memcmp(head.data(), "GGUF", 4) == 0;
  if (is_gguf && llama2c_tokenizer) {
    throw_error(ErrorCode::invalid_argument, "loading {}: a GGUF file has its own vocabulary; leave {} away",
                path.string(), llama2c_tokenizer->string());
  }
  ModelFile model =
      is_gguf ? load_gguf(bytes, path)
              : load_llama2c(bytes, path, llama2c_tokenizer.value_or(path.parent_path() / "tokenizer.bin"));
  if (model.config.name.empty()) model.config.name = path.stem().string();
  model.name = model.config.name;
  model.path = path;
  return model;
}

void write_vocabulary(const VocabularyData& vocabulary, GgufWriter& writer) {
  const auto add_id = [&](std::string_view key, const std::optional<std::int32_t>& id) {
    if (id) writer.add_u32(fmt::format("tokenizer.ggml.{}_token_id", key), static_cast<std::uint32_t>(*id));
  };
  if (vocabulary.family.empty()) return;
  if (vocabulary.end_of_turn.size() > 2) {
    throw_error(ErrorCode::invalid_argument,
                "writing GGUF: {} tokens end a turn, and the format has room for two",
                vocabulary.end_of_turn.size());
  }
  writer.add("tokenizer.ggml.model", vocabulary.family);
  if (!vocabulary.pre.empty()) writer.add("tokenizer.ggml.pre", vocabulary.pre);
  writer.add("tokenizer.ggml.tokens", vocabulary.tokens);
  if (!vocabulary.scores.empty()) writer.add("tokenizer.ggml.scores", vocabulary.scores);
  if (!vocabulary.types.empty()) writer.add("tokenizer.ggml.token_type", vocabulary.types);
  if (!vocabulary.merges.empty()) writer.add("tokenizer.ggml.merges", vocabulary.merges);
  add_id("bos", vocabulary.bos);
  add_id("eos", vocabulary.eos);
  add_id("unknown", vocabulary.unknown);
  add_id("padding", vocabulary.padding);
  constexpr std::array<std::string_view, 2> kEndOfTurn = {"eot", "eom"};
  for (std::size_t i = 0; i < vocabulary.end_of_turn.size(); ++i)
    add_id(kEndOfTurn[i], vocabulary.end_of_turn[i]);
  writer.add_bool("tokenizer.ggml.add_bos_token", vocabulary.add_bos);
  writer.add_bool("tokenizer.ggml.add_eos_token", vocabulary.add_eos);
  writer.add_bool("tokenizer.ggml.add_space_prefix", vocabulary.add_space_prefix);
  if (!vocabulary.precompiled_charsmap.empty()) {
    writer.add_bytes("tokenizer.ggml.precompiled_charsmap", vocabulary.precompiled_charsmap);
    writer.add_bool("tokenizer.ggml.remove_extra_whitespaces", vocabulary.remove_extra_whitespaces);
  }
  if (!vocabulary.chat_template.empty()) writer.add("tokenizer.chat_template", vocabulary.chat_template);
}

Tensor stored_as(const Tensor& tensor, DType dtype) {
  return tensor.dtype == dtype ? tensor : convert(to_f32(tensor), dtype);
}

}  // namespace

VocabularyData read_vocabulary(const GgufFile& file) {
  VocabularyData vocabulary;
  const auto family = file.text("tokenizer.ggml.model");
  if (!family) return vocabulary;
  vocabulary.family = *family;
  vocabulary.pre = file.text("tokenizer.ggml.pre").value_or("");
  vocabulary.tokens = file.texts("tokenizer.ggml.tokens").value_or(std::vector<std::string>());
  const std::size_t tokens = vocabulary.tokens.size();
  for (const double score : file.numbers("tokenizer.ggml.scores").value_or(std::vector<double>())) {
    vocabulary.scores.push_back(static_cast<float>(score));
  }
  for (const std::int64_t type :
       file.integers("tokenizer.ggml.token_type").value_or(std::vector<std::int64_t>())) {
    vocabulary.types.push_back(static_cast<std::int32_t>(std::clamp<std::int64_t>(type, 0, INT32_MAX)));
  }
  check_length(file, "tokenizer.ggml.scores", vocabulary.scores.size(), tokens);
  check_length(file, "tokenizer.ggml.token_type", vocabulary.types.size(), tokens);
  vocabulary.merges = file.texts("tokenizer.ggml.merges").value_or(std::vector<std::string>());
  vocabulary.bos = read_id(file, "tokenizer.ggml.bos_token_id", tokens);
  vocabulary.eos = read_id(file, "tokenizer.ggml.eos_token_id", tokens);
  vocabulary.unknown = read_id(file, "tokenizer.ggml.unknown_token_id", tokens);
  vocabulary.padding = read_id(file, "tokenizer.ggml.padding_token_id", tokens);
  for (const char* key : {"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
    if (const auto id = read_id(file, key, tokens)) vocabulary.end_of_turn.push_back(*id);
  }
  // Where the keys are absent, llama.cpp's defaults by family hold: SentencePiece models begin with bos and a
  // space.
  const bool is_sentencepiece = vocabulary.family == "llama";
  vocabulary.add_bos = file.boolean("tokenizer.ggml.add_bos_token").value_or(is_sentencepiece);
  vocabulary.add_eos = file.boolean("tokenizer.ggml.add_eos_token").value_or(false);
  vocabulary.add_space_prefix = file.boolean("tokenizer.ggml.add_space_prefix").value_or(is_sentencepiece);
  for (const std::int64_t byte :
       file.integers("tokenizer.ggml.precompiled_charsmap").value_or(std::vector<std::int64_t>())) {
    vocabulary.precompiled_charsmap += static_cast<char>(byte);
  }
  vocabulary.remove_extra_whitespaces =
      file.boolean("tokenizer.ggml.remove_extra_whitespaces").value_or(false);
  vocabulary.chat_template = file.text("tokenizer.chat_template").value_or("");
  return vocabulary;
}

ModelFile load_model_file(const Path& path) {
  return load(path, std::nullopt);
}

ModelFile load_model_file(const Path& path, const Path& llama2c_tokenizer) {
  return load(path, llama2c_tokenizer);
}

void release_pages(const ModelFile& model) {
  // The maps are private and never written to, so a page that is given back comes again as the file has it.
  for (const std::span<const std::byte> map : model.maps)
    ::madvise(const_cast<std::byte*>(map.data()), map.size(), MADV_DONTNEED);
}

void save_model_file(const ModelFile& model, DType matrices, const Path& path) {
  const std::uint32_t type = gguf_file_type(matrices);
  check_vocabulary_size(model.vocabulary, model.config, fmt::format("writing {}", path.string()));
  ModelConfig config = model.config;
  config.name = model.name;
  GgufWriter writer;
  write_config(config, writer);
  writer.add_u32("general.file_type", type);
  for (const auto& [key, text] : model.notes) writer.add(key, text);
  write_vocabulary(model.vocabulary, writer);
  for (const Tensor& tensor : gguf_tensors(config, model.weights))
    writer.add(stored_as(tensor, stored_type(config, tensor.name, tensor.shape, matrices).dtype));
  writer.write(path);
}

}  // namespace fulcrum
