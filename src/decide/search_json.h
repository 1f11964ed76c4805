// A search and the forecasts before it as they stand in result.json.
#pragma once

#include "base/json_fwd.h"
#include "decide/forecast.h"
#include "decide/search.h"

namespace fulcrum {

Json to_json(const SearchRecord& record);
SearchRecord search_from_json(const Json& value);

Json to_json(const RecipeForecast& forecast);
RecipeForecast forecast_from_json(const Json& value);

}  // namespace fulcrum
