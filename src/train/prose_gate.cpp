#include "train/prose_gate.h"

#include <algorithm>
#include <numbers>

#include "base/error.h"
#include "train/backpropagation.h"
#include "train/curriculum_prose.h"
#include "train/ngram.h"
#include "train/parameters.h"

namespace fulcrum {
namespace {

constexpr int kOrder = 5;
constexpr std::uint64_t kHeldOutBytes = 100'000;  // of one file
constexpr std::int64_t kWindowsPerPass = 8;

// Rows of at most kWindowsPerPass windows from `begin` on; begin moves behind them.
TrainingRows next_windows(const std::vector<TokenId>& tokens, std::size_t& begin) {
  constexpr auto kHalf = static_cast<std::size_t>(kProseWindow / 2);
  TrainingRows rows;
  for (std::int64_t i = 0; i < kWindowsPerPass && begin + 1 < tokens.size(); ++i) {
    const std::size_t start = begin < kHalf ? 0 : begin - kHalf;
    const std::size_t end = std::min(begin + kHalf + 1, tokens.size());
    std::vector<float> weights(end - start, 0.0F);
    std::fill(weights.begin() + static_cast<std::ptrdiff_t>(begin - start) + 1, weights.end(), 1.0F);
    rows.append(std::span(tokens).subspan(start, end - start), weights);
    begin = end - 1;
  }
  return rows;
}

double bits(double nats, std::uint64_t bytes) {
  return nats / std::numbers::ln2 / static_cast<double>(bytes);
}

}  // namespace

std::vector<ProseFigure> measure_prose(const ModelFile& model, const Tokenizer& tokenizer, const Path& folder,
                                       std::size_t count, const CancelToken& cancel) {
  std::vector<Prose::Source> sources = Prose::read(folder).sources(kHeldOutBytes);
  if (sources.empty())
    throw_error(ErrorCode::not_found,
                "measuring prose: {} holds no text; give a folder of .txt, .md or .rst files",
                folder.string());
  std::vector<std::vector<TokenId>> training;
  for (const Prose::Source& source : sources) {
    for (const std::string& paragraph : source.training)
      training.push_back(tokenizer.encode(paragraph, Tokenizer::Special::as_text));
    cancel.check("measuring prose");
  }
  const NgramModel five_gram(training, kOrder, tokenizer.size());
  const ParameterLayout layout = ParameterLayout::of_model(model.config);
  ParameterArray parameters(layout);
  load_parameters(model.weights, layout, parameters);
  const DecoderView weights = view_decoder(model.config, layout, parameters);
  Backpropagation network(model.config, Precision::f32);

  std::stable_sort(sources.begin(), sources.end(), [](const Prose::Source& a, const Prose::Source& b) {
    return a.held_out.size() > b.held_out.size();
  });
  sources.resize(std::min(count, sources.size()));
  std::vector<ProseFigure> figures;
  for (const Prose::Source& source : sources) {
    const std::vector<TokenId> tokens = tokenizer.encode(source.held_out, Tokenizer::Special::as_text);
    double nats = 0, five_gram_nats = 0;
    for (std::size_t begin = 0; begin + 1 < tokens.size();) {
      cancel.check("measuring prose");
      nats += network.loss(weights, nullptr, next_windows(tokens, begin));
    }
    // The first token is context for both.
    for (std::size_t i = 1; i < tokens.size(); ++i)
      five_gram_nats -= five_gram.log_probability(std::span(tokens).first(i), tokens[i]);
    figures.push_back({source.name, source.held_out.size(), static_cast<std::int64_t>(tokens.size()),
                       bits(nats, source.held_out.size()), bits(five_gram_nats, source.held_out.size())});
  }
  return figures;
}

}  // namespace fulcrum
