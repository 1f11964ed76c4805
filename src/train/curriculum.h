// The endless, seeded text that the bundled model is trained on: episodes by family, never the same one
// twice.
//
// Episode i of a curriculum is a pure function of (seed, i, progress): a run can be cut anywhere and
// continued. The families, how their share and difficulty move with progress, and what is held out of
// training on purpose for the gates stand in curriculum_<family>.cpp and docs/LOG.md. Nothing here shares
// documents, labels, entities or formats with examples/.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace fulcrum {

// A stretch of text between control tokens, or one control token. Encoded as a whole, exactly as at
// inference.
struct EpisodeSegment {
  std::string text;
  bool control = false;  // "<|user|>", "<|end|>", ...
  // Loss weight of a token: that of the span in which its first byte lies, else `weight`.
  float weight = 0;
  struct Span {
    std::uint32_t begin = 0, end = 0;  // bytes of text
    float weight = 1;
  };
  std::vector<Span> spans;
};

struct Episode {
  std::string family;
  std::vector<EpisodeSegment> segments;
};

using FamilyShares = std::map<std::string, double>;

class Curriculum {
 public:
  // `text_folder`: licensed plain text for the substrate; an empty path or a missing folder drops that family
  // and gives its share to the others, and says so in description().
  // `thesaurus_folder`: the data files of WordNet (train/thesaurus.h), so that questions use other words than
  // documents; without them no word has another one that means the same, and description() says so.
  // `shares`: of the episodes, by the families' names in description(), in any unit; they hold from the first
  // episode on and a family not named has none. Empty: the built-in ones, which move with progress.
  // Error(invalid_argument) for a family that does not exist and shares of which none is positive.
  static Curriculum make(std::uint64_t seed, const Path& text_folder, const FamilyShares& shares = {},
                         const Path& thesaurus_folder = {});
  // progress in [0, 1]: how far training is; moves the mix.
  Episode episode(std::uint64_t index, double progress) const;
  std::string description() const;
  // Control and user-defined tokens that the tokenizer must have, in id order after the byte tokens.
  static std::vector<std::string> special_tokens();

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace fulcrum
