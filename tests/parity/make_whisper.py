"""Makes a small Whisper checkpoint with random weights, as Hugging Face ships them, and what
transformers makes of a sound.

    python make_whisper.py --out ../fixtures/whisper
    python make_whisper.py --out FOLDER --large       the shape of Whisper base, for tests/parity_whisper.rs

Needs torch and transformers. The window of the small one is 4 s. Its weights are of a few values only,
so that the file packs well; vocab.json is left to the test, whose letters do not matter here.
"""
import argparse
import json
import math
import pathlib
import wave

import numpy
import torch
from safetensors.torch import save_file
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

SMALL = {"d_model": 16, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
         "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "max_source_positions": 200, "max_target_positions": 64}
LARGE = {"d_model": 512, "encoder_layers": 6, "decoder_layers": 6, "encoder_attention_heads": 8, "decoder_attention_heads": 8,
         "encoder_ffn_dim": 2048, "decoder_ffn_dim": 2048, "max_source_positions": 1500, "max_target_positions": 448}
# Start, Lao, transcribe, no timestamps, then tokens that nobody chose.
TOKENS = [50258, 50336, 50359, 50363, 11, 4000, 257, 33333, 50256, 7]
EVERY = 499


def sound(seconds):
    """Sweeps, noise and a pause, 16 kHz, 16 bit."""
    t = numpy.arange(int(16000 * seconds)) / 16000
    x = 0.4 * numpy.sin(2 * math.pi * (150 * t + 700 * t * t)) * (numpy.sin(6 * t) > -0.5)
    x += 0.05 * numpy.random.default_rng(3).standard_normal(len(t)) * (t % 0.6 > 0.1)
    return (numpy.clip(x, -1, 1) * 32767).astype(numpy.int16)


def main():
    asked = argparse.ArgumentParser()
    asked.add_argument("--out", type=pathlib.Path, required=True)
    asked.add_argument("--large", action="store_true")
    args = asked.parse_args()
    shape = LARGE if args.large else SMALL
    torch.manual_seed(5)
    config = WhisperConfig(vocab_size=51865, num_mel_bins=80, **shape)
    model = WhisperForConditionalGeneration(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1:
                spread = (1.2 if "embed" not in name else 1.0) / math.sqrt(parameter[0].numel())
                step = spread / 2
                parameter.copy_((torch.randn_like(parameter) * spread / step).round().clamp(-6, 6) * step)
            else:
                parameter.add_((torch.randn_like(parameter) * 6).round() / 64)
            parameter.copy_(parameter.half().float())
    pcm = sound(3.1)
    extractor = WhisperFeatureExtractor(feature_size=80, chunk_length=shape["max_source_positions"] // 50)
    heard = extractor(pcm.astype(numpy.float32) / 32768, sampling_rate=16000, return_tensors="pt").input_features
    with torch.no_grad():
        logits = model(input_features=heard, decoder_input_ids=torch.tensor([TOKENS])).logits[0]
    args.out.mkdir(parents=True, exist_ok=True)
    config.architectures = ["WhisperForConditionalGeneration"]
    config.save_pretrained(args.out)
    # The output shares the words' rows, and is not stored twice.
    state = {k: v.half().contiguous() for k, v in model.state_dict().items() if k != "proj_out.weight"}
    save_file(state, args.out / "model.safetensors")
    with wave.open(str(args.out / "sound.wav"), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16000)
        out.writeframes(pcm.tobytes())
    expected = {
        "tokens": TOKENS,
        "every": EVERY,
        "likeliest": logits.argmax(-1).tolist(),
        "logits": [[round(float(v), 5) for v in row[::EVERY]] for row in logits],
    }
    (args.out / "expected.json").write_text(json.dumps(expected), encoding="utf-8")
    print("spread of the logits", round(float(logits.std()), 3))


main()
