#include "cli/training_probe.h"

#include "base/json.h"
#include "infer/engine.h"
#include "measure/gate_suite.h"
#include "train/gates.h"

namespace fulcrum {
namespace {

constexpr std::uint64_t kFirstItem = 1'000'000;  // far behind the committed suites
// One item each of reading, labels, JSON and steps, as text to read.
constexpr std::string_view kSampled[] = {"read_1", "labels_2_way_8_shot", "json_3_fields",
                                         "addition_3_scratchpad"};

Json sample(const Gate& gate, LanguageModel& model, const CancelToken& cancel) {
  const GateSuite suite = parse_gate_suite(gate_text(gate, kFirstItem, 2), gate.name);
  const GateItem& item = suite.items.front();
  GenerateRequest request;
  request.messages = item.askings.front();
  request.max_tokens = 96;
  const GenerateRequest requests[] = {request};
  const std::vector<Generation> answers = model.generate(requests, cancel);
  return {{"gate", gate.name},
          {"prompt", model.render(request.messages)},
          {"answer", answers.front().text},
          {"expected", item.answer}};
}

}  // namespace

CheckpointProbe training_probe(const Session& session, std::uint64_t items) {
  return [&session, items](const Path& file) {
    EngineOptions options;
    options.threads = session.threads;
    const auto engine = Engine::load(file.string(), options);
    Json figures = Json::object(), samples = Json::array();
    for (const Gate& gate : gates()) {
      const GateResult result = measure_gate(parse_gate_suite(gate_text(gate, kFirstItem, items), gate.name),
                                             *engine, session.cancel);
      figures[std::string(gate.name)] = {
          {"estimate", result.figure.estimate}, {"low", result.figure.low}, {"high", result.figure.high}};
      for (const std::string_view name : kSampled)
        if (name == gate.name) samples.push_back(sample(gate, *engine, session.cancel));
    }
    return Json{{"gates", std::move(figures)}, {"samples", std::move(samples)}};
  };
}

}  // namespace fulcrum
