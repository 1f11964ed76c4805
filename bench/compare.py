#!/usr/bin/env python3
"""A whole `fulcrum compare` beside the same recipes on the same weights with transformers and peft on PyTorch.

    bench/compare.py examples/support-desk/answer.toml    (PyTorch: bench/requirements.txt, in an environment of its own)

`fulcrum compare` leaves an evidence folder (--evidence takes one that is there). PyTorch then does the same work: every
recipe's exact prompts, held to their recorded digests, answered in batches, in other words, drawn again and one at a
time; every LoRA training with the same examples, batches and epochs, its dev loss and its answers to the dev items after
each. PyTorch is tried first in f32 and bf16, in batches of 8, 32 and 128, and keeps the fastest; that trial is not
counted. Answers that agree and losses that are near each other show that the work is the same; in bf16 near ties fall
differently, with --dtype float32 next to none do.

Counted as fulcrum's and not run on the other side: rendering prompts and searching passages (inside each recipe), the
forecast, the index, the diagnosis (more prompts and draws), the guard against forgetting, statistics, verdict, evidence
and report.
"""

import argparse
import hashlib
import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import tomllib

from speed_table import FULCRUM, ROOT

REWORDINGS = 5  # src/prompt/rewordings.h
WARM_UP_CALLS = 1


def fulcrum(*arguments):
    command = [FULCRUM, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def rows_of(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


class RecipeWork:
    """One recipe of an evidence folder: what it was asked, what it answered, and how long that took."""

    def __init__(self, evidence, figures, options, model):
        self.id = figures["id"]
        self.folder = evidence / "recipes" / self.id
        self.model = model
        recipe = tomllib.loads((self.folder / "recipe.toml").read_text())
        self.program, self.tune = recipe["program"], recipe.get("tune")
        self.adapter = str(self.folder / "adapter") if self.tune else None
        self.items = rows_of(self.folder / "items.jsonl")
        self.seconds = figures["work"]["evaluation_seconds"]
        self.training = figures["training"]
        tested = {row["id"]: row for row in rows_of(evidence / "task" / "tested.jsonl")}
        inputs = [self.input_of(tested[item["id"]]) for item in self.items]
        self.prompts = self.render(inputs)
        for prompt, item in zip(self.prompts, self.items):
            if hashlib.sha256(prompt.encode()).hexdigest() != item["prompt_sha256"]:
                raise SystemExit(f"{self.id}, {item['id']}: the prompt is not the one that the evidence records")
        self.again = [i for i, item in enumerate(self.items) if item["resampled"]]
        asked_again = [inputs[i] for i in self.again]
        self.reworded = [prompt for n in range(REWORDINGS) for prompt in self.render(asked_again, n + 1)]
        self.draws, self.temperature = options["resamples"], options["temperature"]
        self.single_calls = WARM_UP_CALLS + min(len(inputs), options["latency_items"]) + options["cold_latency_items"]
        if self.tune:
            self.train, self.dev = (self.examples(evidence / "task" / f"{split}.jsonl") for split in ("train", "dev"))

    @staticmethod
    def input_of(row):
        return row["messages"][0]["content"]

    def render(self, inputs, rewording=0):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "prompts.json"
            fulcrum("run", self.folder, "--show-prompt", "--rewording", rewording, "--quiet", "--json", file,
                    "--model", self.model, "--", *inputs)
            return json.loads(file.read_text())

    def examples(self, file):
        """(prompt, answer) of each row."""
        rows = rows_of(file)
        prompts = self.render([self.input_of(row) for row in rows])
        return [(prompt, row["messages"][-1]["content"]) for prompt, row in zip(prompts, rows)]

    def answers(self):
        """Recorded greedy answers, in the order in which answer_with() gives its own."""
        asked_again = [self.items[i] for i in self.again]
        return [item["answer"] for item in self.items] + [
            item["reworded"][n] for n in range(REWORDINGS) for item in asked_again]

    def answer_with(self, peer):
        model = peer.model(self.adapter)
        answers = peer.answer(model, self.program, self.prompts + self.reworded)
        peer.answer(model, self.program, [self.prompts[i] for i in self.again] * self.draws, self.temperature)
        for n in range(self.single_calls):
            peer.single_call(model, self.program, self.prompts[n % len(self.prompts)])
        return answers


def timed(work, *arguments):
    begin = time.perf_counter()
    result = work(*arguments)
    return time.perf_counter() - begin, result


def print_row(what, ours, theirs, note=""):
    their_text = f"{theirs:.1f}" if theirs is not None else "not run"
    ratio = f"{theirs / ours:.1f}" if theirs is not None and ours else ""
    print(f"{what:<34}{f'{ours:.1f}' if ours is not None else '':>9}{their_text:>22}{ratio:>7}  {note}".rstrip())


def start_peer(folder, threads):
    from compare_peer import Peer

    return Peer(folder, threads)


def measure_peer(recipes, folder, threads, dtype):
    """(seconds to start, {part: (seconds, note)}, settings in words)."""
    start_seconds, peer = timed(start_peer, folder, threads)
    from compare_peer import Training, faster_precision

    tried = peer.choose_settings(recipes, dtype)
    settings = ", ".join(f"{str(dtype).split('.')[-1]} by {batch} {seconds:.1f} s"
                         for (dtype, batch), seconds in tried.items())
    parts = {}
    for recipe in recipes:
        if recipe.tune:
            autocast = faster_precision(peer, recipe)
            epochs = recipe.training["epochs"]
            seconds, (tokens, loss) = timed(lambda: Training(peer, recipe, len(epochs), autocast).run())
            if tokens != recipe.training["trained_tokens"]:
                raise SystemExit(f"{recipe.id}: {tokens} tokens, recorded {recipe.training['trained_tokens']}")
            parts[f"training {recipe.id}"] = (
                seconds, f"{tokens:,} tokens in {'bf16' if autocast else 'f32'}, last loss "
                         f"{epochs[-1]['train_loss']:.3f} and {loss:.3f}")
        seconds, answers = timed(recipe.answer_with, peer)
        equal = sum(a == b for a, b in zip(answers, recipe.answers(), strict=True))
        parts[recipe.id] = (seconds, f"{equal} of {len(answers)} answers agree")
    return start_seconds, parts, f"tried: {settings}; kept {str(peer.dtype).split('.')[-1]} by {peer.batch}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", nargs="?", type=pathlib.Path, default=ROOT / "examples/support-desk/answer.toml")
    parser.add_argument("--evidence", type=pathlib.Path, help="an evidence folder of this program and model")
    parser.add_argument("--model", type=pathlib.Path, default=ROOT / "models/fulcrum-base.gguf")
    parser.add_argument("--max-test-items", type=int, help="fewer test items, on both sides")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), help="of PyTorch's answers; default: the faster")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    if any(importlib.util.find_spec(name) is None for name in ("torch", "transformers", "peft")):
        print("bench/compare.py: skipped, this Python has no torch, transformers and peft (bench/requirements.txt)")
        return
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        evidence, command_seconds = arguments.evidence, None
        if evidence is None:
            sample = ["--max-test-items", arguments.max_test_items] if arguments.max_test_items else []
            command_seconds, _ = timed(fulcrum, "compare", arguments.task, "--model", arguments.model, "--threads",
                                       arguments.threads, "--evidence", folder / "evidence", "--quiet", *sample)
            evidence = next((folder / "evidence").iterdir())
        task = json.loads((evidence / "result.json").read_text())["tasks"][0]
        options = json.loads((evidence / "options.json").read_text())
        if (recorded := options["machine"]["threads"]) != arguments.threads:
            raise SystemExit(f"{evidence}: measured with {recorded} threads, not {arguments.threads}")
        fulcrum("convert", arguments.model, folder / "model", "--quiet")
        recipes = [RecipeWork(evidence, figures, options["evaluation"], arguments.model) for figures in task["recipes"]]
        start_seconds, parts, settings = measure_peer(recipes, folder / "model", arguments.threads,
                                                       arguments.dtype)

    print(f"{task['task']['name']}, {len(recipes[0].items)} test items, {arguments.threads} threads; {settings}")
    print(f"{'seconds':<34}{'fulcrum':>9}{'transformers + peft':>22}{'ratio':>7}")
    ours = 0
    for recipe in recipes:
        names = [(recipe.id, recipe.seconds)]
        if recipe.tune:
            names.insert(0, (f"training {recipe.id}", recipe.training["seconds"]))
        for name, seconds in names:
            print_row(name, seconds, *parts[name])
            ours += seconds
    theirs = sum(seconds for seconds, _ in parts.values())
    print_row("answers and trainings", ours, theirs)
    whole = command_seconds or task["seconds"]
    diagnosis = task["investigation"]["seconds"]
    print_row("diagnosis, guard", diagnosis, None)
    print_row("forecast, index, statistics, ...", whole - ours - diagnosis, None,
              "" if command_seconds else "the report and the start left out")
    print_row("imports, loading", None, start_seconds)
    print_row("all", whole, theirs + start_seconds)


if __name__ == "__main__":
    sys.exit(main())
