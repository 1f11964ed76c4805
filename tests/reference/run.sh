#!/bin/sh
# What ./run parity runs: the references live, in a virtual environment of their own under build/, against the
# committed numbers and against this build. Needs Python 3.10 to 3.13 and,
# the first time, the network (about 3 GB).
set -eu
cd "$(dirname "$0")/../.."

environment="${FULCRUM_PARITY_ENVIRONMENT:-build/parity-environment}"
if [ ! -x "$environment/bin/python" ]; then
  python3 -m venv "$environment"
  "$environment/bin/pip" install --quiet --requirement tests/reference/requirements.txt
fi
python="$environment/bin/python"

build="${FULCRUM_PARITY_BUILD:-build/release}"
[ -n "${FULCRUM_PARITY_BUILD:-}" ] || cmake --build --preset release --target model_test infer_test train_test

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

echo "== the committed logits, computed again by transformers"
"$python" tests/reference/models.py --check tests/cases/parity/models
echo "== logits, GGUF and Hugging Face files, adapters, against the committed numbers"
"$build/src/model/model_test" --gtest_brief=1 --gtest_filter='*Architectures*:*PeftAdapters*:*Encoders*'
echo "== gradients and ten steps of AdamW against torch"
"$build/src/train/train_test" --gtest_brief=1 --gtest_filter='*AdapterParity*'
echo "== adapters trained now, loaded by peft"
FULCRUM_PARITY_OUT="$work/trained" "$build/src/train/train_test" --gtest_brief=1 --gtest_filter='*TrainedHere*'
"$python" tests/reference/adapters.py --apply tests/cases/parity/models "$work/trained"
echo "== sentence vectors of all-MiniLM-L6-v2 against sentence-transformers"
"$python" tests/reference/minilm.py "$work/all-MiniLM-L6-v2"
FULCRUM_MINILM="$work/all-MiniLM-L6-v2" "$build/src/infer/infer_test" --gtest_brief=1 --gtest_filter='MiniLm.*'
