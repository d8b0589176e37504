"""Makes translation examples from the practice corpus: mixing, joining, and source noise.

One example is a dict {language: text} of parallel texts. Nothing here is stored: the
trainer draws as many as it needs from a seeded generator.
"""

import csv
import os
import random
import re
import zlib
from pathlib import Path

import common

LANGS = common.LANGS
TOKENS = {"zh": "zho_Hans", "vi": "vie_Latn", "th": "tha_Thai", "my": "mya_Mymr",
          "lo": "lao_Laoo", "km": "khm_Khmr", "en": "eng_Latn"}
SLOT = re.compile(r"\{(\w+)\}")
ONE_IN = 10  # one pair of rows in so many is joined only in the score
CODE = re.compile(r"[A-Z]{1,2}[0-9]{4,}")

# What stands between two sentences of one turn.
JOIN = {lang: "" if lang == "zh" else " " for lang in LANGS}
# Words that open a second clause: "but", "then", "because".
LINKS = [
    {"zh": "但是", "vi": "nhưng ", "th": "แต่", "my": "ဒါပေမဲ့ ", "lo": "ແຕ່", "km": "ប៉ុន្តែ", "en": "but "},
    {"zh": "然后", "vi": "rồi ", "th": "แล้ว", "my": "ပြီးတော့ ", "lo": "ແລ້ວ", "km": "ហើយ", "en": "then "},
    {"zh": "因为", "vi": "vì ", "th": "เพราะ", "my": "ဘာဖြစ်လို့လဲဆိုတော့ ", "lo": "ເພາະ", "km": "ពីព្រោះ", "en": "because "},
]
GLOSSARY = Path(os.environ.get("PRACTICE_GLOSSARY", common.ROOT.parent / "shared" / "glossary" / "terms.tsv"))


def templates(row):
    return {lang: row[lang] for lang in LANGS}


def slots_of(row):
    return SLOT.findall(row["en"])


def unseen(row, rng):
    """Slot values that training never draws for this row; None if the row has none to hold out."""
    try:
        return common.draw_values(row, rng, held_out=True) or None
    except ValueError:
        return None


def glossary(path=GLOSSARY):
    """Terms as short pairs; cells with brackets or alternatives are left out. Empty if absent."""
    if not path.exists():
        return []
    terms = []
    with open(path, encoding="utf-8", newline="") as handle:
        for line in csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE):
            term = {lang: (line[lang] or "").strip() for lang in LANGS}
            term = {k: v for k, v in term.items() if v and not re.search(r"[()（）/;,，:、0-9-]", v)}
            if len(term) >= 2:
                terms.append(term)
    return terms


def held_out_pair(a, b):
    """Whether two rows may only be joined in the score, never in training (one pair in ten)."""
    return zlib.crc32(f"{a['id']}+{b['id']}".encode()) % ONE_IN == 0


def join(parts):
    return {lang: JOIN[lang].join(p[lang] for p in parts) for lang in LANGS if all(lang in p for p in parts)}


def linked(link, part):
    """A clause opened by a connecting word, with the case of the Latin languages put right."""
    out = {}
    for lang, text in part.items():
        word = link[lang]
        if lang in ("vi", "en"):
            first = text.split(" ", 1)[0]
            keep = first in ("I", "I'm", "I'll", "I've", "I'd")
            text = word.capitalize() + (text if keep else text[:1].lower() + text[1:])
        else:
            text = word + text
        out[lang] = text
    return out


class Sampler:
    """Draws parallel examples; the share of each sort is in `draw`."""

    def __init__(self, rows, seed):
        self.rows = rows
        self.rng = random.Random(seed)
        self.terms = glossary()
        self.values = [v for vs in common.load_slots().values() for v in vs]
        self.statements = [r for r in rows if r["zh"].endswith("。")
                           and not r["en"].startswith("{") and not r["vi"].startswith("{")]
        self.with_slots = [r for r in rows if slots_of(r)]
        self.with_codes = [r for r in rows if {"phone", "doc", "plate", "amount"} & set(slots_of(r))] or rows

    def row(self):
        """Any row, but rows with slots, and with long figures most of all, come more often."""
        dice = self.rng.random()
        return self.rng.choice(self.rows if dice < 0.55 else self.with_slots if dice < 0.82 else self.with_codes)

    def draw(self):
        rng = self.rng
        dice = rng.random()
        if dice < 0.55:
            return common.fill(self.row(), rng)
        if dice < 0.82:
            while True:
                a, b = self.row(), self.row()
                if a is not b and not held_out_pair(a, b):
                    return join([common.fill(a, rng), common.fill(b, rng)])
        if dice < 0.87:
            return linked(rng.choice(LINKS), common.fill(rng.choice(self.statements), rng))
        if dice < 0.92:
            return rng.choice(self.values) if self.values else common.fill(self.row(), rng)
        if dice < 0.97:
            return dict.fromkeys(LANGS, self.number())
        return rng.choice(self.terms) if self.terms else common.fill(self.row(), rng)

    def number(self):
        rng = self.rng
        kind = rng.randrange(4)
        if kind == 0:
            return str(rng.randrange(100))
        if kind == 1:
            return str(rng.randrange(100, 100000))
        if kind == 2:
            return "".join(rng.choice("0123456789") for _ in range(rng.randrange(6, 12)))
        letters = "".join(rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(rng.randrange(1, 3)))
        return letters + "".join(rng.choice("0123456789") for _ in range(rng.randrange(4, 8)))


class Noise:
    """Damages a source text as a recogniser might: lost punctuation, wrong, lost or doubled signs."""

    FINAL = ".?。？။៖។"

    def __init__(self, rows):
        self.letters = {}
        for lang in LANGS:
            seen = {c for r in rows for c in SLOT.sub("", r[lang])}
            self.letters[lang] = sorted(c for c in seen if not c.isspace() and c not in self.FINAL)

    def __call__(self, text, lang, rng):
        if rng.random() < 0.30:
            text = text.rstrip(self.FINAL) or text
        if rng.random() < 0.12:
            text = text.lower() if not CODE.search(text) else text
        if rng.random() < 0.30:
            text = self.damage(text, lang, rng)
        return text

    def damage(self, text, lang, rng):
        """One to a few faults; figures and plates are left alone, they must be copied."""
        chars = list(text)
        free = [i for i, c in enumerate(chars) if not c.isascii() or c.isalpha() or c == " "]
        free = [i for i in free if not (chars[i].isascii() and chars[i].isupper())]
        for i in rng.sample(free, min(len(free), 1 + int(rng.random() * len(chars) * 0.08))):
            kind = rng.random()
            if chars[i] == " ":
                chars[i] = "" if kind < 0.5 else " "
            elif kind < 0.4:
                chars[i] = ""
            elif kind < 0.75:
                chars[i] = rng.choice(self.letters[lang])
            elif kind < 0.85:
                chars[i] += chars[i]
            elif lang in ("th", "lo", "my", "km"):
                chars[i] += " "
        out = " ".join("".join(chars).split())
        return out or text


def main():
    """Prints the practice model's parity texts: 40 lines of from, to, text."""
    rng, rows = random.Random(common.SEED), common.load_rows()
    spoken = [(a, b) for a in common.SPOKEN for b in common.SPOKEN if a != b]
    for i in range(40):
        source, target = spoken[i] if i < len(spoken) else rng.choice(spoken)
        row = rng.choice(rows)
        print(source, target, common.render(row, unseen(row, rng) or common.draw_values(row, rng))[source], sep="\t")


if __name__ == "__main__":
    main()
