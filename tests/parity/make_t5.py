"""Makes the reference answers that the Rust T5 engine must reproduce token for token.

Tiny checkpoints with random weights: two Hugging Face folders (one of them sharded, in float16 and
with tied embeddings) and one GGUF file with llama.cpp's names, in float32 and again in Q8_0. Beside
each lies an expected.json: source ids, greedy and beam tokens with their scores, logits of the first
steps and of steps beyond 128, all from transformers on the CPU in float32; for Q8_0
also what rounding changes (rounding.py).

    python make_t5.py --out ../fixtures/t5            the fixtures of the repository
    python make_t5.py --out DIR --large               larger shapes, for scripts/proof parity

A case is kept only if float64 and slightly shaken weights choose the same tokens.
"""

import argparse
import json
import random
from pathlib import Path

import gguf
import numpy as np
import safetensors.torch
import torch
import transformers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import GenerationConfig, T5Config, T5ForConditionalGeneration

from make_m2m100 import SIX, SLICE, TEXTS
from rounding import packed, with_rounding

UNK, PAD, EOS, START = 0, 1, 2, 0
TAGS = [f"<2{lang}>" for lang in [*SIX, "en"]]
SHAPES = {
    "folder-a": dict(d=16, kv=6, heads=3, ff=24, enc=2, dec=2, buckets=32, distance=128, tied=False, pieces=190,
                     seed=1, shards=1, dtype=torch.float32, form="folder", listed=False),
    "folder-b": dict(d=24, kv=8, heads=2, ff=20, enc=3, dec=2, buckets=8, distance=20, tied=True, pieces=205,
                     seed=5, shards=2, dtype=torch.float16, form="folder", listed=True),
    "gguf-c": dict(d=32, kv=16, heads=2, ff=32, enc=2, dec=2, buckets=32, distance=128, tied=False, pieces=200,
                   seed=9, dtype=torch.float32, form="gguf", listed=True),
}
LARGE = {
    "large-a": dict(d=128, kv=32, heads=8, ff=320, enc=6, dec=4, buckets=32, distance=128, tied=False, pieces=200,
                    seed=21, shards=3, dtype=torch.float32, form="folder", listed=False),
    "large-b": dict(d=256, kv=64, heads=4, ff=512, enc=6, dec=3, buckets=32, distance=128, tied=False, pieces=210,
                    seed=22, dtype=torch.float32, form="gguf", listed=True),
    "large-c": dict(d=96, kv=24, heads=6, ff=200, enc=3, dec=3, buckets=16, distance=64, tied=True, pieces=214,
                    seed=23, shards=1, dtype=torch.float16, form="folder", listed=True),
}


def plans():
    base = dict(max_new_tokens=24, do_sample=False, length_penalty=1.0, early_stopping=False, num_return_sequences=1)
    beams = {f"beam{n}": dict(base, num_beams=n) for n in (2, 3, 4, 5, 8)}
    return {"greedy": dict(base, num_beams=1), **beams,
            "beam4_penalty0": dict(base, num_beams=4, length_penalty=0.0),
            "beam4_penalty06": dict(base, num_beams=4, length_penalty=0.6),
            "beam4_penalty15": dict(base, num_beams=4, length_penalty=1.5),
            "beam4_short": dict(base, num_beams=4, max_new_tokens=9),
            "beam4_early": dict(base, num_beams=4, early_stopping=True)}


def pieces(shape):
    """Names and scores of the vocabulary: control tokens, tags, single characters, then pairs."""
    rng = random.Random(shape["seed"])
    names = ["<unk>", "<s>", "</s>", *TAGS, "▁"]
    texts = [t for lang in SIX for t in TEXTS[lang]]
    names += sorted({c for t in texts for c in t if c != " "} | set("0123456789<>/"))
    for text in texts:
        for word in text.split(" "):
            for left, right in [("▁", word[0]), *zip(word, word[1:])]:
                if len(names) < shape["pieces"] and left + right not in names:
                    names.append(left + right)
    scores = [0.0] * 3 + [0.0] * len(TAGS) + [-2.0 - rng.random() * (1 + 3 * (len(n) == 1)) for n in names[3 + len(TAGS):]]
    return names, [float(np.float32(s)) for s in scores]


def tokenizer(shape):
    names, scores = pieces(shape)
    tok = Tokenizer(models.Unigram(list(zip(names, scores)), unk_id=UNK, byte_fallback=False))
    tok.normalizer = normalizers.Sequence([normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "▁")])
    tok.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    tok.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    tok.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in ("<unk>", "<s>", "</s>")])
    if shape["listed"]:
        tok.add_tokens([AddedToken(t, normalized=False, special=False) for t in TAGS])
    return tok


def model_of(shape, rows):
    torch.manual_seed(shape["seed"])
    config = T5Config(
        vocab_size=rows, d_model=shape["d"], d_kv=shape["kv"], d_ff=shape["ff"], num_layers=shape["enc"],
        num_decoder_layers=shape["dec"], num_heads=shape["heads"], relative_attention_num_buckets=shape["buckets"],
        relative_attention_max_distance=shape["distance"], feed_forward_proj="gated-gelu", dropout_rate=0.0,
        tie_word_embeddings=shape["tied"], pad_token_id=PAD, eos_token_id=EOS, decoder_start_token_id=START)
    model = T5ForConditionalGeneration(config).eval()
    if not shape["tied"]:
        model.lm_head.weight = torch.nn.Parameter(torch.empty_like(model.lm_head.weight))
    for name, p in model.named_parameters():
        if "layer_norm" in name:
            torch.nn.init.normal_(p, mean=1.0, std=0.2)
        elif name == "lm_head.weight":
            torch.nn.init.normal_(p, std=1.6 / shape["d"] ** 0.5)
            p.data[EOS] *= 2.0
        elif "shared" in name:
            torch.nn.init.normal_(p, std=1.5 if shape["tied"] else 1.0)
            p.data[EOS] *= 1.5 if shape["tied"] else 1.0
        elif "relative_attention_bias" in name:
            torch.nn.init.normal_(p, std=1.5)
        elif name.endswith((".q.weight", ".k.weight")):
            torch.nn.init.normal_(p, std=0.9 / (p.shape[1] ** 0.5 * shape["kv"] ** 0.25))
        else:
            gain = 3.0 if "EncDecAttention.o" in name or "wo" in name or "SelfAttention.o" in name else 1.5
            torch.nn.init.normal_(p, std=gain / p.shape[1] ** 0.5)
        p.data = p.data.to(shape["dtype"]).float()
    return model


def clone(model, change=lambda p: p):
    twin = T5ForConditionalGeneration(model.config).eval()
    if "lm_head.weight" in model.state_dict() and model.lm_head.weight is not model.shared.weight:
        twin.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
    twin.load_state_dict(model.state_dict())
    for p in twin.parameters():
        p.data = change(p.data)
    return twin


def generate(model, source, plan):
    config = GenerationConfig(**plan, decoder_start_token_id=START, eos_token_id=EOS, pad_token_id=PAD,
                              return_dict_in_generate=True, output_scores=True, use_cache=True)
    with torch.no_grad():
        out = model.generate(input_ids=torch.tensor([source]), attention_mask=torch.ones(1, len(source), dtype=torch.long),
                             generation_config=config)
    ids = out.sequences[0].tolist()
    if plan["num_beams"] == 1:
        score = sum(torch.log_softmax(s[0].double(), -1)[t].item() for s, t in zip(out.scores, ids[1:]))
        return {"ids": ids, "score": round(score, 6)}
    if EOS in ids:
        ids = ids[:ids.index(EOS) + 1]
    return {"ids": ids, "score": round(out.sequences_scores[0].item(), 6)}


def logits(model, source, target):
    with torch.no_grad():
        out = model(input_ids=torch.tensor([source]), attention_mask=torch.ones(1, len(source), dtype=torch.long),
                    decoder_input_ids=torch.tensor([target]), use_cache=False).logits[0].double()
    step = out.shape[-1] // SLICE
    return [{"values": [round(v, 5) for v in row[::step][:SLICE].tolist()], "sum": round(row.sum().item(), 4)} for row in out]


def cases_of(model, tok):
    torch.manual_seed(99)
    moved = clone(model, lambda p: p * (1 + 3e-5 * torch.randn_like(p)))
    double = clone(model).double()
    cases, dropped = [], 0
    for i, source in enumerate(SIX):
        for j, target in enumerate(t for t in SIX if t != source):
            text = TEXTS[source][(i + j) % 4]
            ids = tok.encode(f"<2{target}> {text}", add_special_tokens=False).ids + [EOS]
            case = {"from": source, "to": target, "text": text, "source_ids": ids}
            steady = True
            for name, plan in plans().items():
                case[name] = generate(model, ids, plan)
                steady &= all(generate(m, ids, plan)["ids"] == case[name]["ids"] for m in (double, moved))
            if not steady:
                dropped += 1
                continue
            case["text_out"] = tok.decode([t for t in case["greedy"]["ids"][1:] if t > 2 + len(TAGS)]).strip()
            if len(cases) % 4 == 0:
                case["logit_ids"] = case["greedy"]["ids"][:4]
                case["logits"] = logits(model, ids, case["logit_ids"])
            cases.append(case)
    return cases, dropped


def distant(model, rows):
    """Logits of single steps of a source and a target longer than the largest distance."""
    rng = random.Random(7)
    source = [rng.randrange(10, rows) for _ in range(170)] + [EOS]
    target = [START] + [rng.randrange(3, rows) for _ in range(180)]
    every = logits(model, source, target)
    keep = [0, 8, 9, 15, 16, 17, 31, 63, 127, 128, 129, 150, 180]
    return {"source_ids": source, "target_ids": target, "places": keep, "logits": [every[p] for p in keep]}


def save_folder(folder, model, tok, shape):
    state = {k: v.to(shape["dtype"]).contiguous() for k, v in model.state_dict().items()
             if not k.endswith("embed_tokens.weight") and not (k == "lm_head.weight" and shape["tied"])}
    config = model.config.to_dict()
    config["tie_word_embeddings"] = shape["tied"]
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    tok.save(str(folder / "tokenizer.json"), pretty=False)
    names, count = sorted(state), shape["shards"]
    if count == 1:
        safetensors.torch.save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
        return
    index = {"metadata": {}, "weight_map": {}}
    for part in range(count):
        file = f"model-{part + 1:05d}-of-{count:05d}.safetensors"
        share = {n: state[n] for n in names[part::count]}
        safetensors.torch.save_file(share, folder / file, metadata={"format": "pt"})
        index["weight_map"].update(dict.fromkeys(share, file))
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1, sort_keys=True) + "\n")


def gguf_name(name):
    """llama.cpp's name of a tensor of transformers' T5."""
    whole = {"shared.weight": "token_embd.weight", "lm_head.weight": "output.weight",
             "encoder.final_layer_norm.weight": "enc.output_norm.weight",
             "decoder.final_layer_norm.weight": "dec.output_norm.weight"}
    if name in whole:
        return whole[name]
    stack, _, layer, _, sub, rest = name.split(".", 5)
    kind = {"0": "attn", "1": "cross_attn" if stack == "decoder" else "ffn", "2": "ffn"}[sub]
    part = rest.removesuffix(".weight").split(".")[-1]
    part = {"layer_norm": "norm", "relative_attention_bias": "rel_b", "wi_0": "gate", "wi_1": "up", "wo": "down"}.get(part, part)
    return f"{stack[:3]}.blk.{layer}.{kind}_{part}.weight"


def save_gguf(path, model, shape, kind):
    w = gguf.GGUFWriter(str(path), "t5")
    c = model.config
    w.add_context_length(512)
    w.add_embedding_length(c.d_model)
    w.add_feed_forward_length(c.d_ff)
    w.add_block_count(c.num_layers)
    w.add_decoder_block_count(c.num_decoder_layers)
    w.add_head_count(c.num_heads)
    w.add_key_length(c.d_kv)
    w.add_value_length(c.d_kv)
    w.add_layer_norm_rms_eps(c.layer_norm_epsilon)
    w.add_relative_attn_buckets_count(c.relative_attention_num_buckets)
    w.add_decoder_start_token_id(START)
    names, scores = pieces(shape)
    names += [f"<spare_{i}>" for i in range(c.vocab_size - len(names))]
    scores += [0.0] * (c.vocab_size - len(scores))
    control, user = gguf.TokenType.CONTROL, gguf.TokenType.USER_DEFINED
    types = [gguf.TokenType.UNKNOWN, control, control] + [user] * len(TAGS)
    types += [gguf.TokenType.NORMAL] * (shape["pieces"] - len(types))
    types += [gguf.TokenType.UNUSED] * (c.vocab_size - len(types))
    w.add_tokenizer_model("t5")
    w.add_tokenizer_pre("default")
    w.add_token_list(names)
    w.add_token_scores(scores)
    w.add_token_types(types)
    w.add_add_space_prefix(True)
    w.add_remove_extra_whitespaces(True)
    w.add_eos_token_id(EOS)
    w.add_pad_token_id(PAD)
    for name, p in model.state_dict().items():
        if name.endswith("embed_tokens.weight"):
            continue
        data = p.float().numpy()
        if kind == "q8_0" and data.ndim == 2 and "relative" not in name:
            w.add_tensor(gguf_name(name), gguf.quantize(data, gguf.GGMLQuantizationType.Q8_0),
                         raw_dtype=gguf.GGMLQuantizationType.Q8_0)
        else:
            w.add_tensor(gguf_name(name), data)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--out", type=Path, required=True)
    args.add_argument("--large", action="store_true")
    args = args.parse_args()
    torch.set_num_threads(1)
    for name, shape in (LARGE if args.large else SHAPES).items():
        folder = args.out / name
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        tok = tokenizer(shape)
        rows = tok.get_vocab_size() + 6  # spare rows, as real checkpoints have
        model = model_of(shape, rows)
        cases, dropped = cases_of(model, tok)
        expected = {
            "transformers": transformers.__version__, "torch": torch.__version__,
            "left_out": f"{dropped} cases, because float64 or weights shaken by 3e-5 chose other tokens",
            "generate": plans(), "logit_step": rows // SLICE, "vocab_size": rows, "cases": [],
            "distant": distant(model, rows),
        }
        if shape["form"] == "folder":
            save_folder(folder, model, tok, shape)
            check = T5ForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
            same = logits(check, cases[0]["source_ids"], [START, 5, 9])
            assert same == logits(model, cases[0]["source_ids"], [START, 5, 9]), "the folder reads back differently"
        else:
            for kind in ("f32", "q8_0"):
                save_gguf(folder / f"{kind}.gguf", model, shape, kind)
            expected["distant_q8_0"] = with_rounding(clone(model, packed), lambda m: distant(m, rows))
        lines = ",\n".join(json.dumps(c, ensure_ascii=False, separators=(",", ":")) for c in cases)
        head = json.dumps(expected, ensure_ascii=False, separators=(",", ":")).replace('"cases":[]', '"cases":[\n' + lines + "\n]")
        (folder / "expected.json").write_text(head + "\n", encoding="utf-8")
        json.loads((folder / "expected.json").read_text(encoding="utf-8"))
        ended = sum(c["greedy"]["ids"][-1] == EOS for c in cases)
        kinds = {tuple(c["greedy"]["ids"]) for c in cases}
        lengths = sum(len(c["greedy"]["ids"]) for c in cases) / max(1, len(cases))
        print(f"{folder}: {len(cases)} cases, {dropped} left out, {ended} ended, {len(kinds)} different, {lengths:.1f} tokens, "
              f"{sum(f.stat().st_size for f in folder.iterdir())} bytes")


if __name__ == "__main__":
    main()
