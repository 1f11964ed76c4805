#include "serve/http_server.h"

#include <arpa/inet.h>
#include <httplib.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
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

constexpr const char* kChatPath = "/v1/chat/completions";

void send_error(httplib::Response& response, const Error& error, int status) {
  response.status = status;
  response.set_content(to_line(error_json(error)), "application/json");
}
void send_error(httplib::Response& response, const Error& error) {
  send_error(response, error, http_status(error.code()));
}

// What the library refused before a handler saw it.
Error refusal(const httplib::Request& request, int status) {
  if (status == 413) return {ErrorCode::too_large, "the request body is larger than this server reads"};
  if (status == 404)
    return {ErrorCode::not_found, fmt::format("there is no {} {}", request.method, request.path)};
  return {ErrorCode::invalid_argument, fmt::format("the request cannot be read (HTTP {})", status)};
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

// Not any name that only begins like an address: "127.example.org" may be anyone's.
bool is_loopback(const std::string& host) {
  in_addr address{};
  return host == "localhost" || host == "::1" || host == "[::1]" ||
         (::inet_pton(AF_INET, host.c_str(), &address) == 1 && (ntohl(address.s_addr) >> 24) == 127);
}

// Of a Host header: what stands before the port.
std::string host_name(const std::string& host) {
  const std::size_t colon = host.rfind(':');
  return colon == std::string::npos || host.ends_with(']') ? host : host.substr(0, colon);
}

// Whoever binds a port that is served already is refused; the library's own choice lets both serve it.
void do_not_share_port(int socket) {
  const int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
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
  std::mutex streams_mutex;
  std::set<CancelToken*> streams;  // of the answers that are being streamed
  std::atomic<std::uint64_t> answers{0};

  State(ChatService& chat_service, ServerOptions server_options)
      : service(chat_service), options(std::move(server_options)) {}

  std::string next_id() {
    return fmt::format("chatcmpl-{:x}{:06x}", seconds_since_1970(), answers.fetch_add(1) & 0xffffff);
  }

  // Answers true if the request may go on.
  bool admit(const httplib::Request& request, httplib::Response& response) const {
    if (is_loopback(options.host) && !is_loopback(host_name(request.get_header_value("Host")))) {
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
      State& state;
      AnswerStream stream;
      CancelToken cancel;
      std::thread worker;
      std::optional<Error> failure;
      explicit Running(State& server) : state(server) {
        const std::lock_guard lock(state.streams_mutex);
        state.streams.insert(&cancel);
        if (state.stopping.cancelled()) cancel.cancel();
      }
      ~Running() {
        cancel.cancel();
        if (worker.joinable()) worker.join();
        const std::lock_guard lock(state.streams_mutex);
        state.streams.erase(&cancel);
      }
    };
    auto running = std::make_shared<Running>(*this);
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
    // Bodies that nobody asked for are not read.
    http.set_pre_routing_handler([](const httplib::Request& request, httplib::Response& response) {
      if (request.method == "GET" || request.method == "HEAD" || request.path == kChatPath)
        return httplib::Server::HandlerResponse::Unhandled;
      response.status = 404;
      return httplib::Server::HandlerResponse::Handled;
    });
    http.Post(kChatPath, [this](const httplib::Request& request, httplib::Response& response,
                                const httplib::ContentReader& read) {
      if (!admit(request, response)) return;
      std::string body;
      if (request.is_multipart_form_data())
        response.status = 400;
      else if (const int refused = read_body(read, response, body))
        response.status = refused;
      else
        guarded(response, [&] { answer(parse_chat_call(body), response); });
    });
    http.set_error_handler([](const httplib::Request& request, httplib::Response& response) {
      if (response.body.empty()) send_error(response, refusal(request, response.status), response.status);
    });
  }

  // Whole, decoded, and no larger than the limit, whether its length was told before or not; what is over it
  // is dropped. The status to refuse it with, or 0.
  int read_body(const httplib::ContentReader& read, const httplib::Response& response,
                std::string& body) const {
    bool fits = true;
    const bool whole = read([&](const char* data, std::size_t size) {
      fits = fits && size <= options.body_limit_bytes - body.size();
      if (fits) body.append(data, size);
      return true;
    });
    if (!fits) return 413;
    return whole ? 0
                 : std::max(400,
                            response.status);  // the library has its own reasons: a length that is too large
  }

  void answer(const ChatCall& call, httplib::Response& response) {
    if (call.stream)
      answer_streamed(call, response);
    else
      answer_whole(call, response);
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
  state.http.set_socket_options(do_not_share_port);
  state.http.set_payload_max_length(state.options.body_limit_bytes);
  state.http.set_read_timeout(10);
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

bool HttpServer::is_running() const {
  return state_->http.is_running();
}

void HttpServer::stop() {
  state_->stopping.cancel();
  {
    const std::lock_guard lock(state_->streams_mutex);
    for (CancelToken* stream : state_->streams) stream->cancel();
  }
  state_->http.stop();
}

}  // namespace fulcrum
