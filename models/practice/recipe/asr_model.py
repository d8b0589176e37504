"""The practice recognizer: Whisper's architecture, small, with the names whisper.cpp expects.

The 51,865 tokens of the multilingual vocabulary are mostly unused here. The used ones
have an embedding each; all others share one, so that the softmax over the whole
vocabulary is exact at the price of a small one. Export writes the shared row out for
every unused token. A helper head on the encoder (CTC over phonemes) speeds learning up
and is dropped at export.
"""
import math

import torch
import torch.nn.functional as F
from torch import nn
from whisper.tokenizer import get_tokenizer

VOCAB = 51865
DIMS = dict(n_mels=80, n_audio_ctx=400, n_audio_state=192, n_audio_head=6, n_audio_layer=4,
            n_vocab=VOCAB, n_text_ctx=448, n_text_state=192, n_text_head=6, n_text_layer=3)

TOKENIZER = get_tokenizer(multilingual=True, language="zh", task="transcribe")
SOT, EOT = TOKENIZER.sot, TOKENIZER.eot
TRANSCRIBE, NOTIMESTAMPS, NOSPEECH = TOKENIZER.transcribe, TOKENIZER.no_timestamps, TOKENIZER.no_speech
LANG_TOKEN = {lang: TOKENIZER.to_language_token(lang) for lang in ("zh", "vi", "th", "my", "lo", "km", "en")}


def encode_text(text):
    """Text to token ids; every digit is a token of its own, so that numbers are spelled out."""
    ids, run = [], ""
    for char in text + "\0":
        if char.isdigit() or char == "\0":
            ids += TOKENIZER.encode(run) if run else []
            run = ""
            ids += TOKENIZER.encode(char) if char != "\0" else []
        else:
            run += char
    return ids


def decode_text(ids):
    return TOKENIZER.decode([i for i in ids if i < EOT])


def sinusoids(length, channels):
    """Whisper's fixed encoder positions."""
    step = math.log(10000) / (channels // 2 - 1)
    inverse = torch.exp(-step * torch.arange(channels // 2))
    angle = torch.arange(length)[:, None] * inverse[None, :]
    return torch.cat([angle.sin(), angle.cos()], dim=1)


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width, bias=False)
        self.value, self.out = nn.Linear(width, width), nn.Linear(width, width)

    def split(self, x):
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def forward(self, x, source=None, causal=False, cache=None):
        q = self.split(self.query(x))
        if cache is not None and "k" in cache and source is not None:
            k, v = cache["k"], cache["v"]
        else:
            k, v = self.split(self.key(x if source is None else source)), self.split(self.value(x if source is None else source))
            if cache is not None:
                if source is None and "k" in cache:
                    k, v = torch.cat([cache["k"], k], 2), torch.cat([cache["v"], v], 2)
                cache["k"], cache["v"] = k, v
        # In single precision also under bf16 autocast, whose attention gradient is very slow on CPUs.
        with torch.autocast("cpu", enabled=False):
            y = F.scaled_dot_product_attention(q.float(), k.float(), v.float(), is_causal=causal)
        return self.out(y.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, width, heads, cross):
        super().__init__()
        self.attn, self.attn_ln = Attention(width, heads), nn.LayerNorm(width)
        if cross:
            self.cross_attn, self.cross_attn_ln = Attention(width, heads), nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.mlp_ln = nn.LayerNorm(width)

    def forward(self, x, source=None, causal=False, cache=None, drop=0.0):
        own, other = (cache or (None, None))
        x = x + F.dropout(self.attn(self.attn_ln(x), causal=causal, cache=own), drop, self.training)
        if source is not None:
            x = x + F.dropout(self.cross_attn(self.cross_attn_ln(x), source, cache=other), drop, self.training)
        return x + F.dropout(self.mlp(self.mlp_ln(x)), drop, self.training)


class Encoder(nn.Module):
    def __init__(self, d):
        super().__init__()
        w = d["n_audio_state"]
        self.conv1, self.conv2 = nn.Conv1d(d["n_mels"], w, 3, padding=1), nn.Conv1d(w, w, 3, stride=2, padding=1)
        self.register_buffer("positional_embedding", sinusoids(d["n_audio_ctx"], w))
        self.blocks = nn.ModuleList(Block(w, d["n_audio_head"], False) for _ in range(d["n_audio_layer"]))
        self.ln_post = nn.LayerNorm(w)

    def forward(self, mel, drop=0.0):
        x = F.gelu(self.conv2(F.gelu(self.conv1(mel)))).transpose(1, 2)
        x = x + self.positional_embedding[:x.shape[1]]
        for block in self.blocks:
            x = block(x, drop=drop)
        return self.ln_post(x)


class Decoder(nn.Module):
    def __init__(self, d, used):
        super().__init__()
        w = d["n_text_state"]
        # Row i stands for token used[i]; the last row for every token not in use.
        self.register_buffer("used", torch.tensor(used))
        self.embedding = nn.Parameter(torch.randn(len(used) + 1, w) * 0.02)
        self.positional_embedding = nn.Parameter(torch.randn(d["n_text_ctx"], w) * 0.01)
        self.blocks = nn.ModuleList(Block(w, d["n_text_head"], True) for _ in range(d["n_text_layer"]))
        self.ln = nn.LayerNorm(w)
        self.log_unused = math.log(d["n_vocab"] - len(used))

    def forward(self, rows, source, cache=None, at=0, drop=0.0):
        x = self.embedding[rows] + self.positional_embedding[at:at + rows.shape[1]]
        for i, block in enumerate(self.blocks):
            x = block(x, source, causal=rows.shape[1] > 1, cache=cache[i] if cache else None, drop=drop)
        return self.ln(x)

    def logits(self, x):
        out = (x.to(self.embedding.dtype) @ self.embedding.T).float()
        return torch.cat([out[..., :-1], out[..., -1:] + self.log_unused], -1)


class Recognizer(nn.Module):
    def __init__(self, used, n_phones, dims=DIMS):
        super().__init__()
        self.dims = dims
        self.encoder, self.decoder = Encoder(dims), Decoder(dims, used)
        self.helper = nn.Linear(dims["n_audio_state"], n_phones + 1)
        self.row = {token: i for i, token in enumerate(used)}

    @torch.no_grad()
    def transcribe(self, mel, langs, most=200):
        """Greedy decoding of a batch; langs gives the language token, or None to let the model choose.

        Returns the token ids and, at the first position, the model's language scores.
        """
        self.eval()
        used = self.decoder.used.tolist()
        source = self.encoder(mel)
        cache = [({}, {}) for _ in self.decoder.blocks]
        start = torch.full((mel.shape[0], 1), self.row[SOT])
        first = self.decoder.logits(self.decoder(start, source, cache))[:, -1]
        rows = torch.tensor([[self.row[LANG_TOKEN[lang]], self.row[TRANSCRIBE], self.row[NOTIMESTAMPS]] for lang in langs])
        for k in range(3):
            logits = self.decoder.logits(self.decoder(rows[:, k:k + 1], source, cache, at=1 + k))[:, -1]
        out, done = [[] for _ in langs], [False] * len(langs)
        for step in range(most):
            logits[:, -1] = -1e9
            best = logits.argmax(-1)
            for b, row in enumerate(best.tolist()):
                if not done[b]:
                    if used[row] >= EOT:
                        done[b] = True
                    else:
                        out[b].append(used[row])
            if all(done):
                break
            logits = self.decoder.logits(self.decoder(best[:, None], source, cache, at=4 + step))[:, -1]
        return out, first
