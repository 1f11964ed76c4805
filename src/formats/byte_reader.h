// A cursor over untrusted bytes, little endian: every step is checked against what is left before anything is
// read. A failed check is Error(corrupt) naming the file, the byte and what stood there.
#pragma once

#include <fmt/core.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace fulcrum {

static_assert(std::endian::native == std::endian::little,
              "formats/ copies little-endian numbers as they stand");

class ByteReader {
 public:
  ByteReader(std::span<const std::byte> bytes, std::string_view name) : bytes_(bytes), name_(name) {}

  std::uint64_t position() const { return position_; }
  std::uint64_t remaining() const { return bytes_.size() - position_; }

  template <typename T>
  T take(std::string_view what) {
    T value;
    std::memcpy(&value, take_bytes(sizeof(T), what).data(), sizeof(T));
    return value;
  }
  std::span<const std::byte> take_bytes(std::uint64_t count, std::string_view what) {
    if (count > remaining()) {
      fail(position_, "{} needs {} bytes and {} are left", what, count, remaining());
    }
    const auto taken = bytes_.subspan(position_, count);
    position_ += count;
    return taken;
  }
  std::string_view take_text(std::uint64_t count, std::string_view what) {
    const auto taken = take_bytes(count, what);
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }

  template <typename... Args>
  [[noreturn]] void fail(std::uint64_t at, fmt::format_string<Args...> format, Args&&... args) const {
    throw_error(ErrorCode::corrupt,
                "reading {}: at byte {}: {}. The file is damaged or cut short; get it again.", name_, at,
                fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  std::span<const std::byte> bytes_;
  std::string_view name_;
  std::uint64_t position_ = 0;
};

}  // namespace fulcrum
