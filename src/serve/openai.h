// The wire format of /v1/chat/completions and /v1/models: JSON to a ChatCall, and answers back to JSON.
//
// What is not supported is refused by name, never silently ignored: a caller that asks for tools or for n = 3
// learns so from a 400. Source: OpenAI's published OpenAPI document.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"
#include "text/lm.h"

namespace fulcrum {

struct ChatCall {
  std::string model;
  std::vector<Message> messages;
  // What the caller asked for over what the recipe was measured with; absent: as measured.
  std::optional<int> max_tokens;
  std::optional<double> temperature;
  std::optional<double> top_p;
  std::optional<std::uint64_t> seed;
  std::vector<std::string> stop;
  std::string json_schema;  // from response_format: what the answer is held to; empty: nothing
  bool stream = false;
  bool include_usage = false;  // stream_options.include_usage
};

// Error invalid_argument or unsupported; the text starts with the name of the parameter: "messages[2].role:
// ...".
ChatCall parse_chat_call(std::string_view body);

// Where an answer's figures come from, for clients that want to follow them.
struct AnswerOrigin {
  std::string recipe_sha256;
  std::string evidence;              // id of the evidence folder; may be empty
  std::vector<std::string> sources;  // "documents/gift-cards.md#0-180"
};

struct ChatAnswer {
  std::string text;
  FinishReason finish_reason = FinishReason::stop;
  Usage usage;
  double seconds = 0;
  AnswerOrigin origin;
};

Json completion_json(const std::string& id, std::int64_t created, const std::string& model,
                     const ChatAnswer& answer);

// One chunk of a stream. first: carries the role; text: a piece of content; last: carries the finish reason.
Json first_chunk_json(const std::string& id, std::int64_t created, const std::string& model);
Json text_chunk_json(const std::string& id, std::int64_t created, const std::string& model,
                     std::string_view text);
Json last_chunk_json(const std::string& id, std::int64_t created, const std::string& model,
                     const ChatAnswer& answer);
Json usage_chunk_json(const std::string& id, std::int64_t created, const std::string& model,
                      const Usage& usage);

struct ServedModel {
  std::string id;
  std::int64_t created = 0;  // seconds since 1970
  std::string owner;         // "fulcrum"
  std::string recipe_sha256;
};
Json model_json(const ServedModel& model);
Json model_list_json(const std::vector<ServedModel>& models);

// {"error": {"message", "type", "param", "code"}} and the HTTP status of an Error: the one place where codes
// map to it.
Json error_json(const Error& error);
int http_status(ErrorCode code);

}  // namespace fulcrum
