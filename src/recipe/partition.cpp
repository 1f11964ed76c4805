#include "recipe/partition.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

#include "base/error.h"
#include "base/json.h"
#include "base/random.h"
#include "base/unicode.h"

namespace fulcrum {
namespace {

// Sets of rows that are joined bit by bit (union by the smaller row, with path halving).
class Units {
 public:
  explicit Units(std::size_t rows) : parent_(rows) {
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
  }
  std::size_t find(std::size_t row) {
    while (parent_[row] != row) row = parent_[row] = parent_[parent_[row]];
    return row;
  }
  void join(std::size_t a, std::size_t b) {
    a = find(a);
    b = find(b);
    parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<std::size_t> parent_;
};

std::vector<std::vector<std::size_t>> units_of(std::span<const Example> examples,
                                               const PartitionSettings& settings) {
  Units units(examples.size());
  std::map<std::string, std::size_t> first_of_group;
  std::vector<std::string> inputs;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    inputs.push_back(examples[i].input_text());
    if (settings.group_by.empty()) continue;
    const std::string group = field_value(examples[i], settings.group_by);
    if (group.empty()) continue;
    const auto [entry, fresh] = first_of_group.emplace(group, i);
    if (!fresh) units.join(entry->second, i);
  }
  for (const NearPair& pair : find_near_duplicates(inputs, settings.near))
    units.join(pair.first, pair.second);
  std::map<std::size_t, std::vector<std::size_t>> rows;
  for (std::size_t i = 0; i < examples.size(); ++i) rows[units.find(i)].push_back(i);
  std::vector<std::vector<std::size_t>> list;
  for (auto& [first, members] : rows) list.push_back(std::move(members));
  return list;
}

std::string stratum_of(const Example& example, std::string_view field) {
  return field.empty() ? std::string() : field_value(example, field);
}

}  // namespace

std::string field_value(const Example& example, std::string_view field) {
  constexpr std::string_view kAnswerKey = "answer.";
  if (field == "answer") return example.reference();
  if (field == "group") return example.group;
  if (field == "document") return example.documents.empty() ? std::string() : example.documents.front();
  if (field == "system")
    return example.messages.front().role == "system" ? example.messages.front().content : "";
  if (field.starts_with(kAnswerKey)) {
    try {
      const Json answer = parse_json(example.reference(), "the answer");
      const std::string key(field.substr(kAnswerKey.size()));
      if (!answer.is_object() || !answer.contains(key)) return {};
      const Json& value = answer.at(key);
      return value.is_string() ? value.get<std::string>() : to_line(value);
    } catch (const Error&) {
      return {};  // an answer that is no JSON has no such field
    }
  }
  throw_error(
      ErrorCode::invalid_argument,
      "reading a field of the examples: there is no '{}'; fields are answer, answer.KEY, group, document and "
      "system",
      field);
}

Partition partition(std::span<const Example> examples, const PartitionSettings& settings) {
  const double train_share = 1 - settings.dev_share - settings.test_share;
  if (!(settings.dev_share >= 0 && settings.test_share >= 0 && train_share > 0)) {
    throw_error(ErrorCode::invalid_argument,
                "splitting: dev {} and test {} must not be negative and must leave something to train on",
                settings.dev_share, settings.test_share);
  }
  std::vector<std::vector<std::size_t>> units = units_of(examples, settings);
  const std::array<double, 3> shares = {train_share, settings.dev_share, settings.test_share};
  const auto wanted_parts = static_cast<std::size_t>(
      std::count_if(shares.begin(), shares.end(), [](double share) { return share > 0; }));
  if (units.size() < wanted_parts) {
    throw_error(ErrorCode::invalid_argument,
                "splitting {} rows: they are {} units that must not be torn apart (groups, near copies), too "
                "few for {} "
                "parts; add rows or group by less",
                examples.size(), units.size(), wanted_parts);
  }
  Random(settings.seed, stream_of("partition")).shuffle(units);
  std::stable_sort(units.begin(), units.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });

  std::map<std::string, double> stratum_rows;
  for (const Example& example : examples) ++stratum_rows[stratum_of(example, settings.stratify_by)];
  std::map<std::string, std::array<double, 3>> given;
  std::array<double, 3> given_in_all{};
  Partition result;
  result.units = static_cast<std::int64_t>(units.size());
  const std::array<std::vector<std::size_t>*, 3> parts = {&result.train, &result.dev, &result.test};
  for (const std::vector<std::size_t>& unit : units) {
    std::map<std::string, double> strata;
    for (const std::size_t row : unit) ++strata[stratum_of(examples[row], settings.stratify_by)];
    // What a part lacks of the unit's strata, in rows; what it lacks in all decides between equals.
    std::array<double, 3> lacks{};
    for (std::size_t part = 0; part < parts.size(); ++part) {
      for (const auto& [stratum, rows] : strata) {
        lacks[part] += rows / static_cast<double>(unit.size()) *
                       (shares[part] * stratum_rows[stratum] - given[stratum][part]);
      }
      lacks[part] += 1e-3 * (shares[part] * static_cast<double>(examples.size()) - given_in_all[part]);
      if (shares[part] <= 0) lacks[part] = -static_cast<double>(examples.size());
    }
    const auto part = static_cast<std::size_t>(std::max_element(lacks.begin(), lacks.end()) - lacks.begin());
    parts[part]->insert(parts[part]->end(), unit.begin(), unit.end());
    for (const auto& [stratum, rows] : strata) given[stratum][part] += rows;
    given_in_all[part] += static_cast<double>(unit.size());
  }
  for (std::vector<std::size_t>* part : parts) std::sort(part->begin(), part->end());
  return result;
}

std::vector<std::size_t> sample_rows(std::span<const Example> examples, std::int64_t count,
                                     std::uint64_t seed, std::string_view stratify_by) {
  const auto wanted = std::min(examples.size(), static_cast<std::size_t>(std::max<std::int64_t>(0, count)));
  std::vector<std::size_t> order(examples.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  Random(seed, stream_of("sample rows")).shuffle(order);
  std::map<std::string, std::vector<std::size_t>> strata;
  for (const std::size_t row : order) strata[stratum_of(examples[row], stratify_by)].push_back(row);
  struct Quota {
    const std::vector<std::size_t>* rows;
    std::size_t whole;
    double remainder;
  };
  std::vector<Quota> quotas;
  std::size_t taken = 0;
  for (const auto& [stratum, rows] : strata) {
    const double exact = static_cast<double>(wanted) * static_cast<double>(rows.size()) /
                         static_cast<double>(std::max<std::size_t>(1, examples.size()));
    const auto whole = static_cast<std::size_t>(exact);
    quotas.push_back({&rows, whole, exact - static_cast<double>(whole)});
    taken += whole;
  }
  std::stable_sort(quotas.begin(), quotas.end(),
                   [](const Quota& a, const Quota& b) { return a.remainder > b.remainder; });
  for (Quota& quota : quotas) {
    if (taken == wanted) break;
    if (quota.whole == quota.rows->size()) continue;
    ++quota.whole;
    ++taken;
  }
  std::vector<std::size_t> sampled;
  for (const Quota& quota : quotas)
    sampled.insert(sampled.end(), quota.rows->begin(),
                   quota.rows->begin() + static_cast<std::ptrdiff_t>(quota.whole));
  std::sort(sampled.begin(), sampled.end());
  return sampled;
}

}  // namespace fulcrum
