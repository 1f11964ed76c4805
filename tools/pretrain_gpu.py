#!/usr/bin/env python3
"""Trains the base model on a GPU with PyTorch, from the text and the start that `fulcrum pretrain` generates.

    fulcrum pretrain models/parts/1-copying.toml --export run --episodes 2000000
    fulcrum convert run/start.gguf run/start
    python3 tools/pretrain_gpu.py run --steps 40000
    fulcrum convert run/trained run/fulcrum-base.gguf

Needs torch and transformers (tools/pretrain-requirements.txt). The model is transformers' own Qwen2, so the file is the
same network; episodes are padded into rows instead of packed, weighted as the generator says. Schedule: warm-up,
constant, linear decay to 0 over the last --decay-share. A checkpoint every --checkpoint-steps steps; started again, it
continues.
"""

import argparse
import json
import pathlib
import time

import torch
from torch.nn import functional
from transformers import AutoModelForCausalLM


def episodes(path, skip):
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number >= skip:
                yield json.loads(line)


def batches(path, skip, tokens_per_step):
    """Lists of episodes of about tokens_per_step tokens, and how many episodes have been read."""
    batch, tokens, read = [], 0, skip
    for episode in episodes(path, skip):
        batch.append(episode)
        read += 1
        tokens += len(episode["ids"])
        if tokens >= tokens_per_step:
            yield batch, read
            batch, tokens = [], 0


def to_tensors(batch, device):
    """ids [B, T], weights [B, T]: of predicting each token; 0 for padding and for the first token."""
    longest = max(len(episode["ids"]) for episode in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    weights = torch.zeros(len(batch), longest)
    for row, episode in enumerate(batch):
        ids[row, : len(episode["ids"])] = torch.tensor(episode["ids"])
        weights[row, : len(episode["ids"])] = torch.tensor(episode["weights"])
    weights[:, 0] = 0
    return ids.to(device), weights.to(device)


def learning_rate(step, arguments):
    warm = min(1.0, (step + 1) / (arguments.warmup_steps + 1))
    start = arguments.steps * (1 - arguments.decay_share)
    left = 1.0 if step < start else max(0.0, (arguments.steps - step) / (arguments.steps - start))
    return arguments.learning_rate * warm * left


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=20000)
    parser.add_argument("--tokens-per-step", type=int, default=16384)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--warmup-steps", type=int, default=200)
    parser.add_argument("--decay-share", type=float, default=0.35)
    parser.add_argument("--checkpoint-steps", type=int, default=1000)
    parser.add_argument("--log-steps", type=int, default=50)
    arguments = parser.parse_args()

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(arguments.run / "start", torch_dtype=torch.float32).to(device)
    # Norms, biases and the embedding are not decayed, as in train/optimizer.h.
    decayed = [p for name, p in model.named_parameters() if p.dim() == 2 and "embed" not in name]
    kept = [p for name, p in model.named_parameters() if p.dim() != 2 or "embed" in name]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.1}, {"params": kept, "weight_decay": 0.0}], betas=(0.9, 0.95))
    checkpoint = arguments.run / "checkpoint.pt"
    step = read = tokens = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        step, read, tokens = state["step"], state["read"], state["tokens"]

    begin, seen, losses, weight_sum = time.perf_counter(), 0, 0.0, 0.0
    for batch, read in batches(arguments.run / "episodes.jsonl", read, arguments.tokens_per_step):
        if step >= arguments.steps:
            break
        ids, weights = to_tensors(batch, device)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, arguments)
        with torch.autocast(device, dtype=torch.bfloat16):
            logits = model(input_ids=ids[:, :-1], use_cache=False).logits
        each = functional.cross_entropy(logits.float().flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
        learnt = weights[:, 1:].flatten()
        loss = (each * learnt).sum() / learnt.sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        count = sum(len(episode["ids"]) for episode in batch)
        tokens, seen = tokens + count, seen + count
        losses += loss.item() * learnt.sum().item()
        weight_sum += learnt.sum().item()
        if step % arguments.log_steps == 0 or step == arguments.steps:
            line = {"step": step, "loss": losses / weight_sum, "tokens": tokens,
                    "tokens_per_second": seen / (time.perf_counter() - begin)}
            print(json.dumps(line), flush=True)
            with open(arguments.run / "log.jsonl", "a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")
            begin, seen, losses, weight_sum = time.perf_counter(), 0, 0.0, 0.0
        if step % arguments.checkpoint_steps == 0 or step == arguments.steps:
            partial = checkpoint.with_suffix(".partial")
            torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "read": read,
                        "tokens": tokens}, partial)
            partial.replace(checkpoint)
    if step < arguments.steps:
        raise SystemExit(f"the episodes end at step {step} of {arguments.steps}: export more, or ask for fewer steps")
    model.to(torch.bfloat16).save_pretrained(arguments.run / "trained")
    for name in ("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "special_tokens_map.json"):
        source = arguments.run / "start" / name
        if source.exists():
            (arguments.run / "trained" / name).write_bytes(source.read_bytes())


if __name__ == "__main__":
    main()
