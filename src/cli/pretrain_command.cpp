// fulcrum pretrain FILE.toml: a base model from random weights.
#include <fmt/format.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/training_probe.h"
#include "train/pretrain_export.h"

namespace fulcrum {

void add_pretrain(CLI::App& app, Session& session) {
  struct Arguments {
    std::string file, export_folder;
    std::uint64_t episodes = 200000;
    double mix_share = 0.5;
    std::optional<std::uint64_t> probe_items;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = add_command(app, session, "pretrain", "train a base model from random weights",
                                  "fulcrum pretrain models/parts/1-copying.toml");
  command->add_option("config", arguments->file, "what to train")->required();
  command->add_option("--export", arguments->export_folder,
                      "write the untrained model and the episodes to this folder and train nothing "
                      "(tools/pretrain_gpu.py)");
  command->add_option("--episodes", arguments->episodes, "of the export")->capture_default_str();
  command
      ->add_option("--mix-share", arguments->mix_share,
                   "of the export, until the mix of episodes stands still")
      ->capture_default_str();
  command
      ->add_option("--probe", arguments->probe_items,
                   "at every checkpoint, measure so many items of each gate and write them and a few answers "
                   "to the log (fulcrum report draws it)")
      ->check(CLI::Range(2, 10000));
  add_json_option(*command, session);
  command->callback([&session, arguments] {
    const PretrainConfig config = read_pretrain_config(arguments->file);
    if (!arguments->export_folder.empty()) {
      export_pretraining(config, arguments->episodes, arguments->mix_share, arguments->export_folder,
                         session.progress(), session.cancel);
      session.print(fmt::format("{} episodes and the untrained model: {}\n", arguments->episodes,
                                arguments->export_folder));
      return;
    }
    const PretrainResult result = pretrain(
        config, session.progress(), session.cancel,
        arguments->probe_items ? training_probe(session, *arguments->probe_items) : CheckpointProbe());
    session.print(fmt::format("{}: {} steps, {} tokens, loss {:.4f}, {:.0f} seconds, SHA-256 {}\n",
                              result.output.string(), result.steps, result.tokens, result.loss,
                              result.seconds, result.sha256));
    session.write_json({{"output", result.output.string()},
                        {"sha256", result.sha256},
                        {"steps", result.steps},
                        {"tokens", result.tokens},
                        {"loss", result.loss},
                        {"seconds", result.seconds}});
  });
}

}  // namespace fulcrum
