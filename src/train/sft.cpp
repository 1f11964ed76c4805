#include "train/sft.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "base/random.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"
#include "train/lora.h"
#include "train/optimizer.h"
#include "train/pass_workers.h"
#include "train/schedule.h"
#include "train/sft_data.h"
#include "vocabulary/vocabulary_data.h"

namespace fulcrum {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kPasses = 2;              // of a step; each is one thread's work
constexpr std::int64_t kDevRowsPerPass = 1024;  // enough to fill the matrix units, small enough to balance
constexpr double kWarmupShare = 0.05, kFinalFraction = 0.1;

void check(const TuneRequest& request) {
  const char* doing = "fine-tuning";
  if (request.train.empty())
    throw_error(ErrorCode::invalid_argument, "{}: there are no training examples", doing);
  const auto positive = [&](double value, const char* name) {
    if (!(value > 0) || !std::isfinite(value))
      throw_error(ErrorCode::invalid_argument, "{}: {} is {}; it must be positive", doing, name, value);
  };
  positive(request.rank, "rank");
  positive(request.alpha, "alpha");
  positive(request.learning_rate, "learning_rate");
  positive(request.max_epochs, "max_epochs");
  positive(request.batch_examples, "batch_examples");
  positive(request.patience_epochs, "patience_epochs");
  if (request.output_folder.empty())
    throw_error(ErrorCode::invalid_argument, "{}: no folder to write the adapter to is named", doing);
}

std::vector<const EncodedExample*> pointers(std::span<const EncodedExample> examples) {
  std::vector<const EncodedExample*> all;
  for (const EncodedExample& example : examples) all.push_back(&example);
  return all;
}

std::int64_t total_rows(std::span<const EncodedExample* const> examples) {
  std::int64_t rows = 0;
  for (const EncodedExample* example : examples) rows += example->rows();
  return rows;
}

double sum_of_weights(std::span<const TrainingRows> passes) {
  double sum = 0;
  for (const TrainingRows& rows : passes) sum += rows.sum_of_weights();
  return sum;
}

}  // namespace

struct LoraTuner::State {
  ModelConfig config;
  ParameterLayout layout;
  ParameterArray weights;
  std::unique_ptr<Tokenizer> tokenizer;
  ChatTemplate chat_template;

  explicit State(const ModelFile& model)
      : config(model.config),
        layout(ParameterLayout::of_model(model.config)),
        weights(layout),
        tokenizer(make_tokenizer_of(model)),
        chat_template(parse_template(*tokenizer)) {
    load_parameters(model.weights, layout, weights);
  }

  static ChatTemplate parse_template(const Tokenizer& tokenizer) {
    const Vocabulary& vocabulary = tokenizer.vocabulary();
    const auto text = [&](const std::optional<TokenId>& id) {
      return id ? vocabulary.tokens[static_cast<std::size_t>(*id)] : std::string();
    };
    return ChatTemplate::parse(vocabulary.chat_template.empty() ? ChatTemplate::bundled()
                                                                : std::string_view(vocabulary.chat_template),
                               text(vocabulary.bos), text(vocabulary.eos));
  }
};

namespace {

// Where an epoch's adapter stands while it is scored; gone however the training ends.
struct Checkpoint {
  const std::string folder;
  explicit Checkpoint(std::string path) : folder(std::move(path)) {}
  Checkpoint(const Checkpoint&) = delete;
  Checkpoint& operator=(const Checkpoint&) = delete;
  ~Checkpoint() {
    std::error_code ignored;  // a leftover adapter harms nothing
    std::filesystem::remove_all(folder, ignored);
  }
};

// One call of tune(): everything that belongs to this adapter alone.
class TuningRun {
 public:
  TuningRun(const ModelConfig& config, const DecoderView& weights, const TuneRequest& request,
            std::vector<EncodedExample> train, std::vector<EncodedExample> dev)
      : config_(config),
        weights_(weights),
        request_(request),
        train_(std::move(train)),
        lora_{request.rank, request.alpha, parse_lora_modules(request.target_modules)},
        layout_(lora_layout(config, lora_)),
        adapter_(layout_),
        gradients_(layout_),
        optimizer_(layout_, without_decay()),
        workers_(config, Precision::bf16, default_pass_workers()),
        pass_gradients_(layout_) {
    initialize_lora(layout_, request.seed, adapter_);
    steps_per_epoch_ =
        (static_cast<std::int64_t>(train_.size()) + request.batch_examples - 1) / request.batch_examples;
    schedule_.peak = request.learning_rate;
    schedule_.total_steps = steps_per_epoch_ * request.max_epochs;
    schedule_.warmup_steps =
        static_cast<std::int64_t>(kWarmupShare * static_cast<double>(schedule_.total_steps));
    schedule_.shape = DecayShape::linear;
    schedule_.final_fraction = kFinalFraction;
    if (dev.empty()) return;
    const std::vector<const EncodedExample*> all = pointers(dev);
    const std::int64_t passes = std::max<std::int64_t>(1, total_rows(all) / kDevRowsPerPass);
    dev_passes_ = pack_examples(all, static_cast<std::size_t>(passes));
  }

  TuneResult run(const ProgressCallback& progress, const CancelToken& cancel) {
    TuneResult result;
    std::vector<float> best;
    const Checkpoint checkpoint(request_.output_folder + ".checkpoint");
    const bool is_judged = request_.score || !dev_passes_.empty();
    for (int epoch = 0; epoch < request_.max_epochs; ++epoch) {
      const double train_loss = train_epoch(epoch, progress, cancel);
      const double dev_loss = dev_passes_.empty() ? train_loss : measure_dev();
      std::optional<double> score;
      if (request_.score) {
        write_to(checkpoint.folder);
        score = request_.score(checkpoint.folder);
      }
      result.epochs.push_back({train_loss, dev_loss, score});
      if (epoch == 0 || !is_judged ||
          is_better(result.epochs.back(), result.epochs[static_cast<std::size_t>(result.best_epoch)])) {
        result.best_epoch = epoch;
        best.assign(adapter_.values().begin(), adapter_.values().end());
      }
      if (epoch - result.best_epoch >= request_.patience_epochs) break;
    }
    std::copy(best.begin(), best.end(), adapter_.values().begin());
    write_to(request_.output_folder);
    result.folder = request_.output_folder;
    result.sha256 = sha256_file(Path(request_.output_folder) / "adapter_model.safetensors");
    result.trained_tokens = trained_tokens_;
    result.trainable_parameters = layout_.parameters();
    result.seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    return result;
  }

 private:
  static OptimizerConfig without_decay() {
    OptimizerConfig config;
    config.weight_decay = 0;
    config.beta2 = 0.99;
    return config;
  }

  void write_to(const std::string& folder) const {
    write_adapter(export_lora(config_, lora_, layout_, adapter_), config_, folder);
  }

  double train_epoch(int epoch, const ProgressCallback& progress, const CancelToken& cancel) {
    std::vector<const EncodedExample*> order = pointers(train_);
    Random(request_.seed, stream_of("epoch") + static_cast<std::uint64_t>(epoch)).shuffle(order);
    double loss = 0, weight = 0;
    for (std::size_t first = 0; first < order.size();
         first += static_cast<std::size_t>(request_.batch_examples)) {
      cancel.check("fine-tuning");
      const std::size_t count =
          std::min(static_cast<std::size_t>(request_.batch_examples), order.size() - first);
      const std::span<const EncodedExample* const> chosen(order.data() + first, count);
      const std::vector<TrainingRows> passes = pack_examples(chosen, kPasses);
      const double batch_weight = sum_of_weights(passes);
      const double batch_loss = step(passes, batch_weight);
      loss += batch_loss;
      weight += batch_weight;
      trained_tokens_ += total_rows(chosen);
      if (progress) report(epoch, batch_loss / batch_weight, progress);
    }
    return loss / weight;
  }

  double step(const std::vector<TrainingRows>& passes, double divisor) {
    const LoraView adapter = view_lora(config_, lora_, layout_, adapter_);
    const double loss = pass_gradients_.compute(
        workers_, passes,
        [&](Backpropagation& backpropagation, const TrainingRows& rows, ParameterArray& gradients) {
          return backpropagation.accumulate_adapter(weights_, adapter, rows, divisor,
                                                    view_lora(config_, lora_, layout_, gradients));
        },
        gradients_);
    if (!std::isfinite(loss))
      throw_error(ErrorCode::invalid_argument,
                  "fine-tuning step {}: the loss is not a number; lower learning_rate or alpha",
                  optimizer_.steps_done() + 1);
    optimizer_.step(adapter_, gradients_, schedule_.at(optimizer_.steps_done()));
    return loss;
  }

  double measure_dev() {
    const LoraView adapter = view_lora(config_, lora_, layout_, adapter_);
    const double loss =
        sum_of_losses(workers_, dev_passes_, [&](Backpropagation& backpropagation, const TrainingRows& rows) {
          return backpropagation.loss(weights_, &adapter, rows);
        });
    if (!std::isfinite(loss))
      throw_error(ErrorCode::invalid_argument,
                  "fine-tuning: after step {} the dev loss is not a number; lower learning_rate or alpha",
                  optimizer_.steps_done());
    return loss / sum_of_weights(dev_passes_);
  }

  void report(int epoch, double loss, const ProgressCallback& progress) const {
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    Progress now;
    now.stage = fmt::format("fine-tuning, epoch {} of {}", epoch + 1, request_.max_epochs);
    now.done = static_cast<std::uint64_t>(optimizer_.steps_done());
    now.total = static_cast<std::uint64_t>(schedule_.total_steps);
    now.unit = "steps";
    now.seconds_left = seconds / static_cast<double>(now.done) * static_cast<double>(now.total - now.done);
    now.figures = {{"loss", loss}, {"tokens/s", static_cast<double>(trained_tokens_) / seconds}};
    progress(now);
  }

  const ModelConfig& config_;
  const DecoderView& weights_;
  const TuneRequest& request_;
  std::vector<EncodedExample> train_;
  std::vector<TrainingRows> dev_passes_;
  LoraConfig lora_;
  ParameterLayout layout_;
  ParameterArray adapter_, gradients_;
  Optimizer optimizer_;
  PassWorkers workers_;
  PassGradients pass_gradients_;
  Schedule schedule_;
  std::int64_t steps_per_epoch_ = 0, trained_tokens_ = 0;
  Clock::time_point begin_ = Clock::now();
};

}  // namespace

LoraTuner::LoraTuner(const ModelFile& model) {
  state_ = std::make_unique<State>(model);
}

LoraTuner::~LoraTuner() = default;

TuneResult LoraTuner::tune(const TuneRequest& request, const ProgressCallback& progress,
                           const CancelToken& cancel) {
  check(request);
  const auto encode = [&](std::span<const TrainingExample> examples, std::string_view split) {
    return encode_examples(examples, split, state_->chat_template, *state_->tokenizer,
                           state_->config.context_tokens);
  };
  std::vector<EncodedExample> train = encode(request.train, "train"), dev = encode(request.dev, "dev");
  const DecoderView weights = view_decoder(state_->config, state_->layout, state_->weights);
  return TuningRun(state_->config, weights, request, std::move(train), std::move(dev)).run(progress, cancel);
}

}  // namespace fulcrum
