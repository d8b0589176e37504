"""Writes the trained practice translator as a Hugging Face folder the program can import.

Takes the averaged weights of the last checkpoint, stores them as float16 when that changes
nothing that matters, and writes config, tokenizer, model.toml (with sizes and SHA-256) and,
once scores have been measured, MODEL_CARD.md.
"""

import argparse
import hashlib
import json
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import GenerationConfig, M2M100ForConditionalGeneration

import common
import mt_data
import mt_train

FILES = ["model.safetensors", "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json"]


def load(work):
    """The averaged model in float32, and the step it was taken at."""
    state = torch.load(work / "train.pt")
    model = M2M100ForConditionalGeneration(mt_train.config(state["vocab"]))
    with torch.no_grad():
        for p, average in zip(model.parameters(), state["average"]):
            p.copy_(average)
    return model.eval(), state["step"]


def halving_error(model):
    """Largest relative change that float16 makes to any weight tensor's norm; inf on overflow."""
    worst = 0.0
    for p in model.parameters():
        half = p.detach().half().float()
        if not torch.isfinite(half).all():
            return float("inf")
        worst = max(worst, ((half - p).norm() / p.norm().clamp_min(1e-12)).item())
    return worst


def save(model, work, out):
    out.mkdir(parents=True, exist_ok=True)
    if halving_error(model) < 1e-3:
        model = model.half()
    model.generation_config = GenerationConfig(
        decoder_start_token_id=2, bos_token_id=0, eos_token_id=2, pad_token_id=1, max_length=128,
        num_beams=4, length_penalty=1.0, early_stopping=False)
    model.save_pretrained(out)
    (out / "model.safetensors").chmod(0o644)
    tok = Tokenizer.from_file(str(work / "tokenizer.json"))
    tok.save(str(out / "tokenizer.json"), pretty=False)
    (out / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>",
        "unk_token": "<unk>", "mask_token": "<mask>", "clean_up_tokenization_spaces": False,
        "model_max_length": 254, "additional_special_tokens": list(mt_data.TOKENS.values()),
    }, indent=1) + "\n", encoding="utf-8")


def manifest(out):
    """model.toml: what the program needs to know and to check before it loads the folder."""
    lines = [
        'name = "practice-mt"', 'kind = "m2m100"', f"languages = {json.dumps(mt_data.LANGS)}",
        'license = "Apache-2.0"', 'source = "models/practice/recipe"', "practice = true",
        'description = "Small translator trained on the practice corpus only: for trying the program, never for casework."',
        "", "[language_tokens]", *(f'{lang} = "{token}"' for lang, token in mt_data.TOKENS.items())]
    for name in FILES:
        data = (out / name).read_bytes()
        lines += ["", "[[files]]", f'path = "{name}"', f"bytes = {len(data)}", f'sha256 = "{hashlib.sha256(data).hexdigest()}"']
    (out / "model.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


CARD = """# practice-mt: the practice kit's translator

A small M2M100-architecture model for {languages}, trained from random weights by
`models/practice/recipe/translation.sh` on the practice corpus and the project's glossary. The
program loads it exactly as it would load NLLB-200. **It knows only the practice corpus. Never
use it for casework**: it was not made for any other sentence, and was tested on none.

| | |
|---|---|
| shape | {shape} |
| parameters | {parameters:,} ({bytes:,} bytes, {dtype}) |
| vocabulary | {vocab} ids: byte-pair pieces, digits and punctuation always alone |
| data | `recordings/practice/corpus`: {rows} parallel rows, slots filled at random; the project's own text, unreviewed by native speakers |
| training | {steps} steps of 60 sentence pairs on one processor core |
| licence | Apache-2.0 |

## How it was trained

Every example is drawn afresh: a row with random names, places and numbers (one slot combination
in {held} is never drawn), two rows joined, a clause opened by a connecting word, a slot value or
number alone, or a term of the project's glossary. Half of the sources are damaged as a recogniser
might damage them. Targets are never damaged. The run was stopped and resumed several times and
the share of sentences with slots was raised on the way; a new run uses the last mix throughout,
so it gives like scores, not the same bytes.

## Scores

Measured by `mt_score.py` on the exported files, greedy decoding. The sentence patterns were all
seen in training; what was not seen is the slot values in their combination, and, for joined
sentences, which rows stand together. These figures say whether the program and the training work.
They say nothing about translation quality in the world.

{scores}

## Limits

- Sentence patterns outside the corpus, and names and places outside `slots.tsv`, were never
  trained on: expect some other sentence or name from the corpus in their place.
- Doubled figures and letters are its weak point: in long numbers one of a pair may be lost or added,
  most of all in the second of two joined sentences (see *joined slots*), and English words with a
  double letter may lose one. The program's own number check must stay on; one sentence a call is best.
- Burmese output is the weakest of the six: near-synonymous rows of the corpus get mixed up.
- The reference translations have not been reviewed by native speakers.
"""


def card(model, work, out, step):
    scores = (work / "scores.md").read_text(encoding="utf-8")
    c = model.config
    (out / "MODEL_CARD.md").write_text(CARD.format(
        languages=", ".join(mt_data.LANGS),
        shape=f"d_model {c.d_model}, {c.encoder_layers} encoder and {c.decoder_layers} decoder layers, "
              f"feed-forward {c.encoder_ffn_dim}, {c.encoder_attention_heads} heads",
        parameters=sum(p.numel() for p in model.parameters()), bytes=(out / "model.safetensors").stat().st_size,
        dtype=str(next(model.parameters()).dtype).removeprefix("torch."), vocab=c.vocab_size,
        rows=len(common.load_rows()), steps=step, held=common.HELD_OUT_ONE_IN, scores=scores), encoding="utf-8")


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--work", type=Path, required=True, help="folder of the training run")
    args.add_argument("--out", type=Path, required=True, help="folder to write, models/practice/mt")
    args.add_argument("--card", action="store_true", help="write only MODEL_CARD.md, from WORK/scores.md")
    args = args.parse_args()
    if args.card:
        model = M2M100ForConditionalGeneration.from_pretrained(args.out)
        card(model, args.work, args.out, json.loads((args.work / "exported.json").read_text())["step"])
        return
    model, step = load(args.work)
    save(model, args.work, args.out)
    manifest(args.out)
    (args.work / "exported.json").write_text(json.dumps({"step": step}) + "\n")
    print(f"step {step}: {(args.out / 'model.safetensors').stat().st_size} bytes in {args.out}")


if __name__ == "__main__":
    main()
