#include "formats/gguf.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <limits>

#include "base/error.h"
#include "formats/gguf_exercise.h"
#include "formats/gguf_writer.h"

namespace fulcrum {
namespace {

const Path kData = Path(FULCRUM_SHARED_DIR) / "data";

#define NEEDS_SHARED(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "absent: " << (path)

GgufFile parse(const std::string& bytes) {
  auto memory = std::make_shared<std::vector<std::uint64_t>>(bytes.size() / 8 + 1);
  std::memcpy(memory->data(), bytes.data(), bytes.size());
  return GgufFile::parse(std::as_bytes(std::span(*memory)).first(bytes.size()), memory, "input");
}

std::string written(const GgufWriter& writer) {
  const Path path = Path(testing::TempDir()) / fmt::format("gguf-{}.gguf", ::getpid());
  writer.write(path);
  const std::string bytes = read_file(path);
  std::filesystem::remove(path);
  return bytes;
}

Tensor counting(std::string name, Shape shape, DType dtype) {
  OwnedTensor tensor = make_f32(std::move(name), std::move(shape));
  for (std::size_t i = 0; i < tensor.values.size(); ++i) tensor.values[i] = static_cast<float>(i) - 3;
  return convert(tensor.tensor, dtype);
}

// One of everything, and the names by which the mutations below find their places.
std::string small_file() {
  GgufWriter writer;
  writer.add("general.architecture", "llama");
  writer.add_u32("general.alignment", 32);
  writer.add_bool("key.flag", true);
  writer.add_u64("key.large", std::numeric_limits<std::uint64_t>::max());
  writer.add_f32("key.real", 0.5F);
  writer.add("key.texts", std::vector<std::string>{"first text", "second text"});
  writer.add("key.whole", std::vector<std::int32_t>{1, -2, 3});
  writer.add("key.reals", std::vector<float>{0.25F, -1});
  writer.add("key.empty", std::vector<std::string>());
  writer.add(counting("tensor.first", {2, 8}, DType::f32));
  writer.add(counting("tensor.other", {1, 32}, DType::q8_0));
  writer.add(counting("tensor.third", {16}, DType::f16));
  return written(writer);
}

TEST(Gguf, WhatWasWrittenIsRead) {
  const GgufFile file = parse(small_file());
  EXPECT_EQ(file.version(), 3U);
  EXPECT_EQ(file.metadata().size(), 9U);
  EXPECT_EQ(file.text("general.architecture"), "llama");
  EXPECT_EQ(file.integer("general.alignment"), 32);
  EXPECT_EQ(file.boolean("key.flag"), true);
  EXPECT_EQ(file.number("key.real"), 0.5);
  EXPECT_EQ(file.number("general.alignment"), 32.0);
  EXPECT_EQ(file.texts("key.texts"), (std::vector<std::string>{"first text", "second text"}));
  EXPECT_EQ(file.integers("key.whole"), (std::vector<std::int64_t>{1, -2, 3}));
  EXPECT_EQ(file.numbers("key.whole"), (std::vector<double>{1, -2, 3}));
  EXPECT_EQ(file.numbers("key.reals"), (std::vector<double>{0.25, -1}));
  EXPECT_EQ(file.texts("key.empty"), std::vector<std::string>());
  EXPECT_EQ(file.integer("key.absent"), std::nullopt);

  ASSERT_EQ(file.tensors().size(), 3U);
  const Tensor* first = file.find_tensor("tensor.first");
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->shape, (Shape{2, 8}));
  EXPECT_EQ(first->f32()[15], 12.0F);
  EXPECT_EQ(file.find_tensor("tensor.other")->dtype, DType::q8_0);
  EXPECT_EQ(file.find_tensor("tensor.other")->bytes.size(), 34U);
  EXPECT_EQ(to_f32(*file.find_tensor("tensor.third")).f32()[15], 12.0F);
  EXPECT_EQ(file.find_tensor("tensor.none"), nullptr);
  for (const Tensor& tensor : file.tensors()) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.bytes.data()) % 8, 0U) << tensor.name;
  }
}

// Every type of block that is written comes back bit for bit, and all types are known by number.
TEST(Gguf, QuantisedTensorsAreWrittenAndRead) {
  GgufWriter writer;
  std::vector<Tensor> given;
  for (const DType dtype : {DType::q4_0, DType::q5_0, DType::q8_0, DType::q4_k, DType::q6_k}) {
    given.push_back(counting(fmt::format("blocks.{}", to_string(dtype)), {3, 512}, dtype));
    writer.add(given.back());
  }
  for (const DType dtype : {DType::q4_1, DType::q5_1, DType::q2_k, DType::q3_k, DType::q5_k}) {
    const auto bytes = std::make_shared<std::vector<std::byte>>(row_bytes(dtype, 512) * 3, std::byte{0x21});
    given.push_back({fmt::format("blocks.{}", to_string(dtype)), dtype, {3, 512}, *bytes, bytes});
    writer.add(given.back());
  }
  const GgufFile file = parse(written(writer));
  ASSERT_EQ(file.tensors().size(), given.size());
  for (const Tensor& tensor : given) {
    const Tensor* read = file.find_tensor(tensor.name);
    ASSERT_NE(read, nullptr) << tensor.name;
    EXPECT_EQ(read->dtype, tensor.dtype);
    EXPECT_EQ(read->shape, tensor.shape);
    EXPECT_TRUE(std::equal(tensor.bytes.begin(), tensor.bytes.end(), read->bytes.begin(), read->bytes.end()));
    EXPECT_EQ(to_f32(*read).f32().size(), 3U * 512U);
  }
}

TEST(Gguf, TheFileOutlivesItsHandle) {
  std::optional<GgufFile> copy;
  Tensor tensor;
  {
    const GgufFile file = parse(small_file());
    copy = file;
    tensor = *file.find_tensor("tensor.first");
  }
  EXPECT_EQ(copy->integers("key.whole"), (std::vector<std::int64_t>{1, -2, 3}));
  EXPECT_EQ(tensor.f32()[0], -3.0F);
}

TEST(Gguf, AWrongTypeSaysWhatStandsThere) {
  const GgufFile file = parse(small_file());
  const auto message = [&](const std::function<void()>& work) -> std::string {
    try {
      work();
    } catch (const Error& error) {
      EXPECT_EQ(to_string(error.code()), "corrupt");
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(message([&] { file.integer("general.architecture"); }),
            "reading input: the key 'general.architecture' is string where an integer is needed");
  EXPECT_EQ(message([&] { file.texts("key.whole"); }),
            "reading input: the key 'key.whole' is array of i32 where an array of strings is needed");
  EXPECT_EQ(message([&] { file.integers("key.reals"); }),
            "reading input: the key 'key.reals' is array of f32 where an array of integers is needed");
  EXPECT_EQ(message([&] { file.integer("key.large"); }),  // does not fit into an int64
            "reading input: the key 'key.large' is u64 where an integer is needed");
  EXPECT_EQ(message([&] { file.boolean("general.alignment"); }),
            "reading input: the key 'general.alignment' is u32 where a bool is needed");
}

TEST(Gguf, VersionTwoIsRead) {
  std::string bytes = small_file();
  bytes[4] = 2;
  EXPECT_EQ(parse(bytes).version(), 2U);
}

// The shelf of broken files: the small file above with one thing wrong, and what its reader is told.

std::size_t behind(const std::string& bytes, std::string_view name) {
  const std::size_t at = bytes.find(name);
  EXPECT_NE(at, std::string::npos) << name;
  return at + name.size();
}

template <typename T>
void put(std::string& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof(T));
}

// A key's length stands 8 bytes before it, its type behind it, its value behind that.
void put_key_length(std::string& bytes, std::string_view key, std::uint64_t length) {
  put(bytes, behind(bytes, key) - key.size() - 8, length);
}
void put_type(std::string& bytes, std::string_view key, std::uint32_t type) {
  put(bytes, behind(bytes, key), type);
}
template <typename T>
void put_value(std::string& bytes, std::string_view key, T value) {
  put(bytes, behind(bytes, key) + 4, value);
}
// An array's element type and count stand where a single value would.
void put_count(std::string& bytes, std::string_view key, std::uint64_t count) {
  put(bytes, behind(bytes, key) + 8, count);
}
// Behind a tensor's name: dimensions (u32), extents (u64 each), type (u32), offset (u64).
void put_extent(std::string& bytes, std::string_view tensor, int index, std::uint64_t extent) {
  put(bytes, behind(bytes, tensor) + 4 + 8 * static_cast<std::size_t>(index), extent);
}
void put_tensor_type(std::string& bytes, std::string_view tensor, int dimensions, std::uint32_t type) {
  put(bytes, behind(bytes, tensor) + 4 + 8 * static_cast<std::size_t>(dimensions), type);
}
void put_offset(std::string& bytes, std::string_view tensor, int dimensions, std::uint64_t offset) {
  put(bytes, behind(bytes, tensor) + 8 + 8 * static_cast<std::size_t>(dimensions), offset);
}

struct Broken {
  const char* name;
  std::function<void(std::string&)> spoil;
  std::string_view message;
  ErrorCode code = ErrorCode::corrupt;
};

std::vector<Broken> shelf() {
  using S = std::string;
  return {
      {"empty", [](S& b) { b.clear(); }, "at byte 0: the magic \"GGUF\" needs 4 bytes and 0 are left"},
      {"other_magic", [](S& b) { b[3] = 'L'; }, "this is not a GGUF file"},
      {"version_0", [](S& b) { b[4] = 0; }, "GGUF version 0; versions 2 and 3 are read",
       ErrorCode::unsupported},
      {"version_1", [](S& b) { b[4] = 1; }, "GGUF version 1;", ErrorCode::unsupported},
      {"version_4", [](S& b) { b[4] = 4; }, "GGUF version 4;", ErrorCode::unsupported},
      {"big_endian", [](S& b) { put<std::uint32_t>(b, 4, 0x03000000); }, "a big-endian GGUF file",
       ErrorCode::unsupported},
      {"cut_in_the_version", [](S& b) { b.resize(6); }, "the version needs 4 bytes and 2 are left"},
      {"cut_in_the_counts", [](S& b) { b.resize(14); }, "the number of tensors needs 8 bytes and 6 are left"},
      {"absurd_tensor_count", [](S& b) { put(b, 8, std::uint64_t{1} << 60); },
       "at byte 8: the number of tensors is 1152921504606846976"},
      {"absurd_key_count", [](S& b) { put(b, 16, ~std::uint64_t{0}); },
       "at byte 16: the number of keys is 18446744073709551615"},
      {"one_tensor_too_many", [](S& b) { b[8] = 4; }, "the name of a tensor is empty"},
      {"empty_key", [](S& b) { put_key_length(b, "key.flag", 0); }, "a key is empty"},
      {"key_beyond_the_file", [](S& b) { put_key_length(b, "key.flag", 60000); }, "a key needs 60000 bytes"},
      {"key_over_the_limit", [](S& b) { put_key_length(b, "key.flag", 65536); },
       "a key is 65536 bytes long; at most 65535"},
      {"key_length_overflows", [](S& b) { put_key_length(b, "key.flag", ~std::uint64_t{0}); },
       "a key is 18446744073709551615 bytes long"},
      {"key_with_a_line_break", [](S& b) { b[behind(b, "key.flag") - 1] = '\n'; },
       "a key holds bytes that are not printable"},
      {"key_twice", [](S& b) { b.replace(b.find("key.reals"), 9, "key.whole"); },
       "the key 'key.whole' stands twice"},
      {"unknown_value_type", [](S& b) { put_type(b, "key.flag", 14); },
       "the key 'key.flag' has the unknown type 14"},
      {"boolean_of_2", [](S& b) { put_value<std::uint8_t>(b, "key.flag", 2); },
       "the key 'key.flag' holds the boolean 2"},
      {"string_beyond_the_file", [](S& b) { put_value(b, "general.architecture", std::uint64_t{1} << 40); },
       "a string needs 1099511627776 bytes"},
      {"unknown_element_type", [](S& b) { put_value<std::uint32_t>(b, "key.whole", 77); },
       "an element of the key 'key.whole' has the unknown type 77"},
      {"absurd_array", [](S& b) { put_count(b, "key.whole", std::uint64_t{1} << 62); },
       "the array 'key.whole' has 4611686018427387904 elements"},
      {"absurd_string_array", [](S& b) { put_count(b, "key.texts", std::uint64_t{1} << 61); },
       "the array 'key.texts' has 2305843009213693952 elements"},
      {"string_array_beyond_the_file", [](S& b) { put(b, behind(b, "key.texts") + 16, std::uint64_t{9999}); },
       "a string needs 9999 bytes"},
      {"boolean_array_of_5",
       [](S& b) {
         put_value<std::uint32_t>(b, "key.whole", 7), put<std::uint8_t>(b, behind(b, "key.whole") + 16, 5);
       },
       "the key 'key.whole' holds the boolean 5"},
      {"arrays_nested_too_deep",
       [](S& b) {
         S nested;  // each level: element type array, one element
         for (int i = 0; i < 5; ++i) nested += S("\x09\0\0\0\x01\0\0\0\0\0\0\0", 12);
         b.insert(behind(b, "key.whole") + 4, nested);
       },
       "the key 'key.whole' nests arrays more than 4 deep"},
      {"alignment_0", [](S& b) { put_value<std::uint32_t>(b, "general.alignment", 0); },
       "general.alignment is 0"},
      {"alignment_48", [](S& b) { put_value<std::uint32_t>(b, "general.alignment", 48); },
       "general.alignment is 48; a power of two"},
      {"alignment_4", [](S& b) { put_value<std::uint32_t>(b, "general.alignment", 4); },
       "general.alignment is 4; a power of two from 8"},
      {"alignment_of_2_gib", [](S& b) { put_value(b, "general.alignment", std::uint32_t{1} << 31); },
       "general.alignment is 2147483648"},
      {"alignment_as_float", [](S& b) { put_type(b, "general.alignment", 6); },
       "general.alignment is not a u32"},
      {"empty_tensor_name", [](S& b) { put_key_length(b, "tensor.other", 0); },
       "the name of a tensor is empty"},
      {"long_tensor_name", [](S& b) { put_key_length(b, "tensor.other", 65); },
       "the name of a tensor is 65 bytes long; at most 64"},
      {"tensor_name_with_a_zero", [](S& b) { b[behind(b, "tensor.other") - 1] = '\0'; },
       "the name of a tensor holds bytes"},
      {"tensor_twice", [](S& b) { b.replace(b.find("tensor.third"), 12, "tensor.other"); },
       "the tensor 'tensor.other' stands twice"},
      {"five_dimensions", [](S& b) { put<std::uint32_t>(b, behind(b, "tensor.first"), 5); },
       "the tensor 'tensor.first' has 5 dimensions"},
      {"dimension_of_zero", [](S& b) { put_extent(b, "tensor.first", 0, 0); },
       "the tensor 'tensor.first' has a dimension of 0"},
      {"negative_dimension", [](S& b) { put_extent(b, "tensor.first", 0, ~std::uint64_t{0}); },
       "has a dimension of 18446744073709551615"},
      {"elements_overflow",
       [](S& b) {
         put_extent(b, "tensor.first", 0, std::uint64_t{1} << 40),
             put_extent(b, "tensor.first", 1, std::uint64_t{1} << 40);
       },
       "'tensor.first' of shape [1099511627776, 1099511627776] is larger than the whole file"},
      {"larger_than_the_file", [](S& b) { put_extent(b, "tensor.first", 1, 4096); },
       "is larger than the whole file"},
      {"past_the_data", [](S& b) { put_extent(b, "tensor.first", 1, 8); },
       "the tensor 'tensor.first' is 256 bytes at offset 0, and the data section has 160"},
      {"unknown_tensor_type", [](S& b) { put_tensor_type(b, "tensor.first", 2, 99); },
       "the tensor 'tensor.first' has the unknown type 99"},
      {"retired_tensor_type", [](S& b) { put_tensor_type(b, "tensor.first", 2, 4); },
       "the tensor 'tensor.first' has the unknown type 4"},
      {"type_not_read", [](S& b) { put_tensor_type(b, "tensor.first", 2, 16); },
       "the tensor 'tensor.first' is of type IQ2_XXS, which is not read; these are: F32, F16, Q4_0, Q4_1, "
       "Q5_0, "
       "Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K",
       ErrorCode::unsupported},
      {"half_a_block_of_256", [](S& b) { put_tensor_type(b, "tensor.first", 2, 12); },
       "rows of 8 elements, which do not fill whole q4_k blocks of 256"},
      {"blocks_past_the_data",
       [](S& b) { put_extent(b, "tensor.first", 0, 256), put_tensor_type(b, "tensor.first", 2, 14); },
       "the tensor 'tensor.first' is 420 bytes at offset 0, and the data section has 160"},
      {"half_a_block", [](S& b) { put_extent(b, "tensor.other", 0, 48); },
       "rows of 48 elements, which do not fill whole q8_0 blocks of 32"},
      {"offset_not_aligned", [](S& b) { put_offset(b, "tensor.other", 2, 65); },
       "'tensor.other' is at offset 65, not a multiple of the alignment 32"},
      {"offset_beyond_the_file", [](S& b) { put_offset(b, "tensor.other", 2, 3200); },
       "34 bytes at offset 3200, and the data section has 160"},
      {"offset_overflows", [](S& b) { put_offset(b, "tensor.other", 2, ~std::uint64_t{31}); },
       "at offset 18446744073709551584"},
      {"tensors_overlap", [](S& b) { put_offset(b, "tensor.other", 2, 32); },
       "the tensors 'tensor.first' and 'tensor.other' overlap"},
      {"tensors_in_one_place", [](S& b) { put_offset(b, "tensor.third", 1, 64); },
       "the tensors 'tensor.other' and 'tensor.third' overlap"},
      {"cut_in_the_tensor_list", [](S& b) { b.resize(behind(b, "tensor.third")); },
       "the number of dimensions needs 4 bytes and 0 are left"},
      {"no_data_at_all", [](S& b) { b.resize(behind(b, "tensor.third") + 24); },
       "and the data section has 0"},
      {"last_byte_cut", [](S& b) { b.pop_back(); },
       "the tensor 'tensor.third' is 32 bytes at offset 128, and the data section has 159"},
  };
}

TEST(GgufShelf, EachBrokenFileIsToldWhatIsWrong) {
  const std::string valid = small_file();
  EXPECT_NO_THROW(parse(valid));
  const auto cases = shelf();
  EXPECT_GE(cases.size(), 25U);
  for (const Broken& broken : cases) {
    std::string bytes = valid;
    broken.spoil(bytes);
    EXPECT_NE(bytes, valid) << broken.name;
    try {
      parse(bytes);
      ADD_FAILURE() << broken.name << " was read";
    } catch (const Error& error) {
      EXPECT_EQ(to_string(error.code()), to_string(broken.code)) << broken.name << ": " << error.what();
      EXPECT_NE(std::string_view(error.what()).find(broken.message), std::string_view::npos)
          << broken.name << ": " << error.what();
    }
  }
}

TEST(GgufShelf, EveryTruncationIsAnError) {
  const std::string valid = small_file();
  for (std::size_t size = 0; size < valid.size(); ++size)
    EXPECT_THROW(parse(valid.substr(0, size)), Error) << size;
}

GgufVerdict exercise(const std::string& bytes) {
  return exercise_gguf(std::as_bytes(std::span(bytes)));
}

TEST(GgufShelf, AFlippedByteIsReadOrRefused) {
  const std::string valid = small_file();
  int refused = 0;
  for (std::size_t at = 0; at < valid.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string bytes = valid;
      bytes[at] = static_cast<char>(bytes[at] ^ flip);
      refused += exercise(bytes) == GgufVerdict::refused ? 1 : 0;
    }
  }
  EXPECT_GT(refused, 100);
}

TEST(Gguf, TheDialectOfTheSmallFileIsRead) {
  const Path path = kData / "gguf-small/test_writer.gguf";
  NEEDS_SHARED(path);
  const GgufFile file = GgufFile::open(path);
  EXPECT_EQ(file.version(), 3U);
  EXPECT_EQ(file.metadata().size(), 30U);
  EXPECT_EQ(file.integer("llama.block_count"), 12);
  EXPECT_EQ(file.number("answer_in_float"), 42.0);
  EXPECT_EQ(file.text(".dict1.key2"), "hi");
  const auto* members = std::get_if<GgufArray>(&file.find("dict1")->value);
  ASSERT_NE(members, nullptr);
  EXPECT_EQ(members->values.size(), 3U);
  EXPECT_EQ(file.integers(".arrayInArray[1]"), (std::vector<std::int64_t>{5, 7, 8}));
  EXPECT_EQ(file.integer("general.alignment"), 64);
  ASSERT_EQ(file.tensors().size(), 3U);
  EXPECT_EQ(file.find_tensor("tensor1")->shape, (Shape{32}));
  EXPECT_EQ(file.find_tensor("tensor1")->f32()[31], 100.0F);
  EXPECT_EQ(file.find_tensor("tensor3")->f32()[0], 102.0F);
  read_every_value(file);
}

TEST(Gguf, RealVocabulariesOpen) {
  NEEDS_SHARED(kData / "ggml-vocab");
  constexpr std::string_view kExtensions[] = {".gguf"};
  const auto paths = list_files(kData / "ggml-vocab", kExtensions);
  EXPECT_EQ(paths.size(), 6U);
  for (const Path& path : paths) {
    const GgufFile file = GgufFile::open(path);
    EXPECT_TRUE(file.text("general.architecture").has_value()) << path;
    EXPECT_GT(file.texts("tokenizer.ggml.tokens")->size(), 10000U) << path;
    EXPECT_TRUE(file.tensors().empty());
  }
}

// Seeds of the fuzzer, a file for each quantised type, and what it found worth keeping.
TEST(GgufShelf, TheFuzzersCorpusIsReadOrRefused) {
  int read = 0, refused = 0;
  for (const Path& path : list_files(Path(FULCRUM_SOURCE_DIR) / "tests/corpus/gguf")) {
    const bool is_read = exercise(read_file(path)) == GgufVerdict::read;
    (is_read ? read : refused) += 1;
    EXPECT_TRUE(is_read || path.extension() != ".gguf") << path;
  }
  EXPECT_GE(read, 10);
  EXPECT_GT(refused, 0);
}

// Whatever is cut off, the survey holds what stood before.
TEST(GgufShelf, ASurveyHoldsWhatStandsBeforeTheDefect) {
  const std::string valid = small_file();
  const auto survey = [&](std::size_t size) {
    const auto memory = std::make_shared<std::string>(valid.substr(0, size));
    return GgufFile::survey(std::as_bytes(std::span(*memory)), memory, "input");
  };
  const GgufSurvey whole = survey(valid.size());
  EXPECT_FALSE(whole.defect);
  EXPECT_EQ(whole.file.metadata().size(), whole.declared_keys);
  EXPECT_EQ(whole.file.tensors().size(), whole.declared_tensors);
  std::size_t keys = 0, tensors = 0;
  for (std::size_t size = 0; size < valid.size(); ++size) {
    const GgufSurvey cut = survey(size);
    ASSERT_TRUE(cut.defect) << size;
    EXPECT_GE(cut.file.metadata().size(), keys);
    EXPECT_GE(cut.file.tensors().size(), tensors);
    keys = cut.file.metadata().size(), tensors = cut.file.tensors().size();
  }
  const GgufSurvey last = survey(valid.size() - 1);
  EXPECT_EQ(keys, 9U);
  ASSERT_EQ(tensors, 3U);
  EXPECT_EQ(last.file.tensors()[1].bytes.size(), 34U);
  EXPECT_EQ(last.file.tensors()[2].name, "tensor.third");
  EXPECT_TRUE(last.file.tensors()[2].bytes.empty());
  EXPECT_EQ(last.file.integer("general.alignment"), 32);
}

TEST(GgufShelf, RecordedFuzzerInputsAreReadOrRefused) {
  const Path folder = kData / "gguf-fuzz";
  NEEDS_SHARED(folder);
  int read = 0, refused = 0;
  for (const Path& path : list_files(folder)) {
    (exercise(read_file(path)) == GgufVerdict::read ? read : refused) += 1;
  }
  RecordProperty("read", read);
  RecordProperty("refused", refused);
  EXPECT_GE(read + refused, 225);
  EXPECT_GT(read, 0);
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace fulcrum
