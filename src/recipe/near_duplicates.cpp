#include "recipe/near_duplicates.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "base/random.h"
#include "base/unicode.h"

namespace fulcrum {
namespace {

constexpr std::size_t kShingleCharacters = 5, kShingleWords = 4;
constexpr std::size_t kHashes = 128;
constexpr double kMissedAtMost = 1e-6;

using Shingles = std::vector<std::uint64_t>;  // sorted, each once
using Signature = std::array<std::uint64_t, kHashes>;

// The finaliser of SplitMix64 (Steele, Lea and Flood 2014): a bijection that looks random.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

void sort_unique(Shingles& shingles) {
  std::sort(shingles.begin(), shingles.end());
  shingles.erase(std::unique(shingles.begin(), shingles.end()), shingles.end());
}

// A text shorter than one shingle is one shingle.
Shingles shingles_of(std::string_view text) {
  const std::vector<std::string> words = fold_words(text);
  if (words.empty()) return {};
  const std::string folded = fmt::format("{}", fmt::join(words, " "));
  std::vector<std::size_t> begins;
  for (std::size_t at = 0; at < folded.size();) {
    begins.push_back(at);
    decode_utf8(folded, at);
  }
  begins.push_back(folded.size());
  Shingles shingles;
  const std::size_t characters = begins.size() - 1;
  const std::size_t width = std::min(characters, kShingleCharacters);
  for (std::size_t i = 0; i + width <= characters; ++i) {
    const std::string_view piece(folded.data() + begins[i], begins[i + width] - begins[i]);
    shingles.push_back(stream_of(piece));
  }
  sort_unique(shingles);
  return shingles;
}

Shingles word_shingles_of(const std::vector<std::string>& words) {
  Shingles shingles;
  for (std::size_t i = 0; i + kShingleWords <= words.size(); ++i) {
    shingles.push_back(stream_of(
        fmt::format("{}", fmt::join(words.begin() + static_cast<std::ptrdiff_t>(i),
                                    words.begin() + static_cast<std::ptrdiff_t>(i + kShingleWords), " "))));
  }
  sort_unique(shingles);
  return shingles;
}

Signature signature_of(const Shingles& shingles) {
  Signature signature;
  signature.fill(std::numeric_limits<std::uint64_t>::max());
  for (const std::uint64_t shingle : shingles) {
    for (std::size_t i = 0; i < kHashes; ++i) {
      signature[i] = std::min(signature[i], mixed(shingle ^ mixed(i)));
    }
  }
  return signature;
}

double jaccard(const Shingles& a, const Shingles& b) {
  std::size_t shared = 0;
  for (auto i = a.begin(), j = b.begin(); i != a.end() && j != b.end();) {
    if (*i == *j) {
      ++shared;
      ++i;
      ++j;
    } else {
      ++(*i < *j ? i : j);
    }
  }
  const std::size_t together = a.size() + b.size() - shared;
  return together == 0 ? 0 : static_cast<double>(shared) / static_cast<double>(together);
}

// Long bands bring few false candidates; the longest that still find a pair at the threshold.
std::size_t rows_of_a_band(double threshold) {
  for (const std::size_t rows : {8, 4, 2}) {
    const double band_agrees = std::pow(threshold, static_cast<double>(rows));
    if (std::pow(1 - band_agrees, static_cast<double>(kHashes / rows)) < kMissedAtMost) return rows;
  }
  return 1;
}

}  // namespace

double likeness(std::string_view a, std::string_view b) {
  return jaccard(shingles_of(a), shingles_of(b));
}

std::vector<NearPair> find_near_duplicates(std::span<const std::string> texts, double threshold) {
  if (!(threshold > 0 && threshold <= 1)) {
    throw_error(ErrorCode::invalid_argument,
                "looking for near duplicates: the threshold is {}; it must lie above 0 and at most at 1",
                threshold);
  }
  std::vector<Shingles> shingles;
  std::vector<Signature> signatures;
  for (const std::string& text : texts) {
    shingles.push_back(shingles_of(text));
    signatures.push_back(signature_of(shingles.back()));
  }
  const std::size_t rows = rows_of_a_band(threshold);
  std::set<std::pair<std::size_t, std::size_t>> candidates;
  for (std::size_t band = 0; band < kHashes / rows; ++band) {
    std::unordered_map<std::uint64_t, std::vector<std::size_t>> buckets;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (shingles[i].empty()) continue;
      std::uint64_t key = band;
      for (std::size_t row = 0; row < rows; ++row) key = mixed(key ^ signatures[i][band * rows + row]);
      std::vector<std::size_t>& bucket = buckets[key];
      for (const std::size_t other : bucket) candidates.emplace(other, i);
      bucket.push_back(i);
    }
  }
  std::vector<NearPair> pairs;
  for (const auto& [first, second] : candidates) {
    const double like = jaccard(shingles[first], shingles[second]);
    if (like >= threshold) pairs.push_back({first, second, like});
  }
  return pairs;
}

std::vector<Containment> find_contained(std::span<const std::string> texts,
                                        std::span<const std::string> documents, double threshold,
                                        std::size_t fewest_words) {
  std::vector<std::unordered_set<std::uint64_t>> held;
  for (const std::string& document : documents) {
    const Shingles shingles = word_shingles_of(fold_words(document));
    held.emplace_back(shingles.begin(), shingles.end());
  }
  std::vector<Containment> found;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::vector<std::string> words = fold_words(texts[i]);
    if (words.size() < std::max(fewest_words, kShingleWords)) continue;
    const Shingles wanted = word_shingles_of(words);
    Containment best{i, 0, 0};
    for (std::size_t d = 0; d < held.size(); ++d) {
      const auto shared = std::count_if(wanted.begin(), wanted.end(),
                                        [&](std::uint64_t shingle) { return held[d].contains(shingle); });
      const double share = static_cast<double>(shared) / static_cast<double>(wanted.size());
      if (share > best.share) best = {i, d, share};
    }
    if (best.share >= threshold) found.push_back(best);
  }
  return found;
}

}  // namespace fulcrum
