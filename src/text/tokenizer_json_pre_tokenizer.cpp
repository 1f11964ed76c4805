#include "text/tokenizer_json_pre_tokenizer.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/unicode.h"
#include "text/byte_level_bpe.h"
#include "text/code_points.h"
#include "text/json_settings.h"

namespace fulcrum {
namespace {

// \w here has the joiners, too.
constexpr const char* kWhitespace = R"([\w\x{200C}\x{200D}]+|[^\w\s\x{200C}\x{200D}]+)";

// What becomes of the matches that a text is cut at.
enum class Behavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

struct Span {
  std::size_t begin, end;
  bool is_match;
};

// The stretches of a word, matches and what lies between them, that together are the word.
using Cut = std::function<std::vector<Span>(std::string_view)>;

std::vector<Span> merged_with_previous(const std::vector<Span>& spans) {
  std::vector<Span> result;
  bool behind_match = false;
  for (const Span& span : spans) {
    if (span.is_match && !behind_match && !result.empty()) {
      result.back().end = span.end;
    } else {
      result.push_back(span);
    }
    behind_match = span.is_match;
  }
  return result;
}

std::vector<Span> merged_with_next(const std::vector<Span>& spans) {
  std::vector<Span> result;  // last first
  bool before_match = false;
  for (auto span = spans.rbegin(); span != spans.rend(); ++span) {
    if (span->is_match && !before_match && !result.empty()) {
      result.back().begin = span->begin;
    } else {
      result.push_back(*span);
    }
    before_match = span->is_match;
  }
  std::ranges::reverse(result);
  return result;
}

std::vector<Span> contiguous(const std::vector<Span>& spans) {
  std::vector<Span> result;
  for (const Span& span : spans) {
    if (!result.empty() && result.back().is_match == span.is_match) {
      result.back().end = span.end;
    } else {
      result.push_back(span);
    }
  }
  return result;
}

std::vector<Span> kept(std::vector<Span> spans, Behavior behavior) {
  switch (behavior) {
    case Behavior::removed:
      std::erase_if(spans, [](const Span& span) { return span.is_match; });
      return spans;
    case Behavior::isolated:
      return spans;
    case Behavior::merged_with_previous:
      return merged_with_previous(spans);
    case Behavior::merged_with_next:
      return merged_with_next(spans);
    case Behavior::contiguous:
      return contiguous(spans);
  }
  return spans;
}

class CutSplitter final : public WordSplitter {
 public:
  CutSplitter(Cut cut, Behavior behavior) : cut_(std::move(cut)), behavior_(behavior) {}
  void split(std::vector<Word>& words) const override {
    std::vector<Word> finer;
    finer.reserve(words.size());
    for (const Word& word : words) {
      for (const Span& span : kept(cut_(word.text), behavior_)) {
        if (span.end > span.begin)
          finer.push_back(
              {word.text.substr(span.begin, span.end - span.begin), word.starts_text && span.begin == 0});
      }
    }
    words = std::move(finer);
  }

 private:
  Cut cut_;
  Behavior behavior_;
};

// A splitter that changes words without cutting them.
class WordFunction final : public WordSplitter {
 public:
  using Function = std::function<void(Word&)>;
  explicit WordFunction(Function function) : function_(std::move(function)) {}
  void split(std::vector<Word>& words) const override { std::ranges::for_each(words, function_); }

 private:
  Function function_;
};

Cut at_characters(std::function<bool(char32_t)> is_match) {
  return [is_match = std::move(is_match)](std::string_view text) {
    std::vector<Span> spans;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t here = at;
      if (!is_match(decode_utf8(text, at))) continue;
      if (here > begin) spans.push_back({begin, here, false});
      spans.push_back({here, at, true});
      begin = at;
    }
    if (begin < text.size()) spans.push_back({begin, text.size(), false});
    return spans;
  };
}

// What counts as a match: what the expression finds, or what it leaves.
enum class Sense { found, left };

Cut at_expression(RegularExpression expression, Sense sense) {
  return [expression = std::move(expression), sense](std::string_view text) {
    std::vector<Span> spans;
    std::size_t begin = 0;
    const bool found = sense == Sense::found;
    // Bytes that are not UTF-8 are nothing that an expression could mean, neither to find nor to leave.
    const auto append_gap = [&](std::size_t end) {
      if (end > begin)
        spans.push_back({begin, end, !found && !find_invalid_utf8(text.substr(begin, end - begin))});
    };
    for (const RegularExpression::Match& match : expression.find_all(text)) {
      append_gap(match.begin);
      spans.push_back({match.begin, match.end, found});
      begin = match.end;
    }
    append_gap(text.size());
    return spans;
  };
}

Behavior read_behavior(const JsonSettings& settings, std::string_view fallback) {
  const std::string name = settings.text_or("behavior", fallback);
  if (name == "Removed") return Behavior::removed;
  if (name == "Isolated") return Behavior::isolated;
  if (name == "MergedWithPrevious") return Behavior::merged_with_previous;
  if (name == "MergedWithNext") return Behavior::merged_with_next;
  if (name == "Contiguous") return Behavior::contiguous;
  throw_error(ErrorCode::unsupported,
              "reading a tokenizer's pre_tokenizer {}: the behavior \"{}\" is not known", settings.type(),
              name);
}

class Splitters {
 public:
  void read(const JsonTree& component) {
    const JsonSettings settings(component, "pre_tokenizer");
    const std::string& type = settings.type();
    if (type == "Sequence") {
      for (const JsonTree& part : settings.list("pretokenizers")) read(part);
    } else if (type == "ByteLevel") {
      read_byte_level(settings);
    } else if (type == "Metaspace") {
      read_metaspace(settings);
    } else if (type == "Split") {
      const Sense sense = settings.flag_or("invert", false) ? Sense::left : Sense::found;
      cut(at_expression(settings.pattern("pattern"), sense), read_behavior(settings, "Isolated"));
    } else if (type == "BertPreTokenizer") {
      cut(at_characters(is_white_space), Behavior::removed);
      cut(at_characters(is_any_punctuation), Behavior::isolated);
    } else if (type == "Whitespace") {
      cut(at_expression(RegularExpression(kWhitespace, RegularExpression::Dialect::ruby), Sense::left),
          Behavior::removed);
    } else if (type == "WhitespaceSplit") {
      cut(at_characters(is_white_space), Behavior::removed);
    } else if (type == "Punctuation") {
      cut(at_characters(is_any_punctuation), read_behavior(settings, "Isolated"));
    } else if (type == "Digits") {
      cut(at_characters(is_numeric),
          settings.flag_or("individual_digits", false) ? Behavior::isolated : Behavior::contiguous);
    } else if (type == "CharDelimiterSplit") {
      cut(at_expression(settings.pattern("delimiter"), Sense::found), Behavior::removed);
    } else {
      settings.unsupported();
    }
  }

  std::vector<std::unique_ptr<WordSplitter>> steps;

 private:
  static bool is_any_punctuation(char32_t c) { return is_ascii_punctuation(c) || is_punctuation(c); }

  void cut(Cut cut, Behavior behavior) {
    steps.push_back(std::make_unique<CutSplitter>(std::move(cut), behavior));
  }
  void change(WordFunction::Function function) {
    steps.push_back(std::make_unique<WordFunction>(std::move(function)));
  }

  void read_byte_level(const JsonSettings& settings) {
    if (settings.flag_or("add_prefix_space", true)) {
      change([](Word& word) {
        if (!word.text.starts_with(' ')) word.text.insert(0, 1, ' ');
      });
    }
    if (settings.flag_or("use_regex", true)) {
      static constexpr const char* kGpt2 =
          R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
      cut(at_expression(RegularExpression(kGpt2, RegularExpression::Dialect::unicode), Sense::found),
          Behavior::isolated);
    }
    change([](Word& word) { word.text = to_byte_alphabet(word.text); });
  }

  void read_metaspace(const JsonSettings& settings) {
    const std::string mark = settings.text_or("replacement", "\xE2\x96\x81");
    if (mark.empty())
      throw_error(ErrorCode::corrupt,
                  "reading a tokenizer's pre_tokenizer Metaspace: its replacement is empty");
    // The older spelling is a flag.
    std::string scheme = settings.text_or("prepend_scheme", "always");
    if (!settings.flag_or("add_prefix_space", true)) scheme = "never";
    if (scheme != "always" && scheme != "first" && scheme != "never") {
      throw_error(ErrorCode::unsupported,
                  "reading a tokenizer's pre_tokenizer Metaspace: the prepend_scheme \"{}\" is not known",
                  scheme);
    }
    change([mark, scheme](Word& word) {
      std::string text;
      text.reserve(word.text.size() + word.text.size() / 2);
      for (char c : word.text) {
        if (c == ' ') {
          text += mark;
        } else {
          text += c;
        }
      }
      const bool prepends = scheme == "always" || (scheme == "first" && word.starts_text);
      if (prepends && !text.starts_with(mark)) text.insert(0, mark);
      word.text = std::move(text);
    });
    if (settings.flag_or("split", true)) {
      cut(
          [mark](std::string_view text) {
            std::vector<Span> spans;
            std::size_t begin = 0;
            for (std::size_t at = text.find(mark); at != std::string_view::npos;
                 at = text.find(mark, begin)) {
              if (at > begin) spans.push_back({begin, at, false});
              begin = at + mark.size();
              spans.push_back({at, begin, true});
            }
            if (begin < text.size()) spans.push_back({begin, text.size(), false});
            return spans;
          },
          Behavior::merged_with_next);
    }
  }
};

}  // namespace

std::vector<std::unique_ptr<WordSplitter>> read_word_splitters(const JsonTree& component) {
  Splitters splitters;
  if (!component.is_null()) splitters.read(component);
  return std::move(splitters.steps);
}

}  // namespace fulcrum
