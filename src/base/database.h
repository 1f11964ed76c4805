// SQLite, as little of it as needed: one connection, prepared statements, transactions. Errors are io or
// corrupt and carry SQLite's own message and the statement's first line.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"

namespace fulcrum {

class Statement {
 public:
  // Parameters count from 1, columns from 0, as in SQLite.
  Statement& bind(int parameter, std::string_view text);
  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, double value);
  Statement& bind_null(int parameter);
  // True while there is a row to read.
  bool step();
  void run();  // steps to the end and resets, for statements without rows
  void reset();
  std::string text(int column) const;
  std::int64_t integer(int column) const;
  double number(int column) const;
  bool is_null(int column) const;

 private:
  friend class Database;
  struct State;
  std::shared_ptr<State> state_;
};

class Database {
 public:
  // Creates the file if it is missing. ":memory:" is a private one. WAL, foreign keys on, 5 s busy timeout.
  static Database open(const Path& path);
  void execute(std::string_view sql);  // one or more statements without parameters
  Statement prepare(std::string_view sql);
  // All of `work` or nothing; nested calls join the outer one.
  void transaction(const std::function<void()>& work);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace fulcrum
