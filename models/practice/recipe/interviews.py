"""Makes the six practice interviews: two-channel FLAC recordings with their scripts.

Who says which corpus row is in recordings/practice/interviews.tsv. Slot values are
chosen so that as many as possible are held-out combinations (training leaves out every
sentence said here besides), speakers use only held-out variants, speeds and pitches.
Channel 0 is the officer, channel 1 the interviewee; each has a quiet room, and a little
of the other's voice.

    python interviews.py            # all six
    python interviews.py zh-vi      # one
"""
import json
import random
import sys

import numpy as np
import soundfile
from scipy.signal import lfilter

from common import ROOT, SEED, SLOT, _draw, is_held_out, load_rows, load_slots, render
from speak import HELD_PITCHES, HELD_SPEEDS, RATE, BASE, speak

FOLDER = ROOT / "recordings" / "practice"
LONGEST = 6.0
# Officer and interviewee of each interview get different held-out speakers.
CAST = {"zh-vi": ("m4", "f3"), "zh-my": ("f3", "m6"), "th-lo": ("m8", "m4"),
        "km-vi": ("f3", "m6"), "lo-zh": ("m6", "m8"), "my-th": ("m8", "f3")}


def composition():
    """{interview: (variables, [(speaker, row id, {slot: variable}), ...])}"""
    out = {}
    for line in (FOLDER / "interviews.tsv").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith(("#", "interview\t")):
            continue
        name, speaker, row, values = (line + "\t").split("\t")[:4]
        variables, turns = out.setdefault(name, ({}, []))
        if speaker == "=":
            variables[row] = values.split("|")
        else:
            turns.append((speaker, row, dict(v.split("=") for v in values.split(";") if v)))
    return out


def slot_texts(corpus_slots):
    """Slot values by the ids used in the composition: name-01, place-03, ..."""
    return {f"{kind}-{n:02d}": value for kind, values in corpus_slots.items() for n, value in enumerate(values, 1)}


def assign(name, variables, turns, rows, by_id):
    """Values for every turn; of 200 random choices the one with most held-out combinations."""
    rng = random.Random(f"{SEED}/interview/{name}")
    best = None
    for _ in range(200):
        bound = {v: by_id[rng.choice(ids)] for v, ids in variables.items()}
        chosen, held = [], 0
        for _, row_id, given in turns:
            row = rows[row_id]
            fixed = {slot: bound[v] if v in bound else by_id[v] for slot, v in given.items()}
            kinds = {kind + two: kind for kind, two in SLOT.findall(row["zh"])}
            values = dict(fixed)
            for _ in range(60):
                values = {slot: fixed.get(slot) or _draw(kind, rng) for slot, kind in sorted(kinds.items())}
                if is_held_out(row_id, values) or not set(kinds) - set(fixed):
                    break
            held += bool(kinds) and is_held_out(row_id, values)
            chosen.append(values)
        if best is None or held > best[0]:
            best = (held, chosen)
    return best


def room(count, rng, level):
    """Quiet broadband room noise with a little more at low frequencies."""
    white = rng.standard_normal(count)
    low = lfilter([0.06], [1, -0.94], rng.standard_normal(count))
    noise = white * 0.5 + low * 2
    noise = lfilter([0.5, 0.5], [1], noise)
    return noise / np.sqrt(np.mean(noise ** 2)) * level


def make(name, variables, turns, rows, by_id):
    languages = name.split("-")
    held, values = assign(name, variables, turns, rows, by_id)
    rng, nprng = random.Random(f"{SEED}/sound/{name}"), np.random.default_rng([SEED, *map(ord, name)])
    people = {}
    for k, (speaker, lang) in enumerate(zip(("officer", "interviewee"), languages)):
        base = BASE[lang][rng.randrange(len(BASE[lang]))]
        people[speaker] = {"name": f"{base}+{CAST[name][k]}", "base": base, "speed": rng.randint(*rng.choice(HELD_SPEEDS)),
                           "pitch": rng.randint(*HELD_PITCHES[k]), "range": 50}
    channels, segments, used = [[], []], [], {}
    at = int(1.2 * RATE)
    for (speaker, row_id, _), chosen in zip(turns, values):
        lang, other = languages if speaker == "officer" else languages[::-1]
        texts = render(rows[row_id], chosen)
        wave = speak(lang, texts[lang], people[speaker])
        if len(wave) > LONGEST * RATE:
            wave = speak(lang, texts[lang], {**people[speaker], "speed": 225})
        assert len(wave) <= (LONGEST + 0.5) * RATE, f"{name} {row_id} lasts {len(wave) / RATE:.1f} s"
        used[row_id] = used.get(row_id, 0) + 1
        segments.append({"id": row_id if used[row_id] == 1 else f"{row_id}.{used[row_id]}", "speaker": speaker, "lang": lang,
                         "start_ms": at * 1000 // RATE, "end_ms": (at + len(wave)) * 1000 // RATE,
                         "text": texts[lang], "translation": {other: texts[other]}})
        channels[0 if speaker == "officer" else 1].append((at, wave * rng.uniform(0.75, 1.0)))
        at += len(wave) + int(rng.uniform(0.7, 2.0) * RATE)
    tracks = np.zeros((at + RATE // 2, 2))
    for k in (0, 1):
        for start, wave in channels[k]:
            tracks[start:start + len(wave), k] += wave
    leak = 10 ** (-44 / 20)
    echo = lfilter(np.r_[np.zeros(80), 0.7, np.zeros(200), 0.3], [1], tracks, axis=0)
    tracks = tracks + leak * echo[:, ::-1]
    tracks *= 0.4
    for k in (0, 1):
        tracks[:, k] += room(len(tracks), nprng, 10 ** (-74 / 20))
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    soundfile.write(folder / "audio.flac", tracks.astype(np.float32), RATE, subtype="PCM_16")
    script = {"languages": languages, "channels": dict(zip(("officer", "interviewee"), languages)), "segments": segments}
    (folder / "script.json").write_text(json.dumps(script, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    slotted = sum(bool(v) for v in values)
    print(f"{name}: {len(segments)} turns, {len(tracks) / RATE / 60:.1f} min, {held} of {slotted} slot combinations held out, "
          f"longest {max(s['end_ms'] - s['start_ms'] for s in segments) / 1000:.1f} s")


def main():
    rows, by_id = {row["id"]: row for row in load_rows()}, slot_texts(load_slots())
    for name, (variables, turns) in composition().items():
        if len(sys.argv) < 2 or name in sys.argv[1:]:
            make(name, variables, turns, rows, by_id)


if __name__ == "__main__":
    main()
