"""Asks a served recipe every recorded test item through OpenAI's Python client, plain and streamed.

usage: client.py BASE_URL MODEL TASK_JSONL ITEMS_JSONL   exit status 1 if an answer is not the evaluation's
"""
import json
import sys

from openai import OpenAI


def main():
    base_url, model, task_file, items_file = sys.argv[1:]
    client = OpenAI(base_url=base_url, api_key="none")
    assert model in [each.id for each in client.models.list()]
    inputs = {row["id"]: row["messages"][:-1] for row in map(json.loads, open(task_file, encoding="utf-8"))}
    different = 0
    items = [json.loads(line) for line in open(items_file, encoding="utf-8")]
    for item in items:
        messages = inputs[item["id"]]
        whole = client.chat.completions.create(model=model, messages=messages).choices[0].message.content
        pieces = client.chat.completions.create(model=model, messages=messages, stream=True)
        streamed = "".join(chunk.choices[0].delta.content or "" for chunk in pieces if chunk.choices)
        if whole != item["answer"] or streamed.strip() != item["answer"]:
            different += 1
            print(f"{item['id']}: evaluated {item['answer']!r}, served {whole!r}, streamed {streamed!r}")
    print(f"python: {len(items) - different} of {len(items)} answers are the evaluation's")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
