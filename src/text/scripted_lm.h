// A LanguageModel that follows a script, and a Tuner that only pretends: what the words tower is tested with.
//
// Nothing is learnt or computed: answers come from rules, lists and functions, likelihoods from a function,
// and a token is a word (text between white space). What it does share with a real model is the contract of
// text/lm.h: stop texts, max_tokens, the context limit, unknown adapters, streaming, cancellation and usage
// behave as there; a json_schema is kept or unsupported. Thread-safe once the script is written.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "text/lm.h"

namespace fulcrum {

class ScriptedLM final : public LanguageModel {
 public:
  using AnswerFunction = std::function<std::string(const GenerateRequest&)>;
  // The natural-log likelihood of one continuation.
  using LikelihoodFunction = std::function<double(const ScoreRequest&, std::string_view continuation)>;

  ScriptedLM();
  explicit ScriptedLM(ModelInfo info);

  // The script. A request takes the first rule that fits its rendered prompt (in the order they were given),
  // else the next of the answers in turn, else the function; without any of them Error(not_found) shows the
  // prompt.
  ScriptedLM& when_prompt_is(std::string prompt, std::string answer);
  ScriptedLM& when_prompt_contains(std::string part, std::string answer);
  ScriptedLM& answer_in_turn(std::vector<std::string> answers);
  ScriptedLM& answer_by(AnswerFunction function);
  ScriptedLM& score_by(LikelihoodFunction function);
  // Simulated time, so that latencies are the same in every run.
  ScriptedLM& take_seconds(double per_prompt_token, double per_completion_token);
  ScriptedLM& set_weights_sha256(std::string digest);

  // What was asked so far, in order.
  std::vector<GenerateRequest> generate_requests() const;
  std::vector<ScoreRequest> score_requests() const;
  std::map<std::string, std::string> adapters() const;  // name to folder
  int cache_clearings() const;

  ModelInfo info() const override;
  std::vector<Generation> generate(std::span<const GenerateRequest> requests,
                                   const CancelToken& cancel) override;
  std::vector<Scores> score(std::span<const ScoreRequest> requests, const CancelToken& cancel) override;
  std::int64_t count_tokens(std::span<const Message> messages) const override;
  std::int64_t count_tokens(std::string_view text) const override;
  std::string render(std::span<const Message> messages) const override;
  void load_adapter(const std::string& name, const std::string& folder) override;
  std::string weights_sha256() const override;
  void clear_cache() override;

 private:
  struct Rule {
    std::string text;
    enum class Match { whole, part } match;
    std::string answer;
  };
  std::string answer(const GenerateRequest& request);
  void check_adapter(const std::string& name) const;
  std::int64_t check_prompt(std::span<const Message> messages, std::string_view prefix,
                            std::int64_t more_tokens) const;

  mutable std::mutex mutex_;
  ModelInfo info_;
  std::vector<Rule> rules_;
  std::vector<std::string> answers_in_turn_;
  std::size_t next_answer_ = 0;
  AnswerFunction answer_function_;
  LikelihoodFunction likelihood_function_;
  double seconds_per_prompt_token_ = 1e-5, seconds_per_completion_token_ = 1e-3;
  std::string weights_sha256_;
  std::vector<GenerateRequest> generate_requests_;
  std::vector<ScoreRequest> score_requests_;
  std::map<std::string, std::string> adapters_;
  int cache_clearings_ = 0;
};

// Records the requests and writes a folder that holds an adapter_config.json and the names of what it was
// given, so that callers have something to load, hash and copy. Losses fall by half each epoch; there are no
// weights.
class ScriptedTuner final : public Tuner {
 public:
  using TuneFunction = std::function<TuneResult(const TuneRequest&)>;
  ScriptedTuner() = default;
  explicit ScriptedTuner(TuneFunction function) : function_(std::move(function)) {}

  std::vector<TuneRequest> requests() const;
  TuneResult tune(const TuneRequest& request, const ProgressCallback& progress,
                  const CancelToken& cancel) override;

 private:
  mutable std::mutex mutex_;
  TuneFunction function_;
  std::vector<TuneRequest> requests_;
};

}  // namespace fulcrum
