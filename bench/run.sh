#!/bin/sh
# Every speed that this machine can measure, then the benchmarks of the decision: an hour in all. Peers are found on the
# PATH (llama-bench, llama-batched-bench, llama-server) or in LLAMA_BIN, PyTorch, transformers and peft in the python3
# that PYTHON names.
set -eu
cd "$(dirname "$0")"
python="${PYTHON:-python3}"
peers="${LLAMA_BIN:+--llama-bin $LLAMA_BIN}"

for shape in 8.9M 163M; do
  for type in f16 q8_0 q4_0; do
    # shellcheck disable=SC2086  # two words or none
    "$python" inference.py --shape "$shape" --type "$type" $peers
    echo
  done
  "$python" train.py --shape "$shape"
  echo
done
for type in q8_0 q4_k; do
  # shellcheck disable=SC2086
  "$python" inference.py --shape 1.1B --type "$type" --prompt 256 --streams 1 --rounds 1 $peers
  echo
done
# shellcheck disable=SC2086
"$python" evaluate.py --shape 163M --type q8_0 $peers
echo
for task in answer extract triage; do
  "$python" compare.py "../examples/support-desk/$task.toml"
  echo
done
# It says so by its status where a claim does not hold; the bundled tasks are measured all the same.
claims=0
../build/release/src/decide/decision_bench 20 || claims=$?
decide/bundled.sh
exit "$claims"
