#include "decide/investigation_json.h"

#include "base/error.h"
#include "base/json.h"
#include "measure/estimate_json.h"

namespace fulcrum {
namespace {

template <typename Value>
Json optional_json(const std::optional<Value>& value) {
  return value ? to_json(*value) : Json(nullptr);
}

template <typename Value>
Json list_json(const std::vector<Value>& values) {
  Json list = Json::array();
  for (const Value& value : values) list.push_back(to_json(value));
  return list;
}

}  // namespace

Json to_json(const Diagnosis& diagnosis) {
  Json causes = Json::array(), pairs = Json::array(), interventions = Json::array();
  for (const auto& cause : diagnosis.causes) {
    causes.push_back({{"cause", cause.cause},
                      {"count", cause.count},
                      {"share", cause.share},
                      {"low", cause.low},
                      {"high", cause.high},
                      {"of_items", estimate_to_json(cause.of_items)},
                      {"examples", cause.examples}});
  }
  for (const auto& pair : diagnosis.confusions)
    pairs.push_back({{"reference", pair.reference}, {"answer", pair.answer}, {"count", pair.count}});
  for (const auto& each : diagnosis.interventions) {
    interventions.push_back({{"name", each.name},
                             {"before", estimate_to_json(each.before)},
                             {"after", estimate_to_json(each.after)}});
  }
  return {
      {"recipe", diagnosis.recipe},
      {"items", diagnosis.items},
      {"failures", diagnosis.failures},
      {"causes", causes},
      {"item_causes", diagnosis.item_causes},
      {"confusions", pairs},
      {"retrieved_gold_share",
       diagnosis.retrieved_gold_share ? Json(*diagnosis.retrieved_gold_share) : Json(nullptr)},
      {"documents_lack_answer",
       diagnosis.documents_lack_answer ? estimate_to_json(*diagnosis.documents_lack_answer) : Json(nullptr)},
      {"interventions", interventions}};
}

Json to_json(const Investigation& investigation) {
  return {{"probes", optional_json(investigation.probes)},
          {"sample_curve", to_json(std::span<const SamplePoint>(investigation.sample_curve))},
          {"consistency", list_json(investigation.consistency)},
          {"forgetting", list_json(investigation.forgetting)},
          {"learning_curve", optional_json(investigation.learning_curve)},
          {"demonstration_curve", optional_json(investigation.demonstration_curve)},
          {"seconds", investigation.seconds}};
}

Investigation investigation_from_json(const Json& value) {
  try {
    Investigation investigation;
    if (!value.at("probes").is_null()) investigation.probes = probes_from_json(value.at("probes"));
    for (const Json& point : value.at("sample_curve")) {
      investigation.sample_curve.push_back({point.at("samples"), estimate_from_json(point.at("any_right")),
                                            estimate_from_json(point.at("all_right")),
                                            estimate_from_json(point.at("majority_right"))});
    }
    for (const Json& each : value.at("consistency"))
      investigation.consistency.push_back(consistency_from_json(each));
    for (const Json& each : value.at("forgetting"))
      investigation.forgetting.push_back(forgetting_from_json(each));
    if (!value.at("learning_curve").is_null())
      investigation.learning_curve = learning_curve_from_json(value.at("learning_curve"));
    if (!value.at("demonstration_curve").is_null())
      investigation.demonstration_curve = demonstration_curve_from_json(value.at("demonstration_curve"));
    investigation.seconds = value.at("seconds");
    return investigation;
  } catch (const Json::exception& problem) {
    throw_error(ErrorCode::corrupt, "reading an investigation: {}", problem.what());
  }
}

}  // namespace fulcrum
