#include "serve/http_server.h"

#include <gtest/gtest.h>
#include <httplib.h>

#include <thread>

#include "base/json.h"

namespace fulcrum {
namespace {

// Answers with the last message, word by word.
class Echo : public ChatService {
 public:
  std::vector<ServedModel> models() const override { return {{"echo", 1, "fulcrum", "ab"}}; }
  ChatAnswer answer(const ChatCall& call, const std::function<void(std::string_view)>& on_text,
                    const CancelToken&) override {
    if (call.model != "echo") throw_error(ErrorCode::not_found, "there is no model '{}'", call.model);
    ChatAnswer answer;
    answer.text = call.messages.back().content;
    answer.usage = {5, 0, 2};
    if (on_text) {
      const auto half = answer.text.size() / 2;
      on_text(std::string_view(answer.text).substr(0, half));
      on_text(std::string_view(answer.text).substr(half));
    }
    return answer;
  }
};

class HttpServerTest : public testing::Test {
 protected:
  void start(ServerOptions options = {}) {
    options.port = 0;
    server_ = std::make_unique<HttpServer>(echo_, options);
    thread_ = std::thread([this] { server_->run(); });
    client_ = std::make_unique<httplib::Client>("127.0.0.1", server_->port());
    for (int attempt = 0; attempt < 100 && !client_->Get("/health"); ++attempt) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  void TearDown() override {
    if (server_) server_->stop();
    if (thread_.joinable()) thread_.join();
  }
  static std::string body(const std::string& model, const std::string& more = "") {
    return R"({"model": ")" + model + R"(", "messages": [{"role": "user", "content": "good day"}])" + more +
           "}";
  }

  Echo echo_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<httplib::Client> client_;
  std::thread thread_;
};

TEST_F(HttpServerTest, ListsModelsAndAnswers) {
  start();
  const auto models = client_->Get("/v1/models");
  ASSERT_TRUE(models);
  EXPECT_EQ(parse_json(models->body, "models")["data"][0]["id"], "echo");
  EXPECT_EQ(client_->Get("/v1/models/echo")->status, 200);
  EXPECT_EQ(client_->Get("/v1/models/other")->status, 404);
  const auto answer = client_->Post("/v1/chat/completions", body("echo"), "application/json");
  ASSERT_TRUE(answer);
  EXPECT_EQ(parse_json(answer->body, "answer")["choices"][0]["message"]["content"], "good day");
}

TEST_F(HttpServerTest, StreamsTheSameText) {
  start();
  const auto answer = client_->Post(
      "/v1/chat/completions", body("echo", R"(, "stream": true, "stream_options": {"include_usage": true})"),
      "application/json");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->get_header_value("Content-Type"), "text/event-stream");
  std::string text;
  std::size_t start_of_event = 0, events = 0;
  for (std::size_t end; (end = answer->body.find("\n\n", start_of_event)) != std::string::npos;
       start_of_event = end + 2) {
    const std::string event = answer->body.substr(start_of_event + 6, end - start_of_event - 6);
    ++events;
    if (event == "[DONE]") break;
    const Json chunk = parse_json(event, "chunk");
    if (!chunk["choices"].empty() && chunk["choices"][0]["delta"].contains("content")) {
      text += chunk["choices"][0]["delta"]["content"].get<std::string>();
    }
  }
  EXPECT_EQ(text, "good day");
  EXPECT_EQ(events, 6u);  // role, two pieces, end, usage, [DONE]
}

TEST_F(HttpServerTest, ErrorsAreJsonWithTheRightStatus) {
  start();
  EXPECT_EQ(client_->Post("/v1/chat/completions", body("nobody"), "application/json")->status, 404);
  EXPECT_EQ(client_->Post("/v1/chat/completions", body("nobody", R"(, "stream": true)"), "application/json")
                ->status,
            404);
  EXPECT_EQ(client_->Post("/v1/chat/completions", "{", "application/json")->status, 400);
  const auto missing = client_->Get("/v2/other");
  EXPECT_EQ(missing->status, 404);
  EXPECT_TRUE(parse_json(missing->body, "error")["error"].contains("message"));
}

TEST_F(HttpServerTest, LimitsTheBody) {
  ServerOptions options;
  options.body_limit_bytes = 1000;
  start(options);
  const auto answer = client_->Post("/v1/chat/completions", std::string(5000, ' '), "application/json");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 413);
}

TEST_F(HttpServerTest, TheLimitHoldsForBodiesThatDoNotTellTheirLength) {
  ServerOptions options;
  options.body_limit_bytes = 1000;
  start(options);
  const auto pieces = [](std::size_t left) {
    return [left](std::size_t, httplib::DataSink& sink) mutable {
      const std::string piece(100, ' ');
      if (left == 0) {
        sink.done();
        return true;
      }
      --left;
      return sink.write(piece.data(), piece.size());
    };
  };
  const auto large =
      client_->Post("/v1/chat/completions", httplib::Headers{}, pieces(50), "application/json");
  ASSERT_TRUE(large);
  EXPECT_EQ(large->status, 413);
  EXPECT_EQ(client_->Post("/v1/other", "x", "application/json")->status, 404);
}

TEST_F(HttpServerTest, ReadsALongBodyWhateverItIsCalled) {
  start();
  const std::string text(9000, 'a');
  const auto answer =
      client_->Post("/v1/chat/completions",
                    R"({"model": "echo", "messages": [{"role": "user", "content": ")" + text + R"("}]})",
                    "application/x-www-form-urlencoded");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
}

TEST_F(HttpServerTest, APortThatIsServedIsNotServedTwice) {
  start();
  ServerOptions options;
  options.port = server_->port();
  EXPECT_THROW(HttpServer(echo_, options), Error);
}

TEST_F(HttpServerTest, RefusesForeignHostsAndMissingTokens) {
  ServerOptions options;
  options.token = "secret";
  start(options);
  EXPECT_EQ(client_->Get("/v1/models")->status, 401);
  EXPECT_EQ(client_->Get("/v1/models", {{"Authorization", "Bearer wrong"}})->status, 401);
  EXPECT_EQ(client_->Get("/v1/models", {{"Authorization", "Bearer secret"}})->status, 200);
  EXPECT_EQ(
      client_->Get("/v1/models", {{"Host", "evil.example"}, {"Authorization", "Bearer secret"}})->status,
      403);
  for (const auto& [host, status] : std::vector<std::pair<std::string, int>>{{"127.evil.example", 403},
                                                                             {"127.0.0.1:80", 200},
                                                                             {"[::1]", 200},
                                                                             {"[::1]:80", 200},
                                                                             {"localhost", 200}})
    EXPECT_EQ(client_->Get("/v1/models", {{"Host", host}, {"Authorization", "Bearer secret"}})->status,
              status)
        << host;
}

TEST(HttpServerOptions, APublicAddressNeedsAToken) {
  Echo echo;
  ServerOptions options;
  options.host = "0.0.0.0";
  EXPECT_THROW(HttpServer(echo, options), Error);
}

}  // namespace
}  // namespace fulcrum
