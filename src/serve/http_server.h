// The HTTP side: routes, limits and streaming around a ChatService. Knows no recipe and no model.
//
//   GET  /v1/models, /v1/models/NAME     POST /v1/chat/completions     GET /health
//
// Loopback unless told otherwise; any other address needs a bearer token. Requests whose Host header is not
// the address listened on are refused, so that a web page cannot reach the server by DNS rebinding. No path
// comes from the network.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "serve/openai.h"

namespace fulcrum {

// Whoever answers. Safe to call from several threads. Errors map to HTTP statuses by http_status().
class ChatService {
 public:
  virtual ~ChatService() = default;
  virtual std::vector<ServedModel> models() const = 0;
  // on_text: pieces of the answer as they come, in order; together they are the answer's text.
  // Error(not_found) for an unknown model.
  virtual ChatAnswer answer(const ChatCall& call, const std::function<void(std::string_view)>& on_text,
                            const CancelToken& cancel) = 0;
};

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 8080;    // 0: any free one, see HttpServer::port()
  std::string token;  // required as "Authorization: Bearer TOKEN" if not empty
  std::size_t body_limit_bytes = std::size_t{4} << 20;
  int threads = 64;  // connections at a time; one that waits for its answer, or says nothing, holds one
};

class HttpServer {
 public:
  // Binds at once: Error(io) if the address is taken, Error(invalid_argument) for a public address without a
  // token.
  HttpServer(ChatService& service, ServerOptions options);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  int port() const;
  void run();  // serves until stop()
  bool is_running() const;
  void stop();  // from any thread, once it runs; answers that are not finished are cancelled

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace fulcrum
