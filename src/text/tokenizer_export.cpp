#include "text/tokenizer_export.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "base/error.h"
#include "base/json.h"

namespace fulcrum {
namespace {

constexpr std::string_view kSpaceMark = "\u2581";

struct Merge {
  float score;
  std::string_view left, right;
};

bool takes_part_in_merges(TokenType type) {
  return type == TokenType::normal || type == TokenType::unused;
}

std::vector<Merge> merges_of(const Vocabulary& vocabulary, const std::vector<TokenType>& types) {
  std::unordered_map<std::string_view, std::size_t> ids;
  for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    if (takes_part_in_merges(types[i])) ids.emplace(vocabulary.tokens[i], i);
  }
  std::vector<Merge> merges;
  for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) {
    const std::string_view piece = vocabulary.tokens[i];
    if (!takes_part_in_merges(types[i])) continue;
    for (std::size_t cut = 1; cut < piece.size(); ++cut) {
      const bool inside_character = (static_cast<unsigned char>(piece[cut]) & 0xc0) == 0x80;
      if (inside_character || !ids.contains(piece.substr(0, cut)) || !ids.contains(piece.substr(cut)))
        continue;
      merges.push_back({vocabulary.scores[i], piece.substr(0, cut), piece.substr(cut)});
    }
  }
  std::stable_sort(merges.begin(), merges.end(),
                   [](const Merge& a, const Merge& b) { return a.score > b.score; });
  return merges;
}

Json added_tokens(const Vocabulary& vocabulary, const std::vector<TokenType>& types) {
  Json added = Json::array();
  for (std::size_t i = 0; i < types.size(); ++i) {
    const bool is_special = types[i] == TokenType::control || types[i] == TokenType::unknown;
    if (!is_special && types[i] != TokenType::user_defined) continue;
    added.push_back({{"id", i},
                     {"content", vocabulary.tokens[i]},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", is_special}});
  }
  return added;
}

Json replacement(std::string_view from, std::string_view to) {
  return {{"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
}

Json normalizer(const Vocabulary& vocabulary) {
  Json steps = Json::array();
  if (vocabulary.add_space_prefix) steps.push_back({{"type", "Prepend"}, {"prepend", kSpaceMark}});
  steps.push_back(replacement(" ", kSpaceMark));
  return {{"type", "Sequence"}, {"normalizers", std::move(steps)}};
}

Json decoder(const Vocabulary& vocabulary) {
  Json steps = Json::array({replacement(kSpaceMark, " "), {{"type", "ByteFallback"}}, {{"type", "Fuse"}}});
  if (vocabulary.add_space_prefix)
    steps.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  return {{"type", "Sequence"}, {"decoders", std::move(steps)}};
}

// Puts bos before and eos behind a text, where the vocabulary wants that.
Json post_processor(const Vocabulary& vocabulary) {
  Json single = Json::array(), pair = Json::array(), special = Json::object();
  const auto add = [&](TokenId id, int type) {
    const std::string& token = vocabulary.tokens.at(static_cast<std::size_t>(id));
    special[token] = {{"id", token}, {"ids", {id}}, {"tokens", {token}}};
    const Json piece = {{"SpecialToken", {{"id", token}, {"type_id", type}}}};
    if (type == 0) single.push_back(piece);
    pair.push_back(piece);
  };
  const bool begins = vocabulary.add_bos && vocabulary.bos, ends = vocabulary.add_eos && vocabulary.eos;
  if (!begins && !ends) return nullptr;
  for (const int type : {0, 1}) {
    const Json text = {{"Sequence", {{"id", type == 0 ? "A" : "B"}, {"type_id", type}}}};
    if (begins) add(*vocabulary.bos, type);
    if (type == 0) single.push_back(text);
    pair.push_back(text);
    if (ends) add(*vocabulary.eos, type);
  }
  return {{"type", "TemplateProcessing"},
          {"single", std::move(single)},
          {"pair", std::move(pair)},
          {"special_tokens", std::move(special)}};
}

}  // namespace

Json tokenizer_json(const Vocabulary& vocabulary) {
  if (vocabulary.family != "llama" || vocabulary.scores.size() != vocabulary.tokens.size()) {
    throw_error(
        ErrorCode::unsupported,
        "writing tokenizer.json: a vocabulary of the family '{}' is not written; start from the Hugging "
        "Face folder that the model came from, or write a GGUF",
        vocabulary.family);
  }
  const std::vector<TokenType> types =
      vocabulary.types.empty() ? infer_token_types(vocabulary) : vocabulary.types;
  Json vocab = Json::object(), merges = Json::array();
  for (std::size_t i = 0; i < vocabulary.tokens.size(); ++i) vocab[vocabulary.tokens[i]] = i;
  for (const Merge& merge : merges_of(vocabulary, types))
    merges.push_back(Json::array({merge.left, merge.right}));
  const Json unknown =
      vocabulary.unknown ? Json(vocabulary.tokens.at(static_cast<std::size_t>(*vocabulary.unknown))) : Json();
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", added_tokens(vocabulary, types)},
          {"normalizer", normalizer(vocabulary)},
          {"pre_tokenizer", nullptr},
          {"post_processor", post_processor(vocabulary)},
          {"decoder", decoder(vocabulary)},
          {"model",
           {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", unknown},
            {"continuing_subword_prefix", nullptr},
            {"end_of_word_suffix", nullptr},
            {"fuse_unk", true},
            {"byte_fallback", true},
            {"ignore_merges", false},
            {"vocab", std::move(vocab)},
            {"merges", std::move(merges)}}}};
}

Json tokenizer_config_json(const Vocabulary& vocabulary) {
  Json config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                 {"add_bos_token", vocabulary.add_bos},
                 {"add_eos_token", vocabulary.add_eos},
                 {"clean_up_tokenization_spaces", false}};
  const auto add = [&](const char* key, const std::optional<TokenId>& id) {
    if (id) config[key] = vocabulary.tokens.at(static_cast<std::size_t>(*id));
  };
  add("bos_token", vocabulary.bos);
  add("eos_token", vocabulary.eos);
  add("unk_token", vocabulary.unknown);
  add("pad_token", vocabulary.padding);
  if (!vocabulary.chat_template.empty()) config["chat_template"] = vocabulary.chat_template;
  return config;
}

}  // namespace fulcrum
