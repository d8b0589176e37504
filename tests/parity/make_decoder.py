"""Makes the reference answers that the Rust engine for decoder-only models must reproduce.

One tiny GGUF file with random weights for each family (Gemma 3, Qwen 2, Qwen 3, Hunyuan dense), with
llama.cpp's names, a tokenizer and a chat template in its metadata, in float32 and again in Q8_0. Beside
it lies expected.json: prompt ids as transformers' chat template and tokenizer make them, greedy tokens,
and logits, all from transformers on the CPU in float32; for Q8_0 also what
rounding changes (rounding.py).

    python make_decoder.py --out ../fixtures/decoder          the fixtures of the repository
    python make_decoder.py --out DIR --large                  larger shapes, for scripts/proof parity

A case is kept only if float64 and slightly shaken weights choose the same tokens.
"""

import argparse
import json
import random
from pathlib import Path

import gguf
import jinja2
import numpy as np
import torch
import transformers
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import (Gemma3ForCausalLM, Gemma3TextConfig, GenerationConfig, HunYuanDenseV1Config,
                          HunYuanDenseV1ForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM)

from make_m2m100 import SIX, SLICE, TEXTS
from rounding import packed, with_rounding

ENGLISH = {"zh": "Chinese", "vi": "Vietnamese", "th": "Thai", "my": "Burmese", "lo": "Lao", "km": "Khmer"}
CHINESE = {"zh": "中文", "vi": "越南语", "th": "泰语", "my": "缅甸语", "km": "高棉语"}
CHATML = """{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' + message.content.strip() + '<|im_end|>' + '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}"""
TURNS = """{{ bos_token }}
{% for message in messages %}
    {% if message['role'] not in ['user', 'model'] %}{{ raise_exception('roles') }}{% endif %}
{{ '<start_of_turn>' + message['role'] + '
' + (message['content'] | trim) }}{{ '<end_of_turn>
' }}
{% endfor %}
{% if add_generation_prompt %}
{{ '<start_of_turn>model
' }}
{% endif %}"""
HUNYUAN = """{% for message in messages %}{% if loop.index0 == 0 %}{% set content = '<|startoftext|>' + message['content'] %}
{% endif %}{{ '<|user|>' + content }}{% endfor %}{% if add_generation_prompt %}{{ '<|extra_0|>' }}{% endif %}"""
QWEN_WORDS = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
              r"|\s+(?!\S)|\s+")
HUNYUAN_WORDS = [r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+",
                 r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
                 r"""| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""]
SHAPES = {
    "gemma3": dict(d=32, heads=4, kv=2, w=16, inner=32, layers=7, window=24, seed=3),
    "qwen2": dict(d=32, heads=4, kv=2, w=8, inner=32, layers=2, seed=4),
    "qwen3": dict(d=32, heads=2, kv=1, w=16, inner=64, layers=2, seed=5),
    "hunyuan-dense": dict(d=32, heads=4, kv=4, w=16, inner=32, layers=2, seed=6),
}
LARGE = {
    "gemma3": dict(d=128, heads=4, kv=1, w=64, inner=384, layers=13, window=40, seed=13),
    "qwen2": dict(d=256, heads=8, kv=2, w=32, inner=512, layers=6, seed=14),
    "qwen3": dict(d=128, heads=4, kv=2, w=64, inner=384, layers=8, seed=15),
    "hunyuan-dense": dict(d=128, heads=8, kv=4, w=32, inner=320, layers=6, seed=16),
}
SPECIAL = {
    "gemma3": ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"],
    "qwen2": ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"],
    "qwen3": ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"],
    "hunyuan-dense": ["<|startoftext|>", "<|eos|>", "<|user|>", "<|extra_0|>", "<|pad|>"],
}
TEMPLATE = {"gemma3": TURNS, "qwen2": CHATML, "qwen3": CHATML, "hunyuan-dense": HUNYUAN}
END = {"gemma3": "<end_of_turn>", "qwen2": "<|im_end|>", "qwen3": "<|im_end|>", "hunyuan-dense": "<|eos|>"}


def request(family, text, source, target):
    if family == "hunyuan-dense" and "zh" in (source, target):
        return f"把下面的文本翻译成{CHINESE[target]}，不要额外解释。\n\n{text}"
    return f"Translate the following segment into {ENGLISH[target]}, without additional explanation.\n\n{text}"


def corpus():
    texts = [t for lang in SIX for t in TEXTS[lang]] + list(CHINESE.values()) + list(ENGLISH.values())
    return texts + ["Translate the following segment into , without additional explanation.\n\n", "把下面的文本翻译成，不要额外解释。"]


def byte_vocabulary(family):
    """Byte-level pairs learned from the few texts; control tokens follow, as in Qwen's files."""
    words = [QWEN_WORDS] if family != "hunyuan-dense" else HUNYUAN_WORDS
    tok = Tokenizer(models.BPE())
    tok.normalizer = normalizers.NFC() if family != "hunyuan-dense" else None
    splits = [pre_tokenizers.Split(Regex(w), "isolated") for w in words]
    tok.pre_tokenizer = pre_tokenizers.Sequence([*splits, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tok.decoder = decoders.ByteLevel()
    from tokenizers.trainers import BpeTrainer
    tok.train_from_iterator(corpus(), BpeTrainer(vocab_size=340, show_progress=False,
                                                 initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    model = json.loads(tok.to_str())["model"]
    names = sorted(model["vocab"], key=model["vocab"].get)
    merges = [" ".join(m) if isinstance(m, list) else m for m in model["merges"]]
    tok.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in SPECIAL[family]])
    names += SPECIAL[family]
    types = [gguf.TokenType.NORMAL] * (len(names) - len(SPECIAL[family])) + [gguf.TokenType.CONTROL] * len(SPECIAL[family])
    return tok, names, types, None, merges


def scored_vocabulary(family):
    """SentencePiece pairs by score, control tokens first, then bytes, as in Gemma's files."""
    rng = random.Random(1)
    names = list(SPECIAL[family]) + [f"<0x{b:02X}>" for b in range(256)] + ["\n\n", "▁", "\n"]
    texts = [t.replace(" ", "▁") for t in corpus()]
    names += sorted({c for t in texts for c in t} - set(names))
    for text in texts:
        for size in (2, 3, 4):
            for at in range(len(text) - size + 1):
                piece = text[at:at + size]
                if len(names) < 520 and piece not in names and rng.random() < 0.5:
                    names.append(piece)
    scores = [0.0] * len(names)
    for place, at in enumerate(range(len(SPECIAL[family]) + 257, len(names))):
        scores[at] = -float(place)
    control, plain = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    types = [control] * 3 + [gguf.TokenType.UNKNOWN] + [control] * 2 + [gguf.TokenType.BYTE] * 256
    types += [gguf.TokenType.USER_DEFINED] + [plain] * (len(names) - len(types) - 1)
    vocab = {n: i for i, n in enumerate(names)}
    usable = {n for n, t in zip(names, types) if t == plain}
    pairs = []
    for n in usable:
        pairs += [(n[:i], n[i:], scores[vocab[n]]) for i in range(1, len(n)) if n[:i] in usable and n[i:] in usable]
    pairs.sort(key=lambda p: (p[2], len(p[0]), len(p[1])), reverse=True)
    tok = Tokenizer(models.BPE(vocab=vocab, merges=[(a, b) for a, b, _ in pairs], unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tok.normalizer = normalizers.Replace(" ", "▁")
    tok.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tok.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in SPECIAL[family]])
    tok.add_tokens([AddedToken("\n\n", normalized=False, special=False)])
    return tok, names, types, scores, None


def model_of(family, s, rows, end):
    torch.manual_seed(s["seed"])
    common = dict(vocab_size=rows, hidden_size=s["d"], intermediate_size=s["inner"], num_hidden_layers=s["layers"],
                  num_attention_heads=s["heads"], num_key_value_heads=s["kv"], max_position_embeddings=512,
                  rms_norm_eps=1e-6, attention_dropout=0.0)
    if family == "gemma3":
        model = Gemma3ForCausalLM(Gemma3TextConfig(
            **common, head_dim=s["w"], query_pre_attn_scalar=s["w"], sliding_window=s["window"], tie_word_embeddings=True,
            rope_parameters={"sliding_attention": {"rope_type": "default", "rope_theta": 10000.0},
                             "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0}}))
    else:
        kind = {"qwen2": (Qwen2Config, Qwen2ForCausalLM), "qwen3": (Qwen3Config, Qwen3ForCausalLM),
                "hunyuan-dense": (HunYuanDenseV1Config, HunYuanDenseV1ForCausalLM)}[family]
        more = {} if family == "qwen2" else {"head_dim": s["w"]}
        model = kind[1](kind[0](**common, **more, tie_word_embeddings=family == "hunyuan-dense",
                                rope_parameters={"rope_type": "default", "rope_theta": 500000.0}))
    for name, p in model.named_parameters():
        if "norm" in name:
            torch.nn.init.normal_(p, mean=0.0 if family == "gemma3" else 1.0, std=0.2)
        elif name.endswith("bias"):
            torch.nn.init.normal_(p, std=0.5)
        elif "embed_tokens" in name or "lm_head" in name:
            torch.nn.init.normal_(p, std=1.6 / s["d"] ** 0.5)
            p.data[end] *= 2.0
        else:
            torch.nn.init.normal_(p, std=(2.0 if "o_proj" in name or "down" in name else 1.5) / p.shape[1] ** 0.5)
    return model.eval()


def clone(model, change=lambda p: p):
    twin = type(model)(model.config).eval()
    twin.load_state_dict(model.state_dict())
    for p in twin.parameters():
        p.data = change(p.data)
    return twin


def generate(model, prompt, end):
    config = GenerationConfig(max_new_tokens=20, do_sample=False, eos_token_id=end, pad_token_id=end, use_cache=True)
    with torch.no_grad():
        out = model.generate(input_ids=torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
                             generation_config=config)
    return out[0].tolist()[len(prompt):]


def logits(model, ids, keep):
    with torch.no_grad():
        out = model(input_ids=torch.tensor([ids]), use_cache=False).logits[0].double()
    step = out.shape[-1] // SLICE
    return [{"values": [round(v, 5) for v in out[k][::step][:SLICE].tolist()], "sum": round(out[k].sum().item(), 4)} for k in keep]


GGUF_PARTS = {"input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
              "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm",
              "self_attn.k_norm": "attn_k_norm", "self_attn.query_layernorm": "attn_q_norm",
              "self_attn.key_layernorm": "attn_k_norm", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
              "mlp.down_proj": "ffn_down", "pre_feedforward_layernorm": "ffn_norm", "post_feedforward_layernorm": "post_ffw_norm"}


def gguf_name(family, name):
    whole = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
             "lm_head.weight": "output.weight"}
    if name in whole:
        return whole[name]
    _, _, layer, rest = name.split(".", 3)
    part, end = rest.rsplit(".", 1)
    if part == "post_attention_layernorm":
        return f"blk.{layer}.{'post_attention_norm' if family == 'gemma3' else 'ffn_norm'}.{end}"
    return f"blk.{layer}.{GGUF_PARTS[part]}.{end}"


def save(path, family, s, model, vocabulary, kind):
    tok, names, types, scores, merges = vocabulary
    w = gguf.GGUFWriter(str(path), family)
    w.add_context_length(512)
    w.add_embedding_length(s["d"])
    w.add_feed_forward_length(s["inner"])
    w.add_block_count(s["layers"])
    w.add_head_count(s["heads"])
    w.add_head_count_kv(s["kv"])
    if family != "qwen2":
        w.add_key_length(s["w"])
        w.add_value_length(s["w"])
    w.add_layer_norm_rms_eps(1e-6)
    w.add_rope_freq_base(1000000.0 if family == "gemma3" else 500000.0)
    if family == "gemma3":
        w.add_sliding_window(s["window"])
        w.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        w.add_rope_scaling_factor(8.0)
    spare = model.config.vocab_size - len(names)
    w.add_tokenizer_model("llama" if scores else "gpt2")
    w.add_tokenizer_pre({"gemma3": "default", "hunyuan-dense": "hunyuan-dense"}.get(family, "qwen2"))
    w.add_token_list(names + [f"[PAD{i}]" for i in range(spare)])
    w.add_token_types(types + [gguf.TokenType.UNUSED] * spare)
    if scores:
        w.add_token_scores(scores + [-1000.0] * spare)
        w.add_add_space_prefix(False)
        w.add_add_bos_token(True)
        w.add_bos_token_id(names.index("<bos>"))
    else:
        w.add_token_merges(merges)
    w.add_eos_token_id(names.index(END[family]))
    w.add_chat_template(TEMPLATE[family])
    for name, p in model.state_dict().items():
        if name == "lm_head.weight" and model.config.tie_word_embeddings:
            continue
        data = p.float().numpy()
        if family == "gemma3" and "norm" in name:
            data = data + 1.0
        if kind == "q8_0" and data.ndim == 2:
            q8 = gguf.GGMLQuantizationType.Q8_0
            w.add_tensor(gguf_name(family, name), gguf.quantize(data, q8), raw_dtype=q8)
        else:
            w.add_tensor(gguf_name(family, name), np.ascontiguousarray(data))
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
    jinja = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    for family, s in (LARGE if args.large else SHAPES).items():
        folder = args.out / family
        folder.mkdir(parents=True, exist_ok=True)
        vocabulary = scored_vocabulary(family) if family == "gemma3" else byte_vocabulary(family)
        tok, names = vocabulary[:2]
        rows, end = len(names) + 5, names.index(END[family])
        model = model_of(family, s, rows, end)
        torch.manual_seed(99)
        moved = clone(model, lambda p: p * (1 + 3e-5 * torch.randn_like(p)))
        double = clone(model).double()
        cases, dropped = [], 0
        for i, source in enumerate(SIX):
            for j, target in enumerate(t for t in SIX if t != source):
                if family == "hunyuan-dense" and "lo" in (source, target):
                    continue
                text = TEXTS[source][(i + j) % 4]
                message = {"role": "user", "content": request(family, text, source, target)}
                rendered = jinja.from_string(TEMPLATE[family]).render(
                    messages=[message], add_generation_prompt=True, enable_thinking=False, bos_token="<bos>", eos_token=END[family])
                prompt = tok.encode(rendered, add_special_tokens=False).ids
                answer = generate(model, prompt, end)
                if any(generate(m, prompt, end) != answer for m in (moved, double)):
                    dropped += 1
                    continue
                case = {"from": source, "to": target, "text": text, "prompt_ids": prompt, "answer": answer}
                if len(cases) % 4 == 0:
                    ids = prompt + answer[:4]
                    case["logits"] = logits(model, ids, range(len(prompt) - 1, len(ids)))
                cases.append(case)
        rng = random.Random(7)
        ids = [rng.randrange(0, rows) for _ in range(200)]
        keep = [99, 100, 101, 127, 128, 129, 150, 199]
        far = {"prompt_ids": ids[:100], "answer": ids[100:], "places": [k - 99 for k in keep]}
        expected = {
            "transformers": transformers.__version__, "torch": torch.__version__,
            "left_out": f"{dropped} cases, because float64 or weights shaken by 3e-5 chose other tokens",
            "logit_step": rows // SLICE, "vocab_size": rows, "max_new_tokens": 20, "end": end,
            "special": [names.index(t) for t in SPECIAL[family]], "special_names": SPECIAL[family],
            "distant": dict(far, logits=logits(model, ids, keep)),
            "distant_q8_0": with_rounding(clone(model, packed), lambda m: dict(far, logits=logits(m, ids, keep))), "cases": [],
        }
        for kind in ("f32", "q8_0"):
            save(folder / f"{kind}.gguf", family, s, model, vocabulary, kind)
        lines = ",\n".join(json.dumps(c, ensure_ascii=False, separators=(",", ":")) for c in cases)
        head = json.dumps(expected, ensure_ascii=False, separators=(",", ":")).replace('"cases":[]', '"cases":[\n' + lines + "\n]")
        (folder / "expected.json").write_text(head + "\n", encoding="utf-8")
        json.loads((folder / "expected.json").read_text(encoding="utf-8"))
        ended = sum(c["answer"][-1] == end for c in cases)
        print(f"{folder}: {len(cases)} cases, {dropped} left out, {ended} ended, {len({tuple(c['answer']) for c in cases})} different, "
              f"{sum(f.stat().st_size for f in folder.iterdir())} bytes", flush=True)


if __name__ == "__main__":
    main()
