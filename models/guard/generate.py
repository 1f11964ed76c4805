#!/usr/bin/env python3
"""Writes general.jsonl, the guard suite: what a language model can do besides its task, asked before and after training.

Eight skills of fifteen items each, OpenAI chat JSONL with the skill as "group". Everything is made up here from the
lists below and a fixed seed; nothing of it stands in the examples, in the gates or in the base model's training text.
The suite is small on purpose: it runs with every comparison. `measure/guard.h` says what is taken from it.

    models/guard/generate.py > models/guard/general.jsonl
"""
import json
import random

ITEMS = 15
PLACES = ["Marlow Quay", "Thornby", "Silverdale", "Kestrel Bay", "Oakhollow", "Fenwick", "Larkmoor", "Eastmere"]
PEOPLE = ["Ottilie", "Barnaby", "Xenia", "Ruben", "Isolde", "Casper", "Philippa", "Anselm"]
THINGS = ["lantern", "kettle", "compass", "ladder", "blanket", "whistle", "anchor", "mirror"]
COLOURS = ["green", "blue", "yellow", "brown", "white", "black"]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]
ANIMALS = ["otter", "heron", "badger", "lizard", "falcon", "beetle"]


def copy(draw):
    words = draw.sample(THINGS + ANIMALS, 3)
    return f"Repeat these words: {', '.join(words)}", ", ".join(words)


def pick(draw):
    words = draw.sample(THINGS + ANIMALS, 4)
    place = draw.randrange(4)
    name = ["first", "second", "third", "last"][place]
    return f"What is the {name} word of this list? {', '.join(words)}", words[place]


def read(draw):
    person, place, thing = draw.choice(PEOPLE), draw.choice(PLACES), draw.choice(THINGS)
    kind, question, answer = draw.choice([
        (f"{person} lives in {place} and mends a {thing}.", f"Where does {person} live?", place),
        (f"The {thing} of {person} was found in {place}.", f"Where was the {thing} of {person} found?", place),
        (f"{person} of {place} sells one {thing} a week.", f"What does {person} sell?", thing),
    ])
    return f"<doc>[1] {kind}</doc>{question}", answer


def choose_document(draw):
    people, places = draw.sample(PEOPLE, 3), draw.sample(PLACES, 3)
    docs = "".join(f"<doc>[{i + 1}] {p} lives in {q}.</doc>" for i, (p, q) in enumerate(zip(people, places)))
    which = draw.randrange(3)
    return f"{docs}Where does {people[which]} live?", places[which]


def add(draw):
    a, b = draw.randint(2, 9), draw.randint(2, 9)
    return f"{a} + {b} =", str(a + b)


def fields(draw):
    person, thing, day = draw.choice(PEOPLE), draw.choice(THINGS), draw.choice(DAYS)
    return ([{"role": "system", "content": 'Answer with JSON: {"name": "the person", "day": "the day"}.'},
             {"role": "user", "content": f"{person} picks up the {thing} on {day}."}],
            json.dumps({"name": person, "day": day}))


def label(draw):
    colour, animal = draw.choice(COLOURS), draw.choice(ANIMALS)
    about = draw.choice(["animal", "colour"])
    place = draw.choice(PLACES)
    text = {"animal": f"In {place} the {animal} ran off.", "colour": f"In {place} they painted it {colour}."}[about]
    return ([{"role": "system", "content": "Say what the message is about. Answer with one of: animal, colour."},
             {"role": "user", "content": text}], about)


def follow(draw):
    words = draw.sample(THINGS + ANIMALS, 2)
    return ([{"role": "system", "content": "Answer in capital letters."},
             {"role": "user", "content": f"Repeat these words: {words[0]} {words[1]}"}], " ".join(words).upper())


SKILLS = {"copy": copy, "pick from a list": pick, "read a document": read, "choose a document": choose_document,
          "add": add, "JSON fields": fields, "name what it is about": label, "follow a format": follow}


def main():
    for skill, make in SKILLS.items():
        draw, seen = random.Random(f"guard {skill}"), set()
        while len(seen) < ITEMS:
            question, answer = make(draw)
            messages = question if isinstance(question, list) else [{"role": "user", "content": question}]
            row = {"id": f"{skill} {len(seen) + 1}", "group": skill,
                   "messages": messages + [{"role": "assistant", "content": answer}]}
            key = json.dumps(row["messages"])
            if key not in seen:
                seen.add(key)
                print(json.dumps(row))


if __name__ == "__main__":
    main()
