// fulcrum index FOLDER [QUERY]: what retrieval sees of a folder of documents, and what it finds.
#include <fmt/format.h>

#include "base/json.h"
#include "cli/command.h"
#include "retrieve/index.h"

namespace fulcrum {

void add_index(CLI::App& app, Session& session) {
  struct Arguments {
    std::string folder, query, file = ":memory:";
    std::int64_t count = 3, chunk_tokens = 120;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = add_command(app, session, "index", "index a folder of documents and search it",
                                  "fulcrum index examples/support-desk/documents \"fee for gift cards\"");
  command->add_option("folder", arguments->folder, "Markdown and text files")->required();
  command->add_option("query", arguments->query, "what to look for");
  command->add_option("-k,--count", arguments->count, "passages to show")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->add_option("--chunk-words", arguments->chunk_tokens, "longest chunk, in words")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->add_option("--file", arguments->file, "keep the index in this file")->capture_default_str();
  add_json_option(*command, session);
  command->callback([&session, arguments] {
    const auto index =
        Index::open(arguments->file, {arguments->folder, {arguments->chunk_tokens, 0}, count_words, "words"});
    Json found = Json::array();
    session.print(
        fmt::format("{} documents in {} chunks\n", index->count_documents(), index->count_chunks()));
    if (!arguments->query.empty()) {
      for (const Passage& passage : index->search(arguments->query, arguments->count)) {
        session.print(fmt::format("\n{:.2f}  {} (bytes {} to {})\n{}\n", passage.score, passage.chunk.id(),
                                  passage.chunk.begin_bytes, passage.chunk.end_bytes, passage.chunk.text));
        found.push_back({{"id", passage.chunk.id()},
                         {"score", passage.score},
                         {"text", passage.chunk.text},
                         {"begin_bytes", passage.chunk.begin_bytes},
                         {"end_bytes", passage.chunk.end_bytes}});
      }
    }
    session.write_json(
        {{"documents", index->count_documents()}, {"chunks", index->count_chunks()}, {"found", found}});
  });
}

}  // namespace fulcrum
