#include "model/quantization.h"

#include <cmath>

namespace fulcrum {
namespace {

double relative_error(const Tensor& from, const Tensor& to) {
  const Tensor before = to_f32(from), after = to_f32(to);
  const auto a = before.f32(), b = after.f32();
  double error = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double value = static_cast<double>(a[i]), difference = static_cast<double>(b[i]) - value;
    error += difference * difference;
    size += value * value;
  }
  return size > 0 ? std::sqrt(error / size) : 0.0;
}

}  // namespace

QuantizationReport quantize_model_file(const ModelFile& model, DType type, const Path& out) {
  gguf_file_type(type);  // refuses what is not written before any work is done
  QuantizationReport report;
  ModelFile result = model;
  result.weights.visit(result.config, [&](const std::string& name, const Shape& shape, Tensor& tensor) {
    const StoredType stored = stored_type(result.config, name, shape, type);
    const Tensor before = tensor;
    if (tensor.dtype != stored.dtype) tensor = convert(tensor, stored.dtype);
    report.bytes_before += static_cast<std::int64_t>(before.bytes.size());
    report.bytes_after += static_cast<std::int64_t>(tensor.bytes.size());
    report.tensors.push_back({name, shape, before.dtype, stored.dtype, stored.reason,
                              tensor.dtype == before.dtype ? 0.0 : relative_error(before, tensor)});
  });
  save_model_file(result, type, out);
  return report;
}

}  // namespace fulcrum
