// fulcrum convert IN OUT: a model out of one kind of file into another, in the type asked for.
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/json.h"
#include "cli/command.h"
#include "cli/model_files.h"
#include "model/quantization.h"

namespace fulcrum {
namespace {

struct ConvertArguments {
  std::string input, output, type;
};

DType stored_type_of(const ModelFile& model) {
  return model.weights.layers.at(0).attn_q.dtype;
}

// One line a type and reason, in the order of their first tensors: a large model has hundreds of tensors.
std::string report_text(const QuantizationReport& report, const Path& output) {
  std::vector<std::pair<std::string, std::int64_t>> lines;
  for (const QuantizedTensor& tensor : report.tensors) {
    const std::string what =
        fmt::format("{}{}{}", to_string(tensor.to), tensor.reason.empty() ? "" : ": ", tensor.reason);
    const auto found =
        std::find_if(lines.begin(), lines.end(), [&](const auto& line) { return line.first == what; });
    if (found == lines.end())
      lines.emplace_back(what, 1);
    else
      ++found->second;
  }
  std::string text = fmt::format("{}: {:.1f} MB of weights, {:.1f} MB before\n", output.string(),
                                 static_cast<double>(report.bytes_after) / 1e6,
                                 static_cast<double>(report.bytes_before) / 1e6);
  for (const auto& [what, count] : lines)
    text += fmt::format("  {:>4} {} {}\n", count, count == 1 ? "tensor " : "tensors", what);
  return text;
}

void run_convert(Session& session, const ConvertArguments& arguments) {
  const ModelFile model = open_model_file(arguments.input);
  const DType type = arguments.type.empty() ? stored_type_of(model) : parse_storage_type(arguments.type);
  const Path output = arguments.output;
  if (output.extension() != ".gguf") {
    save_model_folder(model, type, output);
    session.print(fmt::format("{}: config.json, model.safetensors ({}) and the tokenizer\n", output.string(),
                              to_string(type)));
    session.write_json({{"output", output.string()}, {"type", to_string(type)}});
    return;
  }
  const QuantizationReport report = quantize_model_file(model, type, output);
  session.print(report_text(report, output));
  Json tensors = Json::array();
  for (const QuantizedTensor& tensor : report.tensors) {
    tensors.push_back({{"name", tensor.name},
                       {"from", to_string(tensor.from)},
                       {"to", to_string(tensor.to)},
                       {"reason", tensor.reason},
                       {"relative_error", tensor.relative_error}});
  }
  session.write_json({{"output", output.string()},
                      {"type", to_string(type)},
                      {"bytes_before", report.bytes_before},
                      {"bytes_after", report.bytes_after},
                      {"tensors", std::move(tensors)}});
}

}  // namespace

void add_convert(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<ConvertArguments>();
  CLI::App* command = add_command(app, session, "convert", "turn a model into another kind of file or type",
                                  "fulcrum convert Qwen2.5-0.5B-Instruct qwen.gguf --type q8_0");
  command->add_option("input", arguments->input, "GGUF or llama2.c file, or a Hugging Face folder")
      ->required();
  command->add_option("output", arguments->output, "a name that ends in .gguf, or a folder for Hugging Face")
      ->required();
  command->add_option(
      "--type", arguments->type,
      "of the matrices: f32, f16, bf16, and in GGUF q8_0, q4_0, q4_k, q6_k; default: as they are");
  add_json_option(*command, session);
  command->callback([&session, arguments] { run_convert(session, *arguments); });
}

}  // namespace fulcrum
