// What a program could still read out of an answer that has not the form asked for.
//
// The readings of one answer: as it stands, its first and last line and sentence, what follows a colon or
// "is", the text inside quotes or a code fence; for JSON the outermost object, closed where it breaks off;
// for a label the only one that it names. An answer that is right under one of them failed by its form and
// not by its content: an upper bound of what stricter decoding could win.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "measure/metrics.h"

namespace fulcrum {

// Never empty: the first is the answer itself.
std::vector<std::string> lenient_readings(Metric metric, std::string_view answer,
                                          std::span<const std::string> labels);

// The highest score of any reading.
double lenient_score(Metric metric, std::string_view answer, std::string_view reference,
                     std::span<const std::string> labels);

// The first JSON object in the text, with what it lacks at its end (quote, brackets) put there; empty if
// there is none.
std::string repaired_json_object(std::string_view text);

}  // namespace fulcrum
