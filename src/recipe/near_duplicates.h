// Texts that are nearly the same: likeness is the Jaccard index of their sets of shingles (runs of five
// characters of the folded words). MinHash signatures cut into bands bring the candidates (Broder 1997;
// Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", section 3.4), and each candidate is confirmed
// by its exact likeness, so what is reported is never an estimate. A pair at the threshold is missed with a
// chance below one in a million.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fulcrum {

inline constexpr double kNearDuplicate = 0.8;

struct NearPair {
  std::size_t first = 0, second = 0;  // positions, first < second
  double likeness = 0;                // in [threshold, 1]
};

// By position. `threshold` in (0, 1]; Error invalid_argument outside. Texts without a word are like nothing.
std::vector<NearPair> find_near_duplicates(std::span<const std::string> texts, double threshold);

// Exact likeness of two texts.
double likeness(std::string_view a, std::string_view b);

// Share of a text's runs of four words that also stand in a document; 0 for a text of fewer than
// `fewest_words`.
struct Containment {
  std::size_t text = 0, document = 0;
  double share = 0;
};
// Every text's best document, where the share reaches the threshold.
std::vector<Containment> find_contained(std::span<const std::string> texts,
                                        std::span<const std::string> documents, double threshold,
                                        std::size_t fewest_words);

}  // namespace fulcrum
