#include "measure/causes.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/random.h"
#include "base/unicode.h"
#include "measure/estimate_json.h"
#include "measure/lenient_answer.h"
#include "prompt/demonstrations.h"
#include "prompt/fields_schema.h"
#include "recipe/preflight.h"

namespace fulcrum {
namespace {

std::string words_of(std::string_view text) {
  return fmt::format(" {} ", fmt::join(fold_words(text), " "));
}

class Prober {
 public:
  Prober(const Task& task, const Recipe& prompt, const Measurement& measured, std::span<const Example> items,
         LanguageModel& model, Retriever* retriever, const ProbeOptions& options,
         const ProgressCallback& progress, const CancelToken& cancel)
      : task_(task),
        prompt_(prompt),
        measured_(measured),
        items_(items),
        model_(model),
        retriever_(retriever),
        options_(options),
        progress_(progress),
        cancel_(cancel),
        yardstick_(yardstick_of(task)) {
    probes_.recipe = prompt.id;
    probes_.temperature = options.temperature;
    for (const Example& item : items) {
      probes_.items.push_back(item.id);
      inputs_.push_back(recipe_input(item));
    }
  }

  Probes run() {
    read_leniently();
    hold_to_the_form();
    give_documents();
    show_more_demonstrations();
    draw_samples();
    look_into_documents();
    return std::move(probes_);
  }

 private:
  const Task& task_;
  const Recipe& prompt_;
  const Measurement& measured_;
  std::span<const Example> items_;
  LanguageModel& model_;
  Retriever* retriever_;
  const ProbeOptions& options_;
  const ProgressCallback& progress_;
  const CancelToken& cancel_;
  Yardstick yardstick_;
  std::vector<RecipeInput> inputs_;
  Probes probes_;

  double score(std::size_t item, std::string_view answer) const {
    return score_answer(yardstick_.metric, answer, items_[item].reference(), yardstick_.labels).score;
  }

  std::vector<Answer> ask(const Recipe& recipe, std::span<const RecipeInput> inputs,
                          const RunOptions& options, std::string_view doing) const {
    cancel_.check(fmt::format("probing {}", recipe.id));
    const ProgressCallback named = [&](const Progress& step) {
      if (!progress_) return;
      Progress renamed = step;
      renamed.stage = fmt::format("{}: {}", recipe.id, doing);
      progress_(renamed);
    };
    return run_recipe(recipe, model_, retriever_, inputs, options, cancel_, named);
  }

  RunOptions batched() const {
    RunOptions options;
    options.batch_items = options_.batch_items;
    return options;
  }

  InterventionArm empty_arm(std::string_view name) const {
    InterventionArm arm;
    arm.name = name;
    arm.scores.resize(items_.size());
    arm.answers.resize(items_.size());
    return arm;
  }

  void keep(InterventionArm arm) {
    std::vector<double> after, before;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (!arm.scores[i]) continue;
      after.push_back(*arm.scores[i]);
      before.push_back(measured_.items[i].score);
    }
    if (after.empty()) return;
    arm.quality = estimate_mean(after, options_.seed);
    arm.quality_before = estimate_mean(before, options_.seed);
    probes_.arms.push_back(std::move(arm));
  }

  void read_leniently() {
    if (prompt_.program.decoding == Decoding::choose) return;
    InterventionArm arm = empty_arm(intervention::kOracleFormat);
    for (std::size_t i = 0; i < items_.size(); ++i) {
      const std::string& answer = measured_.items[i].answer;
      arm.answers[i] = answer;
      arm.scores[i] = lenient_score(yardstick_.metric, answer, items_[i].reference(), yardstick_.labels);
    }
    keep(std::move(arm));
  }

  void ask_some(InterventionArm arm, const Recipe& recipe, const std::vector<std::size_t>& which,
                const RunOptions& options) {
    std::vector<RecipeInput> inputs;
    for (const std::size_t i : which) inputs.push_back(inputs_[i]);
    if (inputs.empty()) return;
    const std::vector<Answer> answers = ask(recipe, inputs, options, arm.name);
    for (std::size_t k = 0; k < which.size(); ++k) {
      arm.answers[which[k]] = answers[k].text;
      arm.scores[which[k]] = score(which[k], answers[k].text);
    }
    keep(std::move(arm));
  }

  // A model that cannot be held to a schema leaves this reason to the lenient reading.
  void hold_to_the_form() {
    if (task_.kind != TaskKind::extraction || task_.fields.empty()) return;
    if (prompt_.program.decoding == Decoding::choose) return;
    RunOptions options = batched();
    options.json_schema = fields_schema(task_.fields);
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < items_.size(); ++i) all.push_back(i);
    try {
      ask_some(empty_arm(intervention::kConstrainedFormat), prompt_, all, options);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::unsupported) throw;
    }
  }

  // The right documents, as many of their chunks as the task shows passages.
  void give_documents() {
    if (!task_.documents || !retriever_) return;
    std::vector<std::size_t> known;
    for (std::size_t i = 0; i < items_.size(); ++i)
      if (!items_[i].documents.empty()) known.push_back(i);
    Recipe recipe = prompt_;
    recipe.id = fmt::format("{}+{}", prompt_.id, intervention::kOracleContext);
    recipe.program.passages = task_.limits.passages;
    recipe.retrieval =
        RetrievalSettings{*task_.documents, {task_.limits.chunk_tokens, 0}, "", retriever_->sha256()};
    RunOptions options = batched();
    options.passages = PassageSource::gold;
    ask_some(empty_arm(intervention::kOracleContext), recipe, known, options);
  }

  void show_more_demonstrations() {
    Recipe recipe = prompt_;
    recipe.id = fmt::format("{}+{}", prompt_.id, intervention::kMoreDemonstrations);
    PromptProgram& program = recipe.program;
    program.shown = 2 * task_.limits.demonstrations;
    if (program.choice == DemonstrationChoice::nearest) {
      while (program.shown > 0 && !fits(recipe)) --program.shown;
    } else {
      std::vector<Demonstration> pool;
      for (const Example& example : task_.splits.train) pool.push_back(example.demonstration());
      program.demonstrations = choose_demonstrations(pool, program.shown, options_.seed);
      while (!program.demonstrations.empty() && !fits(recipe)) program.demonstrations.pop_back();
      program.shown = std::ssize(program.demonstrations);
    }
    if (program.shown <= prompt_.program.shown) return;
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < items_.size(); ++i) all.push_back(i);
    ask_some(empty_arm(intervention::kMoreDemonstrations), recipe, all, batched());
  }

  bool fits(const Recipe& recipe) const {
    const std::int64_t context_tokens = model_.info().context_tokens;
    if (context_tokens <= 0) return true;  // a remote model that does not say
    const PromptProgram program = with_longest_demonstrations(recipe.program);
    std::int64_t most = 0;
    for (const RecipeInput& input : inputs_)
      most = std::max(most, model_.count_tokens(build_messages(program, input.prompt, {}, nullptr)));
    const std::int64_t reasoning =
        recipe.program.reasoning == Reasoning::think_first ? recipe.program.max_reasoning_tokens + 8 : 0;
    return most + reasoning + recipe.program.max_answer_tokens <= context_tokens;
  }

  void draw_samples() {
    probes_.samples.resize(items_.size());
    for (int draw = 0; draw < options_.samples; ++draw) {
      RunOptions options = batched();
      options.sampling.emplace();
      options.sampling->temperature = options_.temperature;
      options.sampling->seed =
          Random(options_.seed, stream_of("probes")).at(static_cast<std::uint64_t>(draw))[0];
      const std::vector<Answer> answers = ask(prompt_, inputs_, options, "drawing samples");
      for (std::size_t i = 0; i < items_.size(); ++i) {
        probes_.samples[i].answers.push_back(answers[i].text);
        probes_.samples[i].scores.push_back(score(i, answers[i].text));
      }
    }
  }

  // A short answer in plain words must stand in a document to be found there; yes, no and labels need not.
  void look_into_documents() {
    probes_.in_documents.resize(items_.size());
    if (!task_.documents || task_.kind != TaskKind::answering) return;
    std::vector<std::string> texts;
    for (const DocumentText& document : document_texts_of(task_)) texts.push_back(words_of(document.text));
    for (std::size_t i = 0; i < items_.size(); ++i) {
      const std::string wanted = words_of(items_[i].reference());
      if (wanted == " yes " || wanted == " no " || wanted == "  ") continue;
      probes_.in_documents[i] = std::any_of(texts.begin(), texts.end(), [&](const std::string& text) {
        return text.find(wanted) != std::string::npos;
      });
    }
  }
};

Json optional_number(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

}  // namespace

const InterventionArm* Probes::arm(std::string_view name) const {
  for (const InterventionArm& known : arms)
    if (known.name == name) return &known;
  return nullptr;
}

std::optional<bool> Probes::right_under(std::string_view name, std::size_t item) const {
  const InterventionArm* found = arm(name);
  if (!found || !found->scores[item]) return std::nullopt;
  return *found->scores[item] >= 1.0;
}

bool Probes::any_sample_right(std::size_t item) const {
  if (item >= samples.size()) return false;
  const std::vector<double>& scores = samples[item].scores;
  return std::any_of(scores.begin(), scores.end(), [](double score) { return score >= 1.0; });
}

Probes probe(const Task& task, const Recipe& prompt, const Measurement& measured,
             std::span<const Example> items, LanguageModel& model, Retriever* retriever,
             const ProbeOptions& options, const ProgressCallback& progress, const CancelToken& cancel) {
  if (prompt.retrieval || prompt.tune || measured.items.size() != items.size()) {
    throw_error(
        ErrorCode::internal,
        "probing '{}': a prompt without documents and adapter is expected, with one measured item each",
        prompt.id);
  }
  return Prober(task, prompt, measured, items, model, retriever, options, progress, cancel).run();
}

std::optional<Estimate> documents_lack_answer(const Probes& probes) {
  std::vector<double> lacking;
  for (const std::optional<bool>& in_documents : probes.in_documents)
    if (in_documents) lacking.push_back(*in_documents ? 0.0 : 1.0);
  if (lacking.empty()) return std::nullopt;
  return estimate_mean(lacking, 0);
}

Json to_json(const Probes& probes) {
  Json arms = Json::array(), samples = Json::array(), in_documents = Json::array();
  for (const InterventionArm& arm : probes.arms) {
    Json scores = Json::array();
    for (const auto& score : arm.scores) scores.push_back(optional_number(score));
    arms.push_back({{"name", arm.name},
                    {"quality", estimate_to_json(arm.quality)},
                    {"quality_before", estimate_to_json(arm.quality_before)},
                    {"scores", scores},
                    {"answers", arm.answers}});
  }
  for (const SampledItem& item : probes.samples)
    samples.push_back({{"answers", item.answers}, {"scores", item.scores}});
  for (const auto& known : probes.in_documents) in_documents.push_back(known ? Json(*known) : Json(nullptr));
  return {{"recipe", probes.recipe}, {"items", probes.items},        {"arms", arms},
          {"samples", samples},      {"in_documents", in_documents}, {"temperature", probes.temperature}};
}

Probes probes_from_json(const Json& value) {
  Probes probes;
  probes.recipe = value.at("recipe");
  probes.items = value.at("items").get<std::vector<std::string>>();
  probes.temperature = value.at("temperature");
  for (const Json& entry : value.at("arms")) {
    InterventionArm arm;
    arm.name = entry.at("name");
    arm.quality = estimate_from_json(entry.at("quality"));
    arm.quality_before = estimate_from_json(entry.at("quality_before"));
    arm.answers = entry.at("answers").get<std::vector<std::string>>();
    for (const Json& score : entry.at("scores"))
      arm.scores.push_back(score.is_null() ? std::nullopt : std::optional<double>(score.get<double>()));
    probes.arms.push_back(std::move(arm));
  }
  for (const Json& entry : value.at("samples"))
    probes.samples.push_back(
        {entry.at("answers").get<std::vector<std::string>>(), entry.at("scores").get<std::vector<double>>()});
  for (const Json& known : value.at("in_documents"))
    probes.in_documents.push_back(known.is_null() ? std::nullopt : std::optional<bool>(known.get<bool>()));
  return probes;
}

}  // namespace fulcrum
