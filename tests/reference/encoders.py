"""Tiny random BERT encoders as transformers computes them, pooled and normalised as sentence-transformers does.

  encoders.py OUT    folders OUT/<case>/ with the model, and golden.safetensors: tokens.<i> [T] and vector.<i> [C]
"""
import json
import pathlib
import shutil
import sys

import torch
import transformers as hf
from safetensors.torch import save_file

CASES = {"mean": dict(pooling_mode_mean_tokens=True, pooling_mode_cls_token=False, normalised=True),
         "first_token": dict(pooling_mode_mean_tokens=False, pooling_mode_cls_token=True, normalised=False)}


def main(out):
    for name, pooling in CASES.items():
        folder = out / name
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "1_Pooling").mkdir(parents=True)
        torch.manual_seed(len(name))
        config = hf.BertConfig(vocab_size=50, hidden_size=24, num_hidden_layers=2, num_attention_heads=3,
                               intermediate_size=40, max_position_embeddings=32)
        model = hf.BertModel(config, add_pooling_layer=False).eval()
        for parameter in model.parameters():
            parameter.data = torch.randn_like(parameter) * 0.3 + (parameter if parameter.dim() == 1 else 0)
        model.save_pretrained(folder)
        normalised = pooling.pop("normalised")
        (folder / "1_Pooling/config.json").write_text(json.dumps(pooling))
        modules = ["Transformer", "Pooling"] + (["Normalize"] if normalised else [])
        (folder / "modules.json").write_text(
            json.dumps([{"idx": i, "type": f"sentence_transformers.models.{m}"} for i, m in enumerate(modules)]))
        golden = {}
        for i, length in enumerate((1, 5, 32)):
            tokens = torch.randint(0, 50, (length,))
            with torch.no_grad():
                hidden = model(tokens[None]).last_hidden_state[0]
            vector = hidden[0] if pooling["pooling_mode_cls_token"] else hidden.mean(0)
            golden[f"tokens.{i}"] = tokens
            golden[f"vector.{i}"] = torch.nn.functional.normalize(vector, dim=0) if normalised else vector.clone()
        save_file(golden, folder / "golden.safetensors")
        print(f"{name:16} written")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
