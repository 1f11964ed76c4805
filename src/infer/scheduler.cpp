#include "infer/scheduler.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "tensor/ops.h"

namespace fulcrum {
namespace {

// Jobs in line that are looked at in one step: more are not needed to fill the batch.
constexpr std::size_t kLookAhead = 64;

bool is_constrained(const Job& job) {
  const auto* work = std::get_if<GenerateWork>(&job.work);
  return work != nullptr && work->allowed != nullptr;
}

// One number for each full block of the prompt that a later job could share, each depending on all tokens
// before it.
std::vector<std::uint64_t> hash_prefixes(const Job& job, std::int64_t block_tokens) {
  std::vector<std::uint64_t> hashes;
  std::uint64_t hash = job.adapter_key ^ 0xcbf29ce484222325ULL;
  for (std::size_t i = 0; i < job.prompt.size(); ++i) {
    // The finaliser of SplitMix64 (Steele et al. 2014) spreads each token over all bits.
    hash += static_cast<std::uint64_t>(job.prompt[i]) + 0x9e3779b97f4a7c15ULL;
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ULL;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebULL;
    hash ^= hash >> 31;
    if ((i + 1) % static_cast<std::size_t>(block_tokens) == 0) hashes.push_back(hash);
  }
  return hashes;
}

double log_likelihood(std::span<const float> logits, TokenId token) {
  return static_cast<double>(logits[static_cast<std::size_t>(token)]) - log_sum_exp(logits);
}

std::span<const float> row_of(ConstMatrix logits, std::int64_t row) {
  return {logits.row(row), static_cast<std::size_t>(logits.columns)};
}

}  // namespace

struct Scheduler::Waiting {
  std::shared_ptr<Job> job;
  std::vector<std::uint64_t> prefix_hashes;
};

struct Scheduler::Running {
  std::shared_ptr<Job> job;
  std::vector<std::uint64_t> prefix_hashes;
  KvSequence sequence;
  std::int64_t most_blocks;        // that `sequence` can come to hold
  std::int64_t fork_blocks;        // that a continuation needs beside it
  std::vector<TokenId> tokens;     // of the prompt, then of the answer
  std::vector<float> last_logits;  // behind the prompt, for continuations
  double last_normalizer = 0;      // their log_sum_exp
  std::size_t next_continuation = 0;
  bool done = false;

  bool prompt_computed() const { return sequence.length() >= static_cast<std::int64_t>(job->prompt.size()); }
};

// One sequence's part in a step.
struct Scheduler::Entry {
  Running* running = nullptr;
  std::span<const TokenId> tokens;
  std::int64_t logit_rows = 0;
  std::optional<KvSequence> fork;  // of a continuation
  std::size_t continuation = 0;

  // What came of it: the logits asked for, and what was read from them.
  ConstMatrix logits = {};
  std::optional<SampledToken> chosen = std::nullopt;
  double number = 0;  // of a continuation its likelihood, of scored prompts the normalizer behind them
  std::exception_ptr failure = nullptr;
};

Scheduler::Scheduler(const Transformer& transformer, const SchedulerOptions& options)
    : transformer_(transformer),
      options_(options),
      cache_(transformer.config(), transformer.cache_dtype(), options.block_tokens, options.cache_bytes),
      prefixes_(cache_) {
  if (options.max_in_flight < 1 || options.step_tokens < 1) {
    throw_error(ErrorCode::invalid_argument,
                "starting the engine: {} jobs in flight and {} tokens a step, expected at least 1 of both",
                options.max_in_flight, options.step_tokens);
  }
}

Scheduler::~Scheduler() = default;

// Tokens of the job's longest sequence that have to stand in the cache. The last token is only ever chosen or
// scored.
std::int64_t Scheduler::longest_sequence(const Job& job) const {
  std::int64_t further = 1;
  if (const auto* generate = std::get_if<GenerateWork>(&job.work)) {
    further = generate->max_tokens;
  } else {
    for (const auto& continuation : std::get<ScoreWork>(job.work).continuations) {
      further = std::max(further, static_cast<std::int64_t>(continuation.size()));
    }
  }
  return static_cast<std::int64_t>(job.prompt.size()) + further - 1;
}

std::int64_t Scheduler::fork_blocks(const Job& job) const {
  if (!std::holds_alternative<ScoreWork>(job.work)) return 0;
  return cache_.blocks_of(longest_sequence(job)) -
         static_cast<std::int64_t>(job.prompt.size()) / cache_.block_tokens();
}

void Scheduler::add(std::shared_ptr<Job> job) {
  if (job->prompt.empty()) {
    throw_error(ErrorCode::invalid_argument,
                "running a prompt: it has no tokens; give at least one message or a model with a bos token");
  }
  const auto prompt = static_cast<std::int64_t>(job->prompt.size());
  const std::int64_t longest = longest_sequence(*job), context = transformer_.config().context_tokens;
  if (longest + 1 > context) {
    throw_error(
        ErrorCode::too_large,
        "running a prompt: {} prompt tokens and {} answer tokens are {}, but the model's context holds {}; "
        "shorten the prompt or ask for at most {} answer tokens",
        prompt, longest + 1 - prompt, longest + 1, context, std::max<std::int64_t>(context - prompt, 0));
  }
  const std::int64_t prompt_blocks = cache_.blocks_of(prompt);
  const std::int64_t blocks = std::holds_alternative<ScoreWork>(job->work) ? prompt_blocks + fork_blocks(*job)
                                                                           : cache_.blocks_of(longest);
  if (blocks > cache_.capacity_blocks()) {
    throw_error(
        ErrorCode::too_large,
        "running a prompt: its {} tokens need {} cache blocks of {} bytes, but the cache holds {}; give the "
        "engine more cache memory or ask for less",
        longest, blocks, cache_.block_bytes(), cache_.capacity_blocks());
  }
  auto waiting = std::make_unique<Waiting>();
  waiting->prefix_hashes = hash_prefixes(*job, cache_.block_tokens());
  waiting->job = std::move(job);
  waiting_.push_back(std::move(waiting));
}

std::int64_t Scheduler::set_aside_blocks() const {
  std::int64_t blocks = 0;
  for (const auto& running : running_) {
    blocks += running->most_blocks - static_cast<std::int64_t>(running->sequence.blocks().size()) +
              running->fork_blocks;
  }
  return blocks;
}

void Scheduler::claim(const Waiting& waiting) {
  for (const std::uint64_t hash : waiting.prefix_hashes) claims_.emplace(hash, waiting.job.get());
}

void Scheduler::release_claims(const Job& job, const std::vector<std::uint64_t>& prefix_hashes) {
  for (const std::uint64_t hash : prefix_hashes) {
    const auto claim = claims_.find(hash);
    if (claim != claims_.end() && claim->second == &job) claims_.erase(claim);
  }
}

void Scheduler::finish(Running& running, const std::exception_ptr& error) {
  if (running.done) return;
  running.done = true;
  release_claims(*running.job, running.prefix_hashes);
  if (!error) prefixes_.insert(running.job->adapter_key, running.tokens, running.sequence);
  running.job->on_done(error);
}

void Scheduler::drop_cancelled() {
  const auto cancelled = [] {
    return std::make_exception_ptr(Error(ErrorCode::cancelled, "running a prompt: cancelled"));
  };
  for (const auto& running : running_) {
    if (running->job->cancelled) finish(*running, cancelled());
  }
  std::erase_if(running_, [](const auto& running) { return running->done; });
  std::erase_if(waiting_, [&](const auto& waiting) {
    if (!waiting->job->cancelled) return false;
    release_claims(*waiting->job, waiting->prefix_hashes);
    waiting->job->on_done(cancelled());
    return true;
  });
}

void Scheduler::fail_all(const std::exception_ptr& error) {
  for (const auto& running : running_) finish(*running, error);
  running_.clear();
  claims_.clear();
  for (const auto& waiting : std::exchange(waiting_, {})) waiting->job->on_done(error);
}

// In the order of the line; a job that waits for another's beginning lets the ones behind it pass, one that
// waits for memory does not, or it might wait for ever.
void Scheduler::admit() {
  std::size_t looked_at = 0;
  for (auto next = waiting_.begin(); next != waiting_.end() && looked_at < kLookAhead; ++looked_at) {
    if (static_cast<std::int64_t>(running_.size()) >= options_.max_in_flight) return;
    Waiting& waiting = **next;
    const Job& job = *waiting.job;
    claim(waiting);
    // At least the last token is computed, because its logits are wanted.
    const std::span<const TokenId> sharable = std::span(job.prompt).first(job.prompt.size() - 1);
    const std::vector<KvCache::Block> known = prefixes_.find(job.adapter_key, sharable);
    if ((known.size() + 1) * static_cast<std::size_t>(cache_.block_tokens()) <= sharable.size() &&
        claims_.at(waiting.prefix_hashes[known.size()]) != &job) {
      ++next;
      continue;
    }
    auto running = std::make_unique<Running>(Running{
        waiting.job, waiting.prefix_hashes, KvSequence(cache_, known), 0, fork_blocks(job), job.prompt, {}});
    const bool scoring = std::holds_alternative<ScoreWork>(job.work);
    running->most_blocks =
        cache_.blocks_of(scoring ? static_cast<std::int64_t>(job.prompt.size()) : longest_sequence(job));
    const std::int64_t missing =
        running->most_blocks - static_cast<std::int64_t>(known.size()) + running->fork_blocks;
    if (!prefixes_.make_free(set_aside_blocks() + missing)) return;
    waiting.job->cached_tokens = running->sequence.length();
    running_.push_back(std::move(running));
    next = waiting_.erase(next);
  }
}

void Scheduler::plan_continuations(Running& running, std::int64_t& budget, std::vector<Entry>& entries) {
  auto& work = std::get<ScoreWork>(running.job->work);
  bool first = true;
  while (running.next_continuation < work.continuations.size()) {
    const std::size_t index = running.next_continuation;
    const std::vector<TokenId>& continuation = work.continuations[index];
    const auto tokens = static_cast<std::int64_t>(continuation.size());
    Score& score = work.scores[index];
    if (tokens > 0) {
      const double logit = running.last_logits[static_cast<std::size_t>(continuation[0])];
      score = {logit - running.last_normalizer, tokens};
    }
    if (tokens > 1) {
      if (tokens - 1 > budget && !(first && budget > 0)) return;
      // The first one has its memory set aside, further ones take what nobody needs.
      if (!first && !prefixes_.make_free(set_aside_blocks() + running.fork_blocks)) return;
      Entry entry{&running, std::span(continuation).first(continuation.size() - 1), tokens - 1,
                  running.sequence.fork(), index};
      entry.fork->make_room(tokens - 1);
      entries.push_back(std::move(entry));
      budget -= tokens - 1;
      first = false;
    }
    ++running.next_continuation;
  }
}

std::vector<Scheduler::Entry> Scheduler::plan() {
  std::vector<Entry> entries;
  for (const auto& running : running_) {
    if (running->prompt_computed() && std::holds_alternative<GenerateWork>(running->job->work)) {
      entries.push_back({running.get(), std::span(running->tokens).last(1), 1, std::nullopt, 0});
    }
  }
  std::int64_t budget = options_.step_tokens;
  for (const auto& running : running_) {
    if (budget <= 0) break;
    if (running->prompt_computed()) {
      if (std::holds_alternative<ScoreWork>(running->job->work))
        plan_continuations(*running, budget, entries);
      continue;
    }
    const auto begin = static_cast<std::size_t>(running->sequence.length());
    const std::size_t count = std::min(running->tokens.size() - begin, static_cast<std::size_t>(budget));
    const std::int64_t logit_rows = begin + count == running->tokens.size() ? 1 : 0;
    entries.push_back(
        {running.get(), std::span(running->tokens).subspan(begin, count), logit_rows, std::nullopt, 0});
    budget -= static_cast<std::int64_t>(count);
  }
  // Rows of one adapter side by side go through one product.
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.running->job->adapter_key < b.running->job->adapter_key;
  });
  return entries;
}

// The part of an entry's work that goes over the vocabulary: it touches nothing but the entry and its own
// sampler, so entries run side by side.
void Scheduler::read_logits(Entry& entry) const try {
  Running& running = *entry.running;
  if (entry.fork) {
    const auto& work = std::get<ScoreWork>(running.job->work);
    const std::vector<TokenId>& continuation = work.continuations[entry.continuation];
    entry.number = work.scores[entry.continuation].log_likelihood;  // summed in the order of the tokens
    for (std::int64_t i = 0; i < entry.logits.rows; ++i) {
      entry.number += log_likelihood(row_of(entry.logits, i), continuation[static_cast<std::size_t>(i + 1)]);
    }
  } else if (entry.logits.rows == 0) {
    return;
  } else if (auto* work = std::get_if<GenerateWork>(&running.job->work)) {
    const std::span<const float> row = row_of(entry.logits, 0);
    const std::span<const float> named = row.first(
        options_.vocabulary_tokens ? static_cast<std::size_t>(*options_.vocabulary_tokens) : row.size());
    const auto position = static_cast<std::int64_t>(running.tokens.size() - running.job->prompt.size());
    entry.chosen = work->allowed ? work->sampler.sample_among(work->allowed(), named, position)
                                 : work->sampler.sample(named, position);
  } else {
    entry.number = log_sum_exp(row_of(entry.logits, 0));
  }
} catch (...) {
  entry.failure = std::current_exception();
}

void Scheduler::take_token(Running& running, const SampledToken& chosen) {
  auto& work = std::get<GenerateWork>(running.job->work);
  const auto position = static_cast<std::int64_t>(running.tokens.size() - running.job->prompt.size());
  const GenerateWork::Next next = work.on_token(chosen);
  if (next == GenerateWork::Next::stop || position + 1 >= work.max_tokens) {
    finish(running, nullptr);
  } else {
    running.tokens.push_back(chosen.token);
  }
}

void Scheduler::take_logits(Entry& entry) {
  Running& running = *entry.running;
  if (entry.fork) {
    if (entry.failure) std::rethrow_exception(entry.failure);
    std::get<ScoreWork>(running.job->work).scores[entry.continuation].log_likelihood = entry.number;
    entry.fork.reset();
    return;
  }
  if (!running.prompt_computed()) {
    prefixes_.insert(running.job->adapter_key, running.tokens, running.sequence);
    return;
  }
  if (entry.tokens.size() > 0 && running.tokens.size() == running.job->prompt.size()) {
    prefixes_.insert(running.job->adapter_key, running.tokens, running.sequence);
    release_claims(*running.job, running.prefix_hashes);
  }
  if (entry.failure) std::rethrow_exception(entry.failure);
  if (entry.chosen) {
    take_token(running, *entry.chosen);
  } else {
    const std::span<const float> row = row_of(entry.logits, 0);
    auto& work = std::get<ScoreWork>(running.job->work);
    work.scores.assign(work.continuations.size(), {});
    running.last_logits.assign(row.begin(), row.end());
    running.last_normalizer = entry.number;
  }
}

void Scheduler::run(std::vector<Entry>& entries) {
  std::vector<SequenceStep> steps;
  for (Entry& entry : entries) {
    KvSequence& sequence = entry.fork ? *entry.fork : entry.running->sequence;
    steps.push_back({entry.tokens, &sequence, entry.running->job->adapter.get(), entry.logit_rows});
    computed_tokens_ += static_cast<std::int64_t>(entry.tokens.size());
  }
  const ConstMatrix logits = transformer_.forward(steps, buffers_);
  std::int64_t row = 0;
  for (Entry& entry : entries) {
    entry.logits = {logits.row(row), entry.logit_rows, logits.columns, logits.stride};
    row += entry.logit_rows;
  }
#pragma omp parallel for schedule(dynamic) if (logits.rows > 1)
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!is_constrained(*entries[i].running->job)) read_logits(entries[i]);
  }
  for (Entry& entry : entries) {
    if (entry.running->done) continue;
    // Answers held to the same schema share its masks, which one thread at a time may use.
    if (is_constrained(*entry.running->job)) read_logits(entry);
    try {
      take_logits(entry);
    } catch (...) {
      // One answer that cannot go on, or whose reader failed, is no reason to end the others.
      finish(*entry.running, std::current_exception());
    }
  }
}

bool Scheduler::step() {
  drop_cancelled();
  admit();
  std::vector<Entry> entries = plan();
  if (!entries.empty()) run(entries);
  entries.clear();
  for (const auto& running : running_) {
    const auto* work = std::get_if<ScoreWork>(&running->job->work);
    if (work && running->prompt_computed() && !running->done &&
        running->next_continuation == work->continuations.size()) {
      finish(*running, nullptr);
    }
  }
  std::erase_if(running_, [](const auto& running) { return running->done; });
  return !running_.empty() || !waiting_.empty();
}

}  // namespace fulcrum
