// fulcrum tokenize TEXT: text to token ids and back, for any model or vocabulary file.
#include <fmt/format.h>

#include <iostream>
#include <iterator>
#include <optional>

#include "base/json.h"
#include "cli/command.h"
#include "formats/gguf.h"
#include "infer/vocabulary.h"
#include "model/model_file.h"
#include "text/tokenizer_folder.h"
#include "vocabulary/vocabulary_data.h"

namespace fulcrum {
namespace {

// A Hugging Face folder or one of its tokenizer files, a GGUF, which may hold a vocabulary without weights,
// or a llama2.c checkpoint, which has its tokenizer beside it.
std::unique_ptr<Tokenizer> open_tokenizer(const std::string& path) {
  const std::string extension = Path(path).extension().string();
  if (std::filesystem::is_directory(path) || extension == ".json" || extension == ".model")
    return load_tokenizer(path);
  const MappedFile file = MappedFile::open(path);
  const std::string_view start(reinterpret_cast<const char*>(file.bytes().data()),
                               std::min<std::size_t>(4, file.bytes().size()));
  if (start == "GGUF") return make_tokenizer(to_vocabulary(read_vocabulary(GgufFile::open(path))));
  return make_tokenizer(to_vocabulary(load_model_file(path).vocabulary));
}

struct TokenizeArguments {
  std::optional<std::string> text;
  std::vector<TokenId> ids;
  bool parse_special = false;
};

// Without the line end that an echo leaves.
std::string read_standard_input() {
  std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

void run_tokenize(Session& session, const TokenizeArguments& arguments) {
  const auto tokenizer = open_tokenizer(session.model_path());
  if (!arguments.ids.empty()) {
    for (const TokenId id : arguments.ids) {
      if (id < 0 || id >= tokenizer->size()) {
        throw_error(ErrorCode::invalid_argument, "decoding token {}: this vocabulary has ids 0 to {}", id,
                    tokenizer->size() - 1);
      }
    }
    const std::string text = tokenizer->decode(arguments.ids);
    session.print(text + "\n");
    return session.write_json({{"text", text}});
  }
  const auto special = arguments.parse_special ? Tokenizer::Special::parse : Tokenizer::Special::as_text;
  const std::vector<TokenId> ids =
      tokenizer->encode(arguments.text ? *arguments.text : read_standard_input(), special);
  Json pieces = Json::array();
  for (const TokenId id : ids) {
    const std::string& token = tokenizer->vocabulary().tokens[static_cast<std::size_t>(id)];
    session.print(fmt::format("{:6}  {}\n", id, token));
    pieces.push_back(token);
  }
  session.print(fmt::format("{} tokens\n", ids.size()));
  session.write_json({{"ids", ids}, {"tokens", std::move(pieces)}});
}

}  // namespace

void add_tokenize(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<TokenizeArguments>();
  CLI::App* command =
      add_command(app, session, "tokenize", "text to token ids, and back", "fulcrum tokenize \"Good day\"");
  auto* text = command->add_option("text", arguments->text, "what to encode; without it, standard input");
  command->add_option("--ids", arguments->ids, "decode these instead")->delimiter(',')->excludes(text);
  command->add_flag("--special", arguments->parse_special, "control tokens in the text are control tokens");
  add_json_option(*command, session);
  command->callback([&session, arguments] { run_tokenize(session, *arguments); });
}

}  // namespace fulcrum
