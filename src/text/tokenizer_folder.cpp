#include "text/tokenizer_folder.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "text/json_tree.h"
#include "text/sentencepiece_model.h"
#include "text/tokenizer_json.h"
#include "text/tokenizer_json_gguf.h"

namespace fulcrum {
namespace {

constexpr std::array<const char*, 3> kModelNames = {"tokenizer.model", "spiece.model",
                                                    "sentencepiece.bpe.model"};

// What a tokenizer is read from: the file, and the folder whose other files speak of it.
struct Source {
  Path file;
  std::optional<Path> folder;
  bool is_json = false;
};

std::optional<Path> tokenizer_file(const Path& folder) {
  if (std::filesystem::is_regular_file(folder / "tokenizer.json")) return folder / "tokenizer.json";
  for (const char* name : kModelNames) {
    if (std::filesystem::is_regular_file(folder / name)) return folder / name;
  }
  return std::nullopt;
}

Source find_source(const Path& path) {
  Source source;
  if (std::filesystem::is_directory(path)) {
    const auto file = tokenizer_file(path);
    if (!file) {
      throw_error(
          ErrorCode::not_found,
          "opening the tokenizer in {}: there is neither tokenizer.json nor tokenizer.model; the folder "
          "of a Hugging Face model has one of them",
          path.string());
    }
    source.file = *file;
    source.folder = path;
  } else {
    source.file = path;
    const std::string name = path.filename().string();
    if (name == "tokenizer.json" || std::ranges::find(kModelNames, name) != kModelNames.end())
      source.folder = path.parent_path();
  }
  source.is_json = source.file.extension() == ".json";
  return source;
}

// The JSON file `name` beside the tokenizer; null where there is none.
JsonTree read_beside(const Source& source, const char* name) {
  if (!source.folder) return {};
  const Path path = *source.folder / name;
  if (!std::filesystem::is_regular_file(path)) return {};
  JsonTree tree = parse_json_tree(read_file(path), path.string());
  if (!tree.is_object())
    throw_error(ErrorCode::corrupt, "reading {}: expected an object, found {}", path.string(),
                tree.type_name());
  return tree;
}

struct Beside {
  JsonTree config, special_tokens, added_tokens, generation;
  std::string chat_template_file;
};

Beside read_all_beside(const Source& source) {
  Beside beside{read_beside(source, "tokenizer_config.json"), read_beside(source, "special_tokens_map.json"),
                read_beside(source, "added_tokens.json"), read_beside(source, "generation_config.json"), ""};
  if (source.folder && std::filesystem::is_regular_file(*source.folder / "chat_template.jinja"))
    beside.chat_template_file = read_file(*source.folder / "chat_template.jinja");
  return beside;
}

// Added tokens of the files beside: {"<|x|>": 5} and {"5": {"content": "<|x|>", ...}}.
std::vector<AddedToken> added_beside(const Beside& beside) {
  std::vector<AddedToken> added;
  if (beside.config.contains("added_tokens_decoder") && beside.config["added_tokens_decoder"].is_object()) {
    for (const auto& [key, entry] : beside.config["added_tokens_decoder"].items()) {
      const bool is_number = !key.empty() && key.size() < 9 &&
                             std::ranges::all_of(key, [](char c) { return c >= '0' && c <= '9'; });
      if (!is_number) {
        throw_error(ErrorCode::corrupt,
                    "reading tokenizer_config.json: \"{}\" in added_tokens_decoder is no id", key);
      }
      added.push_back(read_added_token(entry, std::stoi(key)));
    }
  }
  for (const auto& [text, id] : beside.added_tokens.items()) {
    if (!id.is_number_unsigned() || id.get<std::uint64_t>() > (1u << 24))
      throw_error(ErrorCode::corrupt, "reading added_tokens.json: the id of \"{}\" is none", text);
    AddedToken token;
    token.text = text;
    token.id = static_cast<TokenId>(id.get<std::int64_t>());
    const bool is_known =
        std::ranges::any_of(added, [&](const AddedToken& other) { return other.text == token.text; });
    if (!is_known) added.push_back(std::move(token));
  }
  return added;
}

std::optional<TokenId> find_token(const Vocabulary& vocabulary, const std::string& text) {
  const auto found = std::ranges::find(vocabulary.tokens, text);
  if (text.empty() || found == vocabulary.tokens.end()) return std::nullopt;
  return static_cast<TokenId>(found - vocabulary.tokens.begin());
}

// The text of "bos_token" and the like: a string, or an object with "content".
std::string token_text(const JsonTree& file, const char* key) {
  if (!file.contains(key)) return "";
  const JsonTree& value = file[key];
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() && value.contains("content") && value["content"].is_string())
    return value["content"].get<std::string>();
  return "";
}

std::optional<TokenId> named_token(const Beside& beside, const Vocabulary& vocabulary, const char* key) {
  for (const JsonTree* file : {&beside.config, &beside.special_tokens}) {
    if (const auto id = find_token(vocabulary, token_text(*file, key))) return id;
  }
  return std::nullopt;
}

void add_end_of_turn(Vocabulary& vocabulary, std::optional<TokenId> id) {
  if (!id || id == vocabulary.eos ||
      std::ranges::find(vocabulary.end_of_turn, *id) != vocabulary.end_of_turn.end())
    return;
  vocabulary.end_of_turn.push_back(*id);
}

void set_special_tokens(const Beside& beside, Vocabulary& vocabulary) {
  const auto bos = named_token(beside, vocabulary, "bos_token");
  const auto eos = named_token(beside, vocabulary, "eos_token");
  // What stands around every text was settled by the tokenizer itself.
  if (!vocabulary.add_bos && bos) vocabulary.bos = bos;
  if (!vocabulary.add_eos && eos) vocabulary.eos = eos;
  add_end_of_turn(vocabulary, eos);
  if (const auto padding = named_token(beside, vocabulary, "pad_token")) vocabulary.padding = padding;
  if (!vocabulary.unknown) vocabulary.unknown = named_token(beside, vocabulary, "unk_token");
  if (!beside.generation.contains("eos_token_id")) return;
  const JsonTree& ids = beside.generation["eos_token_id"];
  for (const JsonTree& id : ids.is_array() ? ids : JsonTree::array({ids})) {
    if (id.is_number_unsigned() && id.get<std::uint64_t>() < vocabulary.tokens.size())
      add_end_of_turn(vocabulary, static_cast<TokenId>(id.get<std::int64_t>()));
  }
}

// "chat_template" is a text, or a list of named ones of which "default" counts.
std::string chat_template_of(const Beside& beside) {
  if (!beside.chat_template_file.empty()) return beside.chat_template_file;
  if (!beside.config.contains("chat_template")) return "";
  const JsonTree& given = beside.config["chat_template"];
  if (given.is_string()) return given.get<std::string>();
  if (!given.is_array()) return "";
  std::string first;
  for (const JsonTree& entry : given) {
    if (!entry.is_object() || !entry.contains("template") || !entry["template"].is_string()) continue;
    const auto text = entry["template"].get<std::string>();
    if (token_text(entry, "name") == "default") return text;
    if (first.empty()) first = text;
  }
  return first;
}

// Whether a tokenizer without tokenizer.json puts bos or eos around a text: what tokenizer_config.json says,
// else what the tokenizer's class does.
bool adds(const Beside& beside, const char* key, std::initializer_list<std::string_view> classes) {
  if (beside.config.contains(key) && beside.config[key].is_boolean()) return beside.config[key].get<bool>();
  const std::string name = token_text(beside.config, "tokenizer_class");
  return std::ranges::any_of(classes,
                             [&](std::string_view part) { return name.find(part) != std::string::npos; });
}

Vocabulary read_model(const Source& source, const Beside& beside) {
  Vocabulary vocabulary = parse_sentencepiece_model(read_file(source.file), source.file.string());
  for (const AddedToken& token : added_beside(beside)) {
    const auto id = static_cast<std::size_t>(token.id);
    if (id < vocabulary.tokens.size()) {
      if (vocabulary.tokens[id] == token.text && vocabulary.types[id] == TokenType::normal)
        vocabulary.types[id] = token.special ? TokenType::control : TokenType::user_defined;
      continue;
    }
    if (id > vocabulary.tokens.size() + (1 << 16)) {
      throw_error(ErrorCode::too_large,
                  "reading {}: the added token \"{}\" has the id {}, the model has {} pieces",
                  source.file.string(), token.text, id, vocabulary.tokens.size());
    }
    vocabulary.tokens.resize(id + 1);
    vocabulary.scores.resize(id + 1, 0.0f);
    vocabulary.types.resize(id + 1, TokenType::unused);
    vocabulary.tokens[id] = token.text;
    vocabulary.types[id] = token.special ? TokenType::control : TokenType::user_defined;
  }
  vocabulary.add_bos = vocabulary.bos && adds(beside, "add_bos_token", {"Llama", "Gemma"});
  vocabulary.add_eos = vocabulary.eos && adds(beside, "add_eos_token", {"T5"});
  set_special_tokens(beside, vocabulary);
  vocabulary.chat_template = chat_template_of(beside);
  return vocabulary;
}

}  // namespace

bool has_tokenizer(const Path& folder) {
  return std::filesystem::is_directory(folder) && tokenizer_file(folder).has_value();
}

std::unique_ptr<Tokenizer> load_tokenizer(const Path& file_or_folder) {
  const Source source = find_source(file_or_folder);
  const Beside beside = read_all_beside(source);
  if (!source.is_json) {
    Vocabulary vocabulary = read_model(source, beside);
    return with_context(source.file.string(),
                        [&] { return make_sentencepiece_tokenizer(std::move(vocabulary)); });
  }
  const JsonTree file = parse_json_tree(read_file(source.file), source.file.string());
  return with_context(source.file.string(), [&]() -> std::unique_ptr<Tokenizer> {
    TokenizerJson parsed = parse_tokenizer_json(file, added_beside(beside));
    set_special_tokens(beside, parsed.vocabulary);
    parsed.vocabulary.chat_template = chat_template_of(beside);
    return std::make_unique<PipelineTokenizer>(std::move(parsed.vocabulary), std::move(parsed.steps));
  });
}

Vocabulary gguf_vocabulary(const Path& file_or_folder) {
  const Source source = find_source(file_or_folder);
  const Beside beside = read_all_beside(source);
  if (!source.is_json) return read_model(source, beside);
  const JsonTree file = parse_json_tree(read_file(source.file), source.file.string());
  return with_context(source.file.string(), [&] {
    TokenizerJson parsed = parse_tokenizer_json(file, added_beside(beside));
    set_special_tokens(beside, parsed.vocabulary);
    parsed.vocabulary.chat_template = chat_template_of(beside);
    return gguf_spelling(file, std::move(parsed.vocabulary));
  });
}

}  // namespace fulcrum
