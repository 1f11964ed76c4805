// fulcrum serve RECIPE...: an OpenAI-shaped server whose model names are the recipes'.
#include <fmt/format.h>

#include <thread>

#include "cli/command.h"
#include "cli/model_session.h"
#include "serve/recipe_service.h"

namespace fulcrum {
namespace {

struct ServeArguments {
  std::vector<std::string> recipes;
  ServerOptions options;
};

// evidence/triage-1a2b3c/recipes/few_shot/recipe.toml -> triage-1a2b3c; empty for a recipe from anywhere
// else.
std::string evidence_of(const Path& recipe) {
  Path folder = std::filesystem::absolute(recipe).lexically_normal();
  if (!std::filesystem::is_directory(folder)) folder = folder.parent_path();
  if (folder.filename().empty()) folder = folder.parent_path();
  const Path recipes = folder.parent_path();
  return recipes.filename() == "recipes" ? recipes.parent_path().filename().string() : "";
}

void run_serve(Session& session, const ServeArguments& arguments) {
  const auto engine = open_engine(session);
  std::vector<ServedRecipe> recipes;
  for (const std::string& path : arguments.recipes) {
    Recipe recipe = open_recipe(path);
    auto retriever = open_retriever(recipe, *engine);
    recipes.push_back({std::move(recipe), evidence_of(path), std::move(retriever)});
  }
  RecipeService service(*engine, std::move(recipes));
  HttpServer server(service, arguments.options);
  std::string names;
  for (const ServedModel& model : service.models()) names += " " + model.id;
  session.print(fmt::format("Serving{} on http://{}:{}/v1 - Ctrl-C ends.\n", names, arguments.options.host,
                            server.port()));
  // The signal handler may only set a flag; this thread carries it to the server.
  std::atomic<bool> ended{false};
  std::thread watch([&] {
    // A signal that came while the model was read is acted on as soon as there is something to stop.
    while (!ended && !(session.cancel.cancelled() && server.is_running()))
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    server.stop();
  });
  server.run();
  ended = true;
  watch.join();
}

}  // namespace

void add_serve(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<ServeArguments>();
  CLI::App* command = add_command(app, session, "serve", "serve recipes through an OpenAI-shaped API",
                                  "fulcrum serve evidence/triage-1a2b3c/recipes/fine_tuned --port 8080");
  command->add_option("recipe", arguments->recipes,
                      "recipe files or folders; without any, the base model alone");
  command->add_option("--host", arguments->options.host, "address to listen on")->capture_default_str();
  command->add_option("--port", arguments->options.port, "0 takes any free one")
      ->capture_default_str()
      ->check(CLI::Range(0, 65535));
  command->add_option("--token", arguments->options.token,
                      "bearer token that every request but /health must bring");
  command->callback([&session, arguments] { run_serve(session, *arguments); });
}

}  // namespace fulcrum
