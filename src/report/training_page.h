// The log of a pretraining run as one HTML file that needs no network: loss, learning rate, gates and samples
// by step.
//
// It draws what `fulcrum pretrain` wrote (<output>.log.jsonl: train/pretrain.h has the lines). Lines of a run
// that is still going are fine: the page shows what there is.
#pragma once

#include <string>
#include <string_view>

namespace fulcrum {

// `log`: the file's text; `name` stands in the title and in errors. Error(corrupt) naming the line that is
// not one of a training log, or a log without a single figure.
std::string training_html(std::string_view log, std::string_view name);

}  // namespace fulcrum
