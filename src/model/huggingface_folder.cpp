#include "model/huggingface_folder.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/json.h"
#include "formats/safetensors.h"
#include "model/tensor_layout.h"

namespace fulcrum {
namespace {

constexpr std::string_view kConfig = "config.json", kGeneration = "generation_config.json";
constexpr std::string_view kWeights = "model.safetensors", kIndex = "model.safetensors.index.json";

// "weight_map": the file of each tensor, as the names of files in this folder.
std::map<std::string, std::vector<std::string>> read_index(const Path& path) {
  const Json index = read_json(path);
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object())
    throw_error(ErrorCode::corrupt, "reading {}: the object 'weight_map' is missing", path.string());
  std::map<std::string, std::vector<std::string>> files;
  for (const auto& [tensor, file] : index["weight_map"].items()) {
    if (!file.is_string() || Path(file.get<std::string>()).filename() != file.get<std::string>() ||
        file.get<std::string>() == "..") {
      throw_error(ErrorCode::corrupt, "reading {}: the tensor '{}' is in {}, which is no file of this folder",
                  path.string(), tensor, file.dump());
    }
    files[file.get<std::string>()].push_back(tensor);
  }
  if (files.empty()) throw_error(ErrorCode::corrupt, "reading {}: 'weight_map' is empty", path.string());
  return files;
}

[[noreturn]] void refuse_without_weights(const Path& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".bin") && !name.ends_with(".pt") && !name.ends_with(".pth")) continue;
    throw_error(
        ErrorCode::unsupported,
        "opening {}: its weights are a PyTorch pickle ({}), which is a program and not data; convert it "
        "where you trust it, with Python: import transformers as t; "
        "t.AutoModelForCausalLM.from_pretrained('{}').save_pretrained('converted')",
        folder.string(), name, folder.string());
  }
  throw_error(ErrorCode::not_found, "opening {}: there is neither {} nor {} in this folder", folder.string(),
              kWeights, kIndex);
}

Json generation_config(const VocabularyData& vocabulary) {
  Json config = Json::object();
  if (vocabulary.bos) config["bos_token_id"] = *vocabulary.bos;
  if (vocabulary.padding) config["pad_token_id"] = *vocabulary.padding;
  std::vector<std::int32_t> ends = vocabulary.end_of_turn;
  if (vocabulary.eos && std::find(ends.begin(), ends.end(), *vocabulary.eos) == ends.end())
    ends.push_back(*vocabulary.eos);
  if (ends.size() == 1) config["eos_token_id"] = ends.front();
  if (ends.size() > 1) config["eos_token_id"] = ends;
  return config;
}

}  // namespace

bool is_huggingface_folder(const Path& path) {
  std::error_code failure;
  return std::filesystem::is_directory(path, failure) && std::filesystem::exists(path / kConfig, failure);
}

FolderTensors read_folder_tensors(const Path& folder) {
  if (std::filesystem::exists(folder / kWeights)) {
    SafetensorsFile file = SafetensorsFile::open(folder / kWeights);
    return {std::move(file.tensors), {file.mapped}};
  }
  if (!std::filesystem::exists(folder / kIndex)) refuse_without_weights(folder);
  FolderTensors all;
  std::map<std::string, std::string> places;
  for (const auto& [file, listed] : read_index(folder / kIndex)) {
    const SafetensorsFile shard = SafetensorsFile::open(folder / file);
    for (const std::string& name : listed) {
      if (shard.find_tensor(name) == nullptr) {
        throw_error(ErrorCode::corrupt, "reading {}: the tensor '{}' that {} places here is missing",
                    (folder / file).string(), name, kIndex);
      }
    }
    for (const Tensor& tensor : shard.tensors) {
      if (const auto [first, is_new] = places.emplace(tensor.name, file); !is_new) {
        throw_error(ErrorCode::corrupt, "reading {}: the tensor '{}' stands in {} as well",
                    (folder / file).string(), tensor.name, first->second);
      }
      all.tensors.push_back(tensor);
    }
    all.maps.push_back(shard.mapped);
  }
  return all;
}

ModelFile load_huggingface_folder(const Path& folder) {
  ModelFile model;
  const Path config = folder / kConfig;
  model.config = read_huggingface_config(read_json(config), config.string());
  with_context(fmt::format("reading {}", folder.string()), [&] {
    FolderTensors stored = read_folder_tensors(folder);
    model.weights = assemble_weights(model.config, from_huggingface_tensors(model.config, stored.tensors));
    model.maps = std::move(stored.maps);
  });
  // A path that ends in a slash has no file name.
  const Path named = folder.filename().empty() ? folder.parent_path() : folder;
  model.config.name = std::filesystem::absolute(named).lexically_normal().filename().string();
  model.name = model.config.name;
  model.path = folder;
  return model;
}

void save_huggingface_folder(const ModelFile& model, DType dtype, const Path& folder) {
  if (dtype != DType::f32 && dtype != DType::f16 && dtype != DType::bf16) {
    throw_error(
        ErrorCode::invalid_argument,
        "writing {}: a Hugging Face folder holds f32, f16 or bf16, not {}; quantised models are GGUF's",
        folder.string(), to_string(dtype));
  }
  const std::string_view name = dtype == DType::f32   ? "float32"
                                : dtype == DType::f16 ? "float16"
                                                      : "bfloat16";
  Json config = huggingface_config(model.config, name);
  const Json generation = generation_config(model.vocabulary);
  for (const auto& [key, value] : generation.items()) config[key] = value;
  std::filesystem::create_directories(folder);
  write_safetensors(huggingface_tensors(model.config, model.weights, dtype), {{"format", "pt"}},
                    folder / kWeights);
  write_file_atomic(folder / kConfig, to_text(config));
  if (!generation.empty()) write_file_atomic(folder / kGeneration, to_text(generation));
}

}  // namespace fulcrum
