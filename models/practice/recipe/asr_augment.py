"""Changes made anew to every utterance of a training batch, in the mel power domain.

Tempo, colour of voice, level, tilt, noise, telephone band, weak bands and frames, and the
place in the window; and windows without any speech. Nothing is spoken again: all works
on the stored log-mel power of asr_data.py.
"""
import math

import torch

FLOOR = -10.0
FULL = 800
TELEPHONE = 0.35


def mel_centres():
    """Middle frequencies of Whisper's 80 mel bands, Hz (Slaney's scale: linear to 1 kHz, then logarithmic)."""
    mels = torch.linspace(0, 15 + 27 * math.log(8) / math.log(6.4), 82)[1:-1]
    return torch.where(mels < 15, mels * 200 / 3, 1000 * torch.exp((mels - 15) * math.log(6.4) / 27))


def telephone_cut(n, uniform):
    """What a band-pass near 300-3,400 Hz takes from each mel band, in powers of ten, (n, 80).

    The power response of a digital Butterworth filter, its edges and order drawn at random;
    no deeper than what leaks into a band through the analysis window.
    """
    at = torch.tan(math.pi * mel_centres() / 16000)[None]
    low = torch.tan(math.pi * uniform(220, 380) / 16000)[:, None]
    high = torch.tan(math.pi * uniform(3000, 3800) / 16000)[:, None]
    order = 2 * torch.where(uniform(0, 1) < 0.5, torch.tensor(4.0), uniform(2, 8))[:, None]
    cut = torch.log10(1 + (low / at) ** order) + torch.log10(1 + (at / high) ** order)
    return torch.minimum(cut, uniform(4, 8)[:, None])


def masked(b, rng):
    """Now and then a weak band of frequencies, or a few weak frames, as SpecAugment has them (Park et al. 2019)."""
    if rng.random() < 0.3:
        at, wide = rng.randrange(72), rng.randint(2, 10)
        b[:, at:at + wide] -= rng.uniform(0.5, 3)
    if rng.random() < 0.3 and len(b) > 40:
        at, wide = rng.randrange(len(b) - 6), rng.randint(2, 5)
        b[at:at + wide] -= rng.uniform(0.5, 3)
    return b


def augment(blocks, noise, generator, rng, hard=1.0, full=False):
    """Log-mel power of some utterances -> one batch of Whisper's input, (n, 80, frames)."""
    n = len(blocks)

    def uniform(low, high, *shape):
        return low + (high - low) * torch.rand(*(shape or (n,)), generator=generator)

    tempo = uniform(0.97, 1.25)
    lengths = torch.tensor([max(4, int(len(b) / float(t))) for b, t in zip(blocks, tempo)])
    lead = torch.randint(2, 30, (n,), generator=generator)
    tail = torch.randint(2, 30, (n,), generator=generator)
    whole = lead + lengths + tail
    frames = min(FULL, int(whole.max()) + int(torch.randint(2, 30, (1,), generator=generator)))
    frames = FULL if full else frames + frames % 2
    warp, bend = uniform(-2.2, 2.2) * hard, uniform(-1.2, 1.2) * hard
    bins = torch.arange(80.0)
    speech = torch.full((n, frames, 80), FLOOR)
    for i, block in enumerate(blocks):
        b = block.float()
        where = torch.arange(int(lengths[i])) * float(tempo[i])
        low = where.long().clamp(max=len(b) - 1)
        high = (low + 1).clamp(max=len(b) - 1)
        b = b[low] + (b[high] - b[low]) * (where - low)[:, None]
        # A shift along the mel axis, growing with frequency, changes the voice's colour.
        where = (bins + float(warp[i]) * (0.4 + bins / 80) + float(bend[i]) * torch.sin(bins * math.pi / 40)).clamp(0, 79)
        low = where.long().clamp(max=78)
        b = masked(b[:, low] + (b[:, low + 1] - b[:, low]) * (where - low), rng)
        at = int(lead[i])
        end = min(frames, at + len(b))
        speech[i, at:end] = b[:end - at]
    # A tilt of the spectrum, as microphones and rooms have, then the noise under it.
    tilt = uniform(-0.5, 0.5)[:, None] * hard * (bins[None] / 40 - 1) + uniform(-0.25, 0.25, n, 80) * 0.3
    # And slow waves over the bands, as loudspeakers and small rooms have.
    for cycles in (1, 2, 3):
        tilt = tilt + uniform(-0.25, 0.25)[:, None] * hard * torch.sin(2 * math.pi * (cycles * bins / 80 + uniform(0, 1)[:, None]))
    speech = speech + tilt[:, None]
    power = 10 ** speech
    level = (power.sum(-1).sum(-1) / lengths)[:, None, None] / 80
    start = torch.randint(0, len(noise) - frames, (n,), generator=generator)
    hiss = torch.stack([noise[s:s + frames] for s in start.tolist()])
    hiss = hiss / hiss.mean(-1, keepdim=True).mean(1, keepdim=True)
    slope = uniform(-1.2, 0.3)[:, None] * (bins[None] / 80)
    hiss = hiss * (10 ** (slope - slope.mean(-1, keepdim=True)))[:, None]
    kind = torch.rand(n, generator=generator)
    ratio = torch.where(kind < 0.6, uniform(10, 35), torch.where(kind < 0.9, uniform(35, 60), uniform(70, 80)))
    if hard < 1:
        ratio = ratio + 15 * (1 - hard)
    power = power + hiss * level * (10 ** (-ratio / 10))[:, None, None]
    # The telephone band, for some, and the line's own hiss behind it, for some of them.
    phone = (torch.rand(n, generator=generator) < TELEPHONE)[:, None].float()
    power = power * (10 ** -(telephone_cut(n, uniform) * phone))[:, None]
    line = torch.where(torch.rand(n, generator=generator) < 0.4, uniform(15, 40), torch.tensor(80.0))
    power = power + phone[:, None] * hiss * level * (10 ** (-line / 10))[:, None, None]
    logs = torch.log10(power.clamp(min=1e-10)) + uniform(-1.6, 0.6)[:, None, None] * hard
    # Behind the cut utterance the window is digital silence.
    beyond = torch.arange(frames)[None] >= whole[:, None]
    logs = logs.masked_fill(beyond[..., None], FLOOR).clamp(min=FLOOR)
    logs = torch.maximum(logs, logs.amax((1, 2), keepdim=True) - 8)
    return ((logs + 4) / 4).transpose(1, 2), (whole.clamp(max=frames) + 1) // 2


def quiet(noise, frames, rng):
    """Windows without speech: noise, hum, clicks; their text is empty."""
    s = rng.randrange(len(noise) - frames)
    slope = torch.linspace(0, rng.uniform(-3, 1), 80)
    logs = torch.log10(noise[s:s + frames]) + slope + rng.uniform(-7, -1)
    for _ in range(rng.choice([0, 0, 1, 3])):
        at, long = rng.randrange(frames - 4), rng.randint(1, 12)
        logs[at:at + long] += torch.linspace(rng.uniform(1, 4), 0, len(logs[at:at + long]))[:, None]
    end = rng.randint(frames // 3, frames)
    logs[end:] = FLOOR
    logs = logs.clamp(min=FLOOR)
    return ((torch.maximum(logs, logs.max() - 8) + 4) / 4).T
