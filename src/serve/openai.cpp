#include "serve/openai.h"

#include <array>

#include "base/json.h"
#include "base/unicode.h"
#include "text/json_automaton.h"

namespace fulcrum {
namespace {

// Keys that change nothing about the answer and may be ignored without misleading anyone.
constexpr std::array<std::string_view, 8> kHarmless = {"user",
                                                       "metadata",
                                                       "store",
                                                       "service_tier",
                                                       "safety_identifier",
                                                       "prompt_cache_key",
                                                       "parallel_tool_calls",
                                                       "stream_options"};
constexpr std::array<std::string_view, 11> kKnown = {
    "model", "messages", "max_tokens", "max_completion_tokens", "temperature", "top_p", "seed",
    "stop",  "stream",   "n",          "response_format"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
  for (const std::string_view each : names) {
    if (each == name) return true;
  }
  return false;
}

double number_between(const Json& value, std::string_view name, double low, double high) {
  if (!value.is_number())
    throw_error(ErrorCode::invalid_argument, "{}: expected a number, found {}", name, value.type_name());
  const double number = value.get<double>();
  if (!(number >= low && number <= high)) {
    throw_error(ErrorCode::invalid_argument, "{}: expected a number from {} to {}, found {}", name, low, high,
                number);
  }
  return number;
}

int positive_integer(const Json& value, std::string_view name) {
  if (!value.is_number_integer() || value.get<std::int64_t>() < 1 || value.get<std::int64_t>() > 1'000'000) {
    throw_error(ErrorCode::invalid_argument, "{}: expected an integer from 1 to 1000000, found {}", name,
                value.dump());
  }
  return value.get<int>();
}

// "content" is a string, or an array of text parts that are joined.
std::string read_content(const Json& content, const std::string& name) {
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array()) {
    throw_error(ErrorCode::invalid_argument, "{}: expected a string or an array of text parts, found {}",
                name, content.type_name());
  }
  std::string text;
  for (std::size_t i = 0; i < content.size(); ++i) {
    const Json& part = content[i];
    if (!part.is_object() || !part.contains("type") || part["type"] != "text" || !part.contains("text") ||
        !part["text"].is_string()) {
      throw_error(ErrorCode::unsupported, "{}[{}]: only parts of type \"text\" are read here", name, i);
    }
    text += part["text"].get<std::string>();
  }
  return text;
}

std::vector<Message> read_messages(const Json& value) {
  if (!value.is_array() || value.empty()) {
    throw_error(ErrorCode::invalid_argument, "messages: expected a non-empty array of messages");
  }
  std::vector<Message> messages;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const std::string name = fmt::format("messages[{}]", i);
    const Json& message = value[i];
    if (!message.is_object()) throw_error(ErrorCode::invalid_argument, "{}: expected an object", name);
    if (!message.contains("role") || !message["role"].is_string()) {
      throw_error(ErrorCode::invalid_argument, "{}.role: expected \"system\", \"user\" or \"assistant\"",
                  name);
    }
    std::string role = message["role"].get<std::string>();
    if (role == "developer") role = "system";  // OpenAI's newer word for the same thing
    if (role != "system" && role != "user" && role != "assistant") {
      throw_error(ErrorCode::invalid_argument,
                  "{}.role: expected \"system\", \"user\" or \"assistant\", found \"{}\"", name, role);
    }
    if (!message.contains("content")) throw_error(ErrorCode::invalid_argument, "{}.content: missing", name);
    messages.push_back({role, read_content(message["content"], name + ".content")});
    if (find_invalid_utf8(messages.back().content)) {
      throw_error(ErrorCode::invalid_argument, "{}.content: this is not UTF-8", name);
    }
  }
  return messages;
}

std::vector<std::string> read_stop(const Json& value) {
  if (value.is_string() && !value.get_ref<const std::string&>().empty()) return {value.get<std::string>()};
  if (value.is_null()) return {};
  if (!value.is_array() || value.size() > 4) {
    throw_error(ErrorCode::invalid_argument,
                "stop: expected a string or an array of at most 4 strings, none empty");
  }
  std::vector<std::string> stop;
  for (const Json& each : value) {
    if (!each.is_string() || each.get_ref<const std::string&>().empty())
      throw_error(ErrorCode::invalid_argument, "stop: expected strings that are not empty, found {}",
                  each.dump());
    stop.push_back(each.get<std::string>());
  }
  return stop;
}

// The JSON Schema that the format stands for; empty for plain text. Compiled once here, so that a schema that
// cannot be held to is an error of this parameter.
std::string read_response_format(const Json& value) {
  const std::string type = value.is_object() && value.contains("type") && value["type"].is_string()
                               ? value["type"].get<std::string>()
                               : std::string();
  if (type == "text") return {};
  if (type == "json_object") return to_line(any_object_schema());
  if (type != "json_schema") {
    throw_error(
        ErrorCode::invalid_argument,
        "response_format: expected an object whose type is \"text\", \"json_object\" or \"json_schema\"");
  }
  constexpr std::string_view kPlace = "response_format.json_schema.schema";
  const Json format = value.value("json_schema", Json());
  if (!format.is_object() || !format.contains("schema"))
    throw_error(ErrorCode::invalid_argument, "{}: missing", kPlace);
  with_context(kPlace, [&] { return json_automaton(format["schema"]); });
  return to_line(format["schema"]);
}

bool read_flag(const Json& call, const char* name) {
  const auto found = call.find(name);
  if (found == call.end() || found->is_null()) return false;
  if (!found->is_boolean()) throw_error(ErrorCode::invalid_argument, "{}: expected true or false", name);
  return found->get<bool>();
}

std::string_view finish_word(FinishReason reason) {
  return reason == FinishReason::length ? "length" : "stop";
}

Json usage_json(const Usage& usage) {
  return {{"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
          {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens}}}};
}

Json origin_json(const ChatAnswer& answer) {
  return {{"recipe_sha256", answer.origin.recipe_sha256},
          {"evidence", answer.origin.evidence},
          {"sources", answer.origin.sources},
          {"seconds", answer.seconds}};
}

Json chunk_json(const std::string& id, std::int64_t created, const std::string& model, Json delta,
                Json finish_reason) {
  return {{"id", id},
          {"object", "chat.completion.chunk"},
          {"created", created},
          {"model", model},
          {"choices", Json::array({{{"index", 0},
                                    {"delta", std::move(delta)},
                                    {"logprobs", nullptr},
                                    {"finish_reason", std::move(finish_reason)}}})}};
}

// Colons outside of strings.
std::size_t count_keys(std::string_view json) {
  std::size_t keys = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '"') in_text = !in_text;
    if (in_text && json[i] == '\\') ++i;  // what is escaped ends nothing
    if (i >= json.size()) break;
    keys += !in_text && json[i] == ':';
  }
  return keys;
}

// A body that is not JSON is the caller's fault, whatever a file of that kind would be; and the keys of an
// object are looked through for each new one.
Json parse_body(std::string_view body) {
  constexpr std::size_t kMostKeys = 10'000;
  if (count_keys(body) > kMostKeys)
    throw_error(ErrorCode::too_large, "the request body: more than {} keys", kMostKeys);
  try {
    return parse_json(body, "the request body");
  } catch (const Error& error) {
    if (error.code() != ErrorCode::corrupt) throw;
    throw Error(ErrorCode::invalid_argument, error.what());
  }
}

}  // namespace

ChatCall parse_chat_call(std::string_view body) {
  const Json call = parse_body(body);
  if (!call.is_object()) throw_error(ErrorCode::invalid_argument, "the request body: expected a JSON object");
  for (const auto& [key, value] : call.items()) {
    // A penalty of 0 and logprobs of false ask for nothing.
    const bool asks_nothing = value.is_null() || value == false || (value.is_number() && value == 0);
    if (asks_nothing || contains(kKnown, key) || contains(kHarmless, key)) continue;
    throw_error(ErrorCode::unsupported, "{}: not supported here; leave it out", key);
  }
  ChatCall result;
  if (!call.contains("model") || !call["model"].is_string()) {
    throw_error(ErrorCode::invalid_argument, "model: missing; GET /v1/models lists the names");
  }
  result.model = call["model"].get<std::string>();
  result.messages = read_messages(call.value("messages", Json()));
  const auto given = [&call](const char* name) { return call.contains(name) && !call[name].is_null(); };
  if (given("n") && call["n"] != 1)
    throw_error(ErrorCode::unsupported, "n: only 1 answer a call is given here");
  if (given("max_tokens")) result.max_tokens = positive_integer(call["max_tokens"], "max_tokens");
  if (given("max_completion_tokens")) {
    result.max_tokens = positive_integer(call["max_completion_tokens"], "max_completion_tokens");
  }
  if (given("temperature")) result.temperature = number_between(call["temperature"], "temperature", 0, 2);
  if (given("top_p")) {
    result.top_p = number_between(call["top_p"], "top_p", 0, 1);
    if (result.top_p <= 0)
      throw_error(ErrorCode::invalid_argument, "top_p: expected a number above 0, up to 1");
    // Whoever cuts the distribution wants to draw from it.
    if (!result.temperature) result.temperature = 1.0;
  }
  if (given("seed")) {
    if (!call["seed"].is_number_integer())
      throw_error(ErrorCode::invalid_argument, "seed: expected an integer");
    result.seed = static_cast<std::uint64_t>(call["seed"].get<std::int64_t>());
  }
  if (given("stop")) result.stop = read_stop(call["stop"]);
  if (given("response_format")) result.json_schema = read_response_format(call["response_format"]);
  result.stream = read_flag(call, "stream");
  if (given("stream_options")) {
    if (!call["stream_options"].is_object())
      throw_error(ErrorCode::invalid_argument, "stream_options: expected an object");
    result.include_usage = read_flag(call["stream_options"], "include_usage");
  }
  return result;
}

Json completion_json(const std::string& id, std::int64_t created, const std::string& model,
                     const ChatAnswer& answer) {
  return {{"id", id},
          {"object", "chat.completion"},
          {"created", created},
          {"model", model},
          {"choices",
           Json::array({{{"index", 0},
                         {"message", {{"role", "assistant"}, {"content", answer.text}, {"refusal", nullptr}}},
                         {"logprobs", nullptr},
                         {"finish_reason", finish_word(answer.finish_reason)}}})},
          {"usage", usage_json(answer.usage)},
          {"fulcrum", origin_json(answer)}};
}

Json first_chunk_json(const std::string& id, std::int64_t created, const std::string& model) {
  return chunk_json(id, created, model, {{"role", "assistant"}, {"content", ""}}, nullptr);
}

Json text_chunk_json(const std::string& id, std::int64_t created, const std::string& model,
                     std::string_view text) {
  return chunk_json(id, created, model, {{"content", text}}, nullptr);
}

Json last_chunk_json(const std::string& id, std::int64_t created, const std::string& model,
                     const ChatAnswer& answer) {
  Json chunk = chunk_json(id, created, model, Json::object(), finish_word(answer.finish_reason));
  chunk["fulcrum"] = origin_json(answer);
  return chunk;
}

Json usage_chunk_json(const std::string& id, std::int64_t created, const std::string& model,
                      const Usage& usage) {
  return {{"id", id},       {"object", "chat.completion.chunk"}, {"created", created},
          {"model", model}, {"choices", Json::array()},          {"usage", usage_json(usage)}};
}

Json model_json(const ServedModel& model) {
  return {{"id", model.id},
          {"object", "model"},
          {"created", model.created},
          {"owned_by", model.owner},
          {"fulcrum", {{"recipe_sha256", model.recipe_sha256}}}};
}

Json model_list_json(const std::vector<ServedModel>& models) {
  Json data = Json::array();
  for (const ServedModel& model : models) data.push_back(model_json(model));
  return {{"object", "list"}, {"data", std::move(data)}};
}

int http_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::unsupported:
      return 400;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::too_large:
      return 413;
    case ErrorCode::cancelled:
      return 499;
    case ErrorCode::corrupt:  // a file of this server's, not the body
    case ErrorCode::io:
    case ErrorCode::internal:
      return 500;
  }
  return 500;
}

Json error_json(const Error& error) {
  const std::string_view message = error.what();
  // Messages of parse_chat_call start with the parameter they are about.
  Json param = nullptr;
  const auto colon = message.find(": ");
  const std::string_view head = message.substr(0, colon == std::string_view::npos ? 0 : colon);
  if (!head.empty() && head.find(' ') == std::string_view::npos) param = head;
  const int status = http_status(error.code());
  return {{"error",
           {{"message", message},
            {"type", status >= 500 ? "server_error" : "invalid_request_error"},
            {"param", std::move(param)},
            {"code", to_string(error.code())}}}};
}

}  // namespace fulcrum
