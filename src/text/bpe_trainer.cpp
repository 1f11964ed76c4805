#include "text/bpe_trainer.h"

#include <utf8proc.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/unicode.h"
#include "text/bpe_merges.h"
#include "text/sentencepiece.h"

namespace fulcrum {
namespace {

enum class Kind { letter, punctuation, line_end, space, alone };

Kind kind_of(char32_t code_point, std::string_view bytes) {
  if (code_point == U'\n') return Kind::line_end;
  if (code_point == U' ') return Kind::space;
  // An ill-formed byte, or a space mark standing in the text: encoding gives bytes for it.
  if (code_point == 0xFFFD || bytes == kSpaceMark) return Kind::alone;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code_point))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
      return Kind::letter;
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
    case UTF8PROC_CATEGORY_SM:
    case UTF8PROC_CATEGORY_SC:
    case UTF8PROC_CATEGORY_SK:
    case UTF8PROC_CATEGORY_SO:
      return Kind::punctuation;
    default:
      return Kind::alone;
  }
}

std::vector<std::string_view> characters_of(std::string_view text) {
  std::vector<std::string_view> characters;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    decode_utf8(text, at);
    characters.push_back(text.substr(begin, at - begin));
  }
  return characters;
}

std::vector<SpecialTokens::Entry> special_entries(const BpeTrainerOptions& options) {
  std::vector<SpecialTokens::Entry> entries;
  for (const auto* list : {&options.control_tokens, &options.user_defined_tokens}) {
    for (const std::string& token : *list) entries.push_back({token, 0, true});
  }
  return entries;
}

void check_options(const BpeTrainerOptions& options) {
  std::set<std::string> seen = {"<unk>", "<s>", "</s>"};
  for (const SpecialTokens::Entry& entry : special_entries(options)) {
    if (entry.text.empty() || !seen.insert(entry.text).second) {
      throw_error(ErrorCode::invalid_argument,
                  "training a vocabulary: the special token \"{}\" is empty or stands twice", entry.text);
    }
  }
  const auto& control = options.control_tokens;
  if (!options.end_of_turn.empty() &&
      std::find(control.begin(), control.end(), options.end_of_turn) == control.end()) {
    throw_error(ErrorCode::invalid_argument,
                "training a vocabulary: end_of_turn \"{}\" is not among the control tokens",
                options.end_of_turn);
  }
}

void append(Vocabulary& vocabulary, std::string token, float score, TokenType type) {
  vocabulary.tokens.push_back(std::move(token));
  vocabulary.scores.push_back(score);
  vocabulary.types.push_back(type);
}

// Everything that is there before any text: unknown, bos, eos, bytes, special tokens.
Vocabulary initial_vocabulary(const BpeTrainerOptions& options) {
  Vocabulary v;
  v.family = "llama";
  v.pre = "default";
  append(v, "<unk>", 0, TokenType::unknown);
  append(v, "<s>", 0, TokenType::control);
  append(v, "</s>", 0, TokenType::control);
  for (int b = 0; b < 256; ++b) append(v, byte_token(static_cast<unsigned char>(b)), 0, TokenType::byte);
  v.unknown = 0;
  v.bos = 1;
  v.eos = 2;
  for (const std::string& token : options.control_tokens) {
    if (token == options.end_of_turn) v.eos = static_cast<TokenId>(v.tokens.size());
    append(v, token, 0, TokenType::control);
  }
  for (const std::string& token : options.user_defined_tokens) append(v, token, 0, TokenType::user_defined);
  v.end_of_turn = {*v.eos};
  return v;
}

// Characters that get a token: those every vocabulary has, then by frequency.
std::vector<std::string> choose_characters(const std::vector<std::pair<std::string, std::uint64_t>>& words,
                                           double coverage) {
  std::vector<std::string> chosen = {"\n", std::string(kSpaceMark)};
  for (char c = '!'; c <= '~'; ++c) chosen.emplace_back(1, c);
  std::set<std::string, std::less<>> have(chosen.begin(), chosen.end());
  std::map<std::string, std::uint64_t, std::less<>> counts;
  std::uint64_t total = 0, covered = 0;
  for (const auto& [word, count] : words) {
    for (std::string_view character : characters_of(word)) {
      total += count;
      if (have.contains(character)) {
        covered += count;
      } else if (!find_invalid_utf8(character)) {
        const auto found = counts.find(character);
        if (found == counts.end()) {
          counts.emplace(character, count);
        } else {
          found->second += count;
        }
      }
    }
  }
  std::vector<std::pair<std::string, std::uint64_t>> by_count(counts.begin(), counts.end());
  std::stable_sort(by_count.begin(), by_count.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  for (const auto& [character, count] : by_count) {
    if (static_cast<double>(covered) >= coverage * static_cast<double>(total)) break;
    chosen.push_back(character);
    covered += count;
  }
  return chosen;
}

struct Cut {
  std::vector<BpeWord> words;
  std::uint64_t byte_tokens = 0;  // for characters without a token
};

// Words as character symbols; a character without a token ends a word, for no piece can hold it.
Cut cut_into_characters(const std::vector<std::pair<std::string, std::uint64_t>>& words,
                        const std::vector<std::string>& characters) {
  std::unordered_map<std::string, std::uint32_t> index;
  for (std::uint32_t i = 0; i < characters.size(); ++i) index.emplace(characters[i], i);
  Cut cut;
  for (const auto& [text, count] : words) {
    BpeWord word{{}, count};
    const auto flush = [&] {
      if (word.symbols.empty()) return;
      cut.words.push_back(word);
      word.symbols.clear();
    };
    for (std::string_view character : characters_of(text)) {
      const auto found = index.find(std::string(character));
      if (found != index.end()) {
        word.symbols.push_back(found->second);
      } else {
        cut.byte_tokens += count * character.size();
        flush();
      }
    }
    flush();
  }
  return cut;
}

}  // namespace

std::vector<std::string> split_training_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word(kSpaceMark);
  Kind kind = Kind::space;  // of the word so far; space: nothing but the mark
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t code_point = decode_utf8(text, at);
    const std::string_view bytes = text.substr(begin, at - begin);
    const Kind next = kind_of(code_point, bytes);
    const bool joins =
        (next == kind && (next == Kind::letter || next == Kind::punctuation || next == Kind::line_end)) ||
        (kind == Kind::space && (next == Kind::letter || next == Kind::punctuation));
    if (!joins && !word.empty()) words.push_back(std::exchange(word, {}));
    kind = next;
    if (next == Kind::alone && bytes == kSpaceMark) {
      for (char c : bytes) words.emplace_back(1, c);  // three ill-formed bytes, as encoding writes it
    } else {
      word += next == Kind::space ? kSpaceMark : bytes;
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

BpeTrainer::BpeTrainer(BpeTrainerOptions options)
    : options_(std::move(options)), special_(special_entries(options_)) {
  check_options(options_);
}

void BpeTrainer::add(std::string_view text) {
  bytes_ += text.size();
  for (const SpecialTokens::Fragment& fragment : special_.split(text, Tokenizer::Special::parse)) {
    if (fragment.token) {
      ++special_count_;
    } else {
      for (std::string& word : split_training_words(fragment.text)) ++words_[std::move(word)];
    }
  }
}

TrainedVocabulary BpeTrainer::train() const {
  std::vector<std::pair<std::string, std::uint64_t>> words(words_.begin(), words_.end());
  std::sort(words.begin(), words.end());

  TrainedVocabulary trained;
  Vocabulary& v = trained.vocabulary;
  v = initial_vocabulary(options_);
  std::vector<std::string> symbols = choose_characters(words, options_.character_coverage);
  for (const std::string& character : symbols) append(v, character, 0, TokenType::normal);
  const auto wanted = static_cast<std::size_t>(std::max(options_.vocabulary_tokens, 0));
  if (wanted < v.tokens.size()) {
    throw_error(ErrorCode::invalid_argument,
                "training a vocabulary of {} tokens: special tokens, bytes and characters alone are {}; ask "
                "for more tokens "
                "or a lower character_coverage",
                wanted, v.tokens.size());
  }

  Cut cut = cut_into_characters(words, symbols);
  BpeMergeOptions merging;
  merging.identity = BpeMergeOptions::Identity::text;
  merging.most_merges = wanted - v.tokens.size();
  merging.least_count = options_.least_count;
  merging.longest_bytes = options_.longest_piece_bytes;
  const std::vector<BpeMerge> merges = learn_bpe_merges(symbols, cut.words, merging);
  if (merges.size() < merging.most_merges) {
    throw_error(ErrorCode::invalid_argument,
                "training a vocabulary of {} tokens: the text has pairs for {} only; give more text or ask "
                "for fewer tokens",
                wanted, v.tokens.size() + merges.size());
  }
  for (std::size_t i = 0; i < merges.size(); ++i) {
    append(v, merges[i].left + merges[i].right, -static_cast<float>(i + 1), TokenType::normal);
  }
  trained.corpus_bytes = bytes_;
  trained.corpus_tokens = special_count_ + cut.byte_tokens;
  for (const BpeWord& word : cut.words) trained.corpus_tokens += word.count * word.symbols.size();
  return trained;
}

}  // namespace fulcrum
