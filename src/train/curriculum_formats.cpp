#include "train/curriculum_formats.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <tuple>
#include <utility>

namespace fulcrum {
namespace {

using Slots = std::pair<std::string_view, std::string_view>;

enum class Direction { prefix, suffix, layout, letters, order, pick, item_marks, marks, count, times };

template <std::size_t N>
std::string pick(Random& random, const std::array<const char*, N>& items) {
  return items[random.below(N)];
}

std::string letters_of(std::string_view text) {
  std::string letters;
  for (const char c : text)
    if (std::isalpha(static_cast<unsigned char>(c)) != 0)
      letters += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return letters;
}

std::string upper(std::string text) {
  for (char& letter : text) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  return text;
}

// One word to begin or end with, mostly one that nobody knows: it has to be copied letter by letter.
std::string token_word(Words& words) {
  Random& random = words.random();
  const std::uint64_t kind = random.below(10);
  std::string word = kind < 4   ? words.made_up()
                     : kind < 7 ? words.noun()
                     : kind < 8 ? words.verb()
                     : kind < 9 ? words.code()
                                : words.made_up();
  if (kind == 9) word += " " + words.noun();
  if (kind != 8 && random.chance(0.6)) word = random.chance(0.85) ? capitalised(word) : upper(word);
  return word;
}

// One to three signs, mostly one: any of them, for from a list of known ones a model learns the list and not
// to copy.
std::string sign(Random& random) {
  static constexpr std::string_view kSigns = "!$%&'()*+,-./:;<=>@[\\]^_`{|}~";
  std::string text;
  do text += kSigns[random.below(kSigns.size())];
  while (text.size() < 3 && random.chance(0.4));
  return text;
}

std::string open_token(Words& words) {
  static constexpr std::array<const char*, 6> kKnown = {
      "Answer: ", "Result: ", "Sure: ", "Note: ", "Yes, ", "Here it is: "};
  static constexpr std::array<const char*, 6> kBefore = {"", "", "", "(", "* ", "<"},
                                              kBehind = {": ", ": ", " - ", "; ", ", ", " "};
  Random& random = words.random();
  const std::uint64_t kind = random.below(20);
  if (kind < 6) return sign(random) + (random.chance(0.7) ? " " : "");
  if (kind < 8) return pick(random, kKnown);
  const std::string before = pick(random, kBefore), word = token_word(words);
  if (before == "(") return before + word + ") ";
  if (before == "<") return before + word + "> ";
  if (random.chance(0.2)) return before + word + sign(random) + " ";
  return before + word + pick(random, kBehind);
}

// Never with a space at its end: nothing would show whether it was written.
std::string close_token(Words& words) {
  static constexpr std::array<const char*, 5> kKnown = {" Done.", " OK", " Thanks.", " Over.", " Amen."};
  static constexpr std::array<const char*, 5> kBefore = {" ", " ", " - ", ", ", "; "},
                                              kBehind = {".", ".", "", "!", " -"};
  Random& random = words.random();
  const std::uint64_t kind = random.below(20);
  if (kind < 7) return (random.chance(0.4) ? " " : "") + sign(random);
  if (kind < 9) return pick(random, kKnown);
  if (kind < 11) {
    const std::string word = token_word(words);
    return random.chance(0.5) ? " (" + word + ")" : " [" + word + "]";
  }
  const std::string before = pick(random, kBefore), word = token_word(words);
  return before + word + (random.chance(0.15) ? sign(random) : pick(random, kBehind));
}

template <typename Draw>
std::string training_token(const Draw& draw) {
  for (;;) {
    std::string token = draw();
    if (!resembles_held_out_token(token)) return token;
  }
}

// Marks with a name, and how they are named.
struct Marks {
  const char *open, *close, *name;
};
constexpr std::array<Marks, 8> kMarks = {{{"[", "]", "square brackets"},
                                          {"(", ")", "round brackets"},
                                          {"{", "}", "curly brackets"},
                                          {"\"", "\"", "double quotes"},
                                          {"'", "'", "single quotes"},
                                          {"*", "*", "stars"},
                                          {"**", "**", "double stars"},
                                          {"<", ">", "angle brackets"}}};
// A word with a space on both sides has no name: it is clearer in quotes.
struct Mark {
  const char *text, *name;
};
constexpr std::array<Mark, 9> kBetween = {{{", ", "a comma and a space"},
                                           {"; ", "a semicolon and a space"},
                                           {"/", "a slash"},
                                           {"-", "a hyphen"},
                                           {"+", "a plus sign"},
                                           {" and ", ""},
                                           {" or ", ""},
                                           {"_", "an underscore"},
                                           {",", "a comma without a space"}}};

// Around something: marks with a name, tags, or a word on both sides.
std::pair<std::string, std::string> draw_marks(Words& words) {
  Random& random = words.random();
  const std::uint64_t kind = random.below(6);
  if (kind < 3) {
    const Marks& marks = kMarks[random.below(kMarks.size())];
    return {marks.open, marks.close};
  }
  static constexpr std::array<const char*, 5> kDoubled = {"~", "--", "__", "%", "::"};
  if (kind == 3) {
    std::string mark = pick(random, kDoubled);
    return {mark, mark};
  }
  const std::string word =
      training_token([&] { return random.chance(0.6) ? words.made_up() : words.noun(); });
  if (kind == 4) return {"<" + word + ">", "</" + word + ">"};
  return {word + " ", " " + word};
}

// "{W}" is the items' name in the singular, "{S}" in the plural.
std::string worded(Items items, std::string_view pattern, std::span<const Slots> more = {}) {
  static constexpr std::array<std::pair<const char*, const char*>, 4> kNames = {
      {{"word", "words"}, {"name", "names"}, {"entry", "entries"}, {"word", "words"}}};
  const auto& [one, many] = kNames[static_cast<std::size_t>(items)];
  std::vector<Slots> slots(more.begin(), more.end());
  slots.emplace_back("W", one);
  slots.emplace_back("S", many);
  return fill(pattern, slots);
}

void set_layout(Words& words, Format& format) {
  Random& random = words.random();
  static constexpr std::array<const char*, 5> kNumbers = {") ", ". ", ": ", " - ", "] "};
  static constexpr std::array<const char*, 5> kBullets = {"- ", "* ", "+ ", "> ", "-- "};
  const std::uint64_t kind = random.below(8);
  if (kind < 3) {
    format.layout = Format::Layout::joined;
    format.mark = kBetween[random.below(kBetween.size())].text;
  } else if (kind == 3) {
    format.layout = Format::Layout::joined;
    format.mark = training_token([&] {
      const std::string word = token_word(words);
      return random.chance(0.5) ? " " + word + " " : "-" + word + "-";
    });
  } else if (kind < 6) {
    format.layout = Format::Layout::numbered;
    format.mark = pick(random, kNumbers);
    format.between = random.chance(0.5) ? "\n" : " ";
  } else {
    format.layout = Format::Layout::lines;
    const std::uint64_t bullet = random.below(3);
    if (bullet == 1) format.mark = pick(random, kBullets);
    if (bullet == 2) format.mark = training_token([&] { return token_word(words) + " "; });
  }
}

// Whether the direction can be asked for together with what is there already.
bool fits(const Format& format, Direction direction, Items items) {
  const bool one = format.pick == Format::Pick::first || format.pick == Format::Pick::last;
  const bool counted = format.pick == Format::Pick::count;
  const bool flat = format.layout == Format::Layout::given || format.layout == Format::Layout::joined;
  const bool plain_items = format.layout == Format::Layout::given && format.times == 1 &&
                           format.item_open.empty() && format.item_close.empty();
  switch (direction) {
    case Direction::prefix:
      return format.count_mark.empty();
    case Direction::suffix:
      return true;
    case Direction::layout:
      return items != Items::sentence && !one && !counted && format.count_mark.empty();
    case Direction::letters:
      return items != Items::values && !counted;
    case Direction::order:
      return items != Items::sentence && (format.pick == Format::Pick::all);
    case Direction::pick:
      return items != Items::sentence && format.order == Format::Order::given && plain_items &&
             format.letters == Format::Case::given && format.count_mark.empty() && format.open.empty();
    case Direction::item_marks:
      return items != Items::sentence && !counted && format.open.empty() &&
             format.layout != Format::Layout::numbered && format.times == 1;
    case Direction::marks:
      return !counted && format.count_mark.empty() && format.item_open.empty() && flat;
    case Direction::count:
      return items != Items::sentence && format.prefix.empty() && format.open.empty() &&
             format.pick == Format::Pick::all && flat;
    case Direction::times:
      return items == Items::words && !counted && format.item_open.empty() && format.item_close.empty();
  }
  return false;
}

void take(Words& words, Format& format, Direction direction, Items items) {
  Random& random = words.random();
  switch (direction) {
    case Direction::prefix:
      format.prefix = training_token([&] { return open_token(words); });
      return;
    case Direction::suffix:
      format.suffix = training_token([&] { return close_token(words); });
      return;
    case Direction::layout:
      return set_layout(words, format);
    case Direction::letters:
      format.letters =
          items == Items::words && random.chance(0.4) ? Format::Case::capitalised : Format::Case::upper;
      return;
    case Direction::order:
      format.order = items != Items::values && random.chance(0.4) ? Format::Order::alphabetical
                                                                  : Format::Order::reversed;
      return;
    case Direction::pick: {
      static constexpr std::array<Format::Pick, 4> kPicks = {Format::Pick::first, Format::Pick::last,
                                                             Format::Pick::rest, Format::Pick::count};
      format.pick = kPicks[random.below(kPicks.size())];
      return;
    }
    case Direction::item_marks:
      std::tie(format.item_open, format.item_close) = draw_marks(words);
      if (random.chance(0.3)) {
        format.item_open = training_token([&] { return token_word(words); }) + " ";
        format.item_close.clear();
      }
      return;
    case Direction::marks:
      std::tie(format.open, format.close) = draw_marks(words);
      return;
    case Direction::count: {
      static constexpr std::array<const char*, 3> kMarksBehind = {": ", " - ", ") "};
      format.count_mark = pick(random, kMarksBehind);
      return;
    }
    case Direction::times:
      format.times = 2;
  }
}

std::string marks_sentence(Random& random, std::string_view open, std::string_view close, Items items,
                           bool each) {
  for (const Marks& marks : kMarks) {
    if (open != marks.open || close != marks.close) continue;
    static constexpr std::array<const char*, 3> kEach = {
        "Put each {W} in {n}.", "Every {W} stands in {n} of its own.", "Write each {W} between {n}."};
    static constexpr std::array<const char*, 3> kAll = {"Put all {S} together in one pair of {n}.",
                                                        "Put the {S} as a whole between {n}.",
                                                        "Write one pair of {n} around all the {S}."};
    const Slots slots[] = {{"n", marks.name}};
    return worded(items, each ? pick(random, kEach) : pick(random, kAll), slots);
  }
  static constexpr std::array<const char*, 3> kEach = {"Put each {W} between \"{o}\" and \"{c}\".",
                                                       "Write \"{o}\" before and \"{c}\" after every {W}.",
                                                       "Each {W} begins with \"{o}\" and ends with \"{c}\"."};
  static constexpr std::array<const char*, 3> kAll = {
      "Put the {S} as a whole between \"{o}\" and \"{c}\".",
      "Write \"{o}\" once before the first {W} and \"{c}\" once behind the last.",
      "Write \"{o}\", then the {S}, then \"{c}\"."};
  static constexpr std::array<const char*, 3> kBefore = {"Put \"{o}\" before every {W}.",
                                                         "Write \"{o}\" in front of each {W}.",
                                                         "Each {W} begins with \"{o}\"."};
  const Slots slots[] = {{"o", open}, {"c", close}};
  if (close.empty()) return worded(items, pick(random, kBefore), slots);
  return worded(items, each ? pick(random, kEach) : pick(random, kAll), slots);
}

std::string layout_sentence(Random& random, const Format& format, Items items) {
  const Slots slots[] = {{"t", format.mark}};
  if (format.layout == Format::Layout::joined) {
    static constexpr std::array<const char*, 4> kJoin = {
        "Join the {S} with \"{t}\".", "Put \"{t}\" between the {S}.", "Separate the {S} by \"{t}\".",
        "Between two {S} write \"{t}\"."};
    for (const Mark& mark : kBetween) {
      if (format.mark != mark.text || *mark.name == '\0' || random.chance(0.5)) continue;
      static constexpr std::array<const char*, 2> kNamed = {"Separate the {S} by {n}.",
                                                            "Put {n} between the {S}."};
      const Slots named[] = {{"n", mark.name}};
      return worded(items, pick(random, kNamed), named);
    }
    return worded(items, pick(random, kJoin), slots);
  }
  if (format.layout == Format::Layout::numbered) {
    static constexpr std::array<const char*, 3> kNumber = {
        "Write \"1{t}\" before the first {W}, \"2{t}\" before the second and so on, {p}.",
        "Number the {S} with \"1{t}\", \"2{t}\", \"3{t}\", {p}.",
        "Each {W} gets its number: \"1{t}\" and the first {W}, \"2{t}\" and the second, {p}."};
    const Slots placed[] = {{"t", format.mark},
                            {"p", format.between == "\n" ? "each on a line of its own" : "all on one line"}};
    return worded(items, pick(random, kNumber), placed);
  }
  static constexpr std::array<const char*, 3> kLines = {
      "Write each {W} on a line of its own.", "Write one {W} a line.", "Begin a new line for every {W}."};
  static constexpr std::array<const char*, 3> kBullets = {
      "Write one {W} a line, each behind \"{t}\".", "Make a list: every line is \"{t}\" and one {W}.",
      "Write each {W} on a line of its own that begins with \"{t}\"."};
  return worded(items, format.mark.empty() ? pick(random, kLines) : pick(random, kBullets), slots);
}

std::vector<std::string> inner_sentences(Random& random, const Format& format, Items items) {
  std::vector<std::string> sentences;
  const auto say = [&](const auto& patterns) { sentences.push_back(worded(items, pick(random, patterns))); };
  static constexpr std::array<const char*, 3> kFirst = {"Answer with the first {W} only.",
                                                        "Give only the first {W}.",
                                                        "Keep the first {W} and leave out the rest."},
                                              kLast = {"Answer with the last {W} only.",
                                                       "Give only the last {W}.",
                                                       "Keep the last {W} and leave out the rest."},
                                              kRest = {"Leave out the first {W}.",
                                                       "Give all {S} but the first.",
                                                       "Drop the first {W} and keep the others."},
                                              kCount = {"Answer with the number of {S}.",
                                                        "Say how many {S} there are, as a number.",
                                                        "Count the {S} and answer with the number."};
  static constexpr std::array<const char*, 3> kReversed = {"Write the {S} in reverse order.",
                                                           "Turn the order of the {S} round.",
                                                           "Go from the last {W} to the first."},
                                              kSorted = {"Sort the {S} by the alphabet.",
                                                         "Put the {S} in alphabetical order.",
                                                         "Order the {S} from A to Z."},
                                              kTwice = {"Write every {W} twice.",
                                                        "Give each {W} two times, one after the other.",
                                                        "Say every {W} twice in a row."},
                                              kUpper = {"Write the user's {S} in capital letters.",
                                                        "Use capital letters for all the {S}.",
                                                        "Put the {S} in upper case."},
                                              kCapital = {"Write each {W} with a capital first letter.",
                                                          "Capitalise every {W}.",
                                                          "Begin each {W} with a capital letter."};
  if (format.pick == Format::Pick::first) say(kFirst);
  if (format.pick == Format::Pick::last) say(kLast);
  if (format.pick == Format::Pick::rest) say(kRest);
  if (format.pick == Format::Pick::count) say(kCount);
  if (format.order == Format::Order::reversed) say(kReversed);
  if (format.order == Format::Order::alphabetical) say(kSorted);
  if (format.letters == Format::Case::upper) say(kUpper);
  if (format.letters == Format::Case::capitalised) say(kCapital);
  if (format.times == 2) say(kTwice);
  if (!format.item_open.empty())
    sentences.push_back(marks_sentence(random, format.item_open, format.item_close, items, true));
  if (format.layout != Format::Layout::given) sentences.push_back(layout_sentence(random, format, items));
  if (!format.count_mark.empty()) {
    static constexpr std::array<const char*, 3> kCountFirst = {
        "First write how many {S} there are and \"{t}\", then the {S}.",
        "Start with the number of {S} and \"{t}\", then give them.",
        "Before the {S} write their number, followed by \"{t}\"."};
    const Slots slots[] = {{"t", format.count_mark}};
    sentences.push_back(worded(items, pick(random, kCountFirst), slots));
  }
  if (!format.open.empty())
    sentences.push_back(marks_sentence(random, format.open, format.close, items, false));
  return sentences;
}

std::string outer_sentence(Random& random, const Format& format) {
  static constexpr std::array<const char*, 6> kBegin = {
      "Begin every answer with \"{t}\".",      "Always write \"{t}\" first.",
      "Every answer starts with \"{t}\".",     "Put \"{t}\" in front of everything else.",
      "The first thing you write is \"{t}\".", "Start each answer with \"{t}\"."};
  static constexpr std::array<const char*, 6> kEnd = {
      "End every answer with \"{u}\".",       "Close each answer with \"{u}\".",
      "Every answer ends with \"{u}\".",      "Write \"{u}\" at the very end.",
      "The last thing you write is \"{u}\".", "After everything else write \"{u}\"."};
  static constexpr std::array<const char*, 3> kBoth = {
      "Begin with \"{t}\" and end with \"{u}\".", "Every answer starts with \"{t}\" and stops with \"{u}\".",
      "Write \"{t}\" at the very start and \"{u}\" at the very end."};
  const Slots slots[] = {{"t", format.prefix}, {"u", format.suffix}};
  if (format.suffix.empty()) return fill(pick(random, kBegin), slots);
  if (format.prefix.empty()) return fill(pick(random, kEnd), slots);
  return fill(pick(random, kBoth), slots);
}

Format drawn_from(Words& words, Items items, std::vector<Direction> bag, std::uint64_t directions) {
  words.random().shuffle(bag);
  Format format;
  std::set<Direction> taken;
  for (const Direction direction : bag) {
    if (taken.size() == directions) break;
    if (taken.contains(direction) || !fits(format, direction, items)) continue;
    taken.insert(direction);
    take(words, format, direction, items);
  }
  return format;
}

}  // namespace

bool resembles_held_out_token(std::string_view token) {
  if (token.find_first_of("?#") != std::string_view::npos || token.find("=>") != std::string_view::npos)
    return true;
  static const std::set<std::string> kWords = {"reply", "out", "say", "end", "bye"};
  return kWords.contains(letters_of(token));
}

Format draw_format(Words& words, Items items, std::uint64_t directions) {
  return drawn_from(
      words, items,
      {Direction::prefix, Direction::prefix, Direction::prefix, Direction::suffix, Direction::suffix,
       Direction::suffix, Direction::layout, Direction::layout, Direction::letters, Direction::order,
       Direction::pick, Direction::times, Direction::item_marks, Direction::marks, Direction::count},
      directions);
}

Format draw_frame(Words& words, Items items) {
  return drawn_from(words, items, {Direction::prefix, Direction::suffix},
                    words.random().chance(0.75) ? 1 : 2);
}

std::string describe(Words& words, const Format& format, Items items) {
  Random& random = words.random();
  std::vector<std::string> sentences = inner_sentences(random, format, items);
  static constexpr std::array<const char*, 5> kRepeat = {
      "Repeat what was said.", "Say what the user says.", "Give the user's {S} back as they are.",
      "Write down what the user says.", "Answer with the same {S}."};
  if (sentences.empty() && random.chance(format.prefix.empty() && format.suffix.empty() ? 1.0 : 0.4))
    sentences.push_back(worded(items, pick(random, kRepeat)));
  if (!format.prefix.empty() || !format.suffix.empty()) {
    // Told first or last: it is the outermost either way.
    const std::string outer = outer_sentence(random, format);
    sentences.insert(random.chance(0.4) ? sentences.begin() : sentences.end(), outer);
  }
  static constexpr std::array<const char*, 3> kOpenings = {"The user sends {S}.", "You are given {S}.",
                                                           "Each message holds {S}."};
  if (items != Items::sentence && random.chance(0.25))
    sentences.insert(sentences.begin(), worded(items, pick(random, kOpenings)));
  return join(sentences, " ");
}

Formatted apply(const Format& format, std::vector<std::string> items, std::string_view separator) {
  if (format.pick == Format::Pick::first) items.resize(1);
  if (format.pick == Format::Pick::last) items = {items.back()};
  if (format.pick == Format::Pick::rest) items.erase(items.begin());
  if (format.pick == Format::Pick::count) items = {std::to_string(items.size())};
  if (format.order == Format::Order::reversed) std::reverse(items.begin(), items.end());
  if (format.order == Format::Order::alphabetical) std::sort(items.begin(), items.end());
  Formatted formatted;
  std::string& text = formatted.text;
  const auto decide = [&] {
    const auto at = static_cast<std::uint32_t>(text.size());
    if (formatted.decisions.empty() || formatted.decisions.back() != at) formatted.decisions.push_back(at);
  };
  const auto put = [&](const std::string& piece) {
    if (piece.empty()) return;
    decide();
    text += piece;
  };
  put(format.prefix);
  if (!format.count_mark.empty()) put(std::to_string(items.size()) + format.count_mark);
  put(format.open);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) {
      put(format.layout == Format::Layout::joined     ? format.mark
          : format.layout == Format::Layout::numbered ? format.between
          : format.layout == Format::Layout::lines    ? "\n"
                                                      : std::string(separator));
    }
    if (format.layout == Format::Layout::numbered) text += std::to_string(i + 1) + format.mark;
    if (format.layout == Format::Layout::lines) text += format.mark;
    std::string item = format.letters == Format::Case::upper         ? upper(items[i])
                       : format.letters == Format::Case::capitalised ? capitalised(items[i])
                                                                     : items[i];
    if (format.times == 2) item += " " + item;
    put(format.item_open);
    put(item);
    put(format.item_close);
  }
  put(format.close);
  put(format.suffix);
  decide();
  return formatted;
}

}  // namespace fulcrum
