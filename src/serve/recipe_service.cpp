#include "serve/recipe_service.h"

#include <chrono>

#include "recipe/run.h"

namespace fulcrum {
namespace {

// What the caller asks for over the measured decoding; nothing if the answer is to be as measured.
std::optional<Sampling> asked_sampling(const ChatCall& call) {
  if (!call.temperature || *call.temperature == 0) return std::nullopt;
  Sampling sampling;
  sampling.temperature = *call.temperature;
  sampling.top_p = call.top_p;
  sampling.seed = call.seed.value_or(0);
  return sampling;
}

}  // namespace

RecipeService::RecipeService(LanguageModel& model, std::vector<ServedRecipe> recipes)
    : model_(model), recipes_(std::move(recipes)) {
  started_ =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  for (std::size_t i = 0; i < recipes_.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (recipes_[i].recipe.id == recipes_[j].recipe.id) {
        throw_error(ErrorCode::invalid_argument,
                    "serving two recipes named '{}': give one of them another id", recipes_[i].recipe.id);
      }
    }
    if (recipes_[i].recipe.id == model_.info().name)
      throw_error(ErrorCode::invalid_argument,
                  "serving a recipe that is named like the base model, '{}': give it another id",
                  recipes_[i].recipe.id);
    load_recipe(recipes_[i].recipe, model_);
  }
}

std::vector<ServedModel> RecipeService::models() const {
  std::vector<ServedModel> models;
  for (const ServedRecipe& each : recipes_) {
    models.push_back({each.recipe.id, started_, "fulcrum", recipe_sha256(each.recipe)});
  }
  models.push_back({model_.info().name, started_, "fulcrum", ""});
  return models;
}

ChatAnswer RecipeService::answer(const ChatCall& call, const std::function<void(std::string_view)>& on_text,
                                 const CancelToken& cancel) {
  if (call.model == model_.info().name) return answer_plain(call, on_text, cancel);
  const ServedRecipe* served = nullptr;
  for (const ServedRecipe& each : recipes_) {
    if (each.recipe.id == call.model) served = &each;
  }
  if (served == nullptr) {
    throw_error(ErrorCode::not_found, "there is no model '{}'; GET /v1/models lists the names", call.model);
  }
  for (const Message& message : call.messages) {
    if (message.role == "system" && !served->recipe.program.signature.system.empty()) {
      throw_error(ErrorCode::invalid_argument,
                  "messages: the recipe '{}' brings its own system message; leave yours out, or call the "
                  "base model '{}'",
                  call.model, model_.info().name);
    }
  }
  if (!call.stop.empty()) {
    throw_error(ErrorCode::unsupported, "stop: a recipe ends its answers as it was measured; leave it out");
  }
  if (!call.json_schema.empty() && served->recipe.program.decoding == Decoding::choose) {
    throw_error(ErrorCode::unsupported,
                "response_format: the recipe '{}' chooses among its labels; leave it out", call.model);
  }
  RecipeInput input;
  input.prompt = {"request", call.messages};
  RunOptions options;
  options.sampling = asked_sampling(call);
  options.on_text = on_text;
  options.json_schema = call.json_schema;
  Recipe recipe = served->recipe;
  if (call.max_tokens)
    recipe.program.max_answer_tokens = std::min(recipe.program.max_answer_tokens, *call.max_tokens);
  const std::vector<Answer> answers =
      run_recipe(recipe, model_, served->retriever.get(), {&input, 1}, options, cancel, {});
  const Answer& answer = answers.front();
  ChatAnswer result{answer.text, answer.finish_reason, answer.usage, answer.seconds, {}};
  result.origin.recipe_sha256 = recipe_sha256(served->recipe);
  result.origin.evidence = served->evidence;
  for (const Source& source : answer.sources) {
    result.origin.sources.push_back(
        fmt::format("{}:{}-{}", source.document, source.begin_bytes, source.end_bytes));
  }
  return result;
}

ChatAnswer RecipeService::answer_plain(const ChatCall& call,
                                       const std::function<void(std::string_view)>& on_text,
                                       const CancelToken& cancel) {
  GenerateRequest request;
  request.messages = call.messages;
  request.max_tokens = call.max_tokens.value_or(256);
  request.stop = call.stop;
  request.json_schema = call.json_schema;
  request.sampling = asked_sampling(call).value_or(Sampling{});
  request.on_text = on_text;
  const Generation generation = model_.generate({&request, 1}, cancel).front();
  return {generation.text, generation.finish_reason, generation.usage, generation.seconds, {}};
}

}  // namespace fulcrum
