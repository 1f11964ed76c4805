#!/bin/sh
# How near a race at a fifth of the exhaustive cost comes to the exhaustive best, on the bundled tasks.
#
#   bench/decide/bundled.sh [PROGRAM] [FOLDER] [PART]
#
# For each task: a race with a budget so large that every recipe of the grid is prepared and raced on all dev items;
# its forecast of the exhaustive cost; a race at PART (default 0.2) of that; and the quality on the test items of what
# each of the two recommends. Passes (exit status 0) if the second is within 2 points of the first on every task.
# Needs a quiet machine and about half an hour on two cores. Python 3 reads the JSON.
set -eu
cd "$(dirname "$0")/../.."
program="${1:-build/release/fulcrum}"
folder="${2:-build/bench/bundled}"
part="${3:-0.2}"
mkdir -p "$folder"

figure() {  # figure FILE EXPRESSION, over the task t
  python3 -c "import json, sys; t = json.load(open(sys.argv[1]))['tasks'][0]; print($2)" "$1"
}

status=0
for task in examples/support-desk/bill.toml examples/support-desk/triage.toml examples/support-desk/answer.toml \
  examples/support-desk/extract.toml; do
  name="$(basename "$task" .toml)"
  "$program" compare "$task" --quiet --budget 24h --evidence "$folder/whole" --json "$folder/$name-whole.json" \
    > "$folder/$name-whole.txt"
  whole="$(figure "$folder/$name-whole.json" "t['search']['exhaustive_seconds']")"
  budget="$(python3 -c "print(f'{$part * $whole:.1f}s')")"
  "$program" compare "$task" --quiet --budget "$budget" --evidence "$folder/part" --json "$folder/$name-part.json" \
    > "$folder/$name-part.txt"
  python3 - "$folder/$name-whole.json" "$folder/$name-part.json" "$name" "$part" <<'PYTHON' || status=1
import json, sys
whole, part = (json.load(open(path))["tasks"][0] for path in sys.argv[1:3])
def chosen(task):
    return next(r for r in task["recipes"] if r["id"] == task["verdict"]["recipe"])
# The best that the large race confirmed: the yardstick, whatever its price.
best = max(whole["recipes"], key=lambda r: r["quality"]["estimate"])
if task_target := whole["task"]["target"]:
    aim = min(best["quality"]["estimate"], max(task_target, chosen(whole)["quality"]["estimate"]))
else:
    aim = best["quality"]["estimate"]
found = chosen(part)
short = aim - found["quality"]["estimate"]
spent, exhaustive = part["search"]["total_seconds"], whole["search"]["exhaustive_seconds"]
print(f"{sys.argv[3]:10} exhaustive {exhaustive:6.0f} s: {chosen(whole)['id']} {chosen(whole)['quality']['estimate']:.3f} "
      f"(best {best['id']} {best['quality']['estimate']:.3f}); at {spent / exhaustive:.2f} of it: {found['id']} "
      f"{found['quality']['estimate']:.3f}, {100 * short:+.1f} points short")
sys.exit(0 if short <= 0.02 and spent <= 1.1 * float(sys.argv[4]) * exhaustive else 1)
PYTHON
done
exit $status
