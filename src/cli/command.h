// What every subcommand shares: the global options, progress on the terminal, results as JSON, exit status.
//
// A subcommand is one file: it registers itself with add_<name>(app, session) and leaves the work to the
// floors below.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json_fwd.h"
#include "base/progress.h"

namespace fulcrum {

// 0 done, 1 failed, 2 used wrongly, 3 ran but the target was not met (only where --require-target asked for
// it).
enum class ExitStatus { done = 0, failed = 1, used_wrongly = 2, target_missed = 3 };
ExitStatus exit_status(ErrorCode code);

struct Session {
  // Options that every command takes.
  std::string model;  // a path, or empty for the bundled model
  int threads = 0;    // filled with the number of cores before a command runs
  std::uint64_t seed = 1;
  bool quiet = false;
  std::string json_target;  // a file, "-" for standard output, or empty

  CancelToken cancel;  // set by the first Ctrl-C; a second one ends the program
  ExitStatus status = ExitStatus::done;

  // The model to use: --model, or the bundled one beside the program or in the source tree.
  std::string model_path() const;
  // Progress lines on standard error: a bar that redraws itself on a terminal, plain lines in a pipe, none if
  // quiet.
  ProgressCallback progress();
  // Text for the person, on standard output; on standard error if standard output carries the JSON.
  void print(std::string_view text) const;
  // Writes the result where --json asked for it; does nothing without --json.
  void write_json(const Json& result) const;

 private:
  std::shared_ptr<void> bar_;
};

// Adds --model, --threads, --seed and --quiet; with_json adds --json.
CLI::App* add_command(CLI::App& app, Session& session, const std::string& name, const std::string& summary,
                      const std::string& example);
void add_json_option(CLI::App& command, Session& session);

void add_compare(CLI::App& app, Session& session);
void add_decide(CLI::App& app, Session& session);
void add_replay(CLI::App& app, Session& session);
void add_report(CLI::App& app, Session& session);
void add_eval(CLI::App& app, Session& session);
void add_run(CLI::App& app, Session& session);
void add_chat(CLI::App& app, Session& session);
void add_index(CLI::App& app, Session& session);
void add_tune(CLI::App& app, Session& session);
void add_serve(CLI::App& app, Session& session);
void add_init(CLI::App& app, Session& session);
void add_data(CLI::App& app, Session& session);
void add_pretrain(CLI::App& app, Session& session);
void add_gates(CLI::App& app, Session& session);
void add_bench(CLI::App& app, Session& session);
void add_convert(CLI::App& app, Session& session);
void add_export(CLI::App& app, Session& session);
void add_inspect(CLI::App& app, Session& session);
void add_tokenize(CLI::App& app, Session& session);
void add_render(CLI::App& app, Session& session);

}  // namespace fulcrum
