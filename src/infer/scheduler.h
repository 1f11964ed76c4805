// Which tokens run in which step: continuous batching over everything that was asked.
//
// Every step takes one token of each answer that is being written, then pieces of prompts and continuations
// up to a bound. A job is let in when its whole need of key/value memory can be set aside, so nothing that
// was begun has to be thrown away. A job whose prompt begins like one that is being computed waits for that
// beginning instead of computing it again. Everything here is a function of what was added in which order; no
// clock decides anything.
//
// Source of the idea: Yu et al. 2022 ("Orca"), with chunked prefill. One thread (infer/worker.h). Knows
// tokens, no text.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <variant>
#include <vector>

#include "infer/prefix_cache.h"
#include "infer/sampler.h"
#include "model/transformer.h"
#include "text/lm.h"

namespace fulcrum {

struct GenerateWork {
  Sampler sampler{Sampling{}};
  std::int64_t max_tokens = 0;
  enum class Next { go_on, stop };
  // Called with each token of the answer as it is chosen.
  std::function<Next(const SampledToken&)> on_token;
  // The tokens that may come next, ascending and at least one; empty function: all. Asked once before each.
  std::function<std::span<const TokenId>()> allowed = {};
};

struct ScoreWork {
  std::vector<std::vector<TokenId>> continuations;
  std::vector<Score> scores;  // filled in, one a continuation
};

struct Job {
  std::vector<TokenId> prompt;  // not empty
  std::shared_ptr<const PackedAdapter> adapter;
  PrefixCache::AdapterKey adapter_key = PrefixCache::kBase;
  std::variant<GenerateWork, ScoreWork> work;
  std::atomic<bool> cancelled{false};  // may be set from any thread
  std::int64_t cached_tokens = 0;      // filled in: tokens of the prompt that were in the cache
  // Called once, with nothing or with what went wrong (Error(cancelled) included).
  std::function<void(std::exception_ptr)> on_done;
};

struct SchedulerOptions {
  std::int64_t cache_bytes = std::int64_t{1} << 29;              // keys and values
  std::int64_t block_tokens = 16;                                // grain of prefix sharing
  std::int64_t max_in_flight = 32;                               // jobs
  std::int64_t step_tokens = 256;                                // of prompts and continuations in one step
  std::optional<std::int64_t> vocabulary_tokens = std::nullopt;  // only ids below are chosen; absent: all
};

class Scheduler {
 public:
  Scheduler(const Transformer& transformer, const SchedulerOptions& options);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // The job runs in later steps. Error(invalid_argument) for an empty prompt, Error(too_large) with the
  // numbers if it fits neither the context nor the memory even alone; then on_done is not called.
  void add(std::shared_ptr<Job> job);
  // Runs one forward pass; false if there is nothing left to do.
  bool step();
  // Ends every job with `error`.
  void fail_all(const std::exception_ptr& error);

  PrefixCache& prefixes() { return prefixes_; }
  const KvCache& cache() const { return cache_; }
  // Tokens that went through the model since construction: what prefix sharing saves.
  std::int64_t computed_tokens() const { return computed_tokens_; }

 private:
  struct Waiting;
  struct Running;
  struct Entry;

  std::int64_t longest_sequence(const Job& job) const;
  std::int64_t fork_blocks(const Job& job) const;
  std::int64_t set_aside_blocks() const;
  void claim(const Waiting& waiting);
  void release_claims(const Job& job, const std::vector<std::uint64_t>& prefix_hashes);
  void drop_cancelled();
  void admit();
  std::vector<Entry> plan();
  void plan_continuations(Running& running, std::int64_t& budget, std::vector<Entry>& entries);
  void run(std::vector<Entry>& entries);
  void read_logits(Entry& entry) const;
  void take_logits(Entry& entry);
  void take_token(Running& running, const SampledToken& chosen);
  void finish(Running& running, const std::exception_ptr& error);

  const Transformer& transformer_;
  SchedulerOptions options_;
  KvCache cache_;
  PrefixCache prefixes_;
  ForwardBuffers buffers_;
  std::deque<std::unique_ptr<Waiting>> waiting_;
  std::vector<std::unique_ptr<Running>> running_;
  // Beginnings of prompts, by hash, that a job in line or running will make known. A false match only costs a
  // wait.
  std::unordered_map<std::uint64_t, const Job*> claims_;
  std::int64_t computed_tokens_ = 0;
};

}  // namespace fulcrum
