#include "train/episode_batches.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>

#include "base/error.h"

namespace fulcrum {
namespace {

constexpr std::size_t kBatchesAhead = 3;

float weight_at(const EpisodeSegment& segment, std::size_t byte) {
  for (const EpisodeSegment::Span& span : segment.spans)
    if (byte >= span.begin && byte < span.end) return span.weight;
  return segment.weight;
}

// Neighbouring texts are encoded as one, as they would be in a prompt.
void encode_texts(std::span<const EpisodeSegment> segments, const Tokenizer& tokenizer,
                  EpisodeTokens& tokens) {
  std::string text;
  std::vector<std::size_t> ends;  // of each segment
  for (const EpisodeSegment& segment : segments) ends.push_back((text += segment.text).size());
  std::size_t offset = 0, current = 0;
  std::optional<TokenId> previous;
  for (const TokenId id : tokenizer.encode(text, Tokenizer::Special::as_text)) {
    while (current + 1 < ends.size() && offset >= ends[current]) ++current;
    tokens.ids.push_back(id);
    tokens.weights.push_back(weight_at(segments[current], offset - (current == 0 ? 0 : ends[current - 1])));
    offset += tokenizer.piece_after(previous, id).size();
    previous = id;
  }
  if (offset != text.size())
    throw_error(ErrorCode::internal, "encoding a text of {} bytes: its tokens stand for {}", text.size(),
                offset);
}

}  // namespace

EpisodeTokens encode_episode(const Episode& episode, const Tokenizer& tokenizer) {
  EpisodeTokens tokens;
  const std::span<const EpisodeSegment> segments = episode.segments;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const EpisodeSegment& segment = segments[i];
    if (!segment.control) {
      std::size_t end = i;
      while (end < segments.size() && !segments[end].control) ++end;
      encode_texts(segments.subspan(i, end - i), tokenizer, tokens);
      i = end - 1;
      continue;
    }
    const std::optional<TokenId> id = tokenizer.find(segment.text);
    if (!id)
      throw_error(ErrorCode::invalid_argument, "encoding a '{}' episode: the tokenizer has no token '{}'",
                  episode.family, segment.text);
    tokens.ids.push_back(*id);
    tokens.weights.push_back(segment.weight);
  }
  return tokens;
}

double BatchShape::progress_at(std::int64_t step, std::int64_t total_steps) const {
  const auto passes_before = [&](std::int64_t end) {
    return std::min(end, first_steps) * first_passes + std::max<std::int64_t>(0, end - first_steps) * passes;
  };
  const std::int64_t end = mix_steps > 0 ? mix_steps : total_steps;
  return std::min(1.0, static_cast<double>(passes_before(step)) / static_cast<double>(passes_before(end)));
}

EpisodeBatch make_batch(const EpisodeSource& episodes, const Tokenizer& tokenizer, const BatchShape& shape,
                        std::uint64_t first_episode, std::int64_t step, std::int64_t total_steps) {
  EpisodeBatch batch;
  batch.passes.resize(static_cast<std::size_t>(shape.passes_at(step)));
  const double progress = shape.progress_at(step, total_steps);
  const auto longest = static_cast<std::size_t>(std::min(shape.context_tokens, shape.rows_per_pass)) + 1;
  batch.next_episode = first_episode;
  while (true) {
    const Episode episode = episodes(batch.next_episode, progress);
    EpisodeTokens tokens = encode_episode(episode, tokenizer);
    if (tokens.ids.size() < 2)
      throw_error(ErrorCode::invalid_argument,
                  "packing episode {} of family '{}': it has {} tokens, 2 are needed", batch.next_episode,
                  episode.family, tokens.ids.size());
    if (tokens.ids.size() > longest) {
      tokens.ids.resize(longest);
      tokens.weights.resize(longest);
    }
    const std::int64_t rows = static_cast<std::int64_t>(tokens.ids.size()) - 1;
    const auto pass = std::find_if(batch.passes.begin(), batch.passes.end(), [&](const TrainingRows& each) {
      return each.size() + rows <= shape.rows_per_pass;
    });
    if (pass == batch.passes.end()) break;
    pass->append(tokens.ids, tokens.weights);
    batch.tokens += rows;
    ++batch.next_episode;
  }
  for (TrainingRows& pass : batch.passes) {
    pass.pad_to(shape.rows_per_pass);
    batch.sum_of_weights += pass.sum_of_weights();
  }
  return batch;
}

struct EpisodeBatches::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<EpisodeBatch> ready;
  std::exception_ptr failure;
  bool stopping = false;
  std::thread thread;

  void prepare(const EpisodeSource& episodes, const Tokenizer& tokenizer, const BatchShape& shape,
               std::uint64_t episode, std::int64_t first_step, std::int64_t total_steps) {
    try {
      for (std::int64_t step = first_step; step < total_steps; ++step) {
        {
          std::unique_lock lock(mutex);
          changed.wait(lock, [&] { return stopping || ready.size() < kBatchesAhead; });
          if (stopping) return;
        }
        EpisodeBatch batch = make_batch(episodes, tokenizer, shape, episode, step, total_steps);
        episode = batch.next_episode;
        const std::lock_guard lock(mutex);
        ready.push_back(std::move(batch));
        changed.notify_all();
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
      changed.notify_all();
    }
  }
};

EpisodeBatches::EpisodeBatches(EpisodeSource episodes, const Tokenizer& tokenizer, const BatchShape& shape,
                               std::uint64_t first_episode, std::int64_t first_step, std::int64_t total_steps)
    : state_(std::make_unique<State>()) {
  state_->thread = std::thread(
      [state = state_.get(), source = std::move(episodes), &tokenizer, shape, first_episode, first_step,
       total_steps] { state->prepare(source, tokenizer, shape, first_episode, first_step, total_steps); });
}

EpisodeBatches::~EpisodeBatches() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  state_->thread.join();
}

EpisodeBatch EpisodeBatches::next() {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [&] { return !state_->ready.empty() || state_->failure; });
  if (state_->ready.empty()) std::rethrow_exception(state_->failure);
  EpisodeBatch batch = std::move(state_->ready.front());
  state_->ready.pop_front();
  state_->changed.notify_all();
  return batch;
}

}  // namespace fulcrum
