"""Shared ground of the practice kit's recipe: the corpus, slot filling, number words.

Every other file of this folder reads the practice corpus through here, so that the
speech model, the translation model and the practice interviews all see the same
sentences with the same slot values, and so that the same slot combinations stay
held out of every training set.

    rows = load_rows()                      # [{'id', 'role', 'phrase', 'zh', ... 'en'}, ...]
    slots = load_slots()                    # {'name': [{'zh': ..., 'en': ...}, ...], ...}
    texts = fill(rows[0], random.Random(1)) # {'zh': '...', ..., 'en': '...'}

`fill(..., held_out=True)` draws only slot combinations that `held_out=False` never
draws (decided by a hash of the row and the values). A row without slots has nothing
to hold out and is returned as it stands.
"""
import hashlib
import os
import re
from pathlib import Path

SEED = 20261123
HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
CORPUS = Path(os.environ.get("PRACTICE_CORPUS", ROOT / "recordings" / "practice" / "corpus"))
WORK = Path(os.environ.get("PRACTICE_WORK", ROOT / "target" / "practice"))

LANGS = ["zh", "vi", "th", "my", "lo", "km", "en"]
SPOKEN = ["zh", "vi", "th", "my", "lo", "km"]
TEXT_SLOTS = ("name", "place", "country")
SLOT = re.compile(r"\{([a-z]+)(2?)\}")
HELD_OUT_ONE_IN = 8
LETTERS = "ABCDKMPT"

_slots = None


def _read_tsv(path):
    """Rows of a UTF-8 TSV file with a header line, as dictionaries."""
    lines = path.read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    head = lines[0].split("\t")
    return [dict(zip(head, line.split("\t"))) for line in lines[1:]]


def load_rows(corpus=None):
    """All sentence rows of the corpus, in file order; files are `<digit>-<topic>.tsv`."""
    rows = []
    for path in sorted(Path(corpus or CORPUS).glob("[0-9]*.tsv")):
        for row in _read_tsv(path):
            if all(row.get(lang, "").strip() for lang in LANGS):
                rows.append({key: value.strip() for key, value in row.items() if key})
    return rows


def load_slots(corpus=None):
    """Values of the text slots: {'name': [{'zh': ..., ...}], 'place': [...], 'country': [...]}."""
    slots = {kind: [] for kind in TEXT_SLOTS}
    for path in sorted(Path(corpus or CORPUS).glob("slots*.tsv")):
        for row in _read_tsv(path):
            kind = next((v.strip("{} ") for k, v in row.items() if k not in LANGS and v.strip("{} ") in slots), None)
            if kind and all(row.get(lang, "").strip() for lang in LANGS):
                slots[kind].append({lang: row[lang].strip() for lang in LANGS})
    return slots


def _draw(kind, rng):
    """One value of a slot: the same number or document number for all, or a row of texts."""
    global _slots
    if _slots is None:
        _slots = load_slots()
    def digits(n):
        return "".join(rng.choice("0123456789") for _ in range(n))
    if kind in TEXT_SLOTS:
        return rng.choice(_slots[kind])
    if kind == "age":
        return str(rng.randint(14, 60))
    if kind == "count":
        return str(rng.randint(2, 20))
    if kind == "year":
        return str(rng.randint(2010, 2026) if rng.random() < 0.7 else rng.randint(1985, 2009))
    if kind == "month":
        return str(rng.randint(1, 12))
    if kind == "day":
        return str(rng.randint(1, 28))
    if kind == "hour":
        return str(rng.randint(1, 12))
    if kind == "amount":
        return str(rng.choice([rng.randint(1, 9) * 100, rng.randint(2, 19) * 500, rng.randint(1, 9) * 1000,
                               rng.randint(1, 9) * 10000, rng.randint(10, 40) * 1000]))
    if kind == "phone":
        return "0" + rng.choice("123456789") + digits(rng.choice([6, 7, 7, 8]))
    if kind == "plate":
        return rng.choice(LETTERS) + rng.choice(LETTERS) + digits(4)
    if kind == "doc":
        return rng.choice(LETTERS) + digits(7)
    raise KeyError(f"unknown slot {kind}")


def is_held_out(row_id, values):
    """Whether this slot combination of this row is kept out of every training set."""
    key = row_id + "|" + "|".join(f"{k}={v if isinstance(v, str) else v['en']}" for k, v in sorted(values.items()))
    return hashlib.sha256(key.encode("utf-8")).digest()[0] % HELD_OUT_ONE_IN == 0


def draw_values(row, rng, held_out=False):
    """Slot values for a row: {'name': {...}, 'age': '25'}; empty for a row without slots."""
    names = sorted(set(SLOT.findall(row["zh"])))
    if not names:
        return {}
    for _ in range(1000):
        values = {kind + two: _draw(kind, rng) for kind, two in names}
        pairs = [(values[k], values[k + "2"]) for k in TEXT_SLOTS if k in values and k + "2" in values]
        if any(a["en"] == b["en"] for a, b in pairs):
            continue
        if is_held_out(row["id"], values) == held_out:
            return values
    # A handful of rows with few possible values have none that hash as held out.
    return values


def render(row, values):
    """The row's seven texts with these slot values put in."""
    texts = {}
    for lang in LANGS:
        def put(match, lang=lang):
            value = values[match.group(1) + match.group(2)]
            return value if isinstance(value, str) else value[lang]
        texts[lang] = re.sub(r" {2,}", " ", SLOT.sub(put, row[lang])).strip()
    return texts


def fill(row, rng, held_out=False):
    """The row's seven texts with one random slot combination, training or held-out."""
    return render(row, draw_values(row, rng, held_out))


# ---- numbers as words, for the speech side ----------------------------------------------

DIGITS = {
    "zh": "零 一 二 三 四 五 六 七 八 九".split(),
    "vi": "không một hai ba bốn năm sáu bảy tám chín".split(),
    "th": "ศูนย์ หนึ่ง สอง สาม สี่ ห้า หก เจ็ด แปด เก้า".split(),
    "my": "သုည တစ် နှစ် သုံး လေး ငါး ခြောက် ခုနစ် ရှစ် ကိုး".split(),
    "lo": "ສູນ ໜຶ່ງ ສອງ ສາມ ສີ່ ຫ້າ ຫົກ ເຈັດ ແປດ ເກົ້າ".split(),
    "km": "សូន្យ មួយ ពីរ បី បួន ប្រាំ ប្រាំមួយ ប្រាំពីរ ប្រាំបី ប្រាំបួន".split(),
}
LETTER_NAMES = {
    "zh": dict(zip(LETTERS, "诶 必 西 弟 凯 艾姆 披 踢".split())),
    "vi": dict(zip(LETTERS, ["a", "bê", "xê", "đê", "ca", "em", "pê", "tê"])),
    "th": dict(zip(LETTERS, "เอ บี ซี ดี เค เอ็ม พี ที".split())),
    "my": dict(zip(LETTERS, "အေ ဘီ စီ ဒီ ကေ အမ် ပီ တီ".split())),
    "lo": dict(zip(LETTERS, "ເອ ບີ ຊີ ດີ ເຄ ເອັມ ພີ ທີ".split())),
    "km": dict(zip(LETTERS, "អេ ប៊ី ស៊ី ឌី ខេ អឹម ភី ធី".split())),
}
KM_TENS = " ដប់ ម្ភៃ សាមសិប សែសិប ហាសិប ហុកសិប ចិតសិប ប៉ែតសិប កៅសិប".split(" ")


def _zh(n):
    out, zero = "", False
    for unit, name in ((10000, "万"), (1000, "千"), (100, "百"), (10, "十"), (1, "")):
        d, n = divmod(n, unit)
        if d:
            head = _zh(d) if d > 9 else DIGITS["zh"][d]
            out += ("零" if zero and out else "") + ("" if unit == 10 and d == 1 and not out else head) + name
            zero = False
        else:
            zero = True
    return out or "零"


def _vi(n):
    d = DIGITS["vi"]
    if n < 10:
        return d[n]
    if n < 100:
        ten, one = divmod(n, 10)
        head = "mười" if ten == 1 else d[ten] + " mươi"
        tail = "" if one == 0 else " lăm" if one == 5 else " mốt" if one == 1 and ten > 1 else " " + d[one]
        return head + tail
    if n < 1000:
        big, rest = divmod(n, 100)
        return d[big] + " trăm" + ("" if rest == 0 else (" linh " if rest < 10 else " ") + _vi(rest))
    big, rest = divmod(n, 1000)
    return _vi(big) + " nghìn" + ("" if rest == 0 else (" không trăm " if rest < 100 else " ") + ("linh " if rest < 10 else "") + _vi(rest))


def _tai(n, lang):
    """Thai and Lao count alike, but for Lao's own word for twenty."""
    units = {"th": "แสน หมื่น พัน ร้อย สิบ", "lo": "ແສນ ໝື່ນ ພັນ ຮ້ອຍ ສິບ"}[lang].split()
    two, one, twenty = {"th": ("ยี่", "เอ็ด", None), "lo": ("", "ເອັດ", "ຊາວ")}[lang]
    out, whole = "", n
    for unit, name in zip((100000, 10000, 1000, 100, 10), units):
        d, n = divmod(n, unit)
        if not d:
            continue
        if unit == 10 and d == 2 and twenty:
            out += twenty
        else:
            out += ("" if unit == 10 and d == 1 else two if unit == 10 and d == 2 else DIGITS[lang][d]) + name
    if n or not out:
        out += one if n == 1 and whole > 10 else DIGITS[lang][n]
    return out


def _my(n):
    out = ""
    for unit, name, joined in ((10000, "သောင်း", "သောင်း"), (1000, "ထောင်", "ထောင့်"), (100, "ရာ", "ရာ့"), (10, "ဆယ်", "ဆယ့်")):
        d, n = divmod(n, unit)
        if d:
            out += DIGITS["my"][d] + (joined if n else name)
    return out + (DIGITS["my"][n] if n or not out else "")


def _km(n):
    out = ""
    for unit, name in ((10000, "ម៉ឺន"), (1000, "ពាន់"), (100, "រយ")):
        d, n = divmod(n, unit)
        if d:
            out += DIGITS["km"][d] + name
    ten, one = divmod(n, 10)
    out += KM_TENS[ten]
    return out + (DIGITS["km"][one] if one or not out else "")


def number_words(n, lang):
    """A whole number below a million, read as a number, in the language's own words."""
    return {"zh": _zh, "vi": _vi, "my": _my, "km": _km}.get(lang, lambda k: _tai(k, lang))(n)


_NUMBER = re.compile(r"[A-Z]{0,2}[0-9]+")


def spoken(text, lang):
    """The text as it is said: numbers and the letters of plates and documents as words.

    Long numbers, numbers with letters or a leading zero, and Chinese years are read
    digit by digit.
    """
    def say(match):
        token = match.group(0)
        after = text[match.end():match.end() + 1]
        one_by_one = len(token) > 6 or not token.isdigit() or (token[0] == "0" and len(token) > 1)
        if one_by_one or (lang == "zh" and after == "年" and len(token) == 4):
            words = [LETTER_NAMES[lang].get(c) or DIGITS[lang][int(c)] for c in token]
            said = ("" if lang == "zh" else " ").join(words)
        else:
            said = number_words(int(token), lang)
        return said if lang == "zh" else f" {said} "
    return re.sub(r" {2,}", " ", _NUMBER.sub(say, text)).strip()
