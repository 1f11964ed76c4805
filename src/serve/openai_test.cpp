#include "serve/openai.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace fulcrum {
namespace {

std::string refusal(const std::string& body) {
  try {
    parse_chat_call(body);
  } catch (const Error& error) {
    return std::string(to_string(error.code())) + " " + error.what();
  }
  return "accepted";
}

TEST(OpenAi, ReadsAFullCall) {
  const ChatCall call = parse_chat_call(R"({"model": "triage", "messages": [
      {"role": "developer", "content": "Be brief."},
      {"role": "user", "content": [{"type": "text", "text": "Hello "}, {"type": "text", "text": "there"}]}],
      "max_completion_tokens": 12, "temperature": 0.5, "top_p": 0.9, "seed": 7, "stop": ["\n", "END"],
      "stream": true, "stream_options": {"include_usage": true}, "user": "someone", "tools": null})");
  EXPECT_EQ(call.model, "triage");
  EXPECT_EQ(call.messages, (std::vector<Message>{{"system", "Be brief."}, {"user", "Hello there"}}));
  EXPECT_EQ(call.max_tokens, 12);
  EXPECT_EQ(call.temperature, 0.5);
  EXPECT_EQ(call.top_p, 0.9);
  EXPECT_EQ(call.seed, 7u);
  EXPECT_EQ(call.stop, (std::vector<std::string>{"\n", "END"}));
  EXPECT_TRUE(call.stream);
  EXPECT_TRUE(call.include_usage);
}

TEST(OpenAi, ReadsTheFormatOfTheAnswer) {
  const auto schema_of = [](const std::string& format) {
    return parse_chat_call(
               R"({"model": "m", "messages": [{"role": "user", "content": "x"}], "response_format": )" +
               format + "}")
        .json_schema;
  };
  EXPECT_EQ(schema_of("null"), "");
  EXPECT_EQ(schema_of(R"({"type": "text"})"), "");
  EXPECT_EQ(schema_of(R"({"type": "json_object"})"), R"({"type":"object"})");
  EXPECT_EQ(schema_of(R"({"type": "json_schema", "json_schema": {"name": "n", "strict": true,
                          "schema": {"type": "array", "items": {"type": "integer"}}}})"),
            R"({"type":"array","items":{"type":"integer"}})");
}

TEST(OpenAi, RefusesByName) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"messages": [{"role": "user", "content": "x"}]})", "invalid_argument model: missing"},
      {R"({"model": "m", "messages": []})", "invalid_argument messages: expected a non-empty"},
      {R"({"model": "m", "messages": [{"role": "robot", "content": "x"}]})", "found \"robot\""},
      {R"({"model": "m", "messages": [{"role": "user"}]})", "messages[0].content: missing"},
      {R"({"model": "m", "messages": [{"role": "user", "content": "x"}], "n": 3})", "unsupported n: only 1"},
      {R"({"model": "m", "messages": [{"role": "user", "content": "x"}], "tools": []})",
       "unsupported tools: not supported"},
      {R"({"model": "m", "messages": [{"role": "user", "content": "x"}], "temperature": 9})",
       "temperature: expected a number from 0 to 2"},
      {R"({"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]})",
       "unsupported messages[0].content[0]"},
      {R"({"model": "m", "messages": [{"role": "user", "content": "x"}], "response_format": {"type": "xml"}})",
       "invalid_argument response_format: expected"},
      {R"({"model": "m", "messages": [{"role": "user", "content": "x"}],
           "response_format": {"type": "json_schema", "json_schema": {"name": "a"}}})",
       "invalid_argument response_format.json_schema.schema: missing"},
      {R"({"model": "m", "messages": [{"role": "user", "content": "x"}], "response_format": {"type": "json_schema",
           "json_schema": {"name": "a", "schema": {"properties": {"b": {"type": "string", "pattern": "c"}}}}}})",
       "unsupported response_format.json_schema.schema: compiling a JSON Schema: an answer cannot be held to "
       "the "
       "keyword \"pattern\" at /properties/b"},
      {"{", "invalid_argument reading the request body"},
  };
  for (const auto& [body, expected] : cases)
    EXPECT_NE(refusal(body).find(expected), std::string::npos) << refusal(body);
}

TEST(OpenAi, WhatAsksForNothingIsPassedOverAndWhatDrawsDraws) {
  const std::string start = R"({"model": "m", "messages": [{"role": "user", "content": "x"}])";
  EXPECT_NO_THROW(parse_chat_call(start + R"(, "frequency_penalty": 0, "logprobs": false})"));
  EXPECT_THROW(parse_chat_call(start + R"(, "frequency_penalty": 0.5})"), Error);
  EXPECT_EQ(parse_chat_call(start + R"(, "top_p": 0.9})").temperature, 1.0);
  EXPECT_EQ(parse_chat_call(start + R"(, "top_p": 0.9, "temperature": 0})").temperature, 0.0);
  EXPECT_THROW(parse_chat_call(start + R"(, "top_p": 0})"), Error);
  EXPECT_THROW(parse_chat_call(start + R"(, "stop": ""})"), Error);
  EXPECT_THROW(parse_chat_call(start + R"(, "stop": ["a", ""]})"), Error);
  // Colons of a text are no keys; twenty thousand keys are too many.
  EXPECT_NO_THROW(parse_chat_call(R"({"model": "m", "messages": [{"role": "user", "content": "\"a)" +
                                  std::string(30000, ':') + R"("}]})"));
  std::string many = "{";
  for (int i = 0; i < 20000; ++i) many += fmt::format("\"{}\":0,", i);
  EXPECT_THROW(parse_chat_call(many + "\"z\":0}"), Error);
}

TEST(OpenAi, ErrorsNameTheParameterAndTheStatus) {
  const Json named = error_json(Error(ErrorCode::unsupported, "n: only 1 answer a call is given here"));
  EXPECT_EQ(named["error"]["param"], "n");
  EXPECT_EQ(named["error"]["type"], "invalid_request_error");
  const Json other = error_json(Error(ErrorCode::io, "reading a file: no"));
  EXPECT_TRUE(other["error"]["param"].is_null());
  EXPECT_EQ(other["error"]["type"], "server_error");
  EXPECT_EQ(http_status(ErrorCode::not_found), 404);
  EXPECT_EQ(http_status(ErrorCode::too_large), 413);
}

TEST(OpenAi, AnswersHaveTheShapeClientsRead) {
  ChatAnswer answer;
  answer.text = "transit";
  answer.usage = {40, 32, 3};
  answer.origin.recipe_sha256 = "ab";
  const Json whole = completion_json("chatcmpl-1", 5, "triage", answer);
  EXPECT_EQ(whole["object"], "chat.completion");
  EXPECT_EQ(whole["choices"][0]["message"]["content"], "transit");
  EXPECT_EQ(whole["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(whole["usage"]["total_tokens"], 43);
  EXPECT_EQ(whole["usage"]["prompt_tokens_details"]["cached_tokens"], 32);
  EXPECT_EQ(whole["fulcrum"]["recipe_sha256"], "ab");
  EXPECT_EQ(first_chunk_json("c", 5, "m")["choices"][0]["delta"]["role"], "assistant");
  EXPECT_EQ(text_chunk_json("c", 5, "m", "tra")["choices"][0]["delta"]["content"], "tra");
  EXPECT_EQ(last_chunk_json("c", 5, "m", answer)["choices"][0]["finish_reason"], "stop");
  EXPECT_TRUE(usage_chunk_json("c", 5, "m", answer.usage)["choices"].empty());
}

}  // namespace
}  // namespace fulcrum
