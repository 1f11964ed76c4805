#include "text/tokenizer_json_decoder.h"

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/unicode.h"
#include "text/byte_level_bpe.h"
#include "text/json_settings.h"
#include "text/sentencepiece.h"

namespace fulcrum {
namespace {

class DecoderFunction final : public PieceDecoder {
 public:
  using Function = std::function<std::string(std::string, const Place&)>;
  explicit DecoderFunction(Function function) : function_(std::move(function)) {}
  std::string decode(std::string piece, const Place& place) const override {
    return function_(std::move(piece), place);
  }

 private:
  Function function_;
};

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  std::size_t at = text.find(from);
  if (at == std::string::npos) return;
  std::string result;
  std::size_t covered = 0;
  for (; at != std::string::npos; at = text.find(from, covered)) {
    result.append(text, covered, at - covered);
    result += to;
    covered = at + from.size();
  }
  result.append(text, covered);
  text = std::move(result);
}

// The spaces that WordPiece puts before English punctuation and contractions.
void clean_up(std::string& text) {
  static constexpr std::pair<std::string_view, std::string_view> kRules[] = {
      {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
      {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : kRules) replace_all(text, from, to);
}

std::size_t code_points(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) decode_utf8(text, at);
  return count;
}

class Decoders {
 public:
  void read(const JsonTree& component) {
    const JsonSettings settings(component, "decoder");
    const std::string& type = settings.type();
    if (type == "Sequence") {
      for (const JsonTree& part : settings.list("decoders")) read(part);
    } else if (type == "ByteLevel") {
      add([](std::string piece, const PieceDecoder::Place& place) {
        return place.is_added ? std::move(piece) : from_byte_alphabet(piece);
      });
    } else if (type == "ByteFallback") {
      add([](std::string piece, const PieceDecoder::Place&) {
        const auto byte = parse_byte_token(piece);
        return byte ? std::string(1, static_cast<char>(*byte)) : std::move(piece);
      });
    } else if (type == "Fuse") {
      is_fused_ = true;
    } else if (type == "Metaspace") {
      read_metaspace(settings);
    } else if (type == "Replace") {
      read_replace(settings);
    } else if (type == "Strip") {
      read_strip(settings);
    } else if (type == "WordPiece") {
      read_wordpiece(settings);
    } else if (type == "BPEDecoder") {
      read_bpe(settings);
    } else {
      settings.unsupported();
    }
  }

  std::vector<std::unique_ptr<PieceDecoder>> steps;

 private:
  void add(DecoderFunction::Function function) {
    steps.push_back(std::make_unique<DecoderFunction>(std::move(function)));
  }

  void read_metaspace(const JsonSettings& settings) {
    const std::string mark = settings.text_or("replacement", kSpaceMark);
    if (mark.empty())
      throw_error(ErrorCode::corrupt, "reading a tokenizer's decoder Metaspace: its replacement is empty");
    const bool prepends =
        settings.text_or("prepend_scheme", "always") != "never" && settings.flag_or("add_prefix_space", true);
    add([mark, prepends](std::string piece, const PieceDecoder::Place& place) {
      replace_all(piece, mark, !place.previous && prepends ? "" : " ");
      return piece;
    });
  }

  void read_replace(const JsonSettings& settings) {
    add([pattern = settings.pattern("pattern"), content = settings.text("content")](
            std::string piece, const PieceDecoder::Place&) { return pattern.replace_all(piece, content); });
  }

  void read_strip(const JsonSettings& settings) {
    const std::string content = settings.text("content");
    const std::int64_t start = settings.integer_or("start", 0), stop = settings.integer_or("stop", 0);
    if (code_points(content) != 1 || start < 0 || stop < 0) {
      throw_error(
          ErrorCode::corrupt,
          "reading a tokenizer's decoder Strip: expected one character and counts from 0, found \"{}\", "
          "{} and {}",
          content, start, stop);
    }
    if (is_fused_ && stop > 0) {
      throw_error(
          ErrorCode::unsupported,
          "reading a tokenizer's decoder Strip: it takes {} characters from the end of the whole text, "
          "only its start is supported",
          stop);
    }
    add([content, start, stop, fused = is_fused_](std::string piece, const PieceDecoder::Place& place) {
      if (fused && place.previous) return piece;
      for (std::int64_t i = 0; i < start && piece.starts_with(content); ++i) piece.erase(0, content.size());
      for (std::int64_t i = 0; i < stop && piece.ends_with(content); ++i)
        piece.resize(piece.size() - content.size());
      return piece;
    });
  }

  void read_wordpiece(const JsonSettings& settings) {
    const std::string prefix = settings.text_or("prefix", "##");
    const bool cleans = settings.flag_or("cleanup", true);
    add([prefix, cleans](std::string piece, const PieceDecoder::Place& place) {
      if (place.previous) {
        if (piece.starts_with(prefix)) {
          piece.erase(0, prefix.size());
        } else {
          piece.insert(0, 1, ' ');
        }
      }
      if (cleans) clean_up(piece);
      return piece;
    });
  }

  // The suffix ends a word, and a space stands between words.
  void read_bpe(const JsonSettings& settings) {
    const std::string suffix = settings.text_or("suffix", "</w>");
    if (suffix.empty()) return;
    add([suffix](std::string piece, const PieceDecoder::Place& place) {
      const bool ends_word = piece.ends_with(suffix);
      if (ends_word) piece.resize(piece.size() - suffix.size());
      replace_all(piece, suffix, " ");
      if (place.previous && place.previous->ends_with(suffix)) piece.insert(0, 1, ' ');
      return piece;
    });
  }

  bool is_fused_ = false;
};

}  // namespace

std::vector<std::unique_ptr<PieceDecoder>> read_piece_decoders(const JsonTree& component) {
  Decoders decoders;
  if (!component.is_null()) decoders.read(component);
  return std::move(decoders.steps);
}

}  // namespace fulcrum
