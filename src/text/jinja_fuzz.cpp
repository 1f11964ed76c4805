// libFuzzer entry: any bytes as a Jinja template. Seeds and what earlier runs found: tests/corpus/jinja.
#include <cstddef>
#include <cstdint>

#include "text/jinja_exercise.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fulcrum::exercise_jinja({reinterpret_cast<const char*>(data), size});
  return 0;
}
