#include "formats/safetensors.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <functional>

#include "base/error.h"
#include "formats/safetensors_exercise.h"

namespace fulcrum {
namespace {

const Path kData = Path(FULCRUM_SHARED_DIR) / "data";

#define NEEDS_SHARED(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "absent: " << (path)

SafetensorsFile parse(const std::string& bytes) {
  auto memory = std::make_shared<std::vector<std::uint64_t>>(bytes.size() / 8 + 1);
  std::memcpy(memory->data(), bytes.data(), bytes.size());
  return SafetensorsFile::parse(std::as_bytes(std::span(*memory)).first(bytes.size()), memory, "input");
}

std::string file_of(std::string_view header, std::size_t data_bytes) {
  const std::uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof(length));
  bytes += header;
  for (std::size_t i = 0; i < data_bytes; ++i) bytes += static_cast<char>(i);
  return bytes;
}

Tensor counting(std::string name, Shape shape, DType dtype) {
  OwnedTensor tensor = make_f32(std::move(name), std::move(shape));
  for (std::size_t i = 0; i < tensor.values.size(); ++i) tensor.values[i] = static_cast<float>(i) - 1;
  return convert(tensor.tensor, dtype);
}

TEST(Safetensors, WhatWasWrittenIsRead) {
  const Path path = Path(testing::TempDir()) / fmt::format("written-{}.safetensors", ::getpid());
  write_safetensors({counting("half", {3}, DType::f16), counting("a \"name\"", {2, 3}, DType::f32),
                     counting("brain", {1, 1, 5}, DType::bf16)},
                    {{"format", "pt"}, {"note", "é\n"}}, path);
  const SafetensorsFile file = SafetensorsFile::open(path);
  std::filesystem::remove(path);
  EXPECT_EQ(file.metadata, (SafetensorsMetadata{{"format", "pt"}, {"note", "é\n"}}));
  ASSERT_EQ(file.tensors.size(), 3U);
  EXPECT_EQ(file.tensors[0].name, "a \"name\"");  // f32 first
  EXPECT_EQ(file.tensors[0].shape, (Shape{2, 3}));
  EXPECT_EQ(file.tensors[0].f32()[5], 4.0F);
  EXPECT_EQ(to_f32(*file.find_tensor("half")).f32()[2], 1.0F);
  EXPECT_EQ(to_f32(*file.find_tensor("brain")).f32()[4], 3.0F);
  EXPECT_EQ(file.find_tensor("none"), nullptr);
}

TEST(Safetensors, RealFilesAreRead) {
  NEEDS_SHARED(kData / "safetensors-real");
  const SafetensorsFile codes = SafetensorsFile::open(kData / "safetensors-real/jfk-codes.safetensors");
  ASSERT_EQ(codes.tensors.size(), 1U);
  EXPECT_EQ(codes.tensors[0].dtype, DType::i64);
  EXPECT_EQ(codes.tensors[0].shape, (Shape{1, 2, 828}));
  const SafetensorsFile voices = SafetensorsFile::open(kData / "safetensors-real/voices.safetensors");
  EXPECT_EQ(voices.find_tensor("mask")->dtype, DType::u8);
  EXPECT_EQ(voices.find_tensor("mask")->bytes.size(), 32406U);
  const auto first = voices.find_tensor("tokens")->bytes.first(8);
  std::int64_t token = -1;
  std::memcpy(&token, first.data(), sizeof(token));
  EXPECT_GE(token, 0);
}

TEST(Safetensors, PicklesAreRefusedWithTheWayToConvert) {
  NEEDS_SHARED(kData / "safetensors-real");
  for (const char* name : {"test.pt", "test_with_key.pt", "fortran_tensor_3d.pth"}) {
    try {
      SafetensorsFile::open(kData / "safetensors-real" / name);
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(to_string(error.code()), "unsupported") << name;
      EXPECT_NE(std::string_view(error.what()).find("s.save_file(torch.load("), std::string_view::npos)
          << error.what();
    }
  }
}

TEST(Safetensors, WhatTheReferenceTakesIsTaken) {
  EXPECT_TRUE(parse(file_of("{}", 0)).tensors.empty());
  EXPECT_TRUE(parse(file_of("{}      ", 0)).tensors.empty());  // padding
  const SafetensorsFile scalar =
      parse(file_of(R"({"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})", 4));
  EXPECT_EQ(scalar.tensors[0].elements(), 1);
  const SafetensorsFile nothing =
      parse(file_of(R"({"n":{"dtype":"F32","shape":[0,7],"data_offsets":[0,0]}})", 0));
  EXPECT_EQ(nothing.tensors[0].elements(), 0);
  // The order in the header is not the order of the data.
  const SafetensorsFile swapped = parse(file_of(
      R"({"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]},"a":{"data_offsets":[0,3],"shape":[3],"dtype":"I8"}})",
      5));
  EXPECT_EQ(swapped.tensors[0].name, "a");
  // A header of 7 bytes too few for alignment: the values are copied to where they can be read.
  const SafetensorsFile odd = parse(file_of(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} )", 8));
  EXPECT_EQ(odd.tensors[0].f32().size(), 2U);
}

struct Broken {
  const char* name;
  std::string bytes;
  std::string_view message;
  ErrorCode code = ErrorCode::corrupt;
};

std::string zip_of_pickles() {
  std::string bytes("PK\x03\x04", 4);
  bytes.resize(64, '\x08');
  return bytes;
}

TEST(Safetensors, EachBrokenFileIsToldWhatIsWrong) {
  std::string not_utf8 = R"({"x?":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})";
  not_utf8[3] = '\xff';
  const std::string good = R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  const Broken cases[] = {
      {"empty", "", "the length of the header needs 8 bytes and 0 are left"},
      {"cut_in_the_length", file_of(good, 8).substr(0, 5), "needs 8 bytes and 5 are left"},
      {"header_over_100_mb", file_of(good, 8).replace(0, 8, std::string("\x01\xe1\xf5\x05\0\0\0\0", 8)),
       "100000001 bytes; at most 100000000", ErrorCode::too_large},
      {"header_length_overflows", file_of(good, 8).replace(0, 8, 8, '\xff'), "18446744073709551615",
       ErrorCode::too_large},
      {"header_beyond_the_file", file_of(good, 8).substr(0, 30), "the header needs 54 bytes and 22 are left"},
      {"no_header", file_of("", 0), "does not begin with '{'"},
      {"header_is_a_list", file_of("[]", 0), "does not begin with '{'"},
      {"space_before_the_header", file_of(" {}", 0), "does not begin with '{'"},
      {"not_json", file_of("{\"x\":", 0), "the header is not valid JSON at its byte"},
      {"text_behind_the_json", file_of("{} x", 0), "the header is not valid JSON at its byte 4"},
      {"not_utf8", file_of(not_utf8, 4), "at byte 11: the header is not UTF-8"},
      {"name_twice",
       file_of(
           R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"x":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})",
           4),
       "the name 'x' stands twice"},
      {"key_twice", file_of(R"({"x":{"dtype":"U8","dtype":"I8","shape":[2],"data_offsets":[0,2]}})", 2),
       "'x' has the key 'dtype' twice"},
      {"unknown_key", file_of(R"({"x":{"dtype":"U8","shape":[2],"offsets":[0,2]}})", 2),
       "'x' has the unknown key 'offsets'"},
      {"tensor_is_a_number", file_of(R"({"x":7})", 0), "'x' is a number where an object is needed"},
      {"no_dtype", file_of(R"({"x":{"shape":[2],"data_offsets":[0,2]}})", 2),
       "'x' lacks dtype, shape or data_offsets"},
      {"unknown_dtype", file_of(R"({"x":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}})", 2),
       "'x' is of type F8_E4M3", ErrorCode::unsupported},
      {"negative_dimension", file_of(R"({"x":{"dtype":"U8","shape":[-2],"data_offsets":[0,2]}})", 2),
       "'shape' of 'x' cannot be the number -2"},
      {"dimension_with_a_fraction", file_of(R"({"x":{"dtype":"U8","shape":[2.5],"data_offsets":[0,2]}})", 2),
       "cannot be the number 2.5"},
      {"shape_is_a_text", file_of(R"({"x":{"dtype":"U8","shape":"2","data_offsets":[0,2]}})", 2),
       "'shape' of 'x' cannot be a string"},
      {"nested_shape", file_of(R"({"x":{"dtype":"U8","shape":[[2]],"data_offsets":[0,2]}})", 2),
       "cannot be a list"},
      {"one_offset", file_of(R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[2]}})", 2),
       "has 1 entries; 2 are needed"},
      {"offsets_backwards", file_of(R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[2,0]}})", 2),
       "data_offsets [2, 0] do not give that"},
      {"size_is_not_the_shape", file_of(R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4),
       "'x' needs 8 bytes for its shape"},
      {"elements_overflow",
       file_of(R"({"x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0),
       "too large for any file"},
      {"gap_at_the_start", file_of(R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})", 3),
       "begins at 1 where 0 is needed"},
      {"gap_in_the_middle",
       file_of(
           R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"y":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}})",
           4),
       "'y' begins at 3 where 2 is needed"},
      {"overlap",
       file_of(
           R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"y":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
           3),
       "'y' begins at 1 where 2 is needed"},
      {"data_cut", file_of(good, 7), "'x' ends at 8, and there are 7 bytes of data"},
      {"data_left_over", file_of(good, 9), "the tensors cover 8 bytes of data, and there are 9"},
      {"metadata_with_a_number", file_of(R"({"__metadata__":{"n":1}})", 0),
       "'n' of '__metadata__' cannot be"},
      {"metadata_is_a_text", file_of(R"({"__metadata__":"pt"})", 0),
       "'__metadata__' is a string where an object is needed"},
      {"deep_nesting", file_of("{\"x\":" + std::string(100000, '['), 0),
       "'x' is a list where an object is needed"},
      {"zip_of_pickles", zip_of_pickles(), "this is a PyTorch pickle", ErrorCode::unsupported},
      {"bare_pickle", std::string("\x80\x02}q\x01.\0\0\0\0", 10), "this is a PyTorch pickle",
       ErrorCode::unsupported},
  };
  EXPECT_NO_THROW(parse(file_of(good, 8)));
  for (const Broken& broken : cases) {
    try {
      parse(broken.bytes);
      ADD_FAILURE() << broken.name << " was read";
    } catch (const Error& error) {
      EXPECT_EQ(to_string(error.code()), to_string(broken.code)) << broken.name << ": " << error.what();
      EXPECT_NE(std::string_view(error.what()).find(broken.message), std::string_view::npos)
          << broken.name << ": " << error.what();
    }
  }
}

TEST(Safetensors, AFlippedByteIsReadOrRefused) {
  const std::string valid = file_of(
      R"({"__metadata__":{"a":"b"},"x":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"y":{"dtype":"U8","shape":[1],"data_offsets":[4,5]}})",
      5);
  int refused = 0;
  for (std::size_t at = 0; at < valid.size(); ++at) {
    for (const int flip : {0x01, 0x02, 0x20, 0x80, 0xff}) {
      std::string bytes = valid;
      bytes[at] = static_cast<char>(bytes[at] ^ flip);
      try {
        for (const Tensor& tensor : parse(bytes).tensors) to_f32(tensor);
      } catch (const Error&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 300);
}

// Seeds of the fuzzer, and what it found worth keeping.
TEST(Safetensors, TheFuzzersCorpusIsReadOrRefused) {
  int read = 0, refused = 0;
  for (const Path& path : list_files(Path(FULCRUM_SOURCE_DIR) / "tests/corpus/safetensors")) {
    const std::string bytes = read_file(path);
    const bool is_read = exercise_safetensors(std::as_bytes(std::span(bytes))) == SafetensorsVerdict::read;
    (is_read ? read : refused) += 1;
    EXPECT_TRUE(is_read || path.extension() != ".safetensors") << path;
  }
  EXPECT_GE(read, 6);
  EXPECT_GE(refused, 10);
}

TEST(Safetensors, TheWriterRefusesWhatItCannotStore) {
  const Path path = Path(testing::TempDir()) / fmt::format("refused-{}.safetensors", ::getpid());
  const Tensor tensor = counting("x", {32}, DType::f32);
  EXPECT_THROW(write_safetensors({tensor, tensor}, {}, path), Error);
  EXPECT_THROW(write_safetensors({convert(tensor, DType::q8_0)}, {}, path), Error);
  EXPECT_THROW(write_safetensors({counting("__metadata__", {2}, DType::f32)}, {}, path), Error);
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace fulcrum
