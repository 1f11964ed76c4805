#include "text/tokenizer_json_gguf.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "text/json_settings.h"
#include "text/sentencepiece.h"
#include "text/tokenizer_json_model.h"
#include "text/tokenizer_json_normalizer.h"

namespace fulcrum {
namespace {

// The steps of a component, those of a Sequence in its place.
void flatten(const JsonTree& component, const char* parts, std::vector<const JsonTree*>& steps) {
  if (component.is_null()) return;
  const JsonSettings settings(component, parts);
  if (settings.type() != "Sequence") {
    steps.push_back(&component);
    return;
  }
  for (const JsonTree& part : settings.list(parts)) flatten(part, parts, steps);
}

std::vector<const JsonTree*> steps_of(const JsonTree& file, const char* name, const char* parts) {
  std::vector<const JsonTree*> steps;
  if (file.contains(name)) flatten(file[name], parts, steps);
  return steps;
}

const JsonTree* find_step(const std::vector<const JsonTree*>& steps, std::string_view type) {
  for (const JsonTree* step : steps) {
    if (JsonSettings(*step, "step").type() == type) return step;
  }
  return nullptr;
}

// One word a pre-tokenizer's step, by which families are told apart.
std::string signature(const JsonTree& step) {
  const JsonSettings settings(step, "pre_tokenizer");
  if (settings.type() == "Split") {
    const bool is_regex =
        step.contains("pattern") && step["pattern"].is_object() && step["pattern"].contains("Regex");
    if (is_regex && settings.text_or("behavior", "Isolated") == "Isolated" &&
        !settings.flag_or("invert", false))
      return "regex " + step["pattern"]["Regex"].get<std::string>();
    if (is_regex && settings.text_or("behavior", "") == "Removed" && settings.flag_or("invert", false))
      return "regex " + step["pattern"]["Regex"].get<std::string>();
    return "split";
  }
  if (settings.type() == "Digits") return settings.flag_or("individual_digits", false) ? "digit" : "digits";
  if (settings.type() == "ByteLevel") {
    if (settings.flag_or("add_prefix_space", true)) return "bytes with a space before";
    return settings.flag_or("use_regex", true) ? "gpt-2" : "bytes";
  }
  return settings.type();
}

std::string name_of(const std::vector<const JsonTree*>& steps) {
  // From the tokenizer.json of the models that the names come from.
  static const std::vector<std::pair<std::vector<std::string_view>, std::string_view>> kKnown = {
      {{"gpt-2"}, "gpt-2"},
      {{"digit", "gpt-2"}, "smollm"},
      {{"Punctuation", "gpt-2", "digits", "regex [0-9][0-9][0-9]"}, "falcon"},
      {{R"(regex (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
        "bytes"},
       "llama-bpe"},
      {{R"(regex (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
        "bytes"},
       "qwen2"},
      {{R"(regex [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
        "bytes"},
       "tekken"},
      {{R"(regex [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
        "bytes"},
       "gpt-4o"},
      {{"regex [\r\n]", R"(regex \s?\p{L}+)", R"(regex \s?\p{P}+)",
        "regex [\xE4\xB8\x80-\xE9\xBE\xA5\xE0\xA0\x80-\xE4\xB8\x80\xEA\xB0\x80-\xED\x9F\xBF]+", "digit",
        "bytes"},
       "deepseek-coder"}};
  std::vector<std::string> given;
  for (const JsonTree* step : steps) given.push_back(signature(*step));
  for (const auto& [known, name] : kKnown) {
    if (std::ranges::equal(known, given)) return std::string(name);
  }
  std::string joined;
  for (const std::string& step : given) joined += (joined.empty() ? "" : ", ") + step;
  throw_error(ErrorCode::unsupported,
              "writing a tokenizer as GGUF: its pre-tokenizer ({}) is none that GGUF has a name for", joined);
}

bool puts_space_before(const JsonTree& file) {
  if (find_step(steps_of(file, "normalizer", "normalizers"), "Prepend") != nullptr) return true;
  const JsonTree* metaspace = find_step(steps_of(file, "pre_tokenizer", "pretokenizers"), "Metaspace");
  if (metaspace == nullptr) return false;
  const JsonSettings settings(*metaspace, "pre_tokenizer");
  return settings.text_or("prepend_scheme", "always") != "never" &&
         settings.flag_or("add_prefix_space", true);
}

// Llama's merges are ranked as their results' scores are.
void set_scores(const TokenizerJsonModel& model, Vocabulary& vocabulary) {
  std::unordered_map<std::string, float> ranks;
  for (const auto& [left, right] : model.merges())
    ranks.emplace(left + right, static_cast<float>(ranks.size()));
  vocabulary.scores.assign(vocabulary.tokens.size(), 0.0f);
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    if (vocabulary.types[id] != TokenType::normal) continue;
    const auto found = ranks.find(vocabulary.tokens[id]);
    // What no merge makes is a single character, which no score can make come about.
    vocabulary.scores[id] = found == ranks.end() ? -static_cast<float>(ranks.size() + 1) : -found->second;
  }
}

void spell_bpe(const JsonTree& file, const TokenizerJsonModel& model, Vocabulary& vocabulary) {
  const JsonSettings settings(file["model"], "model");
  if (!settings.text_or("continuing_subword_prefix", "").empty() ||
      !settings.text_or("end_of_word_suffix", "").empty()) {
    throw_error(ErrorCode::unsupported,
                "writing a tokenizer as GGUF: its BPE marks where words begin or end, which GGUF cannot say");
  }
  const auto pre = steps_of(file, "pre_tokenizer", "pretokenizers");
  if (find_step(pre, "ByteLevel") == nullptr) {
    if (!model.byte_fallback()) {
      throw_error(ErrorCode::unsupported,
                  "writing a tokenizer as GGUF: its BPE is neither of bytes nor has it a fallback to bytes");
    }
    vocabulary.family = "llama";
    vocabulary.add_space_prefix = puts_space_before(file);
    set_scores(model, vocabulary);
    return;
  }
  vocabulary.family = "gpt2";
  vocabulary.pre = name_of(pre);
  if (vocabulary.pre == "qwen2" && settings.flag_or("ignore_merges", false)) {
    throw_error(
        ErrorCode::unsupported,
        "writing a tokenizer as GGUF: words that are tokens come before merges (ignore_merges), which "
        "GGUF's pre-tokenizer {} does not do",
        vocabulary.pre);
  }
  for (const auto& [left, right] : model.merges()) vocabulary.merges.push_back(left + " " + right);
}

void spell_unigram(const JsonTree& file, const TokenizerJsonModel& model, Vocabulary& vocabulary) {
  vocabulary.family = "t5";
  vocabulary.scores.assign(vocabulary.tokens.size(), 0.0f);
  for (std::size_t id = 0; id < model.scores().size(); ++id)
    vocabulary.scores[id] = static_cast<float>(model.scores()[id]);
  const auto normalizers = steps_of(file, "normalizer", "normalizers");
  for (const JsonTree* step : normalizers) {
    const JsonSettings settings(*step, "normalizer");
    if (settings.type() == "Precompiled") {
      vocabulary.precompiled_charsmap = base64_bytes(settings.text("precompiled_charsmap"));
    } else if (settings.type() == "Replace" || settings.type() == "Strip") {
      vocabulary.remove_extra_whitespaces = true;
    } else {
      throw_error(ErrorCode::unsupported, "writing a tokenizer as GGUF: its normalizer {} has no key there",
                  settings.type());
    }
  }
  const auto pre = steps_of(file, "pre_tokenizer", "pretokenizers");
  if (find_step(pre, "WhitespaceSplit") != nullptr) vocabulary.remove_extra_whitespaces = true;
  vocabulary.add_space_prefix = puts_space_before(file);
}

// GGUF marks the tokens that begin a word, tokenizer.json those that continue one.
void spell_wordpiece(const JsonTree& file, Vocabulary& vocabulary) {
  const auto normalizers = steps_of(file, "normalizer", "normalizers");
  const JsonTree* bert = find_step(normalizers, "BertNormalizer");
  if (bert == nullptr || !JsonSettings(*bert, "normalizer").flag_or("lowercase", true)) {
    throw_error(ErrorCode::unsupported,
                "writing a tokenizer as GGUF: its WordPiece keeps upper case or is not normalised as BERT's, "
                "which GGUF cannot say");
  }
  const std::string prefix = JsonSettings(file["model"], "model").text_or("continuing_subword_prefix", "##");
  vocabulary.family = "bert";
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    std::string& token = vocabulary.tokens[id];
    if (vocabulary.types[id] != TokenType::normal) continue;
    token = token.starts_with(prefix) ? token.substr(prefix.size()) : std::string(kSpaceMark) + token;
  }
}

}  // namespace

Vocabulary gguf_spelling(const JsonTree& file, Vocabulary vocabulary) {
  const TokenizerJsonModel model(file["model"]);
  switch (model.kind()) {
    case TokenizerJsonModel::Kind::bpe:
      spell_bpe(file, model, vocabulary);
      break;
    case TokenizerJsonModel::Kind::unigram:
      spell_unigram(file, model, vocabulary);
      break;
    case TokenizerJsonModel::Kind::wordpiece:
      spell_wordpiece(file, vocabulary);
      break;
  }
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    // An empty token cannot be written; as others do, its place is filled.
    if (vocabulary.tokens[id].empty()) vocabulary.tokens[id] = "[PAD" + std::to_string(id) + "]";
  }
  return vocabulary;
}

}  // namespace fulcrum
