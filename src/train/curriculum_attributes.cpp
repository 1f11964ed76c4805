// What can be said of things and people, as data, divided by hand between the pools.
#include "train/curriculum_lexicon.h"

namespace fulcrum {
namespace {

constexpr Pool kT = Pool::training, kH = Pool::held_out;

struct AttributeRow {
  Pool pool;
  const char* name;
  ValueKind kind;
  const char *statements, *questions;  // separated by '|'
};
using K = ValueKind;
constexpr AttributeRow kAttributes[] = {
    {kT, "price", K::price, "{e} costs {v}.|You can buy {e} for {v}.|Buyers pay {v} for {e}.",
     "How much does {e} cost?|How much is {e}?|What does one pay for {e}?"},
    {kT, "owner", K::person, "{e} belongs to {v}.|{v} owns {e}.", "Who owns {e}?|To whom does {e} belong?"},
    {kT, "colour", K::colour, "{e} is painted {v}.|People know {e} by its {v} colour.",
     "Which colour is {e}?|What colour does {e} have?"},
    {kT, "weight", K::measure, "{e} weighs {v}.", "How much does {e} weigh?|How heavy is {e}?"},
    {kT, "opening time", K::time, "{e} opens at {v}.|The doors of {e} open at {v}.",
     "When does {e} open?|At what time does {e} open?"},
    {kT, "closing time", K::time, "{e} closes at {v}.|{e} stays open until {v}.",
     "When does {e} close?|Until when is {e} open?"},
    {kT, "code", K::code, "{e} carries the code {v}.|{e} is filed under {v}.", "Which code does {e} carry?"},
    {kT, "deadline", K::date, "{e} is due on {v}.|{e} must be finished by {v}.",
     "When is {e} due?|By when must {e} be finished?"},
    {kT, "home town", K::place, "{e} lives in {v}.|{e} comes from {v}.|The house of {e} stands in {v}.",
     "Where does {e} live?|Where is the home of {e}?|Which town does {e} come from?"},
    {kT, "location", K::place, "{e} is found in {v}.|{e} stands in {v}.|You will find {e} in {v}.",
     "Where is {e}?|Where can {e} be found?|In which place is {e}?"},
    {kT, "founder", K::person, "{e} was founded by {v}.|{v} founded {e}.",
     "Who founded {e}?|By whom was {e} founded?"},
    {kT, "maker", K::person, "{e} was made by {v}.|{v} made {e}.", "Who made {e}?"},
    {kT, "keeper", K::person, "{v} looks after {e}.|{e} is kept by {v}.",
     "Who looks after {e}?|Who keeps {e}?"},
    {kT, "manager", K::person, "{v} is in charge of {e}.|{e} is run by {v}.",
     "Who runs {e}?|Who is in charge of {e}?"},
    {kT, "height", K::measure, "{e} is {v} tall.|{e} reaches a height of {v}.",
     "How tall is {e}?|How high is {e}?"},
    {kT, "length", K::measure, "{e} is {v} long.|{e} measures {v} from end to end.", "How long is {e}?"},
    {kT, "age", K::duration, "{e} is {v} old.", "How old is {e}?"},
    {kT, "capacity", K::number, "{e} holds {v} people.|Up to {v} people fit into {e}.",
     "How many people fit into {e}?|How many people does {e} hold?"},
    {kT, "number of rooms", K::number, "{e} has {v} rooms.|There are {v} rooms in {e}.",
     "How many rooms does {e} have?|How many rooms are there in {e}?"},
    {kT, "favourite food", K::noun, "{e} likes {v} best.|Nothing pleases {e} more than {v}.",
     "What does {e} like best?"},
    {kT, "phone number", K::phone, "You can call {e} on {v}.|{e} answers calls on {v}.",
     "On which number can you call {e}?"},
    {kT, "start date", K::date, "{e} starts on {v}.|{e} begins on {v}.",
     "When does {e} start?|On which day does {e} begin?"},
    {kT, "end date", K::date, "{e} ends on {v}.|{e} runs until {v}.",
     "When does {e} end?|Until which day does {e} run?"},
    {kT, "waiting time", K::duration, "One waits {v} for {e}.|It takes {v} to get {e}.",
     "How long does one wait for {e}?|How long does it take to get {e}?"},
    {kT, "fee", K::price, "{e} charges a fee of {v}.|A fee of {v} is charged for {e}.",
     "What fee does {e} charge?|What is charged for {e}?"},
    {kT, "limit", K::number, "No more than {v} are allowed for {e}.|{e} has an upper limit of {v}.",
     "How many are allowed for {e}?|What is the most allowed for {e}?"},
    {kT, "share", K::percent, "{e} takes {v} of the whole.", "How much of the whole does {e} take?"},
    {kT, "rest day", K::weekday, "{e} is closed on {v}.|{e} never works on {v}.",
     "On which day is {e} closed?|Which day is free for {e}?"},
    {kT, "meeting day", K::weekday, "{e} meets on {v}.|Every {v} there is a meeting of {e}.",
     "On which day does {e} meet?"},
    {kT, "material", K::noun, "{e} is made of {v}.", "What is {e} made of?"},
    {kT, "symbol", K::noun, "The sign of {e} shows a {v}.|{e} has a {v} on its flag.",
     "What does the sign of {e} show?|What is on the flag of {e}?"},
    {kT, "rival", K::person, "{e} competes with {v}.", "With whom does {e} compete?"},
    {kT, "teacher", K::person, "{v} taught {e}.|{e} learnt everything from {v}.",
     "Who taught {e}?|From whom did {e} learn?"},
    {kT, "birthplace", K::place, "{e} was born in {v}.", "Where was {e} born?|In which place was {e} born?"},
    {kT, "year", K::number, "{e} dates from {v}.|{e} was first seen in {v}.",
     "From which year does {e} date?|When was {e} first seen?"},
    {kT, "speed", K::measure, "{e} covers {v} in an hour.", "How far does {e} get in an hour?"},
    {kT, "room", K::code, "{e} is kept in room {v}.", "In which room is {e} kept?|Which room holds {e}?"},
    {kT, "size", K::number, "{e} comes in size {v}.", "In which size does {e} come?|What size is {e}?"},
    {kT, "guarantee", K::duration, "{e} is guaranteed for {v}.|The guarantee of {e} lasts {v}.",
     "For how long is {e} guaranteed?"},
    {kT, "departure", K::time, "{e} leaves at {v}.", "When does {e} leave?|At what time does {e} leave?"},
    {kT, "arrival", K::time, "{e} arrives at {v}.", "When does {e} arrive?|At what time does {e} arrive?"},
    {kT, "destination", K::place, "{e} is going to {v}.|{e} is headed for {v}.",
     "Where is {e} going?|Where is {e} headed?"},
    {kT, "quantity", K::number, "{e} has {v} pieces.|There are {v} of {e}.",
     "How many pieces does {e} have?|How many are there of {e}?"},
    {kT, "contact", K::person, "Ask {v} about {e}.|Questions about {e} go to {v}.",
     "Whom should one ask about {e}?|Who answers questions about {e}?"},
    {kT, "name", K::person, "", ""},
    {kT, "city", K::place, "", ""},
    {kT, "date", K::date, "", ""},
    {kT, "amount", K::price, "", ""},
    {kT, "nickname", K::person, "Friends call {e} {v}.", "What do friends call {e}?"},
    {kT, "reference", K::code, "", ""},
    {kT, "item", K::noun, "", ""},
    {kT, "tool", K::noun, "{e} works with a {v}.|{e} uses a {v}.",
     "What does {e} work with?|What does {e} use?"},
    {kT, "reward", K::price, "Whoever finds {e} gets {v}.", "What does the finder of {e} get?"},
    {kT, "condition", K::phrase, "{e} is given only for {v}.|{e} depends on {v}.",
     "For what is {e} given?|On what does {e} depend?"},
    {kT, "replacement", K::phrase, "Instead of {e} one gets {v}.|{e} is replaced by {v}.",
     "What does one get instead of {e}?|By what is {e} replaced?"},
    {kT, "present", K::phrase, "{e} comes with {v}.|With {e} there is also {v}.", "What comes with {e}?"},
    {kT, "plan", K::phrase, "{e} wants {v}.|The plan of {e} says: {v}.",
     "What does {e} want?|What does the plan of {e} say?"},
    {kT, "reason", K::phrase, "{e} came about because of {v}.",
     "Why did {e} come about?|What was the reason for {e}?"},
    {kH, "guardian", K::person, "{v} stands guard over {e}.", "Who stands guard over {e}?"},
    {kH, "rent", K::price, "{e} is let for {v}.", "For how much is {e} let?"},
    {kH, "depth", K::measure, "{e} is {v} deep.", "How deep is {e}?"},
    {kH, "inventor", K::person, "{e} was invented by {v}.", "Who invented {e}?"},
    {kH, "harvest day", K::weekday, "{e} is picked on {v}.", "On which day is {e} picked?"},
    {kH, "burial place", K::place, "{e} lies buried in {v}.", "Where does {e} lie buried?"},
    {kH, "seal", K::code, "{e} bears the seal {v}.", "Which seal does {e} bear?"},
    {kH, "term", K::duration, "{e} is lent out for {v}.", "For how long is {e} lent out?"},
};

std::vector<Attribute> load_attributes(Pool pool) {
  std::vector<Attribute> result;
  for (const AttributeRow& row : kAttributes) {
    if (row.pool != pool) continue;
    result.push_back(
        {row.name, json_key(row.name), row.kind, split(row.statements, '|'), split(row.questions, '|')});
  }
  return result;
}

}  // namespace

std::span<const Attribute> attributes(Pool pool) {
  static const std::vector<Attribute> training = load_attributes(Pool::training),
                                      held_out = load_attributes(Pool::held_out);
  return pool == Pool::training ? training : held_out;
}

}  // namespace fulcrum
