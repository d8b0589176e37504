"""Makes the reference answers that the Rust M2M100 engine must reproduce token for token.

Three tiny checkpoints with random weights, in different shapes, each a complete Hugging
Face folder with an expected.json beside it: source ids, greedy and beam tokens with their
scores, and the logits of the first steps, all from transformers on the CPU in float32.

    python make_m2m100.py --out ../fixtures/m2m100
    python make_m2m100.py --out DIR --large               larger shapes, for scripts/proof parity
    python make_m2m100.py --practice ../../models/practice/mt --texts TEXTS.tsv --out ../fixtures/m2m100

The second form does the same for the trained practice model (practice.json). A case is
kept only if float64 and slightly shaken weights choose the same tokens, so that no
reference answer hangs on the last bit of a sum.
"""

import argparse
import json
from pathlib import Path

import safetensors.torch
import tokenizers
import torch
import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import GenerationConfig, M2M100Config, M2M100ForConditionalGeneration

TOKENS = {"zh": "zho_Hans", "vi": "vie_Latn", "th": "tha_Thai", "my": "mya_Mymr", "lo": "lao_Laoo",
          "km": "khm_Khmr", "en": "eng_Latn"}
SIX = ["zh", "vi", "th", "my", "lo", "km"]
TEXTS = {
    "zh": ["你好。", "你叫什么名字？", "我今天不走。", "你几点来？"],
    "vi": ["Xin chào.", "Anh tên là gì?", "Hôm nay tôi không đi.", "Anh đến lúc 7 giờ?"],
    "th": ["สวัสดี", "คุณชื่ออะไร", "วันนี้ฉันไม่ไป", "น้ำ 20 แก้ว"],
    "my": ["မင်္ဂလာပါ။", "နာမည် ဘယ်လို ခေါ်သလဲ။", "ဒီနေ့ မသွားဘူး။", "ရေ 3 ခွက်"],
    "lo": ["ສະບາຍດີ", "ເຈົ້າຊື່ຫຍັງ", "ມື້ນີ້ຂ້ອຍບໍ່ໄປ", "ນ້ຳ 15 ຈອກ"],
    "km": ["សួស្តី។", "តើអ្នកឈ្មោះអ្វី?", "ថ្ងៃនេះខ្ញុំមិនទៅទេ។", "ទឹក 4 កែវ"],
}
# name: shape; how the weights are drawn (spread of embeddings, of each sublayer's output, of the
# cross-attention's output; factors on the last norm and on the </s> row); how they are stored
SHAPES = {
    "small-a": dict(d_model=16, heads=2, enc=1, dec=2, ffn=(32, 24), pieces=198, scale=True,
                    seed=2, spread=(0.15, 8.0, 4.0, 3.0, 3.0), dtype=torch.float32, shards=1),
    "small-b": dict(d_model=24, heads=3, enc=3, dec=1, ffn=(24, 32), pieces=181, scale=False,
                    seed=4, spread=(0.6, 8.0, 4.0, 3.0, 3.0), dtype=torch.float32, shards=1),
    "small-c": dict(d_model=32, heads=4, enc=2, dec=3, ffn=(36, 28), pieces=214, scale=True,
                    seed=3, spread=(0.15, 8.0, 4.0, 3.0, 4.0), dtype=torch.float16, shards=3),
}
LARGE = {
    "large-a": dict(d_model=128, heads=8, enc=4, dec=4, ffn=(320, 256), pieces=214, scale=True,
                    seed=5, spread=(0.15, 8.0, 4.0, 3.0, 3.0), dtype=torch.float32, shards=1),
    "large-b": dict(d_model=256, heads=4, enc=6, dec=3, ffn=(512, 1024), pieces=198, scale=False,
                    seed=6, spread=(0.6, 8.0, 4.0, 3.0, 3.0), dtype=torch.float16, shards=3),
    "large-c": dict(d_model=96, heads=6, enc=3, dec=6, ffn=(200, 384), pieces=181, scale=True,
                    seed=7, spread=(0.15, 8.0, 4.0, 3.0, 4.0), dtype=torch.float32, shards=1),
}
LOGITS = 4  # teacher-forced steps whose logits are recorded
SLICE = 16  # logits recorded at each of them, evenly over the vocabulary


def plans(max_length):
    """The generate() arguments behind each entry of a case."""
    base = dict(max_length=max_length, do_sample=False, length_penalty=1.0, early_stopping=False,
                no_repeat_ngram_size=0, repetition_penalty=1.0, num_return_sequences=1)
    beams = {f"beam{n}": dict(base, num_beams=n) for n in (2, 4, 5, 8)}
    return {"greedy": dict(base, num_beams=1), **beams,
            "beam4_penalty06": dict(base, num_beams=4, length_penalty=0.6),
            "beam4_early": dict(base, num_beams=4, early_stopping=True)}


def tiny_tokenizer(pieces):
    """Single characters and a few pairs, in the order and with the ids that NLLB's file has."""
    vocab = {t: i for i, t in enumerate(["<s>", "<pad>", "</s>", "<unk>", "▁"])}
    texts = [t for lang in SIX for t in TEXTS[lang]]
    for char in "0123456789" + "".join(sorted({c for t in texts for c in t if c != " " and not c.isdigit()})):
        vocab.setdefault(char, len(vocab))
    merges = []
    for text in texts:
        for word in text.split(" "):
            for pair in [("▁", word[0]), *zip(word, word[1:])]:
                if len(vocab) >= pieces:
                    break
                if pair[0] + pair[1] not in vocab and not any(c.isdigit() for c in pair):
                    merges.append(pair)
                    vocab[pair[0] + pair[1]] = len(vocab)
    if len(vocab) != pieces:
        raise ValueError(f"{len(vocab)} pieces, {pieces} wanted")
    tok = Tokenizer(models.BPE(vocab=vocab, merges=merges, unk_token="<unk>", fuse_unk=True))
    tok.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True),
        pre_tokenizers.Digits(individual_digits=True)])
    tok.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    special = ["<s>", "<pad>", "</s>", "<unk>", *TOKENS.values(), "<mask>"]
    tok.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in special])
    return tok


def tiny_model(shape, vocab):
    torch.manual_seed(shape["seed"])
    config = M2M100Config(
        vocab_size=vocab, d_model=shape["d_model"], encoder_layers=shape["enc"], decoder_layers=shape["dec"],
        encoder_attention_heads=shape["heads"], decoder_attention_heads=shape["heads"],
        encoder_ffn_dim=shape["ffn"][0], decoder_ffn_dim=shape["ffn"][1], max_position_embeddings=128,
        scale_embedding=shape["scale"], dropout=0.0, attention_dropout=0.0, encoder_layerdrop=0.0,
        decoder_layerdrop=0.0, decoder_start_token_id=2, tie_word_embeddings=True)
    model = M2M100ForConditionalGeneration(config).eval()
    embedding, projection, cross, gain, pull = shape["spread"]
    for name, p in model.named_parameters():
        if name.endswith("shared.weight"):
            torch.nn.init.normal_(p, std=embedding)
            p.data[1] = 0.0
            p.data[2] *= pull
        elif "layer_norm" in name:
            last = name.startswith("model.decoder.layer_norm")
            torch.nn.init.normal_(p, mean=1.0 if name.endswith("weight") else 0.0, std=0.2)
            p.data *= gain if last else 1.0
        elif name.endswith("bias"):
            torch.nn.init.normal_(p, std=0.1)
        else:
            gain_here = cross if "encoder_attn.out" in name else projection if "out_proj" in name or "fc2" in name else 1.5
            torch.nn.init.normal_(p, std=gain_here / p.shape[1] ** 0.5)
    return model


def generate(model, source, forced, plan):
    config = GenerationConfig(
        **plan, forced_bos_token_id=forced, decoder_start_token_id=2, bos_token_id=0, eos_token_id=2, pad_token_id=1,
        return_dict_in_generate=True, output_scores=True, use_cache=True)
    with torch.no_grad():
        out = model.generate(input_ids=torch.tensor([source]), attention_mask=torch.ones(1, len(source), dtype=torch.long),
                             generation_config=config)
    ids = out.sequences[0].tolist()
    while ids[-1] == 1:
        ids.pop()
    if plan["num_beams"] == 1:
        # The scores are processed logits: the forced token's is 0, hence log-probability 0.
        score = sum(torch.log_softmax(s[0].double(), -1)[t].item() for s, t in zip(out.scores, ids[1:]))
        return {"ids": ids, "score": round(score, 6)}
    return {"ids": ids, "score": round(out.sequences_scores[0].item(), 6)}


def logits(model, source, forced_ids):
    with torch.no_grad():
        out = model(input_ids=torch.tensor([source]), attention_mask=torch.ones(1, len(source), dtype=torch.long),
                    decoder_input_ids=torch.tensor([forced_ids]), use_cache=False).logits[0].double()
    step = out.shape[-1] // SLICE
    return [{"values": [round(v, 5) for v in row[::step][:SLICE].tolist()], "sum": round(row.sum().item(), 4)} for row in out]


def shaken(model):
    """A copy whose weights differ by about the error of another order of summation."""
    torch.manual_seed(99)
    twin = M2M100ForConditionalGeneration(model.config).eval()
    twin.load_state_dict(model.state_dict())
    for p in twin.parameters():
        p.data *= 1 + 3e-5 * torch.randn_like(p)
    return twin


def make_cases(model, tok, wanted, plan_names, max_length):
    """Cases for (from, to, text) triples; those that hang on rounding are left out."""
    chosen = {k: v for k, v in plans(max_length).items() if k in plan_names}
    double = M2M100ForConditionalGeneration(model.config).eval()
    double.load_state_dict(model.state_dict())
    double, moved = double.double(), shaken(model)
    cases, dropped = [], 0
    for index, (source, target, text) in enumerate(wanted):
        ids = tok.encode(text, add_special_tokens=False).ids
        ids = [tok.token_to_id(TOKENS[source])] + ids + [2]
        forced = tok.token_to_id(TOKENS[target])
        case = {"from": source, "to": target, "text": text, "source_ids": ids, "forced_bos": forced}
        steady = True
        for name, plan in chosen.items():
            case[name] = generate(model, ids, forced, plan)
            steady &= all(generate(m, ids, forced, plan)["ids"] == case[name]["ids"] for m in (double, moved))
        if not steady:
            dropped += 1
            continue
        case["text_out"] = tok.decode(case["greedy"]["ids"][2:], skip_special_tokens=True)
        if index % 3 == 0 or len(plan_names) < 4:
            case["logit_ids"] = case["greedy"]["ids"][:LOGITS]
            case["logits"] = logits(model, ids, case["logit_ids"])
        cases.append(case)
    return cases, dropped, chosen


def write(path, model, cases, dropped, chosen):
    head = {
        "transformers": transformers.__version__, "tokenizers": tokenizers.__version__, "torch": torch.__version__,
        "computed_in": "float32 (weights widened from how they are stored)",
        "generate": {name: {**plan, "forced_bos_token_id": "the case's forced_bos", "decoder_start_token_id": 2,
                            "eos_token_id": 2, "pad_token_id": 1, "use_cache": True} for name, plan in chosen.items()},
        "notes": [
            "ids begin with the decoder start token 2, then the forced language token; they end with 2 (</s>) unless max_length was reached",
            "max_length counts the decoder start token",
            "greedy score: sum of log-probabilities of everything after the start token, the forced token counting 0",
            "beam score: that sum divided by length^length_penalty, where length counts all tokens after the start token: the forced one and </s> too",
            "logits: teacher-forced over logit_ids; values are every (vocabulary // 16)th logit from 0, 16 of them; sum is over the whole row",
            f"{dropped} cases were left out because float64 or weights shaken by 3e-5 chose other tokens",
        ],
        "logit_step": model.config.vocab_size // SLICE,
        "vocab_size": model.config.vocab_size,
    }
    lines = ",\n".join(json.dumps(c, ensure_ascii=False, separators=(",", ":")) for c in cases)
    body = json.dumps(head, ensure_ascii=False, indent=1)[:-2]
    path.write_text(body + ',\n "cases": [\n' + lines + "\n]}\n", encoding="utf-8")
    json.loads(path.read_text(encoding="utf-8"))
    ended = sum(c["greedy"]["ids"][-1] == 2 for c in cases)
    kinds = {tuple(c["greedy"]["ids"][2:]) for c in cases}
    print(f"{path}: {len(cases)} cases, {dropped} left out, {ended} ended, {len(kinds)} different, "
          f"{sum(len(c['greedy']['ids']) for c in cases) / max(1, len(cases)):.1f} tokens, {path.stat().st_size} bytes")


def save_checkpoint(folder, model, tok, shape):
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    model.config.save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    config["architectures"] = ["M2M100ForConditionalGeneration"]
    config["dtype"] = str(shape["dtype"]).removeprefix("torch.")
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    tok.save(str(folder / "tokenizer.json"), pretty=False)
    state = {k: v.to(shape["dtype"]).contiguous() for k, v in model.state_dict().items()
             if k not in ("lm_head.weight", "model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight")
             and "embed_positions" not in k}
    names, count = sorted(state), shape["shards"]
    if count == 1:
        safetensors.torch.save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
        return
    index = {"metadata": {"total_size": sum(v.nbytes for v in state.values())}, "weight_map": {}}
    for part in range(count):
        file = f"model-{part + 1:05d}-of-{count:05d}.safetensors"
        share = {n: state[n] for n in names[part::count]}
        safetensors.torch.save_file(share, folder / file, metadata={"format": "pt"})
        index["weight_map"].update(dict.fromkeys(share, file))
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1, sort_keys=True) + "\n")


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--out", type=Path, required=True)
    args.add_argument("--practice", type=Path, help="folder of the trained practice model")
    args.add_argument("--texts", type=Path, help="with --practice: lines of from, to, text, tab-separated")
    args.add_argument("--only", help="make just this one of the tiny checkpoints")
    args.add_argument("--large", action="store_true", help="larger shapes instead of the tiny ones")
    args = args.parse_args()
    torch.set_num_threads(1)
    if args.practice:
        model = M2M100ForConditionalGeneration.from_pretrained(args.practice, dtype=torch.float32).eval()
        tok = Tokenizer.from_file(str(args.practice / "tokenizer.json"))
        wanted = [tuple(line.split("\t")) for line in args.texts.read_text(encoding="utf-8").splitlines() if line]
        cases, dropped, chosen = make_cases(model, tok, wanted, ("greedy", "beam4"), 128)
        write(args.out / "practice.json", model, cases, dropped, chosen)
        return
    for name, shape in (LARGE if args.large else SHAPES).items():
        if args.only not in (None, name):
            continue
        tok = tiny_tokenizer(shape["pieces"])
        model = tiny_model(shape, tok.get_vocab_size())
        folder = args.out / name
        save_checkpoint(folder, model, tok, shape)
        # Read it back: the answers must come from the weights as stored.
        model = M2M100ForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).eval()
        wanted = []
        for i, source in enumerate(SIX):
            for j, target in enumerate(t for t in SIX if t != source):
                wanted += [(source, target, TEXTS[source][(i + j + k) % 4]) for k in (0, 1)]
        cases, dropped, chosen = make_cases(model, tok, wanted, tuple(plans(0)), 24)
        write(folder / "expected.json", model, cases, dropped, chosen)
        print(f"  {name}: {model.config.vocab_size} ids, {sum(f.stat().st_size for f in folder.iterdir())} bytes in all")


if __name__ == "__main__":
    main()
