"""Scores the practice recognizer: character error rate per language on material it never heard.

    python asr_score.py                      # all conditions, 100 utterances a language
    python asr_score.py --most 30 --quick    # clean only, for a look during training

The sentences are the corpus's, with held-out slot combinations, said by speaker variants
at speeds and pitches that training leaves out. Conditions: clean, white noise at 15 dB,
telephone band 300-3,400 Hz, and the full 8-second window. "core" counts rows the practice
interviews use. Language choice takes the better of the pair's two languages at the first
token, as the program does.
"""
import argparse
import json
import random

import numpy as np
import torch
from scipy.signal import butter, sosfilt

from asr_data import log_mel
from asr_export import load
from asr_model import LANG_TOKEN, decode_text
from asr_train import load_core
from common import SEED, SPOKEN, WORK, draw_values, load_rows, render
from speak import RATE, speak, voice

PAIRS = [("zh", "vi"), ("zh", "my"), ("th", "lo"), ("km", "vi"), ("lo", "zh"), ("my", "th")]


def distance(a, b):
    """Edit distance between two strings."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def bare(text):
    """What is compared: no spaces and no sentence marks."""
    return "".join(c for c in text if c not in " .?。？။,")


def finish(logs, frames=None):
    """whisper.cpp's clamp and scaling, and its silent rest of the window."""
    count = frames or len(logs) + 24
    count += count % 2
    full = np.full((count, 80), -10.0, np.float32)
    full[:min(count, len(logs))] = logs[:count]
    full = np.maximum(full, full.max() - 8)
    return torch.from_numpy((full + 4) / 4).T


def conditions(wave, rng):
    """The utterance with a little room around it, in each condition."""
    padded = np.concatenate([np.zeros(RATE // 6), wave, np.zeros(RATE // 5)])
    padded = padded + rng.standard_normal(len(padded)) * 0.0003
    power = np.mean(wave ** 2)
    noisy = padded + rng.standard_normal(len(padded)) * np.sqrt(power) * 10 ** (-15 / 20)
    phone = sosfilt(butter(4, [300, 3400], "bandpass", fs=RATE, output="sos"), padded)
    return {"clean": padded, "noise 15 dB": noisy, "telephone": phone, "full window": padded}


def material(most, unusual=False):
    """Held-out utterances: [(row id, language, text, wave), ...], half of them from the interviews' rows."""
    out, core = [], load_core()
    for lang in SPOKEN:
        rng = random.Random(f"{SEED}/score/{lang}")
        rows = load_rows()
        rng.shuffle(rows)
        rows.sort(key=lambda r: (r["id"], lang) not in core)
        inside = [r for r in rows if (r["id"], lang) in core][:most // 2]
        outside = [r for r in rows if (r["id"], lang) not in core][:most - len(inside)]
        for row in inside + outside:
            text = render(row, draw_values(row, rng, True))[lang]
            wave = speak(lang, text, voice(rng, lang, True, unusual=unusual))
            if len(wave) < 7 * RATE:
                out.append((row["id"], lang, text, wave))
    return out, core


def transcribe(model, mels, langs):
    """Batches of similar length; one window per batch."""
    order = sorted(range(len(mels)), key=lambda i: mels[i].shape[1])
    texts, first = [None] * len(mels), [None] * len(mels)
    for k in range(0, len(order), 24):
        part = order[k:k + 24]
        wide = max(mels[i].shape[1] for i in part)
        batch = torch.stack([torch.cat([mels[i], mels[i].min().expand(80, wide - mels[i].shape[1])], 1) for i in part])
        ids, scores = model.transcribe(batch, [langs[i] for i in part])
        for i, one, score in zip(part, ids, scores):
            texts[i], first[i] = decode_text(one), score
    return texts, first


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--checkpoint", default=str(WORK / "asr.pt"))
    ask.add_argument("--most", type=int, default=100)
    ask.add_argument("--quick", action="store_true")
    ask.add_argument("--unusual", action="store_true", help="speakers unlike any trained one")
    ask.add_argument("--show", type=int, default=0)
    a = ask.parse_args()
    torch.set_num_threads(1)
    model, saved = load(a.checkpoint)
    items, core = material(a.most, a.unusual)
    nprng = np.random.default_rng(SEED)
    heard = [conditions(wave, nprng) for *_, wave in items]
    langs = [lang for _, lang, _, _ in items]
    report = {"step": saved["step"]}
    for condition in ["clean"] if a.quick else ["clean", "noise 15 dB", "telephone", "full window"]:
        mels = [finish(log_mel(h[condition].astype(np.float32)), 800 if condition == "full window" else None) for h in heard]
        texts, first = transcribe(model, mels, langs)
        report[condition] = {}
        for lang in SPOKEN:
            counts = {True: [0, 0, 0, 0], False: [0, 0, 0, 0]}
            for (row, of, text, _), got in zip(items, texts):
                if of == lang:
                    c = counts[(row, lang) in core]
                    c[0] += distance(bare(text), bare(got))
                    c[1] += len(bare(text))
                    c[2] += bare(text) == bare(got)
                    c[3] += 1
            both = [sum(x) for x in zip(*counts.values())]
            report[condition][lang] = {
                "cer": round(100 * both[0] / max(1, both[1]), 1), "cer_core": round(100 * counts[True][0] / max(1, counts[True][1]), 1),
                "cer_other": round(100 * counts[False][0] / max(1, counts[False][1]), 1), "exact": round(100 * both[2] / max(1, both[3]))}
        if condition == "clean":
            right = total = 0
            for one, other in PAIRS:
                for lang, score in zip(langs, first):
                    if lang in (one, other):
                        wrong = other if lang == one else one
                        right += bool(score[model.row[LANG_TOKEN[lang]]] > score[model.row[LANG_TOKEN[wrong]]])
                        total += 1
            report["language choice"] = round(100 * right / total, 1)
            for (row, lang, text, _), got in list(zip(items, texts))[::max(1, len(items) // max(1, a.show))][:a.show]:
                print(f"  {row} {lang}\n    {text}\n    {got}")
        print(condition, json.dumps(report[condition]), flush=True)
    print(json.dumps(report))
    (WORK / ("asr_score_unusual.json" if a.unusual else "asr_score.json")).write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
