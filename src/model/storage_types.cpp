#include "model/storage_types.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <string>

#include "base/error.h"

namespace fulcrum {
namespace {

struct StorageName {
  std::string_view name;
  DType dtype;
  std::uint32_t file_type;  // llama.cpp's number for "mostly this"
};
constexpr StorageName kStorageNames[] = {
    {"f32", DType::f32, 0},      {"f16", DType::f16, 1},   {"bf16", DType::bf16, 32},
    {"q8_0", DType::q8_0, 7},    {"q4_0", DType::q4_0, 2}, {"q4_k", DType::q4_k, 15},
    {"q4_k_m", DType::q4_k, 15}, {"q5_0", DType::q5_0, 8}, {"q6_k", DType::q6_k, 18}};

std::string known_names() {
  std::string names;
  for (const StorageName& known : kStorageNames) {
    if (known.name != "q4_k_m") names += fmt::format("{}{}", names.empty() ? "" : ", ", known.name);
  }
  return names;
}

// N of "blk.N.".
std::optional<std::int64_t> layer_of(std::string_view name) {
  constexpr std::string_view kPrefix = "blk.";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  std::int64_t layer = 0;
  const char* begin = name.data() + kPrefix.size();
  const auto [end, error] = std::from_chars(begin, name.data() + name.size(), layer);
  return error == std::errc() && end != begin ? std::optional(layer) : std::nullopt;
}

// Layers whose attn_v and ffn_down the mix q4_k keeps finer: an error there travels furthest.
bool is_kept_finer(std::int64_t layer, std::int64_t layers) {
  return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
}

StoredType wanted_type(const ModelConfig& config, std::string_view name, DType wanted) {
  const bool makes_logits = name == "output.weight" || (config.tied_output && name == "token_embd.weight");
  if (makes_logits && wanted != DType::q8_0 && wanted != DType::q6_k)
    return {DType::q6_k, "it makes the logits"};
  if (wanted != DType::q4_k) return {wanted, ""};
  const auto layer = layer_of(name);
  if (!layer) return {wanted, ""};
  const bool is_projection = name.ends_with(".attn_q.weight") || name.ends_with(".attn_k.weight") ||
                             name.ends_with(".attn_v.weight");
  if (is_projection &&
      find_architecture(config.architecture).projections == Architecture::Projections::fused) {
    return {DType::q6_k, "q, k and v are stored as one"};
  }
  const bool is_sensitive = name.ends_with(".attn_v.weight") || name.ends_with(".ffn_down.weight");
  if (is_sensitive && is_kept_finer(*layer, config.n_layers)) {
    return {DType::q6_k, "the mix Q4_K_M keeps it finer in this layer"};
  }
  return {wanted, ""};
}

// A type whose blocks the rows fill.
StoredType fitting_type(StoredType wanted, std::int64_t columns) {
  if (columns % block_elements(wanted.dtype) == 0) return wanted;
  if (block_elements(wanted.dtype) == 256 && columns % 32 == 0) {
    return {wanted.dtype == DType::q4_k ? DType::q5_0 : DType::q8_0, "its rows do not fill blocks of 256"};
  }
  return {DType::f16, "its rows do not fill blocks of 32"};
}

}  // namespace

StoredType stored_type(const ModelConfig& config, std::string_view name, const Shape& shape, DType wanted) {
  if (shape.size() < 2) return {DType::f32, wanted == DType::f32 ? "" : "norms and biases stay f32"};
  if (!is_quantised(wanted)) return {wanted, ""};
  return fitting_type(wanted_type(config, name, wanted), shape.back());
}

DType parse_storage_type(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const StorageName& known : kStorageNames) {
    if (known.name == lower) return known.dtype;
  }
  throw_error(ErrorCode::invalid_argument,
              "the type '{}' is not one in which models are written; these are: {}", text, known_names());
}

std::uint32_t gguf_file_type(DType wanted) {
  for (const StorageName& known : kStorageNames) {
    if (known.dtype == wanted) return known.file_type;
  }
  throw_error(ErrorCode::invalid_argument, "a model's matrices cannot be stored as {}; these types can: {}",
              to_string(wanted), known_names());
}

}  // namespace fulcrum
