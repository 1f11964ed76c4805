#include "recipe/run.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/hash.h"
#include "base/random.h"

namespace fulcrum {
namespace {

// Turns the raw text of an answer, piece by piece, into the pieces that may be shown: no reasoning, nothing
// that a later piece could still turn into the opening of one, no white space that may turn out to be the
// end.
class AnswerStream {
 public:
  explicit AnswerStream(const std::function<void(std::string_view)>& show) : show_(show) {}

  void add(std::string_view piece) {
    raw_ += piece;
    std::string_view settled = raw_;
    const std::size_t bracket = raw_.rfind('<');
    if (bracket != std::string::npos && kThinkOpen.starts_with(settled.substr(bracket))) {
      settled = settled.substr(0, bracket);
    }
    show_up_to(parse_answer(settled).text);
  }

  void finish(const std::string& answer) { show_up_to(answer); }

 private:
  const std::function<void(std::string_view)>& show_;
  std::string raw_;
  std::size_t shown_bytes_ = 0;

  void show_up_to(const std::string& text) {
    if (text.size() <= shown_bytes_) return;
    show_(std::string_view(text).substr(shown_bytes_));
    shown_bytes_ = text.size();
  }
};

// What decides one answer once the prompt stands.
class Runner {
 public:
  Runner(const Recipe& recipe, LanguageModel& model, Retriever* retriever, const RunOptions& options,
         const CancelToken& cancel)
      : recipe_(recipe),
        program_(recipe.program),
        model_(model),
        options_(options),
        cancel_(cancel),
        prompts_(recipe, retriever, options),
        context_tokens_(model.info().context_tokens),
        adapter_(adapter_name(recipe)) {
    if (recipe.tune && !recipe.adapter) {
      throw_error(ErrorCode::invalid_argument,
                  "running the recipe '{}': its adapter has not been trained yet", recipe.id);
    }
    for (const Label& label : program_.signature.labels) labels_.push_back(label.name);
    reserved_tokens_ = reserved_tokens();
    if (options.on_text) stream_.emplace(options.on_text);
  }

  std::vector<Answer> run(std::span<const RecipeInput> inputs) {
    std::vector<Work> batch;
    for (const RecipeInput& input : inputs) batch.push_back(begin(input));
    if (program_.decoding == Decoding::generate)
      generate_answers(batch);
    else if (program_.reasoning == Reasoning::think_first)
      reason_and_choose(batch);
    else
      choose_directly(batch);
    if (stream_) stream_->finish(batch.front().answer.text);
    std::vector<Answer> answers;
    for (Work& work : batch) answers.push_back(std::move(work.answer));
    return answers;
  }

 private:
  struct Work {
    std::vector<Message> messages;
    Answer answer;
  };

  const Recipe& recipe_;
  const PromptProgram& program_;
  LanguageModel& model_;
  const RunOptions& options_;
  const CancelToken& cancel_;
  PromptMaker prompts_;
  std::int64_t context_tokens_;
  std::string adapter_;
  std::vector<std::string> labels_;
  std::int64_t reserved_tokens_ = 0;
  std::optional<AnswerStream> stream_;

  // Room that the answer may need behind the prompt.
  std::int64_t reserved_tokens() const {
    std::int64_t tokens = 0;
    if (program_.reasoning == Reasoning::think_first) {
      tokens +=
          program_.max_reasoning_tokens + model_.count_tokens(kThinkOpen) + model_.count_tokens(kThinkClose);
    }
    if (program_.decoding == Decoding::generate) return tokens + program_.max_answer_tokens;
    std::int64_t longest = 0;
    for (const std::string& label : labels_)
      longest = std::max(longest, model_.count_tokens(std::string_view(label)));
    return tokens + longest + 1;  // the end of the turn
  }

  Work begin(const RecipeInput& input) const {
    PreparedPrompt prompt = prompts_.make(input);
    const std::int64_t tokens = model_.count_tokens(prompt.messages);
    const std::int64_t excess = tokens + reserved_tokens_ - context_tokens_;
    if (context_tokens_ > 0 && excess > 0) {
      throw_error(
          ErrorCode::too_large,
          "running the recipe '{}': the prompt of item '{}' has {} tokens and its answer may need {}, but "
          "the "
          "context of {} holds {}: {} too many. Show fewer demonstrations or passages, or shorten the item.",
          recipe_.id, input.prompt.id, tokens, reserved_tokens_, model_.info().name, context_tokens_, excess);
    }
    Work work;
    work.answer.item = input.prompt.id;
    work.answer.sources = std::move(prompt.sources);
    work.answer.search_seconds = prompt.search_seconds;
    work.answer.prompt_sha256 = sha256(model_.render(prompt.messages));
    work.messages = std::move(prompt.messages);
    return work;
  }

  int votes() const {
    // Samples of the same likelihoods over fixed labels could only ever agree with their own distribution.
    const bool can_differ =
        program_.decoding == Decoding::generate || program_.reasoning == Reasoning::think_first;
    return can_differ ? std::max(program_.votes, 1) : 1;
  }

  Sampling sampling_of(const std::string& item, int ballot) const {
    Sampling sampling = options_.sampling.value_or(Sampling{});
    if (votes() > 1 && sampling.temperature == 0) sampling.temperature = program_.vote_temperature;
    // A stream an item, a block a ballot: who else is in the batch does not matter.
    const auto words = Random(sampling.seed, stream_of(item)).at(static_cast<std::uint64_t>(ballot) + 1);
    sampling.seed = (std::uint64_t{words[1]} << 32) | words[0];
    return sampling;
  }

  static void add_usage(Answer& answer, const Usage& usage, double seconds) {
    answer.usage.prompt_tokens += usage.prompt_tokens;
    answer.usage.cached_tokens += usage.cached_tokens;
    answer.usage.completion_tokens += usage.completion_tokens;
    answer.seconds += seconds;
  }

  // One call of the model for every ballot. prefixes: the beginnings of the answers, one a ballot; none: what
  // opens the reasoning where the program thinks.
  struct Phase {
    int max_tokens = 0;
    std::vector<std::string> stop, prefixes;
    std::string json_schema;
  };

  // votes() generations an item, item after item.
  std::vector<Generation> generate(std::vector<Work>& batch, const Phase& phase) {
    const bool thinks = program_.reasoning == Reasoning::think_first;
    std::vector<GenerateRequest> requests;
    for (const Work& work : batch) {
      for (int ballot = 0; ballot < votes(); ++ballot) {
        GenerateRequest request;
        request.messages = work.messages;
        if (!phase.prefixes.empty())
          request.answer_prefix = phase.prefixes[requests.size()];
        else if (thinks)
          request.answer_prefix = kThinkOpen;
        request.adapter = adapter_;
        request.max_tokens = phase.max_tokens;
        request.stop = phase.stop;
        request.json_schema = phase.json_schema;
        request.sampling = sampling_of(work.answer.item, ballot);
        const bool writes_answer = phase.json_schema == options_.json_schema;
        if (stream_ && program_.decoding == Decoding::generate && votes() == 1 && writes_answer) {
          if (thinks)
            stream_->add(phase.prefixes.empty() ? kThinkOpen : std::string_view(request.answer_prefix));
          request.on_text = [this](std::string_view piece) { stream_->add(piece); };
        }
        requests.push_back(std::move(request));
      }
    }
    std::vector<Generation> generations = model_.generate(requests, cancel_);
    for (std::size_t i = 0; i < generations.size(); ++i) {
      add_usage(batch[i / static_cast<std::size_t>(votes())].answer, generations[i].usage,
                generations[i].seconds);
    }
    return generations;
  }

  // The reasoning is free, and closed whatever it says; only what stands behind it is held to the schema.
  Phase behind_the_reasoning(std::vector<Work>& batch) {
    Phase reasoning{program_.max_reasoning_tokens, {std::string(kThinkClose)}, {}, ""};
    Phase answers{program_.max_answer_tokens, {}, {}, options_.json_schema};
    for (const Generation& working : generate(batch, reasoning))
      answers.prefixes.push_back(std::string(kThinkOpen) + working.text + std::string(kThinkClose));
    return answers;
  }

  void generate_answers(std::vector<Work>& batch) {
    const bool thinks = program_.reasoning == Reasoning::think_first;
    const int max_tokens = program_.max_answer_tokens + (thinks ? program_.max_reasoning_tokens : 0);
    const bool holds_after_thinking = thinks && !options_.json_schema.empty();
    Phase phase{max_tokens, {}, {}, options_.json_schema};
    if (holds_after_thinking) phase = behind_the_reasoning(batch);
    const std::vector<Generation> generations = generate(batch, phase);
    const auto ballots = static_cast<std::size_t>(votes());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      std::vector<std::string> raws, texts;
      for (std::size_t ballot = 0; ballot < ballots; ++ballot) {
        const Generation& generation = generations[i * ballots + ballot];
        std::string prefix = thinks ? std::string(kThinkOpen) : std::string();
        if (holds_after_thinking) prefix = phase.prefixes[i * ballots + ballot];
        raws.push_back(prefix + generation.text);
        texts.push_back(parse_answer(raws.back()).text);
      }
      const Vote won = vote(texts);
      Answer& answer = batch[i].answer;
      answer.raw = raws[won.first];
      ParsedAnswer parsed = parse_answer(answer.raw);
      answer.text = std::move(parsed.text);
      answer.reasoning = std::move(parsed.reasoning);
      answer.agreeing = won.agreeing;
      answer.finish_reason = generations[i * ballots + won.first].finish_reason;
    }
  }

  ScoreRequest score_request(const Work& work, std::string answer_prefix) const {
    ScoreRequest request;
    request.messages = work.messages;
    request.answer_prefix = std::move(answer_prefix);
    request.adapter = adapter_;
    request.continuations = labels_;
    return request;
  }

  // The position of the label that wins: the likeliest, the earlier of equals; or one drawn by likelihood.
  std::size_t pick(const std::vector<Score>& scores, const std::string& item) const {
    const auto likelier = [](const Score& a, const Score& b) { return a.log_likelihood < b.log_likelihood; };
    const auto best = std::max_element(scores.begin(), scores.end(), likelier);
    const auto winner = static_cast<std::size_t>(best - scores.begin());
    if (!options_.sampling || options_.sampling->temperature <= 0) return winner;
    std::vector<double> shares;
    for (const Score& score : scores) {
      shares.push_back(
          std::exp((score.log_likelihood - best->log_likelihood) / options_.sampling->temperature));
    }
    double left = Random(options_.sampling->seed, stream_of(item)).uniform_at(0) *
                  std::accumulate(shares.begin(), shares.end(), 0.0);
    for (std::size_t i = 0; i < shares.size(); ++i) {
      left -= shares[i];
      if (left < 0) return i;
    }
    return winner;
  }

  void set_choice(Answer& answer, const std::vector<Score>& scores, std::size_t winner) const {
    answer.text = answer.raw = labels_[winner];
    answer.label_scores.clear();
    for (std::size_t i = 0; i < labels_.size(); ++i) {
      answer.label_scores.push_back({labels_[i], scores[i].log_likelihood});
    }
  }

  void choose_directly(std::vector<Work>& batch) {
    std::vector<ScoreRequest> requests;
    for (const Work& work : batch) requests.push_back(score_request(work, ""));
    const std::vector<Scores> results = model_.score(requests, cancel_);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      Answer& answer = batch[i].answer;
      add_usage(answer, results[i].usage, results[i].seconds);
      set_choice(answer, results[i].continuations, pick(results[i].continuations, answer.item));
    }
  }

  // The working is written first and closed whatever it says; then the labels compete behind it.
  void reason_and_choose(std::vector<Work>& batch) {
    const std::vector<Generation> workings =
        generate(batch, {program_.max_reasoning_tokens, {std::string(kThinkClose)}, {}, ""});
    const auto ballots = static_cast<std::size_t>(votes());
    std::vector<ScoreRequest> requests;
    for (std::size_t i = 0; i < workings.size(); ++i) {
      requests.push_back(score_request(
          batch[i / ballots], std::string(kThinkOpen) + workings[i].text + std::string(kThinkClose)));
    }
    const std::vector<Scores> results = model_.score(requests, cancel_);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      Answer& answer = batch[i].answer;
      std::vector<std::string> chosen;
      for (std::size_t ballot = 0; ballot < ballots; ++ballot) {
        const Scores& scores = results[i * ballots + ballot];
        add_usage(answer, scores.usage, scores.seconds);
        chosen.push_back(labels_[pick(scores.continuations, answer.item)]);
      }
      const Vote won = vote(chosen);
      const std::size_t deciding = i * ballots + won.first;
      const auto winner = std::find(labels_.begin(), labels_.end(), won.text) - labels_.begin();
      set_choice(answer, results[deciding].continuations, static_cast<std::size_t>(winner));
      answer.raw = requests[deciding].answer_prefix + won.text;
      answer.reasoning = parse_answer(requests[deciding].answer_prefix).reasoning;
      answer.finish_reason = workings[deciding].finish_reason;
      answer.agreeing = won.agreeing;
    }
  }
};

}  // namespace

std::vector<Answer> run_recipe(const Recipe& recipe, LanguageModel& model, Retriever* retriever,
                               std::span<const RecipeInput> inputs, const RunOptions& options,
                               const CancelToken& cancel, const ProgressCallback& progress) {
  if (options.on_text && inputs.size() != 1) {
    throw_error(ErrorCode::internal,
                "running the recipe '{}': the answers to {} inputs cannot be streamed as one", recipe.id,
                inputs.size());
  }
  if (recipe.program.passages > 0 && retriever != nullptr) retriever->refresh();
  Runner runner(recipe, model, retriever, options, cancel);
  const std::size_t step = std::max<std::size_t>(options.batch_items, 1);
  std::vector<Answer> answers;
  for (std::size_t first = 0; first < inputs.size(); first += step) {
    cancel.check(fmt::format("running the recipe '{}'", recipe.id));
    for (Answer& answer : runner.run(inputs.subspan(first, std::min(step, inputs.size() - first)))) {
      answers.push_back(std::move(answer));
    }
    if (progress) {
      Progress report;
      report.stage = "answering with " + recipe.id;
      report.done = answers.size();
      report.total = inputs.size();
      report.unit = "items";
      progress(report);
    }
  }
  return answers;
}

}  // namespace fulcrum
