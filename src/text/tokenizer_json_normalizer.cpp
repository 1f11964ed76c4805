#include "text/tokenizer_json_normalizer.h"

#include <utf8proc.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/unicode.h"
#include "text/byte_level_bpe.h"
#include "text/character_map.h"
#include "text/code_points.h"
#include "text/json_settings.h"

namespace fulcrum {
namespace {

// A normaliser that is one function.
class TextFunction final : public Normalizer {
 public:
  using Function = std::function<std::string(std::string)>;
  explicit TextFunction(Function function) : function_(std::move(function)) {}
  std::string normalize(std::string text) const override { return function_(std::move(text)); }

 private:
  Function function_;
};

std::unique_ptr<Normalizer> make(TextFunction::Function function) {
  return std::make_unique<TextFunction>(std::move(function));
}

std::unique_ptr<Normalizer> make_map(std::function<void(std::string&, char32_t)> append) {
  return make(
      [append = std::move(append)](const std::string& text) { return map_code_points(text, append); });
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// One of Unicode's four normal forms; utf8proc's options name it.
std::string normal_form(std::string_view text, int options) {
  if (is_ascii(text)) return std::string(text);
  return map_well_formed(text, [&](std::string_view stretch) {
    utf8proc_uint8_t* mapped = nullptr;
    const utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(stretch.data()),
                                               static_cast<utf8proc_ssize_t>(stretch.size()), &mapped,
                                               static_cast<utf8proc_option_t>(options));
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
    if (size < 0)
      throw_error(ErrorCode::internal, "normalising {} bytes: {}", stretch.size(), utf8proc_errmsg(size));
    return std::string(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size));
  });
}

std::unique_ptr<Normalizer> make_normal_form(int options) {
  return make([options](const std::string& text) { return normal_form(text, options | UTF8PROC_STABLE); });
}

// What BERT cleans away, and the white space that it makes one kind of.
void append_clean(std::string& text, char32_t c) {
  if (c == '\t' || c == '\n' || c == '\r') {
    text += ' ';
  } else if (c == 0 || c == 0xFFFD || is_other(c)) {
    return;
  } else if (is_white_space(c)) {
    text += ' ';
  } else {
    append_utf8(text, c);
  }
}

void append_ideograph_apart(std::string& text, char32_t c) {
  if (is_ideograph(c)) text += ' ';
  append_utf8(text, c);
  if (is_ideograph(c)) text += ' ';
}

void append_without_accent(std::string& text, char32_t c) {
  if (!is_nonspacing_mark(c)) append_utf8(text, c);
}

std::unique_ptr<Normalizer> read_bert(const JsonSettings& settings) {
  const bool clean = settings.flag_or("clean_text", true);
  const bool ideographs = settings.flag_or("handle_chinese_chars", true);
  const bool lower_case = settings.flag_or("lowercase", true);
  const bool strip_accents = settings.flag_or("strip_accents", lower_case);
  return make([=](std::string text) {
    if (clean) text = map_code_points(text, append_clean);
    if (ideographs) text = map_code_points(text, append_ideograph_apart);
    if (strip_accents) {
      text = normal_form(text, UTF8PROC_DECOMPOSE | UTF8PROC_STABLE);
      text = map_code_points(text, append_without_accent);
    }
    if (lower_case) text = map_code_points(text, append_lower_case);
    return text;
  });
}

// The cleaning of SentencePiece's nmt rules.
void append_nmt(std::string& text, char32_t c) {
  const bool is_dropped = (c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F ||
                          c == 0x8F || c == 0x9F;
  if (is_dropped) return;
  const bool is_space = c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D || c == 0x1680 ||
                        (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 || c == 0x2581 ||
                        c == 0xFEFF || c == 0xFFFD;
  append_utf8(text, is_space ? U' ' : c);
}

// A character map, applied as Hugging Face does: to a whole grapheme of less than six bytes if any sequence
// of the map begins it, otherwise to each code point by itself; of several sequences the shortest counts.
std::unique_ptr<Normalizer> read_precompiled(const JsonSettings& settings) {
  const std::string compiled = base64_bytes(settings.text("precompiled_charsmap"));
  if (compiled.empty()) return make([](std::string text) { return text; });
  return make([map = CharacterMap(compiled)](const std::string& text) {
    return map_well_formed(text, [&](std::string_view stretch) {
      constexpr std::size_t kLongGraphemeBytes = 6;
      std::string result;
      const auto append_grapheme = [&](std::string_view grapheme) {
        if (grapheme.size() < kLongGraphemeBytes) {
          if (const auto match = map.shortest(grapheme)) {
            result += match->replacement;
            return;
          }
        }
        for (std::size_t at = 0; at < grapheme.size();) {
          const std::size_t begin = at;
          decode_utf8(grapheme, at);
          const std::string_view one = grapheme.substr(begin, at - begin);
          const auto match = map.shortest(one);
          result += match ? match->replacement : one;
        }
      };
      std::size_t begin = 0;
      utf8proc_int32_t state = 0;
      std::optional<char32_t> previous;
      for (std::size_t at = 0; at < stretch.size();) {
        const std::size_t here = at;
        const char32_t c = decode_utf8(stretch, at);
        if (previous && utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(*previous),
                                                         static_cast<utf8proc_int32_t>(c), &state)) {
          append_grapheme(stretch.substr(begin, here - begin));
          begin = here;
        }
        previous = c;
      }
      append_grapheme(stretch.substr(begin));
      return result;
    });
  });
}

std::unique_ptr<Normalizer> read_replace(const JsonSettings& settings) {
  const std::string content = settings.text("content");
  return make([content, pattern = settings.pattern("pattern")](const std::string& text) {
    return pattern.replace_all(text, content);
  });
}

std::unique_ptr<Normalizer> read_strip(const JsonSettings& settings) {
  const bool left = settings.flag_or("strip_left", true), right = settings.flag_or("strip_right", true);
  return make([left, right](const std::string& text) {
    std::size_t begin = 0, end = 0;  // of what stays
    bool has_begun = false;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t here = at;
      if (is_white_space(decode_utf8(text, at))) continue;
      if (!has_begun) begin = here;
      has_begun = true;
      end = at;
    }
    if (!left) begin = 0;
    if (!right) end = text.size();
    return begin < end ? text.substr(begin, end - begin) : std::string();
  });
}

void read_into(const JsonTree& component, std::vector<std::unique_ptr<Normalizer>>& steps) {
  const JsonSettings settings(component, "normalizer");
  const std::string& type = settings.type();
  const auto add = [&](std::unique_ptr<Normalizer> step) { steps.push_back(std::move(step)); };
  if (type == "Sequence") {
    for (const JsonTree& part : settings.list("normalizers")) read_into(part, steps);
  } else if (type == "NFC") {
    add(make_normal_form(UTF8PROC_COMPOSE));
  } else if (type == "NFD") {
    add(make_normal_form(UTF8PROC_DECOMPOSE));
  } else if (type == "NFKC") {
    add(make_normal_form(UTF8PROC_COMPOSE | UTF8PROC_COMPAT));
  } else if (type == "NFKD") {
    add(make_normal_form(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT));
  } else if (type == "Lowercase") {
    add(make_map(append_lower_case));
  } else if (type == "StripAccents") {
    add(make_map([](std::string& text, char32_t c) {
      if (!is_mark(c)) append_utf8(text, c);
    }));
  } else if (type == "BertNormalizer") {
    add(read_bert(settings));
  } else if (type == "Nmt") {
    add(make_map(append_nmt));
  } else if (type == "ByteLevel") {
    add(make([](const std::string& text) { return to_byte_alphabet(text); }));
  } else if (type == "Precompiled") {
    add(read_precompiled(settings));
  } else if (type == "Replace") {
    add(read_replace(settings));
  } else if (type == "Strip") {
    add(read_strip(settings));
  } else if (type == "Prepend") {
    add(make([prefix = settings.text("prepend")](std::string text) {
      return text.empty() ? std::move(text) : prefix + text;
    }));
  } else {
    settings.unsupported();
  }
}

}  // namespace

std::string base64_bytes(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    std::uint32_t value = 0;
    if (c >= 'A' && c <= 'Z') {
      value = static_cast<std::uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      value = static_cast<std::uint32_t>(c - 'a') + 26;
    } else if (c >= '0' && c <= '9') {
      value = static_cast<std::uint32_t>(c - '0') + 52;
    } else if (c == '+' || c == '/') {
      value = c == '+' ? 62 : 63;
    } else if (c == '=') {
      break;
    } else {
      throw_error(ErrorCode::corrupt, "reading a tokenizer's normalizer Precompiled: its map is not base64");
    }
    bits = (bits << 6) | value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>((bits >> count) & 0xFF);
    }
  }
  return bytes;
}

std::vector<std::unique_ptr<Normalizer>> read_normalizers(const JsonTree& component) {
  std::vector<std::unique_ptr<Normalizer>> steps;
  if (!component.is_null()) read_into(component, steps);
  return steps;
}

}  // namespace fulcrum
