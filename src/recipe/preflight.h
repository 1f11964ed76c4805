// What a comparison says of a task's data before it runs. Errors of the data have been refused by then
// (recipe/task.h); these are the doubts, one sentence each, with numbers and an example.
#pragma once

#include <string>
#include <vector>

#include "recipe/data_audit.h"
#include "recipe/task.h"

namespace fulcrum {

// Near copies between test and what recipes see, one input with two answers, classes too small or missing.
std::vector<std::string> preflight_warnings(const Task& task);

// The task's splits and documents as the audit takes them.
std::vector<DataFile> data_files_of(const Task& task);
std::vector<DocumentText> document_texts_of(const Task& task);

}  // namespace fulcrum
