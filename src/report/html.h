// The report: one HTML file that needs no network, readable on a phone and in print. Verdict first.
//
// The page holds result.json with its raw items and draws from it (web/report.js, with d3), so that what it
// shows can be traced to a figure by its key. Without scripting, the verdict and the tables are still there.
#pragma once

#include <string>

#include "decide/result.h"

namespace fulcrum {

std::string report_html(const CompareResult& result);

// &, <, > and quotes as entities.
std::string escape_html(std::string_view text);

}  // namespace fulcrum
