// The bridge between the two towers: messages in; text, log-likelihoods or embeddings out; examples in, an
// adapter's name out. infer/ and train/ implement it with tensors, remote/ over HTTP, text/scripted_lm.h with
// a script for tests. Nothing here knows a tensor, and nothing below it knows a task.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/progress.h"

namespace fulcrum {

// role: "system", "user", "assistant" or "tool". content: UTF-8.
struct Message {
  std::string role;
  std::string content;
  bool operator==(const Message&) const = default;
};

// temperature 0 is greedy: the largest logit, the smallest token id among equals. top_k and top_p cut the
// distribution before drawing; absent means no cut. A draw depends on (seed, position in the answer) and on
// nothing else.
struct Sampling {
  double temperature = 0.0;
  std::optional<int> top_k;
  std::optional<double> top_p;
  std::uint64_t seed = 0;
};

struct GenerateRequest {
  std::vector<Message> messages;
  // The beginning of the answer, already written; generation goes on behind it and the result does not repeat
  // it.
  std::string answer_prefix;
  std::string adapter;  // name given to load_adapter; empty: the untouched base
  int max_tokens = 256;
  std::vector<std::string> stop;  // generation ends before the first of these; it is not part of the text
  Sampling sampling;
  // What stands behind answer_prefix satisfies this JSON Schema, or Error(unsupported); empty: none.
  std::string json_schema;
  // Called with each new piece of complete UTF-8 text, for streaming; may be empty.
  std::function<void(std::string_view)> on_text;
};

struct Usage {
  std::int64_t prompt_tokens = 0;
  std::int64_t cached_tokens = 0;  // of prompt_tokens, taken from a prefix already in memory
  std::int64_t completion_tokens = 0;
};

enum class FinishReason { stop, length, cancelled };

struct Generation {
  std::string text;
  FinishReason finish_reason = FinishReason::stop;
  Usage usage;
  double seconds = 0;  // from submission to the last token
  double seconds_to_first_token = 0;
  std::vector<double> token_log_likelihoods;  // natural log, one a completion token (at temperature 1, uncut)
};

// How likely each continuation is as the beginning of the assistant's answer (after answer_prefix).
struct ScoreRequest {
  std::vector<Message> messages;
  std::string answer_prefix;
  std::string adapter;
  std::vector<std::string> continuations;
  // True: the end-of-turn token is scored as part of each continuation, so that "card" and "card lost" can be
  // told apart.
  bool ends_turn = true;
};

struct Score {
  double log_likelihood = 0;  // natural log, summed over the tokens
  std::int64_t tokens = 0;
};

struct Scores {
  std::vector<Score> continuations;  // in the order of the request
  Usage usage;                       // completion_tokens counts the scored tokens
  double seconds = 0;
};

struct ModelInfo {
  std::string name;  // "fulcrum-base"
  std::string file;  // path or address
  std::int64_t parameters = 0;
  std::int64_t context_tokens = 0;
  std::string sha256;  // of the weights as loaded; empty for a remote model
};

// Implementations are safe to call from several threads. Errors: too_large (prompt and max_tokens exceed the
// context: says how many tokens there are and how many fit), not_found (adapter), cancelled.
class LanguageModel {
 public:
  virtual ~LanguageModel() = default;
  virtual ModelInfo info() const = 0;
  // Results in the order of the requests. Greedy text and scores are bit-identical to asking one request at a
  // time.
  virtual std::vector<Generation> generate(std::span<const GenerateRequest> requests,
                                           const CancelToken& cancel) = 0;
  virtual std::vector<Scores> score(std::span<const ScoreRequest> requests, const CancelToken& cancel) = 0;
  // Tokens of the rendered prompt, generation header included.
  virtual std::int64_t count_tokens(std::span<const Message> messages) const = 0;
  virtual std::int64_t count_tokens(std::string_view text) const = 0;
  // The exact text that the model would be given.
  virtual std::string render(std::span<const Message> messages) const = 0;
  // Makes the PEFT folder usable under `name`; the base stays untouched. Replaces an adapter of that name.
  virtual void load_adapter(const std::string& name, const std::string& folder) = 0;
  // Digest of the base weights in memory now, for law 1 (frozen means frozen).
  virtual std::string weights_sha256() const = 0;
  // Forgets cached prefixes, so that a latency can be measured cold.
  virtual void clear_cache() = 0;
};

// One training example: a conversation whose learnt messages are those with weight 1 (assistant only).
struct TrainingExample {
  std::vector<Message> messages;
  std::vector<int> weights;  // one a message, 0 or 1
};

// How good the adapter in this PEFT folder is, by whatever the caller holds it to: higher is better.
using AdapterScore = std::function<double(const std::string& folder)>;

struct TuneRequest {
  std::vector<TrainingExample> train, dev;
  std::string output_folder;  // PEFT folder to write
  int rank = 16;
  double alpha = 32;
  double learning_rate = 2e-3;
  int max_epochs = 6;
  int batch_examples = 8;
  int patience_epochs = 2;  // stop when nothing better has been seen for so many epochs
  // Asked after each epoch; the best epoch is kept, of equal ones that with the lower dev loss. Empty: the
  // dev loss alone decides. The folder is gone once the training is over.
  AdapterScore score;
  std::uint64_t seed = 0;
  // Linear layers to adapt, PEFT module names ("q_proj", ..., "down_proj"); empty: all seven.
  std::vector<std::string> target_modules;
};

struct TuneResult {
  std::string folder;
  double seconds = 0;
  std::int64_t trained_tokens = 0;
  std::int64_t trainable_parameters = 0;
  int best_epoch = 0;  // the one kept, a position in `epochs`
  struct Epoch {
    double train_loss = 0, dev_loss = 0;
    std::optional<double> score;  // by TuneRequest::score
  };
  std::vector<Epoch> epochs;
  std::string sha256;  // of adapter_model.safetensors
};

// Which epoch a tuner keeps: the higher score, of equal ones or without scores the lower dev loss.
inline bool is_better(const TuneResult::Epoch& a, const TuneResult::Epoch& b) {
  return a.score != b.score ? a.score > b.score : a.dev_loss < b.dev_loss;
}

class Tuner {
 public:
  virtual ~Tuner() = default;
  virtual TuneResult tune(const TuneRequest& request, const ProgressCallback& progress,
                          const CancelToken& cancel) = 0;
};

}  // namespace fulcrum
