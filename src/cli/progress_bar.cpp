#include "cli/progress_bar.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/unicode.h"

namespace fulcrum {
namespace {

int terminal_columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 100;
}

std::string with_thousands(double value) {
  std::string digits = fmt::format("{:.0f}", value);
  for (int i = static_cast<int>(digits.size()) - 3; i > (digits[0] == '-' ? 1 : 0); i -= 3) {
    digits.insert(static_cast<std::size_t>(i), ",");
  }
  return digits;
}

std::string format_figure(double value) {
  return std::abs(value) >= 1000 ? with_thousands(value) : fmt::format("{:.4g}", value);
}

// Cuts at a code point so that at most `columns` of them remain.
std::string cut(const std::string& text, int columns) {
  std::size_t offset = 0;
  for (int column = 0; column < columns && offset < text.size(); ++column) decode_utf8(text, offset);
  return text.substr(0, offset);
}

}  // namespace

std::string format_duration(double seconds) {
  const auto whole = static_cast<long>(std::lround(std::max(0.0, seconds)));
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string format_progress(const Progress& progress, double seconds_running, int columns) {
  constexpr int kBarCells = 20;
  std::string line = progress.stage;
  double left = progress.seconds_left;
  if (progress.total > 0) {
    const double share =
        std::min(1.0, static_cast<double>(progress.done) / static_cast<double>(progress.total));
    const int full = static_cast<int>(share * kBarCells);
    line += "  ";
    for (int i = 0; i < kBarCells; ++i) line += i < full ? "█" : "░";
    line +=
        fmt::format(" {:3.0f}%  {}/{} {}", share * 100, with_thousands(static_cast<double>(progress.done)),
                    with_thousands(static_cast<double>(progress.total)), progress.unit);
    if (left < 0 && share > 0.02 && share < 1) left = seconds_running * (1 - share) / share;
  } else if (progress.done > 0) {
    line += fmt::format("  {} {}", with_thousands(static_cast<double>(progress.done)), progress.unit);
  }
  for (const auto& [name, value] : progress.figures)
    line += fmt::format("  {} {}", name, format_figure(value));
  if (left >= 0) line += fmt::format("  {} left", format_duration(left));
  return cut(line, columns);
}

ProgressBar::ProgressBar() : terminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  clear();
}

void ProgressBar::clear() {
  if (!drawn_) return;
  std::fputs("\r\033[K", stderr);
  drawn_ = false;
}

void ProgressBar::show(const Progress& progress) {
  const auto now = Clock::now();
  const bool new_stage = progress.stage != stage_;
  if (new_stage) {
    stage_ = progress.stage;
    stage_started_ = now;
  }
  const bool ended = progress.total > 0 && progress.done >= progress.total;
  // A terminal can follow ten times a second; a log file wants a line at the start, the end and every half
  // minute.
  const auto pause = terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(30000);
  if (!new_stage && !ended && now - last_shown_ < pause) return;
  last_shown_ = now;
  const double running = std::chrono::duration<double>(now - stage_started_).count();
  if (terminal_) {
    std::fputs(("\r\033[K" + format_progress(progress, running, terminal_columns() - 1)).c_str(), stderr);
    drawn_ = true;
  } else {
    std::fputs((format_progress(progress, running, 200) + "\n").c_str(), stderr);
  }
  std::fflush(stderr);
}

}  // namespace fulcrum
