#include "tensor/attention.h"

#include "base/error.h"
#include "tensor/paged_layout.h"
#include "tensor/tensor_testing.h"

namespace fulcrum {
namespace {

using testing::expect_close;
using testing::expect_same_bits;
using testing::Floats;
using testing::for_each_instruction_set;
using testing::random_floats;
using testing::to_array;

struct Case {
  AttentionShape shape;
  std::vector<std::int32_t> starts;
};

std::vector<Case> cases() {
  const std::vector<std::int32_t> packed = {0, 1, 40, 40, 75, 210};
  return {{{4, 2, 32, INT32_MAX}, packed},
          {{4, 4, 8, INT32_MAX}, packed},
          {{6, 2, 48, INT32_MAX}, packed},
          {{4, 2, 32, 50}, packed},
          {{2, 1, 16, 1}, packed},
          {{10, 1, 12, 33}, {0, 70}},
          {{4, 2, 32, 50, 0.25f, 2.0f}, packed}};
}

struct Inputs {
  Floats q, k, v, dy;
};

Inputs make_inputs(const Case& c) {
  const std::int64_t rows = c.starts.back(), width = c.shape.heads * c.shape.head_dim,
                     kv_width = c.shape.kv_heads * c.shape.head_dim;
  return {random_floats(rows, width, 1, 1.5f, 4), random_floats(rows, kv_width, 2, 1.5f, 2),
          random_floats(rows, kv_width, 3, 1.0f, 6), random_floats(rows, width, 4, 1.0f, 8)};
}

TEST(Attention, ForwardAndBackwardAgainstTwin) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(fmt::format("H {} K {} D {} window {}", c.shape.heads, c.shape.kv_heads, c.shape.head_dim,
                             c.shape.window));
    const Inputs in = make_inputs(c);
    const auto q = to_array(in.q.view()), k = to_array(in.k.view()), v = to_array(in.v.view());
    const auto expected = reference::attention(q, k, v, c.starts, c.shape);
    const auto gradients = reference::attention_backward(to_array(in.dy.view()), q, k, v, c.starts, c.shape);
    for_each_instruction_set([&] {
      Floats y(in.q.rows, in.q.columns, 1), dq(in.q.rows, in.q.columns, 2), dk(in.k.rows, in.k.columns, 3),
          dv(in.v.rows, in.v.columns);
      std::vector<float> log_sums(static_cast<std::size_t>(c.shape.heads * in.q.rows));
      attention(in.q.view(), in.k.view(), in.v.view(), c.starts, c.shape, y.matrix(), log_sums);
      expect_close(y.view(), expected, 3e-6);
      attention_backward(in.dy.view(), in.q.view(), in.k.view(), in.v.view(), y.view(), c.starts, c.shape,
                         log_sums, dq.matrix(), dk.matrix(), dv.matrix());
      expect_close(dq.view(), gradients.dq, 1e-5);
      expect_close(dk.view(), gradients.dk, 1e-5);
      expect_close(dv.view(), gradients.dv, 1e-5);
    });
  }
}

TEST(Attention, ThreadsChangeNoBit) {
  const Case c = cases().front();
  const Inputs in = make_inputs(c);
  struct Results {
    Floats y, dq, dk, dv;
    std::vector<float> log_sums;
  };
  const auto run = [&](int threads) {
    const testing::Threads scope(threads);
    Results r{Floats(in.q.rows, in.q.columns), Floats(in.q.rows, in.q.columns),
              Floats(in.k.rows, in.k.columns), Floats(in.v.rows, in.v.columns),
              std::vector<float>(static_cast<std::size_t>(c.shape.heads * in.q.rows))};
    attention(in.q.view(), in.k.view(), in.v.view(), c.starts, c.shape, r.y.matrix(), r.log_sums);
    attention_backward(in.dy.view(), in.q.view(), in.k.view(), in.v.view(), r.y.view(), c.starts, c.shape,
                       r.log_sums, r.dq.matrix(), r.dk.matrix(), r.dv.matrix());
    return r;
  };
  const Results one = run(1), four = run(4);
  expect_same_bits(one.y.view(), four.y.view());
  expect_same_bits(one.dq.view(), four.dq.view());
  expect_same_bits(one.dk.view(), four.dk.view());
  expect_same_bits(one.dv.view(), four.dv.view());
  EXPECT_EQ(one.log_sums, four.log_sums);
}

// A sequence's bits are its own: packed among others or alone.
TEST(Attention, PackingChangesNoBit) {
  for (const Case& c : cases()) {
    const Inputs in = make_inputs(c);
    Floats y(in.q.rows, in.q.columns);
    std::vector<float> log_sums(static_cast<std::size_t>(c.shape.heads * in.q.rows));
    attention(in.q.view(), in.k.view(), in.v.view(), c.starts, c.shape, y.matrix(), log_sums);
    const std::int64_t first = c.starts[c.starts.size() - 2], rows = c.starts.back() - first;
    Floats alone(rows, in.q.columns);
    const std::vector<std::int32_t> starts = {0, static_cast<std::int32_t>(rows)};
    std::vector<float> alone_log_sums(static_cast<std::size_t>(c.shape.heads * rows));
    const auto tail = [&](const Floats& all) {
      return ConstMatrix{all.view().row(first), rows, all.columns, all.stride};
    };
    attention(tail(in.q), tail(in.k), tail(in.v), starts, c.shape, alone.matrix(), alone_log_sums);
    expect_same_bits(alone.view(), tail(y));
  }
}

// A paged cache of a sequence whose blocks stand in memory in reverse order.
struct Cache {
  DType dtype;
  std::int64_t block_tokens;
  std::vector<std::byte> keys, values;
  std::vector<const std::byte*> key_blocks, value_blocks;

  Cache(const Floats& k, const Floats& v, const AttentionShape& shape, std::int64_t first,
        std::int64_t tokens, std::int64_t tokens_per_block, DType type)
      : dtype(type), block_tokens(tokens_per_block) {
    const std::int64_t blocks = (tokens + block_tokens - 1) / block_tokens,
                       block_size = row_bytes(dtype, block_tokens * k.columns);
    // All bits set: a NaN of either type.
    keys.assign(static_cast<std::size_t>(blocks * block_size + row_bytes(dtype, kPagedSlack)),
                std::byte{0xFF});
    values = keys;
    for (std::int64_t b = 0; b < blocks; ++b) {
      std::byte *key_block = keys.data() + (blocks - 1 - b) * block_size,
                *value_block = values.data() + (blocks - 1 - b) * block_size;
      key_blocks.push_back(key_block);
      value_blocks.push_back(value_block);
      for (std::int64_t i = 0; i < block_tokens && b * block_tokens + i < tokens; ++i) {
        const std::int64_t row = first + b * block_tokens + i;
        store_paged(k.view().row(row), v.view().row(row), i, block_tokens, shape, dtype, key_block,
                    value_block);
      }
    }
  }
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;
  PagedKeysValues paged() const { return {dtype, block_tokens, key_blocks, value_blocks}; }
};

constexpr DType kCacheTypes[] = {DType::f32, DType::f16};

// The inputs with keys and values as a cache of that type holds them.
Inputs inputs_of_cache(const Case& c, DType dtype) {
  Inputs in = make_inputs(c);
  if (dtype == DType::f16) {
    for (float& value : in.k.values) value = f16_to_f32(f32_to_f16(value));
    for (float& value : in.v.values) value = f16_to_f32(f32_to_f16(value));
  }
  return in;
}

// An element of a cache's block.
double element_of(const PagedKeysValues& cache, const std::byte* block, std::int64_t at) {
  if (cache.dtype == DType::f16)
    return static_cast<double>(f16_to_f32(reinterpret_cast<const std::uint16_t*>(block)[at]));
  return static_cast<double>(reinterpret_cast<const float*>(block)[at]);
}

// Whole prompts, chunks of any length, and token by token in a batch with other sequences: the same bits,
// which are those of the training kernel, and the twin's values. The cache holds NaN beyond each sequence's
// last token.
class AttentionPagedOfType : public ::testing::TestWithParam<DType> {};

TEST_P(AttentionPagedOfType, ChunksAndBatchesChangeNoBit) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(fmt::format("H {} K {} D {} window {}", c.shape.heads, c.shape.kv_heads, c.shape.head_dim,
                             c.shape.window));
    const Inputs in = inputs_of_cache(c, GetParam());
    const std::int64_t long_first = c.starts[c.starts.size() - 2], tokens = c.starts.back() - long_first;
    const Cache cache(in.k, in.v, c.shape, long_first, tokens, 16, GetParam()),
        other(in.k, in.v, c.shape, 0, std::min<std::int64_t>(40, tokens), 7, GetParam());
    const std::vector<PagedKeysValues> sequences = {other.paged(), cache.paged()};
    const auto expected = reference::attention(to_array(in.q.view()), to_array(in.k.view()),
                                               to_array(in.v.view()), c.starts, c.shape);
    for_each_instruction_set([&] {
      Floats packed(in.q.rows, in.q.columns);
      std::vector<float> log_sums(static_cast<std::size_t>(c.shape.heads * in.q.rows));
      attention(in.q.view(), in.k.view(), in.v.view(), c.starts, c.shape, packed.matrix(), log_sums);
      const ConstMatrix trained{packed.view().row(long_first), tokens, packed.columns, packed.stride};

      for (const std::int64_t chunk : {tokens, std::int64_t{1}, std::int64_t{5}, std::int64_t{33}}) {
        const testing::Threads scope(chunk == 5 ? 4 : 1);
        Floats y(tokens, in.q.columns);
        for (std::int64_t first = 0; first < tokens; first += chunk) {
          const std::int64_t rows = std::min(chunk, tokens - first);
          // A row of the other sequence goes first and is checked for nothing but not disturbing.
          Floats q(rows + 1, in.q.columns), found(rows + 1, in.q.columns);
          std::copy_n(in.q.view().row(0), in.q.columns, q.values.begin());
          std::vector<std::int32_t> row_sequence = {0}, positions = {static_cast<std::int32_t>(first % 40)};
          for (std::int64_t r = 0; r < rows; ++r) {
            std::copy_n(in.q.view().row(long_first + first + r), in.q.columns, q.matrix().row(r + 1));
            row_sequence.push_back(1);
            positions.push_back(static_cast<std::int32_t>(first + r));
          }
          attention_paged(q.view(), sequences, row_sequence, positions, c.shape, found.matrix());
          std::copy_n(found.view().row(1), rows * in.q.columns, y.matrix().row(first));
        }
        expect_same_bits(y.view(), trained);
      }
      for (std::int64_t t = 0; t < tokens; ++t) {
        for (std::int64_t i = 0; i < in.q.columns; ++i) {
          ASSERT_NEAR(trained.row(t)[i], expected.at(long_first + t, i), 1e-5);
        }
      }
    });
  }
}

// Readable twin: takes each key and value from where the layout says that it stands, then attends as the twin
// of training does, with each row as the last of a sequence.
testing::Array paged_reference(ConstMatrix q, const PagedKeysValues& cache,
                               std::span<const std::int32_t> positions, const AttentionShape& shape) {
  const std::int64_t dim = shape.head_dim, block_tokens = cache.block_tokens;
  testing::Array y(q.rows, q.columns);
  for (std::int64_t t = 0; t < q.rows; ++t) {
    const std::int32_t tokens = positions[static_cast<std::size_t>(t)] + 1;
    testing::Array own_q(tokens, q.columns), k(tokens, shape.kv_heads * dim), v = k;
    for (std::int64_t i = 0; i < q.columns; ++i) own_q.at(tokens - 1, i) = static_cast<double>(q.row(t)[i]);
    for (std::int64_t token = 0; token < tokens; ++token) {
      const auto block = static_cast<std::size_t>(token / block_tokens);
      const std::int64_t slot = token % block_tokens;
      for (std::int64_t i = 0; i < k.columns; ++i) {
        const std::int64_t head = i / dim, at = i % dim;
        k.at(token, i) = element_of(cache, cache.key_blocks[block], (head * dim + at) * block_tokens + slot);
        v.at(token, i) =
            element_of(cache, cache.value_blocks[block], (head * block_tokens + slot) * dim + at);
      }
    }
    const std::vector<std::int32_t> starts = {0, tokens};
    const testing::Array rows = reference::attention(own_q, k, v, starts, shape);
    for (std::int64_t i = 0; i < q.columns; ++i) y.at(t, i) = rows.at(tokens - 1, i);
  }
  return y;
}

// Blocks of any size, whole vectors or not, with the window's first key inside of one: the values of the
// twin, and the same bits for every size.
TEST_P(AttentionPagedOfType, BlocksOfAnySizeAgainstTwin) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(fmt::format("H {} K {} D {} window {}", c.shape.heads, c.shape.kv_heads, c.shape.head_dim,
                             c.shape.window));
    const Inputs in = inputs_of_cache(c, GetParam());
    const std::vector<std::int32_t> positions = {0, 3, 4, 30, 31, 32, 33, 47, 48, 60, 61, 62, 63, 64, 69};
    const auto rows = static_cast<std::int64_t>(positions.size());
    const std::vector<std::int32_t> row_sequence(positions.size(), 0);
    const ConstMatrix q{in.q.values.data(), rows, in.q.columns, in.q.stride};
    std::vector<Floats> first;  // of each instruction set
    for (const std::int64_t block_tokens : {16, 1, 5, 8, 24, 64, 70}) {
      SCOPED_TRACE(fmt::format("blocks of {}", block_tokens));
      const Cache cache(in.k, in.v, c.shape, 0, 70, block_tokens, GetParam());
      const std::vector<PagedKeysValues> sequences = {cache.paged()};
      const testing::Array expected = paged_reference(q, sequences[0], positions, c.shape);
      std::size_t set = 0;
      for_each_instruction_set([&] {
        Floats y(rows, in.q.columns);
        attention_paged(q, sequences, row_sequence, positions, c.shape, y.matrix());
        expect_close(y.view(), expected, 3e-6);
        if (block_tokens == 16) first.push_back(y);
        expect_same_bits(y.view(), first[set++].view());
      });
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, AttentionPagedOfType, ::testing::ValuesIn(kCacheTypes),
                         [](const auto& type) { return std::string(to_string(type.param)); });

TEST(AttentionPaged, PositionsOutsideOfTheCacheAreErrors) {
  const Case c = cases().front();
  const Inputs in = make_inputs(c);
  const Cache cache(in.k, in.v, c.shape, 0, 20, 8, DType::f32);
  const std::vector<PagedKeysValues> sequences = {cache.paged()};
  Floats y(1, in.q.columns);
  const ConstMatrix q{in.q.values.data(), 1, in.q.columns, in.q.stride};
  const std::vector<std::int32_t> zero = {0}, one = {1}, beyond = {24}, last = {23};
  EXPECT_THROW(attention_paged(q, sequences, zero, beyond, c.shape, y.matrix()), Error);
  EXPECT_THROW(attention_paged(q, sequences, one, zero, c.shape, y.matrix()), Error);
  EXPECT_NO_THROW(attention_paged(q, sequences, zero, last, c.shape, y.matrix()));
  PagedKeysValues other = cache.paged();
  other.dtype = DType::bf16;
  EXPECT_THROW(attention_paged(q, {&other, 1}, zero, zero, c.shape, y.matrix()), Error);
}

TEST(Attention, StartsMustCoverTheRows) {
  Case c = cases().front();
  const Inputs in = make_inputs(c);
  Floats y(in.q.rows, in.q.columns);
  std::vector<float> log_sums(static_cast<std::size_t>(c.shape.heads * in.q.rows));
  for (const std::vector<std::int32_t>& starts :
       {std::vector<std::int32_t>{}, {0, 100}, {1, 210}, {0, 50, 40, 210}}) {
    EXPECT_THROW(attention(in.q.view(), in.k.view(), in.v.view(), starts, c.shape, y.matrix(), log_sums),
                 Error);
  }
}

}  // namespace
}  // namespace fulcrum
