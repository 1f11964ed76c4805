// The native language model: a model file behind the bridge (text/lm.h).
//
// Loads GGUF files, llama2.c checkpoints and Hugging Face folders, renders messages by the model's own chat
// template, and runs every request of every caller through one scheduler. Greedy answers and scores have the
// same bits whatever runs beside them. Not here: what a step holds (infer/scheduler.h), the mathematics
// (model/transformer.h), HTTP (serve/).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "infer/scheduler.h"
#include "model/model_file.h"
#include "text/lm.h"
#include "text/tokenizer.h"

namespace fulcrum {

struct EngineOptions {
  std::optional<int> threads;  // absent: as many as the machine has cores
  SchedulerOptions scheduler;
  // Instead of the model's own (Jinja).
  std::optional<std::string> chat_template;
};

class Engine final : public LanguageModel {
 public:
  // Errors: those of load_model_file and make_tokenizer, with the file's name; unsupported if the file has no
  // vocabulary.
  static std::unique_ptr<Engine> load(const Path& path, const EngineOptions& options);
  Engine(ModelFile model, const EngineOptions& options);
  ~Engine() override;

  ModelInfo info() const override;
  // Throws Error(cancelled) if `cancel` is set before the last answer is there; what was written until then
  // has gone through on_text, which is called on the caller's thread.
  std::vector<Generation> generate(std::span<const GenerateRequest> requests,
                                   const CancelToken& cancel) override;
  std::vector<Scores> score(std::span<const ScoreRequest> requests, const CancelToken& cancel) override;
  std::int64_t count_tokens(std::span<const Message> messages) const override;
  std::int64_t count_tokens(std::string_view text) const override;
  std::string render(std::span<const Message> messages) const override;
  void load_adapter(const std::string& name, const std::string& folder) override;
  std::string weights_sha256() const override;
  void clear_cache() override;

  const Tokenizer& tokenizer() const;
  // Tokens that went through the model so far: what prefix sharing saves.
  std::int64_t computed_tokens();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fulcrum
