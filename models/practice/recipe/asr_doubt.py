"""How often the program flags speech that the practice recognizer does not know.

    python asr_doubt.py --program target/release/mekong --texts FOLDER

The program itself imports recordings made here into a temporary workspace, and the flags
are read from `mekong show --json`. Three kinds of sound, in every language: held-out
sentences of the corpus (asr_score.py's, clean and with noise at 15 dB, by the plain
held-out voices), sentences of other texts read by the same voices, and sound without
speech (chords, beats, noise). FOLDER holds the other texts, `zh.txt`, `vi.txt` and so on,
in Unicode, a sentence a line; NTREX-128 (Federmann et al. 2022) is what the model card's
figures were measured with, its Burmese lines brought from Zawgyi to Unicode.

An utterance counts as flagged when one of its lines carries a doubt of the recognizer's
or when its line is empty, and as held back when one of these doubts keeps it off exports
until a person decides (a low confidence alone does not). Recall is flagged ones among
those of other texts; a false alarm is a flag on a corpus sentence, counted for all and
for those written rightly.
"""
import argparse
import json
import random
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from asr_score import bare, conditions, material
from common import ROOT, SEED, SPOKEN, WORK
from speak import RATE, speak, voice

DOUBTS = {"low-confidence", "no-text", "no-speech", "repetition", "wrong-script", "speech-rate", "phantom-phrase", "truncated"}
# Of these, those that hold a line back (FlagKind::quarantines).
HOLDS_BACK = {"no-speech", "repetition", "wrong-script", "speech-rate", "phantom-phrase"}
GAP = 2 * RATE
LONGEST = 6.5
FOREIGN_MARKS = re.compile(r"[A-Za-z0-9“”‘’\"'()%&/–—-]+")


def other_sentences(folder, lang, most, rng):
    """Utterances of other texts, cut to what fits an utterance: [(text, wave), ...]."""
    lines = (Path(folder) / f"{lang}.txt").read_text(encoding="utf-8").splitlines()
    rng.shuffle(lines)
    out = []
    for line in lines:
        # Figures and Latin words would be spelled out; only the language's own words are read.
        text = re.sub(r" {2,}", " ", FOREIGN_MARKS.sub(" ", line) if lang != "vi" else re.sub(r"[0-9“”‘’\"'()%&/–—-]+", " ", line)).strip()
        for _ in range(6):
            if len(text) < 8:
                break
            wave = speak(lang, text, voice(rng, lang, True))
            if len(wave) <= LONGEST * RATE:
                if len(wave) >= RATE:
                    out.append((text, wave))
                break
            # At a space where there is one.
            text = text[:int(len(text) * LONGEST * RATE / len(wave) * 0.95)]
            text = text[:text.rfind(" ")] if " " in text[8:] else text
        if len(out) == most:
            break
    return out


def sounds(most, rng):
    """Sound without speech, two to six seconds each: chords, beats, noise that swells."""
    out = []
    for n in range(most):
        t = np.arange(int(rng.uniform(2, 6) * RATE)) / RATE
        if n % 3 == 0:
            wave = np.zeros(len(t))
            for start in np.arange(0, t[-1], rng.uniform(0.25, 0.6)):
                root = 110 * 2 ** (rng.randint(0, 24) / 12)
                since = np.clip(t - start, 0, None)
                for step in (1, 1.26, 1.5, 2):
                    wave += (t >= start) * np.exp(-3 * since) * np.sin(2 * np.pi * root * step * since) * 0.1
        elif n % 3 == 1:
            beat = np.exp(-12 * (t % rng.uniform(0.3, 0.7)))
            wave = 0.3 * beat * np.random.default_rng(n).standard_normal(len(t))
        else:
            swell = 0.5 + 0.5 * np.sin(2 * np.pi * rng.uniform(0.5, 4) * t)
            wave = 0.15 * swell * np.cumsum(np.random.default_rng(n).standard_normal(len(t))) / 40
        out.append(("", (0.7 * wave / np.abs(wave).max()).astype(np.float32)))
    return out


def lay_out(path, utterances, rng):
    """One recording of all utterances with pauses between; returns where each lies, in ms."""
    parts, places, at = [], [], GAP
    parts.append(np.zeros(GAP))
    for _, wave in utterances:
        places.append((at * 1000 // RATE, (at + len(wave)) * 1000 // RATE))
        parts += [wave, np.zeros(GAP)]
        at += len(wave) + GAP
    whole = np.concatenate(parts)
    whole = whole + rng.standard_normal(len(whole)) * 0.0003
    soundfile.write(path, np.clip(whole, -1, 1), RATE, subtype="PCM_16")
    return places


def lines_of(program, workspace, path, lang):
    """The lines that the program writes of a recording in one language."""
    other = "zh" if lang != "zh" else "vi"
    made = subprocess.run([program, "import", path, "--languages", f"{lang},{other}", "--channels", f"speaker={lang}",
                           "--workspace", workspace, "--json"], capture_output=True, text=True, check=True)
    shown = subprocess.run([program, "show", json.loads(made.stdout)[0]["id"], "--workspace", workspace, "--json"],
                           capture_output=True, text=True, check=True)
    return json.loads(shown.stdout)["segments"]


def kinds(line):
    return {f if isinstance(f, str) else f["kind"] for f in line["flags"]}


def count(utterances, places, lines):
    """[said, no line at all, flagged, wholly right, flagged though right, flagged as little believed, held back, held back though right]."""
    c = [0] * 8
    for (text, _), (start, end) in zip(utterances, places):
        mine = [x for x in lines if start - 900 < (x["start_ms"] + x["end_ms"]) / 2 < end + 900]
        flags = {k.split(":")[0] for x in mine for k in kinds(x)} & DOUBTS
        right = bool(text) and bare("".join(x["text"] for x in mine)) == bare(text)
        for i, yes in enumerate((True, not mine, bool(flags), right, right and bool(flags), "low-confidence" in flags,
                                bool(flags & HOLDS_BACK), right and bool(flags & HOLDS_BACK))):
            c[i] += yes
    return c


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--program", default=str(ROOT / "target" / "release" / "mekong"))
    ask.add_argument("--model", default=str(ROOT / "models" / "practice" / "asr"))
    ask.add_argument("--texts", required=True)
    ask.add_argument("--most", type=int, default=40)
    ask.add_argument("--draw", default=str(SEED), help="another word draws other sentences and voices of the other texts")
    a = ask.parse_args()
    noise = np.random.default_rng(SEED)
    held, _ = material(a.most)
    report, believed = {}, {}
    with tempfile.TemporaryDirectory() as workspace:
        shutil.copytree(a.model, Path(workspace) / "models" / "asr")
        for lang in SPOKEN:
            rng = random.Random(f"{a.draw}/doubt/{lang}")
            inside = [(text, wave) for _, of, text, wave in held if of == lang]
            noisy = [(text, conditions(wave, noise)["noise 15 dB"]) for text, wave in inside]
            groups = {"corpus": inside, "corpus, noise 15 dB": noisy,
                      "other texts": other_sentences(a.texts, lang, a.most, rng), "no speech": sounds(a.most // 2, rng)}
            for name, utterances in groups.items():
                path = str(Path(workspace) / "sound.wav")
                places = lay_out(path, utterances, noise)
                lines = lines_of(a.program, workspace, path, lang)
                counted = count(utterances, places, lines)
                report.setdefault(name, {})[lang] = counted
                believed.setdefault(name, {})[lang] = sorted(round(x["confidence"], 3) for x in lines if x["confidence"] is not None)
                print(lang, name, "said %d, no line %d, flagged %d, right %d, flagged though right %d, low confidence %d, "
                      "held back %d, held back though right %d" % tuple(counted), flush=True)
    for name, by_lang in report.items():
        total = [sum(c) for c in zip(*by_lang.values())]
        by_lang["all"] = total
        written = total[0] - total[1]
        print(f"{name}: of {total[0]} a line for {written}; flagged {total[2]} ({100 * total[2] / max(1, written):.1f} %), "
              f"held back {total[6]} ({100 * total[6] / max(1, written):.1f} %); "
              f"right {total[3]}, of these flagged {total[4]} ({100 * total[4] / max(1, total[3]):.1f} %), held back {total[7]}")
    (WORK / "asr_doubt.json").write_text(json.dumps({"counts": report, "confidence of each line": believed}, indent=1))


if __name__ == "__main__":
    main()
