// fulcrum pretrain FILE.toml: a base model from random weights.
#include <fmt/format.h>

#include "base/json.h"
#include "cli/command.h"
#include "train/pretrain.h"

namespace fulcrum {

void add_pretrain(CLI::App& app, Session& session) {
  auto file = std::make_shared<std::string>();
  CLI::App* command = add_command(app, session, "pretrain", "train a base model from random weights",
                                  "fulcrum pretrain models/fulcrum-base.toml");
  command->add_option("config", *file, "what to train")->required();
  add_json_option(*command, session);
  command->callback([&session, file] {
    const PretrainResult result = pretrain(read_pretrain_config(*file), session.progress(), session.cancel);
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
