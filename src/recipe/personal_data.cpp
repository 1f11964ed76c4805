#include "recipe/personal_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace fulcrum {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_letter(char c) {
  return is_upper(c) || (c >= 'a' && c <= 'z');
}
bool is_alphanumeric(char c) {
  return is_digit(c) || is_letter(c);
}
// Bytes of a longer UTF-8 sequence belong to a word too.
bool is_word(char c) {
  return is_alphanumeric(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::vector<PersonalHint> scan() {
    for (at_ = 0; at_ < text_.size();) {
      if (!try_email() && !try_iban() && !try_ip() && !try_number()) ++at_;
    }
    return std::move(hints_);
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<PersonalHint> hints_;

  char look(std::size_t position) const { return position < text_.size() ? text_[position] : '\0'; }
  bool at_word_begin() const { return at_ == 0 || !is_word(text_[at_ - 1]); }

  bool take(PersonalKind kind, std::size_t begin, std::size_t end) {
    hints_.push_back({kind, begin, end});
    at_ = end;
    return true;
  }

  bool try_email() {
    if (text_[at_] != '@') return false;
    const auto is_local = [](char c) {
      return is_alphanumeric(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-';
    };
    const std::size_t earliest = hints_.empty() ? 0 : hints_.back().end_bytes;
    std::size_t begin = at_;
    while (begin > earliest && is_local(text_[begin - 1])) --begin;
    while (begin < at_ && text_[begin] == '.') ++begin;
    std::size_t end = at_ + 1, last_dot = 0;
    while (is_alphanumeric(look(end)) || look(end) == '-' ||
           (look(end) == '.' && is_alphanumeric(look(end + 1)))) {
      if (look(end) == '.') last_dot = end;
      ++end;
    }
    const bool has_name = begin < at_ && is_alphanumeric(look(at_ + 1));
    const bool has_top_level = last_dot > 0 && end - last_dot > 2 &&
                               std::all_of(text_.begin() + static_cast<std::ptrdiff_t>(last_dot) + 1,
                                           text_.begin() + static_cast<std::ptrdiff_t>(end), is_letter);
    return has_name && has_top_level && take(PersonalKind::email, begin, end);
  }

  bool try_iban() {
    if (!at_word_begin() || !is_upper(look(at_)) || !is_upper(look(at_ + 1)) || !is_digit(look(at_ + 2)) ||
        !is_digit(look(at_ + 3)))
      return false;
    constexpr std::size_t kShortest = 15, kLongest = 34;
    std::string account;
    std::optional<std::size_t> valid_end;
    for (std::size_t i = at_; account.size() < kLongest; ++i) {
      if (is_upper(look(i)) || is_digit(look(i))) {
        account += look(i);
        if (account.size() >= kShortest && !is_word(look(i + 1)) && checks_modulo_97(account))
          valid_end = i + 1;
      } else if (look(i) != ' ' || !is_alphanumeric(look(i + 1))) {
        break;
      }
    }
    return valid_end && take(PersonalKind::iban, at_, *valid_end);
  }

  static bool checks_modulo_97(const std::string& account) {
    int rest = 0;
    const auto feed = [&](char c) {
      rest = is_digit(c) ? (rest * 10 + (c - '0')) % 97 : (rest * 100 + (c - 'A' + 10)) % 97;
    };
    for (std::size_t i = 4; i < account.size(); ++i) feed(account[i]);
    for (std::size_t i = 0; i < 4; ++i) feed(account[i]);
    return rest == 1;
  }

  bool try_ip() {
    if (!at_word_begin() || !is_digit(look(at_)) || (at_ > 0 && text_[at_ - 1] == '.')) return false;
    std::array<int, 4> parts{};
    std::size_t i = at_;
    for (std::size_t part = 0; part < parts.size(); ++part) {
      if (part > 0 && look(i++) != '.') return false;
      const std::size_t begin = i;
      while (is_digit(look(i)) && i - begin < 4) parts[part] = parts[part] * 10 + (look(i++) - '0');
      if (i == begin || i - begin > 3 || parts[part] > 255) return false;
    }
    if (is_word(look(i)) || (look(i) == '.' && is_digit(look(i + 1)))) return false;
    const bool is_local = parts[0] == 10 || parts[0] == 127 || parts[0] == 0 ||
                          (parts[0] == 192 && parts[1] == 168) ||
                          (parts[0] == 172 && parts[1] >= 16 && parts[1] < 32);
    if (is_local) {
      at_ = i;
      return true;
    }
    return take(PersonalKind::ip_address, at_, i);
  }

  // A run of digits with the separators that people put between them: a card, a phone, or neither.
  bool try_number() {
    if (!at_word_begin() || (!is_digit(look(at_)) && look(at_) != '+' && look(at_) != '(')) return false;
    std::string digits;
    std::size_t i = at_, end = at_, separators = 0;
    const bool international = look(i) == '+';
    if (international) ++i;
    for (bool was_digit = false;; ++i) {
      const char c = look(i);
      if (is_digit(c)) {
        digits += c;
        end = i + 1;
        was_digit = true;
      } else if ((c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')') &&
                 (is_digit(look(i + 1)) ||
                  ((look(i + 1) == ' ' || look(i + 1) == '(') && is_digit(look(i + 2))))) {
        separators += was_digit;
        was_digit = false;
      } else {
        break;
      }
    }
    if (digits.empty()) return false;
    const bool ends_word = !is_word(look(end));
    if (ends_word && digits.size() >= 13 && digits.size() <= 19 && digits[0] != '0' && passes_luhn(digits))
      return take(PersonalKind::card_number, at_, end);
    const bool has_length = digits.size() >= 9 && digits.size() <= 15;
    const bool looks_dialled = international || (digits[0] == '0' && digits.size() <= 12) ||
                               (digits.size() == 10 && separators == 2);
    if (ends_word && has_length && looks_dialled) return take(PersonalKind::phone, at_, end);
    at_ = end;
    return true;
  }

  static bool passes_luhn(const std::string& digits) {
    int sum = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
      int digit = digits[digits.size() - 1 - i] - '0';
      if (i % 2 == 1) digit = digit > 4 ? 2 * digit - 9 : 2 * digit;
      sum += digit;
    }
    return sum % 10 == 0;
  }
};

}  // namespace

std::vector<PersonalHint> find_personal_data(std::string_view text) {
  return Scanner(text).scan();
}

std::string masked(std::string_view text, const PersonalHint& hint) {
  const std::string_view found = text.substr(hint.begin_bytes, hint.end_bytes - hint.begin_bytes);
  return fmt::format("{}... ({} characters)", found.substr(0, 2), found.size());
}

std::string_view to_string(PersonalKind kind) {
  switch (kind) {
    case PersonalKind::email:
      return "e-mail address";
    case PersonalKind::phone:
      return "phone number";
    case PersonalKind::iban:
      return "IBAN";
    case PersonalKind::card_number:
      return "card number";
    case PersonalKind::ip_address:
      return "IP address";
  }
  return {};
}

}  // namespace fulcrum
