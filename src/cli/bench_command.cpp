// fulcrum bench inference|evaluate|train: tokens a second on this machine, and the share of what it could do
// at most.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>

#include "base/json.h"
#include "cli/command.h"
#include "infer/speed.h"
#include "model/model_shape.h"
#include "model/storage_types.h"
#include "report/terminal.h"
#include "report/text_table.h"
#include "tensor/machine.h"
#include "train/training_speed.h"

namespace fulcrum {
namespace {

struct Arguments {
  std::string shape, type = "q8_0", keep;
  std::int64_t prompt_tokens = 512, generated_tokens = 64;
  std::vector<std::int64_t> streams = {1, 8, 32};
  int repetitions = 5;
  SharedPrefixItems items;
  TrainingSpeedOptions training;
  std::int64_t rank = 16;
};

double peak_memory_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

constexpr std::int64_t kContextTokens = 2048;

// The file of a model of random weights; deleted with this unless it is to be kept.
class RandomModelFile {
 public:
  RandomModelFile(const Arguments& arguments, std::uint64_t seed) : keep_(!arguments.keep.empty()) {
    path_ = keep_ ? Path(arguments.keep)
                  : std::filesystem::temp_directory_path() / fmt::format("fulcrum-bench-{}.gguf", getpid());
    save_model_file(make_random_model(parse_model_shape(arguments.shape), kContextTokens, seed),
                    parse_storage_type(arguments.type), path_);
  }
  ~RandomModelFile() {
    std::error_code ignored;
    if (!keep_) std::filesystem::remove(path_, ignored);
  }
  RandomModelFile(const RandomModelFile&) = delete;
  RandomModelFile& operator=(const RandomModelFile&) = delete;
  const Path& path() const { return path_; }

 private:
  bool keep_;
  Path path_;
};

// The model behind --shape or --model, and what is said of it.
struct Subject {
  std::unique_ptr<RandomModelFile> file;
  ModelFile model;
  double weight_bytes = 0;
};

Subject open_subject(const Session& session, const Arguments& arguments) {
  Subject subject;
  if (!arguments.shape.empty()) subject.file = std::make_unique<RandomModelFile>(arguments, session.seed);
  subject.model = load_model_file(subject.file ? subject.file->path() : Path(session.model_path()));
  for (const Tensor& tensor : subject.model.weights.all())
    subject.weight_bytes += static_cast<double>(tensor.bytes.size());
  return subject;
}

Json to_json(const MachineSpeed& machine) {
  return {{"threads", machine.threads},
          {"f32_flop_per_second", machine.f32_flop_per_second},
          {"bf16_flop_per_second", machine.bf16_flop_per_second},
          {"read_bytes_per_second", machine.read_bytes_per_second}};
}

// Rows of one run: what, how fast, and the share of the machine's limit.
class Sheet {
 public:
  Sheet(Session& session, std::string_view what) : session_(session) {
    machine_ = measure_machine(session.threads);
    session.print(
        fmt::format("this machine, {} threads: f32 {:.0f}, bf16 {:.0f} GFLOP/s; reads {:.1f} GB/s\n\n",
                    machine_.threads, machine_.f32_flop_per_second / 1e9, machine_.bf16_flop_per_second / 1e9,
                    machine_.read_bytes_per_second / 1e9));
    report_ = {{"bench", what}, {"machine", to_json(machine_)}, {"rows", Json::array()}};
    table_.add_column(std::string(what), Align::left);
    table_.add_column("tokens/s", Align::right);
    table_.add_column("seconds", Align::right);
    table_.add_column("of the machine", Align::left);
  }

  const MachineSpeed& machine() const { return machine_; }
  Json& report() { return report_; }

  void add(const std::string& what, double tokens, double seconds, double share, std::string_view limit) {
    table_.add_row({what, number_text(tokens / seconds), fmt::format("{:.3f}", seconds),
                    fmt::format("{:.0f}% of its {}", 100 * share, limit)});
    report_["rows"].push_back({{"what", what},
                               {"tokens_per_second", tokens / seconds},
                               {"seconds", seconds},
                               {"share", share},
                               {"limit", limit}});
  }

  void finish(const Subject& subject) {
    report_["parameters"] = count_parameters(subject.model.weights);
    report_["weight_bytes"] = subject.weight_bytes;
    report_["peak_memory_bytes"] = peak_memory_bytes();
    session_.print(table_.to_string(""));
    session_.print(fmt::format("weights {:.1f} MB, peak memory {:.0f} MB\n", subject.weight_bytes / 1e6,
                               peak_memory_bytes() / 1e6));
    session_.write_json(report_);
  }

 private:
  static std::int64_t count_parameters(const ModelWeights& weights) {
    std::int64_t count = 0;
    for (const Tensor& tensor : weights.all()) count += tensor.elements();
    return count;
  }

  Session& session_;
  MachineSpeed machine_;
  TextTable table_;
  Json report_;
};

void bench_inference(Session& session, const Arguments& arguments) {
  Sheet sheet(session, "inference");
  const Subject subject = open_subject(session, arguments);
  const ModelConfig& config = subject.model.config;
  const Transformer transformer(config, subject.model.weights);
  const InferenceSpeed speed(transformer, session.threads);
  if (arguments.prompt_tokens > 0) {
    const double seconds = speed.prompt_seconds(arguments.prompt_tokens, arguments.repetitions);
    const auto tokens = static_cast<double>(arguments.prompt_tokens);
    const double flop = tokens * flop_per_token(config, arguments.prompt_tokens / 2);
    sheet.add(fmt::format("prompt of {}", arguments.prompt_tokens), tokens, seconds,
              flop / seconds / sheet.machine().bf16_flop_per_second, "bf16 products");
  }
  constexpr std::int64_t kPromptTokens = 16;
  for (const std::int64_t streams : arguments.streams) {
    if (arguments.generated_tokens == 0) break;
    const double seconds =
        speed.decode_seconds(streams, kPromptTokens, arguments.generated_tokens, arguments.repetitions);
    const auto steps = static_cast<double>(arguments.generated_tokens);
    // Every step reads the weights once, whatever the number of streams; the embedding but for a row a
    // stream.
    const double embedding =
        config.tied_output ? 0 : static_cast<double>(subject.model.weights.token_embd.bytes.size());
    const double read = steps * (subject.weight_bytes - embedding);
    sheet.add(fmt::format("answers, {} at a time", streams), steps * static_cast<double>(streams), seconds,
              read / seconds / sheet.machine().read_bytes_per_second, "reading of the weights");
  }
  sheet.finish(subject);
}

void bench_evaluate(Session& session, const Arguments& arguments) {
  Sheet sheet(session, "evaluate");
  const Subject subject = open_subject(session, arguments);
  const ModelConfig& config = subject.model.config;
  const Transformer transformer(config, subject.model.weights);
  const SharedPrefixItems& items = arguments.items;
  const double seconds = InferenceSpeed(transformer, session.threads).shared_prefix_seconds(items);
  const auto tokens =
      static_cast<double>(items.shared_tokens + items.items * (items.own_tokens + items.generated_tokens));
  const double flop = tokens * flop_per_token(config, items.shared_tokens);
  sheet.add(fmt::format("{} items: {} shared, {} own, {} generated", items.items, items.shared_tokens,
                        items.own_tokens, items.generated_tokens),
            tokens, seconds, flop / seconds / sheet.machine().bf16_flop_per_second, "bf16 products");
  sheet.report()["items_per_second"] = static_cast<double>(items.items) / seconds;
  sheet.finish(subject);
}

void bench_train(Session& session, const Arguments& arguments) {
  Sheet sheet(session, "train");
  const Subject subject = open_subject(session, arguments);
  for (const bool low_rank : {false, true}) {
    TrainingSpeedOptions options = arguments.training;
    if (low_rank) options.lora_rank = arguments.rank;
    const TrainingSpeed speed = measure_training(subject.model, options);
    const auto tokens =
        static_cast<double>(options.passes * options.sequences_per_pass * options.sequence_tokens);
    sheet.add(low_rank ? fmt::format("LoRA, rank {}", arguments.rank) : "all weights", tokens,
              tokens / speed.tokens_per_second,
              speed.tokens_per_second * speed.flop_per_token / sheet.machine().bf16_flop_per_second,
              "bf16 products");
  }
  const TrainingSpeedOptions& training = arguments.training;
  sheet.report()["tokens_per_step"] =
      training.passes * training.sequences_per_pass * training.sequence_tokens;
  sheet.finish(subject);
}

CLI::App* add_bench_command(CLI::App& app, Session& session, const std::shared_ptr<Arguments>& arguments,
                            const std::string& name, const std::string& summary, const std::string& example) {
  CLI::App* command = add_command(app, session, name, summary, example);
  command->add_option("--shape", arguments->shape,
                      "random weights instead of --model: 8.9M, 163M, 1.1B or layers=..,width=..,heads=..");
  command
      ->add_option("--type", arguments->type, "of the random weights: f32, f16, bf16, q8_0, q4_0, q4_k, q6_k")
      ->capture_default_str();
  command->add_option("--keep", arguments->keep, "write the random weights to this file and leave it there");
  add_json_option(*command, session);
  return command;
}

}  // namespace

void add_bench(CLI::App& app, Session& session) {
  CLI::App* bench = app.add_subcommand("bench", "measure speed on this machine");
  bench->require_subcommand(1);
  auto arguments = std::make_shared<Arguments>();

  CLI::App* inference =
      add_bench_command(*bench, session, arguments, "inference", "prompts and answers",
                        "fulcrum bench inference --shape 163M --type q8_0 -p 512 -n 64 -b 1,32");
  inference->add_option("-p", arguments->prompt_tokens, "tokens of a prompt; 0: none")->capture_default_str();
  inference->add_option("-n", arguments->generated_tokens, "tokens of an answer; 0: none")
      ->capture_default_str();
  inference->add_option("-b", arguments->streams, "answers at a time")->delimiter(',')->capture_default_str();
  inference->add_option("-r", arguments->repetitions, "repetitions; the median is shown")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  inference->callback([&session, arguments] { bench_inference(session, *arguments); });

  CLI::App* evaluate =
      add_bench_command(*bench, session, arguments, "evaluate", "many items that share a prefix",
                        "fulcrum bench evaluate --shape 163M --items 300");
  evaluate->add_option("--items", arguments->items.items)->capture_default_str();
  evaluate->add_option("--shared", arguments->items.shared_tokens, "tokens that all share")
      ->capture_default_str();
  evaluate->add_option("--own", arguments->items.own_tokens, "tokens of each item's own")
      ->capture_default_str();
  evaluate->add_option("--generated", arguments->items.generated_tokens, "tokens of an answer")
      ->capture_default_str();
  evaluate->callback([&session, arguments] { bench_evaluate(session, *arguments); });

  CLI::App* train = add_bench_command(*bench, session, arguments, "train", "full training and LoRA",
                                      "fulcrum bench train --shape 8.9M");
  train->add_option("--sequence", arguments->training.sequence_tokens, "tokens")->capture_default_str();
  train->add_option("--steps", arguments->training.steps, "after one that is not counted")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  train->add_option("--rank", arguments->rank, "of LoRA")->capture_default_str();
  train->callback([&session, arguments] { bench_train(session, *arguments); });
}

}  // namespace fulcrum
