#include "train/curriculum_schema_words.h"

#include <utility>

namespace fulcrum {
namespace {

using Slots = std::pair<std::string_view, std::string_view>;
using K = ValueKind;

// Lists separated by '|'; {past}, {done} and {agent} are the event's verb.
struct RoleRow {
  ValueKind kind;
  Place place;
  const char *keys, *meanings, *fragment, *sentences, *distractors;
};
constexpr RoleRow kRoles[] = {
    {K::person, Place::subject, "{agent}|done_by", "who {past} it|the {agent}|the person who {past} it", "",
     "{v} {past} it.|It was {done} by {v}.|The {agent} is called {v}.|The {agent} was {v}.",
     "{d} only looked on.|We asked {d} too, but {d} said no.|{d} had no time for it.|The {agent} was not "
     "{d}."},
    {K::noun, Place::object, "item|thing|object|product",
     "what was {done}|the thing that was {done}|what they {past}|which thing was {done}", "",
     "They {past} the {v}.|The {v} was {done}.|What was {done} is the {v}.|It was the {v} they {past}.",
     "Not the {d}.|The {d} was left alone.|Nobody {past} the {d}.|The {d} is another matter."},
    {K::place, Place::origin, "home_town|city|town|home",
     "where the {agent} lives|the town the {agent} lives in|home town of the {agent}", " from {v}",
     "The {agent} lives in {v}.|The {agent} is at home in {v}.|The {agent} has a house in {v}.",
     "Nobody here has been to {d}.|The road to {d} was closed.|{d} is too far away."},
    {K::place, Place::adjunct, "place|location|where|spot",
     "where it was {done}|the place where it was {done}|in which place it was {done}", " in {v}",
     "It was {done} in {v}.|They {past} it in {v}.|The place where it was {done} is {v}.",
     "It was not {done} in {d}.|In {d} nothing was {done}.|{d} would have been too far."},
    {K::date, Place::adjunct, "date|day|when",
     "when it was {done}|the day it was {done}|the date|on which day it was {done}", " on {v}",
     "It was {done} on {v}.|They {past} it on {v}.|The date was {v}.|The day was {v}.",
     "On {d} there was nobody.|It was not {done} on {d}.|On {d} it would have been too late."},
    {K::time, Place::adjunct, "time|hour|at",
     "at what time it was {done}|the time of day|the hour it was {done}", " at {v}",
     "It was {done} at {v}.|They {past} it at {v}.|It was {v} by the clock.",
     "Nobody was there at {d}.|By {d} all was over.|At {d} it was too late."},
    {K::price, Place::adjunct, "price|cost|amount|total",
     "what was paid|the price|what it cost|how much it cost", " for {v}",
     "It cost {v}.|The price was {v}.|They paid {v}.|{v} was paid for it.",
     "Elsewhere it costs {d}.|Last year it cost {d}.|They had asked {d} at first."},
    {K::number, Place::count, "count|quantity|pieces|number_of_pieces",
     "how many|how many pieces were {done}|the number of pieces|how many pieces", "",
     "There were {v} pieces.|In all {v} pieces were {done}.|They {past} {v} pieces.",
     "Not {d} pieces, as someone said.|{d} pieces would have been too many."},
    {K::colour, Place::colour, "colour|color|paint", "its colour|the colour|which colour it has", "",
     "It is {v}.|The colour is {v}.|They wanted it in {v}.",
     "Not the {d} one.|It is not {d}.|Nobody likes it in {d}."},
    {K::person, Place::adjunct, "companion|friend|partner",
     "who came along|the person who came along|who was there too", " together with {v}",
     "{v} came along.|{v} was there too.|They took {v} along.",
     "{d} stayed at home.|{d} did not come along."},
    {K::code, Place::adjunct, "code|reference|id", "the code|its code|the code it is filed under",
     " under the code {v}", "The code is {v}.|It is filed under {v}.|The paper carries the code {v}.",
     "The old code {d} is not valid any more.|Please forget the code {d}.|{d} is the code of another case."},
    {K::person, Place::signature, "writer|name|sender",
     "who writes|name of the writer|the writer's name|who sent it", "",
     "My name is {v}.|This is {v} writing.|I am {v}.", "{d} sends greetings too.|I spoke to {d} about it."},
    {K::phone, Place::none, "phone|call|tel",
     "the writer's phone number|the number to call|which number to call", "",
     "Call me on {v}.|My phone number is {v}.|You can ring me on {v}.|Ring {v} for more.",
     "Do not call {d} any more.|My old number {d} is dead."},
    {K::duration, Place::none, "duration|wait|period",
     "how long it took|the time it took|how long that lasted", "",
     "It took {v}.|All in all it took {v}.|It lasted {v}.",
     "The last time it took {d}.|Others would have needed {d}."},
    {K::weekday, Place::none, "weekday|free_day",
     "the day the writer is free|on which day of the week the writer can come", "",
     "I am free on {v}.|{v} suits me.|I can come on {v}.", "{d} does not suit me.|On {d} I cannot come."},
    {K::measure, Place::none, "weight|size|length",
     "how big or heavy it is|its measure with the unit|its size with the unit", "",
     "It measures {v}.|Its size is {v}.|It comes to {v}.",
     "The other one measures {d}.|It would not fit into {d}."},
};

struct ImpliedRow {
  const char *key, *meaning, *group, *options;  // "name:sentence^sentence|name:..."
};
constexpr ImpliedRow kChoices[] = {
    {"mood", "how the writer feels", "mood",
     "happy:I am so pleased.^What a joy!^I could dance.|angry:This makes me mad.^I have had enough of "
     "this!^I "
     "am furious.|sad:I could cry.^My heart is broken.^It brings tears to my eyes.|afraid:I am scared.^I "
     "tremble "
     "when I think of it.^It frightens me."},
    {"season", "the time of the year", "weather",
     "spring:The first flowers came out.^The trees had their first leaves.|summer:We swam in the lake all "
     "day.^It was the hottest month.|autumn:The leaves turned yellow and fell.^It was the time of the "
     "harvest.|winter:It froze every night.^There was ice on the lake."},
    {"weather", "what the weather was like", "weather",
     "sun:There was not a cloud in the sky.^The sun shone.|rain:We got wet to the skin.^It poured.|snow:The "
     "roads "
     "were white.^White flakes fell.|wind:It blew my hat away.^There was a gale.|fog:One could not see ten "
     "steps "
     "ahead.^A grey mist lay over everything."},
    {"travel", "how they travelled", "travel",
     "air:We flew there.^The plane was full.|sea:We took the ship.^It was a long voyage over the "
     "waves.|road:We "
     "went by car.^The bus was full.|rail:We took the train.^The railway station was near."},
    {"urgency", "how urgent it is", "urgency",
     "high:It cannot wait.^Please, at once!^Every minute counts.|low:There is no hurry at all.^Take all the "
     "time "
     "you need.^It can wait."},
    {"size_class", "how large it is", "size",
     "big:It is huge.^It fills the room.^It is very large.|small:It is tiny.^It fits into a hand.^It is very "
     "little."},
    {"speed", "how fast it went", "speed",
     "fast:It went like lightning.^It was over in no time.|slow:It went at a snail's pace.^It dragged on and "
     "on."},
    {"part_of_day", "the part of the day", "time",
     "morning:The sun was just rising.^We had breakfast then.|noon:The sun stood at its highest.^We had "
     "lunch "
     "then.|evening:The sun was going down.^We had supper then.|night:All the stars were out.^Everybody was "
     "fast "
     "asleep."},
    {"verdict", "what the writer thinks of it", "mood",
     "good:I would do it again at any time.^I can recommend it to everyone.|bad:Never again.^I warn everyone "
     "against it.|mixed:Half of it was fine, half of it was not.^It had two sides, one to like and one not "
     "to "
     "like."},
    {"channel", "how the news came", "channel",
     "letter:I found it in an envelope.^It came on paper, with a stamp on it.|phone:Somebody rang me up "
     "about "
     "it.^I heard it on the phone.|visit:Somebody stood at my door and told me.^They came to my house to "
     "tell me."},
    {"age", "whether it is old or new", "age",
     "old:It is from my grandmother's time.^It has seen a hundred years.|new:It was made this week.^Nobody "
     "has "
     "ever used it before."},
};
constexpr ImpliedRow kFlags[] = {
    {"wants_answer", "is an answer wanted", "answer",
     "true:Please answer me.^I wait for your reply.^Let me know.|false:There is no need to answer.^You need "
     "not "
     "reply."},
    {"is_paid", "is it paid", "payment",
     "true:I have already paid.^Everything is paid for.|false:I have not paid yet.^The bill is still open."},
    {"in_order", "does it work", "working",
     "true:It works well.^It runs without a fault.|false:It does not work at all.^It stopped working."},
    {"been_before", "has the writer been there before", "visit",
     "true:I had been there before.^I know the place from earlier visits.|false:It was my first visit.^I had "
     "never "
     "been there."},
    {"is_gift", "is it a present for someone", "gift",
     "true:It is a present for someone.^I will give it away, with a ribbon around it.|false:I keep it for "
     "myself.^It is for my own use."},
    {"for_children", "is it meant for children", "children",
     "true:It is meant for the little ones.^Children will use it.|false:It is for grown-ups only.^It is "
     "nothing for "
     "children."},
    {"may_be_called", "may one call the writer", "call",
     "true:You may call me at any time.^Feel free to ring me up.|false:Please do not call me.^I do not want "
     "any "
     "calls."},
};

template <std::size_t N>
std::vector<Implied> load(const ImpliedRow (&rows)[N]) {
  std::vector<Implied> all;
  for (const ImpliedRow& row : rows) {
    Implied implied{row.key, row.meaning, {}, row.group};
    for (const std::string& option : split(row.options, '|')) {
      const std::size_t colon = option.find(':');
      implied.options.push_back(
          {option.substr(0, colon), split(std::string_view(option).substr(colon + 1), '^')});
    }
    all.push_back(std::move(implied));
  }
  return all;
}

}  // namespace

std::vector<Role> roles_of(const Deed& deed) {
  const Slots slots[] = {
      {"past", deed.past}, {"done", deed.participle}, {"agent", deed.agent}, {"v", "{v}"}, {"d", "{d}"}};
  const auto filled = [&](const char* list) { return split(fill(list, slots), '|'); };
  std::vector<Role> roles;
  for (const RoleRow& row : kRoles) {
    roles.push_back({row.kind, row.place, filled(row.keys), filled(row.meanings), row.fragment,
                     filled(row.sentences), filled(row.distractors)});
  }
  return roles;
}

std::span<const Implied> implied_choices() {
  static const std::vector<Implied> all = load(kChoices);
  return all;
}

std::span<const Implied> implied_flags() {
  static const std::vector<Implied> all = load(kFlags);
  return all;
}

}  // namespace fulcrum
