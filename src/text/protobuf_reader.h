// The fields of one protobuf message, read in place: tag, then varint, 64 bits, bytes or 32 bits.
//
// Knows no schema. Every read is checked against the message's end; Error(corrupt) with the byte offset in
// the whole file. Source: Protocol Buffers, "Encoding".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fulcrum {

class ProtobufReader {
 public:
  // `what` names the file in messages; both must outlive this. `offset` is where `bytes` stands in it.
  ProtobufReader(std::string_view bytes, std::string_view what, std::size_t offset = 0)
      : bytes_(bytes), what_(what), offset_(offset) {}

  // Moves to the next field; false at the end. A field that is not taken is passed over.
  bool next();
  std::uint32_t field() const { return field_; }

  // The value of the current field. Error(corrupt) if the file has it in another wire type.
  std::uint64_t varint();
  float float32();
  std::string_view bytes();
  ProtobufReader message();

 private:
  enum class Wire { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };
  std::uint64_t take_varint();
  std::string_view take(std::uint64_t size);
  void expect(Wire wire) const;

  std::string_view bytes_, what_;
  std::size_t offset_;
  std::size_t at_ = 0;
  std::uint32_t field_ = 0;
  Wire wire_ = Wire::varint;
  std::uint64_t number_ = 0;
  std::string_view value_;
};

}  // namespace fulcrum
