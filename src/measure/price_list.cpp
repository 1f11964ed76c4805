#include "measure/price_list.h"

#include <cmath>
#include <set>

#include "base/error.h"
#include "base/toml.h"

// Put there by fulcrum_embed (cmake/embed.cmake).
extern "C" {
extern const char fulcrum_asset_prices[], fulcrum_asset_prices_end[];
}

namespace fulcrum {

namespace {

double price(TomlTable& table, std::string_view key) {
  const double value = table.number(key);
  if (!(value >= 0) || !std::isfinite(value)) table.refuse(key, fmt::format("a price cannot be {}", value));
  return value;
}

bool is_date(std::string_view text) {
  constexpr std::string_view kForm = "dddd-dd-dd";
  if (text.size() != kForm.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (kForm[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != kForm[i]) return false;
  return true;
}

std::vector<TokenPrices> prices_in(const TomlFile& file) {
  std::vector<TokenPrices> list;
  std::set<std::string> seen;
  TomlTable root = file.root();
  for (TomlTable& table : root.tables("price")) {
    TokenPrices entry;
    entry.model = table.text("model");
    entry.provider = table.text("provider");
    entry.currency = table.text("currency");
    entry.date = table.text("date");
    entry.source = table.text("source");
    entry.prompt = price(table, "prompt");
    entry.cached_prompt = price(table, "cached_prompt");
    entry.completion = price(table, "completion");
    if (!is_date(entry.date)) table.refuse("date", "must be written as 2026-01-31");
    if (!seen.insert(entry.model).second)
      table.refuse("model", fmt::format("{} stands here twice", entry.model));
    table.finish();
    list.push_back(std::move(entry));
  }
  root.finish();
  return list;
}

}  // namespace

std::vector<TokenPrices> read_price_list(const Path& file) {
  return prices_in(TomlFile::read(file));
}

std::vector<TokenPrices> bundled_price_list() {
  return prices_in(TomlFile::parse({fulcrum_asset_prices, fulcrum_asset_prices_end}, "prices.toml"));
}

TokenPrices converted(TokenPrices prices, const std::string& currency, double rate) {
  if (!(rate > 0) || !std::isfinite(rate))
    throw_error(ErrorCode::invalid_argument,
                "converting the prices of {} to {}: an exchange rate cannot be {}", prices.model, currency,
                rate);
  for (double* each : {&prices.prompt, &prices.cached_prompt, &prices.completion}) *each *= rate;
  prices.currency = currency;
  return prices;
}

const TokenPrices& find_price(const std::vector<TokenPrices>& list, std::string_view model) {
  std::vector<std::string> known;
  for (const TokenPrices& entry : list) {
    if (entry.model == model) return entry;
    known.push_back(entry.model);
  }
  const auto near = nearest_word(std::string(model), known);
  throw_error(ErrorCode::not_found, "looking up the price of '{}': it is not in the list{}", model,
              near ? fmt::format("; did you mean '{}'?", *near)
                   : fmt::format(", which holds {} models; add a line for it", list.size()));
}

}  // namespace fulcrum
