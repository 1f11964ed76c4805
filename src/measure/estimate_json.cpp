#include "measure/estimate_json.h"

#include <cmath>
#include <limits>

#include "base/json.h"

namespace fulcrum {
namespace {

Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

double number_from(const Json& value, double if_null) {
  return value.is_null() ? if_null : value.get<double>();
}

}  // namespace

Json estimate_to_json(const Estimate& estimate) {
  return {{"estimate", number(estimate.estimate)},
          {"low", number(estimate.low)},
          {"high", number(estimate.high)},
          {"n", estimate.n}};
}

Estimate estimate_from_json(const Json& value) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return {number_from(value.at("estimate"), kInfinity), number_from(value.at("low"), -kInfinity),
          number_from(value.at("high"), kInfinity), value.at("n")};
}

}  // namespace fulcrum
