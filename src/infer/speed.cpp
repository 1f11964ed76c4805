#include "infer/speed.h"

#include <omp.h>

#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "base/random.h"

namespace fulcrum {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

std::vector<TokenId> random_tokens(Random& random, std::int64_t count, std::int64_t vocabulary) {
  std::vector<TokenId> tokens;
  for (std::int64_t i = 0; i < count; ++i)
    tokens.push_back(static_cast<TokenId>(random.below(static_cast<std::uint64_t>(vocabulary))));
  return tokens;
}

// Jobs that answer with exactly `generated_tokens`, and how many tokens they have answered with so far.
class Load {
 public:
  Load(const Transformer& transformer, std::int64_t jobs, std::int64_t longest_tokens)
      : scheduler_(transformer, options_for(transformer, jobs, longest_tokens)) {}

  void add(std::vector<TokenId> prompt, std::int64_t generated_tokens) {
    auto job = std::make_shared<Job>();
    job->prompt = std::move(prompt);
    GenerateWork work;
    work.max_tokens = generated_tokens;
    work.on_token = [this](const SampledToken&) {
      ++generated_;
      return GenerateWork::Next::go_on;
    };
    job->work = std::move(work);
    job->on_done = [this](std::exception_ptr problem) {
      if (problem) problem_ = problem;
    };
    scheduler_.add(std::move(job));
  }

  bool step() {
    const bool more = scheduler_.step();
    if (problem_) std::rethrow_exception(problem_);
    return more;
  }
  std::int64_t generated() const { return generated_; }

 private:
  static SchedulerOptions options_for(const Transformer& transformer, std::int64_t jobs,
                                      std::int64_t longest_tokens) {
    SchedulerOptions options;
    const std::int64_t blocks_each = longest_tokens / options.block_tokens + 2;
    const std::int64_t token_bytes = cache_bytes_per_token(transformer.config(), transformer.cache_dtype());
    options.cache_bytes =
        std::max(options.cache_bytes, (jobs + 1) * blocks_each * options.block_tokens * token_bytes);
    options.max_in_flight = std::max(options.max_in_flight, jobs);
    return options;
  }

  Scheduler scheduler_;
  std::int64_t generated_ = 0;
  std::exception_ptr problem_;
};

// OpenMP's number of threads, put back at the end.
class Threads {
 public:
  explicit Threads(int count) { omp_set_num_threads(count); }
  ~Threads() { omp_set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_ = omp_get_max_threads();
};

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

InferenceSpeed::InferenceSpeed(const Transformer& transformer, int threads)
    : transformer_(transformer), threads_(threads) {}

double InferenceSpeed::prompt_seconds(std::int64_t prompt_tokens, int repetitions) const {
  const Threads threads(threads_);
  Random random(1);
  std::vector<double> seconds;
  Load load(transformer_, 1, prompt_tokens + 1);
  for (int i = 0; i <= repetitions; ++i) {
    load.add(random_tokens(random, prompt_tokens, transformer_.config().vocab_size), 1);
    const Clock::time_point begin = Clock::now();
    while (load.step()) {
    }
    if (i > 0) seconds.push_back(seconds_since(begin));
  }
  return median(std::move(seconds));
}

double InferenceSpeed::decode_seconds(std::int64_t streams, std::int64_t prompt_tokens,
                                      std::int64_t generated_tokens, int repetitions) const {
  const Threads threads(threads_);
  std::vector<double> seconds;
  for (int i = 0; i < repetitions; ++i)
    seconds.push_back(decode_once(streams, prompt_tokens, generated_tokens));
  return median(std::move(seconds));
}

double InferenceSpeed::decode_once(std::int64_t streams, std::int64_t prompt_tokens,
                                   std::int64_t generated_tokens) const {
  Random random(2);
  Load load(transformer_, streams, prompt_tokens + generated_tokens + streams + 1);
  // Streams whose prompt is read early answer while others are still read; each gets so much longer an answer
  // that all are writing for at least generated_tokens steps.
  for (std::int64_t i = 0; i < streams; ++i)
    load.add(random_tokens(random, prompt_tokens, transformer_.config().vocab_size),
             generated_tokens + streams);
  std::int64_t before = 0;
  while (load.generated() - before < streams) {
    before = load.generated();
    if (!load.step())
      throw_error(ErrorCode::internal, "measuring {} streams: they never wrote all at once", streams);
  }
  const std::int64_t target = load.generated() + streams * generated_tokens;
  const Clock::time_point begin = Clock::now();
  while (load.generated() < target && load.step()) {
  }
  if (load.generated() < target)
    throw_error(ErrorCode::internal, "measuring {} streams: they ended before they were measured", streams);
  return seconds_since(begin);
}

double InferenceSpeed::shared_prefix_seconds(const SharedPrefixItems& items) const {
  const Threads threads(threads_);
  Random random(3);
  Load load(transformer_, SchedulerOptions().max_in_flight,
            items.shared_tokens + items.own_tokens + items.generated_tokens);
  const std::vector<TokenId> shared =
      random_tokens(random, items.shared_tokens, transformer_.config().vocab_size);
  std::vector<std::vector<TokenId>> prompts;
  for (std::int64_t i = 0; i < items.items; ++i) {
    prompts.push_back(shared);
    const std::vector<TokenId> own =
        random_tokens(random, items.own_tokens, transformer_.config().vocab_size);
    prompts.back().insert(prompts.back().end(), own.begin(), own.end());
  }
  const Clock::time_point begin = Clock::now();
  for (std::vector<TokenId>& prompt : prompts) load.add(std::move(prompt), items.generated_tokens);
  while (load.step()) {
  }
  return seconds_since(begin);
}

}  // namespace fulcrum
