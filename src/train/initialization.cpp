#include "train/initialization.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "base/error.h"
#include "base/random.h"
#include "train/head_plan.h"

namespace fulcrum {
namespace {

// Found by trial on the copy and recall tasks, see docs/LOG.md.
constexpr double kInwardDeviation = 0.8;   // of q, k, v, gate, up, times 1/sqrt(C)
constexpr double kOutwardDeviation = 0.1;  // of o and down, times e/sqrt(inputs)
constexpr double kScoreSharpness = 6.0;    // A^2 = 6 sqrt(D): with five frequencies the peak stands at 30
constexpr std::int64_t kFastFrequencies = 5;
constexpr double kWindowSum = 2.5;  // the weights of a window's frequencies add up to this
constexpr double kWindowPhases[] = {0.5, 0.8, 1.3, 2.0, 3.2};  // a window's frequencies, times 1/N
constexpr float kPositionContent = 0.1F;  // what oN and wN heads keep of their random q and k
constexpr float kMatchContent = 0.2F;     // what m and iN heads keep
constexpr double kSlowFrequency = 0.005;  // below this a thousand tokens turn a pair little: fit for content
constexpr double kMatchGain = 1.2, kInductionGain = 5.0;
constexpr double kPositionOutput = 0.7, kMatchOutput = 0.2, kInductionOutput = 1.5, kBigramOutput = 2.0;

// A small dense f64 matrix; nothing here is large enough to be worth more.
struct Dense {
  std::int64_t rows = 0, columns = 0;
  std::vector<double> values;
  Dense(std::int64_t r, std::int64_t c) : rows(r), columns(c), values(static_cast<std::size_t>(r * c)) {}
  double& at(std::int64_t r, std::int64_t c) { return values[static_cast<std::size_t>(r * columns + c)]; }
  double at(std::int64_t r, std::int64_t c) const {
    return values[static_cast<std::size_t>(r * columns + c)];
  }
};

Dense transpose(const Dense& x) {
  Dense y(x.columns, x.rows);
  for (std::int64_t r = 0; r < x.rows; ++r)
    for (std::int64_t c = 0; c < x.columns; ++c) y.at(c, r) = x.at(r, c);
  return y;
}

Dense multiply(const Dense& x, const Dense& y) {
  Dense z(x.rows, y.columns);
  for (std::int64_t r = 0; r < x.rows; ++r)
    for (std::int64_t k = 0; k < x.columns; ++k)
      for (std::int64_t c = 0; c < y.columns; ++c) z.at(r, c) += x.at(r, k) * y.at(k, c);
  return z;
}

// Random, orthonormal along the shorter side (Gram-Schmidt on a Gaussian matrix).
Dense orthonormal(std::int64_t rows, std::int64_t columns, Random& random) {
  if (rows > columns) return transpose(orthonormal(columns, rows, random));
  Dense x(rows, columns);
  for (double& value : x.values) value = random.normal();
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t before = 0; before < r; ++before) {
      double dot = 0;
      for (std::int64_t c = 0; c < columns; ++c) dot += x.at(r, c) * x.at(before, c);
      for (std::int64_t c = 0; c < columns; ++c) x.at(r, c) -= dot * x.at(before, c);
    }
    double norm = 0;
    for (std::int64_t c = 0; c < columns; ++c) norm += x.at(r, c) * x.at(r, c);
    for (std::int64_t c = 0; c < columns; ++c) x.at(r, c) /= std::sqrt(norm);
  }
  return x;
}

class HeadStarter {
 public:
  HeadStarter(const ModelConfig& config, const InitialWeights& initial, HeadPlan plan, std::uint64_t seed,
              const ParameterLayout& layout, ParameterArray& array)
      : config_(config),
        plan_(std::move(plan)),
        layout_(layout),
        array_(array),
        random_(seed, stream_of("planned heads")),
        embedding_norm_(initial.embedding_deviation * std::sqrt(static_cast<double>(config.d_model))),
        written_(orthonormal(config.d_model, config.n_heads * config.head_dim, random_)) {
    for (std::int64_t pair = 0; pair < config.head_dim / 2; ++pair) {
      frequencies_.push_back(std::pow(
          config.rope_theta, -2.0 * static_cast<double>(pair) / static_cast<double>(config.head_dim)));
      if (frequencies_.back() < kSlowFrequency) slow_.push_back(pair);
    }
    const std::size_t slow_pairs = slow_.size();
    for (std::size_t i = 0; i < slow_pairs; ++i) slow_.push_back(slow_[i] + config.head_dim / 2);
    for (std::int64_t kv = 0; kv < config.n_kv_heads; ++kv)
      read_.push_back(orthonormal(config.head_dim, config.d_model, random_));
  }

  void start(std::int64_t layer) {
    for (std::int64_t kv = 0; kv < config_.n_kv_heads; ++kv)
      if (layer == 0)
        start_position_group(kv);
      else
        start_content_group(layer, kv);
  }

 private:
  std::int64_t group_size() const { return config_.n_heads / config_.n_kv_heads; }
  const PlannedHead& planned(std::int64_t layer, std::int64_t head) const {
    return plan_[static_cast<std::size_t>(layer)][static_cast<std::size_t>(head)];
  }
  std::span<float> of(std::int64_t layer, const char* name) {
    return array_.of(layout_.slot(fmt::format("blk.{}.{}", layer, name)));
  }
  double output_scale(double gain) const {
    return gain * embedding_norm_ / std::sqrt(static_cast<double>(config_.head_dim));
  }

  // Row `dimension` of a head in q, k or v.
  float* row(std::span<float> weight, std::int64_t head, std::int64_t dimension) const {
    return weight.data() + (head * config_.head_dim + dimension) * config_.d_model;
  }
  void shrink(std::span<float> weight, std::int64_t head, float factor) const {
    for (float& value : weight.subspan(static_cast<std::size_t>(head * config_.head_dim * config_.d_model),
                                       static_cast<std::size_t>(config_.head_dim * config_.d_model)))
      value *= factor;
  }
  void set_value_rows(std::int64_t layer, std::int64_t kv, const Dense& map) {
    const std::span<float> v = of(layer, "attn_v.weight");
    for (std::int64_t d = 0; d < config_.head_dim; ++d)
      for (std::int64_t c = 0; c < config_.d_model; ++c) row(v, kv, d)[c] = static_cast<float>(map.at(d, c));
  }

  // Pairs of a head that looks back, and how much of A each gets.
  std::vector<std::int64_t> position_pairs(const PlannedHead& head) const {
    std::vector<std::int64_t> pairs;
    if (head.role == HeadRole::offset) {
      for (std::int64_t pair = 0; pair < kFastFrequencies; ++pair) pairs.push_back(pair);
      return pairs;
    }
    for (const double phase : kWindowPhases) {
      const double wanted = std::log(phase / static_cast<double>(head.tokens));
      const auto nearest =
          std::min_element(frequencies_.begin(), frequencies_.end(), [&](double a, double b) {
            return std::abs(std::log(a) - wanted) < std::abs(std::log(b) - wanted);
          });
      const auto pair = static_cast<std::int64_t>(nearest - frequencies_.begin());
      if (std::find(pairs.begin(), pairs.end(), pair) == pairs.end()) pairs.push_back(pair);
    }
    return pairs;
  }

  void start_position_group(std::int64_t kv) {
    const std::int64_t half = config_.head_dim / 2;
    const double amplitude = std::sqrt(kScoreSharpness * std::sqrt(static_cast<double>(config_.head_dim)));
    const std::span<float> q = of(0, "attn_q.weight"), k = of(0, "attn_k.weight");
    const std::span<float> q_bias = of(0, "attn_q.bias"), k_bias = of(0, "attn_k.bias");
    bool any = false;
    for (std::int64_t head = kv * group_size(); head < (kv + 1) * group_size(); ++head) {
      const PlannedHead& role = planned(0, head);
      if (role.role == HeadRole::random) continue;
      any = true;
      shrink(q, head, kPositionContent);
      const std::vector<std::int64_t> pairs = position_pairs(role);
      const bool window = role.role == HeadRole::window;
      const double centre = static_cast<double>(role.tokens) * (window ? 0.5 : 1.0);
      const double share = window ? kWindowSum / static_cast<double>(pairs.size()) : 1.0;
      for (const std::int64_t pair : pairs) {
        const double angle = frequencies_[static_cast<std::size_t>(pair)] * centre;
        const auto first = static_cast<std::size_t>(head * config_.head_dim + pair);
        q_bias[first] = static_cast<float>(share * amplitude * std::cos(angle));
        q_bias[first + static_cast<std::size_t>(half)] =
            static_cast<float>(-share * amplitude * std::sin(angle));
      }
      write_output(0, head, written_block(head), output_scale(kPositionOutput), Placed::instead);
    }
    if (!any) return;
    shrink(k, kv, kPositionContent);
    set_value_rows(0, kv, read_[static_cast<std::size_t>(kv)]);
    for (std::int64_t pair = 0; pair < half; ++pair)
      k_bias[static_cast<std::size_t>(kv * config_.head_dim + pair)] = static_cast<float>(amplitude);
  }

  // The directions [C, D] of the residual stream that layer 0's head writes.
  Dense written_block(std::int64_t head) const {
    Dense block(config_.d_model, config_.head_dim);
    for (std::int64_t c = 0; c < config_.d_model; ++c)
      for (std::int64_t d = 0; d < config_.head_dim; ++d)
        block.at(c, d) = written_.at(c, head * config_.head_dim + d);
    return block;
  }

  enum class Placed { instead, added };
  // Columns of the output projection that belong to a head. map [C, D].
  void write_output(std::int64_t layer, std::int64_t head, const Dense& map, double scale, Placed placed) {
    const std::span<float> output = of(layer, "attn_output.weight");
    const std::int64_t columns = config_.n_heads * config_.head_dim;
    for (std::int64_t c = 0; c < config_.d_model; ++c)
      for (std::int64_t d = 0; d < config_.head_dim; ++d) {
        float& value = output[static_cast<std::size_t>(c * columns + head * config_.head_dim + d)];
        value = static_cast<float>(scale * map.at(c, d)) + (placed == Placed::added ? value : 0.0F);
      }
  }

  void add_to_slow_rows(std::span<float> weight, std::int64_t head, const Dense& map, double gain) const {
    for (std::size_t i = 0; i < slow_.size(); ++i)
      for (std::int64_t c = 0; c < config_.d_model; ++c)
        row(weight, head, slow_[i])[c] += static_cast<float>(gain * map.at(static_cast<std::int64_t>(i), c));
  }

  // What q and k of a group read: the same random view of the token itself (match), or of the token here and
  // of what layer 0 wrote about the tokens before (induction).
  struct Views {
    Dense query, key;
    double gain;
  };
  Views make_views(const PlannedHead& role) {
    const auto count = static_cast<std::int64_t>(slow_.size());
    if (role.role == HeadRole::match) {
      Dense view = orthonormal(count, config_.d_model, random_);
      for (double& value : view.values)
        value *= std::sqrt(static_cast<double>(config_.d_model) / static_cast<double>(count));
      return {view, view, kMatchGain};
    }
    if (role.role == HeadRole::bigram) return make_bigram_views();
    const Dense mixing = orthonormal(count, config_.head_dim, random_);
    Dense reads(config_.head_dim, config_.d_model), writes(config_.head_dim, config_.d_model);
    for (std::int64_t head = 0; head < config_.n_heads; ++head) {
      const PlannedHead& source = planned(0, head);
      if (source.role != HeadRole::offset || source.tokens > role.tokens) continue;
      const Dense block = transpose(written_block(head));
      const Dense& read = read_[static_cast<std::size_t>(head / group_size())];
      for (std::size_t i = 0; i < reads.values.size(); ++i) {
        reads.values[i] += read.values[i];
        writes.values[i] += block.values[i];
      }
    }
    return {multiply(mixing, reads), multiply(mixing, writes), kInductionGain};
  }

  // Here (the token, the one before it) against there (the one before it, the one before that).
  Views make_bigram_views() {
    const auto count = static_cast<std::int64_t>(slow_.size());
    const std::int64_t first = layer0_head(1), second = layer0_head(2);
    const Dense one = orthonormal(count, config_.head_dim, random_);
    const Dense two = orthonormal(count, config_.head_dim, random_);
    const Dense before = transpose(written_block(first));
    Dense query = multiply(one, read_[static_cast<std::size_t>(first / group_size())]);
    Dense key = multiply(one, before);
    const Dense query_two = multiply(two, before), key_two = multiply(two, transpose(written_block(second)));
    for (std::size_t i = 0; i < query.values.size(); ++i) {
      query.values[i] += query_two.values[i];
      key.values[i] += key_two.values[i];
    }
    return {query, key, kInductionGain};
  }

  // The head of layer 0 that looks so many tokens back; the plan was checked to have one.
  std::int64_t layer0_head(std::int64_t tokens_back) const {
    for (std::int64_t head = 0; head < config_.n_heads; ++head)
      if (planned(0, head) == PlannedHead{HeadRole::offset, tokens_back}) return head;
    throw_error(ErrorCode::internal, "starting heads: no head looks {} tokens back", tokens_back);
  }

  static double output_gain(HeadRole role) {
    if (role == HeadRole::match) return kMatchOutput;
    return role == HeadRole::bigram ? kBigramOutput : kInductionOutput;
  }

  void start_content_group(std::int64_t layer, std::int64_t kv) {
    const std::int64_t begin = kv * group_size(), end = begin + group_size();
    std::vector<PlannedHead> roles;
    for (std::int64_t head = begin; head < end; ++head) {
      const PlannedHead& role = planned(layer, head);
      if (role.role != HeadRole::random && std::find(roles.begin(), roles.end(), role) == roles.end())
        roles.push_back(role);
    }
    if (roles.empty()) return;
    const std::span<float> q = of(layer, "attn_q.weight"), k = of(layer, "attn_k.weight");
    const Dense value = orthonormal(config_.head_dim, config_.d_model, random_);
    const Dense back = transpose(value);
    set_value_rows(layer, kv, value);
    shrink(k, kv, kMatchContent);
    for (const PlannedHead& role : roles) {
      const Views views = make_views(role);
      add_to_slow_rows(k, kv, views.key, views.gain);
      for (std::int64_t head = begin; head < end; ++head) {
        if (planned(layer, head) != role) continue;
        shrink(q, head, kMatchContent);
        add_to_slow_rows(q, head, views.query, views.gain);
        write_output(layer, head, back, output_scale(output_gain(role.role)), Placed::added);
      }
    }
  }

  const ModelConfig& config_;
  HeadPlan plan_;
  const ParameterLayout& layout_;
  ParameterArray& array_;
  Random random_;
  double embedding_norm_;            // of a token's embedding at the start
  Dense written_;                    // [C, H*D]: directions that layer 0's heads write
  std::vector<double> frequencies_;  // [D/2], radians a token
  std::vector<std::int64_t> slow_;   // dimensions of the slowest frequencies, both halves
  std::vector<Dense> read_;          // [K] of [D, C]: what layer 0's kv heads read
};

}  // namespace

void initialize_decoder(const ModelConfig& config, const InitialWeights& initial, std::uint64_t seed,
                        const ParameterLayout& layout, ParameterArray& array) {
  HeadPlan plan = parse_head_plan(config, initial.heads);
  for (const ParameterSlot& slot : layout.slots()) {
    const std::span<float> values = array.of(slot);
    if (slot.kind == ParameterKind::vector) {
      std::fill(values.begin(), values.end(), slot.name.ends_with(".bias") ? 0.0F : 1.0F);
      if (slot.name == "output_norm.weight")
        std::fill(values.begin(), values.end(), static_cast<float>(initial.final_norm_gain));
      continue;
    }
    const bool outward = slot.name.ends_with("attn_output.weight") || slot.name.ends_with("ffn_down.weight");
    const double inputs = static_cast<double>(slot.shape.back());
    double deviation = kInwardDeviation / std::sqrt(inputs);
    if (outward) deviation = kOutwardDeviation * initial.embedding_deviation / std::sqrt(inputs);
    if (slot.kind == ParameterKind::embedding) deviation = initial.embedding_deviation;
    Random random(seed, stream_of(slot.name));
    for (float& value : values) value = static_cast<float>(deviation * random.normal());
  }
  if (initial.heads.empty()) return;
  HeadStarter starter(config, initial, std::move(plan), seed, layout, array);
  for (std::int64_t layer = 0; layer < static_cast<std::int64_t>(initial.heads.size()); ++layer)
    starter.start(layer);
}

}  // namespace fulcrum
