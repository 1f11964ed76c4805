// The main job as a person sees it in a terminal: the plan before it runs, then a table and a verdict a task.
//
// Plain text, at most about 130 cells wide for the table and 100 for sentences. Figures below the smallest
// detectable difference from the leader are marked as ties, because a table invites reading too much into its
// third digit.
#pragma once

#include <string>

#include "decide/compare.h"
#include "decide/result.h"

namespace fulcrum {

std::string plan_text(const ComparePlan& plan);
std::string task_text(const TaskResult& result);
// Whether prompting and retrieval left the base untouched, and the whole run's time.
std::string closing_text(const CompareResult& result);

// "0.92 [0.86, 0.96]"
std::string estimate_text(const Estimate& estimate);
// A whole number with its thousands apart: "12,300".
std::string number_text(double value);
// From a million on in words and to two digits: "12 million", "1.4 billion"; below as number_text.
std::string count_text(double value);

}  // namespace fulcrum
