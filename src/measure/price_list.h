// What providers charge by the token: a dated list that people can edit. A copy is in the program
// (data/prices.toml); any file of the same form can be given instead.
//
//   [[price]]
//   model = "gpt-x"    provider = "..."    currency = "USD"    date = "2026-01-31"    source = "https://..."
//   prompt = 2.00      cached_prompt = 0.50    completion = 8.00        # per million tokens
//
// A list is a record of its date, not a quotation. Errors name file and line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace fulcrum {

struct TokenPrices {
  std::string provider, model, currency, date, source;
  double prompt = 0, cached_prompt = 0, completion = 0;  // per million tokens
};

std::vector<TokenPrices> read_price_list(const Path& file);
std::vector<TokenPrices> bundled_price_list();

// The same prices in another currency; `rate` is what one unit of theirs costs in it.
TokenPrices converted(TokenPrices prices, const std::string& currency, double rate);

// Error not_found names the nearest model that is listed.
const TokenPrices& find_price(const std::vector<TokenPrices>& list, std::string_view model);

}  // namespace fulcrum
