// The report as Markdown for a pull request: verdict first, one table a task, reasons, causes of failure.
// Tables are GitHub's; what models and users wrote is escaped.
#pragma once

#include <string>
#include <string_view>

#include "decide/result.h"

namespace fulcrum {

std::string report_markdown(const CompareResult& result);

// Without line breaks, and with what Markdown or HTML would take for markup escaped.
std::string escape_markdown(std::string_view text);

}  // namespace fulcrum
