// What explains a task's figures, as pieces of the HTML report: causes of failure with their shares, what
// each intervention brought, confused labels, consistency beside quality, what training forgot. Tables, so
// that they are there without scripting and in print; web/report.js draws the curves.
#pragma once

#include <string>

#include "decide/result.h"

namespace fulcrum {

std::string explanation_html(const TaskResult& task);

}  // namespace fulcrum
