#include "serve/http_server.h"

#include <httplib.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "base/hash.h"
#include "base/json.h"
#include "base/random.h"

namespace fulcrum {
namespace {

std::int64_t seconds_since_1970() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void send_error(httplib::Response& response, const Error& error) {
  response.status = http_status(error.code());
  response.set_content(to_line(error_json(error)), "application/json");
}

// Runs a handler; whatever it throws becomes an answer, never a dropped connection.
template <typename Handler>
void guarded(httplib::Response& response, Handler&& handler) {
  try {
    handler();
  } catch (const Error& error) {
    send_error(response, error);
  } catch (const std::exception& failure) {
    send_error(response, Error(ErrorCode::internal, failure.what()));
  }
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

// The same time whatever differs, so that a token cannot be guessed byte by byte.
bool same_secret(std::string_view a, std::string_view b) {
  return sha256(a) == sha256(b);
}

// An answer that is being written on another thread, handed over piece by piece.
class AnswerStream {
 public:
  void push(std::string event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    changed_.notify_one();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_one();
  }
  // The next event, or nothing once the stream is closed and empty.
  std::optional<std::string> pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || !events_.empty(); });
    if (events_.empty()) return std::nullopt;
    std::string event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> events_;
  bool closed_ = false;
};

std::string event_of(const Json& chunk) {
  return "data: " + to_line(chunk) + "\n\n";
}

}  // namespace

struct HttpServer::State {
  ChatService& service;
  ServerOptions options;
  httplib::Server http;
  int port = 0;
  CancelToken stopping;
  std::atomic<std::uint64_t> answers{0};

  State(ChatService& chat_service, ServerOptions server_options)
      : service(chat_service), options(std::move(server_options)) {}

  std::string next_id() {
    return fmt::format("chatcmpl-{:x}{:06x}", seconds_since_1970(), answers.fetch_add(1) & 0xffffff);
  }

  // Answers true if the request may go on.
  bool admit(const httplib::Request& request, httplib::Response& response) const {
    const std::string host = request.get_header_value("Host");
    const std::string name =
        host.substr(0, host.rfind(':') == std::string::npos ? host.size() : host.rfind(':'));
    if (is_loopback(options.host) && !is_loopback(name) && name != "[::1]") {
      response.status = 403;
      response.set_content(to_line(error_json(Error(ErrorCode::invalid_argument,
                                                    "the Host header is not this server's address"))),
                           "application/json");
      return false;
    }
    if (!options.token.empty() &&
        !same_secret(request.get_header_value("Authorization"), "Bearer " + options.token)) {
      response.status = 401;
      response.set_content(
          to_line(error_json(
              Error(ErrorCode::invalid_argument, "a bearer token is needed: Authorization: Bearer TOKEN"))),
          "application/json");
      return false;
    }
    return true;
  }

  void answer_whole(const ChatCall& call, httplib::Response& response) {
    const ChatAnswer answer = service.answer(call, {}, stopping);
    response.set_content(to_line(completion_json(next_id(), seconds_since_1970(), call.model, answer)),
                         "application/json");
  }

  // The first event is fetched before the headers go out, so that an error still gets its own status.
  void answer_streamed(const ChatCall& call, httplib::Response& response) {
    struct Running {
      AnswerStream stream;
      CancelToken cancel;
      std::thread worker;
      std::optional<Error> failure;
      ~Running() {
        cancel.cancel();
        if (worker.joinable()) worker.join();
      }
    };
    auto running = std::make_shared<Running>();
    const std::string id = next_id();
    const std::int64_t created = seconds_since_1970();
    running->worker = std::thread([this, call, id, created, state = running.get()] {
      bool begun = false;
      const auto begin = [&] {
        if (!begun) state->stream.push(event_of(first_chunk_json(id, created, call.model)));
        begun = true;
      };
      try {
        const ChatAnswer answer = service.answer(
            call,
            [&](std::string_view text) {
              begin();
              stopping.check("answering");
              state->stream.push(event_of(text_chunk_json(id, created, call.model, text)));
            },
            state->cancel);
        begin();
        state->stream.push(event_of(last_chunk_json(id, created, call.model, answer)));
        if (call.include_usage)
          state->stream.push(event_of(usage_chunk_json(id, created, call.model, answer.usage)));
        state->stream.push("data: [DONE]\n\n");
      } catch (const Error& error) {
        state->failure = error;
        if (begun) state->stream.push(event_of(error_json(error)));
      } catch (const std::exception& failure) {
        state->failure = Error(ErrorCode::internal, failure.what());
        if (begun) state->stream.push(event_of(error_json(*state->failure)));
      }
      state->stream.close();
    });
    std::optional<std::string> first = running->stream.pop();
    if (!first) {
      running->worker.join();
      throw running->failure.value_or(Error(ErrorCode::internal, "the answer ended before it began"));
    }
    response.set_chunked_content_provider(
        "text/event-stream",
        [running, pending = std::move(first)](std::size_t, httplib::DataSink& sink) mutable {
          std::optional<std::string> event = pending ? std::move(pending) : running->stream.pop();
          pending.reset();
          if (!event) {
            sink.done();
            return true;
          }
          return sink.write(event->data(), event->size());
        });
  }

  void add_routes() {
    http.Get("/health", [](const httplib::Request&, httplib::Response& response) {
      response.set_content(R"({"status":"ok"})", "application/json");
    });
    http.Get("/v1/models", [this](const httplib::Request& request, httplib::Response& response) {
      if (!admit(request, response)) return;
      guarded(response,
              [&] { response.set_content(to_line(model_list_json(service.models())), "application/json"); });
    });
    http.Get(R"(/v1/models/([^/]+))", [this](const httplib::Request& request, httplib::Response& response) {
      if (!admit(request, response)) return;
      guarded(response, [&] {
        for (const ServedModel& model : service.models()) {
          if (model.id == request.matches[1].str()) {
            response.set_content(to_line(model_json(model)), "application/json");
            return;
          }
        }
        throw_error(ErrorCode::not_found, "there is no model '{}'; GET /v1/models lists the names",
                    request.matches[1].str());
      });
    });
    http.Post("/v1/chat/completions", [this](const httplib::Request& request, httplib::Response& response) {
      if (!admit(request, response)) return;
      guarded(response, [&] {
        const ChatCall call = parse_chat_call(request.body);
        if (call.stream) {
          answer_streamed(call, response);
        } else {
          answer_whole(call, response);
        }
      });
    });
    http.set_error_handler([](const httplib::Request& request, httplib::Response& response) {
      if (!response.body.empty()) return;
      const bool large = response.status == 413;
      const Error error(large ? ErrorCode::too_large : ErrorCode::not_found,
                        large ? std::string("the request body is larger than this server reads")
                              : fmt::format("there is no {} {}", request.method, request.path));
      response.set_content(to_line(error_json(error)), "application/json");
    });
  }
};

HttpServer::HttpServer(ChatService& service, ServerOptions options)
    : state_(std::make_unique<State>(service, std::move(options))) {
  State& state = *state_;
  if (!is_loopback(state.options.host) && state.options.token.empty()) {
    throw_error(ErrorCode::invalid_argument,
                "serving on {}: an address others can reach needs a token; give one with --token",
                state.options.host);
  }
  state.http.set_payload_max_length(state.options.body_limit_bytes);
  state.http.set_read_timeout(30);
  state.http.set_write_timeout(30);
  state.http.set_tcp_nodelay(true);
  const int threads = state.options.threads;
  state.http.new_task_queue = [threads] {
    return new httplib::ThreadPool(static_cast<std::size_t>(threads));
  };
  state.add_routes();
  if (state.options.port == 0) {
    state.port = state.http.bind_to_any_port(state.options.host.c_str());
  } else if (state.http.bind_to_port(state.options.host.c_str(), state.options.port)) {
    state.port = state.options.port;
  }
  if (state.port <= 0) {
    throw_error(ErrorCode::io,
                "serving on {}:{}: the address is in use or not this machine's; choose another --port",
                state.options.host, state.options.port);
  }
}

HttpServer::~HttpServer() {
  stop();
}

int HttpServer::port() const {
  return state_->port;
}

void HttpServer::run() {
  state_->http.listen_after_bind();
}

void HttpServer::stop() {
  state_->stopping.cancel();
  state_->http.stop();
}

}  // namespace fulcrum
