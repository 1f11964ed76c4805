// A search in a terminal: the forecast before a run, and after a race every recipe with what became of it and
// why.
#pragma once

#include <string>

#include "decide/compare.h"

namespace fulcrum {

// How long and how much each recipe will take, or the budget of the race; empty if neither is known.
std::string forecast_text(const ComparePlan& plan);
std::string search_text(const SearchRecord& record);

}  // namespace fulcrum
