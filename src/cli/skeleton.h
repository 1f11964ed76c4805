// What `fulcrum init` writes as the only example of a split ("train", "dev", "test") until there are real
// ones; `fulcrum data split` knows by it that a file is there to be replaced.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace fulcrum {

inline std::string skeleton_example(std::string_view split) {
  return fmt::format("an example of the {} split", split);
}

}  // namespace fulcrum
