#!/usr/bin/env python3
"""Prompts and answers a second, beside llama.cpp on the same file in the same run.

    bench/inference.py --shape 163M --type q8_0 [--llama-bin FOLDER]

FOLDER holds llama-bench and llama-batched-bench (or they are on the PATH); without them only our figures are printed.
Each program is run --rounds times in turn and the median is kept, so that a machine that changes its speed does not
favour one of them.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import tempfile

from speed_table import fulcrum_bench, print_machine, print_table


def llama_prefill(binary, model, prompt, threads):
    out = subprocess.run(
        [binary, "-m", model, "-p", str(prompt), "-n", "0", "-t", str(threads), "-r", "3", "-o", "json"],
        check=True, capture_output=True, text=True).stdout
    return json.loads(out)[0]["avg_ts"]


def llama_decode(binary, model, streams, generated, threads):
    # Its log is written by a thread that may be gone before the last line: asked again until there is one.
    for _ in range(10):
        out = subprocess.run(
            [binary, "-m", model, "-c", str(streams * (16 + generated) + 256), "-npp", "16", "-ntg", str(generated),
             "-npl", str(streams), "-t", str(threads), "--output-format", "jsonl"],
            check=True, capture_output=True, text=True).stdout
        rows = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
        if rows:
            return rows[-1]["speed_tg"]
    raise SystemExit(f"{binary} printed no row")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", default="8.9M")
    parser.add_argument("--model", help="a file instead of --shape and --type")
    parser.add_argument("--type", default="q8_0")
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--generated", type=int, default=64)
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--llama-bin", type=pathlib.Path)
    arguments = parser.parse_args()

    def peer(name):
        if arguments.llama_bin:
            return str(arguments.llama_bin / name)
        return shutil.which(name)

    bench, batched = peer("llama-bench"), peer("llama-batched-bench")
    ours, theirs = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        model = arguments.model or str(pathlib.Path(folder) / "random.gguf")
        subject = (["--model", model] if arguments.model else
                   ["--shape", arguments.shape, "--type", arguments.type, "--keep", model])
        for _ in range(arguments.rounds):
            report = fulcrum_bench("inference", *subject, "-p", arguments.prompt, "-n", arguments.generated, "-r", 3,
                                   "-b", ",".join(map(str, arguments.streams)), "--threads", arguments.threads)
            for row in report["rows"]:
                ours.setdefault(row["what"], []).append(row["tokens_per_second"])
            names = [row["what"] for row in report["rows"]]
            if bench:
                theirs.setdefault(names[0], []).append(
                    llama_prefill(bench, model, arguments.prompt, arguments.threads))
            if batched:
                for name, streams in zip(names[1:], arguments.streams):
                    theirs.setdefault(name, []).append(
                        llama_decode(batched, model, streams, arguments.generated, arguments.threads))
    print_machine(report)
    title = pathlib.Path(model).name if arguments.model else f"{arguments.shape}, {arguments.type}"
    print_table(f"{title}, tokens/s", "llama.cpp",
                [(name, statistics.median(ours[name]),
                  statistics.median(theirs[name]) if name in theirs else None) for name in names])


if __name__ == "__main__":
    main()
