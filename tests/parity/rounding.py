"""What 8-bit weights make of a model, for references that round as the engine does.

Weights in ggml's Q8_0 are multiplied in whole numbers: the other side of each product is rounded to
8 bits too, 32 numbers to a scale, the scale kept in 16 bits (ggml, `quantize_row_q8_0`). One number on
the other side of a half after another order of summing, and all that follows is rounded differently:
two such programs are as far from each other as each is from none. So the reference holds the rounded
weights alone, and how far its own rounding of the other side takes it from there.
"""

import copy

import gguf
import torch

Q8_0 = gguf.GGMLQuantizationType.Q8_0
BLOCK = 32
RUNS = 8


def packed(p):
    """A matrix as Q8_0 leaves it; what Q8_0 cannot hold stays."""
    if p.ndim != 2 or p.shape[1] % BLOCK:
        return p
    return torch.from_numpy(gguf.dequantize(gguf.quantize(p.numpy(), Q8_0), Q8_0).copy())


def rounded(x):
    """Activations as they meet Q8_0 weights."""
    if x.shape[-1] % BLOCK:
        return x
    blocks = x.reshape(-1, BLOCK)
    scale = blocks.abs().amax(1, keepdim=True) / 127
    whole = torch.where(scale > 0, blocks / scale, torch.zeros(())).round()
    return (whole * scale.half().float()).reshape(x.shape)


def with_rounding(model, logits):
    """The answer of `logits`, and by how much it moves (root of the mean square) when every linear layer
    of `model` sees rounded activations: over some runs, each shaken by less than any rounding."""
    exact = logits(model)
    other = copy.deepcopy(model)

    def shaken(_, inputs):
        x = inputs[0]
        return (rounded(x * (1 + 1e-6 * torch.randn_like(x))), *inputs[1:])

    for layer in other.modules():
        if isinstance(layer, torch.nn.Linear):
            layer.register_forward_pre_hook(shaken)
    torch.manual_seed(1)
    squares = []
    for _ in range(RUNS):
        pairs = [(a, b) for x, y in zip(exact["logits"], logits(other)["logits"])
                 for a, b in zip(x["values"], y["values"])]
        squares.append(sum((a - b) ** 2 for a, b in pairs) / len(pairs))
    return dict(exact, rounding=round((sum(squares) / RUNS) ** 0.5, 5))
