#include "train/pretrain_export.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"

namespace fulcrum {

void export_pretraining(const PretrainConfig& config, std::uint64_t episodes, double mix_share,
                        const Path& folder, const ProgressCallback& progress, const CancelToken& cancel) {
  if (!(mix_share > 0 && mix_share <= 1) || episodes == 0)
    throw_error(
        ErrorCode::invalid_argument,
        "writing episodes: {} of them with a mix share of {}; at least one episode and a share above 0 and "
        "at most 1 are needed",
        episodes, mix_share);
  const PretrainData data = make_pretrain_data(config, progress, cancel);
  std::filesystem::create_directories(folder);
  save_model_file(untrained_model(config, data), DType::bf16, folder / "start.gguf");
  AtomicWriter out(folder / "episodes.jsonl");
  for (std::uint64_t i = 0; i < episodes; ++i) {
    cancel.check("writing episodes");
    const double done = static_cast<double>(i) / static_cast<double>(episodes);
    EpisodeTokens tokens = encode_episode(data.episodes(i, std::min(1.0, done / mix_share)), *data.tokenizer);
    const std::size_t longest = static_cast<std::size_t>(config.model.context_tokens) + 1;
    if (tokens.ids.size() > longest) {
      tokens.ids.resize(longest);
      tokens.weights.resize(longest);
    }
    out.write(to_line(Json{{"ids", tokens.ids}, {"weights", tokens.weights}}) + "\n");
    if (progress && i % 1000 == 0) progress({"writing episodes", i, episodes, "episodes", -1, {}});
  }
  out.commit();
}

}  // namespace fulcrum
