#include "measure/price_list.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"

namespace fulcrum {
namespace {

Path write_list(const std::string& text) {
  const Path file =
      std::filesystem::temp_directory_path() / ("fulcrum_prices_" + std::to_string(::getpid()) + ".toml");
  write_file_atomic(file, text);
  return file;
}

constexpr const char* kOne = R"([[price]]
model = "small"
provider = "acme"
currency = "EUR"
date = "2026-02-01"
source = "their price page"
prompt = 1.5
cached_prompt = 0.2
completion = 6
)";

TEST(PriceList, IsReadFromAFileThatAnyoneCanEdit) {
  const auto list = read_price_list(write_list(kOne));
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(find_price(list, "small").completion, 6);
  EXPECT_EQ(find_price(list, "small").cached_prompt, 0.2);
  EXPECT_EQ(find_price(list, "small").date, "2026-02-01");
}

TEST(PriceList, NamesTheNearestModel) {
  try {
    find_price(read_price_list(write_list(kOne)), "smal");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
    EXPECT_NE(std::string(error.what()).find("did you mean 'small'"), std::string::npos) << error.what();
  }
}

TEST(PriceList, IsConvertedAtAGivenRate) {
  const auto list = read_price_list(write_list(kOne));
  const TokenPrices dollars = converted(find_price(list, "small"), "USD", 1.1);
  EXPECT_EQ(dollars.currency, "USD");
  EXPECT_NEAR(dollars.completion, 6.6, 1e-12);
  EXPECT_THROW(converted(dollars, "EUR", 0), Error);
}

TEST(PriceList, RefusesWhatIsNoPriceAndWhatHasNoDate) {
  const std::string text = kOne;
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    return changed;
  };
  EXPECT_THROW(read_price_list(write_list(with("= 1.5", "= -1.5"))), Error);
  EXPECT_THROW(read_price_list(write_list(with("2026-02-01", "last spring"))), Error);
  EXPECT_THROW(read_price_list(write_list(with("cached_prompt", "cache"))), Error);
  EXPECT_THROW(read_price_list(write_list(text + text)), Error);
}

TEST(PriceList, TheBundledOneIsDatedAndSourced) {
  const auto list = bundled_price_list();
  EXPECT_GE(list.size(), 5U);
  for (const TokenPrices& entry : list) {
    EXPECT_LE(entry.cached_prompt, entry.prompt) << entry.model;
    EXPECT_GE(entry.completion, entry.prompt) << entry.model;
    EXPECT_TRUE(entry.source.starts_with("https://")) << entry.model;
  }
}

}  // namespace
}  // namespace fulcrum
