"""Text to sound for the practice kit: espeak-ng in this process, 16 kHz mono floats.

Mandarin is read by the pinyin voice and Vietnamese by its three accents; Thai, Lao,
Khmer and Burmese go through the rule sets of g2p.py as phoneme input to the Thai
voice. Numbers become words first. Speaker variants, speeds and pitches are split into
ones for training and ones held out, so that scores are taken on unheard settings.
"""
import ctypes
import random
import subprocess
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from common import SEED, WORK, spoken
from g2p import G2P

RATE = 16000
BASE = {"zh": ["cmn-latn-pinyin"], "vi": ["vi", "vi-vn-x-central", "vi-vn-x-south"],
        "th": ["th"], "lo": ["th"], "km": ["th"], "my": ["th"]}
TRAIN_VARIANTS = ["", "m1", "m2", "m3", "m5", "m7", "f1", "f2", "f4", "f5", "Andy", "Annie", "max", "steph", "Alex", "linda"]
# Renditions 8 and 9 use these, further apart from each other.
MORE_VARIANTS = ["adam", "Mike", "antonio", "aunty", "anika", "Mario", "Michael", "paul", "Denis", "pablo", "edward", "Jacky",
                 "Lee", "john", "rob", "robert", "steph2", "steph3", "ed", "boris", "caleb", "benjamin", "Hugo", "Marco"]
# Renditions 10 to 16, and the strangers' voices.
WIDE_VARIANTS = ["iven", "iven2", "iven3", "iven4", "gustave", "michel", "miguel", "norbert", "pedro", "quincy", "sandro", "shelby",
                 "travis", "victor", "zac", "marcelo", "Henrique", "Diogo", "Andrea", "Storm", "grandma", "grandpa", "klatt2", "klatt3",
                 "kaukovalta", "RicishayMax", "announcer", "edward2", "klatt5", "Gene"]
# Renditions from 17 on: variants whose formants, breath, echo and roughness are drawn at random.
DRAWN_FROM, DRAWN = 17, 90
HELD_VARIANTS = ["m4", "m6", "m8", "f3"]
# Also never trained on, and unlike any trained speaker; scored apart.
UNUSUAL_VARIANTS = ["david", "Alicia", "belinda"]
# Words a minute and espeak's pitch 0-99; the held-out bands lie inside and beside the trained ones.
TRAIN_SPEEDS = [(158, 176), (184, 202), (210, 228)]
HELD_SPEEDS = [(203, 209), (229, 237)]
TRAIN_PITCHES = [(25, 42), (48, 62), (68, 80)]
HELD_PITCHES = [(43, 47), (63, 67)]

_UTF8, _PHONEMES, _SYNCHRONOUS = 1, 0x100, 2
_lib = None
_heard = []


class _Value(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int), ("uid", ctypes.c_uint), ("position", ctypes.c_int), ("length", ctypes.c_int),
                ("audio", ctypes.c_int), ("sample", ctypes.c_int), ("user", ctypes.c_void_p), ("id", _Value)]


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@_CALLBACK
def _collect(wave, count, _events):
    if wave and count > 0:
        _heard.append(np.ctypeslib.as_array(wave, shape=(count,)).copy())
    return 0


def drawn_variant(number):
    """The description of one random speaker, in espeak-ng's variant format; the same for the same number."""
    rng = random.Random(f"{SEED}/variant/{number}")
    low = rng.randint(60, 190)
    lines = ["language variant", f"name drawn{number}", f"pitch {low} {int(low * rng.uniform(1.15, 1.7))}"]
    if rng.random() < 0.3:
        lines.append(f"klatt {rng.randint(1, 6)}")
    # The length of the vocal tract moves all formants together, the mouth each a little.
    tract = rng.uniform(0.78, 1.36)
    for formant in range(9):
        moved = tract * rng.uniform(0.92, 1.1) if formant else rng.uniform(0.85, 1.2)
        lines.append(f"formant {formant} {int(100 * moved)} {rng.randint(60, 150)} {rng.randint(70, 170)}")
    if rng.random() < 0.35:
        lines.append(f"echo {rng.randint(10, 140)} {rng.randint(5, 50)}")
    if rng.random() < 0.35:
        lines.append(f"roughness {rng.randint(1, 6)}")
    if rng.random() < 0.35:
        lines.append(f"flutter {rng.randint(1, 20)}")
    if rng.random() < 0.35:
        lines.append("breath 0 " + " ".join(str(rng.randint(0, 10)) for _ in range(7)))
        lines.append("breathw " + " ".join(str(rng.randint(100, 400)) for _ in range(6)))
    if rng.random() < 0.3:
        lines.append(f"voicing {rng.randint(35, 140)}")
    if rng.random() < 0.3:
        lines.append(f"consonants {rng.randint(60, 140)} {rng.randint(20, 140)}")
    return "\n".join(lines) + "\n"


def voices_folder():
    """A folder beside the work with the engine's own data, linked, and the random speakers added."""
    folder = WORK / "voices" / "espeak-ng-data"
    if not (folder / "made").exists():
        found = subprocess.run(["espeak-ng", "--version"], capture_output=True, text=True, check=True).stdout
        own = Path(found.split("Data at:")[1].strip())
        (folder / "voices" / "!v").mkdir(parents=True, exist_ok=True)
        for path in [*own.iterdir(), *(own / "voices" / "!v").iterdir()]:
            here = folder / path.relative_to(own)
            if not here.exists():
                here.symlink_to(path)
        for number in range(DRAWN):
            (folder / "voices" / "!v" / f"drawn{number}").write_text(drawn_variant(number), encoding="utf-8")
        (folder / "made").touch()
    return folder


def _engine():
    global _lib
    if _lib is None:
        _lib = ctypes.CDLL("libespeak-ng.so.1")
        assert _lib.espeak_Initialize(_SYNCHRONOUS, 500, str(voices_folder()).encode(), 0) == 22050, "espeak-ng did not start"
        _lib.espeak_SetSynthCallback(_collect)
        _lib.espeak_TextToPhonemes.restype = ctypes.c_char_p
    return _lib


def input_for(lang, text):
    """What the engine is given: plain words, or phonemes in double brackets."""
    words = spoken(text, lang)
    for mark in "။។.?？。":
        words = words.replace(mark, " ")
    return f"[[{G2P[lang](words)}]]" if lang in G2P else words.strip()


def phonemes(lang, text, base=None):
    """The engine's own phoneme names for this text, as a list (what the helper head learns)."""
    lib = _engine()
    lib.espeak_SetVoiceByName((base or BASE[lang][0]).encode())
    source = ctypes.c_char_p(input_for(lang, text).encode("utf-8"))
    pointer, out = ctypes.pointer(source), []
    for _ in range(50):
        if not pointer.contents.value:
            break
        # Bits 8-23: the separator between phoneme names.
        part = lib.espeak_TextToPhonemes(pointer, _UTF8, ord("_") << 8)
        out += (part or b"").decode("utf-8", "replace").replace(" ", "_").split("_")
    clean = [p.strip("',|;[]") for p in out]
    return [p for p in clean if p and p != ":" and not p.startswith("(")]


def voice(rng, lang, held_out=False, rendition=0, unusual=False):
    """A random speaker: voice name, speed, pitch and pitch range; later renditions draw from other variants."""
    trained = TRAIN_VARIANTS if rendition < 8 else MORE_VARIANTS if rendition < 10 else WIDE_VARIANTS
    if rendition >= DRAWN_FROM:
        trained = [f"drawn{number}" for number in range(DRAWN)]
    speed = rng.randint(*rng.choice(HELD_SPEEDS if held_out else TRAIN_SPEEDS))
    pitch = rng.randint(*rng.choice(HELD_PITCHES if held_out else TRAIN_PITCHES))
    variant = rng.choice(UNUSUAL_VARIANTS if unusual else HELD_VARIANTS if held_out else trained)
    base = rng.choice(BASE[lang])
    return {"name": base + ("+" + variant if variant else ""), "base": base, "speed": speed, "pitch": pitch,
            "range": rng.randint(40, 60)}


def speak(lang, text, who):
    """The text said by this speaker, trimmed of the engine's own silence, peak at most 0.9."""
    lib = _engine()
    assert lib.espeak_SetVoiceByName(who["name"].encode()) == 0, f"no voice {who['name']}"
    speed = who["speed"] if lang not in G2P else int(who["speed"] * 0.95)
    for parameter, value in ((1, speed), (2, 100), (3, who["pitch"]), (4, who["range"])):
        lib.espeak_SetParameter(parameter, value, 0)
    _heard.clear()
    data = input_for(lang, text).encode("utf-8") + b"\0"
    lib.espeak_Synth(data, len(data), 0, 1, 0, _UTF8 | _PHONEMES, None, None)
    lib.espeak_Synchronize()
    wave = np.concatenate(_heard).astype(np.float64) / 32768.0 if _heard else np.zeros(RATE // 10)
    wave = resample_poly(wave, 320, 441).astype(np.float32)
    loud = np.flatnonzero(np.abs(wave) > 0.003)
    if len(loud):
        wave = wave[max(0, loud[0] - 400):loud[-1] + 800]
    return wave / max(1e-3, np.abs(wave).max() / 0.7)


if __name__ == "__main__":
    import soundfile
    for code, line in (("zh", "你叫什么名字。我25岁。"), ("vi", "Anh có quyền giữ im lặng."), ("th", "คุณมีสิทธิ์ที่จะไม่พูด"),
                       ("my", "ခင်ဗျားမှာ တိတ်ဆိတ်နေပိုင်ခွင့်ရှိတယ်။"), ("lo", "ເຈົ້າມີສິດບໍ່ເວົ້າ ຂ້ອຍເຮັດວຽກ"), ("km", "ខ្ញុំមកពីប្រទេសវៀតណាម។")):
        sound = speak(code, line, voice(random.Random(1), code))
        print(code, len(sound) / RATE, input_for(code, line), phonemes(code, line))
        soundfile.write(f"/tmp/{code}.wav", sound, RATE)
