// The race of a search under a budget, as HTML: the place where web/report.js draws it, and the same as a
// table for whoever does not see plots. Empty where no budget chose the recipes.
#pragma once

#include <string>

#include "decide/result.h"

namespace fulcrum {

std::string race_html(const TaskResult& task);

}  // namespace fulcrum
