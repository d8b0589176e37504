"""Trains the practice recognizer on the stored features; resumable, logs to the terminal.

    python asr_train.py --steps 6000 --until 22:50

Noise, telephone band, tilt, level, changes of tempo and of voice colour, and the
position in the window are drawn anew for every batch, in the mel power domain. Windows
are cut to the batch's longest utterance plus random room, and now and then full length,
so that the program may size its window to the utterance. Some utterances are joined to
another of their language with a short pause. Strangers, speech that is none of the
corpus, are given some sentence's text and the model is taught to find every token of it
equally likely (outlier exposure, Hendrycks et al. 2019), so that it doubts what it does
not know instead of inventing a corpus sentence. Hidden matrices are trained
with Muon, the rest with AdamW. One single-threaded worker runs on each core; every few
steps the workers' weights are averaged, which on a busy machine is far quicker than
threads waiting for each other. Rows used in the practice interviews may be drawn more
often (--core), and those said by randomly made speakers (--rare). The last checkpoint is picked up again when there is one.
"""
import argparse
import json
import os
import random
import socket
import time
from datetime import datetime

import torch
import torch.nn.functional as F

from asr_augment import FLOOR, augment, quiet
from asr_data import load_split, noise_pool
from asr_export import read
from asr_model import (EOT, LANG_TOKEN, NOSPEECH, NOTIMESTAMPS, SOT, TRANSCRIBE, Recognizer, encode_text)
from common import ROOT, SEED, SLOT, SPOKEN, WORK, load_rows
from muon import Muon
from speak import DRAWN_FROM

CHECKPOINT = WORK / "asr.pt"
JOINED = 0.12
STRANGERS = 2
STRANGER_WEIGHT = 0.12
SPACE = 220
HELPER_ALONE = 150


class Material:
    """Training items by language, with their tokens, and batches of similar length from them."""

    def __init__(self, core, core_share, rare_share, seed, most=None):
        self.rng, self.rare_share = random.Random(seed), rare_share
        self.items, seen, said = [], {}, load_said()
        for item, block in load_split("train", most):
            if (item["row"], item["lang"], item["text"]) in said:
                continue
            if item["text"] not in seen:
                seen[item["text"]] = encode_text(item["text"])
            if 1 <= len(item["phones"]) < block.shape[0] // 2 and len(seen[item["text"]]) < 200:
                self.items.append((item, torch.from_numpy(block), seen[item["text"]]))
        everything = [self.items[i][2] for i in range(len(self.items))]
        self.used = sorted({t for ids in everything for t in ids} | set(encode_text("0123456789ABCDKMPT .?。？។။"))
                           | {SOT, EOT, TRANSCRIBE, NOTIMESTAMPS, NOSPEECH} | {LANG_TOKEN[x] for x in SPOKEN})
        self.phones = sorted({p for item, _, _ in self.items for p in item["phones"]})
        self.index(core, core_share)
        self.strangers = [(item, torch.from_numpy(block)) for item, block in load_split("strangers")]
        self.queue = []

    def index(self, core, core_share):
        """Three pools: the items of the interviews' own rows, those said by speakers drawn at random, and all."""
        self.core_share = core_share
        self.core = [i for i, (item, _, _) in enumerate(self.items) if (item["row"], item["lang"]) in core]
        self.rare = [i for i, (item, _, _) in enumerate(self.items) if item["rendition"] >= DRAWN_FROM]
        self.short = {lang: [i for i, (item, b, _) in enumerate(self.items) if item["lang"] == lang and len(b) < 260] for lang in SPOKEN}

    def join(self, chosen):
        """The item with a short other one of its language behind a pause, if both fit; else the item."""
        item, block, ids = chosen
        other, more, tokens = self.items[self.rng.choice(self.short[item["lang"]])]
        if len(block) + len(more) > 500 or len(ids) + len(tokens) > 150:
            return chosen
        pause = torch.full((self.rng.randint(4, 30), 80), FLOOR, dtype=block.dtype)
        between = [] if item["lang"] == "zh" else [SPACE]
        return ({**item, "phones": item["phones"] + other["phones"]}, torch.cat([block, pause, more]), ids + between + tokens)

    def outsiders(self, chosen):
        """Strangers, each with the text of some other item of a fitting length: [(item, block, tokens), ...]."""
        out = []
        for item, block in self.rng.sample(self.strangers, min(STRANGERS, len(self.strangers))):
            told = self.rng.choice(chosen)
            out.append(({**item, "lang": told[0]["lang"]}, block, told[2]))
        return out

    def draw(self):
        if self.core and self.rng.random() < self.core_share:
            return self.rng.choice(self.core)
        if self.rare and self.rng.random() < self.rare_share:
            return self.rng.choice(self.rare)
        return self.rng.randrange(len(self.items))

    def batch(self, size):
        """Indices of one batch: many are drawn, sorted by length and cut, the cuts given out at random."""
        if not self.queue:
            drawn = [self.draw() for _ in range(size * 48)]
            # Scripts spelled with many tokens apart from the others, then by length: less padding.
            drawn.sort(key=lambda i: len(self.items[i][2]) / len(self.items[i][1]))
            self.queue = []
            for third in range(3):
                part = sorted(drawn[third * size * 16:(third + 1) * size * 16], key=lambda i: len(self.items[i][1]))
                self.queue += [part[k:k + size] for k in range(0, len(part), size)]
            self.rng.shuffle(self.queue)
        return self.queue.pop()


def make_batch(material, model_row, noise, generator, size, hard, full):
    chosen = [material.items[i] for i in material.batch(size)]
    chosen = [material.join(c) if material.rng.random() < JOINED else c for c in chosen]
    longest = max(len(c[1]) for c in chosen)
    outside = [(item, block[:longest + 40], ids) for item, block, ids in material.outsiders(chosen)]
    mel, widths = augment([c[1] for c in chosen + outside], noise, generator, material.rng, hard, full)
    phone_of = material.phone_of
    empties = 1 if material.rng.random() < 0.8 else 0
    langs = [LANG_TOKEN[c[0]["lang"]] for c in chosen + outside]
    texts = [c[2] for c in chosen + outside]
    if empties:
        mel = torch.cat([mel, quiet(noise, mel.shape[2], material.rng)[None]])
    rows = [[model_row[t] for t in [SOT, lang, TRANSCRIBE, NOTIMESTAMPS, *text, EOT]] for lang, text in zip(langs, texts)]
    if empties:
        # Whatever language is asked for, silence has no text; asked for the language, it answers "no speech".
        rows.append([model_row[t] for t in [SOT, LANG_TOKEN[material.rng.choice(SPOKEN)], TRANSCRIBE, NOTIMESTAMPS, EOT]])
    longest = max(map(len, rows))
    inputs = torch.zeros(len(rows), longest - 1, dtype=torch.long)
    targets = torch.full((len(rows), longest - 1), -100)
    for i, row in enumerate(rows):
        inputs[i, :len(row) - 1] = torch.tensor(row[:-1])
        targets[i, :len(row) - 1] = torch.tensor(row[1:])
    if empties:
        targets[-1, 0] = model_row[NOSPEECH]
    strange = torch.zeros_like(targets, dtype=torch.bool)
    for i in range(len(chosen), len(chosen) + len(outside)):
        # Behind the four prompt tokens everything is doubtful; the language is left open.
        strange[i, 3:] = targets[i, 3:] >= 0
        targets[i] = -100
    phones = [torch.tensor([phone_of[p] for p in c[0]["phones"]]) for c in chosen]
    return mel, widths[:len(chosen)], inputs, targets, strange, phones


def make_optimizers(model):
    hidden = [p for name, p in model.named_parameters() if p.ndim == 2 and "blocks" in name]
    ids = {id(p) for p in hidden}
    rest = [p for p in model.parameters() if id(p) not in ids]
    return [Muon(hidden, lr=0.002),
            torch.optim.AdamW(rest, lr=1e-3, betas=(0.9, 0.98), weight_decay=0.01)]


def rates(step, progress, warm=40, tail=0.5):
    """Warm-up, a flat stretch, then a straight fall to a fiftieth over the last part of the run."""
    return min((step + 1) / warm, 1.0, max(0.02, (1 - progress) / tail))


def load_core():
    """(row id, language) pairs the practice interviews use, from their composition."""
    path = ROOT / "recordings" / "practice" / "interviews.tsv"
    if not path.exists():
        return set()
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    head = lines[0]
    rows = [dict(zip(head, line)) for line in lines[1:]]
    return {(r["row"], r["interview"].split("-")[0 if r["speaker"] == "officer" else 1]) for r in rows if r["speaker"] != "="}


def load_said():
    """(row id, language, text) of the interviews' sentences with slots: never trained on."""
    slotted, said = {row["id"] for row in load_rows() if SLOT.search(row["zh"])}, set()
    for path in (ROOT / "recordings" / "practice").glob("*/script.json"):
        for turn in json.loads(path.read_text(encoding="utf-8"))["segments"]:
            row = turn["id"].split(".")[0]
            if row in slotted:
                said.add((row, turn["lang"], turn["text"]))
    return said


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--steps", type=int, default=6000, help="length of the run when there is no --until")
    ask.add_argument("--batch", type=int, default=32)
    ask.add_argument("--muon", type=float, default=3e-3)
    ask.add_argument("--adam", type=float, default=2e-3)
    ask.add_argument("--core", type=float, default=0.75, help="share drawn from the interviews' own rows")
    ask.add_argument("--rare", type=float, default=0.4, help="share of the rest drawn from the randomly made speakers")
    ask.add_argument("--progress", type=float, help="go on as if this share of the run were done: a lower one raises the rate again")
    ask.add_argument("--until", help="UTC time of day at which the falling rate should have ended, as HH:MM")
    ask.add_argument("--bf16", action="store_true")
    ask.add_argument("--drop", type=float, default=0.0)
    ask.add_argument("--shards", type=int)
    ask.add_argument("--fresh", action="store_true")
    ask.add_argument("--start", help="where there is no checkpoint, an exported model.bin to go on from")
    ask.add_argument("--told-step", type=int, default=0, help="the step that the model of --start was exported at")
    ask.add_argument("--name", default="asr")
    ask.add_argument("--workers", type=int, default=2)
    ask.add_argument("--average", type=int, default=8, help="steps between averages of the workers' weights")
    a = ask.parse_args()
    if a.workers == 1:
        return train(0, a)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(s.getsockname()[1]))
    torch.multiprocessing.spawn(train, args=(a,), nprocs=a.workers)


def average(model, workers):
    """Every worker's weights become the mean of all."""
    flat = torch.cat([p.data.flatten() for p in model.parameters()])
    torch.distributed.all_reduce(flat)
    flat /= workers
    at = 0
    for p in model.parameters():
        p.data.copy_(flat[at:at + p.numel()].view_as(p))
        at += p.numel()


def train(rank, a):
    checkpoint = WORK / f"{a.name}.pt"
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    if a.workers > 1:
        torch.distributed.init_process_group("gloo", rank=rank, world_size=a.workers)
    saved = torch.load(checkpoint, weights_only=False) if checkpoint.exists() and not a.fresh else None
    start = saved["step"] if saved else a.told_step
    material = Material(load_core(), a.core, a.rare, SEED + start + 7919 * rank, a.shards)
    if saved:
        material.phones, used = saved["phones"], saved["used"]
        known = set(used)
        material.items = [m for m in material.items if known.issuperset(m[2]) and set(m[0]["phones"]) <= set(saved["phones"])]
        material.index(load_core(), a.core)
    elif a.start:
        used, weights = read(a.start)
        known = set(used)
        material.items = [m for m in material.items if known.issuperset(m[2])]
        material.index(load_core(), a.core)
    else:
        used = material.used
    material.phone_of = {p: i + 1 for i, p in enumerate(material.phones)}
    model = Recognizer(used, len(material.phones))
    optimizers = make_optimizers(model)
    if saved:
        model.load_state_dict(saved["model"])
        for optimizer, state in zip(optimizers, saved["optimizers"]):
            optimizer.load_state_dict(state)
    elif a.start:
        missing = model.load_state_dict(weights, strict=False).missing_keys
        assert all(name.startswith("helper") for name in missing), missing
    torch.manual_seed(SEED + start + rank)
    rank or print(f"{len(material.items)} items, {len(material.core)} in the core, {len(used)} tokens, {len(material.phones)} phones, "
          f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters, from step {start}", flush=True)
    noise, generator = noise_pool(), torch.Generator().manual_seed(SEED + start + 7919 * rank)
    deadline = None
    if a.until:
        hour, minute = map(int, a.until.split(":"))
        deadline = datetime.utcnow().replace(hour=hour, minute=minute, second=0).timestamp() - datetime.utcnow().timestamp() + time.time()
    parent = os.getppid()
    begun, meter, steps, since = time.time(), {}, a.steps, time.time()
    first = progress = a.progress if a.progress is not None else saved["progress"] if saved else 0.0
    step = start
    while progress < 1:
        hard = min(1.0, progress / 0.4)
        model.train()
        mel, widths, inputs, targets, strange, phones = make_batch(material, model.row, noise, generator, a.batch, hard,
                                                                   material.rng.random() < (0.04 if progress > 0.5 else 0))
        with torch.autocast("cpu", torch.bfloat16, enabled=a.bf16):
            source = model.encoder(mel, drop=a.drop)
            hidden = model.decoder(inputs, source, drop=a.drop)
            logits = model.decoder.logits(hidden)
        text_loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=-100, label_smoothing=0.02)
        # A new helper head behind a trained encoder learns alone first, so as not to spoil it.
        heard = source[:len(phones)].float()
        heard = heard.detach() if a.start and not saved and step - start < HELPER_ALONE else heard
        scores = model.helper(heard).log_softmax(-1).transpose(0, 1)
        widths = widths.clamp(max=scores.shape[0])
        ctc = F.ctc_loss(scores, torch.cat(phones), widths, torch.tensor([len(p) for p in phones]), zero_infinity=True)
        weight = 0.5 if progress < 0.5 else 0.25
        loss = text_loss + weight * ctc
        doubt = torch.zeros(())
        if strange.any():
            doubt = -logits[strange].float().log_softmax(-1).mean()
            loss = loss + STRANGER_WEIGHT * doubt
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        rate = rates(step, progress) * min(1.0, (step - start + 1) / 30)
        for optimizer, base in zip(optimizers, (a.muon, a.adam)):
            for group in optimizer.param_groups:
                group["lr"] = base * rate
            optimizer.step()
        step += 1
        if step % a.average == 0:
            if a.workers > 1 and os.getppid() != parent:
                return
            # The share of the run that is done: by the clock when there is a deadline.
            share = (time.time() - begun) / (deadline - begun) if deadline else (step - start) / (steps - start)
            progress = first + (1 - first) * share
            if a.workers > 1:
                average(model, a.workers)
                told = torch.tensor([progress])
                torch.distributed.broadcast(told, 0)
                progress = float(told)
        with torch.no_grad():
            right = (logits.argmax(-1) == targets)[targets >= 0].float().mean()
            language = (logits[:, 0].argmax(-1) == targets[:, 0]).float().mean()
            for name, value in (("text", text_loss), ("ctc", ctc), ("tokens", right), ("lang", language), ("doubt", doubt)):
                meter[name] = meter.get(name, 0) + float(value)
            meter["n"] = meter.get("n", 0) + 1
        if step % 10 == 0:
            n = meter.pop("n")
            rank or print(f"{datetime.utcnow():%H:%M:%S} step {step} {progress:.3f} rate {rate:.3f} "
                  + " ".join(f"{k} {v / n:.3f}" for k, v in meter.items())
                  + f" {(time.time() - since) / 10:.2f} s/step", flush=True)
            meter, since = {}, time.time()
        if step % 48 == 0 and rank == 0:
            save(checkpoint, model, optimizers, step, progress, material.phones, used)
    if a.workers > 1:
        average(model, a.workers)
    if rank == 0:
        save(checkpoint, model, optimizers, step, progress, material.phones, used)
        print("done", flush=True)


def save(path, model, optimizers, step, progress, phones, used):
    part = path.with_suffix(".part")
    torch.save({"model": model.state_dict(), "optimizers": [o.state_dict() for o in optimizers], "step": step, "progress": progress,
                "phones": phones, "used": used}, part)
    part.replace(path)


if __name__ == "__main__":
    main()
