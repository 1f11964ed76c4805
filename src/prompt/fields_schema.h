// The form of an extraction's answer as a JSON Schema, for decoding that is held to it.
#pragma once

#include <string>
#include <vector>

#include "prompt/signature.h"

namespace fulcrum {

// Every key, each null where the text does not say, and no others.
std::string fields_schema(const std::vector<Field>& fields);

}  // namespace fulcrum
