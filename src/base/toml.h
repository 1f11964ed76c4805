// Configuration files (toml++), read strictly: a key that nobody asked for is an error that names the nearest
// right one.
//
//   TomlFile file = TomlFile::read("task.toml");
//   TomlTable root = file.root();
//   std::string name = root.text("name");                     // required
//   double target = root.number("target", 0.9);               // with a default
//   if (auto prices = root.table("prices")) { ... prices->finish(); }
//   root.finish();                                             // every key was read, or an Error
//
// Every Error is invalid_argument and starts with "task.toml, line 12: ".
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace fulcrum {

class TomlTable {
 public:
  bool has(std::string_view key) const;
  std::string text(std::string_view key);
  std::string text(std::string_view key, std::string_view fallback);
  std::int64_t integer(std::string_view key);
  std::int64_t integer(std::string_view key, std::int64_t fallback);
  double number(std::string_view key);  // an integer is accepted
  double number(std::string_view key, double fallback);
  bool boolean(std::string_view key, bool fallback);
  std::vector<std::string> texts(std::string_view key);      // absent: empty
  std::vector<double> numbers(std::string_view key);         // absent: empty
  std::vector<std::int64_t> integers(std::string_view key);  // absent: empty
  std::optional<TomlTable> table(std::string_view key);
  std::vector<TomlTable> tables(std::string_view key);  // [[key]]; absent: empty
  std::vector<std::string> keys() const;
  // Error if a key of this table was never asked for: "unknown key 'metirc'; did you mean 'metric'?"
  void finish() const;
  // An Error about the value of `key`, with the file and line in front: for values only the caller can judge.
  [[noreturn]] void refuse(std::string_view key, std::string_view why) const;

 private:
  friend class TomlFile;
  struct Node;
  std::shared_ptr<Node> node_;
};

class TomlFile {
 public:
  static TomlFile read(const Path& path);
  static TomlFile parse(std::string_view text, std::string_view name);
  TomlTable root() const;

 private:
  std::shared_ptr<TomlTable::Node> node_;
};

// `text` as a TOML basic string, quotes included, on one line.
std::string toml_quote(std::string_view text);

// The candidate with the smallest edit distance to `word`, if it is close enough to be a likely slip.
std::optional<std::string> nearest_word(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace fulcrum
