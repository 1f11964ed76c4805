#include "train/curriculum_message.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace fulcrum {
namespace {

using Slots = std::pair<std::string_view, std::string_view>;

template <std::size_t N>
std::string pick(Random& random, const std::array<const char*, N>& items) {
  return items[random.below(N)];
}

struct Told {
  const SchemaSlot* slot = nullptr;
  bool present = false;
  std::string value;  // as it stands in the text; of an implied one the option
  Json json;
};

std::string lower(std::string_view text) {
  std::string copy(text);
  for (char& c : copy) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return copy;
}

bool overlap(std::string_view a, std::string_view b) {
  const std::string x = lower(a), y = lower(b);
  return x.find(y) != std::string::npos || y.find(x) != std::string::npos;
}

class Writer {
 public:
  Writer(Words& words, const Deed& deed, const std::vector<SchemaSlot>& slots, const MessageOptions& options)
      : words_(words), random_(words.random()), deed_(deed), options_(options) {
    for (const SchemaSlot& slot : slots) told_.push_back(tell(slot));
  }

  SchemaMessage write() {
    const std::vector<std::string> facts = fact_sentences();
    std::vector<std::string> sentences = merged(facts);
    add_distractors(sentences);
    random_.shuffle(sentences);
    if (sentences.empty()) sentences.push_back(noise());
    std::string text = join(sentences, " ");
    text = framed(std::move(text));
    SchemaMessage message{std::move(text), {}};
    for (Told& told : told_) message.values.push_back(std::move(told.json));
    return message;
  }

 private:
  // A value that has nothing in common with those that are there already.
  std::string fresh_value(const SchemaSlot& slot) {
    for (;;) {
      std::string value = words_.value(slot.role.kind);
      // 12.10 would be written 12.1.
      if (slot.form == SlotForm::number && value.find('.') != std::string::npos && value.back() == '0')
        continue;
      const bool clear = std::none_of(used_.begin(), used_.end(),
                                      [&](const std::string& other) { return overlap(value, other); });
      if (!clear) continue;
      used_.push_back(value);
      return value;
    }
  }

  Told tell(const SchemaSlot& slot) {
    Told told{&slot, false, {}, Json(nullptr)};
    // Of a choice, a truth or a list that must have a value a missing one would have to be guessed.
    const bool copied =
        slot.form == SlotForm::text || slot.form == SlotForm::integer || slot.form == SlotForm::number;
    const double missing = slot.missing == Missing::told ? options_.missing_told
                           : copied                      ? options_.missing_unsaid
                                                         : 0.0;
    told.present = !random_.chance(missing);
    if (!told.present) return told;
    if (slot.form == SlotForm::list) {
      const std::uint64_t count = 1 + random_.below(3);
      Json names = Json::array();
      for (std::uint64_t i = 0; i < count; ++i) {
        const std::string name = fresh_value(slot);
        told.value += (i == 0 ? "" : i + 1 == count ? " and " : ", ") + name;
        names.push_back(name);
      }
      told.json = std::move(names);
      return told;
    }
    if (slot.form == SlotForm::choice && slot.implied.empty() && !slot.by_topic) {
      told.value = random_.choose(slot.options);
    } else if (slot.by_topic || !slot.implied.empty()) {
      told.value = slot.by_topic ? random_.choose(slot.options) : random_.choose(slot.implied).name;
    } else {
      told.value = fresh_value(slot);
    }
    switch (slot.form) {
      case SlotForm::integer:
        told.json = Json(std::stoll(told.value));
        break;
      case SlotForm::number: {
        // "$12.50", "3 kg": the digits with their point.
        const std::size_t begin = told.value.find_first_of("0123456789");
        const std::string digits =
            told.value.substr(begin, told.value.find_first_not_of("0123456789.", begin) - begin);
        told.json =
            digits.find('.') == std::string::npos ? Json(std::stoll(digits)) : Json(std::stod(digits));
        break;
      }
      case SlotForm::true_or_false:
        told.json = Json(told.value == "true");
        break;
      case SlotForm::yes_or_no:
        told.json = Json(told.value == "true" ? "yes" : "no");
        break;
      default:
        told.json = Json(told.value);
    }
    return told;
  }

  const Told* in_place(const std::vector<const Told*>& chosen, Place place) {
    for (const Told* told : chosen)
      if (told->slot->role.place == place && told->slot->implied.empty()) return told;
    return nullptr;
  }

  bool asked(Place place) const {
    return std::any_of(told_.begin(), told_.end(),
                       [&](const Told& told) { return told.slot->role.place == place; });
  }

  // "Mira from Torvin drew 3 pieces of the red lamp on 7 March for $5."
  std::string event(const std::vector<const Told*>& chosen) {
    const Told *subject = in_place(chosen, Place::subject), *origin = in_place(chosen, Place::origin),
               *object = in_place(chosen, Place::object), *count = in_place(chosen, Place::count),
               *colour = in_place(chosen, Place::colour);
    const std::string thing = object != nullptr ? object->value : std::string();
    std::string what;
    if (object != nullptr) {
      what = (colour != nullptr ? colour->value + " " : "") + thing;
      what = count != nullptr ? count->value + " pieces of the " + what : "the " + what;
    } else if (count != nullptr) {
      what = count->value + (colour != nullptr ? " " + colour->value : "") + " pieces";
    } else {
      what = colour != nullptr ? "something " + colour->value : "it";
    }
    std::vector<std::string> adjuncts;
    for (const Told* told : chosen) {
      if (told->slot->role.place != Place::adjunct) continue;
      const Slots slots[] = {{"v", told->value}};
      adjuncts.push_back(fill(told->slot->role.fragment, slots));
    }
    random_.shuffle(adjuncts);
    const std::string tail = join(adjuncts, "");
    // A person of no name would leave open whether it is the one asked for.
    const bool passive = subject == nullptr && (asked(Place::subject) || random_.chance(0.4));
    if (passive) {
      const bool many = count != nullptr;
      return capitalised(what) + (many ? " were " : " was ") + deed_.participle + tail + ".";
    }
    std::string who = subject != nullptr ? subject->value : random_.chance(0.7) ? "I" : "We";
    if (subject != nullptr && origin != nullptr) who += " from " + origin->value;
    return who + " " + deed_.past + " " + what + tail + ".";
  }

  std::string own_sentence(const Told& told) {
    const SchemaSlot& slot = *told.slot;
    if (slot.by_topic) {
      for (const Topic& topic : topics(Pool::training))
        if (topic.name == told.value) return words_.sentence(topic);
    }
    for (const Implied::Option& option : slot.implied)
      if (option.name == told.value) return random_.choose(option.sentences);
    const Slots slots[] = {{"v", told.value}};
    return capitalised(fill(random_.choose(slot.role.sentences), slots));
  }

  std::vector<std::string> fact_sentences() {
    std::vector<const Told*> scene, alone;
    const bool has_subject = std::any_of(told_.begin(), told_.end(), [](const Told& told) {
      return told.present && told.slot->role.place == Place::subject;
    });
    const double together = random_.chance(0.25 + 0.6 * options_.level) ? 0.7 : 0.0;
    for (const Told& told : told_) {
      if (!told.present) continue;
      const Place place = told.slot->role.place;
      const bool fits = told.slot->form != SlotForm::list && place != Place::none &&
                        place != Place::signature && (place != Place::origin || has_subject);
      (fits && scene.size() < 5 && random_.chance(together) ? scene : alone).push_back(&told);
    }
    // Where somebody comes from can be said of somebody only.
    const bool named = in_place(scene, Place::subject) != nullptr;
    if (!named) {
      const auto moved = std::find_if(scene.begin(), scene.end(), [](const Told* told) {
        return told->slot->role.place == Place::origin;
      });
      if (moved != scene.end()) {
        alone.push_back(*moved);
        scene.erase(moved);
      }
    }
    std::vector<std::string> sentences;
    if (scene.size() == 1) {
      alone.push_back(scene.front());
    } else if (!scene.empty()) {
      sentences.push_back(event(scene));
    }
    for (const Told* told : alone) {
      if (told->slot->role.place == Place::signature && random_.chance(0.6)) {
        signature_ = told->value;
        continue;
      }
      sentences.push_back(own_sentence(*told));
    }
    return sentences;
  }

  // Some neighbours become one sentence.
  std::vector<std::string> merged(std::vector<std::string> sentences) {
    static constexpr std::array<const char*, 5> kLinks = {" and ", ", and ", "; ", ", ", " - "};
    static constexpr std::array<const char*, 16> kLowered = {
        "It ", "The ", "They ", "In ", "There ", "Its ", "My ",         "You ",
        "We ", "For ", "As ",   "At ", "By ",    "On ",  "Everything ", "Nobody "};
    random_.shuffle(sentences);
    std::vector<std::string> result;
    for (std::string& sentence : sentences) {
      const bool joins = !result.empty() && result.back().ends_with('.') && sentence.ends_with('.') &&
                         result.back().size() + sentence.size() < 120 &&
                         random_.chance(0.35 * options_.level);
      if (!joins) {
        result.push_back(std::move(sentence));
        continue;
      }
      for (const char* start : kLowered)
        if (sentence.starts_with(start)) sentence[0] = static_cast<char>(std::tolower(sentence[0]));
      result.back().pop_back();
      result.back() += pick(random_, kLinks) + sentence;
    }
    return result;
  }

  std::optional<std::string> distractor(const Told& told) {
    const SchemaSlot& slot = *told.slot;
    if (slot.role.distractors.empty()) return std::nullopt;
    std::string other;
    if (slot.form == SlotForm::choice) {
      // Of two options, the wrong one would tell the right one.
      other = random_.choose(slot.options);
      if (slot.options.size() < 3 || other == told.value) return std::nullopt;
    } else {
      other = fresh_value(slot);
    }
    const Slots slots[] = {{"d", other}};
    return capitalised(fill(random_.choose(slot.role.distractors), slots));
  }

  void add_distractors(std::vector<std::string>& sentences) {
    for (const Told& told : told_) {
      if (!random_.chance(0.3 * options_.level)) continue;
      if (const std::optional<std::string> sentence = distractor(told)) sentences.push_back(*sentence);
    }
    const std::size_t count = random_.below(1 + static_cast<std::uint64_t>(options_.level * 2.5));
    for (std::size_t i = 0; i < count; ++i) sentences.push_back(noise());
  }

  // Says nothing that a schema asks for.
  std::string noise() {
    static constexpr std::array<const char*, 12> kNoise = {"{p} said nothing about it.",
                                                           "Nobody remembers why.",
                                                           "The rest is not known.",
                                                           "{p} and {q} had a long talk.",
                                                           "This was written down with care.",
                                                           "Many people asked about this.",
                                                           "There is more to tell.",
                                                           "The list was checked by {p}.",
                                                           "All of this is true.",
                                                           "That is how it was.",
                                                           "{p} has heard of it.",
                                                           "You know the rest."};
    const std::string p = words_.name(), q = words_.name();
    const Slots slots[] = {{"p", p}, {"q", q}};
    return fill(pick(random_, kNoise), slots);
  }

  std::string framed(std::string text) {
    static constexpr std::array<const char*, 8> kGreetings = {
        "Hello,",        "Good day.", "Dear all,", "Hi!", "Good evening,", "To whom it may concern:",
        "Dear friends,", "Greetings."};
    static constexpr std::array<const char*, 6> kClosings = {
        "Yours, ", "Best wishes, ", "Kind regards, ", "Bye for now, ", "Many thanks, ", "See you, "};
    if (random_.chance(0.3)) {
      text = pick(random_, kGreetings) + (random_.chance(0.5) ? " " : "\n") + text;
    }
    // Where the writer is asked for and not told, there is no name below.
    if (signature_.empty() && !asked(Place::signature) && !asked(Place::subject) && random_.chance(0.15))
      signature_ = words_.name();
    if (!signature_.empty()) {
      text += random_.chance(0.5) ? "\n" : " ";
      text += pick(random_, kClosings) + signature_;
    }
    if (options_.quotes_earlier && random_.chance(0.6)) text += "\n> " + quoted();
    return text;
  }

  // Lines of an earlier message: other values for what is asked.
  std::string quoted() {
    std::vector<std::string> sentences;
    for (const Told& told : told_) {
      if (told.slot->role.sentences.empty() || told.slot->form == SlotForm::choice || sentences.size() == 2)
        continue;
      if (!random_.chance(0.5)) continue;
      const std::string other = fresh_value(*told.slot);
      const Slots slots[] = {{"v", other}};
      sentences.push_back(capitalised(fill(random_.choose(told.slot->role.sentences), slots)));
    }
    if (sentences.empty()) sentences.push_back(noise());
    return join(sentences, " ");
  }

  Words& words_;
  Random& random_;
  const Deed& deed_;
  const MessageOptions& options_;
  std::vector<Told> told_;
  std::vector<std::string> used_;
  std::string signature_;
};

}  // namespace

bool names_another_topic(std::string_view text, const SchemaSlot& slot, std::string_view meant) {
  std::vector<std::string> in_text(1);
  for (const char c : lower(text)) {
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      in_text.back() += c;
    } else if (!in_text.back().empty()) {
      in_text.emplace_back();
    }
  }
  // "painted" speaks of "paint", "baking" of "bake".
  const auto speaks_of = [&](const std::string& word) {
    const std::string_view stem =
        word.size() >= 5 ? std::string_view(word).substr(0, word.size() - 1) : std::string_view(word);
    return std::any_of(in_text.begin(), in_text.end(), [&](const std::string& seen) {
      return seen == word || (word.size() >= 4 && seen.starts_with(stem));
    });
  };
  for (const Topic& topic : topics(Pool::training)) {
    if (topic.name == meant ||
        std::find(slot.options.begin(), slot.options.end(), topic.name) == slot.options.end())
      continue;
    for (const auto* list : {&topic.nouns, &topic.verbs, &topic.adjectives})
      if (std::any_of(list->begin(), list->end(), speaks_of)) return true;
  }
  return false;
}

SchemaMessage draw_schema_message(Words& words, const Deed& deed, const std::vector<SchemaSlot>& slots,
                                  const MessageOptions& options) {
  for (;;) {
    SchemaMessage message = Writer(words, deed, slots, options).write();
    bool clear = true;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      if (!slots[i].by_topic) continue;
      const Json& topic = message.values[i];
      clear = clear && !names_another_topic(message.text, slots[i],
                                            topic.is_null() ? std::string() : topic.get<std::string>());
    }
    if (clear) return message;
  }
}

}  // namespace fulcrum
