// fulcrum export ADAPTER OUT: an adapter merged into the weights of its base, or in another kind of file.
#include <fmt/format.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/model_files.h"
#include "model/gguf_adapter.h"
#include "model/merged_weights.h"
#include "model/storage_types.h"

namespace fulcrum {
namespace {

struct ExportArguments {
  std::string adapter, output, type = "f16";
  bool adapter_only = false;
};

void run_export(Session& session, const ExportArguments& arguments) {
  ModelFile model = open_model_file(session.model_path());
  const LoraAdapter adapter = read_adapter(arguments.adapter, model.config);
  const Path output = arguments.output;
  const bool is_gguf = output.extension() == ".gguf";
  if (arguments.adapter_only) {
    if (is_gguf)
      write_gguf_adapter(adapter, model.config, output);
    else
      write_adapter(adapter, model.config, output);
    session.print(fmt::format("{}: {} adapted layers, {} parameters\n", output.string(), adapter.pairs.size(),
                              adapter.parameters()));
  } else {
    const DType type = parse_storage_type(arguments.type);
    model.weights = merge_adapter(model.config, model.weights, adapter);
    if (is_gguf)
      save_model_file(model, type, output);
    else
      save_model_folder(model, type, output);
    session.print(fmt::format("{}: {} with {} adapted layers merged, {}\n", output.string(), model.name,
                              adapter.pairs.size(), to_string(type)));
  }
  session.write_json({{"output", output.string()},
                      {"base", model.name},
                      {"adapted_layers", adapter.pairs.size()},
                      {"parameters", adapter.parameters()}});
}

}  // namespace

void add_export(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<ExportArguments>();
  CLI::App* command = add_command(app, session, "export", "merge an adapter into its base model",
                                  "fulcrum export triage-tuned/adapter triage.gguf --type q8_0");
  command->add_option("adapter", arguments->adapter, "a PEFT folder or a GGUF adapter")->required();
  command->add_option("output", arguments->output, "a name that ends in .gguf, or a folder for Hugging Face")
      ->required();
  command->add_option("--type", arguments->type, "of the merged model's matrices")->capture_default_str();
  command->add_flag("--adapter-only", arguments->adapter_only,
                    "write the adapter alone, as GGUF or as a PEFT folder");
  add_json_option(*command, session);
  command->callback([&session, arguments] { run_export(session, *arguments); });
}

}  // namespace fulcrum
