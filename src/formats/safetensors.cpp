#include "formats/safetensors.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <unordered_set>

#include "base/error.h"
#include "base/json.h"
#include "base/unicode.h"
#include "formats/byte_reader.h"

namespace fulcrum {
namespace {

constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // the reference's
constexpr std::size_t kMaxDimensions = 32;              // no framework goes beyond
constexpr std::string_view kMetadataEntry = "__metadata__";

struct ElementType {
  std::string_view name;
  DType dtype;
};
constexpr ElementType kElementTypes[] = {{"F32", DType::f32}, {"F16", DType::f16}, {"BF16", DType::bf16},
                                         {"F64", DType::f64}, {"I64", DType::i64}, {"I32", DType::i32},
                                         {"I16", DType::i16}, {"I8", DType::i8},   {"U8", DType::u8}};

struct Entry {
  std::string name;
  std::optional<std::string> dtype;
  std::optional<std::vector<std::uint64_t>> shape, data_offsets;
};

// Reads the header event by event, so that nothing is kept that the format does not know, duplicates are
// seen, and a header made to be slow or deep is neither. The names are those that nlohmann-json calls.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view file) : file_(file) {}

  SafetensorsMetadata metadata;
  std::vector<Entry> entries;

  bool start_object(std::size_t) {
    if (in_list() || depth_ > 1) refuse_value("an object");
    if (depth_ == 1) names_.clear();
    ++depth_;
    return true;
  }
  bool end_object() {
    --depth_;
    return true;
  }
  bool start_array(std::size_t) {
    if (depth_ != 2 || in_list() || in_metadata_) refuse_value("a list");
    if (field_ == "shape") {
      list_ = &entries.back().shape.emplace();
    } else if (field_ == "data_offsets") {
      list_ = &entries.back().data_offsets.emplace();
    } else {
      refuse_value("a list");
    }
    return true;
  }
  bool end_array() {
    list_ = nullptr;
    return true;
  }
  bool key(std::string& name) {
    if (depth_ == 1) {
      if (!entry_names_.insert(name).second) fail("the name '{}' stands twice", name);
      in_metadata_ = name == kMetadataEntry;
      if (!in_metadata_) entries.push_back({.name = name, .dtype = {}, .shape = {}, .data_offsets = {}});
    } else {
      if (!names_.insert(name).second) fail("'{}' has the key '{}' twice", entry_name(), name);
      const bool known = in_metadata_ || name == "dtype" || name == "shape" || name == "data_offsets";
      if (!known) fail("the tensor '{}' has the unknown key '{}'", entry_name(), name);
      field_ = name;
    }
    return true;
  }
  bool string(std::string& text) {
    if (depth_ != 2 || in_list()) refuse_value("a string");
    if (in_metadata_) {
      metadata.emplace_back(field_, text);
    } else if (field_ == "dtype") {
      entries.back().dtype = text;
    } else {
      refuse_value("a string");
    }
    return true;
  }
  bool number_unsigned(std::uint64_t value) {
    if (!in_list()) refuse_value("a number");
    if (list_->size() == kMaxDimensions)
      fail("'{}' of '{}' has more than {} entries", field_, entry_name(), kMaxDimensions);
    list_->push_back(value);
    return true;
  }
  bool number_integer(std::int64_t value) { refuse_value(fmt::format("the number {}", value)); }
  bool number_float(double, const std::string& text) { refuse_value(fmt::format("the number {}", text)); }
  bool boolean(bool) { refuse_value("a boolean"); }
  bool null() { refuse_value("null"); }
  bool binary(std::vector<std::uint8_t>&) { refuse_value("binary data"); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& failure) {
    std::string_view reason = failure.what();
    if (const auto end = reason.rfind(": "); end != std::string_view::npos) reason.remove_prefix(end + 2);
    fail("the header is not valid JSON at its byte {}: {}", position, reason);
  }

  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    throw_error(ErrorCode::corrupt, "reading {}: {}. The file is damaged, or was not written as safetensors.",
                file_, fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  bool in_list() const { return list_ != nullptr; }
  std::string_view entry_name() const {
    return in_metadata_ ? kMetadataEntry : std::string_view(entries.back().name);
  }
  [[noreturn]] void refuse_value(std::string_view found) const {
    if (depth_ == 0) fail("the header is {} where an object is needed", found);
    if (depth_ == 1) fail("'{}' is {} where an object is needed", entry_name(), found);
    fail("'{}' of '{}' cannot be {}", field_, entry_name(), found);
  }

  std::string_view file_;
  int depth_ = 0;
  bool in_metadata_ = false;
  std::string field_;
  std::vector<std::uint64_t>* list_ = nullptr;  // the one being filled, in entries.back()
  std::unordered_set<std::string> entry_names_, names_;
};

// A pickle or a zip of pickles runs code when it is loaded. A safetensors header begins with '{' at byte 8.
void refuse_pickle(std::span<const std::byte> bytes, std::string_view name) {
  if (bytes.size() < 2 || (bytes.size() > 8 && bytes[8] == std::byte{'{'})) return;
  const bool is_zip = bytes[0] == std::byte{'P'} && bytes[1] == std::byte{'K'};
  const bool is_pickle = bytes[0] == std::byte{0x80} && bytes[1] >= std::byte{2} && bytes[1] <= std::byte{5};
  if (!is_zip && !is_pickle) return;
  throw_error(ErrorCode::unsupported,
              "reading {}: this is a PyTorch pickle, which can run any code when it is loaded, so it is not "
              "read. Convert "
              "it where you trust it: python -c \"import torch, safetensors.torch as s; "
              "s.save_file(torch.load('model.bin', weights_only=True), 'model.safetensors')\"",
              name);
}

// Bytes of a tensor, or nullopt if the product does not fit into 63 bits.
std::optional<std::uint64_t> byte_count(DType dtype, const std::vector<std::uint64_t>& shape) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  std::int64_t bytes = block_bytes(dtype);
  for (const std::uint64_t extent : shape) {
    if (extent > INT64_MAX || __builtin_mul_overflow(bytes, static_cast<std::int64_t>(extent), &bytes))
      return std::nullopt;
  }
  return static_cast<std::uint64_t>(bytes);
}

// The tensor that an entry describes, its bytes still to be cut out.
Tensor describe(const Entry& entry, const HeaderReader& header, std::string_view file) {
  if (!entry.dtype || !entry.shape || !entry.data_offsets) {
    header.fail("the tensor '{}' lacks dtype, shape or data_offsets", entry.name);
  }
  const auto* type = std::find_if(std::begin(kElementTypes), std::end(kElementTypes),
                                  [&](const ElementType& known) { return known.name == *entry.dtype; });
  if (type == std::end(kElementTypes)) {
    throw_error(ErrorCode::unsupported, "reading {}: the tensor '{}' is of type {}, which is not read", file,
                entry.name, *entry.dtype);
  }
  if (entry.data_offsets->size() != 2) {
    header.fail("data_offsets of '{}' has {} entries; 2 are needed", entry.name, entry.data_offsets->size());
  }
  const std::uint64_t begin = entry.data_offsets->front(), end = entry.data_offsets->back();
  const auto expected = byte_count(type->dtype, *entry.shape);
  if (!expected) header.fail("the shape of the tensor '{}' is too large for any file", entry.name);
  if (end < begin || end - begin != *expected) {
    header.fail("the tensor '{}' needs {} bytes for its shape, and data_offsets [{}, {}] do not give that",
                entry.name, *expected, begin, end);
  }
  return {entry.name, type->dtype, Shape(entry.shape->begin(), entry.shape->end()), {}, nullptr};
}

// A view of the bytes, or a copy where the file has them at an address that the type cannot be read from.
void attach(Tensor& tensor, std::span<const std::byte> bytes, const std::shared_ptr<const void>& owner) {
  tensor.bytes = bytes;
  tensor.owner = owner;
  const auto alignment = static_cast<std::uintptr_t>(block_bytes(tensor.dtype));
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % alignment == 0) return;
  auto copy = std::make_shared<std::vector<std::byte>>(bytes.begin(), bytes.end());
  tensor.bytes = *copy;
  tensor.owner = std::move(copy);
}

}  // namespace

SafetensorsFile SafetensorsFile::open(const Path& path) {
  const MappedFile file = MappedFile::open(path);
  SafetensorsFile result = parse(file.bytes(), file.owner(), path.string());
  result.mapped = file.bytes();
  return result;
}

SafetensorsFile SafetensorsFile::parse(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                                       std::string_view name) {
  refuse_pickle(bytes, name);
  ByteReader reader(bytes, name);
  const auto header_bytes = reader.take<std::uint64_t>("the length of the header");
  if (header_bytes > kMaxHeaderBytes) {
    throw_error(ErrorCode::too_large,
                "reading {}: the header is said to have {} bytes; at most {} are allowed, so this is no "
                "safetensors file",
                name, header_bytes, kMaxHeaderBytes);
  }
  const std::string_view text = reader.take_text(header_bytes, "the header");
  const auto data = reader.take_bytes(reader.remaining(), "the data");
  if (const auto bad = find_invalid_utf8(text)) reader.fail(8 + *bad, "the header is not UTF-8");
  HeaderReader header(name);
  if (!text.starts_with('{')) header.fail("the header does not begin with '{{'");
  Json::sax_parse(text, &header);

  std::stable_sort(header.entries.begin(), header.entries.end(), [](const Entry& a, const Entry& b) {
    return a.data_offsets.value_or(std::vector<std::uint64_t>()) <
           b.data_offsets.value_or(std::vector<std::uint64_t>());
  });
  SafetensorsFile file;
  file.metadata = std::move(header.metadata);
  std::uint64_t position = 0;
  for (const Entry& entry : header.entries) {
    Tensor tensor = describe(entry, header, name);
    const std::uint64_t begin = entry.data_offsets->front(), end = entry.data_offsets->back();
    if (begin != position) {
      header.fail("the tensor '{}' begins at {} where {} is needed: the data must have no gap and no overlap",
                  entry.name, begin, position);
    }
    if (end > data.size()) {
      header.fail("the tensor '{}' ends at {}, and there are {} bytes of data", entry.name, end, data.size());
    }
    attach(tensor, data.subspan(begin, end - begin), owner);
    file.tensors.push_back(std::move(tensor));
    position = end;
  }
  if (position != data.size()) {
    header.fail("the tensors cover {} bytes of data, and there are {}", position, data.size());
  }
  return file;
}

const Tensor* SafetensorsFile::find_tensor(std::string_view name) const {
  const auto found =
      std::find_if(tensors.begin(), tensors.end(), [&](const Tensor& tensor) { return tensor.name == name; });
  return found == tensors.end() ? nullptr : &*found;
}

void write_safetensors(const std::vector<Tensor>& tensors, const SafetensorsMetadata& metadata,
                       const Path& path) {
  std::vector<Tensor> order = tensors;
  std::stable_partition(order.begin(), order.end(),
                        [](const Tensor& tensor) { return tensor.dtype == DType::f32; });
  std::unordered_set<std::string_view> names;
  std::string header = "{";
  if (!metadata.empty()) {
    Json texts = Json::object();
    for (const auto& [key, text] : metadata) texts[key] = text;
    header += fmt::format("\"{}\":{}", kMetadataEntry, to_line(texts));
  }
  std::uint64_t position = 0;
  for (const Tensor& tensor : order) {
    const auto* type = std::find_if(std::begin(kElementTypes), std::end(kElementTypes),
                                    [&](const ElementType& known) { return known.dtype == tensor.dtype; });
    const bool written =
        tensor.dtype == DType::f32 || tensor.dtype == DType::f16 || tensor.dtype == DType::bf16;
    if (!written || tensor.name.empty() || tensor.name == kMetadataEntry ||
        !names.insert(tensor.name).second) {
      throw_error(ErrorCode::invalid_argument,
                  "writing {}: the tensor '{}' ({}) cannot be stored; it needs a name of its own and f32, "
                  "f16 or bf16",
                  path.string(), tensor.name, to_string(tensor.dtype));
    }
    if (static_cast<std::uint64_t>(row_bytes(tensor.dtype, tensor.elements())) != tensor.bytes.size()) {
      throw_error(ErrorCode::invalid_argument,
                  "writing {}: the tensor '{}' {} has {} bytes, which is not its size", path.string(),
                  tensor.name, to_string(tensor.shape), tensor.bytes.size());
    }
    if (header.size() > 1) header += ',';
    header += fmt::format("{}:{}", to_line(Json(tensor.name)),
                          to_line(Json{{"dtype", type->name},
                                       {"shape", tensor.shape},
                                       {"data_offsets", {position, position + tensor.bytes.size()}}}));
    position += tensor.bytes.size();
  }
  header += '}';
  header.resize((header.size() + 7) / 8 * 8, ' ');  // the data begins aligned
  const std::uint64_t header_bytes = header.size();
  AtomicWriter writer(path);
  writer.write(std::as_bytes(std::span(&header_bytes, 1)));
  writer.write(header);
  for (const Tensor& tensor : order) writer.write(tensor.bytes);
  writer.commit();
}

}  // namespace fulcrum
