#include "formats/gguf.h"

#include <algorithm>
#include <limits>
#include <unordered_set>

#include "base/error.h"
#include "formats/byte_reader.h"
#include "formats/gguf_types.h"

namespace fulcrum {
namespace {

using enum GgufType::Number;

constexpr std::uint64_t kMaxAlignment = 1U << 16;
constexpr int kMaxArrayDepth = 4;  // real files hold at most 2

std::string readable_types() {
  std::string names;
  for (const GgufTensorType& type : kGgufTensorTypes) {
    if (type.dtype) names += fmt::format("{}{}", names.empty() ? "" : ", ", type.name);
  }
  return names;
}

// The name of what a value holds, for messages: "array of string".
std::string describe(const GgufValue& value) {
  if (const auto* items = std::get_if<GgufArray>(&value.value)) {
    return fmt::format("{} of {}", kGgufTypes[value.type].name, kGgufTypes[items->element_type].name);
  }
  return std::string(kGgufTypes[value.type].name);
}

template <typename T>
T load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

// A fixed-size value at `from`, widened.
GgufValue load_fixed(std::uint32_t type, const std::byte* from) {
  switch (type) {
    case u8:
      return {std::uint64_t{load<std::uint8_t>(from)}, type};
    case i8:
      return {std::int64_t{load<std::int8_t>(from)}, type};
    case u16:
      return {std::uint64_t{load<std::uint16_t>(from)}, type};
    case i16:
      return {std::int64_t{load<std::int16_t>(from)}, type};
    case u32:
      return {std::uint64_t{load<std::uint32_t>(from)}, type};
    case i32:
      return {std::int64_t{load<std::int32_t>(from)}, type};
    case f32:
      return {double{load<float>(from)}, type};
    case boolean:
      return {load<std::uint8_t>(from) != 0, type};
    case u64:
      return {load<std::uint64_t>(from), type};
    case i64:
      return {load<std::int64_t>(from), type};
    case f64:
      return {load<double>(from), type};
    default:
      throw_error(ErrorCode::internal, "GGUF value type {} is not of fixed size", type);
  }
}

std::optional<std::int64_t> to_integer(const GgufValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value.value)) return *number;
  if (const auto* number = std::get_if<std::uint64_t>(&value.value)) {
    if (*number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return static_cast<std::int64_t>(*number);
    }
  }
  return std::nullopt;
}

std::optional<double> to_number(const GgufValue& value) {
  if (const auto* number = std::get_if<double>(&value.value)) return *number;
  if (const auto integer = to_integer(value)) return static_cast<double>(*integer);
  return std::nullopt;
}

class GgufParser {
 public:
  GgufParser(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, std::string_view name)
      : bytes_(bytes), owner_(std::move(owner)), name_(name), reader_(bytes, name_) {}

  std::uint32_t read_header() {
    if (const auto magic = reader_.take_text(kGgufMagic.size(), "the magic \"GGUF\""); magic != kGgufMagic) {
      throw_error(ErrorCode::corrupt, "reading {}: this is not a GGUF file (it does not begin with \"GGUF\")",
                  name_);
    }
    const auto version = reader_.take<std::uint32_t>("the version");
    if (version == 0x02000000 || version == 0x03000000) {
      throw_error(ErrorCode::unsupported, "reading {}: a big-endian GGUF file; convert it to little endian",
                  name_);
    }
    if (version != 2 && version != 3) {
      throw_error(ErrorCode::unsupported, "reading {}: GGUF version {}; versions 2 and 3 are read", name_,
                  version);
    }
    tensor_count_ = take_count("the number of tensors", 24);  // name length, dimensions, type, offset
    metadata_count_ = take_count("the number of keys", 13);   // key length, type, a value of one byte
    return version;
  }

  // Both add to what they are given, which stays if a later entry is broken.
  void read_metadata(std::vector<std::pair<std::string, GgufValue>>& metadata) {
    metadata.reserve(metadata_count_);
    std::unordered_set<std::string_view> seen;
    for (std::uint64_t i = 0; i < metadata_count_; ++i) {
      const std::uint64_t at = reader_.position();
      key_ = take_name("a key", kGgufMaxKeyBytes);
      if (!seen.insert(key_).second) reader_.fail(at, "the key '{}' stands twice", key_);
      GgufValue value = read_value(take_type("the value of"));
      if (key_ == "general.alignment") read_alignment(at, value);
      metadata.emplace_back(std::string(key_), std::move(value));
    }
  }

  void read_tensors(std::vector<Tensor>& tensors) {
    std::vector<Placed>& placed = placed_;
    placed.reserve(tensor_count_);
    std::unordered_set<std::string_view> seen;
    for (std::uint64_t i = 0; i < tensor_count_; ++i) {
      placed.push_back(read_tensor_info());
      const Placed& tensor = placed.back();
      if (!seen.insert(tensor.name).second)
        reader_.fail(tensor.at, "the tensor '{}' stands twice", tensor.name);
    }
    const std::uint64_t data_begin =
        std::min<std::uint64_t>(align_up(reader_.position(), alignment_), bytes_.size());
    const auto data = bytes_.subspan(data_begin);
    tensors.reserve(placed.size());
    for (const Placed& tensor : placed) {
      if (tensor.offset > data.size() || tensor.size > data.size() - tensor.offset) {
        reader_.fail(tensor.at, "the tensor '{}' is {} bytes at offset {}, and the data section has {}",
                     tensor.name, tensor.size, tensor.offset, data.size());
      }
      tensors.push_back({std::string(tensor.name), tensor.dtype, tensor.shape,
                         data.subspan(tensor.offset, tensor.size), owner_});
    }
    check_overlaps(placed);
  }

  // What is described behind the tensors that were read, without bytes.
  void describe_the_rest(std::vector<Tensor>& tensors) const {
    for (std::size_t i = tensors.size(); i < placed_.size(); ++i) {
      tensors.push_back({std::string(placed_[i].name), placed_[i].dtype, placed_[i].shape, {}, {}});
    }
  }

  std::uint64_t tensor_count() const { return tensor_count_; }
  std::uint64_t metadata_count() const { return metadata_count_; }

 private:
  struct Placed {
    std::uint64_t at = 0;  // byte of its description
    std::string_view name;
    DType dtype = DType::f32;
    Shape shape;
    std::uint64_t offset = 0, size = 0;  // bytes, from the start of the data section
  };

  std::uint64_t take_count(std::string_view what, std::uint64_t fewest_bytes_each) {
    const std::uint64_t at = reader_.position();
    const auto count = reader_.take<std::uint64_t>(what);
    if (count > reader_.remaining() / fewest_bytes_each) {
      reader_.fail(at, "{} is {}, more than {} bytes can hold", what, count, reader_.remaining());
    }
    return count;
  }

  std::string_view take_name(std::string_view what, std::size_t most_bytes) {
    const std::uint64_t at = reader_.position();
    const auto length = reader_.take<std::uint64_t>("the length of a name");
    if (length == 0) reader_.fail(at, "{} is empty", what);
    if (length > most_bytes)
      reader_.fail(at, "{} is {} bytes long; at most {} are allowed", what, length, most_bytes);
    const std::string_view name = reader_.take_text(length, what);
    if (!is_gguf_name(name)) reader_.fail(at, "{} holds bytes that are not printable ASCII", what);
    return name;
  }

  std::uint32_t take_type(std::string_view what) {
    const std::uint64_t at = reader_.position();
    const auto type = reader_.take<std::uint32_t>("a value type");
    if (type >= kGgufTypes.size())
      reader_.fail(at, "{} the key '{}' has the unknown type {}", what, key_, type);
    return type;
  }

  GgufValue read_value(std::uint32_t type) {
    if (type == string) return {read_string(), type};
    if (type == array || type == object) return {read_array(1), type};
    const std::uint64_t at = reader_.position();
    const std::byte* from = reader_.take_bytes(kGgufTypes[type].bytes, kGgufTypes[type].name).data();
    if (type == boolean) check_boolean(at, from);
    return load_fixed(type, from);
  }

  std::string read_string() {
    const auto length = reader_.take<std::uint64_t>("the length of a string");
    return std::string(reader_.take_text(length, "a string"));
  }

  GgufArray read_array(int depth) {
    const std::uint64_t at = reader_.position();
    if (depth > kMaxArrayDepth) {
      reader_.fail(at, "the key '{}' nests arrays more than {} deep", key_, kMaxArrayDepth);
    }
    GgufArray items;
    items.element_type = take_type("an element of");
    const std::uint64_t count_at = reader_.position();
    items.count = reader_.take<std::uint64_t>("the number of elements");
    if (items.element_type == object || (items.element_type == array && elements_have_keys())) return items;
    const std::uint64_t element_bytes = kGgufTypes[items.element_type].bytes;
    if (items.count > reader_.remaining() / element_bytes) {
      reader_.fail(count_at, "the array '{}' has {} elements, more than {} bytes can hold", key_, items.count,
                   reader_.remaining());
    }
    if (items.element_type == string || items.element_type == array) {
      items.values.reserve(items.count);
      for (std::uint64_t i = 0; i < items.count; ++i) {
        if (items.element_type == string) {
          items.values.push_back({read_string(), string});
        } else {
          items.values.push_back({read_array(depth + 1), array});
        }
      }
      return items;
    }
    const std::uint64_t begin = reader_.position();
    items.packed = reader_.take_bytes(items.count * element_bytes, "an array");
    if (items.element_type == boolean) {
      for (std::uint64_t i = 0; i < items.count; ++i) check_boolean(begin + i, &items.packed[i]);
    }
    return items;
  }

  // The dialect: what follows is not an element but the key ".name[0]" under which the first one stands.
  bool elements_have_keys() const {
    const std::string first = fmt::format(".{}[0]", key_);
    ByteReader ahead = reader_;
    if (ahead.remaining() < sizeof(std::uint64_t) + first.size()) return false;
    return ahead.take<std::uint64_t>("") == first.size() && ahead.take_text(first.size(), "") == first;
  }

  void check_boolean(std::uint64_t at, const std::byte* from) const {
    if (std::to_integer<int>(*from) > 1) {
      reader_.fail(at, "the key '{}' holds the boolean {}; 0 or 1 is allowed", key_,
                   std::to_integer<int>(*from));
    }
  }

  void read_alignment(std::uint64_t at, const GgufValue& value) {
    const auto given = std::get_if<std::uint64_t>(&value.value);
    if (value.type != u32 || given == nullptr) reader_.fail(at, "general.alignment is not a u32");
    if (!std::has_single_bit(*given) || *given < 8 || *given > kMaxAlignment) {
      reader_.fail(at, "general.alignment is {}; a power of two from 8 to {} is allowed", *given,
                   kMaxAlignment);
    }
    alignment_ = *given;
  }

  Placed read_tensor_info() {
    Placed tensor;
    tensor.at = reader_.position();
    tensor.name = take_name("the name of a tensor", kGgufMaxTensorNameBytes);
    const auto dimensions = reader_.take<std::uint32_t>("the number of dimensions");
    if (dimensions > kGgufMaxDimensions) {
      reader_.fail(tensor.at, "the tensor '{}' has {} dimensions; at most {} are allowed", tensor.name,
                   dimensions, kGgufMaxDimensions);
    }
    for (std::uint32_t i = 0; i < dimensions; ++i) {
      const auto extent = reader_.take<std::uint64_t>("a dimension");
      if (extent == 0 || extent > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        reader_.fail(tensor.at, "the tensor '{}' has a dimension of {}", tensor.name, extent);
      }
      tensor.shape.push_back(static_cast<std::int64_t>(extent));
    }
    std::reverse(tensor.shape.begin(), tensor.shape.end());  // the file has the innermost first
    tensor.dtype = take_tensor_type(tensor);
    tensor.size = size_of(tensor);
    tensor.offset = reader_.take<std::uint64_t>("an offset");
    if (tensor.offset % alignment_ != 0) {
      reader_.fail(tensor.at, "the tensor '{}' is at offset {}, not a multiple of the alignment {}",
                   tensor.name, tensor.offset, alignment_);
    }
    return tensor;
  }

  DType take_tensor_type(const Placed& tensor) {
    const auto number = reader_.take<std::uint32_t>("a tensor type");
    const auto* type = std::find_if(std::begin(kGgufTensorTypes), std::end(kGgufTensorTypes),
                                    [&](const GgufTensorType& known) { return known.number == number; });
    if (type == std::end(kGgufTensorTypes)) {
      reader_.fail(tensor.at, "the tensor '{}' has the unknown type {}", tensor.name, number);
    }
    if (!type->dtype) {
      throw_error(
          ErrorCode::unsupported,
          "reading {}: the tensor '{}' is of type {}, which is not read; these are: {}. Get the model in one "
          "of them.",
          name_, tensor.name, type->name, readable_types());
    }
    return *type->dtype;
  }

  std::uint64_t size_of(const Placed& tensor) const {
    const std::int64_t innermost = tensor.shape.empty() ? 1 : tensor.shape.back();
    if (innermost % block_elements(tensor.dtype) != 0) {
      reader_.fail(tensor.at,
                   "the tensor '{}' has rows of {} elements, which do not fill whole {} blocks of {}",
                   tensor.name, innermost, to_string(tensor.dtype), block_elements(tensor.dtype));
    }
    // What cannot be in the file is refused before it can overflow.
    const std::uint64_t most = bytes_.size() / static_cast<std::uint64_t>(block_bytes(tensor.dtype));
    std::uint64_t blocks = static_cast<std::uint64_t>(innermost / block_elements(tensor.dtype));
    for (std::size_t i = 0; i + 1 < tensor.shape.size(); ++i) {
      const auto extent = static_cast<std::uint64_t>(tensor.shape[i]);
      if (extent > most || blocks > most / extent) blocks = most + 1;
      if (blocks <= most) blocks *= extent;
    }
    if (blocks > most) {
      reader_.fail(tensor.at, "the tensor '{}' of shape {} is larger than the whole file ({} bytes)",
                   tensor.name, to_string(tensor.shape), bytes_.size());
    }
    return blocks * static_cast<std::uint64_t>(block_bytes(tensor.dtype));
  }

  void check_overlaps(std::vector<Placed> placed) const {
    std::sort(placed.begin(), placed.end(),
              [](const Placed& a, const Placed& b) { return a.offset < b.offset; });
    for (std::size_t i = 1; i < placed.size(); ++i) {
      if (placed[i].offset < placed[i - 1].offset + placed[i - 1].size) {
        reader_.fail(placed[i].at, "the tensors '{}' and '{}' overlap", placed[i - 1].name, placed[i].name);
      }
    }
  }

  std::span<const std::byte> bytes_;
  std::shared_ptr<const void> owner_;
  std::string_view name_;
  ByteReader reader_;
  std::string_view key_;  // the one being read, for messages
  std::vector<Placed> placed_;
  std::uint64_t alignment_ = kGgufAlignment, tensor_count_ = 0, metadata_count_ = 0;
};

[[noreturn]] void refuse_type(const GgufFile& file, std::string_view key, std::string_view expected,
                              const GgufValue& found) {
  throw_error(ErrorCode::corrupt, "reading {}: the key '{}' is {} where {} is needed", file.name(), key,
              describe(found), expected);
}

// The value of `key` through `convert`, which yields nullopt for a wrong type.
template <typename Convert>
auto find_as(const GgufFile& file, std::string_view key, std::string_view expected, Convert convert)
    -> decltype(convert(std::declval<const GgufValue&>())) {
  const GgufValue* value = file.find(key);
  if (value == nullptr) return std::nullopt;
  auto converted = convert(*value);
  if (!converted) refuse_type(file, key, expected, *value);
  return converted;
}

// Every element of a packed array through `convert`; nullopt if the value is no such array or an element does
// not fit.
template <typename T>
std::optional<std::vector<T>> convert_packed(const GgufValue& value,
                                             std::optional<T> (*convert)(const GgufValue& element)) {
  const auto* items = std::get_if<GgufArray>(&value.value);
  if (items == nullptr || value.type != array || items->packed.size() == 0) {
    if (items != nullptr && items->count == 0) return std::vector<T>();
    return std::nullopt;
  }
  const std::uint64_t element_bytes = kGgufTypes[items->element_type].bytes;
  std::vector<T> result;
  result.reserve(items->count);
  for (std::uint64_t i = 0; i < items->count; ++i) {
    const auto element = convert(load_fixed(items->element_type, &items->packed[i * element_bytes]));
    if (!element) return std::nullopt;
    result.push_back(*element);
  }
  return result;
}

}  // namespace

GgufFile GgufFile::open(const Path& path) {
  const MappedFile file = MappedFile::open(path);
  return parse(file.bytes(), file.owner(), path.string());
}

GgufFile GgufFile::parse(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                         std::string_view name) {
  GgufFile file;
  file.name_ = name;
  GgufParser parser(bytes, owner, name);
  file.version_ = parser.read_header();
  parser.read_metadata(file.metadata_);
  parser.read_tensors(file.tensors_);
  file.owner_ = std::move(owner);
  return file;
}

GgufSurvey GgufFile::survey(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                            std::string_view name) {
  GgufSurvey survey;
  GgufFile& file = survey.file;
  file.name_ = name;
  GgufParser parser(bytes, owner, name);
  try {
    file.version_ = parser.read_header();
    parser.read_metadata(file.metadata_);
    parser.read_tensors(file.tensors_);
  } catch (const Error& error) {
    survey.defect = error;
    parser.describe_the_rest(file.tensors_);
  }
  survey.declared_keys = parser.metadata_count();
  survey.declared_tensors = parser.tensor_count();
  file.owner_ = std::move(owner);
  return survey;
}

const GgufValue* GgufFile::find(std::string_view key) const {
  const auto found =
      std::find_if(metadata_.begin(), metadata_.end(), [&](const auto& entry) { return entry.first == key; });
  return found == metadata_.end() ? nullptr : &found->second;
}

const Tensor* GgufFile::find_tensor(std::string_view name) const {
  const auto found = std::find_if(tensors_.begin(), tensors_.end(),
                                  [&](const Tensor& tensor) { return tensor.name == name; });
  return found == tensors_.end() ? nullptr : &*found;
}

std::optional<std::int64_t> GgufFile::integer(std::string_view key) const {
  return find_as(*this, key, "an integer", to_integer);
}

std::optional<double> GgufFile::number(std::string_view key) const {
  return find_as(*this, key, "a number", to_number);
}

std::optional<bool> GgufFile::boolean(std::string_view key) const {
  return find_as(*this, key, "a bool", [](const GgufValue& value) -> std::optional<bool> {
    const bool* found = std::get_if<bool>(&value.value);
    return found == nullptr ? std::nullopt : std::optional<bool>(*found);
  });
}

std::optional<std::string> GgufFile::text(std::string_view key) const {
  return find_as(*this, key, "a string", [](const GgufValue& value) -> std::optional<std::string> {
    const auto* found = std::get_if<std::string>(&value.value);
    return found == nullptr ? std::nullopt : std::optional<std::string>(*found);
  });
}

std::optional<std::vector<std::string>> GgufFile::texts(std::string_view key) const {
  using Texts = std::optional<std::vector<std::string>>;
  return find_as(*this, key, "an array of strings", [](const GgufValue& value) -> Texts {
    const auto* items = std::get_if<GgufArray>(&value.value);
    if (items == nullptr || value.type != array || items->element_type != string) return std::nullopt;
    std::vector<std::string> result;
    result.reserve(items->values.size());
    for (const GgufValue& element : items->values) result.push_back(std::get<std::string>(element.value));
    return result;
  });
}

std::optional<std::vector<std::int64_t>> GgufFile::integers(std::string_view key) const {
  return find_as(*this, key, "an array of integers",
                 [](const GgufValue& value) { return convert_packed<std::int64_t>(value, to_integer); });
}

std::optional<std::vector<double>> GgufFile::numbers(std::string_view key) const {
  return find_as(*this, key, "an array of numbers",
                 [](const GgufValue& value) { return convert_packed<double>(value, to_number); });
}

}  // namespace fulcrum
