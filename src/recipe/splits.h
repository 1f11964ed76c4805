// Train, dev and test, and the proof that they are apart: law 3, test is touched once.
//
// Two inputs are the same if they are equal, or equal after case folding with everything but letters and
// digits left out. A test input that stands word for word in a document counts too, if it is long enough not
// to be there by chance.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "recipe/examples.h"

namespace fulcrum {

struct Splits {
  std::vector<Example> train, dev, test;
};

struct Overlap {
  std::string first, second;  // ids: a test item and where it also stands, or a dev and a train item
  std::string first_place, second_place;  // "test", "dev", "train" or "documents"
  std::string text;                       // the input they share
  bool exact = false;                     // byte for byte, not only normalised
};

struct DocumentText {
  std::string id, text;
};

std::vector<Overlap> find_overlaps(const Splits& splits, std::span<const DocumentText> documents);
// Error invalid_argument for an empty split or for any overlap, naming up to twenty items.
void check_splits(const Splits& splits, std::span<const DocumentText> documents);

}  // namespace fulcrum
