"""Trains the practice translator from random weights; resumable, on one processor core.

An M2M100 model small enough to learn the practice corpus in about an hour. The examples
hardly ever repeat exactly, so there is no dropout.
Examples are drawn afresh all the time (see mt_data.py). Each source sentence is encoded
once and decoded into several languages, which saves most of the encoder's work. The
forward and backward passes run in bfloat16 over float32 master weights; the last part
runs in float32. A moving average of the weights is what gets exported.
"""

import argparse
import json
import math
import os
import random
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from transformers import M2M100Config, M2M100ForConditionalGeneration

import common
import mt_data

PAD, EOS = 1, 2


def config(vocab):
    return M2M100Config(
        vocab_size=vocab, d_model=256, encoder_layers=3, decoder_layers=3,
        encoder_ffn_dim=768, decoder_ffn_dim=768, encoder_attention_heads=4, decoder_attention_heads=4,
        encoder_layerdrop=0.0, decoder_layerdrop=0.0, dropout=0.0, attention_dropout=0.0,
        activation_dropout=0.0, max_position_embeddings=256, scale_embedding=True,
        tie_word_embeddings=True, pad_token_id=PAD, bos_token_id=0, eos_token_id=EOS,
        decoder_start_token_id=EOS, activation_function="relu",
        attn_implementation="eager")  # on a processor its backward pass is far quicker than the fused one's


class Batches:
    """Endless batches: (source ids, [target ids]) with every source going into `fan` languages."""

    LIMIT = 120  # tokens a side; longer examples are dropped

    def __init__(self, tokenizer, rows, seed, sources, fan):
        self.exact = Tokenizer.from_file(str(tokenizer))
        # Random splits of the source's pieces make the model less sure of one segmentation.
        self.loose = Tokenizer.from_file(str(tokenizer))
        self.loose.model.dropout = 0.08
        self.lang_id = {lang: self.exact.token_to_id(tok) for lang, tok in mt_data.TOKENS.items()}
        self.sampler = mt_data.Sampler(rows, seed)
        self.noise = mt_data.Noise(rows)
        self.rng = random.Random(seed + 1)
        self.sources, self.fan = sources, fan

    def example(self):
        rng, texts = self.rng, self.sampler.draw()
        # English is only a bridge for reviewers: the six get most of the training.
        langs = [lang for lang in mt_data.LANGS if lang in texts and (lang != "en" or rng.random() < 0.4)]
        source = rng.choice(langs)
        others = [lang for lang in langs if lang != source]
        targets = rng.sample(others, min(self.fan, len(others)))
        targets += [rng.choice(others) for _ in range(self.fan - len(targets))]
        text = texts[source]
        if rng.random() < 0.5:
            text = self.noise(text, source, rng)
        tok = self.loose if rng.random() < 0.3 else self.exact
        src = [self.lang_id[source]] + tok.encode(text, add_special_tokens=False).ids + [EOS]
        tgt = [[EOS, self.lang_id[t]] + self.exact.encode(texts[t], add_special_tokens=False).ids + [EOS]
               for t in targets]
        return src, tgt

    def pool(self, batches=32):
        """Several batches at once, sorted by length so that little is padding."""
        examples = []
        while len(examples) < self.sources * batches:
            src, tgt = self.example()
            if max(len(src), *map(len, tgt)) <= self.LIMIT:
                examples.append((src, tgt))
        examples.sort(key=lambda e: (max(map(len, e[1])), len(e[0])))
        groups = [examples[i:i + self.sources] for i in range(0, len(examples), self.sources)]
        self.rng.shuffle(groups)
        return groups


def pad(seqs):
    width = max(map(len, seqs))
    return torch.tensor([s + [PAD] * (width - len(s)) for s in seqs])


def loss_of(model, group, fan, smoothing):
    src = pad([s for s, _ in group])
    tgt = pad([t[k] for k in range(fan) for _, t in group])
    mask = (src != PAD).long()
    hidden = model.model.encoder(input_ids=src, attention_mask=mask).last_hidden_state
    inputs, gold = tgt[:, :-1], tgt[:, 1:]
    # Right padding under a causal mask needs no decoder mask; padded targets are not counted.
    out = model.model.decoder(
        input_ids=inputs, encoder_hidden_states=hidden.repeat(fan, 1, 1),
        encoder_attention_mask=mask.repeat(fan, 1), use_cache=False).last_hidden_state
    keep = gold != PAD
    keep[:, 0] = False  # the language token is given, never predicted
    logits = model.lm_head(out[keep]).float()
    return F.cross_entropy(logits, gold[keep], label_smoothing=smoothing), int(keep.sum())


def rate(step, total, peak, warmup=200, tail=0.3):
    """Warm-up, a plateau, then a cosine down to almost nothing over the last part."""
    start = total * (1 - tail)
    if step < warmup:
        return peak * (step + 1) / warmup
    if step < start:
        return peak
    return peak * max(0.02, 0.5 * (1 + math.cos(math.pi * (step - start) / (total - start))))


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--work", type=Path, required=True, help="folder with tokenizer.json; checkpoints go here")
    args.add_argument("--steps", type=int, default=9400)
    args.add_argument("--exact-from", type=float, default=0.97, help="share of the steps after which float32 is used")
    args.add_argument("--sources", type=int, default=15)
    args.add_argument("--fan", type=int, default=4)
    args.add_argument("--peak", type=float, default=1e-3)
    args.add_argument("--smoothing", type=float, default=0.05)
    args.add_argument("--seed", type=int, default=common.SEED)
    args = args.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    torch.manual_seed(args.seed)
    tokenizer = args.work / "tokenizer.json"
    vocab = Tokenizer.from_file(str(tokenizer)).get_vocab_size()
    model = M2M100ForConditionalGeneration(config(vocab))
    tables = {name: buffer.clone() for name, buffer in model.named_buffers()}
    master = [p.detach().clone().requires_grad_(True) for p in model.parameters()]
    average = [p.detach().clone() for p in master]
    optim = torch.optim.AdamW(master, lr=args.peak, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    saved, step = args.work / "train.pt", 0
    if saved.exists():
        state = torch.load(saved)
        step = state["step"]
        for here, there in zip(master + average, state["master"] + state["average"]):
            here.data.copy_(there)
        optim.load_state_dict(state["optim"])
        print(f"resumed at step {step}", flush=True)

    def save():
        state = {"step": step, "master": [m.data for m in master], "average": average,
                 "optim": optim.state_dict(), "vocab": vocab}
        torch.save(state, saved.with_suffix(".new"))
        saved.with_suffix(".new").replace(saved)

    # A resumed run draws a fresh stream, else it would see its first examples again.
    batches = Batches(tokenizer, common.load_rows(), args.seed + step, args.sources, args.fan)
    model.train()
    exact, groups, seen, total, begun = None, [], 0, 0.0, time.time()
    while step < args.steps:
        if (step >= args.steps * args.exact_from) != exact:
            exact = step >= args.steps * args.exact_from
            model.to(torch.float32 if exact else torch.bfloat16)
            for p, m in zip(model.parameters(), master):
                p.data.copy_(m.data)
            for name, buffer in model.named_buffers():  # the position table, which bfloat16 rounded
                buffer.copy_(tables[name])
        groups = groups or batches.pool()
        loss, count = loss_of(model, groups.pop(), args.fan, args.smoothing)
        loss.backward()
        for p, m in zip(model.parameters(), master):
            m.grad = p.grad.float()
            p.grad = None
        torch.nn.utils.clip_grad_norm_(master, 1.0)
        for group in optim.param_groups:
            group["lr"] = rate(step, args.steps, args.peak)
        optim.step()
        step += 1
        with torch.no_grad():
            for p, m in zip(model.parameters(), master):
                p.copy_(m)
            torch._foreach_lerp_(average, [m.data for m in master], 1 - min(0.998, step / (step + 50)))
        seen, total = seen + count, total + loss.item() * count
        if step % 100 == 0:
            line = {"step": step, "loss": round(total / seen, 4), "tokens_s": round(seen / (time.time() - begun)),
                    "rate": round(rate(step, args.steps, args.peak), 6), "at": time.strftime("%H:%M:%S")}
            print(json.dumps(line), flush=True)
            seen, total, begun = 0, 0.0, time.time()
        if step % 100 == 0 or step == args.steps:
            save()


if __name__ == "__main__":
    main()
