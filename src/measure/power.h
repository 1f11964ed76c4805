// What a test set can show, told before anything runs: the smallest true difference between two recipes on
// the same items that a paired test finds four times out of five.
//
// Normal approximation with the variance of paired 0/1 differences: (z_0.975 + z_0.8) * sqrt(q / n), q being
// the share of items on which exactly one of the two recipes is right (Miller 2024, arXiv 2411.00640).
#pragma once

#include <cstdint>

namespace fulcrum {

inline constexpr double kPower = 0.8;
// The share of discordant items taken when nothing has been observed yet: two recipes of middling quality
// that share most of their mistakes.
inline constexpr double kAssumedDiscordantShare = 0.2;

// In units of the metric, at most 1. `contrasts` at once share the level (Bonferroni's bound on what Holm
// needs).
double smallest_detectable_difference(std::int64_t items, double discordant_share, int contrasts = 1);

// The same for graded scores, from the standard deviation of the paired differences.
double smallest_detectable_difference_graded(std::int64_t items, double standard_deviation,
                                             int contrasts = 1);

// Items needed to see `difference`; the inverse of the above, rounded up.
std::int64_t items_to_detect(double difference, double discordant_share, int contrasts = 1);

}  // namespace fulcrum
