"""Tiny random models of every architecture, as Hugging Face transformers makes and computes them.

  models.py OUT            folders OUT/<case>/ with config.json, model.safetensors and golden.safetensors
  models.py --check OUT    compares the numbers of OUT with fresh ones (for another version of the libraries)

golden.safetensors holds `tokens` [T] (i64) and `logits` [T, V] (f32, of a forward pass in f32). The lists of
tokens are longer than the models' windows and than the contexts that RoPE was scaled from.
"""
import argparse
import pathlib
import shutil

import torch
import transformers as hf
from safetensors.torch import load_file, save_file

TOKENS = 28

# One line a case: configuration class, what is particular, how it is stored.
SMALL = dict(hidden_size=32, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             vocab_size=40, max_position_embeddings=64, rms_norm_eps=1e-5, pad_token_id=0, bos_token_id=1,
             eos_token_id=2, attn_implementation="eager")
CASES = {
    "llama2": (hf.LlamaConfig, dict(num_key_value_heads=4), "f32"),
    "llama3": (hf.LlamaConfig, dict(rope_theta=500000.0, tie_word_embeddings=True, max_position_embeddings=256,
                                    rope_scaling=dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0,
                                                      high_freq_factor=4.0, original_max_position_embeddings=16)),
               "bf16"),
    "llama_linear": (hf.LlamaConfig, dict(rope_scaling=dict(rope_type="linear", factor=4.0)), "bf16"),
    "llama_yarn": (hf.LlamaConfig, dict(head_dim=16, rope_scaling=dict(rope_type="yarn", factor=4.0,
                                                                       original_max_position_embeddings=16)), "bf16"),
    "mistral": (hf.MistralConfig, dict(sliding_window=7, head_dim=12), "f16"),
    "qwen2": (hf.Qwen2Config, dict(tie_word_embeddings=True), "sharded"),
    "qwen2_window": (hf.Qwen2Config, dict(use_sliding_window=True, sliding_window=9, max_window_layers=0), "bf16"),
    "qwen3": (hf.Qwen3Config, dict(head_dim=16, tie_word_embeddings=True), "bf16"),
    "phi3": (hf.Phi3Config, dict(sliding_window=11), "bf16"),
    "phi3_longrope": (hf.Phi3Config, dict(partial_rotary_factor=0.75, num_attention_heads=2, num_key_value_heads=1,
                                          original_max_position_embeddings=32,
                                          rope_scaling=dict(type="longrope",
                                                            short_factor=[1.0, 1.1, 1.3, 1.6, 2.0, 2.5],
                                                            long_factor=[1.0, 1.5, 3.0, 6.0, 12.0, 20.0])), "bf16"),
    "gemma": (hf.GemmaConfig, dict(head_dim=16, hidden_activation="gelu_pytorch_tanh"), "bf16"),
    "gemma2": (hf.Gemma2Config, dict(head_dim=16, num_hidden_layers=3, sliding_window=8, query_pre_attn_scalar=24,
                                     attn_logit_softcapping=5.0, final_logit_softcapping=3.0), "bf16"),
    "gemma3": (hf.Gemma3TextConfig, dict(head_dim=16, num_hidden_layers=4, sliding_window=8, sliding_window_pattern=3,
                                         query_pre_attn_scalar=16,
                                         rope_scaling=dict(rope_type="linear", factor=8.0)), "bf16"),
}


def make_model(name):
    config_class, particular, _ = CASES[name]
    torch.manual_seed(sum(map(ord, name)))
    config = config_class(**{**SMALL, **particular})
    model = hf.AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    # Far from the usual initialisation: every norm, bias and cap must matter in the logits.
    for parameter_name, parameter in model.named_parameters():
        with torch.no_grad():
            spread = 0.3 if parameter.dim() == 2 else 0.2
            parameter.copy_(torch.randn_like(parameter) * spread + (parameter if parameter.dim() == 1 else 0))
    return model


def make_tokens(name, vocab_size):
    generator = torch.Generator().manual_seed(len(name) + 7)
    return torch.randint(0, vocab_size, (TOKENS,), generator=generator)


def open_model(folder):
    return hf.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()


def write_case(name, folder):
    storage = CASES[name][2]
    model = make_model(name)
    dtype = {"bf16": torch.bfloat16, "f16": torch.float16}.get(storage, torch.float32)
    model.to(dtype).save_pretrained(folder, max_shard_size="12KB" if storage == "sharded" else "1GB")
    # Opened again: conversion would have rounded RoPE's frequencies too.
    model = open_model(folder)
    tokens = make_tokens(name, model.config.vocab_size)
    with torch.no_grad():
        logits = model(tokens[None], use_cache=False).logits[0].float()
    save_file({"tokens": tokens, "logits": logits.contiguous()}, folder / "golden.safetensors")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("out", type=pathlib.Path)
    arguments.add_argument("--check", action="store_true")
    options = arguments.parse_args()
    worst = 0.0
    for name in CASES:
        folder = options.out / name
        if options.check:
            model = open_model(folder)
            golden = load_file(folder / "golden.safetensors")
            with torch.no_grad():
                logits = model(golden["tokens"][None], use_cache=False).logits[0]
            difference = (logits - golden["logits"]).abs().max().item()
            worst = max(worst, difference)
            print(f"{name:16} largest difference {difference:.2e}")
            continue
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        write_case(name, folder)
        print(f"{name:16} written")
    if worst > 1e-4:
        raise SystemExit("this version of the libraries computes other logits than the committed ones")


if __name__ == "__main__":
    main()
