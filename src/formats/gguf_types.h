// The numbers of the GGUF format that its reader and its writer share. Source: the ggml project's format
// description.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "tensor/dtype.h"

namespace fulcrum {

inline constexpr std::string_view kGgufMagic = "GGUF";
inline constexpr std::uint64_t kGgufAlignment = 32;     // unless general.alignment says otherwise
inline constexpr std::size_t kGgufMaxKeyBytes = 65535;  // the format's own limits
inline constexpr std::size_t kGgufMaxTensorNameBytes = 64;
inline constexpr std::uint32_t kGgufMaxDimensions = 4;

// Types of metadata values, as numbered in files.
struct GgufType {
  enum Number : std::uint32_t {
    u8,
    i8,
    u16,
    i16,
    u32,
    i32,
    f32,
    boolean,
    string,
    array,
    u64,
    i64,
    f64,
    object
  };
};

// A type's name, and the bytes of a value; of strings and arrays the fewest that one can take.
struct GgufTypeInfo {
  std::string_view name;
  std::uint64_t bytes;
};
inline constexpr std::array<GgufTypeInfo, 14> kGgufTypes = {{{"u8", 1},
                                                             {"i8", 1},
                                                             {"u16", 2},
                                                             {"i16", 2},
                                                             {"u32", 4},
                                                             {"i32", 4},
                                                             {"f32", 4},
                                                             {"bool", 1},
                                                             {"string", 8},
                                                             {"array", 12},
                                                             {"u64", 8},
                                                             {"i64", 8},
                                                             {"f64", 8},
                                                             {"object", 12}}};

// A tensor type of ggml, and the DType it is read as, if it can be.
struct GgufTensorType {
  std::uint32_t number;
  std::string_view name;
  std::optional<DType> dtype;
};

// Numbers as in ggml's enum; those without a DType are known by name only, so that a refusal can say what it
// refuses.
inline constexpr GgufTensorType kGgufTensorTypes[] = {
    {0, "F32", DType::f32},       {1, "F16", DType::f16},        {2, "Q4_0", DType::q4_0},
    {3, "Q4_1", DType::q4_1},     {6, "Q5_0", DType::q5_0},      {7, "Q5_1", DType::q5_1},
    {8, "Q8_0", DType::q8_0},     {9, "Q8_1", std::nullopt},     {10, "Q2_K", DType::q2_k},
    {11, "Q3_K", DType::q3_k},    {12, "Q4_K", DType::q4_k},     {13, "Q5_K", DType::q5_k},
    {14, "Q6_K", DType::q6_k},    {15, "Q8_K", std::nullopt},    {16, "IQ2_XXS", std::nullopt},
    {17, "IQ2_XS", std::nullopt}, {18, "IQ3_XXS", std::nullopt}, {19, "IQ1_S", std::nullopt},
    {20, "IQ4_NL", std::nullopt}, {21, "IQ3_S", std::nullopt},   {22, "IQ2_S", std::nullopt},
    {23, "IQ4_XS", std::nullopt}, {24, "I8", DType::i8},         {25, "I16", DType::i16},
    {26, "I32", DType::i32},      {27, "I64", DType::i64},       {28, "F64", DType::f64},
    {29, "IQ1_M", std::nullopt},  {30, "BF16", DType::bf16},     {34, "TQ1_0", std::nullopt},
    {35, "TQ2_0", std::nullopt},  {39, "MXFP4", std::nullopt},
};

// Keys and tensor names are printable ASCII in every real file.
inline bool is_gguf_name(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

inline std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

}  // namespace fulcrum
