"""Makes small wav2vec2 checkpoints with random weights and what transformers makes of a sound.

    python make_wav2vec2.py --out ../fixtures/wav2vec2
    python make_wav2vec2.py --out FOLDER --large      a 300M-like shape, for tests/parity_wav2vec2.rs

Needs torch and transformers. Every shape differs in what checkpoints differ in: norms of the
convolutions over time (group) or at each moment (layer), norms before or behind a block's parts,
offsets, weight norm, and MMS's small layers for a language in a file of their own. The weights are
scaled up so that a wrong step shows; the sound is made here too.
"""
import argparse
import json
import math
import pathlib
import wave

import numpy
import torch
from safetensors.torch import save_file
from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

LETTERS = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ກຂຄງຈສຊຍດຕຖທ", *"កខគឃង", *"ကခဂဃင", *"กขคง", *"aăâbc", *"我是人"]
CONVOLUTIONS = {"conv_kernel": [10, 3, 3, 3, 3, 2, 2], "conv_stride": [5, 2, 2, 2, 2, 2, 2]}
SMALL = {"hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 96, "conv_dim": [24] * 7,
         "num_conv_pos_embeddings": 32, "num_conv_pos_embedding_groups": 4, **CONVOLUTIONS}
LARGE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096, "conv_dim": [512] * 7,
         "num_conv_pos_embeddings": 128, "num_conv_pos_embedding_groups": 16, **CONVOLUTIONS}
SHAPES = {
    "group": {"feat_extract_norm": "group", "do_stable_layer_norm": False, "conv_bias": False},
    "layer": {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True},
    "adapter": {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True, "adapter_attn_dim": 16},
}


def sound(seconds):
    """Sweeps, noise and a pause, 16 kHz, 16 bit."""
    t = numpy.arange(int(16000 * seconds)) / 16000
    x = 0.4 * numpy.sin(2 * math.pi * (200 * t + 900 * t * t)) * (numpy.sin(7 * t) > -0.4)
    x += 0.05 * numpy.random.default_rng(7).standard_normal(len(t)) * (t % 0.5 > 0.1)
    return (numpy.clip(x, -1, 1) * 32767).astype(numpy.int16)


def make(folder, name, base, pcm, seed):
    torch.manual_seed(seed)
    config = Wav2Vec2Config(vocab_size=len(LETTERS), pad_token_id=0, bos_token_id=1, eos_token_id=2, **base, **SHAPES[name])
    model = Wav2Vec2ForCTC(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(0, 1.2 / math.sqrt(parameter[0].numel()))
            else:
                parameter.add_(torch.randn_like(parameter) * 0.1)
        model.lm_head.weight.mul_(3)
        x = torch.from_numpy(pcm.astype(numpy.float32) / 32768)
        x = (x - x.mean()) / torch.sqrt(x.var(unbiased=False) + 1e-7)
        logits = model(x[None]).logits[0]
    folder.mkdir(parents=True, exist_ok=True)
    config.architectures = ["Wav2Vec2ForCTC"]
    config.save_pretrained(folder)
    state = {k: v.contiguous() for k, v in model.state_dict().items()}
    vocabulary = {letter: i for i, letter in enumerate(LETTERS)}
    if "adapter_attn_dim" in SHAPES[name]:
        own = {k: v for k, v in state.items() if "adapter_layer" in k or k.startswith("lm_head")}
        save_file(own, folder / "adapter.lao.safetensors")
        # What stands in the model's own file belongs to another language.
        state = {k: (v + 0.5 if k in own else v) for k, v in state.items()}
        vocabulary = {"lao": vocabulary, "eng": {letter: i for i, letter in enumerate(reversed(LETTERS))}}
    save_file(state, folder / "model.safetensors")
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    ids, last, text = logits.argmax(-1).tolist(), 0, ""
    for i in ids:
        if i != last and i > 3:
            text += " " if LETTERS[i] == "|" else LETTERS[i]
        last = i
    every = max(1, len(ids) // 12)
    rows = {str(i): [round(float(v), 5) for v in logits[i]] for i in range(0, len(ids), every)}
    (folder / "expected.json").write_text(json.dumps({"frames": len(ids), "greedy": ids, "text": text, "logits": rows}, ensure_ascii=False), encoding="utf-8")
    print(name, len(ids), "frames,", len(text), "letters, spread of the logits", round(float(logits.std()), 2))


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--out", type=pathlib.Path, required=True)
    ask.add_argument("--large", action="store_true")
    a = ask.parse_args()
    pcm = sound(6 if a.large else 1.7)
    for seed, name in enumerate(SHAPES):
        make(a.out / name, name, LARGE if a.large else SMALL, pcm, seed)
    with wave.open(str(a.out / "sound.wav"), "wb") as file:
        file.setparams((1, 2, 16000, len(pcm), "NONE", ""))
        file.writeframes(pcm.tobytes())


if __name__ == "__main__":
    main()
