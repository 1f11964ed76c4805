#!/usr/bin/env python3
"""Items that share a long prefix, beside llama-server with prompt caching and as many slots as it is asked for.

    bench/evaluate.py --shape 163M --type q8_0 [--llama-bin FOLDER]

Both get the same numbers of tokens: --items prompts of --shared common tokens and --own tokens each, --generated tokens
of answer. llama-server is started on a free loopback port and ended with this script.
"""

import argparse
import concurrent.futures
import json
import pathlib
import random
import shutil
import tempfile
import time
import urllib.request

from local_server import local_server
from speed_table import fulcrum_bench, print_machine, print_table


def ask(port, tokens, generated):
    body = json.dumps({"prompt": tokens, "n_predict": generated, "cache_prompt": True, "temperature": 0,
                       "ignore_eos": True}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/completion", body,
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=600) as answer:
        return json.load(answer)


def llama_seconds(binary, model, arguments):
    longest = arguments.shared + arguments.own + arguments.generated + 16
    command = [binary, "-m", model, "--host", "127.0.0.1", "-np", arguments.slots, "-c", longest * arguments.slots, "-t",
               arguments.threads]
    with local_server(command) as port:
        draw = random.Random(1)
        shared = [draw.randrange(300, 8000) for _ in range(arguments.shared)]
        prompts = [shared + [draw.randrange(300, 8000) for _ in range(arguments.own)] for _ in range(arguments.items)]
        begin = time.perf_counter()
        with concurrent.futures.ThreadPoolExecutor(arguments.slots) as pool:
            list(pool.map(lambda tokens: ask(port, tokens, arguments.generated), prompts))
        return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", default="163M")
    parser.add_argument("--type", default="q8_0")
    parser.add_argument("--items", type=int, default=300)
    parser.add_argument("--shared", type=int, default=800)
    parser.add_argument("--own", type=int, default=60)
    parser.add_argument("--generated", type=int, default=8)
    parser.add_argument("--slots", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--llama-bin", type=pathlib.Path)
    arguments = parser.parse_args()
    server = str(arguments.llama_bin / "llama-server") if arguments.llama_bin else shutil.which("llama-server")
    with tempfile.TemporaryDirectory() as folder:
        model = str(pathlib.Path(folder) / "random.gguf")
        report = fulcrum_bench("evaluate", "--shape", arguments.shape, "--type", arguments.type, "--keep", model,
                               "--items", arguments.items, "--shared", arguments.shared, "--own", arguments.own,
                               "--generated", arguments.generated, "--threads", arguments.threads)
        theirs = llama_seconds(server, model, arguments) if server else None
    print_machine(report)
    seconds = report["rows"][0]["seconds"]
    print(f"fulcrum {seconds:.1f} s" + ("" if theirs is None else f", llama-server {theirs:.1f} s"))
    print_table(f"{arguments.shape}, {arguments.type}, items a minute", "llama-server",
                [(report["rows"][0]["what"], 60 * arguments.items / seconds,
                  None if theirs is None else 60 * arguments.items / theirs)])


if __name__ == "__main__":
    main()
