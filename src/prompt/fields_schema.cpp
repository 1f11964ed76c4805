#include "prompt/fields_schema.h"

#include "base/json.h"

namespace fulcrum {

std::string fields_schema(const std::vector<Field>& fields) {
  Json properties = Json::object(), required = Json::array();
  for (const Field& field : fields) {
    const bool is_list = field.type == FieldType::text_list;
    const std::string_view type = field.type == FieldType::text ? "string" : to_string(field.type);
    Json property = {{"type", Json::array({is_list ? "array" : std::string(type), "null"})}};
    if (is_list) property["items"] = {{"type", "string"}};
    properties[field.key] = std::move(property);
    required.push_back(field.key);
  }
  return to_line({{"type", "object"},
                  {"properties", std::move(properties)},
                  {"required", std::move(required)},
                  {"additionalProperties", false}});
}

}  // namespace fulcrum
