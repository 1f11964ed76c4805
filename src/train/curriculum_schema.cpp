#include "train/curriculum_schema.h"

#include <algorithm>
#include <array>

#include "base/json.h"

namespace fulcrum {
namespace {

template <std::size_t N>
std::string pick(Random& random, const std::array<const char*, N>& items) {
  return items[random.below(N)];
}

// "a, b or c", "one of: a, b, c", "a | b | c"; `with_null` makes null one of them.
std::string enumeration(Random& random, std::vector<std::string> options, bool with_null) {
  const std::uint64_t style = random.below(4);
  if (with_null) options.emplace_back("null");
  if (style == 0) return "one of: " + join(options, ", ");
  if (style == 1) return join(options, " | ");
  if (style == 2) return join(options, "/");
  const std::string last = options.back();
  options.pop_back();
  return options.empty() ? last : join(options, ", ") + " or " + last;
}

std::string type_mark(Random& random, SlotForm form) {
  static constexpr std::array<const char*, 6> kInteger = {
      " (a whole number)", " (a whole number)", " (integer)", ", as a whole number", ", a number", ""};
  static constexpr std::array<const char*, 3> kNumber = {" (a number)", " (only the number)",
                                                         ", as a number"};
  static constexpr std::array<const char*, 3> kTruth = {" (true or false)", ": true or false", " (boolean)"};
  static constexpr std::array<const char*, 2> kYes = {" (yes or no)", ": yes or no"};
  static constexpr std::array<const char*, 6> kText = {"", "", "", "", " (text)", " (string)"};
  static constexpr std::array<const char*, 3> kList = {" (a list)", ", as a list", " (list of names)"};
  switch (form) {
    case SlotForm::integer:
      return pick(random, kInteger);
    case SlotForm::number:
      return pick(random, kNumber);
    case SlotForm::true_or_false:
      return pick(random, kTruth);
    case SlotForm::yes_or_no:
      return pick(random, kYes);
    case SlotForm::text:
      return pick(random, kText);
    case SlotForm::list:
      return pick(random, kList);
    case SlotForm::choice:
      break;
  }
  return {};
}

std::string null_mark(Random& random) {
  static constexpr std::array<const char*, 9> kMarks = {", or null",
                                                        " or null",
                                                        " or null",
                                                        ", or null if it is not said",
                                                        " or null if it is not told",
                                                        ", null when missing",
                                                        " (null if unknown)",
                                                        ", null if the text does not say",
                                                        " (may be null)"};
  return pick(random, kMarks);
}

std::string description(Random& random, const SchemaSlot& slot) {
  const bool told = slot.missing == Missing::told;
  if (slot.form == SlotForm::choice) {
    const bool inside = told && random.chance(0.5);
    const std::string list = enumeration(random, slot.options, inside);
    std::string text = slot.telling_key && random.chance(0.3) ? list
                       : random.chance(0.5)                   ? slot.meaning + ": " + list
                                                              : slot.meaning + " (" + list + ")";
    return told && !inside ? text + null_mark(random) : text;
  }
  const std::string type = type_mark(random, slot.form);
  if (!told) return slot.meaning + type;
  const std::string null = null_mark(random);
  return random.chance(0.5) ? slot.meaning + null + type : slot.meaning + type + null;
}

std::string inline_json(Random& random, const std::vector<SchemaSlot>& slots) {
  std::string text;
  for (const SchemaSlot& slot : slots)
    text += (text.empty() ? "" : ", ") + to_line(Json(slot.key)) + ": " +
            to_line(Json(description(random, slot)));
  return "{" + text + "}";
}

std::string type_name(Random& random, const SchemaSlot& slot) {
  static constexpr std::array<const char*, 7> kNames = {"string",    "integer",       "number",         "",
                                                        "yes or no", "true or false", "list of strings"};
  const bool told = slot.missing == Missing::told;
  if (slot.form == SlotForm::choice) return enumeration(random, slot.options, told);
  return std::string(kNames[static_cast<std::size_t>(slot.form)]) + (told ? " or null" : "");
}

std::string inline_types(Random& random, const std::vector<SchemaSlot>& slots) {
  std::string text;
  for (const SchemaSlot& slot : slots)
    text +=
        (text.empty() ? "" : ", ") + to_line(Json(slot.key)) + ": " + to_line(Json(type_name(random, slot)));
  return "{" + text + "}";
}

// {"type": "object", "properties": {...}} with the types that the answers have.
std::string json_schema(Random& random, const std::vector<SchemaSlot>& slots) {
  static constexpr std::array<const char*, 7> kTypes = {"string", "integer", "number", "string",
                                                        "string", "boolean", "array"};
  Json properties = Json::object(), required = Json::array();
  for (const SchemaSlot& slot : slots) {
    const bool told = slot.missing == Missing::told;
    Json property = Json::object();
    const std::string type = kTypes[static_cast<std::size_t>(slot.form)];
    std::vector<std::string> options = slot.options;
    if (slot.form == SlotForm::yes_or_no) options = {"yes", "no"};
    if (!options.empty()) {
      property["enum"] = options;
      if (told) property["enum"].push_back(nullptr);
    } else {
      property["type"] = told ? Json::array({type, "null"}) : Json(type);
      if (slot.form == SlotForm::list) property["items"] = {{"type", "string"}};
    }
    if (!slot.telling_key || random.chance(0.6)) property["description"] = slot.meaning;
    properties[slot.key] = std::move(property);
    required.push_back(slot.key);
  }
  Json schema = {{"type", "object"}, {"properties", std::move(properties)}};
  if (random.chance(0.4)) schema["required"] = std::move(required);
  return to_line(schema);
}

std::string lines(Random& random, const std::vector<SchemaSlot>& slots) {
  static constexpr std::array<const char*, 4> kBefore = {"- ", "", "* ", "- "},
                                              kBehind = {": ", ": ", " - ", " = "};
  const std::uint64_t style = random.below(kBefore.size());
  std::string text;
  for (const SchemaSlot& slot : slots)
    text += std::string("\n") + kBefore[style] + slot.key + kBehind[style] + description(random, slot);
  return text;
}

std::string prose(Random& random, const std::vector<SchemaSlot>& slots) {
  std::string text;
  for (const SchemaSlot& slot : slots)
    text += (text.empty() ? "" : "; ") + slot.key + ": " + description(random, slot);
  return text;
}

}  // namespace

std::string schema_text(Words& words, const std::vector<SchemaSlot>& slots) {
  Random& random = words.random();
  const bool telling =
      std::all_of(slots.begin(), slots.end(), [](const SchemaSlot& slot) { return slot.telling_key; });
  const std::uint64_t form = random.below(20);
  // As prompt/signature.h writes it, without a full stop behind it.
  if (form < 10) return "Answer with JSON: " + inline_json(random, slots);
  if (form < 12) {
    static constexpr std::array<const char*, 3> kLines = {
        "Answer with a JSON object with these keys:", "Answer with JSON. The keys are:", "Fields:"};
    return pick(random, kLines) + lines(random, slots);
  }
  if (form < 15) {
    static constexpr std::array<const char*, 3> kSchemas = {
        "Answer with JSON that follows this schema: ", "JSON Schema of the answer: ",
        "The answer is an object of this JSON Schema: "};
    return pick(random, kSchemas) + json_schema(random, slots);
  }
  if (form < 18 && telling) return "Answer with JSON of this form: " + inline_types(random, slots);
  static constexpr std::array<const char*, 3> kProse = {
      "Answer with JSON with the keys ", "Give a JSON object. Its keys are ", "Reply in JSON with "};
  return pick(random, kProse) + prose(random, slots) + ".";
}

}  // namespace fulcrum
