#include "infer/engine.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "infer/answer_constraint.h"
#include "infer/answer_text.h"
#include "infer/call.h"
#include "infer/vocabulary.h"
#include "infer/worker.h"
#include "model/mapped_pages.h"
#include "model/transformer.h"
#include "text/chat_template.h"
#include "text/tokenizer_folder.h"
#include "vocabulary/vocabulary_data.h"

namespace fulcrum {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string token_text(const Vocabulary& vocabulary, std::optional<TokenId> id) {
  return id ? vocabulary.tokens.at(static_cast<std::size_t>(*id)) : std::string();
}

// A Hugging Face folder may have more rows than its tokenizer has tokens: room that was never used.
std::unique_ptr<Tokenizer> tokenizer_of(const ModelFile& model) {
  const bool in_folder = std::filesystem::is_directory(model.path) && has_tokenizer(model.path);
  if (model.vocabulary.family.empty() && !in_folder) {
    throw_error(ErrorCode::unsupported,
                "loading model '{}': the file holds no vocabulary, so no text can be read or "
                "written with it; use a model file with a tokenizer",
                model.name);
  }
  auto tokenizer = model.vocabulary.family.empty() ? load_tokenizer(model.path)
                                                   : make_tokenizer(to_vocabulary(model.vocabulary));
  const bool fits =
      in_folder ? tokenizer->size() <= model.config.vocab_size : tokenizer->size() == model.config.vocab_size;
  if (!fits) {
    throw_error(ErrorCode::corrupt,
                "loading model '{}': the tokenizer has {} tokens and the weights have {}; they do "
                "not belong together",
                model.name, tokenizer->size(), model.config.vocab_size);
  }
  return tokenizer;
}

SchedulerOptions scheduler_options(const EngineOptions& options, const Tokenizer& tokenizer) {
  SchedulerOptions scheduler = options.scheduler;
  scheduler.vocabulary_tokens = tokenizer.size();
  return scheduler;
}

ChatTemplate template_of(const Vocabulary& vocabulary, const std::optional<std::string>& given) {
  const std::string_view jinja = given ? std::string_view(*given)
                                 : vocabulary.chat_template.empty()
                                     ? ChatTemplate::bundled()
                                     : std::string_view(vocabulary.chat_template);
  return ChatTemplate::parse(jinja, token_text(vocabulary, vocabulary.bos),
                             token_text(vocabulary, vocabulary.eos));
}

std::size_t common_prefix(std::span<const TokenId> a, std::span<const TokenId> b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

// An answer while it is written. Only the worker's thread touches it until its job is done.
struct Answer {
  AnswerText text;
  Generation result;
  Clock::time_point start;
  std::optional<AnswerConstraint> constraint;  // to the request's JSON Schema
};

}  // namespace

struct Engine::State {
  State(ModelFile file, const EngineOptions& options)
      : model(std::move(file)),
        tokenizer(tokenizer_of(model)),
        chat_template(template_of(tokenizer->vocabulary(), options.chat_template)),
        transformer(model.config, model.weights,
                    [this](const Tensor& packed) { release_pages(model, packed); }),
        schemas(*tokenizer),
        worker(transformer, scheduler_options(options, *tokenizer), options.threads) {
    for (TokenId id = 0; id < tokenizer->size(); ++id)
      if (ends_answer(tokenizer->vocabulary(), id)) ends.push_back(id);
    release_pages(model);
  }

  struct LoadedAdapter {
    std::shared_ptr<const PackedAdapter> packed;
    PrefixCache::AdapterKey key = PrefixCache::kBase;
  };

  std::vector<TokenId> encode(std::span<const Message> messages, std::string_view answer) const;
  LoadedAdapter adapter(const std::string& name);
  std::shared_ptr<Job> make_job(std::vector<TokenId> prompt, const std::string& adapter_name);
  GenerateWork generate_work(const GenerateRequest& request, std::shared_ptr<Answer> answer,
                             std::shared_ptr<Call> call, std::size_t index) const;

  ModelFile model;
  std::unique_ptr<Tokenizer> tokenizer;
  ChatTemplate chat_template;
  Transformer transformer;
  std::once_flag sha256_made;  // by the first who asks: a digest takes longer than the first answer
  std::string sha256;
  std::mutex adapters_mutex;
  std::map<std::string, LoadedAdapter> adapters;
  PrefixCache::AdapterKey last_key = PrefixCache::kBase;
  SchemaShelf schemas;
  std::vector<TokenId> ends;  // of an answer, ascending
  Worker worker;              // last: its thread uses the rest
};

// The prompt's tokens with the beginning of the answer behind it.
std::vector<TokenId> Engine::State::encode(std::span<const Message> messages, std::string_view answer) const {
  return chat_template.encode(messages, AnswerHeader::append, *tokenizer, answer);
}

Engine::State::LoadedAdapter Engine::State::adapter(const std::string& name) {
  if (name.empty()) return {};
  const std::lock_guard lock(adapters_mutex);
  const auto found = adapters.find(name);
  if (found == adapters.end()) {
    throw_error(ErrorCode::not_found, "running a prompt: there is no adapter '{}'; load it first ({} loaded)",
                name, adapters.size());
  }
  return found->second;
}

std::shared_ptr<Job> Engine::State::make_job(std::vector<TokenId> prompt, const std::string& adapter_name) {
  auto job = std::make_shared<Job>();
  job->prompt = std::move(prompt);
  const LoadedAdapter loaded = adapter(adapter_name);
  job->adapter = loaded.packed;
  job->adapter_key = loaded.key;
  return job;
}

GenerateWork Engine::State::generate_work(const GenerateRequest& request, std::shared_ptr<Answer> answer,
                                          std::shared_ptr<Call> call, std::size_t index) const {
  std::function<std::span<const TokenId>()> allowed;
  if (answer->constraint) allowed = [answer] { return answer->constraint->allowed(); };
  const auto on_token = [this, answer = std::move(answer), call = std::move(call), index,
                         streams = static_cast<bool>(request.on_text)](const SampledToken& chosen) {
    Generation& result = answer->result;
    result.seconds = seconds_since(answer->start);
    if (result.token_log_likelihoods.empty()) result.seconds_to_first_token = result.seconds;
    result.token_log_likelihoods.push_back(chosen.log_likelihood);
    bool ended = ends_answer(tokenizer->vocabulary(), chosen.token) || !answer->text.push(chosen.token);
    if (answer->constraint && !ended) {
      answer->constraint->push(chosen.token);
      ended = answer->constraint->is_complete();
    }
    if (ended) result.finish_reason = FinishReason::stop;
    if (streams) {
      if (ended) answer->text.finish();
      std::string text = answer->text.take();
      if (!text.empty()) call->add_text(index, std::move(text));
    }
    return ended ? GenerateWork::Next::stop : GenerateWork::Next::go_on;
  };
  return {Sampler(request.sampling), request.max_tokens, on_token, std::move(allowed)};
}

std::unique_ptr<Engine> Engine::load(const Path& path, const EngineOptions& options) {
  ModelFile model = load_model_file(path);
  return with_context(path.string(), [&] { return std::make_unique<Engine>(std::move(model), options); });
}

Engine::Engine(ModelFile model, const EngineOptions& options)
    : state_(std::make_unique<State>(std::move(model), options)) {}

Engine::~Engine() = default;

ModelInfo Engine::info() const {
  std::call_once(state_->sha256_made, [&] { state_->sha256 = weights_sha256(); });
  return {state_->model.name, state_->model.path.string(), state_->model.config.parameters(),
          state_->model.config.context_tokens, state_->sha256};
}

std::vector<Generation> Engine::generate(std::span<const GenerateRequest> requests,
                                         const CancelToken& cancel) {
  cancel.check("generating answers");
  const auto call = std::make_shared<Call>(requests.size());
  const auto start = Clock::now();
  std::vector<std::shared_ptr<Answer>> answers;
  std::vector<std::shared_ptr<Job>> jobs;
  for (const GenerateRequest& request : requests) {
    if (request.max_tokens < 1) {
      throw_error(ErrorCode::invalid_argument, "generating: max_tokens is {}, expected at least 1",
                  request.max_tokens);
    }
    std::vector<TokenId> prompt = state_->encode(request.messages, request.answer_prefix);
    const std::optional<TokenId> last = prompt.empty() ? std::nullopt : std::optional(prompt.back());
    auto answer =
        std::make_shared<Answer>(Answer{{*state_->tokenizer, last, request.stop}, {}, start, std::nullopt});
    if (!request.json_schema.empty()) {
      answer->constraint.emplace(state_->schemas.masks_of(request.json_schema),
                                 state_->schemas.first_pieces(last), state_->ends, request.max_tokens);
    }
    answer->result.finish_reason = FinishReason::length;
    answer->result.usage.prompt_tokens = static_cast<std::int64_t>(prompt.size());
    auto job = state_->make_job(std::move(prompt), request.adapter);
    job->work = state_->generate_work(request, answer, call, jobs.size());
    job->on_done = [call, answer, index = jobs.size(),
                    streams = static_cast<bool>(request.on_text)](const std::exception_ptr& error) {
      answer->text.finish();
      std::string text = streams && !error ? answer->text.take() : std::string();
      if (!text.empty()) call->add_text(index, std::move(text));
      call->job_done(error);
    };
    answers.push_back(std::move(answer));
    jobs.push_back(std::move(job));
  }
  state_->worker.submit(jobs);
  call->wait(jobs, cancel, [&](std::size_t job, std::string_view text) { requests[job].on_text(text); });

  std::vector<Generation> results;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    Generation& result = answers[i]->result;
    result.text = answers[i]->text.text();
    // The last token of all may have made the document whole where more could have followed.
    if (result.finish_reason == FinishReason::length && answers[i]->constraint &&
        answers[i]->constraint->accepts())
      result.finish_reason = FinishReason::stop;
    result.usage.cached_tokens = jobs[i]->cached_tokens;
    result.usage.completion_tokens = static_cast<std::int64_t>(result.token_log_likelihoods.size());
    results.push_back(std::move(result));
  }
  return results;
}

std::vector<Scores> Engine::score(std::span<const ScoreRequest> requests, const CancelToken& cancel) {
  cancel.check("scoring continuations");
  const auto start = Clock::now();
  std::vector<Scores> results(requests.size());
  const auto call = std::make_shared<Call>(requests.size());
  std::vector<std::shared_ptr<Job>> jobs;
  for (const ScoreRequest& request : requests) {
    // Tokens may form across the border between what stands already and a continuation. What every one of
    // them shares with the text before it is the prompt; from there on each is scored.
    std::vector<TokenId> prompt = state_->encode(request.messages, request.answer_prefix);
    const auto prompt_tokens = static_cast<std::int64_t>(prompt.size());
    std::vector<std::vector<TokenId>> sequences;
    for (const std::string& continuation : request.continuations) {
      sequences.push_back(state_->encode(request.messages, request.answer_prefix + continuation));
      prompt.resize(common_prefix(prompt, sequences.back()));
      if (!request.ends_turn) continue;
      const std::optional<TokenId> end = end_of_answer(state_->tokenizer->vocabulary());
      if (!end) {
        throw_error(ErrorCode::unsupported,
                    "scoring: the model's vocabulary names no token that ends an answer; "
                    "score without it (ends_turn false)");
      }
      sequences.back().push_back(*end);
    }
    for (auto& sequence : sequences) {
      sequence.erase(sequence.begin(), sequence.begin() + static_cast<std::ptrdiff_t>(prompt.size()));
    }
    Scores& result = results[jobs.size()];
    result.usage.prompt_tokens = prompt_tokens;
    auto job = state_->make_job(std::move(prompt), request.adapter);
    job->work = ScoreWork{std::move(sequences), {}};
    // Written by the worker before it counts the job down, read here after that.
    job->on_done = [call, &result, start](const std::exception_ptr& error) {
      result.seconds = seconds_since(start);
      call->job_done(error);
    };
    jobs.push_back(std::move(job));
  }
  state_->worker.submit(jobs);
  call->wait(jobs, cancel, [](std::size_t, std::string_view) {});
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    results[i].continuations = std::move(std::get<ScoreWork>(jobs[i]->work).scores);
    results[i].usage.cached_tokens = jobs[i]->cached_tokens;
    for (const Score& score : results[i].continuations) results[i].usage.completion_tokens += score.tokens;
  }
  return results;
}

std::int64_t Engine::count_tokens(std::span<const Message> messages) const {
  return static_cast<std::int64_t>(state_->encode(messages, "").size());
}

std::int64_t Engine::count_tokens(std::string_view text) const {
  return static_cast<std::int64_t>(state_->tokenizer->encode(text, Tokenizer::Special::as_text).size());
}

std::string Engine::render(std::span<const Message> messages) const {
  return state_->chat_template.render_text(messages, AnswerHeader::append);
}

void Engine::load_adapter(const std::string& name, const std::string& folder) {
  if (name.empty()) {
    throw_error(ErrorCode::invalid_argument,
                "loading adapter {}: its name is empty, which means the base; give it one", folder);
  }
  const LoraAdapter adapter = read_adapter(folder, state_->model.config);
  const auto packed = std::make_shared<const PackedAdapter>(adapter, state_->model.config);
  PrefixCache::AdapterKey replaced = PrefixCache::kBase;
  {
    const std::lock_guard lock(state_->adapters_mutex);
    State::LoadedAdapter& loaded = state_->adapters[name];
    replaced = loaded.key;
    loaded = {packed, ++state_->last_key};
  }
  if (replaced != PrefixCache::kBase) {
    state_->worker.between_steps([&](Scheduler& scheduler) { scheduler.prefixes().forget(replaced); });
  }
}

std::string Engine::weights_sha256() const {
  std::string digest = fulcrum::weights_sha256(state_->model.weights);
  release_pages(state_->model);
  return digest;
}

void Engine::clear_cache() {
  state_->worker.between_steps([](Scheduler& scheduler) { scheduler.prefixes().clear(); });
}

const Tokenizer& Engine::tokenizer() const {
  return *state_->tokenizer;
}

std::int64_t Engine::computed_tokens() {
  std::int64_t tokens = 0;
  state_->worker.between_steps([&](Scheduler& scheduler) { tokens = scheduler.computed_tokens(); });
  return tokens;
}

}  // namespace fulcrum
