#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/file.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/progress_bar.h"

namespace fulcrum {

ExitStatus exit_status(ErrorCode code) {
  return code == ErrorCode::invalid_argument ? ExitStatus::used_wrongly : ExitStatus::failed;
}

std::string Session::model_path() const {
  if (!model.empty()) return model;
  if (const char* chosen = std::getenv("FULCRUM_MODEL"); chosen != nullptr && *chosen != '\0') return chosen;
  constexpr std::string_view kName = "fulcrum-base.gguf";
  std::error_code failure;
  const Path program = std::filesystem::read_symlink("/proc/self/exe", failure).parent_path();
  // build/release/fulcrum in the source tree, PREFIX/bin/fulcrum when installed, then the folder one stands
  // in.
  for (const Path& folder : {program / "../../models", program / "../share/fulcrum", Path("models")}) {
    const Path candidate = (folder / kName).lexically_normal();
    if (std::filesystem::exists(candidate, failure)) return candidate.string();
  }
  throw_error(
      ErrorCode::not_found,
      "looking for the bundled model {}: it is neither beside the program nor under models/. Name one with "
      "--model FILE, or train it: models/README.md says how",
      kName);
}

ProgressCallback Session::progress() {
  if (quiet) return [](const Progress&) {};
  auto bar = std::make_shared<ProgressBar>();
  bar_ = bar;
  return [bar](const Progress& progress) { bar->show(progress); };
}

void Session::print(std::string_view text) const {
  if (auto bar = std::static_pointer_cast<ProgressBar>(bar_)) bar->clear();
  std::FILE* stream = json_target == "-" ? stderr : stdout;
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
}

void Session::write_json(const Json& result) const {
  if (json_target.empty()) return;
  const std::string text = to_text(result);
  if (json_target != "-") return write_file_atomic(json_target, text);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

CLI::App* add_command(CLI::App& app, Session& session, const std::string& name, const std::string& summary,
                      const std::string& example) {
  CLI::App* command = app.add_subcommand(name, summary);
  command->footer("Example:\n  " + example);
  command->add_option("--model", session.model,
                      "GGUF or llama2.c file, or a Hugging Face folder; default: the bundled model");
  command->add_option("--threads", session.threads, "threads to compute with; default: the number of cores")
      ->check(CLI::Range(1, 1024));
  command->add_option("--seed", session.seed, "seed of everything that is drawn")->capture_default_str();
  command->add_flag("--quiet", session.quiet, "no progress");
  return command;
}

namespace {

// A result may replace an older one, but neither examples, a task or a model nor what a comparison recorded.
std::string refuse_to_replace(const std::string& target) {
  const Path path = target;
  if (target == "-" || !std::filesystem::exists(path)) return {};
  const bool is_evidence = std::filesystem::exists(path.parent_path() / "manifest.json");
  if (path.extension() == ".json" && !is_evidence) return {};
  return fmt::format("{} is there and is not an older result; name a new .json file", target);
}

}  // namespace

void add_json_option(CLI::App& command, Session& session) {
  command
      .add_option("--json", session.json_target,
                  "write the result as JSON to this file, or to standard output (-)")
      ->check(refuse_to_replace);
}

}  // namespace fulcrum
