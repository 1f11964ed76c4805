// fulcrum inspect FILE: what a model file holds; of a broken GGUF everything up to where it breaks.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/hash.h"
#include "base/json.h"
#include "base/unicode.h"
#include "cli/command.h"
#include "cli/model_files.h"
#include "formats/gguf.h"
#include "model/kv_cache.h"
#include "model/model_file.h"

namespace fulcrum {
namespace {

struct InspectArguments {
  std::string file;
  std::optional<std::int64_t> context_tokens;
  bool keys = false, tensors = false;
};

std::string grouped(std::int64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string readable_bytes(std::int64_t bytes) {
  const double value = static_cast<double>(bytes);
  if (value >= 1e9) return fmt::format("{:.2f} GB", value / 1e9);
  if (value >= 1e6) return fmt::format("{:.1f} MB", value / 1e6);
  if (value >= 1e3) return fmt::format("{:.1f} kB", value / 1e3);
  return fmt::format("{} bytes", bytes);
}

std::string line(std::string_view name, std::string_view text) {
  return fmt::format("  {:<13} {}\n", name, text);
}

// One line of text from a file: what is no printable UTF-8 shown by its bytes, the rest cut where it gets
// long.
std::string one_line(std::string_view text, std::size_t most = 96) {
  std::string shown;
  const auto show_byte = [&](char c) { shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(c)); };
  const std::size_t bad = find_invalid_utf8(text).value_or(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (shown.size() >= most) return shown.append("…");
    if (at >= bad) {
      show_byte(text[at++]);
      continue;
    }
    const std::size_t begin = at;
    const char32_t c = decode_utf8(text, at);
    if (c == U'\n') {
      shown += "\\n";
    } else if (c < 0x20 || c == 0x7f) {
      show_byte(text[begin]);
    } else {
      shown += text.substr(begin, at - begin);
    }
  }
  return shown;
}

std::string show(const GgufValue& value) {
  struct Show {
    std::string operator()(std::uint64_t number) const { return fmt::format("{}", number); }
    std::string operator()(std::int64_t number) const { return fmt::format("{}", number); }
    std::string operator()(double number) const { return fmt::format("{:.9g}", number); }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(const std::string& text) const { return fmt::format("\"{}\"", one_line(text)); }
    std::string operator()(const GgufArray& items) const {
      return fmt::format("{} values", grouped(static_cast<std::int64_t>(items.count)));
    }
  };
  return std::visit(Show(), value.value);
}

Json to_json(const GgufValue& value) {
  if (const auto* text = std::get_if<std::string>(&value.value)) return one_line(*text, text->size());
  if (const auto* items = std::get_if<GgufArray>(&value.value)) return {{"values", items->count}};
  if (const auto* flag = std::get_if<bool>(&value.value)) return *flag;
  if (const auto* real = std::get_if<double>(&value.value)) return *real;
  if (const auto* whole = std::get_if<std::int64_t>(&value.value)) return *whole;
  return std::get<std::uint64_t>(value.value);
}

// Types of tensors with what they take, the largest first.
struct TypeShare {
  std::string type;
  std::int64_t tensors = 0, values = 0, bytes = 0;
};
std::vector<TypeShare> shares_of(const std::vector<Tensor>& tensors) {
  std::map<DType, TypeShare> by_type;
  for (const Tensor& tensor : tensors) {
    TypeShare& share = by_type[tensor.dtype];
    share.type = to_string(tensor.dtype);
    share.tensors += 1;
    share.values += tensor.elements();
    share.bytes += tensor.elements() / block_elements(tensor.dtype) * block_bytes(tensor.dtype);
  }
  std::vector<TypeShare> shares;
  for (const auto& [type, share] : by_type) shares.push_back(share);
  std::stable_sort(shares.begin(), shares.end(),
                   [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  return shares;
}

void describe_types(const std::vector<Tensor>& tensors, std::string& text, Json& result) {
  std::string_view name = "types";
  result["types"] = Json::array();
  for (const TypeShare& share : shares_of(tensors)) {
    text += line(name, fmt::format("{:<5} {:>5} tensor{} {:>16} values {:>12}", share.type, share.tensors,
                                   share.tensors == 1 ? " " : "s", grouped(share.values),
                                   readable_bytes(share.bytes)));
    result["types"].push_back(
        {{"type", share.type}, {"tensors", share.tensors}, {"values", share.values}, {"bytes", share.bytes}});
    name = "";
  }
}

void describe_tensors(const std::vector<Tensor>& tensors, std::string& text, Json& result) {
  result["tensors"] = Json::array();
  for (const Tensor& tensor : tensors) {
    const bool is_whole = !tensor.bytes.empty();
    text += fmt::format("    {:<5} {:<18} {}{}\n", to_string(tensor.dtype), to_string(tensor.shape),
                        tensor.name, is_whole ? "" : "  (its bytes were not reached)");
    result["tensors"].push_back({{"name", tensor.name},
                                 {"type", to_string(tensor.dtype)},
                                 {"shape", tensor.shape},
                                 {"bytes", tensor.bytes.size()}});
  }
}

void describe_keys(const GgufFile& file, std::string& text, Json& result) {
  result["keys"] = Json::object();
  for (const auto& [key, value] : file.metadata()) {
    text += fmt::format("    {} = {}\n", one_line(key), show(value));
    result["keys"][one_line(key)] = to_json(value);
  }
}

void describe_vocabulary(const VocabularyData& vocabulary, std::string& text, Json& result) {
  if (vocabulary.tokens.empty()) {
    text += line("tokenizer", "none") + line("template", "none");
    result["tokenizer"] = nullptr;
    return;
  }
  std::int64_t control = 0, bytes = 0;
  for (const std::int32_t type : vocabulary.types) {
    control += type == 3 ? 1 : 0;
    bytes += type == 6 ? 1 : 0;
  }
  std::string special;
  const auto add_special = [&](std::string_view name, std::optional<std::int32_t> id) {
    if (!id) return;
    special += fmt::format("{}{} {} ({})", special.empty() ? "" : ", ", name,
                           one_line(vocabulary.tokens[static_cast<std::size_t>(*id)], 32), *id);
  };
  add_special("bos", vocabulary.bos);
  add_special("eos", vocabulary.eos);
  for (const std::int32_t id : vocabulary.end_of_turn) {
    if (id != vocabulary.eos) add_special("end of turn", id);
  }
  add_special("unknown", vocabulary.unknown);
  text += line("tokenizer", fmt::format("{}{}{}, {} tokens, {} of them control, {} bytes", vocabulary.family,
                                        vocabulary.pre.empty() ? "" : "/", vocabulary.pre,
                                        grouped(std::ssize(vocabulary.tokens)), control, bytes));
  if (!special.empty()) text += line("", special);
  text += line("", fmt::format("{} before a text, {} behind it", vocabulary.add_bos ? "bos" : "nothing",
                               vocabulary.add_eos ? "eos" : "nothing"));
  const std::string& chat = vocabulary.chat_template;
  text += line("template", chat.empty() ? "none"
                                        : fmt::format("{} of Jinja: {}", readable_bytes(std::ssize(chat)),
                                                      one_line(chat, 60)));
  result["tokenizer"] = {{"family", vocabulary.family},
                         {"pre", vocabulary.pre},
                         {"tokens", vocabulary.tokens.size()},
                         {"control", control},
                         {"bytes", bytes},
                         {"add_bos", vocabulary.add_bos},
                         {"add_eos", vocabulary.add_eos},
                         {"template_bytes", chat.size()}};
}

void describe_model(const ModelFile& file, const InspectArguments& arguments, std::string& text,
                    Json& result) {
  const ModelConfig& c = file.config;
  const std::vector<Tensor> tensors = file.weights.all();
  text += line("name", one_line(file.name));
  text += line("architecture",
               fmt::format("{}: {} layers, {} wide, {} heads ({} kv) of {}, feed-forward {}", c.architecture,
                           c.n_layers, c.d_model, c.n_heads, c.n_kv_heads, c.head_dim, c.d_ff));
  text += line("parameters", grouped(c.parameters()));
  describe_types(tensors, text, result);
  text += line("context", fmt::format("{} tokens, RoPE base {}{}", grouped(c.context_tokens), c.rope_theta,
                                      c.sliding_window ? fmt::format(", window {}", *c.sliding_window) : ""));
  describe_vocabulary(file.vocabulary, text, result);
  std::int64_t bytes = 0;
  for (const Tensor& tensor : tensors) bytes += static_cast<std::int64_t>(tensor.bytes.size());
  const std::int64_t context = arguments.context_tokens.value_or(c.context_tokens);
  const DType cache_type = cache_dtype(file.weights);
  const std::int64_t token_bytes = cache_bytes_per_token(c, cache_type), cache = token_bytes * context;
  text += line("memory",
               fmt::format("{} for one sequence of {} tokens: {} of weights, {} of cache in {} ({} a token)",
                           readable_bytes(bytes + cache), grouped(context), readable_bytes(bytes),
                           readable_bytes(cache), to_string(cache_type), readable_bytes(token_bytes)));
  const std::string digest = weights_sha256(file.weights);
  text += line("SHA-256", digest + " (weights)");
  result["name"] = one_line(file.name);
  result["architecture"] = c.architecture;
  result["parameters"] = c.parameters();
  result["layers"] = c.n_layers;
  result["context_tokens"] = c.context_tokens;
  result["weights_bytes"] = bytes;
  result["memory"] = {{"context_tokens", context},
                      {"weights_bytes", bytes},
                      {"cache_bytes", cache},
                      {"cache_type", to_string(cache_type)}};
  result["weights_sha256"] = digest;
}

// A GGUF that is whole, but no model that this program runs: a vocabulary, an adapter, another architecture.
void describe_other(const GgufFile& file, std::string& text, Json& result) {
  const auto text_of = [&](std::string_view key) -> std::string {
    const GgufValue* value = file.find(key);
    const auto* found = value == nullptr ? nullptr : std::get_if<std::string>(&value->value);
    return found == nullptr ? "" : one_line(*found);
  };
  for (const auto& [name, key] : {std::pair{"name", "general.name"},
                                  {"type", "general.type"},
                                  {"architecture", "general.architecture"}}) {
    if (const std::string value = text_of(key); !value.empty()) {
      text += line(name, value);
      result[name] = value;
    }
  }
  describe_types(file.tensors(), text, result);
  if (const GgufValue* tokens = file.find("tokenizer.ggml.tokens")) {
    text += line("tokenizer", fmt::format("{}, {}", text_of("tokenizer.ggml.model"), show(*tokens)));
  }
}

bool begins_as_gguf(std::span<const std::byte> bytes) {
  constexpr std::string_view kMagic = "GGUF";
  return bytes.size() >= kMagic.size() &&
         std::equal(kMagic.begin(), kMagic.end(), bytes.begin(),
                    [](char c, std::byte byte) { return static_cast<std::byte>(c) == byte; });
}

struct Description {
  std::string text;
  Json result = Json::object();
  std::optional<Error> defect;
};

Description describe_gguf(const MappedFile& bytes, const Path& path, const InspectArguments& arguments) {
  Description out;
  const GgufSurvey survey = GgufFile::survey(bytes.bytes(), bytes.owner(), path.string());
  const GgufFile& file = survey.file;
  out.text =
      fmt::format("{}: GGUF v{}, {}, {} keys, {} tensors\n", path.string(), file.version(),
                  readable_bytes(std::ssize(bytes.bytes())), survey.declared_keys, survey.declared_tensors);
  out.result = {{"format", "gguf"}, {"version", file.version()}, {"file_bytes", bytes.bytes().size()}};
  out.defect = survey.defect;
  if (survey.defect) {
    describe_other(file, out.text, out.result);
    const auto whole = std::count_if(file.tensors().begin(), file.tensors().end(),
                                     [](const Tensor& tensor) { return !tensor.bytes.empty(); });
    out.text +=
        line("up to its end", fmt::format("{} of {} keys, {} of {} tensors described, {} of them whole",
                                          file.metadata().size(), survey.declared_keys, file.tensors().size(),
                                          survey.declared_tensors, whole));
  } else {
    try {
      describe_model(load_model_file(path), arguments, out.text, out.result);
    } catch (const Error& error) {
      describe_other(file, out.text, out.result);
      if (error.code() == ErrorCode::corrupt && !file.tensors().empty()) {
        out.defect = error;
      } else {
        out.text += line("cannot be run", error.what());
        out.result["cannot_be_run"] = error.what();
      }
    }
  }
  if (survey.defect || arguments.keys) {
    out.text += "  keys\n";
    describe_keys(file, out.text, out.result);
  }
  std::string list;
  describe_tensors(file.tensors(), list, out.result);
  if ((survey.defect || arguments.tensors) && !list.empty()) out.text += "  tensors\n" + list;
  return out;
}

Description describe_model_file(const Path& path, const InspectArguments& arguments) {
  Description out;
  const ModelFile file = open_model_file(path);
  out.text = fmt::format("{}\n", path.string());
  describe_model(file, arguments, out.text, out.result);
  std::string list;
  describe_tensors(file.weights.all(), list, out.result);
  if (arguments.tensors) out.text += "  tensors\n" + list;
  return out;
}

Description describe(const Path& path, const InspectArguments& arguments) {
  if (std::filesystem::is_directory(path)) return describe_model_file(path, arguments);
  const MappedFile bytes = MappedFile::open(path);
  Description out = begins_as_gguf(bytes.bytes()) ? describe_gguf(bytes, path, arguments)
                                                  : describe_model_file(path, arguments);
  out.result["sha256"] = sha256_file(path);
  out.text += line("SHA-256", out.result["sha256"].get<std::string>() + " (file)");
  return out;
}

void run_inspect(Session& session, const InspectArguments& arguments) {
  Description out = describe(arguments.file.empty() ? session.model_path() : arguments.file, arguments);
  if (out.defect) out.result["error"] = out.defect->what();
  session.print(out.text);
  session.write_json(out.result);
  if (out.defect) throw *out.defect;
}

}  // namespace

void add_inspect(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<InspectArguments>();
  CLI::App* command = add_command(app, session, "inspect", "say what a model file holds",
                                  "fulcrum inspect models/fulcrum-base.gguf");
  command->add_option("file", arguments->file,
                      "GGUF or llama2.c file or Hugging Face folder; without it, the model in use");
  command
      ->add_option("--context", arguments->context_tokens, "tokens for which memory is counted; default: all")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 32));
  command->add_flag("--keys", arguments->keys, "list a GGUF's keys");
  command->add_flag("--tensors", arguments->tensors, "list the tensors");
  add_json_option(*command, session);
  command->callback([&session, arguments] { run_inspect(session, *arguments); });
}

}  // namespace fulcrum
