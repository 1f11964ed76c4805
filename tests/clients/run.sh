#!/bin/sh
# The official OpenAI clients against a served recipe: run.sh EVIDENCE_FOLDER RECIPE_ID
# Needs python3-venv and npm; installs the pinned clients into build/clients. Talks to loopback only.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
root="$here/../.."
evidence="$1"; recipe="$2"
work="$root/build/clients"
mkdir -p "$work"
[ -x "$work/venv/bin/python" ] || { python3 -m venv "$work/venv" && "$work/venv/bin/pip" install -q -r "$here/requirements.txt"; }
cp "$here/package.json" "$here/client.mjs" "$work/"
[ -d "$work/node_modules/openai" ] || (cd "$work" && npm install --silent --no-audit --no-fund)
"$root/build/release/fulcrum" serve "$evidence/recipes/$recipe" --port 0 > "$work/serve.log" &
server=$!
trap 'kill $server' EXIT
for _ in $(seq 100); do grep -q http "$work/serve.log" && break; sleep 0.1; done
url="$(sed -n 's/.*\(http:[^ ]*\) .*/\1/p' "$work/serve.log")"
status=0
"$work/venv/bin/python" "$here/client.py" "$url" "$recipe" "$evidence/task/test.jsonl" "$evidence/recipes/$recipe/items.jsonl" || status=1
(cd "$work" && node client.mjs "$url" "$recipe" "$evidence/task/test.jsonl" "$evidence/recipes/$recipe/items.jsonl") || status=1
exit $status
