"""Times this engine and CTranslate2 (int8) on NLLB-600M's shape with random weights, in one run.

    python translation_peer.py make FOLDER            checkpoints with 256,206 and 40,000 rows (4 GB)
    python translation_peer.py run FOLDER BINARY      BINARY: the built bench 'translation'
    python translation_peer.py peer FOLDER THREADS    CTranslate2 alone, as one line of JSON

Needs numpy, safetensors and ctranslate2. 24 source tokens, 40 target tokens after the language token;
tokens a second of the translation, whatever the beam.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

ROWS = {"whole": 256206, "trimmed": 40000}
BITS = ["8", "6"]
D, FFN, LAYERS, HEADS = 1024, 4096, 12, 16
LANGUAGES = ["zho_Hans", "vie_Latn", "tha_Thai", "mya_Mymr", "lao_Laoo", "khm_Khmr", "eng_Latn"]
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]


def tokens(rows):
    pieces = [f"p{i}" for i in range(len(SPECIAL) + 1, rows - len(LANGUAGES))]
    return [*SPECIAL, "▁", *pieces, *LANGUAGES]


def make(folder, rows):
    import numpy as np
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)
    state = {"model.shared.weight": rng.standard_normal((rows, D), dtype=np.float32) * np.float32(0.05)}
    # The end and padding tokens never win, so every run has the same length.
    state["model.shared.weight"][1:3] = 0

    def norm(name):
        state[name + ".weight"], state[name + ".bias"] = np.ones(D, np.float32), np.zeros(D, np.float32)

    def linear(name, out, into):
        state[name + ".weight"] = rng.standard_normal((out, into), dtype=np.float32) * np.float32(into**-0.5)
        state[name + ".bias"] = np.zeros(out, np.float32)

    for side in ("encoder", "decoder"):
        for layer in range(LAYERS):
            name = f"model.{side}.layers.{layer}"
            for part in ["self_attn"] if side == "encoder" else ["self_attn", "encoder_attn"]:
                for projection in ("q_proj", "k_proj", "v_proj", "out_proj"):
                    linear(f"{name}.{part}.{projection}", D, D)
                norm(f"{name}.{part}_layer_norm")
            linear(f"{name}.fc1", FFN, D)
            linear(f"{name}.fc2", D, FFN)
            norm(f"{name}.final_layer_norm")
        norm(f"model.{side}.layer_norm")
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    config = dict(model_type="m2m_100", vocab_size=rows, d_model=D, encoder_layers=LAYERS, decoder_layers=LAYERS,
                  encoder_ffn_dim=FFN, decoder_ffn_dim=FFN, encoder_attention_heads=HEADS, decoder_attention_heads=HEADS,
                  max_position_embeddings=1024, scale_embedding=True, activation_function="relu", pad_token_id=1,
                  bos_token_id=0, eos_token_id=2, decoder_start_token_id=2)
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    names = tokens(rows)
    added = [dict(id=i, content=t, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
             for i, t in enumerate(names) if t in SPECIAL or t in LANGUAGES]
    space = dict(type="Metaspace", replacement="▁", prepend_scheme="always", split=True)
    vocab = {t: i for i, t in enumerate(names) if t not in LANGUAGES}
    tokenizer = dict(version="1.0", truncation=None, padding=None, added_tokens=added, normalizer=None, pre_tokenizer=space,
                     post_processor=None, decoder=space,
                     model=dict(type="BPE", dropout=None, unk_token="<unk>", continuing_subword_prefix=None,
                                end_of_word_suffix=None, fuse_unk=True, byte_fallback=False, ignore_merges=False,
                                vocab=vocab, merges=[]))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False))


def convert(folder, rows, out):
    """The same weights as a CTranslate2 model, filled in by hand: its converter wants a real tokenizer."""
    import ctranslate2
    import numpy as np
    from ctranslate2.specs import transformer_spec
    from safetensors import safe_open

    spec = transformer_spec.TransformerSpec.from_config((LAYERS, LAYERS), HEADS, pre_norm=True,
                                                        activation=ctranslate2.specs.Activation.RELU)
    file = safe_open(folder / "model.safetensors", "np")
    get = file.get_tensor

    def linear(target, *names):
        target.weight = np.concatenate([get(n + ".weight") for n in names])
        target.bias = np.concatenate([get(n + ".bias") for n in names])

    def norm(target, name):
        target.gamma, target.beta = get(name + ".weight"), get(name + ".bias")

    half = D // 2
    speeds = np.exp(np.arange(half) * -(np.log(10000) / (half - 1)))
    angles = np.arange(1026)[:, None] * speeds[None]
    positions = np.concatenate([np.sin(angles), np.cos(angles)], 1).astype(np.float32)[2:]
    for side, target in (("encoder", spec.encoder), ("decoder", spec.decoder)):
        target.scale_embeddings = True
        target.position_encodings.encodings = positions
        embedding = target.embeddings[0] if side == "encoder" else target.embeddings
        embedding.weight = get("model.shared.weight")
        norm(target.layer_norm, f"model.{side}.layer_norm")
        for i, layer in enumerate(target.layer):
            name = f"model.{side}.layers.{i}"
            own = f"{name}.self_attn"
            linear(layer.self_attention.linear[0], *(f"{own}.{p}_proj" for p in "qkv"))
            linear(layer.self_attention.linear[1], f"{own}.out_proj")
            norm(layer.self_attention.layer_norm, f"{own}_layer_norm")
            if side == "decoder":
                cross = f"{name}.encoder_attn"
                linear(layer.attention.linear[0], f"{cross}.q_proj")
                linear(layer.attention.linear[1], f"{cross}.k_proj", f"{cross}.v_proj")
                linear(layer.attention.linear[2], f"{cross}.out_proj")
                norm(layer.attention.layer_norm, f"{cross}_layer_norm")
            linear(layer.ffn.linear_0, f"{name}.fc1")
            linear(layer.ffn.linear_1, f"{name}.fc2")
            norm(layer.ffn.layer_norm, f"{name}.final_layer_norm")
    spec.decoder.projection.weight = get("model.shared.weight")
    spec.register_source_vocabulary(tokens(rows))
    spec.register_target_vocabulary(tokens(rows))
    spec.config.decoder_start_token = "</s>"
    spec.validate()
    spec.optimize(quantization="int8")
    out.mkdir()
    spec.save(str(out))


def memory_mb(field):
    # Not by getrusage: there a new process begins with the peak of the one that started it.
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1024


def peer(folder, threads):
    import ctranslate2

    before = memory_mb("VmRSS:")
    begun = time.perf_counter()
    model = ctranslate2.Translator(str(folder), compute_type="int8", inter_threads=1, intra_threads=threads)
    load = time.perf_counter() - begun
    source = ["zho_Hans", *(f"p{100 + i * 37}" for i in range(1, 23)), "</s>"]
    speeds = {}
    for beam in (1, 2, 4):
        seconds = []
        for _ in range(6):
            begun = time.perf_counter()
            result = model.translate_batch([source], target_prefix=[["vie_Latn"]], beam_size=beam,
                                           min_decoding_length=41, max_decoding_length=41, return_end_token=True)
            seconds.append(time.perf_counter() - begun)
        count = len(result[0].hypotheses[0]) - 1
        speeds[f"beam{beam}"] = count / sorted(seconds[1:])[2]
    peak = memory_mb("VmHWM:") - before
    print(json.dumps(dict(load_s=load, tokens_per_s=speeds, peak_mb=peak, tokens=count)))


def run(folder, binary):
    def line(*command):
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    import os

    threads = str(min(8, os.cpu_count()))
    for name in ROWS:
        for bits in BITS:
            small = folder / f"{name}-q{bits}"
            if not (small / "model.safetensors").exists():
                subprocess.run([binary, "shrink", str(folder / name), str(small), bits], check=True)
    other = folder / "whole-ct2"
    if not other.exists():
        convert(folder / "whole", ROWS["whole"], other)
    theirs = line(sys.executable, __file__, "peer", str(other), threads)
    print("CTranslate2 int8, whole:", json.dumps(theirs))
    for name in ROWS:
        for bits in BITS:
            ours = line(binary, "run", str(folder / f"{name}-q{bits}"))
            ratios = {b: round(v / theirs["tokens_per_s"][b], 2) for b, v in ours["tokens_per_s"].items()}
            shares = {b: round(v, 2) for b, v in ours["share_of_limit"].items()}
            print(f"this engine, {name}, {bits} bits:", json.dumps(ours))
            print(f"  times the peer's speed {ratios}, share of the limit of memory "
                  f"({ours['limit_tokens_per_s']:.0f} tokens/s) {shares}, "
                  f"share of the peer's peak memory {ours['peak_mb'] / theirs['peak_mb']:.2f}")


if __name__ == "__main__":
    verb, folder, *rest = sys.argv[1:]
    folder = Path(folder)
    if verb == "make":
        for name, rows in ROWS.items():
            make(folder / name, rows)
    elif verb == "peer":
        peer(folder, int(rest[0]))
    else:
        run(folder, rest[0])
