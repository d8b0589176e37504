"""Times our Whisper engine, whisper.cpp and faster-whisper (CTranslate2, int8) on random weights of the
stock shapes, in one run.

    python recognition_peer.py run FOLDER BINARY [SHAPE...]   BINARY: the built bench 'recognition'
    python recognition_peer.py set FOLDER BINARY [SHAPE[/N]...]
                                                              200 utterances of 1 to 12 s, or every Nth of them,
                                                              and peak memory
    python recognition_peer.py peer FOLDER SHAPE THREADS      faster-whisper alone, lines of JSON
    python recognition_peer.py peer-set FOLDER SHAPE THREADS N  the same over every Nth of the 200 utterances

Needs numpy, ctranslate2 and faster-whisper; FOLDER keeps the models (small: 0.8 GB). All engines work
greedily on the same number of tokens, on noise of 1, 3, 6, 12 and 30 s. faster-whisper always hears a
window of 30 s. Of the 200 utterances whisper.cpp hears every tenth (its window is the same for all), the
others hear all; ratios are of the time for the same utterances.
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

SHAPES = {"tiny": (384, 6, 4), "base": (512, 8, 6), "small": (768, 12, 12)}
UTTERANCES = [(1, 6), (3, 18), (6, 36), (12, 72), (30, 180)]
VOCABULARY, END, PROMPT = 51865, 50257, [50258, 50260, 50359, 50363]
RUNS = 3
RATE, SET = 16000, 200


def convert(shape, out):
    """Random weights as a CTranslate2 model in 8 bits."""
    import ctranslate2
    import numpy as np

    d, heads, layers = SHAPES[shape]
    rng = np.random.default_rng(7)
    spec = ctranslate2.specs.WhisperSpec(layers, heads, layers, heads)

    def norm(part):
        part.gamma, part.beta = np.ones(d, np.float32), np.zeros(d, np.float32)

    def linear(part, rows, columns):
        part.weight = rng.standard_normal((rows, columns), dtype=np.float32) * np.float32(columns**-0.5)
        part.bias = np.zeros(rows, np.float32)

    def conv(part, channels):
        part.weight = rng.standard_normal((d, channels, 3), dtype=np.float32) * np.float32((3 * channels) ** -0.5)
        part.bias = np.zeros(d, np.float32)

    conv(spec.encoder.conv1, 80)
    conv(spec.encoder.conv2, d)
    spec.encoder.position_encodings.encodings = rng.standard_normal((1500, d), dtype=np.float32)
    spec.decoder.position_encodings.encodings = rng.standard_normal((448, d), dtype=np.float32)
    table = rng.standard_normal((VOCABULARY, d), dtype=np.float32) * np.float32(d**-0.5)
    spec.decoder.embeddings.weight = table
    spec.decoder.projection.weight = table
    for side in (spec.encoder, spec.decoder):
        norm(side.layer_norm)
        for layer in side.layer:
            norm(layer.self_attention.layer_norm)
            linear(layer.self_attention.linear[0], 3 * d, d)
            linear(layer.self_attention.linear[1], d, d)
            if side is spec.decoder:
                norm(layer.attention.layer_norm)
                linear(layer.attention.linear[0], d, d)
                linear(layer.attention.linear[1], 2 * d, d)
                linear(layer.attention.linear[2], d, d)
            norm(layer.ffn.layer_norm)
            linear(layer.ffn.linear_0, 4 * d, d)
            linear(layer.ffn.linear_1, d, 4 * d)
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [], []
    spec.config.lang_ids = list(range(50259, 50358))
    spec.config.alignment_heads = [[layers - 1, 0]]
    names = {END: "<|endoftext|>", 50258: "<|startoftranscript|>", 50362: "<|nospeech|>", 50363: "<|notimestamps|>"}
    names.update({50359: "<|transcribe|>", 50358: "<|translate|>", 50361: "<|startofprev|>", 50360: "<|startoflm|>"})
    spec.register_vocabulary([names.get(i, f"p{i}") for i in range(VOCABULARY)])
    spec.validate()
    spec.optimize(quantization="int8")
    out.mkdir(parents=True, exist_ok=True)
    spec.save(str(out))


class Peer:
    """faster-whisper's engine on random weights, hearing noise."""

    def __init__(self, folder, shape, threads):
        import ctranslate2
        import numpy as np
        from faster_whisper.feature_extractor import FeatureExtractor

        model_folder = folder / f"ct2-{shape}"
        if not (model_folder / "model.bin").exists():
            # In a process of its own, so that what making it takes is not counted.
            subprocess.run([sys.executable, __file__, "convert", shape, model_folder], check=True)
        self.before = memory()
        self.view = ctranslate2.StorageView.from_array
        self.model = ctranslate2.models.Whisper(
            str(model_folder), device="cpu", compute_type="int8", intra_threads=threads)
        self.extractor = FeatureExtractor()
        self.np, self.rng = np, np.random.default_rng(3)

    def sound(self, samples):
        return self.rng.uniform(-0.3, 0.3, samples).astype(self.np.float32)

    def hear(self, sound, tokens):
        """Seconds: in all, until the first word, a token."""
        np, begun = self.np, time.perf_counter()
        features = self.extractor(sound)[:, :3000]
        features = np.pad(features, ((0, 0), (0, 3000 - features.shape[1])))
        encoded = self.model.encode(self.view(np.ascontiguousarray(features[None])))
        heard = time.perf_counter()
        found = self.model.generate(encoded, [PROMPT], beam_size=1, max_length=2 * tokens,  # it writes at most half of that
                                    suppress_blank=False, suppress_tokens=[END], max_initial_timestamp_index=0)
        ended = time.perf_counter()
        written = len(found[0].sequences_ids[0])
        assert abs(written - tokens) <= len(PROMPT), (written, tokens)
        token = (ended - heard) / (written + 1)
        return heard - begun + token * (tokens + 1), heard - begun, token


def peer(folder, shape, threads):
    engine = Peer(folder, shape, threads)
    for seconds, tokens in UTTERANCES:
        sound = engine.sound(seconds * RATE)
        total, hear, token = min(engine.hear(sound, tokens) for _ in range(RUNS + 1))
        print(json.dumps(dict(shape=shape, engine="faster-whisper", window=1500, threads=threads, seconds=seconds,
                              tokens=tokens, hear_ms=hear * 1e3, token_ms=token * 1e3, total_ms=total * 1e3,
                              memory_mb=memory() - engine.before)), flush=True)


def peer_set(folder, shape, threads, every):
    engine = Peer(folder, shape, threads)
    engine.hear(engine.sound(3 * RATE), 18)
    for n in range(0, SET, every):
        samples = RATE + 11 * RATE * (n * 77 % SET) // (SET - 1)
        tokens = -(-6 * samples // RATE)
        total, _, _ = engine.hear(engine.sound(samples), tokens)
        print(json.dumps(dict(shape=shape, engine="faster-whisper", threads=threads, samples=samples,
                              tokens=tokens, total_ms=total * 1e3, peak_mb=memory() - engine.before)), flush=True)


def memory():
    """Peak in MB of this program alone; what getrusage gives begins with that of whoever started it."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def run(folder, binary, shapes):
    folder.mkdir(parents=True, exist_ok=True)
    for shape in shapes:
        rows = lines([binary, "run", shape, folder])
        threads = rows[0]["threads"]
        rows += lines([sys.executable, __file__, "peer", folder, shape, threads])
        print(f"\n{shape}, {threads} threads: milliseconds for the utterance (first word; a token), memory")
        for seconds, tokens in UTTERANCES:
            here = {f"{r['engine']} {r['window']}" if r["engine"] == "whisper.cpp" else r["engine"]: r
                    for r in rows if r["seconds"] == seconds}
            ours = here["native"]
            print(f"  {seconds} s, {tokens} tokens:")
            for name, r in here.items():
                print(f"    {name:18} {r['total_ms']:8.0f} ({r['hear_ms']:.0f}; {r['token_ms']:.1f})"
                      f" {r['memory_mb']:6.0f} MB  {r['total_ms'] / ours['total_ms']:.2f}x ours{passes([r])}")


def run_set(folder, binary, shapes):
    folder.mkdir(parents=True, exist_ok=True)
    for shape in shapes:
        shape, _, n = shape.partition("/")
        n = int(n or 1)
        every = {"native": n, "whisper.cpp": max(n, 10), "whisper.cpp-8": max(n, 10)}
        rows = {engine: lines([binary, "set", shape, folder, engine, n]) for engine, n in every.items()}
        threads = rows["native"][0]["threads"]
        rows["faster-whisper"] = lines([sys.executable, __file__, "peer-set", folder, shape, threads, n])
        ours = {row["samples"]: row["total_ms"] for row in rows["native"]}
        print(f"\n{shape}, {threads} threads, {len(ours)} utterances of 1 to 12 s: seconds of sound a second, memory")
        for engine, found in rows.items():
            told = f"  {engine:16}"
            for name, part in [("below 6 s", lambda s: s < 6 * RATE), ("from 6 s", lambda s: s >= 6 * RATE)]:
                part = [row for row in found if part(row["samples"])]
                took = sum(row["total_ms"] for row in part)
                speed = sum(row["samples"] for row in part) / RATE / took * 1e3
                ratio = took / sum(ours[row["samples"]] for row in part)
                told += f" {name}: {speed:6.2f} ({len(part)}; ours {ratio:.2f}x);"
            print(told, f"{found[-1]['peak_mb']:.0f} MB{passes(found)}", flush=True)


def passes(rows):
    """What our engine does beside hearing and writing, and no peer in this bench: milliseconds an utterance."""
    rows = [row for row in rows if row.get("language_ms") is not None]
    if not rows:
        return ""
    language, align = (sum(row[key] for row in rows) / len(rows) for key in ("language_ms", "align_ms"))
    return f", beside that an utterance: language {language:.1f}, word times {align:.1f} ms"


def lines(command):
    found = subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in found.splitlines() if line.startswith("{")]


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["run", folder, binary, *shapes]:
            run(Path(folder), binary, shapes or list(SHAPES))
        case ["convert", shape, out]:
            convert(shape, Path(out))
        case ["set", folder, binary, *shapes]:
            run_set(Path(folder), binary, shapes or list(SHAPES))
        case ["peer", folder, shape, threads]:
            peer(Path(folder), shape, int(threads))
        case ["peer-set", folder, shape, threads, every]:
            peer_set(Path(folder), shape, int(threads), int(every))
        case _:
            print(__doc__)
