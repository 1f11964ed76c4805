#include "base/database.h"

#include <sqlite3.h>

#include "base/error.h"

namespace fulcrum {
namespace {

using Connection = std::shared_ptr<sqlite3>;

constexpr int kBusyTimeoutMilliseconds = 5000;

[[noreturn]] void throw_sqlite(sqlite3* connection, int result, std::string_view sql) {
  const int primary = result & 0xFF;
  const bool damaged = primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
  const char* file = sqlite3_db_filename(connection, "main");
  throw_error(damaged ? ErrorCode::corrupt : ErrorCode::io, "database {}: {} (in: {})",
              file == nullptr || *file == '\0' ? "in memory" : file, sqlite3_errmsg(connection),
              sql.substr(0, sql.find('\n')));
}

}  // namespace

struct Statement::State {
  Connection connection;  // outlives the statement
  sqlite3_stmt* handle = nullptr;
  bool stepped = false;
  State(Connection c, sqlite3_stmt* h) : connection(std::move(c)), handle(h) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { sqlite3_finalize(handle); }

  // A statement that has been stepped takes new parameters only from its start.
  void prepare_to_bind() {
    if (stepped) sqlite3_reset(handle);
    stepped = false;
  }
  void check(int result) const {
    if (result != SQLITE_OK) throw_sqlite(connection.get(), result, sqlite3_sql(handle));
  }
};

struct Database::State {
  Connection connection;
  int transaction_depth = 0;
};

Statement& Statement::bind(int parameter, std::string_view text) {
  state_->prepare_to_bind();
  // SQLite takes a null pointer for NULL, and an empty view may hold one.
  const char* data = text.data() == nullptr ? "" : text.data();
  state_->check(
      sqlite3_bind_text64(state_->handle, parameter, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind(int parameter, std::int64_t value) {
  state_->prepare_to_bind();
  state_->check(sqlite3_bind_int64(state_->handle, parameter, value));
  return *this;
}

Statement& Statement::bind(int parameter, double value) {
  state_->prepare_to_bind();
  state_->check(sqlite3_bind_double(state_->handle, parameter, value));
  return *this;
}

Statement& Statement::bind_null(int parameter) {
  state_->prepare_to_bind();
  state_->check(sqlite3_bind_null(state_->handle, parameter));
  return *this;
}

bool Statement::step() {
  state_->stepped = true;
  const int result = sqlite3_step(state_->handle);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  sqlite3_reset(state_->handle);
  state_->stepped = false;
  throw_sqlite(state_->connection.get(), result, sqlite3_sql(state_->handle));
}

void Statement::run() {
  while (step()) {
  }
  reset();
}

void Statement::reset() {
  sqlite3_reset(state_->handle);
  state_->stepped = false;
}

std::string Statement::text(int column) const {
  const unsigned char* data = sqlite3_column_text(state_->handle, column);
  if (data == nullptr) return {};
  return {reinterpret_cast<const char*>(data),
          static_cast<std::size_t>(sqlite3_column_bytes(state_->handle, column))};
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(state_->handle, column);
}

double Statement::number(int column) const {
  return sqlite3_column_double(state_->handle, column);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(state_->handle, column) == SQLITE_NULL;
}

Database Database::open(const Path& path) {
  const bool in_memory = path == ":memory:";
  if (!in_memory && path.has_parent_path()) {
    std::error_code failure;
    std::filesystem::create_directories(path.parent_path(), failure);
    if (failure)
      throw_error(ErrorCode::io, "creating the folder {}: {}", path.parent_path().string(),
                  failure.message());
  }
  sqlite3* raw = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX;
  const int result = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Connection connection(raw, [](sqlite3* handle) { sqlite3_close(handle); });
  if (result != SQLITE_OK) {
    throw_error(ErrorCode::io, "opening the database {}: {}", path.string(),
                raw == nullptr ? "out of memory" : sqlite3_errmsg(raw));
  }
  sqlite3_busy_timeout(raw, kBusyTimeoutMilliseconds);
  Database database;
  database.state_ = std::make_shared<State>(State{std::move(connection), 0});
  database.execute("PRAGMA foreign_keys = ON");
  if (!in_memory) database.execute("PRAGMA journal_mode = WAL");
  return database;
}

void Database::execute(std::string_view sql) {
  const std::string terminated(sql);
  const int result = sqlite3_exec(state_->connection.get(), terminated.c_str(), nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) throw_sqlite(state_->connection.get(), result, sql);
}

Statement Database::prepare(std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const int result = sqlite3_prepare_v2(state_->connection.get(), sql.data(), static_cast<int>(sql.size()),
                                        &handle, nullptr);
  if (result != SQLITE_OK) throw_sqlite(state_->connection.get(), result, sql);
  if (handle == nullptr)
    throw_error(ErrorCode::internal, "preparing a statement: there is no SQL in '{}'", sql);
  Statement statement;
  statement.state_ = std::make_shared<Statement::State>(state_->connection, handle);
  return statement;
}

void Database::transaction(const std::function<void()>& work) {
  if (state_->transaction_depth > 0) return work();
  // Immediate: takes the write lock now, so that two writers wait for each other instead of failing half-way.
  execute("BEGIN IMMEDIATE");
  ++state_->transaction_depth;
  try {
    work();
    execute("COMMIT");
  } catch (...) {
    --state_->transaction_depth;
    // After some errors (a full disk) SQLite has rolled back by itself and there is nothing left to undo.
    if (sqlite3_get_autocommit(state_->connection.get()) == 0) {
      sqlite3_exec(state_->connection.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
    throw;
  }
  --state_->transaction_depth;
}

}  // namespace fulcrum
