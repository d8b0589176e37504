"""Sound features for the practice recognizer: speaks every corpus row many times, keeps log-mel power.

    python asr_data.py train 0 8     # renditions 0..7 of every row and language
    python asr_data.py eval 0 1      # held-out slot combinations, voices, speeds, pitches
    python asr_data.py strangers 0 2 # speech that is none of the corpus: invented syllables (strangers.py)

Each rendition draws its own slot values and speaker. What is stored is log10 of the mel
power before any clamping (16-bit floats), so that noise, telephone band, level and
position in the window can all be added later without speaking again. Shards already on
disk are skipped, so an interrupted run goes on where it stopped.
"""
import json
import multiprocessing
import random
import sys
from pathlib import Path

import numpy as np
import torch
import whisper

from common import SEED, SLOT, SPOKEN, WORK, draw_values, load_rows, render
from speak import RATE, phonemes, speak, voice, voices_folder
from strangers import FOREIGN, say_something_else

FEATURES = WORK / "features"
HOP, FFT, MELS = 160, 400, 80
LONGEST_MS = 7000
_filters = None


def filters():
    """Whisper's own 80 mel filters, as shipped with the openai-whisper package."""
    global _filters
    if _filters is None:
        path = Path(whisper.__file__).parent / "assets" / "mel_filters.npz"
        _filters = np.load(path)["mel_80"].astype(np.float32)
    return _filters


def log_mel(wave):
    """log10 mel power, frames by 80, of one utterance as whisper.cpp computes it before clamping.

    As there: 200 samples reflected in front, zeros behind, a periodic Hann window, and
    one frame for every 160 samples.
    """
    wave = np.asarray(wave, dtype=np.float32)
    padded = np.concatenate([wave[1:201][::-1], wave, np.zeros(FFT, np.float32)])
    count = len(wave) // HOP + 1
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT)[::HOP][:count]
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT) / FFT)).astype(np.float32)
    power = np.abs(np.fft.rfft(frames * window)) ** 2
    return np.log10(np.maximum(power @ filters().T, 1e-10)).astype(np.float32)


def make_shard(job):
    """Speaks one rendition of every row in one language and writes it as a shard."""
    split, lang, rendition = job
    path = FEATURES / split / f"{lang}-{rendition:03d}"
    if path.with_suffix(".json").exists():
        return
    rng = random.Random(f"{SEED}/{split}/{lang}/{rendition}")
    held = split != "train"
    items, blocks, at = [], [], 0
    for row in load_rows():
        # Rows with slots are said twice: they have more to learn.
        for _ in range(2 if SLOT.search(row["zh"]) and not held else 1):
            text = render(row, draw_values(row, rng, held))[lang]
            who = voice(rng, lang, held, rendition)
            wave = speak(lang, text, who)
            if len(wave) > LONGEST_MS * RATE // 1000 or len(wave) < RATE // 5:
                continue
            block = log_mel(wave)
            items.append({"row": row["id"], "lang": lang, "text": text, "at": at, "frames": len(block),
                          "phones": phonemes(lang, text, who["base"])})
            blocks.append(block.astype(np.float16))
            at += len(block)
    np.save(path.with_suffix(".npy"), np.concatenate(blocks))
    path.with_suffix(".json").write_text(json.dumps(items, ensure_ascii=False), encoding="utf-8")


def make_strangers(job):
    """One shard of invented speech in one of the six languages' sounds, or in foreign voices."""
    split, lang, rendition = job
    path = FEATURES / split / f"{lang}-{rendition:03d}"
    if path.with_suffix(".json").exists():
        return
    rng = random.Random(f"{SEED}/{split}/{lang}/{rendition}")
    items, blocks, at = [], [], 0
    for _ in range(160):
        wave = say_something_else(rng, lang)
        if not RATE // 2 < len(wave) <= LONGEST_MS * RATE // 1000:
            continue
        block = log_mel(wave)
        items.append({"row": "stranger", "lang": lang, "text": "", "at": at, "frames": len(block), "phones": []})
        blocks.append(block.astype(np.float16))
        at += len(block)
    np.save(path.with_suffix(".npy"), np.concatenate(blocks))
    path.with_suffix(".json").write_text(json.dumps(items, ensure_ascii=False), encoding="utf-8")


def noise_pool(frames=12000):
    """Mel power of unit white noise, and of a soft crowd-like rumble, frames by 80 each (not logs)."""
    rng = np.random.default_rng(SEED)
    white = 10 ** log_mel(rng.standard_normal(frames * HOP).astype(np.float32))
    return torch.from_numpy(white[4:-4])


def load_split(split, most=None):
    """All stored items of a split with their features: [(item, float16 array), ...]."""
    out = []
    for path in sorted((FEATURES / split).glob("*.json"))[:most]:
        block = np.load(path.with_suffix(".npy"), mmap_mode="r")
        for item in json.loads(path.read_text(encoding="utf-8")):
            item["rendition"] = int(path.stem.rsplit("-", 1)[1])
            out.append((item, block[item["at"]:item["at"] + item["frames"]]))
    return out


def main():
    split, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    (FEATURES / split).mkdir(parents=True, exist_ok=True)
    strange = split == "strangers"
    jobs = [(split, lang, r) for r in range(first, last) for lang in SPOKEN + ([FOREIGN] if strange else [])]
    # Before the workers start, who would otherwise make it at the same time.
    voices_folder()
    with multiprocessing.Pool(2, maxtasksperchild=8) as pool:
        for n, _ in enumerate(pool.imap_unordered(make_strangers if strange else make_shard, jobs), 1):
            print(f"{split}: {n} of {len(jobs)} shards", flush=True)


if __name__ == "__main__":
    main()
