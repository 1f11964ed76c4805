#include "train/curriculum_orders.h"

#include <algorithm>
#include <array>

#include "train/curriculum_formats.h"

namespace fulcrum {
namespace {

std::string draw_word(Words& words) {
  Random& random = words.random();
  const std::uint64_t kind = random.below(5);
  return kind < 2 ? words.made_up() : kind < 4 ? words.noun() : words.adjective();
}

// `count` different ones of which none stands in another.
template <typename Draw>
std::vector<std::string> draw_items(std::size_t count, const Draw& draw) {
  std::vector<std::string> items;
  while (items.size() < count) {
    std::string item = draw();
    const bool clear = std::none_of(items.begin(), items.end(), [&](const std::string& other) {
      return other.find(item) != std::string::npos || item.find(other) != std::string::npos;
    });
    if (clear) items.push_back(std::move(item));
  }
  return items;
}

std::vector<std::string> draw_message(Words& words, Items items, ValueKind kind, std::size_t count) {
  switch (items) {
    case Items::words:
      return draw_items(count, [&] { return draw_word(words); });
    case Items::names:
      return draw_items(count, [&] { return words.name(); });
    case Items::values:
      return draw_items(std::min<std::size_t>(count, 5), [&] { return words.value(kind); });
    case Items::sentence:
      return {words.random().chance(0.5) ? words.filler() : words.sentence(words.topic())};
  }
  return {};
}

}  // namespace

Dialogue orders_dialogue(Words& words, Difficulty difficulty) {
  Random& random = words.random();
  Dialogue dialogue;
  dialogue.family = "orders";
  const std::uint64_t what = random.below(20);
  const Items items = what < 11   ? Items::words
                      : what < 14 ? Items::names
                      : what < 17 ? Items::values
                                  : Items::sentence;
  static constexpr std::array<ValueKind, 9> kKinds = {
      ValueKind::colour, ValueKind::price, ValueKind::date,    ValueKind::time,   ValueKind::code,
      ValueKind::place,  ValueKind::phone, ValueKind::weekday, ValueKind::measure};
  const ValueKind kind = kKinds[random.below(kKinds.size())];
  // Values may hold spaces; words and names do not.
  static constexpr std::array<const char*, 4> kSeparators = {", ", "; ", "\n", " "};
  const std::string_view separator = items == Items::values
                                         ? kSeparators[random.below(3)]
                                         : kSeparators[random.chance(0.65) ? 3 : random.below(3)];
  const bool bare = random.chance(0.03);
  const Format format = random.chance(0.5)
                            ? draw_frame(words, items)
                            : draw_format(words, items, bare ? 0 : 1 + random.below(difficulty.scaled(2, 4)));
  dialogue.system(describe(words, format, items));
  std::uint64_t low = format.pick == Format::Pick::rest || format.order != Format::Order::given ? 2 : 1;
  const std::uint64_t high = format.order == Format::Order::alphabetical ? 4 : difficulty.scaled(3, 7);
  // A pick means nothing where there is one.
  if (format.pick != Format::Pick::all && random.chance(0.9)) low = 2;
  const std::size_t turns = 1 + random.below(4);
  for (std::size_t turn = 0; turn < turns; ++turn) {
    const auto count = static_cast<std::size_t>(
        random.between(static_cast<std::int64_t>(low), static_cast<std::int64_t>(std::max(low, high))));
    const std::vector<std::string> message = draw_message(words, items, kind, count);
    dialogue.user(join(message, separator));
    Formatted formatted = apply(format, message, separator);
    dialogue.answer(std::move(formatted.text), std::move(formatted.decisions));
  }
  return dialogue;
}

Dialogue format_item(Words& words) {
  Random& random = words.random();
  Dialogue dialogue;
  dialogue.family = "orders";
  const bool begin = random.chance(0.5);
  const std::string token(begin ? kHeldOutOpen[random.below(4)] : kHeldOutClose[random.below(4)]);
  const std::string noun = words.noun(), text = noun + " " + words.made_up();
  dialogue.system(std::string(begin ? "Begin" : "End") + " every answer with \"" + token + "\".");
  dialogue.user(text);
  dialogue.answer(begin ? token + text : text + token);
  return dialogue;
}

}  // namespace fulcrum
