// fulcrum inspect FILE: what a model file holds.
#include <fmt/format.h>

#include <map>

#include "base/hash.h"
#include "base/json.h"
#include "cli/command.h"
#include "model/model_file.h"

namespace fulcrum {
namespace {

// Keys and values of f32, one of each a token, layer and kv head.
std::int64_t cache_bytes_per_token(const ModelConfig& config) {
  return 2 * config.n_layers * config.n_kv_heads * config.head_dim * static_cast<std::int64_t>(sizeof(float));
}

void run_inspect(Session& session, const std::string& given) {
  const std::string path = given.empty() ? session.model_path() : given;
  const ModelFile file = load_model_file(path);
  const ModelConfig& c = file.config;
  std::map<std::string, std::int64_t> types;
  std::int64_t bytes = 0;
  Json tensors = Json::array();
  for (const Tensor& tensor : file.weights.all()) {
    types[std::string(to_string(tensor.dtype))] += tensor.elements();
    bytes += static_cast<std::int64_t>(tensor.bytes.size());
    tensors.push_back({{"name", tensor.name}, {"type", to_string(tensor.dtype)}, {"shape", tensor.shape}});
  }
  std::string type_list;
  for (const auto& [type, elements] : types) type_list += fmt::format(" {} ({} values)", type, elements);
  session.print(fmt::format(
      "{}\n  name          {}\n  architecture  {}: {} layers, {} wide, {} heads ({} kv) of {}, feed-forward "
      "{}\n"
      "  parameters    {}\n  types        {}\n  context       {} tokens, RoPE base {}\n"
      "  tokenizer     {}, {} tokens\n  template      {}\n  memory        {:.1f} MB of weights, {:.1f} MB of "
      "cache for a full context\n"
      "  SHA-256       {} (file)\n                {} (weights)\n",
      path, file.name, c.architecture, c.n_layers, c.d_model, c.n_heads, c.n_kv_heads, c.head_dim, c.d_ff,
      c.parameters(), type_list, c.context_tokens, c.rope_theta,
      file.vocabulary.family.empty() ? "none" : file.vocabulary.family, file.vocabulary.tokens.size(),
      file.vocabulary.chat_template.empty() ? "none" : file.vocabulary.chat_template,
      static_cast<double>(bytes) / 1e6,
      static_cast<double>(cache_bytes_per_token(c) * c.context_tokens) / 1e6, sha256_file(path),
      weights_sha256(file.weights)));
  session.write_json({{"name", file.name},
                      {"architecture", c.architecture},
                      {"parameters", c.parameters()},
                      {"layers", c.n_layers},
                      {"context_tokens", c.context_tokens},
                      {"weights_bytes", bytes},
                      {"sha256", sha256_file(path)},
                      {"weights_sha256", weights_sha256(file.weights)},
                      {"tensors", std::move(tensors)}});
}

}  // namespace

void add_inspect(CLI::App& app, Session& session) {
  auto file = std::make_shared<std::string>();
  CLI::App* command = add_command(app, session, "inspect", "say what a model file holds",
                                  "fulcrum inspect models/fulcrum-base.gguf");
  command->add_option("file", *file, "GGUF or llama2.c file; without it, the model in use");
  add_json_option(*command, session);
  command->callback([&session, file] { run_inspect(session, *file); });
}

}  // namespace fulcrum
