#include "recipe/levers.h"

#include <algorithm>

#include "base/error.h"

namespace fulcrum {
namespace {

// How many of the best-ranked chunks are looked through for one of the document that holds a demonstration's
// answer.
constexpr std::int64_t kSearchedForDemonstration = 10;

// The form of the answer that the task's kind has, in full words.
AnswerForm form_of(const Task& task, LabelNotes notes) {
  switch (task.kind) {
    case TaskKind::classification: {
      const bool has_notes = std::any_of(task.labels.begin(), task.labels.end(),
                                         [](const Label& label) { return !label.description.empty(); });
      return notes == LabelNotes::described && has_notes ? AnswerForm::described_label : AnswerForm::label;
    }
    case TaskKind::extraction:
      return AnswerForm::json;
    case TaskKind::answering:
      return AnswerForm::unstated;
  }
  return AnswerForm::unstated;
}

class ArmBuilder {
 public:
  ArmBuilder(const Task& task, const LeverOptions& options, const LanguageModel& model, Retriever* retriever)
      : task_(task), options_(options), model_(model), retriever_(retriever) {
    if (task.documents && retriever == nullptr) {
      throw_error(ErrorCode::internal, "making the recipes of '{}': it has documents, and no index was given",
                  task.name);
    }
    for (const Example& example : task.splits.train) pool_.push_back(example.demonstration());
    if (task.documents) index_sha256_ = retriever->sha256();
  }

  std::vector<Recipe> build() {
    const bool has_documents = task_.documents.has_value();
    add("zero_shot", {lever::kPrompt}, base_program());
    add_few_shot("few_shot", {lever::kPrompt, lever::kFewShot}, base_program());
    add_nearest("few_shot@nearest", {lever::kPrompt, lever::kFewShot}, base_program());
    // Working out an answer that stands only in documents that are not shown leads nowhere.
    const bool works_alone =
        task_.kind == TaskKind::classification || (task_.kind == TaskKind::answering && !has_documents);
    if (works_alone) add("reasoning", {lever::kPrompt, lever::kReasoning}, thinking(base_program()));
    if (has_documents) {
      add("retrieval", {lever::kPrompt, lever::kRetrieval}, retrieving(base_program()));
      add_few_shot("retrieval+few_shot", {lever::kPrompt, lever::kRetrieval, lever::kFewShot},
                   retrieving(base_program()));
      if (task_.kind == TaskKind::answering) {
        add("retrieval+reasoning", {lever::kPrompt, lever::kRetrieval, lever::kReasoning},
            thinking(retrieving(base_program())));
      }
    }
    add("fine_tuned", {lever::kFineTune}, short_program());
    if (has_documents) {
      add("fine_tuned+retrieval", {lever::kFineTune, lever::kRetrieval}, retrieving(short_program()));
    }
    return std::move(recipes_);
  }

 private:
  const Task& task_;
  const LeverOptions& options_;
  const LanguageModel& model_;
  Retriever* retriever_;
  std::vector<Demonstration> pool_;
  std::string index_sha256_;
  std::vector<Recipe> recipes_;

  PromptProgram base_program() const { return task_program(task_, options_); }

  PromptProgram short_program() const {
    PromptProgram program = base_program();
    program.signature.instruction = task_.short_instruction;
    program.signature.form = AnswerForm::unstated;
    return program;
  }

  static PromptProgram thinking(PromptProgram program) {
    program.reasoning = Reasoning::think_first;
    return program;
  }

  PromptProgram retrieving(PromptProgram program) const {
    program.passages = task_.limits.passages;
    return program;
  }

  void add(std::string_view id, const std::vector<std::string_view>& levers, PromptProgram program) {
    Recipe recipe;
    recipe.id = id;
    recipe.task = task_.name;
    recipe.levers.assign(levers.begin(), levers.end());
    recipe.base = options_.base;
    recipe.program = std::move(program);
    recipe.program.name = id;
    if (recipe.program.passages > 0) {
      recipe.retrieval = RetrievalSettings{
          *task_.documents, {task_.limits.chunk_tokens, 0}, options_.counter_name, index_sha256_};
    }
    if (has_lever(recipe, lever::kFineTune)) {
      recipe.tune = task_.fine_tune;
      recipe.tune->seed = options_.seed;
    }
    recipes_.push_back(std::move(recipe));
  }

  void add_few_shot(std::string_view id, const std::vector<std::string_view>& levers, PromptProgram program) {
    std::vector<Demonstration> chosen =
        choose_demonstrations(pool_, task_.limits.demonstrations, options_.seed);
    if (program.passages > 0) {
      for (Demonstration& demonstration : chosen) demonstration.passages = passages_for(demonstration);
    }
    chosen.resize(count_that_fits(program, chosen));
    if (chosen.empty()) return;
    program.shown = static_cast<std::int64_t>(chosen.size());
    program.demonstrations = std::move(chosen);
    add(id, levers, std::move(program));
  }

  // Where all there are would be shown anyway, choosing changes nothing. As many as fit when they are the
  // longest.
  void add_nearest(std::string_view id, const std::vector<std::string_view>& levers, PromptProgram program) {
    if (std::ssize(pool_) <= task_.limits.demonstrations) return;
    program.choice = DemonstrationChoice::nearest;
    program.demonstrations = pool_;
    program.shown = task_.limits.demonstrations;
    const PromptProgram bound = with_longest_demonstrations(program);
    program.shown = static_cast<std::int64_t>(count_that_fits(bound, bound.demonstrations));
    if (program.shown > 0) add(id, levers, std::move(program));
  }

  // One passage to show with a demonstration: the best-ranked of a document that holds its answer, where that
  // is known.
  std::vector<std::string> passages_for(const Demonstration& demonstration) {
    const auto example = std::find_if(task_.splits.train.begin(), task_.splits.train.end(),
                                      [&](const Example& entry) { return entry.id == demonstration.id; });
    const std::vector<Passage> found = retriever_->search(demonstration.input, kSearchedForDemonstration);
    const std::vector<std::string>& gold = example->documents;
    for (const Passage& passage : found) {
      const bool holds_answer = std::find(gold.begin(), gold.end(), passage.chunk.document) != gold.end();
      if (gold.empty() || holds_answer) return {passage.chunk.text};
    }
    const std::vector<Passage> unfound =
        gold.empty() ? std::vector<Passage>() : retriever_->passages_of(gold);
    return unfound.empty() ? std::vector<std::string>()
                           : std::vector<std::string>{unfound.front().chunk.text};
  }

  // The user message of the item whose prompt will be the longest.
  std::string longest_question(const PromptProgram& program) {
    std::string longest;
    std::int64_t most_tokens = -1;
    for (const std::vector<Example>* split : {&task_.splits.train, &task_.splits.dev, &task_.splits.test}) {
      for (const Example& example : *split) {
        std::string text = example.input_text();
        if (program.passages > 0) {
          std::vector<std::string> passages;
          const PromptInput input = example.input();
          for (const Passage& passage : retriever_->search(input.question(), program.passages)) {
            passages.push_back(passage.chunk.text);
          }
          text = with_passages(passages, text);
        }
        const std::int64_t tokens = model_.count_tokens(std::string_view(text));
        if (tokens <= most_tokens) continue;
        most_tokens = tokens;
        longest = std::move(text);
      }
    }
    return longest;
  }

  std::size_t count_that_fits(PromptProgram program, const std::vector<Demonstration>& chosen) {
    const std::int64_t context_tokens = model_.info().context_tokens;
    if (context_tokens <= 0) return chosen.size();  // a remote model that does not say
    const PromptInput longest{"", {{"user", longest_question(program)}}};
    for (std::size_t count = chosen.size(); count > 0; --count) {
      program.demonstrations.assign(chosen.begin(), chosen.begin() + static_cast<std::ptrdiff_t>(count));
      const std::vector<Message> messages = build_messages(program, longest, {}, nullptr);
      if (model_.count_tokens(messages) + program.max_answer_tokens <= context_tokens) return count;
    }
    return 0;
  }
};

}  // namespace

PromptProgram task_program(const Task& task, const LeverOptions& options) {
  PromptProgram program;
  program.name = task.name;
  program.signature.system = task.system;
  program.signature.instruction = task.instruction;
  program.signature.labels = task.labels;
  program.signature.fields = task.fields;
  program.signature.form = form_of(task, options.label_notes);
  program.decoding = task.kind == TaskKind::classification ? Decoding::choose : Decoding::generate;
  program.max_answer_tokens = task.limits.answer_tokens;
  program.max_reasoning_tokens = task.limits.reasoning_tokens;
  program.rewordings = task.rewordings;
  return program;
}

std::vector<Recipe> standard_recipes(const Task& task, const LeverOptions& options,
                                     const LanguageModel& model, Retriever* retriever) {
  return ArmBuilder(task, options, model, retriever).build();
}

bool has_lever(const Recipe& recipe, std::string_view lever) {
  return std::find(recipe.levers.begin(), recipe.levers.end(), lever) != recipe.levers.end();
}

}  // namespace fulcrum
