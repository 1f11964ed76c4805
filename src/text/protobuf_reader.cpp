#include "text/protobuf_reader.h"

#include <cstring>

#include "base/error.h"

namespace fulcrum {

std::uint64_t ProtobufReader::take_varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(take(1)[0]);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  throw_error(ErrorCode::corrupt, "reading {}: the number at byte {} is longer than 64 bits", what_,
              offset_ + at_);
}

std::string_view ProtobufReader::take(std::uint64_t size) {
  if (size > bytes_.size() - at_) {
    throw_error(ErrorCode::corrupt, "reading {}: {} bytes expected at byte {}, its message ends after {}",
                what_, size, offset_ + at_, bytes_.size() - at_);
  }
  const std::string_view taken = bytes_.substr(at_, static_cast<std::size_t>(size));
  at_ += taken.size();
  return taken;
}

bool ProtobufReader::next() {
  if (at_ == bytes_.size()) return false;
  const std::size_t begin = at_;
  const std::uint64_t tag = take_varint();
  const auto wire = static_cast<unsigned>(tag & 7);
  if (tag >> 3 == 0 || tag >> 3 > 0x1FFFFFFF) {
    throw_error(ErrorCode::corrupt, "reading {}: field number {} at byte {} is none", what_, tag >> 3,
                offset_ + begin);
  }
  field_ = static_cast<std::uint32_t>(tag >> 3);
  wire_ = static_cast<Wire>(wire);
  switch (wire_) {
    case Wire::varint:
      number_ = take_varint();
      return true;
    case Wire::fixed64:
      value_ = take(8);
      return true;
    case Wire::bytes:
      value_ = take(take_varint());
      return true;
    case Wire::fixed32:
      value_ = take(4);
      return true;
  }
  throw_error(ErrorCode::corrupt, "reading {}: field {} at byte {} has wire type {}, expected 0, 1, 2 or 5",
              what_, field_, offset_ + begin, wire);
}

void ProtobufReader::expect(Wire wire) const {
  if (wire_ == wire) return;
  throw_error(ErrorCode::corrupt, "reading {}: field {} before byte {} has wire type {}, expected {}", what_,
              field_, offset_ + at_, static_cast<int>(wire_), static_cast<int>(wire));
}

std::uint64_t ProtobufReader::varint() {
  expect(Wire::varint);
  return number_;
}

float ProtobufReader::float32() {
  expect(Wire::fixed32);
  float value;
  std::memcpy(&value, value_.data(), sizeof value);
  return value;
}

std::string_view ProtobufReader::bytes() {
  expect(Wire::bytes);
  return value_;
}

ProtobufReader ProtobufReader::message() {
  const std::string_view value = bytes();
  return ProtobufReader(value, what_, offset_ + at_ - value.size());
}

}  // namespace fulcrum
