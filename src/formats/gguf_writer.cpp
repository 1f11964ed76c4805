#include "formats/gguf_writer.h"

#include <algorithm>
#include <span>

#include "base/error.h"
#include "formats/gguf_types.h"

namespace fulcrum {
namespace {

using enum GgufType::Number;

template <typename T>
void append_raw(std::string& text, const T& value) {
  text.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

void append_string(std::string& text, std::string_view value) {
  append_raw(text, std::uint64_t{value.size()});
  text.append(value);
}

}  // namespace

void GgufWriter::begin(std::string_view key, std::uint32_t type) {
  if (key.size() > kGgufMaxKeyBytes || !is_gguf_name(key)) {
    throw_error(ErrorCode::invalid_argument,
                "writing GGUF: '{}' cannot be a key (1 to {} bytes of printable ASCII)", key,
                kGgufMaxKeyBytes);
  }
  if (std::find(keys_.begin(), keys_.end(), key) != keys_.end()) {
    throw_error(ErrorCode::invalid_argument, "writing GGUF: the key '{}' is given twice", key);
  }
  keys_.emplace_back(key);
  append_string(metadata_, key);
  append_raw(metadata_, type);
}

void GgufWriter::add(std::string_view key, std::string_view text) {
  begin(key, string);
  append_string(metadata_, text);
}

void GgufWriter::add_u32(std::string_view key, std::uint32_t value) {
  begin(key, u32);
  append_raw(metadata_, value);
}

void GgufWriter::add_u64(std::string_view key, std::uint64_t value) {
  begin(key, u64);
  append_raw(metadata_, value);
}

void GgufWriter::add_f32(std::string_view key, float value) {
  begin(key, f32);
  append_raw(metadata_, value);
}

void GgufWriter::add_bool(std::string_view key, bool value) {
  begin(key, boolean);
  append_raw(metadata_, static_cast<std::uint8_t>(value));
}

void GgufWriter::add_bytes(std::string_view key, std::string_view bytes) {
  begin(key, array);
  append_raw(metadata_, std::uint32_t{u8});
  append_raw(metadata_, std::uint64_t{bytes.size()});
  metadata_ += bytes;
}

void GgufWriter::add(std::string_view key, const std::vector<std::string>& texts) {
  begin(key, array);
  append_raw(metadata_, std::uint32_t{string});
  append_raw(metadata_, std::uint64_t{texts.size()});
  for (const std::string& text : texts) append_string(metadata_, text);
}

void GgufWriter::add(std::string_view key, const std::vector<float>& values) {
  begin(key, array);
  append_raw(metadata_, std::uint32_t{f32});
  append_raw(metadata_, std::uint64_t{values.size()});
  for (const float value : values) append_raw(metadata_, value);
}

void GgufWriter::add(std::string_view key, const std::vector<std::int32_t>& values) {
  begin(key, array);
  append_raw(metadata_, std::uint32_t{i32});
  append_raw(metadata_, std::uint64_t{values.size()});
  for (const std::int32_t value : values) append_raw(metadata_, value);
}

void GgufWriter::add(Tensor tensor) {
  const bool known = std::any_of(std::begin(kGgufTensorTypes), std::end(kGgufTensorTypes),
                                 [&](const GgufTensorType& type) { return type.dtype == tensor.dtype; });
  if (!known || tensor.name.size() > kGgufMaxTensorNameBytes || !is_gguf_name(tensor.name) ||
      tensor.shape.size() > kGgufMaxDimensions) {
    throw_error(ErrorCode::invalid_argument, "writing GGUF: the tensor '{}' {} {} cannot be stored",
                tensor.name, to_string(tensor.dtype), to_string(tensor.shape));
  }
  const std::int64_t innermost = tensor.shape.empty() ? 1 : tensor.shape.back();
  const std::int64_t rows = innermost == 0 ? 0 : tensor.elements() / innermost;
  const auto expected = static_cast<std::uint64_t>(rows * row_bytes(tensor.dtype, innermost));
  if (expected == 0 || expected != tensor.bytes.size()) {
    throw_error(ErrorCode::invalid_argument, "writing GGUF: the tensor '{}' {} {} needs {} bytes and has {}",
                tensor.name, to_string(tensor.dtype), to_string(tensor.shape), expected, tensor.bytes.size());
  }
  const bool twice =
      std::any_of(tensors_.begin(), tensors_.end(), [&](const Tensor& t) { return t.name == tensor.name; });
  if (twice)
    throw_error(ErrorCode::invalid_argument, "writing GGUF: the tensor '{}' is given twice", tensor.name);
  tensors_.push_back(std::move(tensor));
}

void GgufWriter::write(const Path& path) const {
  std::string header(kGgufMagic);
  append_raw(header, std::uint32_t{3});
  append_raw(header, std::uint64_t{tensors_.size()});
  append_raw(header, std::uint64_t{keys_.size()});
  header += metadata_;
  std::uint64_t offset = 0;
  for (const Tensor& tensor : tensors_) {
    append_string(header, tensor.name);
    append_raw(header, static_cast<std::uint32_t>(tensor.shape.size()));
    for (auto extent = tensor.shape.rbegin(); extent != tensor.shape.rend(); ++extent)
      append_raw(header, *extent);
    const auto* type = std::find_if(std::begin(kGgufTensorTypes), std::end(kGgufTensorTypes),
                                    [&](const GgufTensorType& known) { return known.dtype == tensor.dtype; });
    append_raw(header, type->number);
    append_raw(header, offset);
    offset = align_up(offset + tensor.bytes.size(), kGgufAlignment);
  }
  header.resize(align_up(header.size(), kGgufAlignment), '\0');
  AtomicWriter writer(path);
  writer.write(header);
  for (const Tensor& tensor : tensors_) {
    writer.write(tensor.bytes);
    writer.write(std::string(align_up(tensor.bytes.size(), kGgufAlignment) - tensor.bytes.size(), '\0'));
  }
  writer.commit();
}

}  // namespace fulcrum
