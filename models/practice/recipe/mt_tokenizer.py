"""Trains the practice translator's tokenizer: a Hugging Face tokenizer.json of the shape NLLB's has.

Layout of the vocabulary: <s> 0, <pad> 1, </s> 2, <unk> 3, then the pieces, then one
token a language, then <mask>. Byte-pair pieces over Metaspace words; digits always stand
alone so that a number is copied figure by figure, and so does punctuation, which a
recogniser often loses. There is no normalizer: NFC moves Khmer
signs and NFKC splits SARA AM, and the program normalises before it gets here anyway.
"""

import argparse
import random
import sys
import unicodedata
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

import common
import mt_data

SPECIALS = ["<s>", "<pad>", "</s>", "<unk>"]
MASK = "<mask>"

# Blocks whose every assigned letter and sign is kept, seen in the corpus or not, so that a
# recogniser's odd spelling never turns into <unk>.
BLOCKS = [(0x21, 0x7E), (0xE01, 0xE3A), (0xE3F, 0xE5B), (0xE81, 0xEDF), (0x1000, 0x109F),
          (0x1780, 0x17B3), (0x17B6, 0x17DD), (0x17E0, 0x17E9), (0x3001, 0x3002)]
VIETNAMESE = "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ"
PUNCTUATION = "，。？！：；、（）“”‘’…–-"


def alphabet(texts):
    """Every single character that must have a piece of its own."""
    keep = {c for text in texts for c in text if not c.isspace()}
    for low, high in BLOCKS:
        keep |= {chr(c) for c in range(low, high + 1) if unicodedata.category(chr(c)) != "Cn"}
    keep |= set(VIETNAMESE) | set(VIETNAMESE.upper()) | set(PUNCTUATION)
    return sorted(keep)


def training_texts(rows, rng):
    """Filled sentences for learning merges; rows with slots come several times over."""
    for row in rows:
        times = 4 if mt_data.slots_of(row) else 1
        for _ in range(times):
            for text in common.fill(row, rng).values():
                # A plate or document number is a random code: it must not become a piece.
                yield mt_data.CODE.sub(" ", text)


def build(rows, size, seed=7):
    rng = random.Random(seed)
    every = [text for row in rows for text in mt_data.templates(row).values()]
    every += [text for values in common.load_slots().values() for v in values for text in v.values()]
    every += [text for term in mt_data.glossary() for text in term.values()]
    tok = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    tok.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True),
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.Punctuation(behavior="isolated"),
    ])
    tok.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    trainer = trainers.BpeTrainer(
        vocab_size=size, min_frequency=2, special_tokens=SPECIALS, show_progress=False,
        initial_alphabet=["▁"] + alphabet(every), limit_alphabet=6000, max_token_length=12)
    texts = list(training_texts(rows, rng))
    values = [t for vs in common.load_slots().values() for v in vs for t in v.values()]
    tok.train_from_iterator(texts + values, trainer)
    special = [mt_data.TOKENS[lang] for lang in mt_data.LANGS] + [MASK]
    tok.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in special])
    return tok


def check(tok, rows, rng):
    """Round trip over the corpus, and over every slot value; returns what fails."""
    bad = []
    for row in rows:
        values = mt_data.unseen(row, rng) or common.draw_values(row, rng)
        for texts in (common.fill(row, rng), common.render(row, values)):
            for lang, text in texts.items():
                ids = tok.encode(text, add_special_tokens=False).ids
                if 3 in ids or tok.decode(ids, skip_special_tokens=True) != text:
                    bad.append((row["id"], lang, text, tok.decode(ids)))
    return bad


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--out", type=Path, required=True)
    args.add_argument("--pieces", type=int, default=4000)
    args = args.parse_args()
    rows = common.load_rows()
    tok = build(rows, args.pieces)
    bad = check(tok, rows, random.Random(11))
    for item in bad[:10]:
        print("round trip fails:", *item, file=sys.stderr)
    if bad:
        sys.exit(1)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    tok.save(str(args.out))
    rng = random.Random(5)
    for lang in mt_data.LANGS:
        lengths = [len(tok.encode(common.fill(r, rng)[lang], add_special_tokens=False).ids) for r in rows]
        print(f"{lang}: {sum(lengths) / len(lengths):.1f} tokens a sentence, longest {max(lengths)}")
    print(f"{tok.get_vocab_size()} ids in {args.out}")


if __name__ == "__main__":
    main()
