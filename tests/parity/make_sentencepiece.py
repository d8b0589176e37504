"""Makes an M2M100 folder as its makers publish it, without tokenizer.json, and what transformers reads in it.

A SentencePiece model of some hundred pieces, trained on the sentences of make_m2m100.py and the practice
texts; a vocab.json in another order, with pieces left out and texts that are none; a tiny checkpoint with
random weights. Beside them expected.json (as make_m2m100.py writes it) and pieces.json: the numbers that
M2M100Tokenizer and, by NLLB's rule, SentencePiece itself give texts in six scripts, and what they decode.

    python make_sentencepiece.py --out ../fixtures/m2m100
    python make_sentencepiece.py --out DIR --large        the whole table of nmt_nfkc, more pieces and texts

The small form takes of nmt_nfkc the rules for the letters of the six scripts only, to be small.
"""

import argparse
import io
import json
import random
import tempfile
import unicodedata
from pathlib import Path

import sentencepiece
import torch
import transformers
from transformers import M2M100ForConditionalGeneration, M2M100Tokenizer
from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES
from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES as NLLB

from make_m2m100 import SIX, TEXTS, make_cases, plans, save_checkpoint, tiny_model, write

NAME = "sentencepiece"
CODES = {"zho_Hans": "zh", "vie_Latn": "vi", "tha_Thai": "th", "mya_Mymr": "my", "lao_Laoo": "lo",
         "khm_Khmr": "km", "eng_Latn": "en"}
SHAPE = dict(d_model=16, heads=2, enc=1, dec=1, ffn=(24, 24), scale=True, seed=11,
             spread=(0.15, 8.0, 4.0, 3.0, 6.0), dtype=torch.float16, shards=1)
# Texts that stay whole, wherever they stand.
WHOLE = ["20", "☎☎"]
MARKS = ["\u0300", "\u0301", "\u0302", "\u0303", "\u0306", "\u0309", "\u031b", "\u0323"]
ODD = {
    "zh": ["", " ", "　", "　你好。　", "你好  。", "你叫什么名字？\u200b", "ＡＢＣ１２３", "㈠㍿①", "龘靐齾", "你\u00a0好\t吗\n", "２０24年"],
    "vi": [unicodedata.normalize("NFD", t) for t in TEXTS["vi"]] + [
        "  Xin chào.  ", "Xin   chào", "ｅ\u0302\u0301", "e\u0301\u0302", "a\u0323\u0302 ă\u0303", "Trương Vĩ Đạt", "ﬁ ﬂ ½ …",
        "\u0301\u0302", "a\u200bb\u200dc\ufeff", "Qua\u0309ng Tri\u0323", "Đ", "xin▁chào▁", "▁", "▁▁ 20 ☎☎☎ 2020"],
    "th": ["น้ำ", "น\u0e49\u0e4d\u0e32", "น\u0e4d\u0e49\u0e32", " สวัสดี 🙂", "กำ ทำ", "คุณ\u200bชื่อ\u200bอะไร", "เเ แ", "๑๒๓", "ฯลฯ"],
    "my": ["ဥ\u102e", "ဦး", "မင်္ဂလာပါ။ ၁၂၃", "  နာမည်", "ဘယ်\u200bလို", "က\u1039က", "🙂🙂", "🙂🙂🙂", "🙂 🙂"],
    "lo": ["ນ້ຳ 15 ຈອກ", "ນ\u0ec9\u0ecd\u0eb2", "ໜ ໝ ຫນ", "ສະບາຍດີ  ", "໑໒໓", "ເຈົ້າ\u200cຊື່"],
    "km": ["ខ្ញុំ", "ខ\u17d2\u200dញុំ", "តើអ្នក\u200bឈ្មោះ\u200bអ្វី?", "១២៣ ៛", "កំ  ខ", "\u17d2", "👨‍👩‍👧", "да हाँ 한 ß"],
}


def rules(normalizer):
    """The rules of nmt_nfkc for the letters of the six scripts and what stands beside them, as a table."""
    spans = [(0x0, 0x180), (0x1A0, 0x1B1), (0x2B0, 0x370), (0xE00, 0xF00), (0x1000, 0x10A0), (0x1780, 0x1800),
             (0x1EA0, 0x1F00), (0x2000, 0x2070), (0x2460, 0x2474), (0x3000, 0x3040), (0x3200, 0x3230), (0x337B, 0x3380),
             (0xFB00, 0xFB07), (0xFE00, 0xFE10), (0xFEFF, 0xFF00), (0xFF00, 0xFF5F)]
    texts = {chr(c) for a, b in spans for c in range(a, b)} - {"\0"}
    composed = [chr(c) for a, b in [(0xC0, 0x180), (0x1A0, 0x1B1), (0x1EA0, 0x1F00), (0x1026, 0x1027)] for c in range(a, b)]
    texts |= {unicodedata.normalize("NFD", c) for c in composed}
    texts |= {c + m for c in composed for m in MARKS}
    made = {t: normalizer.normalize(t) for t in texts}
    # A longer rule only where its parts do not give the same.
    keep = [t for t in texts if made[t] != (t if len(t) == 1 else "".join(made.get(c, c) for c in t))]
    hexes = lambda t: " ".join(f"{ord(c):X}" for c in t)
    return "".join(f"{hexes(t)}\t{hexes(made[t])}\n" for t in sorted(keep))


def train(texts, pieces, folder, whole_table):
    normalizer = sentencepiece.SentencePieceNormalizer(
        rule_name="nmt_nfkc", add_dummy_prefix=False, escape_whitespaces=False, remove_extra_whitespaces=False)
    options = dict(normalization_rule_name="nmt_nfkc")
    if not whole_table:
        table = folder / "rules.tsv"
        table.write_text(rules(normalizer), encoding="utf-8")
        options = dict(normalization_rule_tsv=str(table))
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=model, model_type="bpe", vocab_size=pieces, character_coverage=1.0,
        user_defined_symbols=WHOLE, num_threads=1, minloglevel=2, **options)
    return model.getvalue()


class Slow:
    """M2M100Tokenizer with the methods that make_m2m100.py calls."""

    def __init__(self, folder):
        codes = json.loads((folder / "special_tokens_map.json").read_text())["additional_special_tokens"]
        self.inner = M2M100Tokenizer(str(folder / "vocab.json"), str(folder / "sentencepiece.bpe.model"),
                                     additional_special_tokens=codes)
        self.folder = folder

    def encode(self, text, add_special_tokens):
        return Ids(self.inner(text, add_special_tokens=add_special_tokens).input_ids)

    def token_to_id(self, name):
        return self.inner.get_lang_id(CODES[name])

    def decode(self, ids, skip_special_tokens):
        # The rows behind the languages have no word, and nothing is written for them: transformers would write "<unk>".
        ids = [i for i in ids if i < len(self.inner.encoder) + len(self.inner.lang_token_to_id)]
        return self.inner.decode(ids, skip_special_tokens=skip_special_tokens, clean_up_tokenization_spaces=False)

    def save(self, path, pretty):
        for name in ("vocab.json", "sentencepiece.bpe.model"):
            (Path(path).parent / name).write_bytes((self.folder / name).read_bytes())


class Ids:
    def __init__(self, ids):
        self.ids = ids


def number(model, dice):
    """vocab.json: the pieces in another order, a few left out, and texts that the model has no piece for."""
    spm = sentencepiece.SentencePieceProcessor(model_proto=model)
    pieces = [spm.id_to_piece(i) for i in range(3, spm.get_piece_size())]
    long = [p for p in pieces if len(p) > 2 and p not in WHOLE]
    gone = {*dice.sample(long, 4), *dice.sample([p for p in pieces if len(p) == 1 and p != "▁"], 2)}
    texts = [p for p in pieces if p not in gone] + ["🙂", "🙂🙂", "龘靐齾", "madeupword0"]
    dice.shuffle(texts)
    return {t: i for i, t in enumerate(["<s>", "<pad>", "</s>", "<unk>", *texts])}


def expected(slow, spm, texts, dice):
    """What the tokenizers make of the texts, for all thirty directions."""
    inner, cases, decoded = slow.inner, [], []
    for source, target, text in [(s, t, x) for s in SIX for t in SIX if s != t for x in texts[s]]:
        inner.src_lang, inner.tgt_lang = source, target
        inner.set_src_lang_special_tokens(source)
        cases.append((source, text, inner(text).input_ids, inner.get_lang_id(target), target))
    # The target changes nothing in the source: it is looked at here and written down once.
    once = {}
    for source, text, ids, _, _ in cases:
        assert once.setdefault((source, text), ids) == ids
    for _ in range(80):
        ids = [dice.randrange(len(inner.encoder) + 100) for _ in range(dice.randrange(1, 12))]
        decoded.append({"ids": ids, "text": slow.decode(ids, skip_special_tokens=True)})
    for ids in once.values():
        decoded.append({"ids": ids, "text": slow.decode(ids, skip_special_tokens=True)})
    nllb = []
    for text in dict.fromkeys(t for s in SIX for t in texts[s]):
        # transformers' NllbTokenizer, while it ran SentencePiece itself: the piece's number plus one, unknown is 3.
        nllb.append({"text": text, "ids": [i + 1 if i else 3 for i in spm.encode(text)]})
    return {
        "transformers": transformers.__version__, "sentencepiece": sentencepiece.__version__,
        "pieces": spm.get_piece_size(),
        "languages": {code: inner.get_lang_id(code) for code in CODES.values()},
        "nllb_languages": {code: spm.get_piece_size() + 1 + NLLB.index(name) for name, code in CODES.items()},
        "texts": [{"from": s, "text": t, "ids": i} for (s, t), i in once.items()], "decoded": decoded, "nllb": nllb,
    }


def lines(value):
    """JSON with a line a case."""
    one = lambda v: json.dumps(v, ensure_ascii=False, separators=(",", ":"))
    fields = [f'"{k}":' + ("[\n" + ",\n".join(map(one, v)) + "\n]" if isinstance(v, list) else one(v)) for k, v in value.items()]
    return "{" + ",\n".join(fields) + "}\n"


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--out", type=Path, required=True)
    args.add_argument("--large", action="store_true")
    args = args.parse_args()
    torch.set_num_threads(1)
    here = Path(__file__).resolve().parent
    practice = json.loads((here / "../fixtures/m2m100/practice.json").read_text(encoding="utf-8"))["cases"]
    spoken = {s: [c["text"] for c in practice if c["from"] == s] for s in SIX}
    if args.large:
        table = (here / "../fixtures/terms/sentences.tsv").read_text(encoding="utf-8").splitlines()[1:]
        for cells in (line.split("\t") for line in table):
            if cells[1] in spoken:
                spoken[cells[1]].append(cells[3])
    texts = {s: list(dict.fromkeys(TEXTS[s] + ODD[s] + (spoken[s] if args.large else spoken[s][:4]))) for s in SIX}
    dice = random.Random(5)
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch)
        corpus = [t for s in SIX for t in TEXTS[s] + spoken[s]]
        model = train(corpus, 1400 if args.large else 440, made, args.large)
        (made / "sentencepiece.bpe.model").write_bytes(model)
        numbers = number(model, dice)
        (made / "vocab.json").write_text(json.dumps(numbers, ensure_ascii=False), encoding="utf-8")
        codes = [f"__{c}__" for c in FAIRSEQ_LANGUAGE_CODES["m2m100"]]
        (made / "special_tokens_map.json").write_text(json.dumps({"additional_special_tokens": codes}))
        slow = Slow(made)
        spm = sentencepiece.SentencePieceProcessor(model_proto=model)
        folder = args.out / NAME
        # As published: the languages and eight rows without a word behind the pieces.
        net = tiny_model(SHAPE, len(numbers) + len(codes) + 8)
        save_checkpoint(folder, net, slow, SHAPE)
        (folder / "pieces.json").write_text(lines(expected(slow, spm, texts, dice)), encoding="utf-8")
        net = M2M100ForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
        wanted = [(s, t, TEXTS[s][(i + j) % 4]) for i, s in enumerate(SIX) for j, t in enumerate(t for t in SIX if t != s)]
        cases, dropped, chosen = make_cases(net, slow, wanted, ("greedy", "beam4"), 16)
        write(folder / "expected.json", net, cases, dropped, chosen)
    for path in sorted(folder.iterdir()):
        print(f"  {path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
