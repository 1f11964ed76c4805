// The operations of a decoder-only transformer, forward and backward, on f32 memory: all of them by one
// include.
//
// Letters (docs/GLOSSARY.md): T tokens, C d_model, H heads, K kv heads, D head_dim, F d_ff, V vocabulary. A
// row is a token. Backward functions ADD into gradients of parameters (d_weight) and OVERWRITE gradients of
// activations (d_x), unless they say otherwise. Each has a readable twin in tensor/ops_reference.h against
// which it is tested, in f64. All forward functions work row by row: a row's bits do not depend on the other
// rows or on the number of threads. Shapes that do not fit together are Error(internal). Threads are
// OpenMP's: omp_set_num_threads governs.
#pragma once

#include "tensor/attention.h"
#include "tensor/bias.h"
#include "tensor/embedding.h"
#include "tensor/normalisation.h"
#include "tensor/rope.h"
#include "tensor/softmax.h"
#include "tensor/swiglu.h"
