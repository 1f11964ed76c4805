#include "text/tokenizer_json_model.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <unordered_set>

#include "base/error.h"
#include "text/bpe_model.h"
#include "text/json_settings.h"
#include "text/sentencepiece.h"
#include "text/unigram.h"
#include "text/wordpiece_model.h"

namespace fulcrum {
namespace {

// Room for ids that no token has: some vocabularies have holes, none is mostly holes.
constexpr std::int64_t kMostHoles = 1 << 16;
constexpr std::int64_t kMostTokens = 1 << 24;

TokenizerJsonModel::Kind kind_of(const JsonSettings& settings, const JsonTree& component) {
  const std::string& type = settings.type();
  if (type == "BPE") return TokenizerJsonModel::Kind::bpe;
  if (type == "Unigram") return TokenizerJsonModel::Kind::unigram;
  if (type == "WordPiece") return TokenizerJsonModel::Kind::wordpiece;
  if (!type.empty()) settings.unsupported();
  if (component.contains("merges")) return TokenizerJsonModel::Kind::bpe;
  if (component.contains("unk_id")) return TokenizerJsonModel::Kind::unigram;
  if (component.contains("continuing_subword_prefix")) return TokenizerJsonModel::Kind::wordpiece;
  throw_error(ErrorCode::unsupported,
              "reading a tokenizer: its model has no type, and none is known that has its settings");
}

std::optional<std::array<TokenId, 256>> bytes_of(const std::vector<std::string>& tokens) {
  std::array<TokenId, 256> bytes;
  bytes.fill(-1);
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    if (const auto byte = parse_byte_token(tokens[id]); byte && bytes[*byte] < 0)
      bytes[*byte] = static_cast<TokenId>(id);
  }
  if (std::ranges::find(bytes, -1) != bytes.end()) return std::nullopt;
  return bytes;
}

}  // namespace

TokenizerJsonModel::TokenizerJsonModel(const JsonTree& component)
    : component_(component), kind_(kind_of(JsonSettings(component, "model"), component)) {
  const JsonSettings settings(component, "model");
  byte_fallback_ = settings.flag_or("byte_fallback", false);
  if (kind_ == Kind::unigram) {
    read_vocabulary_list();
    const std::int64_t size = static_cast<std::int64_t>(tokens_.size());
    if (!settings.lacks("unk_id")) {
      const std::int64_t id = settings.integer("unk_id");
      if (id < 0 || id >= size) {
        throw_error(ErrorCode::corrupt, "reading a tokenizer's model Unigram: its unk_id is {} of {} tokens",
                    id, size);
      }
      unknown_ = static_cast<TokenId>(id);
    }
    return;
  }
  read_vocabulary_object();
  const std::string unknown =
      kind_ == Kind::wordpiece ? settings.text_or("unk_token", "[UNK]") : settings.text_or("unk_token", "");
  const auto found = std::ranges::find(tokens_, unknown);
  if (!unknown.empty() && found != tokens_.end()) unknown_ = static_cast<TokenId>(found - tokens_.begin());
  if (kind_ == Kind::wordpiece && !unknown_) {
    throw_error(ErrorCode::corrupt,
                "reading a tokenizer's model WordPiece: its unknown token \"{}\" is not in its vocabulary",
                unknown);
  }
}

void TokenizerJsonModel::place(TokenId id, const std::string& token) {
  const auto i = static_cast<std::size_t>(id);
  if (i >= tokens_.size()) tokens_.resize(i + 1);
  if (!tokens_[i].empty()) {
    throw_error(ErrorCode::corrupt, "reading a tokenizer's model: \"{}\" and \"{}\" have the same id {}",
                token, tokens_[i], id);
  }
  tokens_[i] = token;
}

void TokenizerJsonModel::read_vocabulary_object() {
  const auto vocabulary = component_.find("vocab");
  if (vocabulary == component_.end() || !vocabulary->is_object())
    throw_error(ErrorCode::corrupt, "reading a tokenizer's model: it has no vocabulary (\"vocab\")");
  const auto most =
      std::min<std::int64_t>(kMostTokens, static_cast<std::int64_t>(vocabulary->size()) * 2 + kMostHoles);
  for (const auto& [token, value] : vocabulary->items()) {
    const bool is_count = value.is_number_unsigned();
    if (!is_count || value.get<std::uint64_t>() >= static_cast<std::uint64_t>(most)) {
      throw_error(is_count ? ErrorCode::too_large : ErrorCode::corrupt,
                  "reading a tokenizer's model: the id of \"{}\" is {}, expected a number below {}", token,
                  value.dump(-1, ' ', false, JsonTree::error_handler_t::replace), most);
    }
    // The empty text can be no token: it is what ids without one have.
    if (!token.empty()) place(static_cast<TokenId>(value.get<std::int64_t>()), token);
  }
}

void TokenizerJsonModel::read_vocabulary_list() {
  const auto vocabulary = component_.find("vocab");
  if (vocabulary == component_.end() || !vocabulary->is_array())
    throw_error(ErrorCode::corrupt, "reading a tokenizer's model: it has no vocabulary (\"vocab\")");
  for (const JsonTree& entry : *vocabulary) {
    const std::size_t id = tokens_.size();
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number()) {
      throw_error(
          ErrorCode::corrupt,
          "reading a tokenizer's model Unigram: entry {} of its vocabulary is not a text with a score", id);
    }
    tokens_.push_back(entry[0].get<std::string>());
    scores_.push_back(entry[1].get<double>());
    if (!std::isfinite(scores_.back())) {
      throw_error(ErrorCode::corrupt,
                  "reading a tokenizer's model Unigram: the score of token {} is not finite", id);
    }
  }
}

std::vector<std::pair<std::string, std::string>> TokenizerJsonModel::merges() const {
  std::vector<std::pair<std::string, std::string>> merges;
  for (const JsonTree& merge : JsonSettings(component_, "model").list("merges")) {
    const std::size_t i = merges.size();
    if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
      continue;
    }
    const std::string line = merge.is_string() ? merge.get<std::string>() : std::string();
    const std::size_t space = line.find(' ');
    if (space == std::string::npos || line.find(' ', space + 1) != std::string::npos) {
      throw_error(ErrorCode::corrupt,
                  "reading a tokenizer's model BPE: merge {} is {}, expected two texts with a space between",
                  i, merge.dump(-1, ' ', false, JsonTree::error_handler_t::replace));
    }
    merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return merges;
}

std::unique_ptr<SubwordModel> TokenizerJsonModel::make(const std::vector<bool>& is_special) const {
  const JsonSettings settings(component_, "model");
  if (kind_ == Kind::unigram) {
    UnigramModel::Options options;
    options.unknown = unknown_;
    if (byte_fallback_) options.bytes = bytes_of(tokens_);
    std::vector<UnigramModel::Token> tokens;
    for (std::size_t id = 0; id < tokens_.size(); ++id) {
      options.least_score = id == 0 ? scores_[id] : std::min(options.least_score, scores_[id]);
      const bool is_byte = options.bytes && parse_byte_token(tokens_[id]);
      if (!is_special[id] && !is_byte) tokens.push_back({tokens_[id], scores_[id], static_cast<TokenId>(id)});
    }
    return std::make_unique<UnigramModel>(tokens, options);
  }
  TokenIndex index;
  for (std::size_t id = 0; id < tokens_.size(); ++id) {
    if (!tokens_[id].empty() && !is_special[id]) index.emplace(tokens_[id], static_cast<TokenId>(id));
  }
  if (kind_ == Kind::wordpiece) {
    WordPieceModel::Options options;
    options.unknown = *unknown_;
    options.continuing_subword_prefix = settings.text_or("continuing_subword_prefix", "##");
    const std::int64_t longest = settings.integer_or("max_input_chars_per_word", 100);
    if (longest < 0) {
      throw_error(ErrorCode::corrupt,
                  "reading a tokenizer's model WordPiece: max_input_chars_per_word is {}, expected 0 or more",
                  longest);
    }
    options.longest_word_characters = static_cast<std::size_t>(longest);
    return std::make_unique<WordPieceModel>(std::move(index), options);
  }
  if (!settings.lacks("dropout") && component_.at("dropout") != 0) {
    throw_error(
        ErrorCode::unsupported,
        "reading a tokenizer's model BPE: it leaves out merges at random (dropout), only 0 is supported");
  }
  BpeModel::Options options;
  options.unknown = unknown_;
  options.continuing_subword_prefix = settings.text_or("continuing_subword_prefix", "");
  options.end_of_word_suffix = settings.text_or("end_of_word_suffix", "");
  options.fuse_unknown = settings.flag_or("fuse_unk", false);
  options.byte_fallback = byte_fallback_;
  options.whole_words_first = settings.flag_or("ignore_merges", false);
  // A merge that makes a special token, or is made of one, cannot be reached from ordinary text.
  auto reachable = merges();
  std::unordered_set<std::string_view> special;
  for (std::size_t id = 0; id < tokens_.size(); ++id) {
    if (is_special[id]) special.insert(tokens_[id]);
  }
  std::erase_if(reachable, [&](const auto& merge) {
    const auto& [left, right] = merge;
    return special.contains(left) || special.contains(right) || special.contains(left + right);
  });
  return std::make_unique<BpeModel>(std::move(index), reachable, options);
}

}  // namespace fulcrum
