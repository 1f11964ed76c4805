#include "train/curriculum_deeds.h"

#include <array>

#include "train/thesaurus.h"

namespace fulcrum {
namespace {

using K = ValueKind;

// Base, past, gerund and agent of each verb, and the participle where it is not the past.
constexpr const char* kVerbs[] = {"paint painted painting painter",
                                  "bake baked baking baker",
                                  "clean cleaned cleaning cleaner",
                                  "repair repaired repairing repairer",
                                  "print printed printing printer",
                                  "record recorded recording recorder",
                                  "design designed designing designer",
                                  "plant planted planting planter",
                                  "polish polished polishing polisher",
                                  "test tested testing tester",
                                  "load loaded loading loader",
                                  "collect collected collecting collector",
                                  "discover discovered discovering discoverer",
                                  "restore restored restoring restorer",
                                  "translate translated translating translator",
                                  "publish published publishing publisher",
                                  "destroy destroyed destroying destroyer",
                                  "decorate decorated decorating decorator",
                                  "inspect inspected inspecting inspector",
                                  "sign signed signing signer",
                                  "carve carved carving carver",
                                  "shape shaped shaping shaper",
                                  "praise praised praising praiser",
                                  "admire admired admiring admirer",
                                  "visit visited visiting visitor",
                                  "train trained training trainer",
                                  "watch watched watching watcher",
                                  "protect protected protecting protector",
                                  "announce announced announcing announcer",
                                  "count counted counting counter",
                                  "cover covered covering coverer",
                                  "examine examined examining examiner",
                                  "film filmed filming filmer",
                                  "finish finished finishing finisher",
                                  "frame framed framing framer",
                                  "gather gathered gathering gatherer",
                                  "hunt hunted hunting hunter",
                                  "improve improved improving improver",
                                  "launch launched launching launcher",
                                  "mend mended mending mender",
                                  "pull pulled pulling puller",
                                  "push pushed pushing pusher",
                                  "rescue rescued rescuing rescuer",
                                  "review reviewed reviewing reviewer",
                                  "serve served serving server",
                                  "support supported supporting supporter",
                                  "trade traded trading trader",
                                  "wash washed washing washer",
                                  "welcome welcomed welcoming welcomer",
                                  "build built building builder",
                                  "write wrote writing writer written",
                                  "sell sold selling seller",
                                  "buy bought buying buyer",
                                  "find found finding finder",
                                  "lead led leading leader",
                                  "sing sang singing singer sung",
                                  "win won winning winner",
                                  "drive drove driving driver driven",
                                  "steal stole stealing stealer stolen",
                                  "draw drew drawing drawer drawn",
                                  "grow grew growing grower grown",
                                  "move moved moving mover",
                                  "open opened opening opener",
                                  "copy copied copying copier",
                                  "edit edited editing editor",
                                  "create created creating creator",
                                  "direct directed directing director",
                                  "govern governed governing governor",
                                  "conquer conquered conquering conqueror",
                                  "explore explored exploring explorer"};
// {b}ase, {p}ast, {d}one (participle), {g}erund, {n}oun, {r} who does it; {e} and {v} stay for the attribute.
struct Role {
  ValueKind kind;
  const char *name, *statements, *questions;
};
constexpr Role kRoles[] = {
    {K::person, "{r}", "{e} was {d} by {v}.|{v} {p} {e}.|It was {v} who {p} {e}.|{v} is known for {g} {e}.",
     "Who {p} {e}?|By whom was {e} {d}?|Who is known for {g} {e}?|Who was it that {p} {e}?"},
    {K::date, "{n} date", "{e} was {d} on {v}.|On {v} they {p} {e}.|The {n} of {e} fell on {v}.",
     "When was {e} {d}?|On which date was {e} {d}?|When did the {n} of {e} take place?"},
    {K::place, "{n} place", "{e} was {d} in {v}.|{v} is where they {p} {e}.|The {n} of {e} happened in {v}.",
     "Where was {e} {d}?|In which town was {e} {d}?|Where did the {n} of {e} happen?"},
    {K::price, "{n} cost", "They {p} {e} for {v}.|{v} was paid for {g} {e}.|{e} can be {d} for {v}.",
     "How much does {g} {e} cost?|What was paid for {g} {e}?|For what sum can {e} be {d}?"},
    {K::duration, "{n} time", "It takes {v} to {b} {e}.|The {n} of {e} lasts {v}.|{v} went by in {g} {e}.",
     "How long does it take to {b} {e}?|How long does {g} {e} last?|How much time goes by in {g} {e}?"},
    {K::noun, "{n} tool", "{e} is {d} with a {v}.|A {v} serves to {b} {e}.",
     "With what is {e} {d}?|What serves to {b} {e}?"},
    {K::number, "{n} count", "{e} was {d} {v} times.|They {p} {e} {v} times in a row.",
     "How often was {e} {d}?|How many times was {e} {d}?"},
    {K::weekday, "{n} day", "Every {v} {e} gets {d}.|{v} is the day for {g} {e}.",
     "Which weekday is for {g} {e}?|On what weekday does {e} get {d}?"},
    {K::code, "{n} number", "{e} was {d} under {v}.|The {n} of {e} is listed as {v}.",
     "Under what was {e} {d}?|How is the {n} of {e} listed?"},
    {K::phrase, "{n} reason", "{e} was {d} because of {v}.|{v} led them to {b} {e}.",
     "Why was {e} {d}?|What led them to {b} {e}?"},
    {K::time, "{n} hour", "{e} gets {d} at {v}.|At {v} someone will {b} {e}.",
     "At what hour does {e} get {d}?|When in the day will someone {b} {e}?"},
    {K::colour, "{n} colour", "They {p} {e} in {v}.|{v} is the colour for {g} {e}.",
     "In which colour was {e} {d}?|What is the colour for {g} {e}?"},
    {K::percent, "{n} share", "{v} of {e} has been {d}.|They have {d} {v} of {e}.",
     "How much of {e} has been {d}?|What part of {e} have they {d}?"},
};

using Slots = std::array<std::pair<std::string_view, std::string_view>, 8>;
Slots slots_of(const Deed& deed) {
  return {{{"b", deed.base},
           {"p", deed.past},
           {"d", deed.participle},
           {"g", deed.gerund},
           {"r", deed.agent},
           {"n", deed.act},
           {"e", "{e}"},
           {"v", "{v}"}}};
}

// The forms in each of the words.
std::vector<std::string> filled(std::string_view forms, const DeedWords& deed) {
  std::vector<std::string> result;
  for (const Deed& word : deed) {
    for (const std::string& form : split(forms, '|')) {
      if (!word.agent.empty() || form.find("{r}") == std::string::npos)
        result.push_back(fill(form, slots_of(word)));
    }
  }
  return result;
}

// How much of a quality something has: any adjective will do.
Attribute measure_attribute(Words& words) {
  Attribute attribute;
  attribute.kind = K::measure;
  std::vector<std::string> adjectives = {words.adjective()};
  attribute.name = adjectives.front() + "ness";
  if (words.thesaurus() != nullptr && words.random().chance(0.6)) {
    const Quality& quality = words.common(words.thesaurus()->qualities());
    adjectives = quality.names;
    attribute.name = quality.measure.empty() ? adjectives.front() + "ness" : quality.measure;
  }
  for (const std::string& adjective : adjectives) {
    attribute.statements.push_back("{e} is {v} " + adjective + ".");
    attribute.questions.push_back("How " + adjective + " is {e}?");
  }
  return attribute;
}

// A name that has nothing to do with the verb.
void call(Attribute& attribute, const std::string& name) {
  attribute.name = name;
  attribute.other_names.clear();
  attribute.questions.clear();
}

}  // namespace

DeedWords draw_deed(Words& words) {
  Random& random = words.random();
  if (words.thesaurus() != nullptr && random.chance(0.6)) {
    DeedWords deed;
    const auto* action = &words.common(words.thesaurus()->actions());
    // Most have one word only; a second draw makes those with several as frequent.
    if (action->size() < 2) action = &words.common(words.thesaurus()->actions());
    for (const ActionWord& word : *action) {
      deed.push_back({word.base, word.past, word.gerund, word.agent, word.participle,
                      word.act.empty() ? word.gerund : word.act});
    }
    random.shuffle(deed);
    return deed;
  }
  if (random.chance(0.3)) {
    const std::string root = words.made_up();
    return {{root, root + "ed", root + "ing", root + "er", root + "ed"}};
  }
  const std::vector<std::string> forms = split_words(kVerbs[random.below(std::size(kVerbs))]);
  return {{forms[0], forms[1], forms[2], forms[3], forms.size() > 4 ? forms[4] : forms[1]}};
}

Attribute deed_attribute(Words& words, const DeedWords& deed) {
  Random& random = words.random();
  Attribute attribute;
  if (random.chance(0.1)) {
    attribute = measure_attribute(words);
  } else {
    const Role& role = kRoles[random.below(std::size(kRoles))];
    std::vector<std::string> names = filled(role.name, deed);
    if (names.empty()) names = filled("{n}", deed);  // nobody is called after what they do
    attribute.name = names.back();
    names.pop_back();
    attribute.other_names = std::move(names);
    attribute.kind = role.kind;
    // The statement in one of the words, the question in any.
    attribute.statements = filled(role.statements, {random.choose(deed)});
    attribute.questions = filled(role.questions, deed);
  }
  if (random.chance(0.12)) {
    call(attribute, words.noun());
  } else if (words.thesaurus() != nullptr && random.chance(0.15)) {
    // By its class: only the captain can be a person, only the fee a price.
    for (int tries = 0; tries < 30; ++tries) {
      const Concept& drawn = words.common(words.thesaurus()->concepts());
      if (drawn.value != attribute.kind) continue;
      call(attribute, random.choose(drawn.names));
      break;
    }
  }
  attribute.key = json_key(attribute.name);
  return attribute;
}

}  // namespace fulcrum
