// Broken tokenizer files, one defect each, with the message each gets (tests/reference/broken_tokenizers.py),
// and the corpus of the fuzzers.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "base/error.h"
#include "base/file.h"
#include "text/json_tree.h"
#include "text/sentencepiece_model.h"
#include "text/tokenizer_folder.h"
#include "text/tokenizer_fuzzing.h"

namespace fulcrum {
namespace {

const Path kTests = Path(FULCRUM_SOURCE_DIR) / "tests";
const Path kShelf = kTests / "cases/tokenizers/broken";

struct Shelf {
  const char* folder;
  int least;  // files
};
std::ostream& operator<<(std::ostream& out, const Shelf& shelf) {
  return out << shelf.folder;
}
class BrokenTokenizer : public testing::TestWithParam<Shelf> {};

TEST_P(BrokenTokenizer, is_refused_with_its_message) {
  const std::string folder = GetParam().folder;
  const Path list = kShelf / (folder + ".expected.json");
  const JsonTree expected = parse_json_tree(read_file(list), list.string());
  int files = 0;
  for (const auto& [name, wanted] : expected.items()) {
    ++files;
    try {
      load_tokenizer(kShelf / folder / name);
      ADD_FAILURE() << name << " was read";
    } catch (const Error& error) {
      const std::string message = error.what();
      EXPECT_EQ(to_string(error.code()), wanted["code"].get<std::string>()) << name << ": " << message;
      EXPECT_NE(message.find(wanted["message"].get<std::string>()), std::string::npos)
          << name << ": " << message;
      EXPECT_NE(message.find(name), std::string::npos) << "the message does not name the file: " << message;
    }
  }
  EXPECT_GE(files, GetParam().least);
}

INSTANTIATE_TEST_SUITE_P(Shelves, BrokenTokenizer,
                         testing::Values(Shelf{"json", 45}, Shelf{"sentencepiece", 20}));

TEST(TokenizerFuzzing, replays_the_corpus) {
  int refused = 0, read = 0;
  const auto count = [&](Trial trial) { ++(trial == Trial::read ? read : refused); };
  for (const Path& file : list_files(kTests / "corpus/tokenizer_json"))
    count(try_tokenizer_json(read_file(file)));
  for (const Path& file : list_files(kTests / "corpus/sentencepiece_model"))
    count(try_sentencepiece_model(read_file(file)));
  EXPECT_GE(read, 20);
  EXPECT_GE(refused, 20);
}

TEST(SentencePieceModel, is_refused_when_cut_at_any_length) {
  const std::string whole =
      read_file(kTests / "cases/tokenizers/sentencepiece/unigram_rules/tokenizer.model");
  for (std::size_t size = 0; size < whole.size(); size += 13) {
    // A cut between two fields cannot be told from a smaller model.
    EXPECT_NO_THROW(try_sentencepiece_model(std::string_view(whole).substr(0, size))) << size;
  }
}

}  // namespace
}  // namespace fulcrum
