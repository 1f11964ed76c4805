#include "text/scripted_lm.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "text/chat_template.h"
#include "text/json_schema.h"

namespace fulcrum {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

// The ends of the words of `text`, as byte offsets.
std::vector<std::size_t> word_ends(std::string_view text) {
  std::vector<std::size_t> ends;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_space(text[i]) && (i + 1 == text.size() || is_space(text[i + 1]))) ends.push_back(i + 1);
  }
  return ends;
}

std::int64_t count_words(std::string_view text) {
  return static_cast<std::int64_t>(word_ends(text).size());
}

ModelInfo default_info() {
  ModelInfo info;
  info.name = "scripted";
  info.file = "scripted";
  info.parameters = 1000;
  info.context_tokens = 1 << 20;
  return info;
}

void check_schema(const std::string& json_schema, const std::string& answer) {
  const JsonSchema schema = JsonSchema::parse(parse_json(json_schema, "the JSON Schema of an answer"));
  std::vector<SchemaProblem> problems;
  try {
    problems = schema.problems(parse_json(answer, "the script's answer"));
  } catch (const Error& error) {
    problems = {{"", error.what()}};
  }
  if (problems.empty()) return;
  throw_error(ErrorCode::unsupported,
              "the script cannot be held to a JSON Schema, and its answer does not satisfy it: {}: {}",
              problems[0].where.empty() ? "the top" : problems[0].where, problems[0].what);
}

constexpr double kTokenLogLikelihood = -0.5;  // of every answered token; any negative figure would do

}  // namespace

ScriptedLM::ScriptedLM() : ScriptedLM(default_info()) {}

ScriptedLM::ScriptedLM(ModelInfo info) : info_(std::move(info)), weights_sha256_(sha256(info_.name)) {
  if (info_.sha256.empty()) info_.sha256 = weights_sha256_;
}

ScriptedLM& ScriptedLM::when_prompt_is(std::string prompt, std::string answer) {
  rules_.push_back({std::move(prompt), Rule::Match::whole, std::move(answer)});
  return *this;
}

ScriptedLM& ScriptedLM::when_prompt_contains(std::string part, std::string answer) {
  rules_.push_back({std::move(part), Rule::Match::part, std::move(answer)});
  return *this;
}

ScriptedLM& ScriptedLM::answer_in_turn(std::vector<std::string> answers) {
  answers_in_turn_ = std::move(answers);
  next_answer_ = 0;
  return *this;
}

ScriptedLM& ScriptedLM::answer_by(AnswerFunction function) {
  answer_function_ = std::move(function);
  return *this;
}

ScriptedLM& ScriptedLM::score_by(LikelihoodFunction function) {
  likelihood_function_ = std::move(function);
  return *this;
}

ScriptedLM& ScriptedLM::take_seconds(double per_prompt_token, double per_completion_token) {
  seconds_per_prompt_token_ = per_prompt_token;
  seconds_per_completion_token_ = per_completion_token;
  return *this;
}

ScriptedLM& ScriptedLM::set_weights_sha256(std::string digest) {
  const std::lock_guard lock(mutex_);
  weights_sha256_ = std::move(digest);
  return *this;
}

std::vector<GenerateRequest> ScriptedLM::generate_requests() const {
  const std::lock_guard lock(mutex_);
  return generate_requests_;
}

std::vector<ScoreRequest> ScriptedLM::score_requests() const {
  const std::lock_guard lock(mutex_);
  return score_requests_;
}

std::map<std::string, std::string> ScriptedLM::adapters() const {
  const std::lock_guard lock(mutex_);
  return adapters_;
}

int ScriptedLM::cache_clearings() const {
  const std::lock_guard lock(mutex_);
  return cache_clearings_;
}

ModelInfo ScriptedLM::info() const {
  return info_;
}

std::string ScriptedLM::answer(const GenerateRequest& request) {
  const std::string prompt = render(request.messages) + request.answer_prefix;
  for (const Rule& rule : rules_) {
    const bool fits =
        rule.match == Rule::Match::whole ? prompt == rule.text : prompt.find(rule.text) != std::string::npos;
    if (fits) return rule.answer;
  }
  {
    const std::lock_guard lock(mutex_);
    if (next_answer_ < answers_in_turn_.size()) return answers_in_turn_[next_answer_++];
  }
  if (answer_function_) return answer_function_(request);
  throw_error(ErrorCode::not_found, "the script has no answer for the prompt \"{}\"", prompt);
}

void ScriptedLM::check_adapter(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  if (!name.empty() && !adapters_.contains(name)) {
    throw_error(ErrorCode::not_found, "no adapter is loaded under the name \"{}\"", name);
  }
}

// The tokens of the prompt; throws when they and `more_tokens` do not fit.
std::int64_t ScriptedLM::check_prompt(std::span<const Message> messages, std::string_view prefix,
                                      std::int64_t more_tokens) const {
  const std::int64_t tokens = count_words(render(messages) + std::string(prefix));
  if (tokens + more_tokens > info_.context_tokens) {
    throw_error(ErrorCode::too_large,
                "the prompt has {} tokens and up to {} more are asked for; the context holds {}", tokens,
                more_tokens, info_.context_tokens);
  }
  return tokens;
}

std::vector<Generation> ScriptedLM::generate(std::span<const GenerateRequest> requests,
                                             const CancelToken& cancel) {
  std::vector<Generation> generations;
  for (const GenerateRequest& request : requests) {
    cancel.check("generating an answer");
    check_adapter(request.adapter);
    Generation result;
    result.usage.prompt_tokens = check_prompt(request.messages, request.answer_prefix, request.max_tokens);
    {
      const std::lock_guard lock(mutex_);
      generate_requests_.push_back(request);
    }
    result.text = answer(request);
    if (!request.json_schema.empty()) check_schema(request.json_schema, result.text);
    std::size_t end = result.text.size();
    for (const std::string& stop : request.stop) {
      if (!stop.empty()) end = std::min(end, result.text.find(stop));
    }
    result.text.resize(std::min(end, result.text.size()));
    std::vector<std::size_t> ends = word_ends(result.text);
    if (ends.size() > static_cast<std::size_t>(std::max(request.max_tokens, 0))) {
      ends.resize(static_cast<std::size_t>(std::max(request.max_tokens, 0)));
      result.text.resize(ends.empty() ? 0 : ends.back());
      result.finish_reason = FinishReason::length;
    }
    if (request.on_text) {
      std::size_t begin = 0;
      for (std::size_t i = 0; i < ends.size(); ++i) {
        const std::size_t until = i + 1 == ends.size() ? result.text.size() : ends[i];
        request.on_text(std::string_view(result.text).substr(begin, until - begin));
        begin = until;
      }
    }
    result.usage.completion_tokens = static_cast<std::int64_t>(ends.size());
    result.token_log_likelihoods.assign(ends.size(), kTokenLogLikelihood);
    result.seconds_to_first_token =
        seconds_per_prompt_token_ * static_cast<double>(result.usage.prompt_tokens) +
        seconds_per_completion_token_;
    result.seconds = seconds_per_prompt_token_ * static_cast<double>(result.usage.prompt_tokens) +
                     seconds_per_completion_token_ * static_cast<double>(ends.size());
    generations.push_back(std::move(result));
  }
  return generations;
}

std::vector<Scores> ScriptedLM::score(std::span<const ScoreRequest> requests, const CancelToken& cancel) {
  std::vector<Scores> results;
  for (const ScoreRequest& request : requests) {
    cancel.check("scoring continuations");
    check_adapter(request.adapter);
    if (!likelihood_function_) {
      throw_error(ErrorCode::not_found, "the script has no likelihoods for the prompt \"{}\"",
                  render(request.messages));
    }
    Scores result;
    std::int64_t longest = 0;
    for (const std::string& continuation : request.continuations) {
      Score score;
      score.log_likelihood = likelihood_function_(request, continuation);
      score.tokens = count_words(continuation) + (request.ends_turn ? 1 : 0);
      longest = std::max(longest, score.tokens);
      result.usage.completion_tokens += score.tokens;
      result.continuations.push_back(score);
    }
    result.usage.prompt_tokens = check_prompt(request.messages, request.answer_prefix, longest);
    result.seconds = seconds_per_prompt_token_ *
                     static_cast<double>(result.usage.prompt_tokens + result.usage.completion_tokens);
    {
      const std::lock_guard lock(mutex_);
      score_requests_.push_back(request);
    }
    results.push_back(std::move(result));
  }
  return results;
}

std::int64_t ScriptedLM::count_tokens(std::span<const Message> messages) const {
  return count_words(render(messages));
}

std::int64_t ScriptedLM::count_tokens(std::string_view text) const {
  return count_words(text);
}

std::string ScriptedLM::render(std::span<const Message> messages) const {
  static const ChatTemplate bundled = ChatTemplate::parse(ChatTemplate::bundled());
  return bundled.render_text(messages, AnswerHeader::append);
}

void ScriptedLM::load_adapter(const std::string& name, const std::string& folder) {
  const std::lock_guard lock(mutex_);
  adapters_[name] = folder;
}

std::string ScriptedLM::weights_sha256() const {
  const std::lock_guard lock(mutex_);
  return weights_sha256_;
}

void ScriptedLM::clear_cache() {
  const std::lock_guard lock(mutex_);
  ++cache_clearings_;
}

std::vector<TuneRequest> ScriptedTuner::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

TuneResult ScriptedTuner::tune(const TuneRequest& request, const ProgressCallback& progress,
                               const CancelToken& cancel) {
  cancel.check("tuning");
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  if (function_) return function_(request);
  TuneResult result;
  result.folder = request.output_folder;
  std::string learnt;
  for (const TrainingExample& example : request.train) {
    for (std::size_t i = 0; i < example.messages.size(); ++i) {
      learnt += example.messages[i].role + "\n" + example.messages[i].content + "\n";
      if (i < example.weights.size() && example.weights[i] == 1) {
        result.trained_tokens += count_words(example.messages[i].content) * request.max_epochs;
      }
    }
  }
  for (int epoch = 0; epoch < request.max_epochs; ++epoch) {
    const double loss = 2.0 / static_cast<double>(std::uint64_t{1} << std::min(epoch, 60));
    result.epochs.push_back({loss, loss + 0.1, std::nullopt});
    if (request.score) result.epochs.back().score = request.score(request.output_folder);
    if (is_better(result.epochs.back(), result.epochs[static_cast<std::size_t>(result.best_epoch)]))
      result.best_epoch = epoch;
    if (progress) {
      progress({"tuning",
                static_cast<std::uint64_t>(epoch + 1),
                static_cast<std::uint64_t>(request.max_epochs),
                "epochs",
                -1,
                {}});
    }
  }
  result.trainable_parameters = request.rank;
  result.seconds = 1e-3 * static_cast<double>(result.trained_tokens);
  const Json config = {
      {"peft_type", "LORA"}, {"r", request.rank}, {"lora_alpha", request.alpha}, {"seed", request.seed}};
  result.sha256 = sha256(to_line(config) + learnt);
  if (!request.output_folder.empty()) {
    write_folder_atomic(request.output_folder, [&](const Path& folder) {
      write_file_atomic(folder / "adapter_config.json", to_text(config));
      write_file_atomic(folder / "scripted.txt", learnt);
    });
  }
  return result;
}

}  // namespace fulcrum
