// fulcrum run RECIPE [INPUT...]: a recipe's answer to one input, or to each line of standard input.
#include <fmt/format.h>

#include <iostream>

#include "base/json.h"
#include "base/unicode.h"
#include "cli/command.h"
#include "cli/model_session.h"
#include "prompt/rewordings.h"
#include "recipe/run.h"

namespace fulcrum {
namespace {

struct RunArguments {
  std::string recipe;
  std::vector<std::string> inputs;
  int rewording = 0;
  bool show_prompt = false;
};

std::vector<std::string> read_lines() {
  std::vector<std::string> lines;
  for (std::string line; std::getline(std::cin, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

void run_recipe_command(Session& session, const RunArguments& arguments) {
  const Recipe recipe = open_recipe(arguments.recipe);
  const std::vector<std::string> texts = arguments.inputs.empty() ? read_lines() : arguments.inputs;
  if (texts.empty()) {
    throw_error(ErrorCode::invalid_argument,
                "running {}: there is no input; give one behind the recipe or on standard input", recipe.id);
  }
  std::vector<RecipeInput> inputs;
  for (const std::string& text : texts) {
    if (const auto byte = find_invalid_utf8(text)) {
      throw_error(ErrorCode::invalid_argument, "running {}: input {} is not UTF-8 (byte {})", recipe.id,
                  inputs.size() + 1, *byte);
    }
    inputs.push_back({{fmt::format("input {}", inputs.size() + 1), {{"user", text}}}, {}});
  }
  const auto engine = open_engine(session);
  load_recipe(recipe, *engine);
  const auto retriever = open_retriever(recipe, *engine);
  RunOptions options;
  options.rewording = arguments.rewording;
  if (arguments.show_prompt) {
    Json prompts = Json::array();
    for (const RecipeInput& input : inputs) {
      prompts.push_back(engine->render(prepare_prompt(recipe, input, retriever.get(), options).messages));
      session.print(prompts.back().get<std::string>() + "\n");
    }
    session.write_json(prompts);
    return;
  }
  const auto answers =
      run_recipe(recipe, *engine, retriever.get(), inputs, options, session.cancel, session.progress());
  Json rows = Json::array();
  for (const Answer& answer : answers) {
    session.print(answer.text + "\n");
    Json sources = Json::array();
    for (const Source& source : answer.sources) sources.push_back(source.id);
    if (!answer.sources.empty()) {
      std::string names;
      for (std::size_t i = 0; i < answer.sources.size(); ++i)
        names += fmt::format(" [{}] {}", i + 1, answer.sources[i].id);
      session.print(fmt::format("  given:{}\n", names));
    }
    rows.push_back({{"text", answer.text},
                    {"sources", std::move(sources)},
                    {"seconds", answer.seconds},
                    {"prompt_tokens", answer.usage.prompt_tokens},
                    {"completion_tokens", answer.usage.completion_tokens}});
  }
  session.write_json(rows);
}

}  // namespace

void add_run(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<RunArguments>();
  CLI::App* command =
      add_command(app, session, "run", "answer with a recipe",
                  "fulcrum run evidence/answer-1a2b3c/recipes/retrieval \"What is the fee for gift cards?\"");
  command->add_option("recipe", arguments->recipe, "a recipe.toml or its folder")->required();
  command->add_option("input", arguments->inputs, "what to answer; without it, each line of standard input");
  command->add_flag("--show-prompt", arguments->show_prompt, "print the exact prompt instead of answering");
  command
      ->add_option("--rewording", arguments->rewording,
                   "ask in other words: a variant of the prompt, as consistency is measured with")
      ->check(CLI::Range(0, kRewordings));
  add_json_option(*command, session);
  command->callback([&session, arguments] { run_recipe_command(session, *arguments); });
}

}  // namespace fulcrum
