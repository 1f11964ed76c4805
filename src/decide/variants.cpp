#include "decide/variants.h"

#include <algorithm>

#include "base/error.h"

namespace fulcrum {

namespace {

constexpr std::int64_t kLeastChunkTokens = 30;
// What stands around each passage in the prompt.
constexpr std::int64_t kPassageFrameTokens = 8;

class GridMaker {
 public:
  GridMaker(const Task& task, const LeverOptions& options, const LanguageModel& model,
            const IndexOfChunks& index)
      : task_(task), options_(options), model_(model), index_(index) {}

  std::vector<RecipeVariant> make() {
    for (Recipe& recipe : recipes_of(task_, options_)) grid_.push_back({std::move(recipe), ""});
    add_described();
    add_demonstrations();
    add_retrieval();
    add_tuning();
    add_short_trainings();
    return std::move(grid_);
  }

 private:
  std::vector<Recipe> recipes_of(const Task& task, const LeverOptions& options) const {
    return standard_recipes(task, options, model_, index_(task.limits.chunk_tokens));
  }

  // Only what answers otherwise than everything that is there already.
  void add(Recipe recipe, const std::string& settings, const std::string& parent = {},
           const std::string& stands_in_for = {}) {
    recipe.id += settings;
    recipe.program.name = recipe.id;
    const auto same = [&](const RecipeVariant& other) {
      Recipe renamed = other.recipe;
      renamed.id = recipe.id;
      renamed.program.name = recipe.id;
      return recipe_sha256(renamed) == recipe_sha256(recipe);
    };
    if (std::none_of(grid_.begin(), grid_.end(), same))
      grid_.push_back({std::move(recipe), parent, stands_in_for});
  }

  const Recipe* standard(const std::string& id) const {
    const auto found = std::find_if(grid_.begin(), grid_.end(),
                                    [&](const RecipeVariant& variant) { return variant.recipe.id == id; });
    return found == grid_.end() ? nullptr : &found->recipe;
  }

  // The recipes of these ids as they come out for a task whose limits differ.
  void add_with_limits(const Limits& limits, const std::vector<std::string>& ids,
                       const std::string& settings) {
    Task other = task_;
    other.limits = limits;
    for (Recipe& recipe : recipes_of(other, options_))
      if (std::find(ids.begin(), ids.end(), recipe.id) != ids.end() && fits(recipe))
        add(std::move(recipe), settings);
  }

  void add_described() {
    LeverOptions described = options_;
    described.label_notes = LabelNotes::described;
    for (Recipe& recipe : recipes_of(task_, described))
      if (recipe.id == "zero_shot" || recipe.id == "few_shot") add(std::move(recipe), "@described");
  }

  void add_demonstrations() {
    const Recipe* shown = standard("few_shot");
    if (!shown) return;
    const std::int64_t most = shown->program.shown;
    for (const std::int64_t count : {most / 2, most / 4}) {
      if (count < 1) continue;
      Limits limits = task_.limits;
      limits.demonstrations = count;
      add_with_limits(limits, {"few_shot", "retrieval+few_shot"}, fmt::format("@k{}", count));
    }
    for (const std::int64_t count : {most, most / 2}) {
      if (count == most && standard("few_shot@nearest")) continue;
      Recipe nearest = *standard("few_shot");
      nearest.program.choice = DemonstrationChoice::nearest;
      nearest.program.demonstrations.clear();
      for (const Example& example : task_.splits.train)
        nearest.program.demonstrations.push_back(example.demonstration());
      nearest.program.shown = count;
      if (count >= 1 && fits(nearest))
        add(nearest, count == most ? "@nearest" : fmt::format("@nearest@k{}", count));
    }
  }

  void add_retrieval() {
    if (!task_.documents) return;
    const Limits& own = task_.limits;
    for (const std::int64_t passages : {own.passages, own.passages / 3, 2 * own.passages})
      for (const std::int64_t chunk : {own.chunk_tokens, own.chunk_tokens / 2, 2 * own.chunk_tokens}) {
        if (chunk < kLeastChunkTokens || (passages == own.passages && chunk == own.chunk_tokens)) continue;
        Limits limits = own;
        limits.passages = std::max<std::int64_t>(1, passages);
        limits.chunk_tokens = chunk;
        std::string settings;
        if (limits.passages != own.passages) settings += fmt::format("@p{}", limits.passages);
        if (chunk != own.chunk_tokens) settings += fmt::format("@c{}", chunk);
        std::vector<std::string> ids{"retrieval"};
        if (chunk == own.chunk_tokens) ids.insert(ids.end(), {"retrieval+few_shot", "retrieval+reasoning"});
        add_with_limits(limits, ids, settings);
      }
  }

  // Rates before ranks: a wrong rate costs more than a wrong rank, and the first variant may be the only one
  // that the budget pays for.
  void add_tuning() {
    for (const char* id : {"fine_tuned", "fine_tuned+retrieval"}) {
      if (!standard(id)) continue;
      for (const double rank : {1.0, 0.5, 2.0})
        for (const double rate : {1.0, 2.0, 0.5}) {
          Recipe recipe = *standard(id);
          const int own_rank = recipe.tune->rank;
          recipe.tune->rank = std::max(1, static_cast<int>(own_rank * rank));
          // alpha / rank is the adapter's gain: it stays.
          recipe.tune->alpha *= static_cast<double>(recipe.tune->rank) / own_rank;
          recipe.tune->learning_rate *= rate;
          const std::string settings =
              (rate == 1 ? std::string() : fmt::format("@lr{:g}x", rate)) +
              (recipe.tune->rank == own_rank ? std::string() : fmt::format("@rank{}", recipe.tune->rank));
          if (!settings.empty()) add(std::move(recipe), settings, id);
        }
    }
  }

  // Fewer epochs before fewer examples: those that are there are paid for.
  void add_short_trainings() {
    const auto examples = static_cast<std::int64_t>(task_.splits.train.size());
    for (const char* id : {"fine_tuned", "fine_tuned+retrieval"}) {
      if (!standard(id)) continue;
      for (const auto& [epoch_share, example_share] : {std::pair(2, 1), std::pair(3, 1), std::pair(3, 2)}) {
        Recipe recipe = *standard(id);
        const int own_epochs = recipe.tune->max_epochs;
        recipe.tune->max_epochs = std::max(1, own_epochs / epoch_share);
        std::string settings =
            recipe.tune->max_epochs == own_epochs ? "" : fmt::format("@e{}", recipe.tune->max_epochs);
        const std::int64_t own_examples = std::min(examples, recipe.tune->train_examples.value_or(examples));
        if (const std::int64_t fewer = own_examples / example_share; fewer >= 1 && fewer < own_examples) {
          recipe.tune->train_examples = fewer;
          settings += fmt::format("@n{}", fewer);
        }
        if (!settings.empty()) add(std::move(recipe), settings, {}, id);
      }
    }
  }

  // By the longest question, the longest demonstrations and full passages, so that no prompt turns out too
  // long half-way.
  bool fits(const Recipe& recipe) const {
    const std::int64_t context_tokens = model_.info().context_tokens;
    if (context_tokens <= 0) return true;  // a remote model that does not say
    const PromptProgram program = with_longest_demonstrations(recipe.program);
    const PromptInput longest{"", {{"user", longest_question()}}};
    std::int64_t tokens = model_.count_tokens(build_messages(program, longest, {}, nullptr));
    if (recipe.retrieval)
      tokens += program.passages * (recipe.retrieval->chunks.max_tokens + kPassageFrameTokens);
    if (program.reasoning == Reasoning::think_first) tokens += program.max_reasoning_tokens;
    return tokens + program.max_answer_tokens <= context_tokens;
  }

  std::string longest_question() const {
    std::string longest;
    for (const auto* split : {&task_.splits.train, &task_.splits.dev, &task_.splits.test})
      for (const Example& example : *split)
        if (std::string text = example.input_text(); text.size() > longest.size()) longest = std::move(text);
    return longest;
  }

  const Task& task_;
  const LeverOptions& options_;
  const LanguageModel& model_;
  const IndexOfChunks& index_;
  std::vector<RecipeVariant> grid_;
};

}  // namespace

std::vector<RecipeVariant> recipe_variants(const Task& task, const LeverOptions& options,
                                           const LanguageModel& model, const IndexOfChunks& index) {
  return GridMaker(task, options, model, index).make();
}

}  // namespace fulcrum
