#include "recipe/preflight.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "retrieve/document.h"

namespace fulcrum {
namespace {

// The doubts that touch what a comparison measures, and what each means for its reader.
struct Doubt {
  std::string_view code, singular, plural, meaning;
};
constexpr Doubt kDoubts[] = {
    {"leak_near", "item is nearly a copy of one in another part",
     "items are nearly copies of ones in other parts",
     "recipes that learn from train may look better than they are"},
    {"leak_document", "test item stands almost word for word in a document",
     "test items stand almost word for word in documents", "retrieval may look better than it is"},
    {"conflicting_answers", "input has two answers", "inputs have two answers",
     "no recipe can be right with both"},
    {"near_conflict", "input has another answer than one that is nearly the same",
     "inputs have other answers than ones that are nearly the same",
     "look whether the labels mean what they should"},
    {"small_class", "class has fewer than five rows in a part", "classes have fewer than five rows in a part",
     "its figure is hardly a measurement"},
    {"class_missing", "class is missing from a part", "classes are missing from a part",
     "what is not there is not learnt or not measured"},
};

}  // namespace

std::vector<DataFile> data_files_of(const Task& task) {
  const std::pair<const char*, const std::vector<Example>*> named[] = {
      {"train", &task.splits.train}, {"dev", &task.splits.dev}, {"test", &task.splits.test}};
  std::vector<DataFile> files;
  for (const auto& [part, examples] : named) {
    DataFile file;
    file.part = part;
    file.name = fmt::format("{}.jsonl", part);
    file.examples = *examples;
    for (const Example& example : *examples) file.rows.push_back(chat_row(example));
    files.push_back(std::move(file));
  }
  return files;
}

std::vector<DocumentText> document_texts_of(const Task& task) {
  std::vector<DocumentText> texts;
  if (!task.documents) return texts;
  for (const DocumentFile& file : list_documents(*task.documents))
    texts.push_back({file.id, read_document(*task.documents, file.id).source});
  return texts;
}

std::vector<std::string> preflight_warnings(const Task& task) {
  AuditSettings settings;
  if (task.kind == TaskKind::classification)
    for (const Label& label : task.labels) settings.labels.push_back(label.name);
  const DataAudit audit = audit_data(data_files_of(task), document_texts_of(task), settings);
  std::vector<std::string> warnings;
  for (const Doubt& doubt : kDoubts) {
    const Finding* first = nullptr;
    std::int64_t count = 0;
    for (const Finding& finding : audit.findings) {
      if (finding.code != doubt.code) continue;
      if (!first) first = &finding;
      ++count;
    }
    if (!first) continue;
    const std::string place = first->line > 0 ? fmt::format("{}:{}", first->file, first->line) : first->file;
    warnings.push_back(fmt::format("{} {}: {} (the first: {} {})", count,
                                   count == 1 ? doubt.singular : doubt.plural, doubt.meaning, place,
                                   first->what));
  }
  return warnings;
}

}  // namespace fulcrum
