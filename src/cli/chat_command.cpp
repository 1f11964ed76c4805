// fulcrum chat: a conversation with the base model in the terminal.
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "base/unicode.h"
#include "cli/command.h"
#include "cli/model_session.h"

namespace fulcrum {
namespace {

struct ChatArguments {
  std::string system;
  std::string adapter;
  Sampling sampling;
  int max_tokens = 200;
};

void run_chat(Session& session, const ChatArguments& arguments) {
  const auto engine = open_engine(session);
  if (!arguments.adapter.empty()) engine->load_adapter("chat", arguments.adapter);
  const ModelInfo info = engine->info();
  const bool terminal = ::isatty(STDIN_FILENO) == 1;
  if (terminal) {
    session.print(fmt::format("{} ({:.1f}M parameters, {} tokens of context). Empty line or Ctrl-D ends.\n",
                              info.name, static_cast<double>(info.parameters) / 1e6, info.context_tokens));
  }
  std::vector<Message> messages;
  if (!arguments.system.empty()) messages.push_back({"system", arguments.system});
  for (;;) {
    if (terminal) session.print("> ");
    std::string line;
    if (!std::getline(std::cin, line) || line.empty()) return;
    if (find_invalid_utf8(line)) {
      session.print("That is not UTF-8; nothing was sent.\n");
      continue;
    }
    messages.push_back({"user", line});
    GenerateRequest request;
    request.messages = messages;
    request.max_tokens = arguments.max_tokens;
    request.sampling = arguments.sampling;
    request.sampling.seed = session.seed;
    if (!arguments.adapter.empty()) request.adapter = "chat";
    request.on_text = [&session](std::string_view text) { session.print(text); };
    const Generation generation = engine->generate({&request, 1}, session.cancel).front();
    session.print("\n");
    messages.push_back({"assistant", generation.text});
  }
}

}  // namespace

void add_chat(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<ChatArguments>();
  CLI::App* command =
      add_command(app, session, "chat", "talk to the model", "fulcrum chat --system \"Answer in one word.\"");
  command->add_option("--system", arguments->system, "the system message");
  command->add_option("--adapter", arguments->adapter, "a PEFT folder");
  command->add_option("--temperature", arguments->sampling.temperature, "0 is greedy")
      ->check(CLI::Range(0.0, 2.0));
  command->add_option("--top-p", arguments->sampling.top_p, "nucleus")->check(CLI::Range(0.0, 1.0));
  command->add_option("--top-k", arguments->sampling.top_k, "likeliest so many")->check(CLI::PositiveNumber);
  command->add_option("--max-tokens", arguments->max_tokens, "longest answer")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->callback([&session, arguments] { run_chat(session, *arguments); });
}

}  // namespace fulcrum
