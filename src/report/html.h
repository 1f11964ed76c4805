// The report: one HTML file that needs no network, readable on a phone and in print. Verdict first.
//
// The page holds result.json with its raw items and draws from it (web/report.js, with d3), so that what it
// shows can be traced to a figure by its key. Without scripting, the verdict and the tables are still there.
#pragma once

#include <string>
#include <string_view>

#include "base/json_fwd.h"
#include "decide/result.h"

namespace fulcrum {

std::string report_html(const CompareResult& result);

// A whole page with the report's style and d3: `title` as its heading, `body` as HTML, `data` for `script` to
// draw from (it stands in the element with the id "data").
std::string html_page(std::string_view title, std::string_view body, const Json& data,
                      std::string_view script);

// &, <, > and quotes as entities.
std::string escape_html(std::string_view text);

}  // namespace fulcrum
