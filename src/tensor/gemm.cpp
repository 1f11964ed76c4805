#include "tensor/gemm.h"

#include <oneapi/dnnl/dnnl.hpp>

#include <omp.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>

#include "base/error.h"
#include "tensor/aligned_vector.h"
#include "tensor/bf16_rows.h"
#include "tensor/shape_check.h"

namespace fulcrum {
namespace {

using Memory = dnnl::memory;

enum class Layout { plain, transposed };

// An operand as the product sees it: rows and columns after transposition, and the stride of its memory.
struct Operand {
  ConstMatrix matrix;
  Layout layout = Layout::plain;

  std::int64_t rows() const { return layout == Layout::plain ? matrix.rows : matrix.columns; }
  std::int64_t columns() const { return layout == Layout::plain ? matrix.columns : matrix.rows; }
};

Memory::desc describe(const Operand& operand, Memory::data_type type, std::int64_t stride) {
  const Memory::dims strides =
      operand.layout == Layout::plain ? Memory::dims{stride, 1} : Memory::dims{1, stride};
  return {{operand.rows(), operand.columns()}, type, strides};
}

// The stride of a single row says nothing, but oneDNN checks it.
std::int64_t stride_of(ConstMatrix matrix) {
  return matrix.rows > 1 ? matrix.stride : matrix.columns;
}

const dnnl::engine& cpu_engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

bool cpu_has_bf16() {
  static const bool has = [] {
    switch (dnnl::get_effective_cpu_isa()) {
      case dnnl::cpu_isa::avx512_core_bf16:
      case dnnl::cpu_isa::avx512_core_amx:
        return true;
      default:
        return false;
    }
  }();
  return has;
}

// A product ready to run, with its memory descriptions; belongs to one thread.
struct Product {
  dnnl::matmul primitive;
  Memory a, b, c, scratch;
  AlignedVector<std::byte> scratch_bytes;
};

// Layouts, extents, strides, precision, accumulation, threads: what a primitive is made for.
using ProductKey = std::array<std::int64_t, 11>;

std::unique_ptr<Product> make_product(const Memory::desc& a, const Memory::desc& b, const Memory::desc& c,
                                      Accumulate accumulate) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (accumulate == Accumulate::add) {
    dnnl::post_ops after;
    after.append_sum(1.0f);
    attributes.set_post_ops(after);
  }
  const dnnl::matmul::primitive_desc description(dnnl::matmul::desc(a, b, c), attributes, cpu_engine());
  auto product = std::make_unique<Product>();
  product->primitive = dnnl::matmul(description);
  product->a = Memory(a, cpu_engine(), DNNL_MEMORY_NONE);
  product->b = Memory(b, cpu_engine(), DNNL_MEMORY_NONE);
  product->c = Memory(c, cpu_engine(), DNNL_MEMORY_NONE);
  const Memory::desc scratch = description.scratchpad_desc();
  product->scratch_bytes.resize(std::max<std::size_t>(scratch.get_size(), 64));
  product->scratch = Memory(scratch, cpu_engine(), product->scratch_bytes.data());
  return product;
}

// bf16 copies of the operands; a thread's own.
struct RoundedOperands {
  AlignedVector<std::uint16_t> a, b;
};

const std::uint16_t* rounded(ConstMatrix matrix, AlignedVector<std::uint16_t>& memory) {
  const auto size = static_cast<std::size_t>(matrix.rows * matrix.columns);
  grow(memory, size);
  round_rows_to_bf16(matrix, {memory.data(), size});
  return memory.data();
}

// C = A B or C += A B.
void multiply(const Operand& a, const Operand& b, Matrix c, Precision precision, Accumulate accumulate) {
  if (c.rows == 0 || c.columns == 0) return;
  if (a.columns() == 0) {
    if (accumulate == Accumulate::add) return;
    for (std::int64_t i = 0; i < c.rows; ++i) std::fill_n(c.row(i), c.columns, 0.0f);
    return;
  }
  const bool bf16 = precision == Precision::bf16 && cpu_has_bf16();
  const auto type = bf16 ? Memory::data_type::bf16 : Memory::data_type::f32;
  // Rounded copies are dense; f32 operands are read where they stand.
  const std::int64_t a_stride = bf16 ? a.matrix.columns : stride_of(a.matrix);
  const std::int64_t b_stride = bf16 ? b.matrix.columns : stride_of(b.matrix);
  const ProductKey key = {static_cast<std::int64_t>(a.layout),
                          static_cast<std::int64_t>(b.layout),
                          a.rows(),
                          a.columns(),
                          b.columns(),
                          a_stride,
                          b_stride,
                          stride_of(c),
                          static_cast<std::int64_t>(bf16),
                          static_cast<std::int64_t>(accumulate),
                          omp_get_max_threads()};
  // oneDNN keeps its own compiled kernels; this spares looking them up, and lets each thread own its scratch.
  // Training uses a few dozen shapes, unless lengths vary freely; then it is better to start anew than to
  // grow.
  constexpr std::size_t kMostProducts = 512;
  thread_local std::map<ProductKey, std::unique_ptr<Product>> products;
  thread_local dnnl::stream stream(cpu_engine());
  thread_local RoundedOperands copies;
  try {
    std::unique_ptr<Product>* slot = nullptr;
    if (const auto found = products.find(key); found != products.end()) {
      slot = &found->second;
    } else {
      if (products.size() >= kMostProducts) products.clear();
      const Operand result{c, Layout::plain};
      slot = &products[key];
      *slot = make_product(describe(a, type, a_stride), describe(b, type, b_stride),
                           describe(result, Memory::data_type::f32, stride_of(c)), accumulate);
    }
    Product& product = **slot;
    if (bf16) {
      product.a.set_data_handle(const_cast<std::uint16_t*>(rounded(a.matrix, copies.a)));
      product.b.set_data_handle(const_cast<std::uint16_t*>(rounded(b.matrix, copies.b)));
    } else {
      product.a.set_data_handle(const_cast<float*>(a.matrix.data));
      product.b.set_data_handle(const_cast<float*>(b.matrix.data));
    }
    product.c.set_data_handle(c.data);
    product.primitive.execute(stream, {{DNNL_ARG_SRC, product.a},
                                       {DNNL_ARG_WEIGHTS, product.b},
                                       {DNNL_ARG_DST, product.c},
                                       {DNNL_ARG_SCRATCHPAD, product.scratch}});
    stream.wait();
  } catch (const dnnl::error& error) {
    products.erase(key);
    throw_error(ErrorCode::internal, "matrix product [{}, {}] x [{}, {}]: oneDNN answers: {}", a.rows(),
                a.columns(), b.rows(), b.columns(), error.what());
  }
}

}  // namespace

void gemm_nt(ConstMatrix x, ConstMatrix w, Matrix y, Precision precision, Accumulate accumulate) {
  check_shape("gemm_nt", "w", w, w.rows, x.columns);
  check_shape("gemm_nt", "y", y, x.rows, w.rows);
  multiply({x, Layout::plain}, {w, Layout::transposed}, y, precision, accumulate);
}

void gemm_nn(ConstMatrix dy, ConstMatrix w, Matrix dx, Precision precision, Accumulate accumulate) {
  check_shape("gemm_nn", "w", w, dy.columns, w.columns);
  check_shape("gemm_nn", "dx", dx, dy.rows, w.columns);
  multiply({dy, Layout::plain}, {w, Layout::plain}, dx, precision, accumulate);
}

void gemm_tn(ConstMatrix dy, ConstMatrix x, Matrix dw, Precision precision, Accumulate accumulate) {
  check_shape("gemm_tn", "x", x, dy.rows, x.columns);
  check_shape("gemm_tn", "dw", dw, dy.columns, x.columns);
  multiply({dy, Layout::transposed}, {x, Layout::plain}, dw, precision, accumulate);
}

}  // namespace fulcrum
