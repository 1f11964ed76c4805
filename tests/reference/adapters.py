"""LoRA adapters as peft makes, trains and applies them, on the tiny models of models.py.

  adapters.py MODELS OUT           writes OUT/<case>/: a PEFT folder and golden.safetensors
  adapters.py --apply MODELS OUT   OUT/<case>/ holds an adapter and `tokens` and `logits` written by someone else:
                                   adds peft's own logits of that adapter to them as `peft_logits`, and compares

golden.safetensors of a trained case: tokens [T], logits [T, V] with the adapter; loss, the mean over the T - 1
next tokens; gradient.<name> and stepped.<name> of every lora_A and lora_B: the gradient of that loss, and the
value after ten steps of AdamW.
"""
import argparse
import pathlib
import shutil
import warnings

import peft
import torch
from safetensors.torch import load_file, save_file

from models import make_tokens, open_model

SEPARATE = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
FUSED = ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]
# The model, what is particular about the adapter, whether it is trained too.
CASES = {
    "llama3": ("llama3", {}, True),
    "mistral": ("mistral", {}, True),
    "qwen2": ("qwen2", {}, True),
    "qwen3": ("qwen3", {}, True),
    "gemma2": ("gemma2", {}, True),
    "gemma3": ("gemma3", {}, True),
    "phi3": ("phi3", dict(target_modules=FUSED), False),
    "patterns": ("llama2", dict(rank_pattern={"q_proj": 3, "layers.1.mlp.up_proj": 1},
                                alpha_pattern={"k_proj": 5, "model.layers.0.mlp.down_proj": 1}), False),
    "rslora": ("llama2", dict(use_rslora=True, target_modules=["q_proj", "v_proj"]), False),
}
STEPS, RATE, BETAS, EPSILON = 10, 1e-2, (0.9, 0.99), 1e-8


def loss_of(model, tokens):
    logits = model(tokens[None], use_cache=False).logits[0]
    return torch.nn.functional.cross_entropy(logits[:-1], tokens[1:])


def lora_parameters(model):
    return {name.replace(".default", ""): value for name, value in model.named_parameters() if "lora_" in name}


def write_case(case, models, out):
    model_name, particular, is_trained = CASES[case]
    base = open_model(models / model_name)
    torch.manual_seed(len(case))
    config = peft.LoraConfig(**{**dict(r=2, lora_alpha=6, target_modules=SEPARATE, task_type="CAUSAL_LM"), **particular})
    model = peft.get_peft_model(base, config).eval()
    for parameter in lora_parameters(model).values():
        parameter.data = torch.randn_like(parameter) * 0.2  # B too: a zero one hides what it is multiplied by
    model.save_pretrained(out)
    (out / "README.md").unlink(missing_ok=True)
    tokens = make_tokens(model_name, base.config.vocab_size)
    golden = {"tokens": tokens}
    with torch.no_grad():
        golden["logits"] = model(tokens[None], use_cache=False).logits[0].contiguous()
    if is_trained:
        parameters = lora_parameters(model)
        optimizer = torch.optim.AdamW(parameters.values(), lr=RATE, betas=BETAS, eps=EPSILON, weight_decay=0.0)
        for step in range(STEPS):
            optimizer.zero_grad()
            loss = loss_of(model, tokens)
            loss.backward()
            if step == 0:
                golden["loss"] = loss.detach().reshape(1)
                golden |= {f"gradient.{name}": value.grad.clone() for name, value in parameters.items()}
            optimizer.step()
        golden |= {f"stepped.{name}": value.detach().clone() for name, value in parameters.items()}
    save_file(golden, out / "golden.safetensors")


def apply_case(case, models, out):
    golden = load_file(out / "golden.safetensors")
    model = peft.PeftModel.from_pretrained(open_model(models / CASES[case][0]), out).eval()
    with torch.no_grad():
        logits = model(golden["tokens"].long()[None], use_cache=False).logits[0].contiguous()
    difference = (logits - golden["logits"]).abs().max().item()
    save_file({**golden, "peft_logits": logits}, out / "golden.safetensors")
    return difference


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("models", type=pathlib.Path)
    arguments.add_argument("out", type=pathlib.Path)
    arguments.add_argument("--apply", action="store_true")
    options = arguments.parse_args()
    warnings.filterwarnings("ignore")
    worst = 0.0
    for case in CASES:
        folder = options.out / case
        if not options.apply:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            write_case(case, options.models, folder)
            print(f"{case:16} written")
        elif folder.exists():
            difference = apply_case(case, options.models, folder)
            worst = max(worst, difference)
            print(f"{case:16} largest difference of logits {difference:.2e}")
    if worst > 2e-4:
        raise SystemExit("the logits differ")


if __name__ == "__main__":
    main()
