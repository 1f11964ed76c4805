"""Random blocks of ggml's quantised types and what they decode to, as the package `gguf` (from PyPI, with numpy) says.

    python3 -m venv venv && venv/bin/pip install gguf numpy
    venv/bin/python tests/reference/quantised_blocks.py > tests/cases/quantised_blocks.json

Every bit of a block is random but for its f16 numbers, which are finite. Values are the bits of f32 in hexadecimal.
"""

import json
import sys

import gguf
import numpy as np

# Where a block's f16 numbers stand.
HALVES = {
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
    "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
}
# A usual scale, a negative one, a subnormal one and the largest one.
SCALES = [0.0123, -0.75, 3e-7, 65504.0]


def main() -> None:
    random = np.random.default_rng(20260101)
    cases = []
    for name, places in HALVES.items():
        kind = gguf.GGMLQuantizationType[name]
        elements, size = gguf.GGML_QUANT_SIZES[kind]
        # Blocks of 256 are long: two of them are enough.
        for scale in SCALES if elements == 32 else SCALES[:2]:
            block = random.integers(0, 256, size, dtype=np.uint8)
            for i, at in enumerate(places):
                half = np.float16(scale * (1 if i == 0 else random.uniform(-1, 1)))
                block[at : at + 2] = np.frombuffer(half.tobytes(), np.uint8)
            values = gguf.quants.dequantize(block.reshape(1, size), kind).reshape(-1)
            assert values.dtype == np.float32 and values.size == elements and np.isfinite(values).all()
            cases.append({
                "type": name.lower(),
                "block": block.tobytes().hex(),
                "values": [f"{bits:08x}" for bits in values.view(np.uint32)],
            })
    json.dump({"cases": cases}, sys.stdout, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
