"""How long a line takes in a live session with models of a size for casework, beside whisper.cpp's own
command-line program followed by CTranslate2 on the same utterances.

    python live_peer.py FOLDER MEKONG WHISPER_CLI [SECONDS]

FOLDER keeps the models (5 GB), MEKONG is this program, WHISPER_CLI the program examples/cli of a built
whisper.cpp, SECONDS of each of two practice interviews are played (usual: 60). Needs numpy, safetensors and
ctranslate2.

The weights are random, in the shapes of Whisper small (f16) and NLLB-600M (8 bits, all 256,206 rows). The
speech model's positions are laid so that it writes the same twelve Chinese characters about whatever it hears, and then
its end; the translator always writes 24 tokens. So both sides do the same work on every utterance.

Ours: an interview is played in real time into `mekong record`; counted is the time from the end of an
utterance to its translation on standard output, waiting in line and all. Theirs: whisper.cpp is started on
a file with the utterance, greedily, without its second tries, then CTranslate2 (int8, loaded before, a beam
of four like ours) translates as many tokens; nothing else runs meanwhile.
"""

import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import wave
from datetime import datetime
from pathlib import Path

import translation_peer as nllb

KIT = Path(__file__).resolve().parents[2]
INTERVIEWS = ("zh-vi", "zh-my")
WIDTH, HEADS, LAYERS, VOCABULARY, END = 768, 12, 12, 51865, 50257
SAID = [chr(0x9A00 + 37 * i) for i in range(12)]
FIRST = 1000  # the token of the first of them
BLANK = 220  # that of a single space
WRITTEN = 25  # tokens of a translation, its language included
QUIET = 20  # seconds before anybody speaks: the models are loaded by then
LANGUAGES = ["zh", "vi", "my"]


def pieces(rows):
    """Single characters, which need no merges, and places up to the real vocabulary's size."""
    known = [*nllb.SPECIAL, "▁", *SAID]
    rest = [f"p{i}" for i in range(len(known), rows - len(nllb.LANGUAGES))]
    return [*known, *rest, *nllb.LANGUAGES]


def whisper(path):
    """A ggml file of the small shape."""
    import numpy as np

    rng = np.random.default_rng(5)
    with path.open("wb") as out:
        sizes = [0x67676D6C, VOCABULARY, 1500, WIDTH, HEADS, LAYERS, 448, WIDTH, HEADS, LAYERS, 80, 1]
        out.write(struct.pack("<12I", *sizes))
        bands = np.abs(np.arange(201)[None] // 2 - np.arange(80)[:, None]) < 2
        out.write(struct.pack("<2I", 80, 201) + (bands * 0.01).astype("<f4").tobytes())
        out.write(struct.pack("<I", END))
        for token in range(END):
            inside = FIRST <= token < FIRST + len(SAID)
            text = SAID[token - FIRST] if inside else " " if token == BLANK else f"{token:x} "
            text = text.encode()
            out.write(struct.pack("<I", len(text)) + text)

        def tensor(name, values, half):
            out.write(struct.pack("<3I", values.ndim, len(name), half))
            out.write(struct.pack(f"<{values.ndim}I", *reversed(values.shape)) + name.encode())
            out.write(values.astype("<f2" if half else "<f4").tobytes())

        def uniform(*shape, into):
            return rng.uniform(-1, 1, shape).astype(np.float32) * np.float32((3 / into) ** 0.5)

        def norm(name):
            tensor(f"{name}.weight", np.ones(WIDTH, np.float32), 0)
            tensor(f"{name}.bias", np.zeros(WIDTH, np.float32), 0)

        def linear(name, into, rows):
            tensor(f"{name}.weight", uniform(rows, into, into=into), 1)
            if not name.endswith("key"):
                tensor(f"{name}.bias", np.zeros(rows, np.float32), 0)

        tensor("encoder.positional_embedding", uniform(1500, WIDTH, into=WIDTH), 0)
        for name, into in (("encoder.conv1", 80), ("encoder.conv2", WIDTH)):
            tensor(f"{name}.weight", uniform(WIDTH, into, 3, into=3 * into), 1)
            tensor(f"{name}.bias", np.zeros((WIDTH, 1), np.float32), 0)
        norm("encoder.ln_post")
        table = uniform(VOCABULARY, WIDTH, into=WIDTH)
        positions = uniform(448, WIDTH, into=WIDTH)
        # After the prompt of four tokens each position weighs so much that its own token is written.
        for place, token in enumerate([*range(FIRST, FIRST + len(SAID)), END]):
            positions[3 + place] = 2000 * table[token]
        tensor("decoder.positional_embedding", positions, 0)
        tensor("decoder.token_embedding.weight", table, 1)
        norm("decoder.ln")
        for side, parts in (("encoder", ["attn"]), ("decoder", ["attn", "cross_attn"])):
            for layer in range(LAYERS):
                block = f"{side}.blocks.{layer}"
                for part in parts:
                    for which in ("query", "key", "value", "out"):
                        linear(f"{block}.{part}.{which}", WIDTH, WIDTH)
                    norm(f"{block}.{part}_ln")
                linear(f"{block}.mlp.0", WIDTH, 4 * WIDTH)
                linear(f"{block}.mlp.2", 4 * WIDTH, WIDTH)
                norm(f"{block}.mlp_ln")


def card(folder, name, kind, weights):
    files = [weights, *(p.name for p in sorted(folder.iterdir()) if p.name not in (weights, "model.toml"))]
    text = [f'name = "{name}"', f'kind = "{kind}"', f"languages = {json.dumps(LANGUAGES)}",
            'license = "none"', 'source = "random"', 'description = "random weights, for measuring"']
    if kind == "m2m100":
        text += ["[language_tokens]", 'zh = "zho_Hans"', 'vi = "vie_Latn"', 'my = "mya_Mymr"']
    for file in files:
        with (folder / file).open("rb") as f:
            digest = hashlib.file_digest(f, "sha256").hexdigest()
        size = (folder / file).stat().st_size
        text += ["[[files]]", f'path = "{file}"', f"bytes = {size}", f'sha256 = "{digest}"']
    (folder / "model.toml").write_text("\n".join(text) + "\n")


def run(mekong, workspace, *args, **more):
    command = [mekong, "--workspace", workspace, *args]
    return subprocess.run([str(c) for c in command], check=True, stdout=subprocess.PIPE, env=environment(), **more)


def environment():
    return {**os.environ, "MEKONG_KIT": str(KIT)}


def prepare(folder, mekong):
    """A workspace with both models, and the peer's translator."""
    nllb.tokens = pieces
    workspace = folder / "workspace"
    speech, whole = workspace / "models/random-speech", workspace / "models/random-whole"
    other = folder / "ct2"
    if not (workspace / "models/random-mt/model.toml").exists():
        for stale in (workspace, other):
            shutil.rmtree(stale, ignore_errors=True)
        speech.mkdir(parents=True)
        whisper(speech / "model.bin")
        card(speech, "random-speech", "whisper-ggml", "model.bin")
        nllb.make(whole, nllb.ROWS["whole"])
        nllb.convert(whole, nllb.ROWS["whole"], other)
        card(whole, "random-whole", "m2m100", "model.safetensors")
        run(mekong, workspace, "models", "trim", "random-whole", "--whole-vocabulary", "--to", "random-mt")
        shutil.rmtree(whole)
    (workspace / "config.toml").write_text(
        f'engine = "native"\nspeech_model = "random-speech"\ntranslation_model = "random-mt"\nmax_tokens = {WRITTEN}\n')
    return workspace, speech / "model.bin", other


def sound(mekong, interview, seconds, path):
    """Both channels of an interview, after some seconds of silence."""
    with tempfile.TemporaryDirectory() as seed:
        languages = interview.replace("-", ",")
        audio = KIT / "recordings/practice" / interview / "audio.flac"
        done = run(mekong, seed, "import", audio, "--languages", languages, "--json", stderr=subprocess.DEVNULL)
        recording = Path(seed) / "recordings" / json.loads(done.stdout)[0]["id"]
        channels = []
        for n in (0, 1):
            with wave.open(str(recording / f"working-{n}.wav")) as f:
                channels.append(f.readframes(seconds * 16000))
    with wave.open(str(path), "wb") as f:
        f.setparams((2, 2, 16000, 0, "NONE", ""))
        f.writeframes(bytes(4 * 16000 * QUIET))
        frames = zip(*(zip(c[0::2], c[1::2]) for c in channels))
        f.writeframes(bytes(b for frame in frames for sample in frame for b in sample))


def live(mekong, workspace, interview, path, seconds, scratch):
    """Waits of each line, and each line's sound in a file."""
    first, second = interview.split("-")
    command = [mekong, "--workspace", workspace, "record", "--languages", f"{first},{second}", "--json",
               "--channels", f"officer={first},interviewee={second}", "--device", f"file:{path}",
               "--for", seconds + QUIET]
    child = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True, env=environment())
    came = []
    for line in child.stdout:
        came.append((time.time(), json.loads(line)))
    assert child.wait() == 0
    newest = max((workspace / "recordings").iterdir(), key=lambda p: p.stat().st_mtime)
    with (newest / "journal.jsonl").open() as f:
        began = datetime.fromisoformat(json.loads(f.readline())["wall"]).timestamp()
    waits, files = [], []
    for number, (at, line) in enumerate(came):
        assert line["text"] == "".join(SAID), line
        ended = line["end_ms"] / 1000 - 0.2  # what is kept after the last voice
        waits.append(at - began - ended)
        channel = 0 if line["speaker"] == "officer" else 1
        with wave.open(str(newest / f"working-{channel}.wav")) as f:
            f.setpos(line["start_ms"] * 16)
            pcm = f.readframes((line["end_ms"] - line["start_ms"]) * 16)
        files.append(scratch / f"{interview}-{number}.wav")
        with wave.open(str(files[-1]), "wb") as f:
            f.setparams((1, 2, 16000, 0, "NONE", ""))
            f.writeframes(pcm)
    shutil.rmtree(newest)
    return waits, files


def peer(cli, model, translator, files):
    """Seconds of each file, with and without whisper.cpp's loading of its model."""
    import ctranslate2

    threads = min(8, os.cpu_count())
    engine = ctranslate2.Translator(str(translator), compute_type="int8", inter_threads=1, intra_threads=threads)
    source = ["zho_Hans", "▁", *SAID, "</s>"]
    translate = lambda: engine.translate_batch(
        [source], target_prefix=[["vie_Latn"]], beam_size=4, min_decoding_length=WRITTEN,
        max_decoding_length=WRITTEN, return_end_token=True)
    translate()
    whole, loaded, parts = [], [], []
    for file in files:
        begun = time.perf_counter()
        done = subprocess.run([cli, "-m", model, "-f", file, "-l", "zh", "-t", str(threads), "-nt", "-nf", "-bs", "1",
                               "-bo", "1"], capture_output=True, text=True, check=True)
        heard = time.perf_counter()
        assert "".join(SAID) in done.stdout, done.stdout
        translate()
        ended = time.perf_counter()
        load = float(re.search(r"load time\s*=\s*([\d.]+)", done.stderr)[1]) / 1000
        whole.append(ended - begun)
        loaded.append(ended - begun - load)
        parts.append((heard - begun, ended - heard))
    return whole, loaded, parts


def share(values, part):
    return sorted(values)[round((len(values) - 1) * part)]


def main(folder, mekong, cli, seconds):
    mekong = Path(mekong).resolve()
    workspace, model, translator = prepare(folder, mekong)
    waits, files = [], []
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        for interview in INTERVIEWS:
            path = scratch / f"{interview}.wav"
            sound(mekong, interview, seconds, path)
            more = live(mekong, workspace, interview, path, seconds, scratch)
            waits += more[0]
            files += more[1]
        whole, loaded, parts = peer(cli, model, translator, files)
    cpu = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?")
    print(f"machine: {cpu}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"shapes: Whisper small (width {WIDTH}, {LAYERS}+{LAYERS} layers, f16), {len(SAID)} tokens an utterance; "
          f"NLLB-600M (width {nllb.D}, {nllb.LAYERS}+{nllb.LAYERS} layers, {nllb.ROWS['whole']} rows, 8 bits), "
          f"{WRITTEN - 1} tokens, beam 4; {len(waits)} utterances")
    print(f"end of an utterance to its translation, live: {share(waits, 0.5):.2f} s median, {share(waits, 0.95):.2f} s for 95 of 100")
    hear, write = (share([p[i] for p in parts], 0.5) for i in (0, 1))
    print(f"whisper.cpp, then CTranslate2: {share(whole, 0.5):.2f} s median ({hear:.2f} and {write:.2f}), "
          f"{share(whole, 0.95):.2f} s for 95 of 100; {share(loaded, 0.5):.2f} s median without whisper.cpp's loading")
    print(f"ratio (to reach: 0.5): {share(waits, 0.5) / share(whole, 0.5):.2f} at the median, "
          f"{share(waits, 0.95) / share(whole, 0.95):.2f} for 95 of 100; without the loading "
          f"{share(waits, 0.5) / share(loaded, 0.5):.2f} and {share(waits, 0.95) / share(loaded, 0.95):.2f}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case [folder, mekong, cli, *seconds]:
            main(Path(folder).resolve(), mekong, cli, int(seconds[0]) if seconds else 60)
        case _:
            print(__doc__)
