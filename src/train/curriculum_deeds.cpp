#include "train/curriculum_deeds.h"

#include <array>

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
// {b}ase, {p}ast, {d}one (participle), {g}erund, {r} who does it; {e} and {v} stay for the attribute.
struct Role {
  ValueKind kind;
  const char *name, *statements, *questions;
};
constexpr Role kRoles[] = {
    {K::person, "{r}", "{e} was {d} by {v}.|{v} {p} {e}.|It was {v} who {p} {e}.|{v} is known for {g} {e}.",
     "Who {p} {e}?|By whom was {e} {d}?|Who is known for {g} {e}?|Who was it that {p} {e}?"},
    {K::date, "{g} date", "{e} was {d} on {v}.|On {v} they {p} {e}.|The {g} of {e} fell on {v}.",
     "When was {e} {d}?|On which date was {e} {d}?|When did the {g} of {e} take place?"},
    {K::place, "{g} place", "{e} was {d} in {v}.|{v} is where they {p} {e}.|The {g} of {e} happened in {v}.",
     "Where was {e} {d}?|In which town was {e} {d}?|Where did the {g} of {e} happen?"},
    {K::price, "{g} cost", "They {p} {e} for {v}.|{v} was paid for {g} {e}.|{e} can be {d} for {v}.",
     "How much does {g} {e} cost?|What was paid for {g} {e}?|For what sum can {e} be {d}?"},
    {K::duration, "{g} time", "It takes {v} to {b} {e}.|The {g} of {e} lasts {v}.|{v} went by in {g} {e}.",
     "How long does it take to {b} {e}?|How long does {g} {e} last?|How much time goes by in {g} {e}?"},
    {K::noun, "{g} tool", "{e} is {d} with a {v}.|A {v} serves to {b} {e}.",
     "With what is {e} {d}?|What serves to {b} {e}?"},
    {K::number, "{g} count", "{e} was {d} {v} times.|They {p} {e} {v} times in a row.",
     "How often was {e} {d}?|How many times was {e} {d}?"},
    {K::weekday, "{g} day", "Every {v} {e} gets {d}.|{v} is the day for {g} {e}.",
     "Which weekday is for {g} {e}?|On what weekday does {e} get {d}?"},
    {K::code, "{g} number", "{e} was {d} under {v}.|The {g} of {e} is listed as {v}.",
     "Under what was {e} {d}?|How is the {g} of {e} listed?"},
    {K::phrase, "{g} reason", "{e} was {d} because of {v}.|{v} led them to {b} {e}.",
     "Why was {e} {d}?|What led them to {b} {e}?"},
    {K::time, "{g} hour", "{e} gets {d} at {v}.|At {v} someone will {b} {e}.",
     "At what hour does {e} get {d}?|When in the day will someone {b} {e}?"},
    {K::colour, "{g} colour", "They {p} {e} in {v}.|{v} is the colour for {g} {e}.",
     "In which colour was {e} {d}?|What is the colour for {g} {e}?"},
    {K::percent, "{g} share", "{v} of {e} has been {d}.|They have {d} {v} of {e}.",
     "How much of {e} has been {d}?|What part of {e} have they {d}?"},
};

std::vector<std::string> filled(std::string_view forms,
                                std::span<const std::pair<std::string_view, std::string_view>> slots) {
  std::vector<std::string> result = split(forms, '|');
  for (std::string& form : result) form = fill(form, slots);
  return result;
}

}  // namespace

Deed draw_deed(Words& words) {
  if (words.random().chance(0.3)) {
    const std::string root = words.made_up();
    return {root, root + "ed", root + "ing", root + "er", root + "ed"};
  }
  const std::vector<std::string> forms = split_words(kVerbs[words.random().below(std::size(kVerbs))]);
  return {forms[0], forms[1], forms[2], forms[3], forms.size() > 4 ? forms[4] : forms[1]};
}

Attribute deed_attribute(Words& words, const Deed& deed) {
  Random& random = words.random();
  const std::pair<std::string_view, std::string_view> slots[] = {
      {"b", deed.base}, {"p", deed.past}, {"d", deed.participle}, {"g", deed.gerund}, {"r", deed.agent},
      {"e", "{e}"},     {"v", "{v}"}};
  Attribute attribute;
  if (random.chance(0.1)) {
    // How much of a quality something has: any adjective will do.
    const std::string quality = words.adjective();
    attribute = {
        quality + "ness", "", K::measure, {"{e} is {v} " + quality + "."}, {"How " + quality + " is {e}?"}};
  } else {
    const Role& role = kRoles[random.below(std::size(kRoles))];
    attribute = {fill(role.name, slots), "", role.kind, filled(role.statements, slots),
                 filled(role.questions, slots)};
  }
  if (random.chance(0.12)) {
    attribute.name = words.noun();
    attribute.questions.clear();
  }
  attribute.key = json_key(attribute.name);
  return attribute;
}

}  // namespace fulcrum
