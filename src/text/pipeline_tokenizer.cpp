#include "text/pipeline_tokenizer.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "text/regular_expression.h"

namespace fulcrum {
namespace {

// Steps may make a text longer, each a little; a file with many of them must not make it endless.
void check_growth(std::size_t size_bytes, std::size_t original_bytes) {
  if (size_bytes <= growth_limit(original_bytes)) return;
  throw_error(ErrorCode::too_large,
              "tokenizing: the tokenizer's steps make {} bytes {}, at most {} are supported", original_bytes,
              size_bytes, growth_limit(original_bytes));
}

bool always(std::size_t, std::size_t) {
  return true;
}

}  // namespace

PipelineTokenizer::PipelineTokenizer(Vocabulary vocabulary, Steps steps)
    : vocabulary_(std::move(vocabulary)), steps_(std::move(steps)), is_added_(vocabulary_.tokens.size()) {
  for (std::size_t id = 0; id < vocabulary_.tokens.size(); ++id)
    all_.emplace(vocabulary_.tokens[id], static_cast<TokenId>(id));
  std::vector<AddedToken> given, normalized;
  for (const AddedToken& token : steps_.added) {
    is_added_[static_cast<std::size_t>(token.id)] = true;
    if (token.special || !token.normalized) {
      given.push_back(token);
    } else {
      normalized.push_back(token);
      normalized.back().text = normalize(token.text);
      spelled_[token.id] = normalized.back().text;
    }
  }
  given_ = AddedTokens(std::move(given));
  normalized_ = AddedTokens(std::move(normalized));
}

std::optional<TokenId> PipelineTokenizer::find(std::string_view token) const {
  const auto found = all_.find(token);
  if (found == all_.end()) return std::nullopt;
  return found->second;
}

std::string PipelineTokenizer::normalize(std::string text) const {
  const std::size_t original_bytes = text.size();
  for (const auto& step : steps_.normalizers) {
    text = step->normalize(std::move(text));
    check_growth(text.size(), original_bytes);
  }
  return text;
}

std::vector<TokenId> PipelineTokenizer::encode(std::string_view text, Special special) const {
  const Part part{text, special};
  return encode_parts({&part, 1});
}

std::vector<TokenId> PipelineTokenizer::encode_parts(std::span<const Part> parts) const {
  std::string joined;
  struct Range {
    std::size_t begin, end;
  };
  std::vector<Range> trusted;  // where control tokens may stand, in order
  for (const Part& part : parts) {
    const std::size_t begin = joined.size();
    joined += part.text;
    if (part.special != Special::parse) continue;
    if (!trusted.empty() && trusted.back().end == begin) {
      trusted.back().end = joined.size();
    } else {
      trusted.push_back({begin, joined.size()});
    }
  }
  const auto allowed = [&](std::size_t begin, std::size_t end) {
    const auto after = std::ranges::upper_bound(trusted, begin, {}, &Range::begin);
    return after != trusted.begin() && std::prev(after)->end >= end;
  };
  std::vector<TokenId> ids;
  for (const AddedTokens::Fragment& fragment : given_.split(joined, allowed)) {
    if (fragment.token) {
      ids.push_back(*fragment.token);
    } else {
      encode_stretch(fragment.text, fragment.text.data() == joined.data(), ids);
    }
  }
  return ids;
}

void PipelineTokenizer::encode_stretch(std::string_view text, bool starts_text,
                                       std::vector<TokenId>& ids) const {
  const std::string normalized = normalize(std::string(text));
  for (const AddedTokens::Fragment& fragment : normalized_.split(normalized, always)) {
    if (fragment.token) {
      ids.push_back(*fragment.token);
      continue;
    }
    const bool is_first = starts_text && fragment.text.data() == normalized.data();
    std::vector<Word> words = {{std::string(fragment.text), is_first}};
    for (const auto& step : steps_.splitters) {
      step->split(words);
      std::size_t size_bytes = 0;
      for (const Word& word : words) size_bytes += word.text.size();
      check_growth(size_bytes, fragment.text.size());
    }
    for (const Word& word : words) {
      if (!word.text.empty()) steps_.model->encode(word.text, ids);
    }
  }
}

const std::string& PipelineTokenizer::token(TokenId id) const {
  if (id < 0 || id >= size()) {
    throw_error(ErrorCode::invalid_argument, "decoding: token {} is outside the vocabulary of {} tokens", id,
                size());
  }
  return vocabulary_.tokens[static_cast<std::size_t>(id)];
}

// Tokens that decoding passes over, as Hugging Face does when it is asked to skip special tokens.
bool PipelineTokenizer::is_hidden(TokenId id) const {
  token(id);  // checks the id
  const TokenType type = vocabulary_.types[static_cast<std::size_t>(id)];
  const bool is_special_unknown = type == TokenType::unknown && is_added_[static_cast<std::size_t>(id)];
  return type == TokenType::control || type == TokenType::unused || is_special_unknown;
}

std::string PipelineTokenizer::decode_piece(TokenId id, const PieceDecoder::Place& place) const {
  if (is_hidden(id)) return "";
  const auto spelled = spelled_.find(id);
  std::string text = spelled != spelled_.end() ? spelled->second : token(id);
  const std::size_t original_bytes = text.size();
  for (const auto& step : steps_.decoders) {
    text = step->decode(std::move(text), place);
    check_growth(text.size(), original_bytes);
  }
  if (steps_.decoders.empty() && place.previous) text.insert(0, 1, ' ');
  return text;
}

std::string PipelineTokenizer::piece(TokenId id) const {
  return decode_piece(
      id, {std::string_view(), is_added_[static_cast<std::size_t>(std::clamp(id, 0, size() - 1))]});
}

std::string PipelineTokenizer::piece_after(std::optional<TokenId> previous, TokenId id) const {
  PieceDecoder::Place place;
  place.is_added = is_added_[static_cast<std::size_t>(std::clamp(id, 0, size() - 1))];
  // Whoever knows only the token before may well give one that is passed over: such as stands before an
  // answer.
  if (previous && !is_hidden(*previous)) place.previous = token(*previous);
  return decode_piece(id, place);
}

std::optional<TokenId> PipelineTokenizer::context_after(std::optional<TokenId> previous, TokenId id) const {
  return is_hidden(id) ? previous : id;
}

std::string PipelineTokenizer::decode(std::span<const TokenId> ids) const {
  std::string text;
  std::optional<TokenId> previous;
  for (TokenId id : ids) {
    text += piece_after(previous, id);
    previous = context_after(previous, id);
  }
  return text;
}

}  // namespace fulcrum
