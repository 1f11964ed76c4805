// Cutting one set of examples into train, dev and test, and drawing a sample of it: seeded, stratified by the
// answer or a field of it, and never through a group.
//
// What must not be torn apart is a unit: rows of one group or document, rows whose inputs are the same or
// nearly so. Units are shuffled by the seed and given one after the other, the largest first, to the part
// that lacks most of the unit's stratum; so each part comes out with nearly the shares of the whole, and no
// leak is made.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "recipe/examples.h"
#include "recipe/near_duplicates.h"

namespace fulcrum {

struct PartitionSettings {
  double dev_share = 0.15, test_share = 0.25;
  std::uint64_t seed = 1;
  std::string stratify_by = "answer";  // a field, see field_value; empty: not at all
  std::string group_by = "group";      // likewise
  double near = kNearDuplicate;        // inputs that are so alike stay together
};

struct Partition {
  std::vector<std::size_t> train, dev, test;  // rows, ascending
  std::int64_t units = 0;
};

// Error invalid_argument for shares that leave nothing to train on or an unknown field, or if there are fewer
// units than parts.
Partition partition(std::span<const Example> examples, const PartitionSettings& settings);

// `count` rows, ascending; with `stratify_by` each stratum in its share (largest remainders).
std::vector<std::size_t> sample_rows(std::span<const Example> examples, std::int64_t count,
                                     std::uint64_t seed, std::string_view stratify_by);

// "answer", "answer.KEY" (of a JSON answer), "group", "document" (the first), "system". Empty where the
// example has none. Error invalid_argument for another name.
std::string field_value(const Example& example, std::string_view field);

}  // namespace fulcrum
