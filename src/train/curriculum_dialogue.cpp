#include "train/curriculum_dialogue.h"

namespace fulcrum {
namespace {

// Loss weights. Answers are what the model is for, and the start of an answer decides: from the second token on it is
// mostly a matter of copying on. Context and prose have ten to fifty tokens for each token of an answer, most of them
// drawn at random or with ten times its entropy; with 0.1 and 0.4 they were four fifths of the loss and, as noise, of
// Adam's step.
constexpr float kAnswerWeight = 1.0F, kStartWeight = 3.0F, kContextWeight = 0.03F, kRoleWeight = 0.02F;
constexpr float kProseWeight = 0.15F;

EpisodeSegment control(std::string_view token, float weight) {
  EpisodeSegment segment;
  segment.text = token;
  segment.control = true;
  segment.weight = weight;
  return segment;
}

EpisodeSegment words(const std::string& text, float weight) {
  EpisodeSegment segment;
  segment.text = text;
  segment.weight = weight;
  return segment;
}

}  // namespace

std::string with_documents(const std::vector<std::string>& documents) {
  std::string text;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    text += "<doc>[" + std::to_string(i + 1) + "] " + documents[i] + "</doc>";
  }
  return text;
}

Episode to_episode(const Dialogue& dialogue) {
  Episode episode;
  episode.family = dialogue.family;
  for (const Turn& turn : dialogue.turns) {
    if (turn.lesson == Lesson::plain) {
      episode.segments.push_back(words(turn.text, kProseWeight));
      continue;
    }
    const char* role = turn.speaker == Speaker::system ? "<|system|>"
                       : turn.speaker == Speaker::user ? "<|user|>"
                                                       : "<|assistant|>";
    episode.segments.push_back(control(role, kRoleWeight));
    const bool learnt = turn.lesson == Lesson::learnt;
    EpisodeSegment body = words(turn.text, kContextWeight);
    if (learnt) {
      const auto size = static_cast<std::uint32_t>(turn.text.size());
      // A token belongs to the span of its first byte, so one byte is the first token.
      body.spans.push_back({0, 1, kStartWeight});
      if (size > 1) body.spans.push_back({1, size, kAnswerWeight});
    }
    episode.segments.push_back(std::move(body));
    episode.segments.push_back(control("<|end|>", learnt ? kAnswerWeight : kRoleWeight));
  }
  return episode;
}

}  // namespace fulcrum
