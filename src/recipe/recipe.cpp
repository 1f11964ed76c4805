#include "recipe/recipe.h"

#include <functional>

#include "base/error.h"
#include "base/hash.h"
#include "base/toml.h"
#include "recipe/tune_toml.h"

namespace fulcrum {
namespace {

constexpr std::int64_t kSchema = 1;
constexpr std::string_view kAdapterWeights = "adapter_model.safetensors";

using PathText = std::function<std::string(const Path&)>;

std::string quoted_list(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + toml_quote(text);
  return '[' + list + ']';
}

std::string program_text(const PromptProgram& program) {
  const Signature& signature = program.signature;
  std::string text = fmt::format(
      "\n[program]\nname = {}\nsystem = {}\ninstruction = {}\nform = {}\nform_text = {}\nreasoning = \"{}\"\n"
      "decoding = \"{}\"\nchoice = \"{}\"\nshown = {}\npassages = {}\nmax_answer_tokens = {}\n"
      "max_reasoning_tokens = {}\nvotes = {}\nvote_temperature = {}\nrewordings = {}\n",
      toml_quote(program.name), toml_quote(signature.system), toml_quote(signature.instruction),
      toml_quote(to_string(signature.form)), toml_quote(signature.form_text), to_string(program.reasoning),
      to_string(program.decoding), to_string(program.choice), program.shown, program.passages,
      program.max_answer_tokens, program.max_reasoning_tokens, program.votes, program.vote_temperature,
      quoted_list(program.rewordings));
  for (const Label& label : signature.labels) {
    text += fmt::format("\n[[program.labels]]\nname = {}\ndescription = {}\n", toml_quote(label.name),
                        toml_quote(label.description));
  }
  for (const Field& field : signature.fields) {
    text += fmt::format("\n[[program.fields]]\nkey = {}\ndescription = {}\ntype = \"{}\"\n",
                        toml_quote(field.key), toml_quote(field.description), to_string(field.type));
  }
  for (const Demonstration& demonstration : program.demonstrations) {
    text += fmt::format("\n[[program.demonstrations]]\nid = {}\ninput = {}\noutput = {}\npassages = {}\n",
                        toml_quote(demonstration.id), toml_quote(demonstration.input),
                        toml_quote(demonstration.output), quoted_list(demonstration.passages));
  }
  return text;
}

std::string whole_text(const Recipe& recipe, const PathText& path_text) {
  std::string text = fmt::format(
      "# One way to do a task: what was measured is what is served. Paths are relative to this file.\n"
      "schema = {}\nid = {}\ntask = {}\nlevers = {}\n\n[base]\nname = {}\nsha256 = {}\nfile = {}\n",
      kSchema, toml_quote(recipe.id), toml_quote(recipe.task), quoted_list(recipe.levers),
      toml_quote(recipe.base.name), toml_quote(recipe.base.sha256), toml_quote(path_text(recipe.base.file)));
  text += program_text(recipe.program);
  if (recipe.retrieval) {
    const RetrievalSettings& retrieval = *recipe.retrieval;
    text += fmt::format(
        "\n[retrieval]\ndocuments = {}\nchunk_tokens = {}\noverlap_tokens = {}\ncounter = {}\nindex_sha256 = "
        "{}\n",
        toml_quote(path_text(retrieval.documents)), retrieval.chunks.max_tokens,
        retrieval.chunks.overlap_tokens, toml_quote(retrieval.counter_name),
        toml_quote(retrieval.index_sha256));
  }
  if (recipe.tune) text += "\n[tune]\n" + tune_settings_text(*recipe.tune);
  if (recipe.adapter) {
    text += fmt::format("\n[adapter]\nfolder = {}\nsha256 = {}\n",
                        toml_quote(path_text(recipe.adapter->folder)), toml_quote(recipe.adapter->sha256));
  }
  return text;
}

Path absolute_path(const Path& path) {
  return std::filesystem::absolute(path).lexically_normal();
}

// One of a closed set of words, or an Error at the key's line.
template <typename Parse>
auto parsed(TomlTable& table, std::string_view key, Parse parse) {
  const std::string word = table.text(key);
  const auto value = parse(word);
  if (!value) table.refuse(key, fmt::format("'{}' is not a value it can have", word));
  return *value;
}

PromptProgram read_program(TomlTable& table) {
  PromptProgram program;
  Signature& signature = program.signature;
  program.name = table.text("name");
  signature.system = table.text("system", "");
  signature.instruction = table.text("instruction", "");
  signature.form = parsed(table, "form", parse_answer_form);
  signature.form_text = table.text("form_text", "");
  program.reasoning = parsed(table, "reasoning", parse_reasoning);
  program.decoding = parsed(table, "decoding", parse_decoding);
  program.choice = parsed(table, "choice", parse_demonstration_choice);
  program.shown = table.integer("shown", 0);
  program.passages = table.integer("passages", 0);
  program.max_answer_tokens = static_cast<int>(table.integer("max_answer_tokens"));
  program.max_reasoning_tokens = static_cast<int>(table.integer("max_reasoning_tokens"));
  program.votes = static_cast<int>(table.integer("votes", 1));
  program.vote_temperature = table.number("vote_temperature", program.vote_temperature);
  program.rewordings = table.texts("rewordings");
  for (TomlTable& label : table.tables("labels")) {
    signature.labels.push_back({label.text("name"), label.text("description", "")});
    label.finish();
  }
  for (TomlTable& field : table.tables("fields")) {
    const std::string key = field.text("key");
    signature.fields.push_back({key, field.text("description", ""), parsed(field, "type", parse_field_type)});
    field.finish();
  }
  for (TomlTable& entry : table.tables("demonstrations")) {
    const std::string id = entry.text("id");
    program.demonstrations.push_back(
        {id, entry.text("input"), entry.text("output"), entry.texts("passages")});
    entry.finish();
  }
  if (program.max_answer_tokens < 1) table.refuse("max_answer_tokens", "must be at least 1");
  if (program.votes < 1) table.refuse("votes", "must be at least 1");
  const auto count = static_cast<std::int64_t>(program.demonstrations.size());
  if (program.choice == DemonstrationChoice::fixed && program.shown != count) {
    table.refuse("shown", fmt::format("is {}, and {} demonstrations stand here", program.shown, count));
  }
  if (program.decoding == Decoding::choose && signature.labels.empty()) {
    table.refuse("decoding", "choosing needs labels to choose from");
  }
  table.finish();
  return program;
}

}  // namespace

std::string recipe_text(const Recipe& recipe, const Path& folder) {
  const Path home = absolute_path(folder);
  return whole_text(recipe, [&](const Path& path) {
    return path.empty() ? std::string() : absolute_path(path).lexically_relative(home).generic_string();
  });
}

void write_recipe(const Recipe& recipe, const Path& file) {
  write_file_atomic(file, recipe_text(recipe, absolute_path(file).parent_path()));
}

Recipe read_recipe(const Path& file) {
  const Path folder = absolute_path(file).parent_path();
  const auto path_of = [&](const std::string& text) {
    return text.empty() ? Path() : (folder / text).lexically_normal();
  };
  TomlTable root = TomlFile::read(file).root();
  if (const std::int64_t schema = root.integer("schema"); schema != kSchema) {
    root.refuse("schema", fmt::format("is {}, and this program reads {}", schema, kSchema));
  }
  Recipe recipe;
  recipe.id = root.text("id");
  recipe.task = root.text("task", "");
  recipe.levers = root.texts("levers");
  auto base = root.table("base");
  if (!base) root.refuse("base", "the table [base] with name, sha256 and file is missing");
  recipe.base = {base->text("name"), base->text("sha256", ""), path_of(base->text("file", ""))};
  base->finish();
  auto program = root.table("program");
  if (!program) root.refuse("program", "the table [program] is missing");
  recipe.program = read_program(*program);
  if (auto retrieval = root.table("retrieval")) {
    RetrievalSettings settings;
    settings.documents = path_of(retrieval->text("documents"));
    settings.chunks = {retrieval->integer("chunk_tokens"), retrieval->integer("overlap_tokens", 0)};
    settings.counter_name = retrieval->text("counter", settings.counter_name);
    settings.index_sha256 = retrieval->text("index_sha256", "");
    retrieval->finish();
    recipe.retrieval = std::move(settings);
  }
  if (auto tune = root.table("tune")) recipe.tune = read_tune_settings(*tune);
  if (auto adapter = root.table("adapter")) {
    recipe.adapter = AdapterReference{path_of(adapter->text("folder")), adapter->text("sha256")};
    adapter->finish();
  }
  root.finish();
  return recipe;
}

std::string recipe_sha256(const Recipe& recipe) {
  return sha256(whole_text(recipe, [](const Path&) { return std::string(); }));
}

std::string adapter_name(const Recipe& recipe) {
  constexpr std::size_t kDigits = 16;
  return recipe.adapter ? "adapter-" + recipe.adapter->sha256.substr(0, kDigits) : std::string();
}

void load_recipe(const Recipe& recipe, LanguageModel& model) {
  const ModelInfo info = model.info();
  if (!recipe.base.sha256.empty() && !info.sha256.empty() && recipe.base.sha256 != info.sha256) {
    throw_error(ErrorCode::invalid_argument,
                "loading the recipe '{}': it was made for the model {} (SHA-256 {}), and this is {} (SHA-256 "
                "{}). Give "
                "the model that it was made for.",
                recipe.id, recipe.base.name, recipe.base.sha256, info.name, info.sha256);
  }
  if (!recipe.adapter) {
    if (!recipe.tune) return;
    throw_error(ErrorCode::invalid_argument,
                "loading the recipe '{}': it needs an adapter and has none yet. Train it first.", recipe.id);
  }
  const Path weights = recipe.adapter->folder / kAdapterWeights;
  if (const std::string found = sha256_file(weights); found != recipe.adapter->sha256) {
    throw_error(ErrorCode::corrupt,
                "loading the recipe '{}': {} has SHA-256 {}, and the recipe was made with {}. Put the right "
                "adapter there.",
                recipe.id, weights.string(), found, recipe.adapter->sha256);
  }
  model.load_adapter(adapter_name(recipe), recipe.adapter->folder.string());
}

IndexSettings index_settings(const Recipe& recipe, TokenCounter count_tokens) {
  if (!recipe.retrieval)
    throw_error(ErrorCode::internal, "opening the index of '{}': it does not retrieve", recipe.id);
  return {recipe.retrieval->documents, recipe.retrieval->chunks, std::move(count_tokens),
          recipe.retrieval->counter_name};
}

}  // namespace fulcrum
