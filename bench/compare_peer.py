"""What a comparison computes, done with transformers and peft on PyTorch: answers, choices among labels, trainings.

Prompts come as text, exactly as fulcrum renders them; tokenising them is part of the work. What PyTorch is given to be
at its best: prompts of like length share a batch, padding on the left, a key/value cache, labels scored behind one pass
over their prompt, adapters merged into the weights before they answer. What it does not have: a prefix that is kept
from one call to the next, as `generate` keeps none.
"""

import copy
import math
import time

import peft
import torch
import transformers

THINK, THOUGHT = "<think>", "</think>"
LINEAR_LAYERS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def shared_length(sequences):
    """How many ids all sequences begin with."""
    length = min(map(len, sequences))
    return next((i for i in range(length) if len({ids[i] for ids in sequences}) > 1), length)


def without_reasoning(text):
    """The answer of a raw text: what stands outside <think> and </think>."""
    kept = ""
    while text:
        before, opening, text = text.partition(THINK)
        kept += before
        text = text.partition(THOUGHT)[2] if opening else ""
    return kept.strip()


class Peer:
    def __init__(self, folder, threads):
        torch.set_num_threads(threads)
        torch.manual_seed(1)
        transformers.logging.set_verbosity_error()
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        self.end = self.tokenizer.eos_token_id
        self.markers = set(self.tokenizer.get_added_vocab().values())
        self.bases = {dtype: transformers.AutoModelForCausalLM.from_pretrained(folder, torch_dtype=dtype).eval()
                      for dtype in (torch.float32, torch.bfloat16)}
        self.dtype, self.batch = torch.float32, 32

    def model(self, adapter):
        """The base, or a copy of it with the adapter of this PEFT folder merged in."""
        base = self.bases[self.dtype]
        if adapter is None:
            return base
        return peft.PeftModel.from_pretrained(copy.deepcopy(base), adapter).merge_and_unload().eval()

    def encode(self, text):
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def decode(self, before, ids):
        """The text of ids behind the token `before`, up to the end of the answer."""
        ids = ids[: ids.index(self.end)] if self.end in ids else ids
        text = self.tokenizer.decode([before, *ids])[len(self.tokenizer.decode([before])):]
        # Encoding puts a space behind a marker; it is no part of the text.
        return text[1:] if before in self.markers and text.startswith(" ") else text

    def batches(self, sequences):
        """Positions, those of like length together."""
        order = sorted(range(len(sequences)), key=lambda i: len(sequences[i]))
        return [order[first:first + self.batch] for first in range(0, len(order), self.batch)]

    def left_padded(self, sequences):
        width = max(map(len, sequences))
        ids = torch.tensor([[self.end] * (width - len(s)) + s for s in sequences])
        mask = torch.tensor([[0] * (width - len(s)) + [1] * len(s) for s in sequences])
        return ids, mask

    @torch.inference_mode()
    def generate(self, model, prompts, max_tokens, temperature, stop=None):
        sequences = [self.encode(prompt) for prompt in prompts]
        texts = [""] * len(prompts)
        options = {"do_sample": False} if temperature == 0 else {
            "do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0}
        if stop:
            options |= {"stop_strings": [stop], "tokenizer": self.tokenizer}
        for positions in self.batches(sequences):
            ids, mask = self.left_padded([sequences[i] for i in positions])
            written = model.generate(input_ids=ids, attention_mask=mask, max_new_tokens=max_tokens,
                                     pad_token_id=self.end, eos_token_id=self.end, **options)
            for i, row in zip(positions, written[:, ids.shape[1]:].tolist()):
                texts[i] = self.decode(sequences[i][-1], row)
                if stop:
                    texts[i] = texts[i].partition(stop)[0]
        return texts

    @torch.inference_mode()
    def choose(self, model, prompts, labels, temperature):
        """The likeliest label behind each prompt, the end of the turn included; drawn where there is a temperature."""
        whole = [[self.encode(prompt + label) for label in labels] for prompt in prompts]
        shared = [shared_length([self.encode(prompt), *rows]) for prompt, rows in zip(prompts, whole)]
        starts = [rows[0][:length] for rows, length in zip(whole, shared)]
        chosen = [""] * len(prompts)
        for positions in self.batches(starts):
            ids, mask = self.left_padded([starts[i] for i in positions])
            places = (mask.cumsum(-1) - 1).clamp(min=0)
            first = model(input_ids=ids, attention_mask=mask, position_ids=places, use_cache=True, logits_to_keep=1)
            tails = [row[shared[i]:] + [self.end] for i in positions for row in whole[i]]
            width = max(map(len, tails))
            tail_mask = torch.tensor([[1] * len(t) + [0] * (width - len(t)) for t in tails])
            tail_ids = torch.tensor([t + [self.end] * (width - len(t)) for t in tails])
            cache = first.past_key_values
            cache.batch_repeat_interleave(len(labels))
            repeated = mask.repeat_interleave(len(labels), 0)
            behind = repeated.sum(-1, keepdim=True) + torch.arange(width - 1)
            rest = model(input_ids=tail_ids[:, :-1], attention_mask=torch.cat([repeated, tail_mask[:, :-1]], 1),
                         position_ids=behind, past_key_values=cache)
            logits = torch.cat([first.logits.repeat_interleave(len(labels), 0), rest.logits], 1).float()
            each = logits.log_softmax(-1).gather(-1, tail_ids[..., None])[..., 0] * tail_mask
            scores = each.sum(-1).view(len(positions), len(labels))
            picked = (torch.multinomial((scores / temperature).softmax(-1), 1)[:, 0] if temperature
                      else scores.argmax(-1))
            for i, label in zip(positions, picked.tolist()):
                chosen[i] = labels[label]
        return chosen

    def answer(self, model, program, prompts, temperature=0):
        """Answers as the recipe's program gives them (src/recipe/run.cpp)."""
        labels = [label["name"] for label in program.get("labels", [])]
        if program["votes"] > 1:
            raise SystemExit(f"{program['name']} votes; that is not done here")
        thinks = program["reasoning"] == "think_first"
        prompts = [prompt + THINK for prompt in prompts] if thinks else prompts
        if program["decoding"] == "choose":
            if thinks:
                workings = self.generate(model, prompts, program["max_reasoning_tokens"], temperature, THOUGHT)
                prompts = [prompt + working + THOUGHT for prompt, working in zip(prompts, workings)]
            return self.choose(model, prompts, labels, temperature)
        max_tokens = program["max_answer_tokens"] + (program["max_reasoning_tokens"] if thinks else 0)
        texts = self.generate(model, prompts, max_tokens, temperature)
        return [without_reasoning(THINK + text if thinks else text) for text in texts]

    def single_call(self, model, program, prompt):
        batch, self.batch = self.batch, 1
        self.answer(model, program, [prompt])
        self.batch = batch

    def choose_settings(self, recipes, dtype_name, items=40):
        """Keeps the type and the batch that answer the first items of all recipes soonest."""
        seconds = {}
        for dtype in [torch.float32, torch.bfloat16] if dtype_name is None else [getattr(torch, dtype_name)]:
            for batch in (8, 32, 128):
                self.dtype, self.batch = dtype, batch
                for recipe in recipes:
                    model = self.model(recipe.adapter)
                    self.answer(model, recipe.program, recipe.prompts[:2])  # a first call is slow
                    begin = time.perf_counter()
                    self.answer(model, recipe.program, recipe.prompts[:items])
                    seconds[dtype, batch] = seconds.get((dtype, batch), 0) + time.perf_counter() - begin
        self.dtype, self.batch = min(seconds, key=seconds.get)
        return seconds


class Training:
    """One LoRA training: AdamW without decay, warm-up, then linear down to a tenth, as src/train/sft.h has it."""

    def __init__(self, peer, recipe, epochs, autocast):
        self.peer, self.recipe, self.autocast = peer, recipe, autocast
        tune = recipe.tune
        config = peft.LoraConfig(r=tune["rank"], lora_alpha=tune["alpha"], lora_dropout=0.0, task_type="CAUSAL_LM",
                                 target_modules=tune["target_modules"] or LINEAR_LAYERS)
        self.model = peft.get_peft_model(copy.deepcopy(peer.bases[torch.float32]), config)
        for name, weight in self.model.named_parameters():
            if "lora_A" in name:  # src/train/lora.cpp begins here, so that the losses can be compared
                torch.nn.init.normal_(weight, std=weight.shape[1] ** -0.5)
        self.train = [self.example(*pair) for pair in recipe.train]
        self.dev = [self.example(*pair) for pair in recipe.dev]
        self.size = tune["batch_examples"]
        steps = math.ceil(len(self.train) / self.size) * tune["max_epochs"]
        warmup = int(0.05 * steps)
        self.weights = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(self.weights, tune["learning_rate"], betas=(0.9, 0.99), weight_decay=0)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda s: (s + 1) / (warmup + 1) if s < warmup else
            1 - 0.9 * (s - warmup) / max(1, steps - warmup))
        self.epochs = epochs
        self.tokens = 0

    def example(self, prompt, answer):
        ids = self.peer.encode(prompt + answer) + [self.peer.end]
        return ids, shared_length([self.peer.encode(prompt), ids])

    def loss(self, examples):
        width = max(len(ids) for ids, _ in examples)
        ids = torch.tensor([s + [self.peer.end] * (width - len(s)) for s, _ in examples])
        mask = torch.tensor([[1] * len(s) + [0] * (width - len(s)) for s, _ in examples])
        labels = torch.tensor([[-100] * start + s[start:] + [-100] * (width - len(s)) for s, start in examples])
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.autocast):
            return self.model(input_ids=ids, attention_mask=mask, labels=labels).loss

    def step(self, examples):
        loss = self.loss(examples)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.tokens += sum(len(ids) - 1 for ids, _ in examples)
        return loss.item()

    def run(self):
        """Every epoch with its dev loss and its answers to the dev items, which decide the epoch that is kept.

        Gives the tokens trained on and the mean loss of the last epoch.
        """
        for _ in range(self.epochs):
            self.model.train()
            order = torch.randperm(len(self.train)).tolist()
            losses = [self.step([self.train[i] for i in order[first:first + self.size]])
                      for first in range(0, len(order), self.size)]
            self.model.eval()
            with torch.inference_mode():
                dev = sorted(self.dev, key=lambda example: len(example[0]))
                for first in range(0, len(dev), self.peer.batch):
                    self.loss(dev[first:first + self.peer.batch])
            self.model.merge_adapter()
            self.peer.answer(self.model, self.recipe.program, [prompt for prompt, _ in self.recipe.dev])
            self.model.unmerge_adapter()
        return self.tokens, sum(losses) / len(losses)


def faster_precision(peer, recipe, steps=4):
    """True if bf16 autocast trains sooner than f32."""
    seconds = []
    for autocast in (False, True):
        training = Training(peer, recipe, 1, autocast)
        batch = training.train[:training.size]
        training.step(batch)  # a first step is slow
        begin = time.perf_counter()
        for _ in range(steps):
            training.step(batch)
        seconds.append(time.perf_counter() - begin)
    return seconds[1] < seconds[0]
