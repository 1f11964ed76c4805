// Serves recipes under their ids, with the code that measured them (recipe/run.h): a greedy answer over HTTP
// is the answer of the evaluation.
//
// A call brings the conversation; the recipe brings everything else, so a system message is refused, and
// temperature or seed turn the measured greedy answer into a sampled one only if the caller asks, and so does
// response_format hold it to a JSON Schema. Documents
// are looked at anew for each call: one changed on disk changes the next answer.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "recipe/recipe.h"
#include "serve/http_server.h"
#include "text/lm.h"

namespace fulcrum {

struct ServedRecipe {
  Recipe recipe;
  std::string evidence;                  // name of the evidence folder it came from; may be empty
  std::shared_ptr<Retriever> retriever;  // null if it does not retrieve
};

class RecipeService : public ChatService {
 public:
  // Loads every recipe's adapter. Error(invalid_argument) if two recipes have the same id.
  RecipeService(LanguageModel& model, std::vector<ServedRecipe> recipes);
  std::vector<ServedModel> models() const override;
  ChatAnswer answer(const ChatCall& call, const std::function<void(std::string_view)>& on_text,
                    const CancelToken& cancel) override;

 private:
  LanguageModel& model_;
  std::vector<ServedRecipe> recipes_;
  std::int64_t started_;  // seconds since 1970

  ChatAnswer answer_plain(const ChatCall& call, const std::function<void(std::string_view)>& on_text,
                          const CancelToken& cancel);
};

}  // namespace fulcrum
