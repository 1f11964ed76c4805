#include "model/gguf_adapter.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <map>

#include "base/error.h"
#include "formats/gguf.h"
#include "formats/gguf_writer.h"
#include "model/adapter_layers.h"

namespace fulcrum {
namespace {

struct Halves {
  const Tensor *a = nullptr, *b = nullptr;
};

std::string base_tensor(std::int64_t layer, const AdapterLayer& module) {
  return fmt::format("blk.{}.{}.weight", layer, module.gguf);
}

std::vector<float> read_values(const Tensor& tensor, const Shape& shape, std::string_view file) {
  if (tensor.shape != shape) {
    throw_error(ErrorCode::corrupt,
                "reading {}: the tensor '{}' has the shape {} where {} is needed; this adapter belongs to "
                "another base model",
                file, tensor.name, to_string(tensor.shape), to_string(shape));
  }
  const Tensor decoded = to_f32(tensor);
  if (const std::int64_t at = find_not_finite(decoded.f32()); at >= 0) {
    throw_error(ErrorCode::corrupt, "reading {}: the tensor '{}' holds NaN or infinity at element {}", file,
                tensor.name, at);
  }
  return {decoded.f32().begin(), decoded.f32().end()};
}

Tensor make_tensor(std::string name, Shape shape, const std::vector<float>& values) {
  OwnedTensor tensor = make_f32(std::move(name), std::move(shape));
  std::copy(values.begin(), values.end(), tensor.values.begin());
  return tensor.tensor;
}

void check_keys(const GgufFile& file, const ModelConfig& config) {
  const auto need = [&](std::string_view key, std::string_view value) {
    if (const std::string found = file.text(key).value_or(""); found != value) {
      throw_error(ErrorCode::unsupported, "reading {}: '{}' is \"{}\", and this needs \"{}\"", file.name(),
                  key, found, value);
    }
  };
  need("general.type", "adapter");
  need("adapter.type", "lora");
  need("general.architecture", config.architecture);
}

}  // namespace

bool is_gguf_file(const Path& path) {
  std::error_code failure;
  if (!std::filesystem::is_regular_file(path, failure)) return false;
  char magic[4] = {};
  std::ifstream(path, std::ios::binary).read(magic, sizeof(magic));
  return std::memcmp(magic, "GGUF", sizeof(magic)) == 0;
}

LoraAdapter read_gguf_adapter(const Path& path, const ModelConfig& config) {
  const GgufFile file = GgufFile::open(path);
  check_keys(file, config);
  LoraAdapter adapter;
  const auto alpha = file.number("adapter.lora.alpha");
  if (!alpha || !std::isfinite(*alpha)) {
    throw_error(ErrorCode::corrupt, "reading {}: the key 'adapter.lora.alpha' is missing or no number",
                file.name());
  }
  adapter.alpha = *alpha;
  std::map<std::string, Halves> found;
  for (const Tensor& tensor : file.tensors()) {
    const bool is_a = tensor.name.ends_with(".lora_a"), is_b = tensor.name.ends_with(".lora_b");
    if (!is_a && !is_b) {
      throw_error(ErrorCode::unsupported, "reading {}: the tensor '{}' is neither a lora_a nor a lora_b",
                  file.name(), tensor.name);
    }
    Halves& halves = found[tensor.name.substr(0, tensor.name.size() - std::strlen(".lora_a"))];
    (is_a ? halves.a : halves.b) = &tensor;
  }
  const RopeLayout stored = find_architecture(config.architecture).gguf_rope_layout;
  for (std::int64_t layer = 0; layer < config.n_layers; ++layer) {
    for (const AdapterLayer& module : adapter_layers(config)) {
      const auto entry = found.find(base_tensor(layer, module));
      if (entry == found.end()) continue;
      const auto [a, b] = entry->second;
      if (a == nullptr || b == nullptr || a->shape.size() != 2 || a->shape[0] < 1) {
        throw_error(ErrorCode::corrupt, "reading {}: '{}' needs a lora_a of two dimensions and a lora_b",
                    file.name(), entry->first);
      }
      const Shape linear = linear_shape(config, module);
      StoredPair pair{layer, &module, a->shape[0], 0, {}, {}};
      pair.a = read_values(*a, {pair.rank, linear[1]}, file.name());
      pair.b = read_values(*b, {linear[0], pair.rank}, file.name());
      for (LoraPair& own : from_stored_pair(pair, adapter.alpha, config, stored))
        adapter.pairs.push_back(std::move(own));
      found.erase(entry);
    }
  }
  if (!found.empty()) {
    throw_error(ErrorCode::unsupported, "reading {}: the tensor '{}' is no linear layer of this model",
                file.name(), found.begin()->first);
  }
  if (adapter.pairs.empty())
    throw_error(ErrorCode::corrupt, "reading {}: there are no tensors in it", file.name());
  adapter.rank = adapter.pairs.front().rank;
  return adapter;
}

void write_gguf_adapter(const LoraAdapter& adapter, const ModelConfig& config, const Path& path) {
  check_adapter(adapter, config);
  GgufWriter writer;
  writer.add("general.architecture", config.architecture);
  writer.add("general.type", "adapter");
  writer.add("general.name", adapter.base_model);
  writer.add("adapter.type", "lora");
  writer.add_f32("adapter.lora.alpha", static_cast<float>(adapter.alpha));
  const RopeLayout stored = find_architecture(config.architecture).gguf_rope_layout;
  for (StoredPair& pair : to_stored_pairs(adapter, config, stored)) {
    const Shape linear = linear_shape(config, *pair.module);
    const auto said = static_cast<float>(adapter.alpha) / static_cast<float>(pair.rank);
    if (const auto scale = static_cast<float>(pair.scale); scale != said) {
      for (float& value : pair.b) value *= scale / said;
    }
    const std::string base = base_tensor(pair.layer, *pair.module);
    writer.add(make_tensor(base + ".lora_a", {pair.rank, linear[1]}, pair.a));
    writer.add(make_tensor(base + ".lora_b", {linear[0], pair.rank}, pair.b));
  }
  writer.write(path);
}

}  // namespace fulcrum
