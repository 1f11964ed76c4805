"""What the scripts of this folder share: running the program, and a table of two columns with their ratio."""

import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
FULCRUM = os.environ.get("FULCRUM", str(ROOT / "build" / "release" / "fulcrum"))


def fulcrum_bench(*arguments):
    """The JSON of one `fulcrum bench ...`."""
    command = [FULCRUM, "bench", *map(str, arguments), "--quiet", "--json", "-"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return json.loads(done.stdout)


def print_machine(report):
    machine = report["machine"]
    print(
        f"this machine, {machine['threads']} threads: "
        f"f32 {machine['f32_flop_per_second'] / 1e9:.0f}, bf16 {machine['bf16_flop_per_second'] / 1e9:.0f} GFLOP/s, "
        f"reads {machine['read_bytes_per_second'] / 1e9:.1f} GB/s"
    )


def print_table(title, peer, rows):
    """rows: (what, ours, theirs) in units a second; theirs None where the peer was not run."""
    print(f"{title:<44}{'fulcrum':>12}{peer:>14}{'ratio':>8}")
    for what, ours, theirs in rows:
        their_text = "not run" if theirs is None else f"{theirs:,.0f}"
        ratio = "" if theirs is None else f"{ours / theirs:.2f}"
        print(f"{what:<44}{ours:>12,.0f}{their_text:>14}{ratio:>8}")
