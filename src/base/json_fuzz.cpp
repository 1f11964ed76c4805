// libFuzzer entry: any bytes as JSON. Seeds and what earlier runs found: tests/corpus/json.
#include <cstddef>
#include <cstdint>

#include "base/json_exercise.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fulcrum::exercise_json({reinterpret_cast<const char*>(data), size});
  return 0;
}
