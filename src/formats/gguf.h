// GGUF v2 and v3: key-value metadata and tensors in one mapped file. Source: the ggml project's format
// description.
//
// Value types 0 to 12 are the format's own. A dialect of gguf-py writes objects (13, laid out as an array of
// the names of their members) and keeps the elements of nested arrays and of arrays of objects under keys of
// their own (".key[0]"); both are read as they stand.
//
// Reading trusts nothing: magic, version, counts, string lengths, types, alignments, dimensions, offsets and
// overlaps are checked with checked arithmetic against the real file size before anything is allocated.
// Errors: corrupt (what, at which byte, expected, found), unsupported (version, a tensor type, big endian),
// too_large.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "tensor/tensor.h"

namespace fulcrum {

struct GgufValue;
struct GgufArray {
  std::uint32_t element_type = 0;  // GGUF's value type number
  std::vector<GgufValue> values;   // strings and nested arrays; empty if they stand under keys of their own
  std::span<const std::byte> packed;  // fixed-size elements, little endian, unaligned
  std::uint64_t count = 0;
};
struct GgufValue {
  std::variant<std::uint64_t, std::int64_t, double, bool, std::string, GgufArray> value;
  std::uint32_t type = 0;  // GGUF's value type number, 0 (u8) to 12 (f64), or 13
};

struct GgufSurvey;

class GgufFile {
 public:
  static GgufFile open(const Path& path);
  // `name` is used in messages; `owner` keeps the bytes alive.
  static GgufFile parse(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                        std::string_view name);

  // The same for a file that may be broken: never an Error, but what stands before the defect, and the
  // defect.
  static GgufSurvey survey(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                           std::string_view name);

  std::uint32_t version() const { return version_; }
  const std::string& name() const { return name_; }
  const std::vector<std::pair<std::string, GgufValue>>& metadata() const { return metadata_; }
  const std::vector<Tensor>& tensors() const { return tensors_; }
  const GgufValue* find(std::string_view key) const;
  const Tensor* find_tensor(std::string_view name) const;

  // Absent key: nullopt. Wrong type: Error(corrupt) naming the key, what was expected and what stands there.
  std::optional<std::int64_t> integer(std::string_view key) const;
  std::optional<double> number(std::string_view key) const;
  std::optional<bool> boolean(std::string_view key) const;
  std::optional<std::string> text(std::string_view key) const;
  std::optional<std::vector<std::string>> texts(std::string_view key) const;
  std::optional<std::vector<std::int64_t>> integers(std::string_view key) const;
  std::optional<std::vector<double>> numbers(std::string_view key) const;

 private:
  std::string name_;
  std::uint32_t version_ = 0;
  std::vector<std::pair<std::string, GgufValue>> metadata_;
  std::vector<Tensor> tensors_;
  std::shared_ptr<const void> owner_;  // packed arrays look into the bytes
};

struct GgufSurvey {
  GgufFile file;  // tensors whose bytes were not reached are described, and have none
  std::uint64_t declared_keys = 0, declared_tensors = 0;
  std::optional<Error> defect;
};

}  // namespace fulcrum
