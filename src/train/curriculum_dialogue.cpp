#include "train/curriculum_dialogue.h"

namespace fulcrum {
namespace {

// Loss weights. Answers are what the model is for; a little weight on the context teaches its language
// without drowning them, because a context has ten to fifty tokens for each token of an answer, most of them
// drawn at random.
constexpr float kContextWeight = 0.05F, kAnswerWeight = 1.0F, kRoleWeight = 0.05F;
// Of a token at which an answer is decided.
constexpr float kDecidingWeight = 4.0F;
// Prose has ten times the entropy of an answer; at full weight it would be a third of the whole gradient.
constexpr float kProseWeight = 0.4F;

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
    bool end_decides = false;
    EpisodeSegment body = words(turn.text, kContextWeight);
    if (learnt && !turn.text.empty()) {
      for (const std::uint32_t at : turn.decisions) {
        if (at < turn.text.size()) body.spans.push_back({at, at + 1, kDecidingWeight});
        end_decides = end_decides || at == turn.text.size();
      }
      body.spans.push_back({0, static_cast<std::uint32_t>(turn.text.size()), kAnswerWeight});
    }
    episode.segments.push_back(std::move(body));
    episode.segments.push_back(control("<|end|>", end_decides ? kDecidingWeight
                                                  : learnt    ? kAnswerWeight
                                                              : kRoleWeight));
  }
  return episode;
}

}  // namespace fulcrum
