"""Scores the exported practice translator in all 42 directions, on what training never drew.

Three test sets, decoded greedily: rows with held-out slot values; rows without slots (seen
in training, so this is a test of memory); two rows joined that training never joins, with
held-out values. Writes scores.json and scores.md: chrF, and the share of slot values that
come out right.
"""

import argparse
import json
import os
import random
import re
from pathlib import Path

import sacrebleu
import torch
from tokenizers import Tokenizer
from transformers import GenerationConfig, M2M100ForConditionalGeneration

import common
import mt_data
import mt_train


def slot_text(values, lang):
    return {k: v if isinstance(v, str) else v[lang] for k, v in values.items()}


def test_sets(rows, limit, joined, rng):
    """{name: [(texts, [slot values of each part])]}"""
    slotted = [r for r in rows if mt_data.slots_of(r) and mt_data.unseen(r, rng)]
    plain = [r for r in rows if not mt_data.slots_of(r)]
    rng.shuffle(slotted)
    rng.shuffle(plain)
    sets = {"held-out": [], "seen": [(mt_data.templates(r), []) for r in plain[:limit]], "joined": []}
    for row in slotted[:limit]:
        values = mt_data.unseen(row, rng)
        sets["held-out"].append((common.render(row, values), [values]))
    while len(sets["joined"]) < joined:
        a, b = rng.choice(rows), rng.choice(rows)
        if a is b or not mt_data.held_out_pair(a, b):
            continue
        values = [mt_data.unseen(r, rng) or common.draw_values(r, rng) for r in (a, b)]
        sets["joined"].append((mt_data.join([common.render(r, v) for r, v in zip((a, b), values)]), values))
    return sets


class Translator:
    def __init__(self, folder):
        self.model = M2M100ForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
        self.tok = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def __call__(self, texts, source, target, batch=64, beams=1):
        first = self.tok.token_to_id(mt_data.TOKENS[source])
        ids = [[first] + self.tok.encode(t, add_special_tokens=False).ids + [2] for t in texts]
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        config = GenerationConfig(
            num_beams=beams, do_sample=False, max_length=96, forced_bos_token_id=self.tok.token_to_id(mt_data.TOKENS[target]),
            decoder_start_token_id=2, bos_token_id=0, eos_token_id=2, pad_token_id=1)
        out = [""] * len(texts)
        for start in range(0, len(order), batch):
            some = order[start:start + batch]
            inputs = mt_train.pad([ids[i] for i in some])
            with torch.no_grad():
                made = self.model.generate(input_ids=inputs, attention_mask=(inputs != 1).long(), generation_config=config)
            for i, row in zip(some, made.tolist()):
                out[i] = self.tok.decode(row, skip_special_tokens=True)
        return out


def right_slots(values, lang, text):
    """(how many slot values stand in the text, how many should)"""
    right = total = 0
    for part in values:
        for value in slot_text(part, lang).values():
            total += 1
            if value.isdigit():
                right += bool(re.search(rf"(?<!\d){value}(?!\d)", text))
            else:
                right += value in text
    return right, total


def score(translator, sets, langs):
    chrf = sacrebleu.CHRF()
    results, wrong = {}, []
    for source in langs:
        for target in langs:
            if source == target:
                continue
            entry = results[f"{source}-{target}"] = {}
            for name, items in sets.items():
                want = [texts[target] for texts, _ in items]
                got = translator([texts[source] for texts, _ in items], source, target)
                counts = [right_slots(values, target, g) for (_, values), g in zip(items, got)]
                right, total = (sum(c) for c in zip(*counts))
                entry[name] = {"chrf": round(chrf.corpus_score(got, [want]).score, 1),
                               "exact": round(100 * sum(g == w for g, w in zip(got, want)) / len(want), 1)}
                if total:
                    entry[name]["slots"] = round(100 * right / total, 1)
                wrong += [{"direction": f"{source}-{target}", "set": name, "source": texts[source], "want": w, "got": g}
                          for (texts, _), w, g in zip(items, want, got) if w != g]
    return results, wrong


def mean(results, name, key, spoken=False):
    rows = [r[name][key] for d, r in results.items() if key in r[name] and not (spoken and "en" in d.split("-"))]
    return round(sum(rows) / len(rows), 1)


def table(results, sets):
    """Markdown: one line a direction."""
    sizes = ", ".join(f"{name} {len(items)}" for name, items in sets.items())
    lines = [f"Sentences in each direction: {sizes}. chrF by sacrebleu's defaults; *exact* is the share of outputs equal "
             "to the reference; *slots* the share of names, places and numbers carried over exactly.", "",
             "| direction | held-out chrF | exact % | slots % | seen chrF | joined chrF | slots % |", "|---|---|---|---|---|---|---|"]

    def line(label, pick):
        cells = [pick("held-out", "chrf"), pick("held-out", "exact"), pick("held-out", "slots"),
                 pick("seen", "chrf"), pick("joined", "chrf"), pick("joined", "slots")]
        return f"| {label} | " + " | ".join(str(c) for c in cells) + " |"

    lines.append(line("**mean of the 30**", lambda n, k: mean(results, n, k, spoken=True)))
    lines.append(line("**worst of the 42**", lambda n, k: min(r[n][k] for r in results.values())))
    lines += [line(d, lambda n, k, r=r: r[n][k]) for d, r in results.items()]
    return "\n".join(lines) + "\n"


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--model", type=Path, required=True)
    args.add_argument("--out", type=Path, required=True, help="folder for scores.json and scores.md")
    args.add_argument("--limit", type=int, default=120, help="rows of each test set")
    args.add_argument("--joined", type=int, default=40)
    args = args.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    sets = test_sets(common.load_rows(), args.limit, args.joined, random.Random(common.SEED))
    results, wrong = score(Translator(args.model), sets, mt_data.LANGS)
    means = {name: {key: mean(results, name, key) for key in ("chrf", "exact")} for name in sets}
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "scores.json").write_text(json.dumps(
        {"mean": means, "sizes": {n: len(i) for n, i in sets.items()}, "directions": results}, indent=1) + "\n")
    (args.out / "scores.md").write_text(table(results, sets), encoding="utf-8")
    (args.out / "wrong.jsonl").write_text("".join(json.dumps(w, ensure_ascii=False) + "\n" for w in wrong), encoding="utf-8")
    print("\n".join(table(results, sets).splitlines()[2:6]))


if __name__ == "__main__":
    main()
