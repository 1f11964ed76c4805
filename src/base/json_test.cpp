#include "base/json.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json_exercise.h"

namespace fulcrum {
namespace {

TEST(Json, KeepsTheOrderOfKeys) {
  EXPECT_EQ(to_line(parse_json(R"({"b": 1, "a": [true, null, "x"]})", "x.json")),
            R"({"b":1,"a":[true,null,"x"]})");
  EXPECT_EQ(to_text(Json::object({{"z", 1}})), "{\n  \"z\": 1\n}\n");
}

TEST(Json, ErrorsNameTheFileAndThePlace) {
  try {
    parse_json("{\"a\": 1,\n \"b\": }", "result.json");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corrupt);
    EXPECT_NE(std::string(error.what()).find("result.json"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("line 2, column 7"), std::string::npos) << error.what();
  }
}

TEST(Json, RefusesWhatIsNestedTooDeeply) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_NO_THROW(parse_json(nested(512), "x"));
  EXPECT_THROW(parse_json(nested(513), "x"), Error);
  // Brackets inside a text are no nesting.
  EXPECT_NO_THROW(parse_json('"' + std::string(1000, '[') + R"(\"[)" + '"', "x"));
}

TEST(Json, TextThatIsNotUtf8IsWrittenWithTheReplacementCharacter) {
  EXPECT_EQ(to_line(Json("a\xff"
                         "b")),
            "\"a\xEF\xBF\xBD"
            "b\"");
}

TEST(Json, TheFuzzersCorpusIsReadOrRefused) {
  int read = 0, refused = 0;
  for (const Path& path : list_files(Path(FULCRUM_SOURCE_DIR) / "tests/corpus/json"))
    ++(exercise_json(read_file(path)) == JsonVerdict::read ? read : refused);
  EXPECT_GT(read, 5);
  EXPECT_GT(refused, 5);
}

TEST(Json, AcceptsAndRejectsWhatTheStandardSays) {
  const Path folder = Path(FULCRUM_SHARED_DIR) / "data/jsontestsuite/test_parsing";
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << folder << " is not here";
  int accepted = 0, rejected = 0;
  for (const Path& path : list_files(folder)) {
    const std::string name = path.filename().string();
    bool is_json = true;
    try {
      // What was read can be written and read again.
      const Json value = parse_json(read_file(path), name);
      EXPECT_EQ(to_line(parse_json(to_line(value), name)), to_line(value)) << name;
    } catch (const Error& error) {
      is_json = false;
      EXPECT_TRUE(error.code() == ErrorCode::corrupt || error.code() == ErrorCode::too_large) << name;
    }
    if (name[0] == 'y') {
      EXPECT_TRUE(is_json) << name;
      ++accepted;
    }
    if (name[0] == 'n') {
      EXPECT_FALSE(is_json) << name;
      ++rejected;
    }
  }
  EXPECT_EQ(accepted, 95);
  EXPECT_EQ(rejected, 188);
}

}  // namespace
}  // namespace fulcrum
