#!/usr/bin/env python3
"""Writes the support desk of Fernlight, a fictional mail-order house for plants: four tasks and its policy documents.

Everything here is invented and drawn from a seed, so the files beside this one can be made again byte for byte:

    python3 generate.py            # writes into its own folder
    python3 generate.py --check    # exit status 1 if a file differs from what the seed gives

Triage has twelve house labels. Their boundaries are Fernlight's own and cannot be guessed from the words alone:
ten plants or more go to wholesale whatever went wrong; harm seen within three days of arrival is breakage, later it is
wilting; money paid with a card code is voucher, other money is ledger; the monthly box keeps even its late parcels; a
pot is pottery even when the plant in it is fine.
Answers stand in the documents. Train and dev ask about other facts than test does, except for a tenth of test, so
remembering the examples does not help and reading the documents does.
"""
import argparse
import json
import pathlib
import random
import sys

SEED = 20261121
FOLDER = pathlib.Path(__file__).resolve().parent

PLANTS = ["fern", "monstera", "calathea", "orchid", "cactus", "ivy", "begonia", "palm", "ficus", "aloe", "jasmine",
          "pothos", "philodendron", "maranta", "hoya", "peperomia", "yucca", "anthurium", "dracaena", "croton"]
POTS = ["clay pot", "glazed pot", "hanging pot", "saucer", "plant stand", "zinc planter", "woven basket"]
CITIES = ["Leeds", "Bristol", "Cardiff", "Dundee", "Exeter", "Hull", "Luton", "Perth", "Derby", "York", "Swansea",
          "Oxford", "Kendal", "Ripon", "Truro", "Wells"]
PEOPLE = ["Maya", "Oskar", "Priya", "Tom", "Ines", "Farid", "Greta", "Lewis", "Noor", "Pavel", "Ruth", "Sanna"]
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December"]
SMALL = ["two", "three", "four", "five", "six"]
LARGE = ["ten", "twelve", "fifteen", "twenty", "thirty", "forty"]
NUMBER = {word: value for value, word in
          [(1, "one"), (2, "two"), (3, "three"), (4, "four"), (5, "five"), (6, "six"), (10, "ten"), (12, "twelve"),
           (15, "fifteen"), (20, "twenty"), (30, "thirty"), (40, "forty")]}

OPENERS = ["Hello,", "Hi there,", "Good morning,", "Hi,", "Dear team,", "Hello Fernlight,", "", "", "", "Quick one:"]
CLOSERS = ["Thanks, {person}.", "Please help.", "What now?", "Thank you.", "", "", "", "Best, {person}.",
           "Can you sort this out?", "I would be glad of a reply.", "Regards, {person}."]

# label -> sentences. The last two of each list are kept for dev and test, so that those hold wordings never shown.
TRIAGE = {
    "transit": [
        "My {plant} was due on {day} and the parcel has not come.",
        "The tracking page for order {order} has not moved since {day}.",
        "The courier says my parcel with the {plant} is lost.",
        "I am still waiting for order {order}, it is {small} days late.",
        "My parcel was left with a neighbour in {city} I do not know.",
        "Where is my {plant}? It should have arrived on {day}.",
        "The van never stopped here on {day} although the map said so.",
        "The parcel for {city} seems to be stuck in a depot.",
        "No sign of order {order} yet, and {day} has gone by.",
        "The driver marked my {plant} as delivered but nobody rang.",
    ],
    "breakage": [
        "The {plant} arrived today with a snapped stem.",
        "I opened the box this morning and the {plant} was crushed.",
        "Yesterday my {plant} came and half of its leaves were torn off.",
        "Two days after it came the {plant} has a broken trunk.",
        "The {plant} from order {order} was squashed when I unpacked it today.",
        "My new {plant} came yesterday, brown and limp.",
        "The {plant} reached me this morning with yellow leaves everywhere.",
        "Earth all over the box, and the {plant} that came today is bent in two.",
        "Just unpacked the {plant}: it is in pieces.",
        "It came yesterday and the {plant} already drops every leaf.",
    ],
    "wilting": [
        "After {small} weeks my {plant} is turning yellow.",
        "The {plant} I got last month has brown spots.",
        "My {plant} was fine at first and now, a week later, it droops.",
        "Since last month the {plant} keeps losing leaves.",
        "The {plant} snapped a stem a week after it came.",
        "The {plant} from {month} is dying on me.",
        "Ten days on, the {plant} looks limp and grey.",
        "There are small flies on the {plant} I bought in {month}.",
        "It did well until last week, but the {plant} is fading now.",
        "My {plant} from {month} has gone soft at the base.",
    ],
    "swap": [
        "I would rather have a {plant} than the {plant2} I ordered.",
        "Can I change order {order} to a larger {plant}?",
        "The {plant} is lovely but too tall, may I have a smaller one?",
        "I picked the wrong kind, please send a {plant} instead.",
        "Could you exchange my {plant} for a {plant2}?",
        "The {plant} is healthy, but I meant to buy the {plant2}.",
        "Please change the {plant} in order {order} to another colour.",
        "May I trade the {plant} for something that likes shade?",
        "I have changed my mind, a {plant2} would suit me better than the {plant}.",
        "Is it possible to switch the {plant} in order {order} for a {plant2}?",
    ],
    "ledger": [
        "I was charged twice for order {order}.",
        "My bank shows {amount} pounds too much for the {plant}.",
        "Please send me an invoice for order {order}.",
        "The refund for my {plant} has not reached my bank.",
        "Why did you take {amount} pounds from my card on {day}?",
        "The bill for order {order} has the wrong name on it.",
        "You promised {amount} pounds back and nothing has come.",
        "The price on my receipt is not the price on the page.",
        "There are two payments of {amount} pounds on my statement.",
        "My card was debited for a {plant} that I cancelled.",
    ],
    "voucher": [
        "My gift card does not work at the till.",
        "I was charged twice although I paid order {order} with a gift card.",
        "The code from my birthday card is refused.",
        "How much is left on my gift card?",
        "The refund for the {plant} should go back onto my gift card.",
        "The discount code gave me only half of what it says.",
        "Somebody gave me a gift card of {amount} pounds and it shows zero.",
        "I typed the promotion code and the price stayed the same.",
        "My gift card was debited {amount} pounds too much.",
        "The code on the leaflet from {month} has no effect.",
    ],
    "greencare": [
        "How often should I water a {plant}?",
        "Does a {plant} like a sunny window?",
        "Which soil is best for a {plant}?",
        "When should I feed my {plant}?",
        "Can a {plant} live in a dark hall?",
        "How do I take a cutting of a {plant}?",
        "Should I mist the {plant} in {month}?",
        "What is the lowest temperature a {plant} can bear?",
        "Is it wise to prune a {plant} in {month}?",
        "How deep do I plant a {plant}?",
    ],
    "signin": [
        "I cannot log in with my old email.",
        "The password link never reaches me.",
        "Please change the email of my account.",
        "My account is locked since {day}.",
        "The app says that my name is unknown.",
        "How do I delete my account?",
        "I moved to {city}, how do I change my address?",
        "The page throws me out each time I sign in.",
        "I have two accounts and want to keep one.",
        "The login code arrives too late to be of use.",
    ],
    "boxplan": [
        "My monthly box is {small} days late.",
        "Please pause my monthly box in {month}.",
        "How do I end the monthly box?",
        "The monthly box came with a crushed {plant} today.",
        "I was charged twice for the monthly box.",
        "Can I get the monthly box every second month?",
        "The {plant} in the monthly box is the same as last time.",
        "I want to give my monthly box to {person}.",
        "The monthly box for {month} never left your depot.",
        "Please move my monthly box to the bigger plan.",
    ],
    "wholesale": [
        "We need {large} {plant}s for our office in {city}.",
        "Order {order} had {large} {plant}s and all of them came crushed today.",
        "I was charged twice for {large} {plant}s.",
        "Our hotel wants {large} {plant}s before {day}.",
        "The {large} {plant}s for our school have not come.",
        "What would {large} {plant}s cost?",
        "How often should we water the {large} {plant}s in our lobby?",
        "After {small} weeks half of our {large} {plant}s are yellow.",
        "May we exchange the {large} {plant}s for {plant2}s?",
        "{large} {plant}s were due in {city} on {day}, where are they?",
    ],
    "pottery": [
        "The {pot} has a crack.",
        "The {pot} came today in pieces, the {plant} is fine.",
        "Is the {pot} proof against frost?",
        "The {pot} is missing from order {order}.",
        "Water runs out under the {pot}.",
        "After {small} weeks the paint peels off the {pot}.",
        "Can I change the {pot} for a blue one?",
        "Which {pot} fits a {plant} of this size?",
        "The {pot} wobbles, and I would like another.",
        "I ordered a {pot} and found none in the box.",
    ],
    "feedback": [
        "I just want to say that {person} on the phone was wonderful.",
        "Your driver was rude to me on {day}.",
        "The new page is hard to read.",
        "What a lovely shop you have in {city}.",
        "The leaflet in the box made me smile.",
        "I find your emails far too many.",
        "{person} at your desk gave me great advice, please thank them.",
        "The paper you pack with is clever, well done.",
        "Nobody at the shop in {city} said hello.",
        "Your advert on the radio is very loud.",
    ],
}


def order_number(rng):
    return f"{rng.choice('FLP')}{rng.randint(1000, 9999)}"


def fill(text, rng):
    plant, plant2 = rng.sample(PLANTS, 2)
    values = {"plant": plant, "plant2": plant2, "pot": rng.choice(POTS), "city": rng.choice(CITIES),
              "person": rng.choice(PEOPLE), "day": rng.choice(WEEKDAYS), "month": rng.choice(MONTHS),
              "small": rng.choice(SMALL), "large": rng.choice(LARGE), "order": order_number(rng),
              "amount": str(rng.randint(11, 89)), "plants": {"cactus": "cactuses", "ivy": "ivies"}.get(plant, plant + "s")}
    text = text.format(**values)
    return text[0].upper() + text[1:] if text else text


def message(core, rng):
    parts = [fill(rng.choice(OPENERS), rng), fill(core, rng), fill(rng.choice(CLOSERS), rng)]
    return " ".join(part for part in parts if part)


def chat(identifier, user, assistant, **extra):
    row = {"id": identifier, "messages": [{"role": "user", "content": user},
                                          {"role": "assistant", "content": assistant}]}
    row.update(extra)
    return row


def triage(rng, counts):
    """Every label the same number of times; a question is never asked twice."""
    seen, splits = set(), {}
    for split, per_label in counts.items():
        rows = []
        for label, cores in TRIAGE.items():
            pool = cores[:-2] if split == "train" else cores
            while sum(row["messages"][1]["content"] == label for row in rows) < per_label:
                text = message(rng.choice(pool), rng)
                if text.lower() in seen:
                    continue
                seen.add(text.lower())
                rows.append(chat("", text, label))
        rng.shuffle(rows)
        for number, row in enumerate(rows):
            row["id"] = f"triage-{split}-{number:03d}"
        splits[split] = rows
    return splits


# What a customer wants done, and how it is said; None says it is not told.
WISHES = {"refund": ["I want my money back", "please refund me", "kindly pay me back"],
          "replace": ["please send a new one", "I would like another one", "can you replace it"],
          "advice": ["please tell me what to do", "what should I do", "do you have any advice"],
          None: [""]}


# What two things came to; the last two are kept for dev and test. {first} and {second} are the only digits.
BILLS = ["The {plants} were {first} pounds and the {pot}s {second} pounds.",
         "I ordered {plants} for {first} pounds and some {pot}s for {second}.",
         "You charged me {first} for the {large} {plants} and {second} for the {pot}s.",
         "My box in {month} was {first} pounds, the next one {second}.",
         "{first} pounds went for {plants}, {second} for the {pot}s.",
         "The office in {city} bought plants for {first} pounds and soil for {second}.",
         "On {day} I paid {first} pounds, and {second} the day after.",
         "For the shop we took {large} {plants} at {first} pounds and a {pot} set at {second}."]
BILL_QUESTIONS = ["What is that together?", "What do I owe you?", "How much is the whole bill?", "What does it come to?"]


def bill(rng, counts):
    """Two amounts of three digits and their sum: nothing to look up and nothing to copy."""
    seen, splits = set(), {}
    for split, count in counts.items():
        rows = []
        while len(rows) < count:
            first, second = rng.randint(100, 999), rng.randint(100, 999)
            core = rng.choice(BILLS[:-2] if split == "train" else BILLS)
            text = fill(core.replace("{first}", str(first)).replace("{second}", str(second)), rng)
            opener = rng.choice(OPENERS)
            if (first, second) in seen:
                continue
            seen.add((first, second))
            text = (opener + " " if opener else "") + text + " " + rng.choice(BILL_QUESTIONS)
            rows.append(chat(f"bill-{split}-{len(rows):03d}", text, str(first + second)))
        splits[split] = rows
    return splits


def extraction_item(rng):
    order = order_number(rng) if rng.random() < 0.85 else None
    plant = rng.choice(PLANTS)
    count = rng.choice(["one"] + SMALL)
    city = rng.choice(CITIES) if rng.random() < 0.7 else None
    day = rng.choice(WEEKDAYS) if rng.random() < 0.7 else None
    wish = rng.choice(list(WISHES))
    noun = plant if count == "one" else plant + "s"
    number = rng.choice([count, str(NUMBER[count])])
    trouble = rng.choice(["arrived broken", "came too late", "lost every leaf", "went brown", "never came"])
    sentences = []
    if order:
        sentences.append(rng.choice([f"My order is {order}.", f"This is about order {order}.", f"Order {order} again.",
                                     f"I write about {order}."]))
    when = f" on {day}" if day else ""
    sentences.append(rng.choice([f"I bought {number} {noun} and {'it' if count == 'one' else 'they'} {trouble}{when}.",
                                 f"The {number} {noun} {trouble}{when}.",
                                 f"You sent me {number} {noun} that {trouble}{when}."]))
    if city:
        sentences.append(rng.choice([f"I live in {city}.", f"We are in {city}.", f"Delivery was to {city}."]))
    if wish:
        said = rng.choice(WISHES[wish])
        sentences.append(said[0].upper() + said[1:] + ("?" if said.startswith(("can", "what", "do ")) else "."))
    tail = sentences[1:] if order else sentences
    rng.shuffle(tail)
    sentences = (sentences[:1] if order else []) + tail
    if rng.random() < 0.3 and order:
        sentences = sentences[1:] + sentences[:1]
    answer = {"order": order, "plant": plant, "count": NUMBER[count], "city": city, "day": day, "wish": wish}
    opener = rng.choice(OPENERS)
    return ((opener + " ") if opener else "") + " ".join(sentences), json.dumps(answer)


def extract(rng, counts):
    seen, splits = set(), {}
    for split, count in counts.items():
        rows = []
        while len(rows) < count:
            text, answer = extraction_item(rng)
            if text.lower() in seen:
                continue
            seen.add(text.lower())
            rows.append(chat(f"extract-{split}-{len(rows):03d}", text, answer))
        splits[split] = rows
    return splits


# How a policy draws its values.
def days(rng):
    return f"{rng.randint(3, 45)} days"


def months(rng):
    return f"{rng.randint(2, 30)} months"


def hours(rng):
    return f"{rng.randint(2, 48)} hours"


def pounds(rng):
    return f"{rng.randint(3, 95)} pounds"


def percent(rng):
    return f"{rng.randint(2, 60)} percent"


def weekday(rng):
    return rng.choice(WEEKDAYS)


def month(rng):
    return rng.choice(MONTHS)


def city(rng):
    return rng.choice(CITIES)


def person(rng):
    return rng.choice(PEOPLE)


def colour(rng):
    return rng.choice(["green", "white", "blue", "yellow", "orange", "violet", "grey", "silver"])


def number(rng):
    return str(rng.randint(4, 90))


# Subjects that Fernlight has a policy on; each gets three facts, of three of the shapes below: (wordings in the
# document, wordings of the question, how the value is drawn).
SUBJECTS = ["gift cards", "the monthly box", "returns of plants", "returns of pots", "express parcels", "night parcels",
            "parcels to islands", "the plant promise", "the frost promise", "orchid repairs", "the repotting bench",
            "plant holidays", "the cutting club", "the seed swap", "office plants", "wedding plants", "school plants",
            "hotel plants", "rented trees", "the loyalty card", "birthday codes", "student codes", "the leaflet code",
            "bank transfers", "card payments", "paper invoices", "late payments", "price matching", "the waiting list",
            "rare plants", "giant plants", "hanging plants", "water plants", "desert plants", "carnivorous plants",
            "poisonous plants", "pet safe plants", "organic soil", "plant food", "glazed pots", "clay pots",
            "zinc planters", "woven baskets", "plant stands", "grow lamps", "spray bottles", "the phone desk",
            "the chat desk", "letters to us", "complaints", "lost parcels", "torn parcels", "wrong addresses",
            "neighbours", "parcel shops", "collection points", "shop visits", "guided tours", "plant courses",
            "the newsletter"]
SHAPES = [
    (["You can write to us about {s} for {v}.", "We take questions on {s} for {v} after the sale."],
     ["For how long can I write to you about {s}?", "How long do you take questions on {s}?"], days),
    (["The terms for {s} hold for {v}.", "What we promise on {s} holds for {v}."],
     ["For how long do the terms for {s} hold?", "How long do your terms for {s} hold?"], months),
    (["We answer letters about {s} within {v}.", "Letters about {s} are answered within {v}."],
     ["How soon do you answer letters about {s}?", "Within what time are letters about {s} answered?"], hours),
    (["The fee for {s} is {v}.", "For {s} we charge a fee of {v}."],
     ["What is the fee for {s}?", "How much is the fee you charge for {s}?"], pounds),
    (["The limit for {s} is {v}.", "We set the limit for {s} at {v}."],
     ["What is the limit for {s}?", "How high is the limit you set for {s}?"], pounds),
    (["Members save {v} on {s}.", "On {s} our members save {v}."],
     ["How much do members save on {s}?", "What do your members save on {s}?"], percent),
    (["Calls about {s} are taken on {v}.", "We take calls about {s} on {v}."],
     ["On which day are calls about {s} taken?", "When do you take calls about {s}?"], weekday),
    (["New terms for {s} start in {v}.", "In {v} we start new terms for {s}."],
     ["When do new terms for {s} start?", "In which month do you start new terms for {s}?"], month),
    (["Papers about {s} are kept in {v}.", "We keep the papers about {s} in {v}."],
     ["Where are papers about {s} kept?", "In which city do you keep the papers about {s}?"], city),
    (["{v} is in charge of {s}.", "The person in charge of {s} is {v}."],
     ["Who is in charge of {s}?", "Who is the person in charge of {s}?"], person),
    (["The form for {s} is {v}.", "Use the {v} form for {s}."],
     ["What colour is the form for {s}?", "Which colour of form do I use for {s}?"], colour),
    (["The extension for {s} is {v}.", "For {s} dial extension {v}."],
     ["What is the extension for {s}?", "Which extension do I dial for {s}?"], number),
]
REMARKS = ["Please read this page before you write to us.", "We look at these terms once a year.",
           "Our desk is glad to help with the details.", "These terms hold for every customer.",
           "Ask us if something here is not clear.", "Older pages on this subject no longer count."]


def policies(rng):
    documents = []
    for subject in SUBJECTS:
        facts = []
        for sentences, questions, draw in rng.sample(SHAPES, 3):
            value = draw(rng)
            sentence = rng.choice(sentences).format(s=subject, v=value)
            facts.append((sentence, [question.format(s=subject) for question in questions], value))
        slug = subject.replace(" ", "-")
        documents.append((slug, subject, facts, rng.choice(REMARKS)))
    return documents


def document_text(subject, facts, remark):
    title = subject[0].upper() + subject[1:]
    return f"# {title}\n\n" + " ".join(sentence for sentence, _, _ in facts) + " " + remark + "\n"


def answer(rng, documents, counts):
    """Facts are dealt out to the splits; a tenth of test asks again about facts of train, in other words."""
    facts = [(slug, questions, value) for slug, _, items, _ in documents for _, questions, value in items]
    rng.shuffle(facts)
    repeated = counts["test"] // 10
    order, start, splits = ["train", "dev", "test"], 0, {}
    for split in order:
        fresh = counts[split] - (repeated if split == "test" else 0)
        chosen = [(fact, 0 if split != "test" else rng.randrange(2)) for fact in facts[start:start + fresh]]
        start += fresh
        if split == "test":
            chosen += [(fact, 1) for fact in rng.sample(facts[:counts["train"]], repeated)]
            rng.shuffle(chosen)
        rows = []
        for (slug, questions, value), wording in chosen:
            wording = wording if split == "test" else 0
            rows.append(chat(f"answer-{split}-{len(rows):03d}", questions[wording], value, documents=[slug + ".md"]))
        splits[split] = rows
    return splits


def build():
    rng = random.Random(SEED)
    files = {}
    documents = policies(rng)
    for slug, subject, facts, remark in documents:
        files[f"documents/{slug}.md"] = document_text(subject, facts, remark)
    tasks = {"triage": triage(rng, {"train": 30, "dev": 5, "test": 10}),
             "extract": extract(rng, {"train": 240, "dev": 48, "test": 100}),
             "answer": answer(rng, documents, {"train": 60, "dev": 42, "test": 80}),
             "bill": bill(random.Random(SEED + 1), {"train": 160, "dev": 40, "test": 80})}
    for task, splits in tasks.items():
        for split, rows in splits.items():
            files[f"{task}/{split}.jsonl"] = "".join(json.dumps(row) + "\n" for row in rows)
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the files on disk instead of writing them")
    arguments = parser.parse_args()
    different = []
    for name, text in build().items():
        path = FOLDER / name
        if arguments.check:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                different.append(name)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if different:
        print("these files are not what the seed gives: " + ", ".join(different))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
