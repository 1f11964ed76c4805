#include "recipe/training.h"

#include <algorithm>

#include "base/error.h"
#include "base/random.h"

namespace fulcrum {

std::vector<TrainingExample> training_examples(const Recipe& recipe, std::span<const Example> examples,
                                               Retriever* retriever, PassageSource passages) {
  PromptOptions options;
  options.passages = passages;
  const PromptMaker prompts(recipe, retriever, options);
  std::vector<TrainingExample> rendered;
  for (const Example& example : examples) {
    TrainingExample training;
    training.messages = prompts.make(recipe_input(example)).messages;
    training.weights.assign(training.messages.size(), 0);
    // The row's own turns are the last ones of the prompt; those before them are the program's.
    std::vector<int> own;
    for (std::size_t i = 0; i + 1 < example.messages.size(); ++i) {
      if (example.messages[i].role != "system") own.push_back(example.weights[i]);
    }
    std::copy(own.begin(), own.end(), training.weights.end() - static_cast<std::ptrdiff_t>(own.size()));
    training.messages.push_back(example.messages.back());
    training.weights.push_back(example.weights.back());
    rendered.push_back(std::move(training));
  }
  return rendered;
}

TuneRequest tune_request(const Recipe& recipe, const Splits& splits, Retriever* retriever,
                         const Path& output_folder) {
  if (!recipe.tune) {
    throw_error(ErrorCode::invalid_argument,
                "training the recipe '{}': it has no [tune] settings, so it is not one that "
                "is trained",
                recipe.id);
  }
  const TuneSettings& settings = *recipe.tune;
  std::vector<Example> train = splits.train;
  if (settings.train_examples) {
    Random(settings.seed, stream_of("train_examples")).shuffle(train);
    train.resize(std::min(train.size(), static_cast<std::size_t>(*settings.train_examples)));
  }
  TuneRequest request;
  request.train = training_examples(recipe, train, retriever, PassageSource::search);
  request.dev = training_examples(recipe, splits.dev, retriever, PassageSource::search);
  request.output_folder = output_folder.string();
  request.rank = settings.rank;
  request.alpha = settings.alpha;
  request.learning_rate = settings.learning_rate;
  request.max_epochs = settings.max_epochs;
  request.batch_examples = settings.batch_examples;
  request.patience_epochs = settings.patience_epochs;
  request.seed = settings.seed;
  request.target_modules = settings.target_modules;
  return request;
}

}  // namespace fulcrum
