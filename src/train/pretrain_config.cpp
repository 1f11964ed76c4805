#include "train/pretrain_config.h"

#include "base/error.h"
#include "base/json.h"
#include "base/toml.h"

namespace fulcrum {
namespace {

std::int64_t positive(TomlTable& table, std::string_view key, std::int64_t fallback) {
  const std::int64_t value = table.integer(key, fallback);
  if (value <= 0) table.refuse(key, fmt::format("must be positive, not {}", value));
  return value;
}

Path relative_to(const Path& file, const std::string& text) {
  const Path path = text;
  return path.is_absolute() ? path : file.parent_path() / path;
}

TomlTable required(TomlTable& root, std::string_view key) {
  if (std::optional<TomlTable> table = root.table(key)) return *table;
  root.refuse(key, "is missing");
}

ModelConfig read_model(TomlTable table, const std::string& name) {
  ModelConfig model;
  model.architecture = table.text("architecture", "qwen2");
  model.name = name;
  model.n_layers = positive(table, "n_layers", 6);
  model.d_model = positive(table, "d_model", 128);
  model.n_heads = positive(table, "n_heads", 4);
  model.n_kv_heads = positive(table, "n_kv_heads", 2);
  model.head_dim = positive(table, "head_dim", model.d_model / model.n_heads);
  model.d_ff = positive(table, "d_ff", 344);
  model.context_tokens = positive(table, "context_tokens", 1024);
  model.rope_theta = table.number("rope_theta", 10000.0);
  model.norm_epsilon = table.number("norm_epsilon", 1e-6);
  model.tied_output = table.boolean("tied_output", true);
  if (model.architecture == "qwen2")
    model.attention_bias = true;
  else if (model.architecture == "qwen3")
    model.query_key_norm = true;
  else
    table.refuse("architecture", "must be \"qwen2\" or \"qwen3\": training uses RoPE with split halves");
  table.finish();
  return model;
}

void read_tokenizer(TomlTable table, const Path& path, PretrainConfig& config) {
  if (table.has("file")) config.tokenizer_file = relative_to(path, table.text("file"));
  config.vocabulary_tokens = positive(table, "vocabulary_tokens", config.vocabulary_tokens);
  config.tokenizer_episodes = positive(table, "episodes", config.tokenizer_episodes);
  table.finish();
}

void read_shares(TomlTable table, PretrainConfig& config) {
  for (const std::string& family : table.keys()) config.shares[family] = table.number(family);
  table.finish();
}

void read_training(TomlTable table, PretrainConfig& config) {
  config.steps = positive(table, "steps", 1000);
  config.batch.passes = positive(table, "passes", 4);
  config.batch.first_passes = positive(table, "first_passes", config.batch.passes);
  config.batch.first_steps = table.integer("first_steps", 0);
  config.batch.rows_per_pass = positive(table, "rows_per_pass", 2048);
  config.batch.context_tokens = config.model.context_tokens;
  config.batch.mix_steps = table.integer("mix_steps", 0);
  if (config.batch.mix_steps < 0) table.refuse("mix_steps", "must not be negative");
  const std::string precision = table.text("precision", "bf16");
  if (precision != "bf16" && precision != "f32") table.refuse("precision", "must be \"bf16\" or \"f32\"");
  config.precision = precision == "bf16" ? Precision::bf16 : Precision::f32;
  config.checkpoint_steps = positive(table, "checkpoint_steps", config.checkpoint_steps);
  config.log_steps = positive(table, "log_steps", config.log_steps);

  config.schedule.peak = table.number("learning_rate", 3e-3);
  config.schedule.total_steps = config.steps;
  config.schedule.warmup_steps = table.integer("warmup_steps", 200);
  config.schedule.shape = parse_decay_shape(table.text("schedule", "cosine"));
  config.schedule.decay_share = table.number("decay_share", 1.0);
  config.schedule.final_fraction = table.number("final_fraction", 0.0);

  const std::string optimizer = table.text("optimizer", "adamw");
  if (optimizer != "adamw" && optimizer != "muon") table.refuse("optimizer", "must be \"adamw\" or \"muon\"");
  config.optimizer.kind = optimizer == "muon" ? OptimizerKind::muon : OptimizerKind::adamw;
  config.optimizer.beta1 = table.number("beta1", config.optimizer.beta1);
  config.optimizer.beta2 = table.number("beta2", config.optimizer.beta2);
  config.optimizer.weight_decay = table.number("weight_decay", config.optimizer.weight_decay);
  config.optimizer.clip_norm = table.number("clip_norm", config.optimizer.clip_norm);
  config.optimizer.muon_momentum = table.number("muon_momentum", config.optimizer.muon_momentum);
  table.finish();
}

void read_init(TomlTable table, const Path& path, PretrainConfig& config) {
  InitialWeights& initial = config.initial;
  if (table.has("file")) config.initial_file = relative_to(path, table.text("file"));
  config.initial_layers = table.integers("layers");
  if (!config.initial_layers.empty() && !config.initial_file)
    table.refuse("layers", "needs 'file', whose layers they are");
  initial.embedding_deviation = table.number("embedding_deviation", initial.embedding_deviation);
  initial.final_norm_gain = table.number("final_norm_gain", initial.final_norm_gain);
  initial.heads = table.texts("heads");
  table.finish();
}

}  // namespace

PretrainConfig read_pretrain_config(const Path& path) {
  const TomlFile file = TomlFile::read(path);
  TomlTable root = file.root();
  PretrainConfig config;
  config.name = root.text("name");
  config.output = relative_to(path, root.text("output"));
  const std::int64_t seed = root.integer("seed", 1);
  if (seed < 0) root.refuse("seed", "must not be negative");
  config.seed = static_cast<std::uint64_t>(seed);
  const std::string folder = root.text("text_folder", "");
  if (!folder.empty()) config.text_folder = relative_to(path, folder);
  const std::string thesaurus = root.text("thesaurus_folder", "");
  if (!thesaurus.empty()) config.thesaurus_folder = relative_to(path, thesaurus);
  config.model = read_model(required(root, "model"), config.name);
  if (std::optional<TomlTable> table = root.table("tokenizer")) read_tokenizer(*table, path, config);
  if (std::optional<TomlTable> table = root.table("shares")) read_shares(*table, config);
  read_training(required(root, "training"), config);
  if (std::optional<TomlTable> table = root.table("init")) read_init(*table, path, config);
  root.finish();
  return config;
}

Json describe(const PretrainConfig& config, std::int64_t steps_done) {
  const ModelConfig& model = config.model;
  Json json;
  json["seed"] = config.seed;
  json["model"] = {model.architecture,   model.n_layers,   model.d_model,      model.n_heads,
                   model.n_kv_heads,     model.head_dim,   model.d_ff,         model.vocab_size,
                   model.context_tokens, model.rope_theta, model.norm_epsilon, model.tied_output};
  json["batch"] = {config.batch.passes,        config.batch.first_passes,   config.batch.first_steps,
                   config.batch.rows_per_pass, config.batch.context_tokens, config.batch.mix_steps};
  if (!config.shares.empty()) json["shares"] = config.shares;
  json["precision"] = config.precision == Precision::bf16 ? "bf16" : "f32";
  const Schedule& schedule = config.schedule;
  json["schedule"] = {schedule.peak, schedule.warmup_steps, static_cast<int>(schedule.shape)};
  const bool decaying = static_cast<double>(steps_done) > schedule.decay_start();
  if (decaying || config.batch.mix_steps == 0) json["steps"] = config.steps;
  if (decaying) json["decay"] = {schedule.decay_share, schedule.final_fraction};
  const OptimizerConfig& optimizer = config.optimizer;
  json["optimizer"] = {
      static_cast<int>(optimizer.kind), optimizer.beta1,     optimizer.beta2,        optimizer.epsilon,
      optimizer.weight_decay,           optimizer.clip_norm, optimizer.muon_momentum};
  const InitialWeights& initial = config.initial;
  json["initial"] = {initial.embedding_deviation, initial.final_norm_gain, initial.heads};
  json["initial_file"] = config.initial_file ? config.initial_file->string() : "";
  if (!config.initial_layers.empty()) json["initial_layers"] = config.initial_layers;
  return json;
}

}  // namespace fulcrum
