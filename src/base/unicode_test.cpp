#include "base/unicode.h"

#include <gtest/gtest.h>

namespace fulcrum {
namespace {

TEST(Unicode, FindsTheFirstIllFormedByte) {
  EXPECT_FALSE(find_invalid_utf8(""));
  EXPECT_FALSE(find_invalid_utf8("plain, \xC3\xA9, \xE2\x82\xAC, \xF0\x9F\x99\x82"));
  EXPECT_FALSE(find_invalid_utf8("\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF"));  // the edges of the ranges
  const struct {
    const char* bytes;
    std::size_t at;
    const char* why;
  } cases[] = {
      {"ab\x80", 2, "continuation without a start"},
      {"a\xC0\x80", 1, "overlong NUL"},
      {"\xC1\xBF", 0, "overlong two bytes"},
      {"ok\xE0\x9F\xBF", 2, "overlong three bytes"},
      {"\xED\xA0\x80", 0, "surrogate"},
      {"\xF0\x8F\xBF\xBF", 0, "overlong four bytes"},
      {"\xF4\x90\x80\x80", 0, "above U+10FFFF"},
      {"\xF5\x80\x80\x80", 0, "no such first byte"},
      {"abc\xE2\x82", 3, "cut short at the end"},
      {"\xE2\x82"
       "a",
       0, "cut short by a letter"},
  };
  for (const auto& c : cases) EXPECT_EQ(find_invalid_utf8(c.bytes), c.at) << c.why;
}

TEST(Unicode, EveryCodePointComesBack) {
  for (const char32_t code_point : {U'\0', U'a', U'\x7F', U'\x80', U'\x7FF', U'\x800', U'\xD7FF', U'\xE000',
                                    U'\xFFFF', U'\x10000', U'\x10FFFF'}) {
    std::string text;
    append_utf8(text, code_point);
    EXPECT_FALSE(find_invalid_utf8(text));
    std::size_t offset = 0;
    EXPECT_EQ(decode_utf8(text, offset), code_point);
    EXPECT_EQ(offset, text.size());
  }
}

TEST(Unicode, IllFormedBytesBecomeReplacementCharactersOneByOne) {
  const std::string_view text = "\xE2\x82z";
  std::size_t offset = 0;
  EXPECT_EQ(decode_utf8(text, offset), U'\xFFFD');
  EXPECT_EQ(offset, 1u);
  EXPECT_EQ(decode_utf8(text, offset), U'\xFFFD');
  EXPECT_EQ(decode_utf8(text, offset), U'z');
  std::string written;
  append_utf8(written, 0xD800);
  append_utf8(written, 0x110000);
  EXPECT_EQ(written, "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Unicode, ShowsOnlyWhatIsComplete) {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x99\x82";
  const std::size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};
  for (std::size_t size = 0; size <= text.size(); ++size) {
    EXPECT_EQ(complete_utf8_prefix(std::string_view(text).substr(0, size)), expected[size]) << size;
  }
  // Nothing that comes can make these bytes whole, so they are not waited for.
  EXPECT_EQ(complete_utf8_prefix("a\xFF"), 2u);
  EXPECT_EQ(complete_utf8_prefix("a\x80\x80"), 3u);
  EXPECT_EQ(complete_utf8_prefix("a\xE0\x80"), 3u);
}

TEST(Unicode, NormalisesAndFolds) {
  EXPECT_EQ(normalize_nfc("e\xCC\x81"), "\xC3\xA9");
  EXPECT_EQ(normalize_nfkc("\xEF\xAC\x81 \xE2\x91\xA0"), "fi 1");
  EXPECT_EQ(normalize_nfc("\xEF\xAC\x81"), "\xEF\xAC\x81");
  EXPECT_EQ(fold_case("STRASSE \xC3\x84"), fold_case("Stra\xC3\x9F"
                                                     "e \xC3\xA4"));
  EXPECT_EQ(normalize_nfc("a\xFF"
                          "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(normalize_nfc(""), "");
}

TEST(Unicode, SplitsIntoFoldedWords) {
  EXPECT_EQ(fold_words("It's 3-D, \xC3\x89T\xC3\x89!"),
            (std::vector<std::string>{"it", "s", "3", "d", "\xC3\xA9t\xC3\xA9"}));
  EXPECT_TRUE(fold_words(" -- \n").empty());
}

TEST(Unicode, Trims) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
}

}  // namespace
}  // namespace fulcrum
