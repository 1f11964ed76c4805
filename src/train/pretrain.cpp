#include "train/pretrain.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "model/model_file.h"
#include "text/chat_template.h"
#include "train/checkpoint.h"
#include "train/layer_growth.h"
#include "train/pass_workers.h"
#include "vocabulary/vocabulary_data.h"

namespace fulcrum {
namespace {

using Clock = std::chrono::steady_clock;

Path beside(const Path& output, const char* ending) {
  return output.string() + ending;
}

// One line of JSON every few steps; lines of steps that are trained again are dropped first.
class TrainingLog {
 public:
  TrainingLog(const Path& path, std::int64_t steps_done) : path_(path) {
    std::string kept;
    if (std::filesystem::exists(path)) {
      const std::string text = read_file(path);
      for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
        const std::string_view line(text.data() + begin, end - begin);
        const Json entry = parse_json(line, path.string());
        if (entry.at("step").get<std::int64_t>() > steps_done) break;
        if (entry.contains("loss")) last_loss_ = entry.at("loss").get<double>();
        kept.append(line).push_back('\n');
      }
    }
    write_file_atomic(path, kept);
    stream_.open(path, std::ios::app);
  }

  // Of the last line that was kept; 0 in a new log.
  double last_loss() const { return last_loss_; }

  void write(const Json& line) {
    stream_ << to_line(line) << '\n' << std::flush;
    if (!stream_)
      throw_error(ErrorCode::io,
                  "writing the training log {}: the disk may be full; free space and start again",
                  path_.string());
  }

 private:
  Path path_;
  std::ofstream stream_;
  double last_loss_ = 0;
};

ModelFile assemble_model(const PretrainConfig& config, const PretrainData& data,
                         const ParameterLayout& layout, const ParameterArray& weights,
                         std::string description) {
  ModelFile model;
  model.config = config.model;
  model.weights = save_parameters(config.model, layout, weights, DType::bf16);
  model.vocabulary = to_vocabulary_data(data.tokenizer->vocabulary());
  if (model.vocabulary.chat_template.empty()) model.vocabulary.chat_template = ChatTemplate::bundled();
  model.name = config.name;
  model.notes = {{"general.description", std::move(description)}};
  return model;
}

void fill_initial_weights(const PretrainConfig& config, const ParameterLayout& layout,
                          ParameterArray& weights) {
  if (!config.initial_file) {
    initialize_decoder(config.model, config.initial, config.seed, layout, weights);
    return;
  }
  load_grown(load_model_file(*config.initial_file), config.initial_layers, layout, weights);
}

PretrainConfig checked(PretrainConfig config, const PretrainData& data) {
  config.model.vocab_size = data.tokenizer->size();
  config.model.check();
  if (config.batch.rows_per_pass < 1 || config.batch.passes < 1)
    throw_error(ErrorCode::invalid_argument,
                "pretraining: a step needs at least one pass of at least one row");
  return config;
}

class Run {
 public:
  Run(const PretrainConfig& config, const PretrainData& data)
      : config_(config),
        data_(data),
        layout_(ParameterLayout::of_model(config.model)),
        weights_(layout_),
        gradients_(layout_),
        optimizer_(layout_, config.optimizer),
        workers_(config.model, config.precision, default_pass_workers()),
        pass_gradients_(layout_) {
    if (std::filesystem::exists(checkpoint_path()))
      resume();
    else
      fill_initial_weights(config_, layout_, weights_);
  }

  PretrainResult train(const ProgressCallback& progress, const CancelToken& cancel,
                       const CheckpointProbe& probe) {
    const DecoderView weights = view_decoder(config_.model, layout_, weights_);
    TrainingLog log(beside(config_.output, ".log.jsonl"), state_.steps_done);
    last_loss_ = log.last_loss();
    EpisodeBatches batches(data_.episodes, *data_.tokenizer, config_.batch, state_.next_episode,
                           state_.steps_done, config_.steps);
    const double seconds_before = state_.seconds_done;
    const Clock::time_point begin = Clock::now();
    Interval interval{begin};
    while (state_.steps_done < config_.steps) {
      if (cancel.cancelled()) stop_here();
      step(batches.next(), weights, interval);
      const std::chrono::duration<double> elapsed = Clock::now() - begin;
      state_.seconds_done = seconds_before + elapsed.count();
      if (state_.steps_done % config_.log_steps == 0 || state_.steps_done == config_.steps)
        report(interval, log, progress);
      if (state_.steps_done % config_.checkpoint_steps == 0 || state_.steps_done == config_.steps) {
        save();
        if (probe) log.write({{"step", state_.steps_done}, {"probe", probe(config_.output)}});
      }
    }
    return {config_.output, sha256_file(config_.output), state_.steps_done, state_.tokens_done,
            last_loss_,     state_.seconds_done};
  }

 private:
  // What has been seen since the last line of the log.
  struct Interval {
    Clock::time_point begin;
    double loss = 0, weight = 0, gradient_norm = 0;
    std::int64_t tokens = 0, steps = 0;
  };

  Path checkpoint_path() const { return beside(config_.output, ".checkpoint"); }

  std::vector<CheckpointArray> arrays() {
    return {{"weights", weights_.values()},
            {"first_moments", optimizer_.first_moments().values()},
            {"second_moments", optimizer_.second_moments().values()}};
  }

  std::string digest(std::int64_t steps_done) const {
    Json description = describe(config_, steps_done);
    description["episodes"] = data_.description;
    for (const std::string& token : data_.tokenizer->vocabulary().tokens)
      description["tokens"].push_back(token);
    return fulcrum::sha256(to_line(description));
  }

  void resume() {
    state_ = read_checkpoint(
        checkpoint_path(), [this](std::int64_t steps) { return digest(steps); }, arrays());
    optimizer_.set_steps_done(state_.steps_done);
  }

  void step(const EpisodeBatch& batch, const DecoderView& weights, Interval& interval) {
    if (batch.sum_of_weights <= 0)
      throw_error(ErrorCode::invalid_argument, "pretraining step {}: no token of the batch is to be learnt",
                  state_.steps_done + 1);
    const double loss = pass_gradients_.compute(
        workers_, batch.passes,
        [&](Backpropagation& backpropagation, const TrainingRows& rows, ParameterArray& sums) {
          return backpropagation.accumulate(weights, rows, batch.sum_of_weights,
                                            view_decoder(config_.model, layout_, sums));
        },
        gradients_);
    if (!std::isfinite(loss))
      throw_error(
          ErrorCode::invalid_argument,
          "pretraining step {}: the loss is not a number; the checkpoint {} stays; lower learning_rate, "
          "lengthen warmup_steps, or set precision = \"f32\"",
          state_.steps_done + 1, checkpoint_path().string());
    interval.gradient_norm = optimizer_.step(weights_, gradients_, config_.schedule.at(state_.steps_done));
    ++state_.steps_done;
    state_.next_episode = batch.next_episode;
    state_.tokens_done += batch.tokens;
    interval.loss += loss;
    interval.weight += batch.sum_of_weights;
    interval.tokens += batch.tokens;
    ++interval.steps;
  }

  void report(Interval& interval, TrainingLog& log, const ProgressCallback& progress) {
    const std::chrono::duration<double> elapsed = Clock::now() - interval.begin;
    const double tokens_per_second = static_cast<double>(interval.tokens) / elapsed.count();
    const double learning_rate = config_.schedule.at(state_.steps_done - 1);
    last_loss_ = interval.loss / interval.weight;
    log.write({{"step", state_.steps_done},
               {"loss", last_loss_},
               {"learning_rate", learning_rate},
               {"gradient_norm", interval.gradient_norm},
               {"tokens", state_.tokens_done},
               {"tokens_per_second", tokens_per_second},
               {"seconds", state_.seconds_done}});
    if (progress) {
      Progress now;
      now.stage = "pretraining " + config_.name;
      now.done = static_cast<std::uint64_t>(state_.steps_done);
      now.total = static_cast<std::uint64_t>(config_.steps);
      now.unit = "steps";
      now.seconds_left = elapsed.count() / static_cast<double>(interval.steps) *
                         static_cast<double>(config_.steps - state_.steps_done);
      now.figures = {{"loss", last_loss_},
                     {"learning rate", learning_rate},
                     {"gradient norm", interval.gradient_norm},
                     {"tokens/s", tokens_per_second}};
      progress(now);
    }
    interval = Interval{Clock::now()};
  }

  // The model first: whoever sees the checkpoint finds a model that is at least as new.
  void save() {
    const ModelFile model =
        assemble_model(config_, data_, layout_, weights_,
                       fmt::format("Trained from random weights for {} of {} steps, {} tokens.",
                                   state_.steps_done, config_.steps, state_.tokens_done));
    save_model_file(model, DType::bf16, config_.output);
    state_.config_digest = digest(state_.steps_done);
    write_checkpoint(checkpoint_path(), state_, arrays());
  }

  [[noreturn]] void stop_here() {
    save();
    throw_error(ErrorCode::cancelled,
                "pretraining stopped at step {} of {}; the same command continues from {}", state_.steps_done,
                config_.steps, checkpoint_path().string());
  }

  PretrainConfig config_;
  const PretrainData& data_;
  ParameterLayout layout_;
  ParameterArray weights_, gradients_;
  Optimizer optimizer_;
  PassWorkers workers_;
  PassGradients pass_gradients_;
  CheckpointState state_;
  double last_loss_ = 0;
};

}  // namespace

PretrainResult pretrain_on(PretrainConfig config, const PretrainData& data, const ProgressCallback& progress,
                           const CancelToken& cancel, const CheckpointProbe& probe) {
  return Run(checked(std::move(config), data), data).train(progress, cancel, probe);
}

ModelFile untrained_model(PretrainConfig config, const PretrainData& data) {
  config = checked(std::move(config), data);
  const ParameterLayout layout = ParameterLayout::of_model(config.model);
  ParameterArray weights(layout);
  fill_initial_weights(config, layout, weights);
  return assemble_model(config, data, layout, weights, "Before its first step of training.");
}

}  // namespace fulcrum
