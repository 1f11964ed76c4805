// fulcrum render FILE: messages to the exact prompt text of the model.
#include <fmt/format.h>

#include <iostream>
#include <iterator>

#include "base/json.h"
#include "cli/command.h"
#include "cli/model_session.h"
#include "recipe/examples.h"

namespace fulcrum {

void add_render(CLI::App& app, Session& session) {
  auto file = std::make_shared<std::string>("-");
  CLI::App* command = add_command(app, session, "render", "messages (JSON) to the exact prompt text",
                                  "echo '[{\"role\": \"user\", \"content\": \"Hi\"}]' | fulcrum render");
  command->add_option("file", *file,
                      "a JSON array of messages, or an object with \"messages\"; - is standard input");
  command->callback([&session, file] {
    const std::string text =
        *file == "-" ? std::string(std::istreambuf_iterator<char>(std::cin), {}) : read_file(*file);
    Json value = parse_json(text, *file == "-" ? "standard input" : *file);
    if (value.is_object() && value.contains("messages")) value = value["messages"];
    std::vector<Message> messages;
    if (value.is_array()) {
      for (const Json& each : value) {
        if (!each.is_object() || !each.value("role", Json()).is_string() ||
            !each.value("content", Json()).is_string())
          break;
        messages.push_back({each["role"].get<std::string>(), each["content"].get<std::string>()});
      }
    }
    if (!value.is_array() || messages.size() != value.size() || messages.empty()) {
      throw_error(ErrorCode::invalid_argument,
                  "rendering {}: expected an array of messages, each with the texts \"role\" and \"content\"",
                  *file);
    }
    const auto engine = open_engine(session);
    session.print(engine->render(messages) + "\n");
  });
}

}  // namespace fulcrum
