#include "decide/search_json.h"

#include "base/error.h"
#include "base/json.h"
#include "decide/verdict.h"

namespace fulcrum {

namespace {

ArmFate fate_from(const std::string& name) {
  for (const ArmFate fate : {ArmFate::confirmed, ArmFate::ruled_out, ArmFate::proven_out,
                             ArmFate::left_behind, ArmFate::not_entered, ArmFate::not_afforded})
    if (to_string(fate) == name) return fate;
  throw_error(ErrorCode::corrupt, "reading a search: unknown fate '{}'", name);
}

}  // namespace

Json to_json(const SearchRecord& record) {
  Json rounds = Json::array(), arms = Json::array();
  for (const SearchRound& round : record.rounds)
    rounds.push_back({{"items", round.items}, {"arms", round.arms}, {"seconds", round.seconds}});
  for (const SearchedArm& arm : record.arms)
    arms.push_back(
        {{"id", arm.id},
         {"levers", arm.levers},
         {"fate", to_string(arm.fate)},
         {"round", arm.round},
         {"against", arm.against},
         {"why", arm.why},
         {"dev",
          {{"estimate", arm.dev.estimate}, {"low", arm.dev.low}, {"high", arm.dev.high}, {"n", arm.dev.n}}},
         {"share", arm.share},
         {"seconds", arm.seconds},
         {"scores", arm.scores}});
  return {{"budget_seconds", record.budget_seconds},
          {"search_seconds", record.search_seconds},
          {"total_seconds", record.total_seconds},
          {"exhaustive_seconds", record.exhaustive_seconds},
          {"dev_items", record.dev_items},
          {"confirmed", record.confirmed},
          {"untried", record.untried()},
          {"chance_missed", record.chance_missed()},
          {"possibly_missed", record.possibly_missed(kNotableRival)},
          {"rounds", rounds},
          {"arms", arms}};
}

SearchRecord search_from_json(const Json& value) {
  SearchRecord record;
  record.budget_seconds = value.at("budget_seconds");
  record.search_seconds = value.at("search_seconds");
  record.total_seconds = value.at("total_seconds");
  record.exhaustive_seconds = value.at("exhaustive_seconds");
  record.dev_items = value.at("dev_items");
  record.confirmed = value.at("confirmed").get<std::vector<std::string>>();
  for (const Json& round : value.at("rounds"))
    record.rounds.push_back({round.at("items"), round.at("arms").get<std::vector<std::string>>(),
                             round.at("seconds").get<double>()});
  for (const Json& entry : value.at("arms")) {
    SearchedArm arm;
    arm.id = entry.at("id");
    arm.levers = entry.at("levers").get<std::vector<std::string>>();
    arm.fate = fate_from(entry.at("fate"));
    arm.round = entry.at("round");
    arm.against = entry.at("against");
    arm.why = entry.at("why");
    const Json& dev = entry.at("dev");
    arm.dev = {dev.at("estimate"), dev.at("low"), dev.at("high"), dev.at("n")};
    arm.share = entry.at("share");
    arm.seconds = entry.at("seconds");
    arm.scores = entry.at("scores").get<std::vector<double>>();
    record.arms.push_back(std::move(arm));
  }
  return record;
}

Json to_json(const RecipeForecast& forecast) {
  return {{"recipe", forecast.recipe},
          {"seconds_per_call", forecast.seconds_per_call},
          {"training_seconds", forecast.training_seconds},
          {"measuring_seconds", forecast.measuring_seconds},
          {"cost", forecast.cost}};
}

RecipeForecast forecast_from_json(const Json& value) {
  return {value.at("recipe"), value.at("seconds_per_call"), value.at("training_seconds"),
          value.at("measuring_seconds"), value.at("cost")};
}

}  // namespace fulcrum
