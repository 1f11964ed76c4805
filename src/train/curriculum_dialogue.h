// A conversation of the curriculum before it is an episode: who says what, and which parts are to be learnt.
//
// The families write dialogues; the curriculum turns them into episodes with loss weights, the gates into
// messages with an expected answer. One writer for both keeps what is asked in a gate exactly what was
// taught.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "train/curriculum.h"
#include "train/curriculum_lexicon.h"

namespace fulcrum {

enum class Speaker { system, user, assistant };
// shown: context; learnt: an answer the model must give; plain: text without roles, all of it learnt.
enum class Lesson { shown, learnt, plain };

struct Turn {
  Speaker speaker = Speaker::user;
  std::string text;
  Lesson lesson = Lesson::shown;
  // Of an answer: bytes at which it is decided how to go on, its size for that it ends there; between them it
  // is mostly copied.
  std::vector<std::uint32_t> decisions = {};
};

struct Dialogue {
  std::string family;
  std::vector<Turn> turns;
  std::vector<std::string> choices;  // the answers that compete in the last turn, if it is a choice

  void system(std::string text) { turns.push_back({Speaker::system, std::move(text), Lesson::shown}); }
  void user(std::string text) { turns.push_back({Speaker::user, std::move(text), Lesson::shown}); }
  void answer(std::string text, std::vector<std::uint32_t> decisions = {0}) {
    turns.push_back({Speaker::assistant, std::move(text), Lesson::learnt, std::move(decisions)});
  }
  // An answer that nothing before it could have told: context only.
  void show_answer(std::string text) {
    turns.push_back({Speaker::assistant, std::move(text), Lesson::shown});
  }
};

// How hard: each family maps [0, 1] to numbers of facts, distractors, classes, distances.
struct Difficulty {
  double level = 0;
  std::uint64_t scaled(std::uint64_t easiest, std::uint64_t hardest) const {
    return easiest + static_cast<std::uint64_t>(level * static_cast<double>(hardest - easiest) + 0.5);
  }
};

// "<doc>[1] ...</doc><doc>[2] ...</doc>"
std::string with_documents(const std::vector<std::string>& documents);

inline constexpr std::string_view kAbsentAnswer = "not in the documents";
inline constexpr std::string_view kUnknownAnswer = "I do not know";

Episode to_episode(const Dialogue& dialogue);

}  // namespace fulcrum
