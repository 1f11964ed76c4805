#include "model/transformer.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "model/model_file.h"
#include "model/tiny_model.h"

namespace fulcrum {
namespace {

using Tokens = std::vector<std::int32_t>;
using Rows = std::vector<std::vector<float>>;

constexpr std::int64_t kCacheBytes = std::int64_t{64} << 20;

Rows copy_rows(ConstMatrix matrix) {
  Rows rows;
  for (std::int64_t i = 0; i < matrix.rows; ++i)
    rows.emplace_back(matrix.row(i), matrix.row(i) + matrix.columns);
  return rows;
}

// The logits behind every token of `tokens`, given to the model `chunk` tokens at a time.
Rows logits_of(const Transformer& model, KvCache& cache, std::span<const std::int32_t> tokens,
               std::size_t chunk, const PackedAdapter* adapter) {
  KvSequence sequence(cache);
  ForwardBuffers buffers;
  Rows all;
  for (std::size_t begin = 0; begin < tokens.size(); begin += chunk) {
    const auto part = tokens.subspan(begin, std::min(chunk, tokens.size() - begin));
    const SequenceStep step{part, &sequence, adapter, static_cast<std::int64_t>(part.size())};
    for (auto& row : copy_rows(model.forward(std::span(&step, 1), buffers))) all.push_back(std::move(row));
  }
  return all;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// ---- Weights that no one here made ----

class Stories : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(folder_)) GTEST_SKIP() << folder_ << " is absent";
  }

  Tokens tokens(const char* name) const {
    std::ifstream file(folder_ / "golden" / name);
    Tokens ids;
    for (std::int32_t id = 0; file >> id;) ids.push_back(id);
    return ids;
  }

  std::vector<float> logits(const char* name) const {
    const std::string bytes = read_file(folder_ / "golden" / name);
    std::vector<float> values(bytes.size() / sizeof(float));
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }

  // The largest absolute difference to the golden logits, over all rows.
  double distance(const char* checkpoint, const char* token_file, const char* logit_file) const {
    const ModelFile file = load_model_file(folder_ / checkpoint, folder_ / "tokenizer.bin");
    const Transformer model(file.config, file.weights);
    KvCache cache(file.config, model.cache_dtype(), 16, kCacheBytes);
    const Tokens ids = tokens(token_file);
    const std::vector<float> golden = logits(logit_file);
    const Rows rows = logits_of(model, cache, ids, ids.size(), nullptr);
    EXPECT_EQ(rows.size() * static_cast<std::size_t>(file.config.vocab_size), golden.size());
    double worst = 0;
    for (std::size_t i = 0; i < golden.size(); ++i) {
      const float ours = rows[i / rows[0].size()][i % rows[0].size()];
      worst = std::max(worst, std::abs(static_cast<double>(ours) - golden[i]));
    }
    return worst;
  }

  Path folder_ = Path(FULCRUM_SHARED_DIR) / "data" / "stories260k";
};

TEST_F(Stories, LogitsAreTheReferencesFromBothCheckpoints) {
  for (const char* checkpoint : {"checkpoint_legacy.bin", "checkpoint_v1.bin"}) {
    const double greedy = distance(checkpoint, "greedy_tokens.txt", "greedy_logits.f32");
    const double prompt = distance(checkpoint, "prompt_tokens.txt", "prompt_logits.f32");
    EXPECT_LT(greedy, 1e-4) << checkpoint;
    EXPECT_LT(prompt, 1e-4) << checkpoint;
    RecordProperty("largest_difference", std::to_string(std::max(greedy, prompt)));
  }
}

TEST_F(Stories, PermutedWeightsDoNotPass) {
  EXPECT_GT(distance("negative/wrong_layout_weights.bin", "greedy_tokens.txt", "greedy_logits.f32"), 1.0);
  EXPECT_GT(distance("negative/wrong_layout_weights.bin", "prompt_tokens.txt", "prompt_logits.f32"), 1.0);
}

TEST_F(Stories, GreedyTokensAreTheReferencesOneByOne) {
  const ModelFile file = load_model_file(folder_ / "checkpoint_v1.bin", folder_ / "tokenizer.bin");
  const Transformer model(file.config, file.weights);
  KvCache cache(file.config, model.cache_dtype(), 16, kCacheBytes);
  KvSequence sequence(cache);
  ForwardBuffers buffers;
  const Tokens golden = tokens("greedy_tokens.txt");
  ASSERT_GT(golden.size(), 200U);
  std::int32_t token = golden[0];
  for (std::size_t i = 1; i < golden.size(); ++i) {
    const SequenceStep step{std::span(&token, 1), &sequence, nullptr, 1};
    const ConstMatrix logits = model.forward(std::span(&step, 1), buffers);
    token =
        static_cast<std::int32_t>(std::max_element(logits.data, logits.data + logits.columns) - logits.data);
    ASSERT_EQ(token, golden[i]) << "token " << i;
  }
}

// ---- The same bits whatever runs beside ----

struct Kind {
  const char* architecture;
  bool tied_output;
  std::optional<std::int32_t> window;
  DType cache = DType::f32;
};

ModelFile make_model(const Kind& kind) {
  TinyModelOptions options;
  options.architecture = kind.architecture;
  options.tied_output = kind.tied_output;
  options.context_tokens = 128;
  ModelFile file = make_tiny_model(options);
  file.config.sliding_window = kind.window;
  return file;
}

class TinyTransformer : public testing::TestWithParam<Kind> {
 protected:
  TinyTransformer() {
    const ModelFile file = make_model(GetParam());
    model_.emplace(file.config, file.weights);
    cache_ = std::make_unique<KvCache>(file.config, GetParam().cache, 8, kCacheBytes);
    adapters_.emplace_back(random_adapter(1), file.config);
    adapters_.emplace_back(random_adapter(2), file.config);
  }

  LoraAdapter random_adapter(std::uint64_t seed) {
    const ModelConfig config = make_tiny_config({.architecture = GetParam().architecture}, 8);
    Random random(seed);
    LoraAdapter adapter;
    adapter.rank = 4;
    adapter.alpha = 8;
    for (std::int64_t layer = 0; layer < config.n_layers; ++layer) {
      for (const LinearModule module : kLinearModules) {
        const Shape shape = linear_shape(config, module);
        LoraPair pair{layer, module, adapter.rank, adapter.alpha, {}, {}};
        for (std::int64_t i = 0; i < adapter.rank * shape[1]; ++i)
          pair.a.push_back(static_cast<float>(random.normal()) * 0.1F);
        for (std::int64_t i = 0; i < adapter.rank * shape[0]; ++i)
          pair.b.push_back(static_cast<float>(random.normal()) * 0.1F);
        adapter.pairs.push_back(std::move(pair));
      }
    }
    return adapter;
  }

  Tokens random_tokens(std::uint64_t seed, std::size_t count) const {
    Random random(seed);
    Tokens tokens(count);
    for (auto& token : tokens)
      token =
          static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(model_->config().vocab_size)));
    return tokens;
  }

  std::optional<Transformer> model_;
  std::unique_ptr<KvCache> cache_;
  std::vector<PackedAdapter> adapters_;
};

TEST_P(TinyTransformer, ChunksDoNotChangeABit) {
  const Tokens tokens = random_tokens(3, 67);
  const Rows whole = logits_of(*model_, *cache_, tokens, tokens.size(), nullptr);
  for (const std::size_t chunk : {1U, 7U, 16U, 64U}) {
    const Rows cut = logits_of(*model_, *cache_, tokens, chunk, nullptr);
    ASSERT_EQ(cut.size(), whole.size());
    for (std::size_t i = 0; i < whole.size(); ++i)
      ASSERT_TRUE(same_bits(cut[i], whole[i])) << chunk << ", row " << i;
  }
}

TEST_P(TinyTransformer, ThreadsDoNotChangeABit) {
  const Tokens tokens = random_tokens(4, 67);
  const int before = omp_get_max_threads();
  omp_set_num_threads(1);
  const Rows one = logits_of(*model_, *cache_, tokens, tokens.size(), &adapters_[0]);
  for (const int threads : {2, 3, 4}) {
    omp_set_num_threads(threads);
    const Rows many = logits_of(*model_, *cache_, tokens, tokens.size(), &adapters_[0]);
    for (std::size_t i = 0; i < one.size(); ++i)
      EXPECT_TRUE(same_bits(one[i], many[i])) << threads << ", row " << i;
  }
  omp_set_num_threads(before);
}

// Sequences of different lengths, at different places in their life, with and without adapters, in every
// batch size.
TEST_P(TinyTransformer, NeighboursAndAdaptersDoNotChangeABit) {
  std::vector<Tokens> tokens;
  std::vector<const PackedAdapter*> adapter;
  std::vector<Rows> alone;
  for (std::size_t s = 0; s < 32; ++s) {
    tokens.push_back(random_tokens(100 + s, 2 + s % 11));
    adapter.push_back(s % 3 == 0 ? nullptr : &adapters_[s % 3 - 1]);
    alone.push_back(logits_of(*model_, *cache_, tokens[s], 1, adapter[s]));
  }
  const int before = omp_get_max_threads();
  for (const auto& [size, threads] : std::vector<std::pair<std::size_t, int>>{
           {1, 2}, {2, 2}, {3, 2}, {5, 2}, {8, 1}, {8, 4}, {16, 2}, {31, 3}, {32, 1}, {32, 2}, {32, 4}}) {
    omp_set_num_threads(threads);
    ForwardBuffers buffers;
    std::vector<std::unique_ptr<KvSequence>> sequences;
    std::vector<SequenceStep> steps;
    for (std::size_t s = 0; s < size; ++s) {
      sequences.push_back(std::make_unique<KvSequence>(*cache_));
      // Half of them have their beginning in the cache already.
      std::size_t begin = 0;
      if (s % 2 == 1) {
        begin = tokens[s].size() / 2;
        const SequenceStep first{std::span(tokens[s]).first(begin), sequences.back().get(), adapter[s], 0};
        model_->forward(std::span(&first, 1), buffers);
      }
      const auto rest = std::span(tokens[s]).subspan(begin);
      steps.push_back({rest, sequences.back().get(), adapter[s], static_cast<std::int64_t>(rest.size())});
    }
    const Rows together = copy_rows(model_->forward(steps, buffers));
    std::size_t row = 0;
    for (std::size_t s = 0; s < size; ++s) {
      for (std::size_t i = tokens[s].size() - steps[s].tokens.size(); i < tokens[s].size(); ++i, ++row) {
        ASSERT_TRUE(same_bits(together[row], alone[s][i]))
            << size << " sequences, " << threads << " threads, " << s << ", token " << i;
      }
    }
    ASSERT_EQ(row, together.size());
  }
  omp_set_num_threads(before);
}

// Of quantised weights a thread takes sequences of its own through the whole model where there are enough.
TEST(QuantisedTransformer, ThreadsWithSequencesOfTheirOwnDoNotChangeABit) {
  ModelFile file = make_tiny_model({.d_ff = 64});
  for (LayerWeights& layer : file.weights.layers) {
    for (const LinearModule module : kLinearModules) {
      Tensor& weight = linear_weight(layer, module);
      weight = convert(weight, DType::q8_0);
    }
  }
  const Transformer model(file.config, file.weights);
  KvCache cache(file.config, model.cache_dtype(), 8, kCacheBytes);
  Random random(5);
  std::vector<Tokens> tokens(32);
  for (std::size_t s = 0; s < tokens.size(); ++s) {
    for (std::size_t i = 0; i < 3 + s % 7; ++i)
      tokens[s].push_back(static_cast<std::int32_t>(random.below(300)));
  }
  const int before = omp_get_max_threads();
  omp_set_num_threads(1);
  std::vector<Rows> alone;
  for (const Tokens& each : tokens) alone.push_back(logits_of(model, cache, each, 1, nullptr));
  std::size_t shared_out = 0;
  for (const auto& [size, threads] : std::vector<std::pair<std::size_t, int>>{
           {3, 2}, {8, 2}, {9, 2}, {16, 4}, {31, 2}, {32, 1}, {32, 2}, {32, 3}, {32, 4}}) {
    omp_set_num_threads(threads);
    ForwardBuffers buffers;
    std::vector<std::unique_ptr<KvSequence>> sequences;
    for (std::size_t s = 0; s < size; ++s) sequences.push_back(std::make_unique<KvSequence>(cache));
    // The first two tokens at once, then one by one, as answers are written.
    for (std::size_t first = 0; first < 3; first += first == 0 ? 2 : 1) {
      std::vector<SequenceStep> steps;
      for (std::size_t s = 0; s < size; ++s)
        steps.push_back(
            {std::span(tokens[s]).subspan(first, first == 0 ? 2 : 1), sequences[s].get(), nullptr, 1});
      const Rows together = copy_rows(model.forward(steps, buffers));
      for (std::size_t s = 0; s < size; ++s) {
        ASSERT_TRUE(same_bits(together[s], alone[s][first == 0 ? 1 : first]))
            << size << " sequences, " << threads << " threads, " << s << ", token " << first;
      }
    }
    shared_out += buffers.parts.size() == static_cast<std::size_t>(threads) ? 1 : 0;
  }
  omp_set_num_threads(before);
  EXPECT_EQ(shared_out, 7U);
}

// What half as wide a cache costs in exactness: logits move by about the rounding of f16, and they do move.
TEST_P(TinyTransformer, AHalfWidthCacheStaysCloseToAnF32One) {
  KvCache wide(model_->config(), DType::f32, 8, kCacheBytes),
      half(model_->config(), DType::f16, 8, kCacheBytes);
  const Tokens tokens = random_tokens(9, 67);
  const Rows exact = logits_of(*model_, wide, tokens, tokens.size(), nullptr);
  const Rows rounded = logits_of(*model_, half, tokens, tokens.size(), nullptr);
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    for (std::size_t v = 0; v < exact[i].size(); ++v) {
      worst = std::max(worst, std::abs(static_cast<double>(exact[i][v]) - rounded[i][v]));
      largest = std::max(largest, std::abs(static_cast<double>(exact[i][v])));
    }
  }
  EXPECT_GT(worst, 0);
  EXPECT_LT(worst, 2e-3 * largest);
}

TEST_P(TinyTransformer, AForkGoesOnLikeItsOrigin) {
  const Tokens tokens = random_tokens(5, 30);
  const Rows whole = logits_of(*model_, *cache_, tokens, tokens.size(), nullptr);
  ForwardBuffers buffers;
  KvSequence sequence(*cache_);
  const SequenceStep first{std::span(tokens).first(21), &sequence, nullptr, 0};
  model_->forward(std::span(&first, 1), buffers);
  KvSequence fork = sequence.fork();
  const Tokens other = random_tokens(6, 9);
  const SequenceStep aside{other, &sequence, nullptr, 0};
  model_->forward(std::span(&aside, 1), buffers);
  const SequenceStep rest{std::span(tokens).subspan(21), &fork, nullptr, 9};
  const Rows rows = copy_rows(model_->forward(std::span(&rest, 1), buffers));
  for (std::size_t i = 0; i < 9; ++i) EXPECT_TRUE(same_bits(rows[i], whole[21 + i]));
}

TEST_P(TinyTransformer, AnAdapterIsAddedToItsLayers) {
  const Tokens tokens = random_tokens(7, 12);
  const Rows base = logits_of(*model_, *cache_, tokens, tokens.size(), nullptr);
  const Rows first = logits_of(*model_, *cache_, tokens, tokens.size(), &adapters_[0]);
  const Rows second = logits_of(*model_, *cache_, tokens, tokens.size(), &adapters_[1]);
  EXPECT_FALSE(same_bits(base.back(), first.back()));
  EXPECT_FALSE(same_bits(second.back(), first.back()));
}

// What LoRA means: the same as a model whose weights are W + scale B A.
TEST_P(TinyTransformer, AnAdapterIsTheModelWithMergedWeights) {
  ModelFile file = make_model(GetParam());
  const LoraAdapter adapter = random_adapter(1);
  for (const LoraPair& pair : adapter.pairs) {
    const auto& const_layer = file.weights.layers[static_cast<std::size_t>(pair.layer)];
    Tensor& weight = const_cast<Tensor&>(linear_weight(const_layer, pair.module));
    OwnedTensor merged = make_f32(weight.name, weight.shape);
    const std::int64_t in = weight.shape[1];
    for (std::int64_t o = 0; o < weight.shape[0]; ++o) {
      for (std::int64_t i = 0; i < in; ++i) {
        double sum = weight.f32()[static_cast<std::size_t>(o * in + i)];
        for (std::int64_t r = 0; r < pair.rank; ++r) {
          sum += adapter.scale(pair) * pair.b[static_cast<std::size_t>(o * pair.rank + r)] *
                 pair.a[static_cast<std::size_t>(r * in + i)];
        }
        merged.values[static_cast<std::size_t>(o * in + i)] = static_cast<float>(sum);
      }
    }
    weight = merged.tensor;
  }
  const Transformer merged_model(file.config, file.weights);
  const Tokens tokens = random_tokens(8, 20);
  const Rows apart = logits_of(*model_, *cache_, tokens, tokens.size(), &adapters_[0]);
  const Rows merged = logits_of(merged_model, *cache_, tokens, tokens.size(), nullptr);
  for (std::size_t i = 0; i < apart.size(); ++i) {
    for (std::size_t v = 0; v < apart[i].size(); ++v)
      ASSERT_NEAR(apart[i][v], merged[i][v], 2e-3) << i << ", " << v;
  }
}

TEST_P(TinyTransformer, RefusesWhatCannotRunAndLeavesTheSequenceAlone) {
  ForwardBuffers buffers;
  KvSequence sequence(*cache_);
  const auto code_of = [&](const Tokens& tokens, std::int64_t logit_rows) {
    const SequenceStep step{tokens, &sequence, nullptr, logit_rows};
    try {
      model_->forward(std::span(&step, 1), buffers);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  };
  EXPECT_EQ(code_of({static_cast<std::int32_t>(model_->config().vocab_size)}, 1),
            ErrorCode::invalid_argument);
  EXPECT_EQ(code_of({-1}, 1), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of({1, 2}, 3), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(Tokens(129, 1), 1), ErrorCode::too_large);
  EXPECT_EQ(sequence.length(), 0);
}

INSTANTIATE_TEST_SUITE_P(Kinds, TinyTransformer,
                         testing::Values(Kind{"llama", false, {}}, Kind{"qwen2", true, {}},
                                         Kind{"qwen3", true, {}}, Kind{"qwen2", true, 16},
                                         Kind{"llama", false, {}, DType::f16},
                                         Kind{"qwen2", true, 16, DType::f16}),
                         [](const auto& kind) {
                           return std::string(kind.param.architecture) +
                                  (kind.param.window ? "_window" : "") +
                                  (kind.param.cache == DType::f32 ? "" : "_half");
                         });

}  // namespace
}  // namespace fulcrum
