// Shows Progress on standard error: one line that redraws itself on a terminal, plain lines now and then in a
// pipe.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/progress.h"

namespace fulcrum {

class ProgressBar {
 public:
  ProgressBar();
  ~ProgressBar();  // ends the line on a terminal
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  void show(const Progress& progress);
  void clear();  // removes the line, so that other text can be printed

 private:
  using Clock = std::chrono::steady_clock;
  bool terminal_;
  bool drawn_ = false;
  std::string stage_;
  Clock::time_point stage_started_, last_shown_;
};

// "triage: few_shot  ████████░░░░  62%  74/120 items  loss 1.23  25,104 tokens/s  0:42 left", at most
// `columns` wide.
std::string format_progress(const Progress& progress, double seconds_running, int columns);

// 75 -> "1:15", 3700 -> "1:01:40".
std::string format_duration(double seconds);

}  // namespace fulcrum
