#include "text/number_grammar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/json.h"

namespace fulcrum {
namespace {

using Node = ByteGrammar::Node;

constexpr std::size_t kDigits = 15;

// A bound without its sign: "12", "5" for 12.5.
struct Magnitude {
  std::string whole = "0", fraction;
  bool excluded = false;  // the bound itself does not fit

  bool is_zero() const { return whole == "0" && fraction.find_first_not_of('0') == std::string::npos; }
};

struct Bound {
  Magnitude magnitude;
  enum class Sign { negative, positive } sign = Sign::positive;
};

// From the shortest decimal that is the number: digits, a point perhaps, an exponent perhaps.
Bound read_bound(const Json& value, const std::string& where) {
  std::string text = value.is_number_float() ? fmt::format("{}", value.get<double>()) : to_line(value);
  Bound bound;
  if (text.starts_with('-')) {
    bound.sign = Bound::Sign::negative;
    text.erase(0, 1);
  }
  int exponent = 0;
  if (const std::size_t e = text.find('e'); e != std::string::npos) {
    exponent = std::stoi(text.substr(e + 1));
    text.resize(e);
  }
  const std::size_t point = std::min(text.find('.'), text.size());
  std::string digits = text.substr(0, point) + (point < text.size() ? text.substr(point + 1) : "");
  auto whole = static_cast<std::ptrdiff_t>(point) + exponent;
  if (whole <= 0) {
    digits.insert(0, static_cast<std::size_t>(1 - whole), '0');
    whole = 1;
  }
  if (static_cast<std::size_t>(whole) > digits.size()) digits.resize(static_cast<std::size_t>(whole), '0');
  Magnitude& magnitude = bound.magnitude;
  magnitude.whole = digits.substr(0, static_cast<std::size_t>(whole));
  magnitude.fraction = digits.substr(static_cast<std::size_t>(whole));
  magnitude.whole.erase(0, std::min(magnitude.whole.find_first_not_of('0'), magnitude.whole.size() - 1));
  while (magnitude.fraction.ends_with('0')) magnitude.fraction.pop_back();
  if (magnitude.fraction.size() > kDigits) {
    throw_error(ErrorCode::unsupported,
                "compiling a JSON Schema: the bound {} at {} has more than {} digits behind the point",
                to_line(value), where, kDigits);
  }
  return bound;
}

// Whether a is below b.
bool is_below(const Magnitude& a, const Magnitude& b) {
  if (a.whole.size() != b.whole.size()) return a.whole.size() < b.whole.size();
  return std::tie(a.whole, a.fraction) < std::tie(b.whole, b.fraction);
}

// Decimals without a sign from `low` to `high`, for one number of digits before the point.
class FixedLength {
 public:
  // Digits before the point, digits that may be written behind it, and digits that the bounds have there.
  FixedLength(ByteGrammar& grammar, std::size_t whole, std::size_t fraction, std::size_t compared)
      : grammar_(grammar), whole_(whole), size_(whole + fraction), compared_(whole + compared) {}

  // Digits with the fraction filled up with zeros.
  Node build(const Magnitude* low, const Magnitude* high) {
    const auto padded = [&](const Magnitude& bound) {
      std::string digits = bound.whole + bound.fraction;
      digits.resize(compared_, '0');
      return digits;
    };
    const bool low_matters = low && low->whole.size() == whole_;
    const bool high_matters = high && high->whole.size() == whole_;
    if ((low && low->whole.size() > whole_) || (high && high->whole.size() < whole_))
      return grammar_.choice({});
    if (low_matters) low_ = padded(*low);
    if (high_matters) high_ = padded(*high);
    low_excluded_ = low_matters && low->excluded;
    high_excluded_ = high_matters && high->excluded;
    return from(0, {low_matters, high_matters, false});
  }

 private:
  // Whether all digits so far are those of the bounds, and whether a point stands before this place.
  struct Place {
    bool on_low, on_high, behind_point;
    auto operator<=>(const Place&) const = default;
  };

  static bool only_zeros(const std::string& digits, std::size_t at) {
    return digits.find_first_not_of('0', at) == std::string::npos;
  }

  bool may_end(std::size_t at, const Place& place) const {
    if (place.on_low && (!only_zeros(low_, at) || low_excluded_)) return false;
    return !(place.on_high && only_zeros(high_, at) && high_excluded_);
  }

  // What may stand behind `at` digits.
  Node from(std::size_t at, const Place& place) {
    const auto key = std::pair(at, place);
    if (const auto known = known_.find(key); known != known_.end()) return known->second;
    std::vector<Node> alternatives;
    if (at < whole_) {
      alternatives = digits(at, place);
    } else {
      if (may_end(at, place)) alternatives.push_back(grammar_.text(""));
      if (at < size_ && !place.behind_point)
        alternatives.push_back(grammar_.sequence(
            {grammar_.text("."), grammar_.choice(digits(at, {place.on_low, place.on_high, true}))}));
      if (at < size_ && place.behind_point) {
        for (const Node digit : digits(at, place)) alternatives.push_back(digit);
      }
    }
    const Node node = grammar_.choice(std::move(alternatives));
    known_.emplace(key, node);
    return node;
  }

  std::vector<Node> digits(std::size_t at, const Place& place) {
    // No leading zero but that of "0" itself.
    const char least = at == 0 && whole_ > 1 ? '1' : '0';
    const char low = place.on_low ? std::max(low_[at], least) : least;
    const char high = place.on_high ? high_[at] : '9';
    std::vector<Node> alternatives;
    if (low > high) return alternatives;
    const auto add = [&](char first, char last, bool on_low, bool on_high) {
      if (first > last) return;
      alternatives.push_back(grammar_.sequence(
          {grammar_.bytes(byte_range(static_cast<unsigned char>(first), static_cast<unsigned char>(last))),
           from(at + 1, {on_low, on_high, place.behind_point})}));
    };
    const bool low_here = place.on_low && low == low_[at];
    if (low_here && place.on_high && low == high) {
      add(low, low, true, true);
      return alternatives;
    }
    if (low_here) add(low, low, true, false);
    const char first_between = static_cast<char>(low_here ? low + 1 : low);
    const char last_between = static_cast<char>(place.on_high ? high - 1 : high);
    add(first_between, last_between, false, false);
    if (place.on_high && high >= first_between) add(high, high, false, true);
    return alternatives;
  }

  ByteGrammar& grammar_;
  std::size_t whole_, size_, compared_;
  std::string low_, high_;
  bool low_excluded_ = false, high_excluded_ = false;
  std::map<std::pair<std::size_t, Place>, Node> known_;
};

Node magnitudes(ByteGrammar& grammar, const Magnitude* low, const Magnitude* high, NumberKind kind) {
  std::size_t fraction = kind == NumberKind::number ? kDigits : 0;
  for (const Magnitude* bound : {low, high})
    if (bound) fraction = std::min(fraction, kDigits - std::min(kDigits, bound->whole.size()));
  // An integer between fractions is compared with all of their digits, and has none of its own.
  std::size_t compared = fraction;
  for (const Magnitude* bound : {low, high})
    if (bound) compared = std::max(compared, bound->fraction.size());
  if (kind == NumberKind::number) fraction = compared;
  std::vector<Node> alternatives;
  for (std::size_t whole = 1; whole <= kDigits; ++whole) {
    FixedLength numbers(grammar, whole, fraction, compared);
    alternatives.push_back(numbers.build(low, high));
  }
  return grammar.choice(std::move(alternatives));
}

Node unbounded(ByteGrammar& grammar, NumberKind kind) {
  const Node digit = grammar.bytes(byte_range('0', '9'));
  const Node positive = grammar.sequence({grammar.bytes(byte_range('1', '9')),
                                          grammar.repeat(digit, 0, static_cast<std::uint32_t>(kDigits - 1))});
  const Node minus = grammar.text("-");
  if (kind == NumberKind::integer)
    return grammar.choice({grammar.text("0"), grammar.sequence({grammar.optional(minus), positive})});
  const Node fraction =
      grammar.sequence({grammar.text("."), grammar.repeat(digit, 1, static_cast<std::uint32_t>(kDigits))});
  const Node exponent = grammar.optional(
      grammar.sequence({grammar.bytes(bytes_of("eE")), grammar.optional(grammar.bytes(bytes_of("+-"))),
                        grammar.repeat(digit, 1, 2)}));
  return grammar.choice(
      {grammar.sequence({grammar.text("0"), grammar.optional(fraction), exponent}),
       grammar.sequence({grammar.text("-0"), fraction, exponent}),
       grammar.sequence({grammar.optional(minus), positive, grammar.optional(fraction), exponent})});
}

}  // namespace

Node number_node(ByteGrammar& grammar, const Json& schema, NumberKind kind, const std::string& where) {
  std::optional<Bound> low, high;
  // The stricter of two bounds on the same side: `towards` is where the numbers lie.
  const auto stricter = [](std::optional<Bound>& known, Bound bound, bool is_low) {
    if (!known) {
      known = std::move(bound);
      return;
    }
    const auto value_below = [](const Bound& a, const Bound& b) {
      if (a.sign != b.sign) return a.sign == Bound::Sign::negative;
      return a.sign == Bound::Sign::negative ? is_below(b.magnitude, a.magnitude)
                                             : is_below(a.magnitude, b.magnitude);
    };
    const bool below = value_below(bound, *known), above = value_below(*known, bound);
    if (is_low ? above : below)
      known = std::move(bound);
    else if (!below && !above)
      known->magnitude.excluded = known->magnitude.excluded || bound.magnitude.excluded;
  };
  for (const char* key : {"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"}) {
    const auto found = schema.find(key);
    if (found == schema.end()) continue;
    Bound bound = read_bound(*found, where + "/" + key);
    bound.magnitude.excluded = key[0] == 'e';
    if (bound.magnitude.is_zero()) bound.sign = Bound::Sign::positive;
    const bool is_low = std::string_view(key).ends_with("inimum");
    stricter(is_low ? low : high, std::move(bound), is_low);
  }
  if (!low && !high) return unbounded(grammar, kind);

  const auto is_negative = [](const std::optional<Bound>& bound) {
    return bound && bound->sign == Bound::Sign::negative;
  };
  std::vector<Node> alternatives;
  if (!is_negative(high)) {  // from zero upwards
    const Magnitude* from = low && !is_negative(low) ? &low->magnitude : nullptr;
    alternatives.push_back(magnitudes(grammar, from, high ? &high->magnitude : nullptr, kind));
  }
  if (!low || is_negative(low)) {
    const Magnitude above_zero{"0", "", true};
    const Magnitude* from = is_negative(high) ? &high->magnitude : &above_zero;
    alternatives.push_back(grammar.sequence(
        {grammar.text("-"), magnitudes(grammar, from, low ? &low->magnitude : nullptr, kind)}));
  }
  return grammar.choice(std::move(alternatives));
}

}  // namespace fulcrum
