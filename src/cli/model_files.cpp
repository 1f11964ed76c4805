#include "cli/model_files.h"

#include "base/error.h"
#include "base/json.h"
#include "infer/vocabulary.h"
#include "vocabulary/vocabulary_data.h"
#include "model/huggingface_folder.h"
#include "text/tokenizer_export.h"
#include "text/tokenizer_folder.h"

namespace fulcrum {
namespace {

constexpr std::int32_t kUnusedToken = 5;  // GGUF's token type

constexpr std::string_view kTokenizerFiles[] = {"tokenizer.json",
                                                "tokenizer.model",
                                                "tokenizer_config.json",
                                                "special_tokens_map.json",
                                                "added_tokens.json",
                                                "vocab.json",
                                                "merges.txt",
                                                "chat_template.jinja",
                                                "generation_config.json"};

void fill_up(VocabularyData& vocabulary, std::int64_t rows) {
  while (static_cast<std::int64_t>(vocabulary.tokens.size()) < rows) {
    if (!vocabulary.scores.empty()) vocabulary.scores.push_back(0);
    if (!vocabulary.types.empty()) vocabulary.types.push_back(kUnusedToken);
    vocabulary.tokens.push_back(fmt::format("[PAD{}]", vocabulary.tokens.size()));
  }
}

}  // namespace

ModelFile open_model_file(const Path& path) {
  ModelFile model = load_model_file(path);
  if (is_huggingface_folder(path) && has_tokenizer(path)) {
    model.vocabulary = to_vocabulary_data(gguf_vocabulary(path));
    fill_up(model.vocabulary, model.config.vocab_size);
  }
  return model;
}

void save_model_folder(const ModelFile& model, DType type, const Path& folder) {
  if (!is_huggingface_folder(model.path)) {
    const Vocabulary vocabulary = to_vocabulary(model.vocabulary);
    const Json tokenizer = tokenizer_json(vocabulary);  // refused before anything is written
    save_huggingface_folder(model, type, folder);
    write_file_atomic(folder / "tokenizer.json", to_text(tokenizer));
    write_file_atomic(folder / "tokenizer_config.json", to_text(tokenizer_config_json(vocabulary)));
    return;
  }
  save_huggingface_folder(model, type, folder);
  for (const std::string_view name : kTokenizerFiles) {
    if (std::filesystem::exists(model.path / name))
      std::filesystem::copy_file(model.path / name, folder / name,
                                 std::filesystem::copy_options::overwrite_existing);
  }
}

}  // namespace fulcrum
