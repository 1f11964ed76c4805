#!/usr/bin/env python3
"""Training tokens a second, all weights and LoRA, beside PyTorch with bf16 autocast.

    bench/train.py --shape 8.9M          (PyTorch: bench/requirements.txt, in an environment of its own)

The PyTorch side is the same network written plainly: RMSNorm, rotary positions, grouped-query attention through
scaled_dot_product_attention, SwiGLU, untied output, AdamW. Without PyTorch only our figures are printed.
"""

import argparse
import statistics
import time

from speed_table import fulcrum_bench, print_machine, print_table

SHAPES = {"8.9M": (6, 256, 8, 4, 768, 8192), "163M": (30, 576, 9, 3, 1536, 49152)}


def torch_speed(shape, sequence, batch, steps, rank, threads):
    import torch
    from torch import nn
    from torch.nn import functional

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    layers, width, heads, kv_heads, ff, vocabulary = shape
    head = width // heads

    class Adapted(nn.Module):
        """A frozen linear layer and its low-rank correction."""

        def __init__(self, linear):
            super().__init__()
            self.linear = linear
            self.a = nn.Linear(linear.in_features, rank, bias=False)
            self.b = nn.Linear(rank, linear.out_features, bias=False)
            nn.init.zeros_(self.b.weight)

        def forward(self, x):
            return self.linear(x) + 2.0 * self.b(self.a(x))

    def linear(inputs, outputs):
        layer = nn.Linear(inputs, outputs, bias=False)
        return layer if rank is None else Adapted(layer)

    class Norm(nn.Module):
        def __init__(self):
            super().__init__()
            self.gains = nn.Parameter(torch.ones(width))

        def forward(self, x):
            return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.gains

    angles = torch.outer(torch.arange(sequence).float(), 1e4 ** (-torch.arange(0, head, 2).float() / head))
    cosines, sines = angles.cos(), angles.sin()

    def rotate(x):
        left, right = x.chunk(2, -1)
        return torch.cat([left * cosines - right * sines, left * sines + right * cosines], -1)

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norms = nn.ModuleList([Norm(), Norm()])
            self.q, self.k, self.v = (linear(width, n * head) for n in (heads, kv_heads, kv_heads))
            self.o = linear(width, width)
            self.gate, self.up, self.down = linear(width, ff), linear(width, ff), linear(ff, width)

        def forward(self, x):
            h = self.norms[0](x)
            q, k, v = (p(h).view(*h.shape[:2], -1, head).transpose(1, 2) for p in (self.q, self.k, self.v))
            k, v = (t.repeat_interleave(heads // kv_heads, 1) for t in (rotate(k), v))
            attended = functional.scaled_dot_product_attention(rotate(q).to(v.dtype), k.to(v.dtype), v, is_causal=True)
            x = x + self.o(attended.transpose(1, 2).flatten(2))
            h = self.norms[1](x)
            return x + self.down(functional.silu(self.gate(h)) * self.up(h))

    class Decoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(vocabulary, width)
            self.blocks = nn.ModuleList(Block() for _ in range(layers))
            self.norm = Norm()
            self.output = nn.Linear(width, vocabulary, bias=False)

        def forward(self, tokens):
            x = self.embedding(tokens)
            for block in self.blocks:
                x = block(x)
            return self.output(self.norm(x))

    model = Decoder()
    if rank is not None:
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        for module in model.modules():
            if isinstance(module, Adapted):
                module.a.weight.requires_grad_(True)
                module.b.weight.requires_grad_(True)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], 1e-3)
    tokens = torch.randint(vocabulary, (batch, sequence + 1))
    seconds = []
    for _ in range(steps + 1):
        begin = time.perf_counter()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(tokens[:, :-1])
            loss = functional.cross_entropy(logits.float().flatten(0, 1), tokens[:, 1:].flatten())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seconds.append(time.perf_counter() - begin)
    return batch * sequence / statistics.median(seconds[1:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="8.9M")
    parser.add_argument("--sequence", type=int, default=512)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    report = fulcrum_bench("train", "--shape", arguments.shape, "--type", "bf16", "--sequence", arguments.sequence,
                           "--steps", arguments.steps, "--rank", arguments.rank, "--threads", arguments.threads)
    batch = report["tokens_per_step"] // arguments.sequence
    try:
        import torch

        peer = f"torch {torch.__version__.split('+')[0]}"
        theirs = [torch_speed(SHAPES[arguments.shape], arguments.sequence, batch, arguments.steps, rank,
                              arguments.threads) for rank in (None, arguments.rank)]
    except ImportError:
        peer, theirs = "torch", [None, None]
    print_machine(report)
    print_table(f"{arguments.shape}, training tokens/s", peer,
                [(row["what"], row["tokens_per_second"], their) for row, their in zip(report["rows"], theirs)])


if __name__ == "__main__":
    main()
