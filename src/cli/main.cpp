// The program: finds the subcommand, runs it, turns an Error into one line and an exit status.
#include <omp.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <new>
#include <thread>

#include "base/toml.h"
#include "cli/command.h"

namespace {

fulcrum::Session* interrupted_session = nullptr;

// The first signal asks the work to stop at a safe place; the second one is the system's default and ends the
// program.
extern "C" void on_interrupt(int number) {
  if (interrupted_session != nullptr) interrupted_session->cancel.cancel();
  std::signal(number, SIG_DFL);
}

int fail(const char* message, fulcrum::ExitStatus status) {
  std::fprintf(stderr, "fulcrum: %s\n", message);
  return static_cast<int>(status);
}

const CLI::App* find_command(const CLI::App& app, const std::string& name) {
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == name) return command;
  }
  return nullptr;
}

// CLI11 names an unknown word; a person wants to know the word they probably meant.
std::string explain(const CLI::App& app, const CLI::ParseError& failure, int argc, char** argv) {
  std::string text = failure.what();
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  if (argc > 1 && argv[1][0] != '-') {
    const auto* known = find_command(app, argv[1]);
    if (known == nullptr) {
      text = fmt::format("there is no command '{}'", argv[1]);
      if (const auto nearest = fulcrum::nearest_word(argv[1], names))
        text += fmt::format("; did you mean '{}'?", *nearest);
    } else {
      text += fmt::format(". See: fulcrum {} --help", argv[1]);
    }
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace fulcrum;
  Session session;
  session.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  interrupted_session = &session;
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  std::signal(SIGPIPE, SIG_IGN);

  CLI::App app(
      "fulcrum finds out, on your own task, which lever on a language model to pull: prompting, retrieval "
      "or\n"
      "fine-tuning. The main job is: fulcrum compare TASK");
  app.set_version_flag("--version", "fulcrum " FULCRUM_VERSION);
  app.require_subcommand(1);
  add_compare(app, session);
  add_decide(app, session);
  add_replay(app, session);
  add_report(app, session);
  add_init(app, session);
  add_data(app, session);
  add_eval(app, session);
  add_run(app, session);
  add_chat(app, session);
  add_index(app, session);
  add_tune(app, session);
  add_serve(app, session);
  add_pretrain(app, session);
  add_gates(app, session);
  add_bench(app, session);
  add_convert(app, session);
  add_export(app, session);
  add_inspect(app, session);
  add_tokenize(app, session);
  add_render(app, session);
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    command->parse_complete_callback([&session] { omp_set_num_threads(session.threads); });
  }

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    // --help and --version arrive here too; CLI11 prints them.
    if (failure.get_exit_code() == 0) return app.exit(failure);
    return fail(explain(app, failure, argc, argv).c_str(), ExitStatus::used_wrongly);
  } catch (const Error& error) {
    return fail(error.what(), exit_status(error.code()));
  } catch (const std::bad_alloc&) {
    return fail("there is not enough memory for this", ExitStatus::failed);
  } catch (const std::exception& failure) {
    return fail(fmt::format("an unexpected failure: {}", failure.what()).c_str(), ExitStatus::failed);
  }
  return static_cast<int>(session.status);
}
