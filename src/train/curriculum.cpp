#include "train/curriculum.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <ranges>

#include "base/error.h"
#include "train/curriculum_dialogue.h"
#include "train/curriculum_fields.h"
#include "train/curriculum_labels.h"
#include "train/curriculum_orders.h"
#include "train/curriculum_prose.h"
#include "train/curriculum_reading.h"
#include "train/curriculum_recall.h"
#include "train/curriculum_steps.h"
#include "train/thesaurus.h"

namespace fulcrum {
namespace {

enum class Family { copy, recall, reading, labels, fields, orders, sums, hops, closed_book, prose };

// Share of the episodes (of the column's sum) at the start, at 8%, at 40% and at the end of training; linear
// between. Copying and recall come first because nothing else is learnt before them, then reading and labels,
// long and mixed work last.
struct Share {
  Family family;
  const char* name;
  std::array<double, 4> at;
};
constexpr std::array<double, 4> kStops = {0.0, 0.08, 0.4, 1.0};
constexpr std::array<Share, 10> kShares = {{
    {Family::copy, "copy", {0.16, 0.05, 0.02, 0.02}},
    {Family::recall, "recall", {0.30, 0.13, 0.06, 0.04}},
    {Family::reading, "reading", {0.18, 0.30, 0.33, 0.29}},
    {Family::labels, "labels", {0.18, 0.22, 0.24, 0.42}},
    {Family::fields, "fields", {0.08, 0.14, 0.20, 0.14}},
    {Family::orders, "orders", {0.04, 0.06, 0.08, 0.07}},
    {Family::sums, "sums", {0.01, 0.04, 0.05, 0.04}},
    {Family::hops, "hops", {0.00, 0.02, 0.03, 0.03}},
    {Family::closed_book, "closed_book", {0.00, 0.01, 0.01, 0.01}},
    {Family::prose, "prose", {0.05, 0.06, 0.07, 0.05}},
}};

// The built-in shares, or what a caller put in their place.
std::array<Share, kShares.size()> shares_of(const FamilyShares& asked) {
  std::array<Share, kShares.size()> shares = kShares;
  if (asked.empty()) return shares;
  double total = 0;
  for (Share& share : shares) {
    const auto found = asked.find(share.name);
    share.at.fill(found == asked.end() ? 0.0 : found->second);
    if (share.family != Family::prose) total += share.at[0];
  }
  for (const auto& [name, share] : asked) {
    const bool known =
        std::any_of(shares.begin(), shares.end(), [&](const Share& each) { return name == each.name; });
    if (!known) {
      throw_error(ErrorCode::invalid_argument,
                  "shares of the curriculum: there is no family '{}', choose from: {}", name,
                  fmt::join(std::views::transform(shares, &Share::name), ", "));
    }
    if (!(share >= 0 && share < 1e6)) {
      throw_error(ErrorCode::invalid_argument,
                  "shares of the curriculum: {} is {}, expected a number from 0 on", name, share);
    }
  }
  if (!(total > 0)) {
    throw_error(ErrorCode::invalid_argument,
                "shares of the curriculum: all are 0, at least one family beside prose must have some");
  }
  return shares;
}

double share_at(const Share& share, double progress) {
  std::size_t i = 0;
  while (i + 2 < kStops.size() && progress > kStops[i + 1]) ++i;
  const double along = std::clamp((progress - kStops[i]) / (kStops[i + 1] - kStops[i]), 0.0, 1.0);
  return share.at[i] + along * (share.at[i + 1] - share.at[i]);
}

// The hardest level allowed rises to 1 before half of the training; easy episodes stay as frequent as hard
// ones: a rule that is told by one loud word has to be found in its examples before one that hides in a
// sentence can be.
Difficulty draw_difficulty(Random& random, double progress) {
  const double ceiling = std::min(1.0, 0.15 + 2.2 * progress);
  return {ceiling * random.uniform()};
}

}  // namespace

struct Curriculum::State {
  std::uint64_t seed = 0;
  std::array<Share, kShares.size()> shares = kShares;
  Prose prose;
  Thesaurus thesaurus;
  RealWords real;  // of the two
};

Curriculum Curriculum::make(std::uint64_t seed, const Path& text_folder, const FamilyShares& shares,
                            const Path& thesaurus_folder) {
  auto state = std::make_shared<State>();
  state->seed = seed;
  state->shares = shares_of(shares);
  state->prose = Prose::read(text_folder);
  state->thesaurus = Thesaurus::read(thesaurus_folder);
  if (!state->thesaurus.empty()) state->real.thesaurus = &state->thesaurus;
  state->real.common = state->prose.words();
  state->real.keywords = state->prose.keywords();
  Curriculum curriculum;
  curriculum.state_ = std::move(state);
  return curriculum;
}

Episode Curriculum::episode(std::uint64_t index, double progress) const {
  if (!(progress >= 0 && progress <= 1)) {
    throw_error(ErrorCode::invalid_argument,
                "drawing an episode: progress is {}, expected a number from 0 to 1", progress);
  }
  // Streams are numbered by episode; the seed keeps curricula apart.
  Random random(state_->seed, index);
  const bool prose = !state_->prose.empty();
  double total = 0;
  for (const Share& share : state_->shares)
    total += share.family == Family::prose && !prose ? 0 : share_at(share, progress);
  double at = random.uniform() * total;
  Family family = Family::reading;
  for (const Share& share : state_->shares) {
    if (share.family == Family::prose && !prose) continue;
    family = share.family;
    at -= share_at(share, progress);
    if (at < 0) break;
  }
  const Difficulty difficulty = draw_difficulty(random, progress);
  Words words(random, Pool::training, state_->real);
  switch (family) {
    case Family::copy:
      return to_episode(copy_dialogue(words, difficulty));
    case Family::recall:
      return to_episode(recall_dialogue(words, difficulty));
    case Family::reading:
      return to_episode(reading_dialogue(words, difficulty));
    case Family::labels:
      return to_episode(labels_dialogue(words, difficulty));
    case Family::fields:
      return to_episode(fields_dialogue(words, difficulty));
    case Family::orders:
      return to_episode(orders_dialogue(words, difficulty));
    case Family::sums:
      return to_episode(sums_dialogue(words, difficulty));
    case Family::hops:
      return to_episode(hops_dialogue(words, difficulty));
    case Family::closed_book:
      return to_episode(closed_book_dialogue(words));
    case Family::prose:
      break;
  }
  Dialogue plain;
  plain.family = "prose";
  const std::uint64_t bytes = 300 + random.below(900);
  std::string text;
  if (!state_->thesaurus.empty() && random.chance(0.25)) {
    while (text.size() < bytes) text += random.choose(state_->thesaurus.entries()) + "\n";
  } else {
    text = state_->prose.passage(random, bytes);
  }
  plain.turns.push_back({Speaker::user, std::move(text), Lesson::plain});
  return to_episode(plain);
}

std::string Curriculum::description() const {
  std::string text = fmt::format(
      "curriculum with seed {}; shares of episodes at the start, 8%, 40% and the end:", state_->seed);
  for (const Share& share : state_->shares) {
    text += fmt::format(" {} {}", share.name, fmt::join(share.at, "/"));
    text += &share == &state_->shares.back() ? "." : ",";
  }
  text += state_->prose.empty()
              ? " No prose: the text folder is missing, its share goes to the others."
              : fmt::format(" Prose from {} bytes of text, {} words for the other families.",
                            state_->prose.bytes(), state_->prose.words().size());
  text += state_->thesaurus.empty()
              ? " No thesaurus: questions use the words of the documents."
              : fmt::format(" A thesaurus of {} verbs, {} nouns and {} adjectives.",
                            state_->thesaurus.actions().size(), state_->thesaurus.concepts().size(),
                            state_->thesaurus.qualities().size());
  return text;
}

std::vector<std::string> Curriculum::special_tokens() {
  std::vector<std::string> tokens = {"<|system|>", "<|user|>", "<|assistant|>", "<|tool|>", "<|end|>",
                                     "<doc>",      "</doc>",   "<think>",       "</think>"};
  for (int i = 0; i < 24; ++i) tokens.push_back(fmt::format("<|spare_{}|>", i));
  return tokens;
}

}  // namespace fulcrum
