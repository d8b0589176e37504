"""Writes the trained recognizer as a ggml file whisper.cpp 1.8.3 loads unchanged, with its description.

    python asr_export.py            # models/practice/asr/model.bin and model.toml

The description carries the error rates that asr_score.py measured on this checkpoint, if it did.

Matrices are stored as Q8_0 (blocks of 32 with one scale), convolutions as 16-bit and the
rest as 32-bit floats. The vocabulary is the openai-whisper package's multilingual one;
tokens the practice corpus never uses all get the one embedding learned for them.
"""
import argparse
import base64
import hashlib
import json
import struct
from pathlib import Path

import numpy as np
import torch
import whisper

from asr_data import filters
from asr_model import Recognizer
from common import ROOT, SPOKEN, WORK

OUT = ROOT / "models" / "practice" / "asr"
F32, F16, Q8_0 = 0, 1, 8
MOSTLY_Q8_0 = 7 + 2 * 1000  # file type with the quantisation version, as whisper.cpp's own tool writes it
MAX_UTTERANCE_MS = 7000


def quantise(array):
    """Rows of floats to Q8_0: per 32 values a 16-bit scale and 32 signed bytes."""
    blocks = array.reshape(-1, 32).astype(np.float32)
    scale = (np.abs(blocks).max(1) / 127).astype(np.float16)
    steps = np.where(scale > 0, scale.astype(np.float32), 1)[:, None]
    whole = np.clip(np.rint(blocks / steps), -127, 127).astype(np.int8)
    return np.concatenate([scale[:, None].view(np.uint8), whole.view(np.uint8)], axis=1).tobytes()


def put(out, name, array, kind):
    """One tensor: header, name, data; ggml lists the fastest dimension first."""
    label = name.encode()
    out.write(struct.pack("<3i", array.ndim, len(label), kind))
    out.write(struct.pack(f"<{array.ndim}i", *array.shape[::-1]))
    out.write(label)
    out.write(quantise(array) if kind == Q8_0 else array.astype(np.float16 if kind == F16 else np.float32).tobytes())


def tensors(model):
    """(name, array, kind) in whisper's naming; the embedding is spread to the whole vocabulary."""
    vocab = model.dims["n_vocab"]
    rows = model.decoder.embedding.detach()
    table = rows[-1].repeat(vocab, 1)
    table[model.decoder.used] = rows[:-1]
    yield "decoder.token_embedding.weight", table.numpy(), Q8_0
    for name, value in model.state_dict().items():
        if name.startswith("helper") or name in ("decoder.embedding", "decoder.used"):
            continue
        array = value.float().numpy()
        if name.startswith("encoder.conv") and name.endswith("bias"):
            array = array[:, None]
        kind = F32
        if "conv" in name and name.endswith("weight"):
            kind = F16
        elif array.ndim == 2 and name.endswith("weight"):
            kind = Q8_0
        yield name, array, kind


def load(path):
    saved = torch.load(path, weights_only=False, map_location="cpu")
    model = Recognizer(saved["used"], len(saved["phones"]))
    model.load_state_dict(saved["model"])
    return model.eval(), saved


def write(model, path):
    d = model.dims
    with open(path, "wb") as out:
        out.write(struct.pack("<i", 0x67676D6C))
        out.write(struct.pack("<11i", d["n_vocab"], d["n_audio_ctx"], d["n_audio_state"], d["n_audio_head"], d["n_audio_layer"],
                              d["n_text_ctx"], d["n_text_state"], d["n_text_head"], d["n_text_layer"], d["n_mels"], MOSTLY_Q8_0))
        mel = filters()
        out.write(struct.pack("<2i", *mel.shape))
        out.write(mel.tobytes())
        ranks = (Path(whisper.__file__).parent / "assets" / "multilingual.tiktoken").read_bytes().splitlines()
        words = [base64.b64decode(line.split()[0]) for line in ranks if line]
        out.write(struct.pack("<i", len(words)))
        for word in words:
            out.write(struct.pack("<i", len(word)) + word)
        for name, array, kind in tensors(model):
            put(out, name, array, kind)


def restored(blocks, shape):
    """The inverse of quantise: the floats that the blocks stand for, in this shape."""
    raw = np.frombuffer(blocks, np.uint8).reshape(-1, 34)
    return (raw[:, :2].copy().view(np.float16).astype(np.float32) * raw[:, 2:].copy().view(np.int8)).reshape(shape)


def read(path):
    """What write() wrote: (tokens in use, weights by their names in Recognizer, without the helper head)."""
    data = memoryview(Path(path).read_bytes())
    at = 4 + 11 * 4
    rows, bands = struct.unpack_from("<2i", data, at)
    at += 8 + 4 * rows * bands
    words, = struct.unpack_from("<i", data, at)
    at += 4
    for _ in range(words):
        at += 4 + struct.unpack_from("<i", data, at)[0]
    found = {}
    while at < len(data):
        dims, label, kind = struct.unpack_from("<3i", data, at)
        shape = struct.unpack_from(f"<{dims}i", data, at + 12)[::-1]
        at += 12 + 4 * dims
        name = bytes(data[at:at + label]).decode()
        at += label
        count = int(np.prod(shape))
        size = {F32: 4 * count, F16: 2 * count, Q8_0: count // 32 * 34}[kind]
        block = data[at:at + size]
        at += size
        array = restored(block, shape) if kind == Q8_0 else np.frombuffer(block, np.float16 if kind == F16 else np.float32).reshape(shape)
        found[name] = torch.from_numpy(array.astype(np.float32))
    table = found.pop("decoder.token_embedding.weight")
    # Most rows are the one that all tokens out of use share: the one in the middle of the sorted first column.
    shared = table[table[:, 0].sort().indices[len(table) // 2]]
    used = (table != shared).any(1).nonzero().flatten().tolist()
    found["decoder.embedding"] = torch.cat([table[used], shared[None]])
    found["decoder.used"] = torch.tensor(used)
    for name in [n for n in found if n.startswith("encoder.conv") and n.endswith("bias")]:
        found[name] = found[name].flatten()
    return used, found


def error_rates(step):
    """The clean scores of this very checkpoint as tables of model.toml; nothing where it was not scored."""
    path = WORK / "asr_score.json"
    scores = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if scores.get("step") != step:
        return ""
    return "".join(f"""
[error_rates.{lang}]
unit = "characters"
percent = {scores["clean"][lang]["cer"]}
source = "held-out sentences of the practice corpus by held-out synthetic voices, recipe/asr_score.py"
""" for lang in SPOKEN)


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--checkpoint", default=str(WORK / "asr.pt"))
    ask.add_argument("--out", default=str(OUT))
    a = ask.parse_args()
    folder = Path(a.out)
    folder.mkdir(parents=True, exist_ok=True)
    model, saved = load(a.checkpoint)
    part = folder / "model.part"
    write(model, part)
    part.replace(folder / "model.bin")
    data = (folder / "model.bin").read_bytes()
    (folder / "model.toml").write_text(f"""name = "practice-asr"
kind = "whisper-ggml"
languages = ["zh", "vi", "th", "my", "lo", "km"]
license = "Apache-2.0"
source = "models/practice/recipe"
practice = true
description = "Small Whisper-architecture recognizer trained from scratch on synthesised speech of the practice corpus. Knows only that corpus; never for casework."
max_utterance_ms = {MAX_UTTERANCE_MS}        # what its window holds, with margin
{error_rates(saved["step"])}
[[files]]
path = "model.bin"
bytes = {len(data)}
sha256 = "{hashlib.sha256(data).hexdigest()}"
""", encoding="utf-8")
    print(f"step {saved['step']}: {len(data) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
