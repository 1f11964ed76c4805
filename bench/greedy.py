#!/usr/bin/env python3
"""Greedy answers beside llama.cpp: the same file, the same messages, token for token.

    bench/greedy.py [--model FILE.gguf] [--convert f16 q8_0 q4_0] [--prompts 20] [--llama-bin FOLDER]

The messages are those of models/gates, two of each suite in turn. Both servers put them through the chat template of
the file, answer greedily and are asked for the text; a pair that differs is printed. --convert measures the file in
further types, written by `fulcrum convert`. Ends with status 1 where an answer differs.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import urllib.request

from local_server import local_server
from speed_table import FULCRUM, ROOT


def answers(command, model, prompts, tokens):
    with local_server(command) as port:
        return [answer(port, model, messages, tokens) for messages in prompts]


def answer(port, model, messages, tokens):
    body = {"model": model, "messages": messages, "max_tokens": tokens, "temperature": 0}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/chat/completions", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as reply:
        choice = json.load(reply)
    # llama.cpp writes the space that a SentencePiece token begins with, also where a text or a control token begins it.
    text = re.sub(r"(^|>) ", r"\1", choice["choices"][0]["message"]["content"])
    return text, choice["usage"]["completion_tokens"]


def gate_messages(count):
    suites = [path.read_text().splitlines()[1:] for path in sorted((ROOT / "models" / "gates").glob("*.jsonl"))]
    items = [json.loads(suite[i]) for i in range(max(map(len, suites))) for suite in suites if i < len(suite)]
    return [item["messages"] for item in items if "messages" in item][:count]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, default=ROOT / "models" / "fulcrum-base.gguf")
    parser.add_argument("--convert", nargs="*", default=[])
    parser.add_argument("--prompts", type=int, default=20)
    parser.add_argument("--tokens", type=int, default=48)
    parser.add_argument("--llama-bin", type=pathlib.Path)
    arguments = parser.parse_args()
    llama = str(arguments.llama_bin / "llama-server") if arguments.llama_bin else shutil.which("llama-server")
    if not llama or not os.access(llama, os.X_OK):
        raise SystemExit("llama-server was not found: put it on the PATH or give its folder with --llama-bin")

    prompts = gate_messages(arguments.prompts)
    different = 0
    with tempfile.TemporaryDirectory() as folder:
        files = {"as it is": arguments.model}
        for kind in arguments.convert:
            files[kind] = pathlib.Path(folder) / f"{kind}.gguf"
            subprocess.run([FULCRUM, "convert", arguments.model, files[kind], "--type", kind, "--quiet"], check=True,
                           stdout=subprocess.DEVNULL)
        for kind, file in files.items():
            listing = subprocess.run([FULCRUM, "inspect", file, "--json", "-"], check=True, capture_output=True,
                                     text=True).stdout
            name = json.loads(listing).get("name") or "fulcrum-base"
            ours = answers([FULCRUM, "serve", "--model", file, "--quiet"], name, prompts, arguments.tokens)
            theirs = answers([llama, "-m", file, "--host", "127.0.0.1", "-c", "2048", "-np", "1", "--jinja"], name,
                             prompts, arguments.tokens)
            same = sum(a == b for a, b in zip(ours, theirs))
            print(f"{file.name if kind == 'as it is' else kind}: {same} of {len(prompts)} greedy answers are the same")
            for messages, a, b in zip(prompts, ours, theirs):
                if a != b:
                    print(f"  {messages[-1]['content'][-60:]!r}\n    fulcrum   {a}\n    llama.cpp {b}")
            different += len(prompts) - same
    raise SystemExit(1 if different else 0)


if __name__ == "__main__":
    main()
