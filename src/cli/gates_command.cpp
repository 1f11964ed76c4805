// fulcrum gates: what the base model can and cannot do, on items whose names, labels and formats no training
// showed.
#include <fmt/format.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/model_session.h"
#include "measure/gate_suite.h"
#include "report/terminal.h"
#include "report/text_table.h"
#include "text/tokenizer.h"
#include "train/gates.h"
#include "train/prose_gate.h"
#include "vocabulary/vocabulary_data.h"

namespace fulcrum {
namespace {

std::string goal_text(const GateSuite& suite, double figure) {
  if (!suite.goal) return "";
  return fmt::format("{} {:.2f}, {}", suite.goal->side == GateGoal::Side::at_least ? "at least" : "at most",
                     suite.goal->value, suite.goal->met_by(figure) ? "met" : "missed");
}

Json to_json(const GateSuite& suite, const GateResult& result) {
  Json json = {{"gate", suite.name},         {"estimate", result.figure.estimate},
               {"low", result.figure.low},   {"high", result.figure.high},
               {"n", result.figure.n},       {"chance", result.chance},
               {"majority", result.majority}};
  if (suite.goal) {
    json[suite.goal->side == GateGoal::Side::at_least ? "at_least" : "at_most"] = suite.goal->value;
    json["met"] = suite.goal->met_by(result.figure.estimate);
  }
  return json;
}

void write_suites(Session& session, const Path& folder, std::int64_t count) {
  std::filesystem::create_directories(folder);
  for (const Gate& gate : gates())
    write_file_atomic(folder / (std::string(gate.name) + ".jsonl"),
                      gate_text(gate, 0, static_cast<std::uint64_t>(count)));
  session.print(fmt::format("{} gates of {} items each: {}\n", gates().size(), count, folder.string()));
}

Json prose_report(Session& session, const Path& folder) {
  constexpr std::size_t kSources = 4;
  const ModelFile model = load_model_file(session.model_path());
  const auto tokenizer = make_tokenizer(to_vocabulary(model.vocabulary));
  TextTable table;
  table.add_column("held-out prose", Align::left);
  table.add_column("bytes", Align::right);
  table.add_column("bits a byte", Align::right);
  table.add_column("5-gram model", Align::right);
  Json report = Json::array();
  for (const ProseFigure& figure : measure_prose(model, *tokenizer, folder, kSources, session.cancel)) {
    table.add_row({figure.source, number_text(static_cast<double>(figure.bytes)),
                   fmt::format("{:.3f}", figure.model_bits), fmt::format("{:.3f}", figure.five_gram_bits)});
    report.push_back({{"source", figure.source},
                      {"bytes", figure.bytes},
                      {"tokens", figure.tokens},
                      {"bits_per_byte", figure.model_bits},
                      {"five_gram_bits_per_byte", figure.five_gram_bits}});
  }
  session.print(table.to_string(""));
  return report;
}

void run_gates(Session& session, const std::vector<GateSuite>& suites, const Path& prose_folder) {
  const auto engine = open_engine(session);
  const ProgressCallback progress = session.progress();
  TextTable table;
  table.add_column("gate", Align::left);
  table.add_column("right", Align::left);
  table.add_column("goal", Align::left);
  table.add_column("chance", Align::right);
  table.add_column("majority", Align::right);
  table.add_column("what it asks", Align::left);
  Json report = Json::array();
  std::uint64_t done = 0;
  for (const GateSuite& suite : suites) {
    progress({"gates", done++, suites.size(), "gates", -1, {}});
    const GateResult result = measure_gate(suite, *engine, session.cancel);
    table.add_row({suite.name, estimate_text(result.figure), goal_text(suite, result.figure.estimate),
                   fmt::format("{:.2f}", result.chance), fmt::format("{:.2f}", result.majority),
                   suite.meaning});
    report.push_back(to_json(suite, result));
  }
  session.print(table.to_string(""));
  Json figures = {{"gates", std::move(report)}};
  if (!prose_folder.empty()) figures["prose"] = prose_report(session, prose_folder);
  session.write_json(figures);
}

}  // namespace

void add_gates(CLI::App& app, Session& session) {
  struct Arguments {
    std::string folder, write, prose;
    std::int64_t items = 400;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      add_command(app, session, "gates", "measure what a base model can do", "fulcrum gates models/gates");
  command->add_option("folder", arguments->folder,
                      "a folder of suites such as models/gates; without one, items are drawn afresh");
  command->add_option("--items", arguments->items, "items of each gate to draw")
      ->capture_default_str()
      ->check(CLI::Range(2, 100000));
  command->add_option("--write", arguments->write,
                      "write the drawn suites to this folder and measure nothing");
  command->add_option("--prose", arguments->prose,
                      "a folder of text: bits a byte of its held-out part, beside a 5-gram model");
  add_json_option(*command, session);
  command->callback([&session, arguments] {
    if (!arguments->write.empty()) return write_suites(session, arguments->write, arguments->items);
    std::vector<GateSuite> suites;
    if (!arguments->folder.empty()) {
      suites = read_gate_suites(arguments->folder);
    } else {
      for (const Gate& gate : gates())
        suites.push_back(
            parse_gate_suite(gate_text(gate, 0, static_cast<std::uint64_t>(arguments->items)), gate.name));
    }
    run_gates(session, suites, arguments->prose);
  });
}

}  // namespace fulcrum
