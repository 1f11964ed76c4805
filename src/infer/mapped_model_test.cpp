// Opening a large GGUF: what it takes in memory, and how long until the first token. The time is printed and
// not judged: it says something on a quiet machine only.
#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "base/error.h"
#include "infer/engine.h"
#include "model/tiny_model.h"

namespace fulcrum {
namespace {

std::int64_t status_bytes(std::string_view field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) return std::stoll(line.substr(field.size() + 1)) * 1024;
  }
  return 0;
}

// Writes a model of about 1 GB whose layers share their values: only the first is drawn.
std::int64_t write_large_model(const Path& path, DType type) {
  TinyModelOptions options;
  options.architecture = "llama";
  options.n_layers = 1;
  options.d_model = 2048;
  options.n_heads = 16;
  options.n_kv_heads = 4;
  options.head_dim = 128;
  options.d_ff = 5632;
  ModelFile model = make_tiny_model(options);
  const auto layer_bytes = static_cast<double>(model.config.parameters()) *
                           static_cast<double>(block_bytes(type)) / static_cast<double>(block_elements(type));
  model.config.n_layers = static_cast<std::int64_t>(1e9 / layer_bytes);
  for (Tensor LayerWeights::*matrix :
       {&LayerWeights::attn_q, &LayerWeights::attn_k, &LayerWeights::attn_v, &LayerWeights::attn_output,
        &LayerWeights::ffn_gate, &LayerWeights::ffn_up, &LayerWeights::ffn_down}) {
    Tensor& tensor = model.weights.layers[0].*matrix;
    tensor = convert(tensor, type);
  }
  model.weights.layers.resize(static_cast<std::size_t>(model.config.n_layers), model.weights.layers[0]);
  save_model_file(model, type, path);
  std::int64_t bytes = 0;
  for (const Tensor& tensor : model.weights.all()) bytes += static_cast<std::int64_t>(tensor.bytes.size());
  return bytes;
}

TEST(MappedModelSlow, TakesTheMemoryOfItsWeightsAndOfItsCache) {
  const Path path = Path(testing::TempDir()) / fmt::format("large-{}.gguf", ::getpid());
  for (const DType type : {DType::q8_0, DType::f16}) {
    const std::int64_t weights = write_large_model(path, type);
    ASSERT_GT(weights, 900'000'000);
    ::malloc_trim(0);
    std::ofstream("/proc/self/clear_refs") << "5";  // the peak counts from here
    const std::int64_t before = status_bytes("VmRSS:");
    const auto start = std::chrono::steady_clock::now();
    EngineOptions options;
    options.scheduler.cache_bytes = std::int64_t{64} << 20;
    const auto engine = Engine::load(path, options);
    GenerateRequest request;
    request.messages = {{"user", "Hello"}};
    request.max_tokens = 1;
    const Generation answer = engine->generate(std::span(&request, 1), {})[0];
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const std::int64_t taken = status_bytes("VmRSS:") - before, peak = status_bytes("VmHWM:") - before;
    std::printf("%s: %.0f MB of weights, %.0f MB resident, %.0f MB at most, first token after %.2f s\n",
                std::string(to_string(type)).c_str(), static_cast<double>(weights) / 1e6,
                static_cast<double>(taken) / 1e6, static_cast<double>(peak) / 1e6, seconds);
    EXPECT_EQ(answer.usage.completion_tokens, 1);
    const double most =
        1.1 * static_cast<double>(weights) + static_cast<double>(options.scheduler.cache_bytes);
    EXPECT_LT(static_cast<double>(taken), most);
    EXPECT_LT(static_cast<double>(peak), most);
    std::filesystem::remove(path);
  }
}

}  // namespace
}  // namespace fulcrum
