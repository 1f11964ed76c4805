#include "decide/search.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>

#include "base/error.h"
#include "base/random.h"
#include "decide/confirmation.h"
#include "measure/confidence_sequence.h"
#include "recipe/levers.h"

namespace fulcrum {

namespace {

// The first items tell how long a call takes, and the least that a later round is worth.
constexpr std::size_t kFirstItems = 4, kLeastItems = 4;
constexpr int kResamples = 200;
// The race ends when one arm is taken on so many resamples.
constexpr double kSure = 0.95;
// Of what is left, how much preparing a mere variation of an arm may take where the target is likely reached
// and the rest of the items is not paid for.
constexpr double kVariationShare = 0.6;
// Of the budget, what the race may take even where the leader's confirmation then overruns: to confirm the
// wrong recipe well is worth nothing.
constexpr double kLeastRace = 0.25;
// The leader's confirmation is kept safe from preparations if it reaches the target on so many resamples.
constexpr double kPromising = 0.5;

struct Runner {
  enum class State { waiting, racing, out } state = State::waiting;
  double answering_seconds = 0;
  double seconds_per_item = 0;
  double total_cost = 0;
  std::vector<std::size_t> stand_ins;      // the dearest first
  std::optional<std::size_t> replaced_by;  // the one of them that was prepared
};

class Race {
 public:
  Race(const std::vector<SearchArm>& arms, SearchGround& ground, const SearchSettings& settings)
      : arms_(arms),
        ground_(ground),
        settings_(settings),
        start_(ground.now_seconds()),
        runners_(arms.size()) {
    record_.budget_seconds = settings.budget_seconds;
    record_.dev_items = static_cast<std::int64_t>(ground.items());
    for (const SearchArm& arm : arms) {
      record_.arms.emplace_back();
      record_.arms.back().id = arm.id;
      record_.arms.back().levers = arm.levers;
    }
    for (std::size_t i = 0; i < arms.size(); ++i)
      if (stands_in(i)) runners_[position_of(arms[i].stands_in_for)].stand_ins.push_back(i);
  }

  SearchRecord run() {
    rule_out();
    round_ = 1;
    for (std::size_t arm = 0; arm < arms_.size(); ++arm)
      if (runners_[arm].state == Runner::State::waiting && ground_.prepare_seconds(arm) <= 0) enter(arm);
    answer_up_to(std::min(kFirstItems, ground_.items()));
    for (;; ++round_) {
      if (round_ > 1) {
        rank();  // what is kept for the leader is told by all that it has answered
        admit();
      }
      drop_proven();
      rank();
      if (round_ > 1) halve();  // the first few items tell how long a call takes, and no more
      close_round();
      if (is_over()) break;
      const std::size_t more = items_of_next_round();
      if (more == 0 && !is_waited_for()) break;
      answer_up_to(items_ + more);
    }
    settle();
    return std::move(record_);
  }

 private:
  using Positions = std::vector<std::size_t>;

  bool stands_in(std::size_t arm) const { return !arms_[arm].stands_in_for.empty(); }
  // For its turn; a stand-in has none of its own.
  bool waits(std::size_t arm) const {
    return runners_[arm].state == Runner::State::waiting && !stands_in(arm);
  }
  // The arm that has to be in the race before this one enters.
  std::optional<std::size_t> forerunner(std::size_t arm) const {
    if (runners_[arm].replaced_by) return runners_[arm].replaced_by;
    if (arms_[arm].parent.empty()) return std::nullopt;
    return position_of(arms_[arm].parent);
  }

  double spent() const { return ground_.now_seconds() - start_; }

  Positions racing() const {
    Positions positions;
    for (std::size_t i = 0; i < runners_.size(); ++i)
      if (runners_[i].state == Runner::State::racing) positions.push_back(i);
    return positions;
  }

  // An arm that has answered nothing is taken to be as fast as the fastest that shows it the same things.
  double seconds_per_item(std::size_t arm) const {
    if (runners_[arm].seconds_per_item > 0) return runners_[arm].seconds_per_item;
    double fastest = HUGE_VAL;
    for (std::size_t other = 0; other < arms_.size(); ++other)
      if (runners_[other].seconds_per_item > 0 && shows_as_much(arms_[other].levers, arms_[arm].levers))
        fastest = std::min(fastest, runners_[other].seconds_per_item);
    return std::isfinite(fastest) ? fastest : runners_[0].seconds_per_item;
  }

  static bool shows_as_much(const std::vector<std::string>& levers, const std::vector<std::string>& wanted) {
    return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& each) {
      return each == lever::kFineTune || std::find(levers.begin(), levers.end(), each) != levers.end();
    });
  }

  double confirmation_seconds(std::size_t arm) const {
    return ground_.confirmation_calls() * seconds_per_item(arm) + ground_.guard_seconds(arm);
  }

  double consistency_seconds(std::size_t arm) const {
    return ground_.consistency_calls() * seconds_per_item(arm);
  }

  // Left of the budget once the base has been confirmed and the leader, most likely recommended, asked again.
  double unspent() const {
    return settings_.budget_seconds - spent() - confirmation_seconds(0) -
           consistency_seconds(leader().value_or(0));
  }

  // The first arm of the last ranking, the base aside.
  std::optional<std::size_t> leader() const {
    for (const std::size_t arm : order_)
      if (arm != 0) return arm;
    return std::nullopt;
  }

  double leaders_confirmation() const {
    const auto arm = leader();
    return arm ? confirmation_seconds(*arm) : 0;
  }

  // What may go into preparing this arm and letting it catch up: it must be possible to confirm it then, and
  // the leader too if that is likely to be good enough.
  double left_for_preparing(std::size_t arm) const {
    return unspent() - confirmation_seconds(arm) - (is_promising_ ? leaders_confirmation() : 0);
  }

  // For confirming one arm of each kind of lever that is still there, as the end of the race will want to,
  // but for this arm's own kind and the leader's. By the quickest of them.
  double confirming_kinds(std::size_t arm) const {
    std::map<LeverKind, double> quickest;
    for (const std::size_t other : order_)
      if (other != 0 && runners_[other].state == Runner::State::racing) {
        const double seconds = confirmation_seconds(other);
        const auto [at, is_first] = quickest.emplace(kind_of(arms_[other].levers), seconds);
        if (!is_first) at->second = std::min(at->second, seconds);
      }
    quickest.erase(kind_of(arms_[arm].levers));
    if (const auto first = leader()) quickest.erase(kind_of(arms_[*first].levers));
    double sum = 0;
    for (const auto& [kind, seconds] : quickest) sum += seconds;
    return sum;
  }

  double price_of_entry(std::size_t arm) const {
    return ground_.prepare_seconds(arm) + static_cast<double>(items_) * seconds_per_item(arm);
  }

  void settle(std::size_t arm, ArmFate fate, std::string why, std::string against = {}) {
    runners_[arm].state = Runner::State::out;
    SearchedArm& settled = record_.arms[arm];
    settled.fate = fate;
    settled.round = round_;
    settled.why = std::move(why);
    settled.against = std::move(against);
  }

  void rule_out() {
    for (std::size_t i = 0; i < arms_.size(); ++i) {
      const auto standing = ruled_out(arms_[i].levers, settings_.circumstances);
      if (!standing) continue;
      settle(i, ArmFate::ruled_out,
             *standing == Standing::stale_facts
                 ? "The facts of this task change, and it would keep them in its weights."
                 : "The wanted behaviour keeps changing, and every change would be a training.");
    }
  }

  void enter(std::size_t arm) { runners_[arm].state = Runner::State::racing; }

  // Everyone in the race answers the items that it has not yet answered.
  void answer_up_to(std::size_t items) {
    items_ = items;
    for (const std::size_t arm : racing()) catch_up(arm);
  }

  void catch_up(std::size_t arm) {
    Runner& runner = runners_[arm];
    SearchedArm& searched = record_.arms[arm];
    if (searched.scores.size() >= items_) return;
    const double before = ground_.now_seconds();
    const std::vector<double> scores = ground_.answer(arm, searched.scores.size(), items_);
    searched.scores.insert(searched.scores.end(), scores.begin(), scores.end());
    const double seconds = ground_.now_seconds() - before;
    searched.seconds += seconds;
    runner.answering_seconds += seconds;
    runner.seconds_per_item = runner.answering_seconds / static_cast<double>(searched.scores.size());
    runner.total_cost = ground_.total_cost(arm, runner.seconds_per_item);
    ConfidenceSequence sequence(0, 1);
    sequence.add(searched.scores);
    const Interval interval = sequence.interval();
    searched.dev = {mean(searched.scores), interval.low, interval.high,
                    static_cast<std::int64_t>(searched.scores.size())};
  }

  // Trains what may enter now.
  void admit() {
    for (const std::size_t arm : by_need()) {
      if (const auto before = forerunner(arm)) {
        const std::string& id = arms_[*before].id;
        if (runners_[*before].state == Runner::State::out) {
          settle(arm, ArmFate::not_entered, fmt::format("It varies {}, which is out.", id), id);
          continue;
        }
        // One that has entered only now has yet to stand a round.
        if (runners_[*before].state == Runner::State::waiting || entered_this_round(*before)) continue;
      }
      if (const auto better = makes_needless(arm)) {
        settle(
            arm, ArmFate::not_entered,
            fmt::format("{} is shown to reach the target, and this could not cost less.", arms_[*better].id),
            arms_[*better].id);
        continue;
      }
      const auto version = affordable_version(arm);
      if (version) prepare(*version);
      if (version && version != arm)
        runners_[arm].replaced_by = version;  // its own turn comes if there is more left than was thought
      else if (!version)
        settle_unaffordable(arm);
    }
  }

  void prepare(std::size_t arm) {
    const double before = ground_.now_seconds();
    ground_.prepare(arm);
    record_.arms[arm].seconds += ground_.now_seconds() - before;
    enter(arm);
    entered_.emplace_back(arm, round_);
    catch_up(arm);
  }

  void settle_unaffordable(std::size_t arm) {
    const auto& instead = runners_[arm].replaced_by;
    settle(
        arm, ArmFate::not_afforded,
        fmt::format(
            "Preparing it would take about {:.0f} seconds, with {:.0f} left beside what confirming takes{}.",
            price_of_entry(arm), std::max(0.0, left_for_preparing(arm)),
            instead ? "; " + arms_[*instead].id + " ran in its place" : ""));
  }

  // Those that wait: first what varies nothing, for its kind of lever has not been seen yet; then variations,
  // those of what stands best before the others.
  Positions by_need() const {
    Positions waiting;
    for (std::size_t arm = 0; arm < arms_.size(); ++arm)
      if (waits(arm)) waiting.push_back(arm);
    const auto standing = [&](std::size_t arm) -> std::ptrdiff_t {
      const auto before = forerunner(arm);
      if (!before) return -1;
      return std::find(order_.begin(), order_.end(), *before) - order_.begin();
    };
    std::stable_sort(waiting.begin(), waiting.end(),
                     [&](std::size_t a, std::size_t b) { return standing(a) < standing(b); });
    return waiting;
  }

  // The arm itself, or the dearest that stands in for it, where the budget pays for that: with something left
  // for each kind of lever that is not seen yet, if there is enough for all.
  std::optional<std::size_t> affordable_version(std::size_t arm) const {
    const bool is_variation = forerunner(arm).has_value();
    Positions versions{arm};
    if (!runners_[arm].replaced_by)
      versions.insert(versions.end(), runners_[arm].stand_ins.begin(), runners_[arm].stand_ins.end());
    const double share = is_variation && is_promising_ ? kVariationShare : 1.0;
    std::vector<double> kept{is_variation ? confirming_kinds(arm) : least_for_others(arm)};
    if (!is_variation) kept.push_back(0);
    for (const double each : kept)
      for (const std::size_t version : versions)
        if (const double left = left_for_preparing(version) - each, price = price_of_entry(version);
            price <= std::max(share * left, left - seconds_of_all_items()))
          return version;
    return std::nullopt;
  }

  // What the items that are not answered yet would take of all in the race.
  double seconds_of_all_items() const {
    double seconds_an_item = 0;
    for (const std::size_t arm : racing()) seconds_an_item += runners_[arm].seconds_per_item;
    return static_cast<double>(ground_.items() - items_) * seconds_an_item;
  }

  // For preparing and confirming the cheapest version of each other arm that varies nothing and waits.
  double least_for_others(std::size_t arm) const {
    double seconds = 0;
    for (std::size_t other = 0; other < arms_.size(); ++other) {
      if (other == arm || !waits(other) || forerunner(other)) continue;
      double least = price_of_entry(other) + confirmation_seconds(other);
      for (const std::size_t each : runners_[other].stand_ins)
        least = std::min(least, price_of_entry(each) + confirmation_seconds(each));
      seconds += least;
    }
    return seconds;
  }

  bool entered_this_round(std::size_t arm) const {
    return std::find(entered_.begin(), entered_.end(), std::pair(arm, round_)) != entered_.end();
  }

  std::size_t position_of(const std::string& id) const {
    for (std::size_t i = 0; i < arms_.size(); ++i)
      if (arms_[i].id == id) return i;
    throw_error(ErrorCode::internal, "searching: there is no arm '{}'", id);
  }

  // An arm in the race that surely reaches the target and costs no more than this one would.
  std::optional<std::size_t> makes_needless(std::size_t arm) const {
    if (!settings_.circumstances.target) return std::nullopt;
    const double least = ground_.total_cost(arm, seconds_per_item(arm));
    for (const std::size_t other : racing())
      if (record_.arms[other].dev.low >= *settings_.circumstances.target &&
          runners_[other].total_cost <= least)
        return other;
    return std::nullopt;
  }

  // Of what has stand-ins, itself and one of them.
  double most_racing() const {
    double most = 0;
    for (std::size_t arm = 0; arm < arms_.size(); ++arm)
      if (!stands_in(arm)) most += runners_[arm].stand_ins.empty() ? 1 : 2;
    return most;
  }

  // Lower end of the difference b - a, at a level shared by all pairs of arms.
  double surely_better_by(std::size_t b, std::size_t a) const {
    const double most = most_racing();
    const double pairs = 0.5 * most * (most - 1);
    ConfidenceSequence differences(-1, 1, (1 - kConfidenceLevel) / std::max(1.0, pairs));
    const auto &better = record_.arms[b].scores, &worse = record_.arms[a].scores;
    for (std::size_t i = 0; i < worse.size(); ++i) differences.add(better[i] - worse[i]);
    return differences.interval().low;
  }

  // How much better b must be than a: a little, or what its higher cost is worth where that is said.
  double worth_it_from(std::size_t b, std::size_t a) const {
    const Circumstances& c = settings_.circumstances;
    const double dearer_by = runners_[b].total_cost - runners_[a].total_cost;
    if (!c.worth_of_right_answer || dearer_by <= 0) return 0;
    return dearer_by / (c.calls_per_month * c.horizon_months * *c.worth_of_right_answer);
  }

  void drop_proven() {
    const auto& target = settings_.circumstances.target;
    for (const std::size_t a : racing()) {
      for (const std::size_t b : racing()) {
        if (a == b || record_.arms[b].dev.estimate <= record_.arms[a].dev.estimate) continue;
        // A cheaper arm that may still reach the target is not out for being worse.
        if (target && runners_[a].total_cost < runners_[b].total_cost && record_.arms[a].dev.high >= *target)
          continue;
        const double margin = surely_better_by(b, a);
        if (margin <= worth_it_from(b, a)) continue;
        settle(a, ArmFate::proven_out,
               fmt::format("After {} items {} is better by at least {:.2f}.", items_, arms_[b].id, margin),
               arms_[b].id);
        break;
      }
    }
  }

  void rank() {
    const Positions positions = racing();
    if (positions.empty()) return;
    std::vector<double> wins(positions.size()), quality(positions.size()), cost(positions.size());
    for (std::size_t i = 0; i < positions.size(); ++i) cost[i] = runners_[positions[i]].total_cost;
    const auto& target = settings_.circumstances.target;
    int reaching = 0;
    std::vector<std::uint32_t> indices(items_);
    const Random prior(settings_.seed, stream_of("search prior"));
    for (int draw = 0; draw < kResamples; ++draw) {
      resample_indices(settings_.seed, draw, indices);
      for (std::size_t i = 0; i < positions.size(); ++i) {
        // One imagined item of any score: a few items that agree do not make a certainty.
        double sum = prior.uniform_at(static_cast<std::uint64_t>(draw) * arms_.size() + positions[i]);
        for (const std::uint32_t item : indices) sum += record_.arms[positions[i]].scores[item];
        quality[i] = sum / static_cast<double>(items_ + 1);
      }
      ++wins[preferred(quality, cost, settings_.circumstances)];
      reaching += !target || *std::max_element(quality.begin(), quality.end()) >= *target;
    }
    is_promising_ = reaching >= kPromising * kResamples;
    for (std::size_t i = 0; i < positions.size(); ++i)
      record_.arms[positions[i]].share = wins[i] / kResamples;
    order_ = positions;
    std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
      const SearchedArm &first = record_.arms[a], &second = record_.arms[b];
      if (first.share != second.share) return first.share > second.share;
      if (first.dev.estimate != second.dev.estimate) return first.dev.estimate > second.dev.estimate;
      return runners_[a].total_cost < runners_[b].total_cost;
    });
  }

  // Arms still waiting to be prepared do not count: they are what the freed seconds are for.
  void halve() {
    const std::size_t kept = std::max(settings_.most_confirmed, (order_.size() + 1) / 2);
    while (order_.size() > kept) {
      const std::size_t last = order_.back();
      order_.pop_back();
      settle(last, ArmFate::left_behind,
             fmt::format("After {} items it would be taken on {:.0f}% of resamples, behind {} others.",
                         items_, 100 * record_.arms[last].share, order_.size()),
             arms_[order_.front()].id);
    }
  }

  void close_round() {
    SearchRound round{static_cast<std::int64_t>(items_), {}, spent()};
    for (const std::size_t arm : order_) round.arms.push_back(arms_[arm].id);
    record_.rounds.push_back(std::move(round));
  }

  bool is_waited_for() const {
    for (std::size_t arm = 0; arm < arms_.size(); ++arm)
      if (waits(arm)) return true;
    return false;
  }

  bool is_over() const {
    if (order_.empty()) return true;
    if (is_waited_for() || round_ == 1) return false;
    return order_.size() == 1 || record_.arms[order_.front()].share >= kSure;
  }

  // For preparing, and later confirming, the arms that wait on nothing but their turn.
  double set_aside() const {
    double seconds = 0;
    for (std::size_t arm = 0; arm < arms_.size(); ++arm) {
      if (!waits(arm) || forerunner(arm)) continue;
      Positions versions{arm};
      versions.insert(versions.end(), runners_[arm].stand_ins.begin(), runners_[arm].stand_ins.end());
      const auto payable = std::find_if(versions.begin(), versions.end(), [&](std::size_t each) {
        return price_of_entry(each) <= left_for_preparing(each) - seconds;
      });
      if (payable != versions.end()) seconds += price_of_entry(*payable) + confirmation_seconds(*payable);
    }
    return seconds;
  }

  std::size_t items_of_next_round() const {
    const std::size_t unanswered = ground_.items() - items_;
    double seconds_an_item = 0;
    for (const std::size_t arm : order_) seconds_an_item += runners_[arm].seconds_per_item;
    if (seconds_an_item <= 0) return unanswered;
    const double ratio = static_cast<double>(order_.size()) / static_cast<double>(settings_.most_confirmed);
    const double rounds_left = 1 + std::max(0.0, std::ceil(std::log2(ratio)));
    const double kept = set_aside();
    const double reserve = kept + (kept > 0 && !is_promising_ ? 0 : leaders_confirmation());
    const double free = std::max({0.0, unspent() - reserve, kLeastRace * settings_.budget_seconds - spent()});
    const double least = static_cast<double>(kLeastItems) * seconds_an_item;
    const double allotted = std::min(std::max(free / rounds_left, least), free);
    return std::min(unanswered, static_cast<std::size_t>(allotted / seconds_an_item));
  }

  void settle() {
    record_.search_seconds = spent();
    for (std::size_t arm = 0; arm < arms_.size(); ++arm)
      if (waits(arm)) settle(arm, ArmFate::not_entered, "The race was over before its turn came.");
    pick_confirmed();
    for (std::size_t arm = 0; arm < arms_.size(); ++arm)
      if (!stands_in(arm))
        record_.exhaustive_seconds +=
            ground_.prepare_seconds(arm) + confirmation_seconds(arm) + consistency_seconds(arm);
    std::size_t arm = 0;
    std::erase_if(record_.arms,
                  [&](const SearchedArm& each) { return stands_in(arm++) && each.scores.empty(); });
  }

  // By what the dev items showed, as far as the budget pays for it.
  void pick_confirmed() {
    double committed = spent() + confirmation_seconds(0);
    double asking_again = consistency_seconds(0);  // any of those confirmed may be recommended
    const auto confirm = [&](std::size_t arm, std::string why) {
      settle(arm, ArmFate::confirmed, std::move(why));
      record_.confirmed.push_back(arms_[arm].id);
    };
    const bool base_races = runners_[0].state == Runner::State::racing;
    confirm(0, base_races ? "The reference; still in the race." : "The reference. " + record_.arms[0].why);
    std::erase(order_, std::size_t{0});
    std::vector<Contender> contenders;
    for (const std::size_t arm : order_)
      contenders.push_back({arms_[arm].levers, record_.arms[arm].share, record_.arms[arm].dev.estimate,
                            runners_[arm].total_cost});
    for (const Confirmed& each :
         to_be_confirmed(contenders, settings_.circumstances, settings_.most_confirmed)) {
      const std::size_t arm = order_[each.contender];
      const double seconds = confirmation_seconds(arm);
      const double slowest = std::max(asking_again, consistency_seconds(arm));
      const std::size_t beside = record_.confirmed.size() - 1;
      if (beside > 0 && committed + seconds + slowest > settings_.budget_seconds) {
        settle(arm, ArmFate::not_afforded,
               fmt::format("The budget pays for confirming {} beside the base.", beside),
               arms_[order_.front()].id);
        continue;
      }
      committed += seconds;
      asking_again = slowest;
      const std::string taken =
          fmt::format("It would be taken on {:.0f}% of resamples", 100 * record_.arms[arm].share);
      confirm(arm, each.reason == ConfirmedFor::promise
                       ? taken + "."
                       : taken + ", and is the cheapest of its kind of lever that does as well.");
    }
    for (const std::size_t arm : order_)
      if (runners_[arm].state == Runner::State::racing)
        settle(arm, ArmFate::left_behind,
               fmt::format("It would be taken on {:.0f}% of resamples; the fewer meet the test, the more it "
                           "proves.",
                           100 * record_.arms[arm].share),
               arms_[order_.front()].id);
  }

  const std::vector<SearchArm>& arms_;
  SearchGround& ground_;
  const SearchSettings& settings_;
  const double start_;
  std::vector<Runner> runners_;
  std::vector<std::pair<std::size_t, int>> entered_;  // prepared arms and the round in which they entered
  Positions order_;                                   // in the race, best first, as of the last ranking
  bool is_promising_ = true;                          // the target is likely to be reached by what is there
  std::size_t items_ = 0;                             // that each arm in the race has answered
  int round_ = 0;
  SearchRecord record_;
};

}  // namespace

SearchRecord search(const std::vector<SearchArm>& arms, SearchGround& ground,
                    const SearchSettings& settings) {
  if (arms.empty()) throw_error(ErrorCode::invalid_argument, "searching: no recipe was given");
  if (ground.items() == 0)
    throw_error(ErrorCode::invalid_argument,
                "searching: there are no dev items, and a search sees nothing else; add a dev split");
  if (!(settings.budget_seconds > 0))
    throw_error(ErrorCode::invalid_argument, "searching: the budget must be above 0, found {} seconds",
                settings.budget_seconds);
  return Race(arms, ground, settings).run();
}

}  // namespace fulcrum
