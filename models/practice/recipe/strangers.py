"""Speech that is none of the practice corpus, for the recognizer to doubt.

For each of the six languages: strings of syllables that are possible in it, drawn at
random and read by its own voice. For the rest: invented syllables read by voices of
languages the kit does not know. No sentence of any real text is used, so that the
sentences the doubt is measured on (asr_doubt.py) were never heard in any form.
"""
from speak import TRAIN_PITCHES, TRAIN_SPEEDS, WIDE_VARIANTS, speak, voice

FOREIGN = "xx"
FOREIGN_VOICES = ["de", "es", "id", "pt", "ru", "it", "pl", "tr", "sw", "hi"]
# The commoner 3,755 characters, in their old code's order.
HANZI = [bytes([a, b]).decode("gb2312") for a in range(0xB0, 0xD8) for b in range(0xA1, 0xFF) if (a, b) < (0xD7, 0xFA)]
VI = ("b c d đ g h kh l m n ng nh ph r s t th tr v x ch".split(),
      "a à á ạ ả an àng ấm ất ê ề ên i í ình o ó ong ông ồn ơ ớ ợt u ú ung ư ừ ứng ương ươi uyên iêm iệt oai uấn âu ao áy".split(), [""])
TH = (list("กขคจชดตทนบปผพมยรลวสหอ"), ["า", "ี", "ู", "ิ", "ุ", "ะ", "ำ", "ือ", "อ", "ัว"], ["", "น", "ง", "ม", "ก", "ด"])
LO = (list("ກຂຄຈຊດຕທນບປຜພມຢລວສຫອ"), ["າ", "ີ", "ູ", "ິ", "ຸ", "ະ", "ໍາ", "ໍ"], ["", "ນ", "ງ", "ມ", "ກ"])
KM = (list("កខគចឆជដណតថទនបផពមយរលវសហអ"), ["ា", "ី", "ូ", "ិ", "ុ", "េ", "ោ", "ៅ", ""], ["", "ន", "ង", "ម", "ក", "ត"])
MY = (list("ကခဂစဆတထဒနပဖဘမယရလဝသဟအ"), ["ာ", "ိ", "ု", "ေ", "ဲ", "ို", "ီ", "ူ", "ော"], ["", "း", "့", "ံ"])
LATIN = ("b d f g k l m n p r s t v z".split(), "a e i o u ai au".split(), ["", "n", "s", "r"])
SYLLABLES = {"vi": VI, "th": TH, "lo": LO, "km": KM, "my": MY, FOREIGN: LATIN}


def _syllables(rng, lang):
    if lang == "zh":
        return "".join(rng.choice(HANZI) for _ in range(rng.randint(4, 16)))
    parts = SYLLABLES[lang]
    words = []
    for _ in range(rng.randint(2, 7)):
        count = 1 if lang == "vi" else rng.randint(1, 3)
        words.append("".join("".join(rng.choice(p) for p in parts) for _ in range(count)))
    return " ".join(words)


def say_something_else(rng, lang):
    """One invented utterance, 16 kHz floats; empty where the voice has no way to say it."""
    if lang == FOREIGN:
        who = {"name": f"{rng.choice(FOREIGN_VOICES)}+{rng.choice(WIDE_VARIANTS)}", "range": 50,
               "speed": rng.randint(*rng.choice(TRAIN_SPEEDS)), "pitch": rng.randint(*rng.choice(TRAIN_PITCHES))}
        # A language that is not one of the six is given as it stands.
        return speak(lang, _syllables(rng, lang), who)
    return speak(lang, _syllables(rng, lang), voice(rng, lang, rendition=rng.choice([0, 8, 10])))
