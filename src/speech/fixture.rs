//! A whisper model of a few kilobytes of random weights, for tests: sound in form, senseless in text.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::ggml::Header;

/// The sizes of the fixture: a window of 4 s and 60 tokens.
pub const TINY: Header = Header {
    vocabulary: 51_865,
    audio_ctx: 200,
    width: 16,
    audio_heads: 2,
    audio_layers: 1,
    text_ctx: 64,
    text_heads: 2,
    text_layers: 1,
    mels: 80,
    ftype: 1,
};

/// A little more of everything, so that layers, heads and blocks of all sizes differ: heads of 32
/// numbers, a width that Q8_0 can hold.
pub const SMALL: Header = Header {
    width: 96,
    audio_heads: 3,
    audio_layers: 2,
    text_heads: 3,
    text_layers: 2,
    ..TINY
};

/// As wide as a block of 256 numbers.
pub const WIDE: Header = Header {
    width: 256,
    audio_heads: 4,
    text_heads: 4,
    ..TINY
};

/// Offset of the mel filters' two counts.
pub const FILTERS_AT: usize = 12 * 4;
/// Offset of the vocabulary's count.
pub const VOCABULARY_AT: usize = FILTERS_AT + 8 + 80 * 201 * 4;

/// The fixture's file, made once for all tests of the process.
pub fn tiny() -> &'static Path {
    static FILE: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = FILE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tiny.bin");
        std::fs::write(&path, bytes(&TINY)).unwrap();
        (folder, path)
    });
    path
}

/// A file with this header and random weights, always the same.
pub fn bytes(h: &Header) -> Vec<u8> {
    let mut file = Writer {
        out: Vec::new(),
        random: 1,
        ftype: h.ftype,
        small: h.width > TINY.width,
    };
    file.numbers(&[
        0x6767_6d6c,
        h.vocabulary,
        h.audio_ctx,
        h.width,
        h.audio_heads,
        h.audio_layers,
        h.text_ctx,
        h.width,
        h.text_heads,
        h.text_layers,
        h.mels,
        h.ftype,
    ]);
    file.numbers(&[h.mels, 201]);
    for band in 0..h.mels {
        for bin in 0..201 {
            // Bands side by side; the true shape does not matter to random weights.
            let inside = bin / 2 == band || bin / 2 == band + 1;
            file.out
                .extend_from_slice(&(if inside { 0.01_f32 } else { 0.0 }).to_le_bytes());
        }
    }
    file.numbers(&[50_257]);
    for id in 0..50_257_u32 {
        let token = token(id);
        file.numbers(&[u32::try_from(token.len()).unwrap()]);
        file.out.extend_from_slice(&token);
    }
    file.weights(h);
    file.out
}

/// Single bytes first, as in Whisper's vocabulary; then Lao, Khmer and Chinese characters.
fn token(id: u32) -> Vec<u8> {
    let character = match id {
        0..256 => return vec![u8::try_from(id).unwrap()],
        _ if id.is_multiple_of(3) => char::from_u32(0x0e81 + id % 4).unwrap_or('ກ'),
        _ if id % 3 == 1 => char::from_u32(0x1780 + id % 32).unwrap_or('ក'),
        _ => char::from_u32(0x4e00 + id % 20_000).unwrap_or('一'),
    };
    character.to_string().into_bytes()
}

struct Writer {
    out: Vec<u8>,
    random: u32,
    ftype: u32,
    /// Weights as small as those of a trained model of some width.
    small: bool,
}

impl Writer {
    fn numbers(&mut self, numbers: &[u32]) {
        for number in numbers {
            self.out.extend_from_slice(&number.to_le_bytes());
        }
    }

    fn next(&mut self) -> u32 {
        // Marsaglia's xorshift.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        self.random
    }

    fn tensor(&mut self, name: &str, sizes: &[u32], large: bool) {
        // Convolutions are never quantised.
        let storage = match self.ftype {
            2.. if large && name.contains("conv") => 1,
            7 if large => 8,
            8 | 9 if large => self.ftype - 2,
            1..=3 | 10..=14 if large => self.ftype,
            _ => 0,
        };
        self.numbers(&[
            u32::try_from(sizes.len()).unwrap(),
            u32::try_from(name.len()).unwrap(),
            storage,
        ]);
        self.numbers(sizes);
        self.out.extend_from_slice(name.as_bytes());
        let count = sizes.iter().product::<u32>();
        match storage {
            // The numbers of a block are these scales times 0 to 15 or 31, or less 8 or 16 of them.
            2 => (0..count / 32).for_each(|_| self.packed(&[0.008], 16, &[])),
            3 => (0..count / 32).for_each(|_| self.packed(&[0.008, -0.06], 16, &[])),
            6 => (0..count / 32).for_each(|_| self.packed(&[0.004], 20, &[])),
            7 => (0..count / 32).for_each(|_| self.small_block()),
            // The same times scales of parts of the block, which stand among the bits.
            10 => (0..count / 256).for_each(|_| self.packed(&[], 80, &[0.005, 0.008])),
            11 => (0..count / 256).for_each(|_| self.packed(&[], 108, &[0.002])),
            12 => (0..count / 256).for_each(|_| self.packed(&[0.000_25, 0.002], 140, &[])),
            13 => (0..count / 256).for_each(|_| self.packed(&[0.000_125, 0.002], 172, &[])),
            8 => (0..count / 32).for_each(|_| self.block()),
            14 => (0..count / 256).for_each(|_| self.six_block()),
            _ => (0..count).for_each(|_| self.value(large, storage == 1)),
        }
    }

    fn value(&mut self, large: bool, half: bool) {
        let random = self.next();
        let value = if large {
            // Sign, an exponent from 2^-4 to 2^-1, a random mantissa.
            let bits = (random & 0x83ff) | (11 + (random >> 20) % 4) << 10;
            let value = half::f16::from_bits(u16::try_from(bits).unwrap()).to_f32();
            if self.small { value / 8.0 } else { value }
        } else {
            (random % 2000) as f32 / 1000.0 - 1.0
        };
        if half {
            self.out
                .extend_from_slice(&half::f16::from_f32(value).to_le_bytes());
        } else {
            self.out.extend_from_slice(&value.to_le_bytes());
        }
    }

    /// A block of random bits between scales in f16, each up to a half more than it is given.
    fn packed(&mut self, before: &[f32], bits: u32, behind: &[f32]) {
        before.iter().for_each(|scale| self.scale(*scale));
        for _ in 0..bits / 4 {
            let bits = self.next();
            self.out.extend_from_slice(&bits.to_le_bytes());
        }
        behind.iter().for_each(|scale| self.scale(*scale));
    }

    fn scale(&mut self, least: f32) {
        let scale = least * (1.0 + (self.next() % 8) as f32 / 16.0);
        self.out
            .extend_from_slice(&half::f16::from_f32(scale).to_le_bytes());
    }

    /// 32 numbers of Q5_1: scale, least, fifth bits, the other four.
    fn small_block(&mut self) {
        let scale = 0.002 + (self.next() % 8) as f32 / 4_000.0;
        for half in [scale, -15.0 * scale] {
            self.out
                .extend_from_slice(&half::f16::from_f32(half).to_le_bytes());
        }
        for _ in 0..5 {
            let bits = self.next();
            self.out.extend_from_slice(&bits.to_le_bytes());
        }
    }

    /// 32 numbers of Q8_0.
    fn block(&mut self) {
        let scale = half::f16::from_f32(0.0005 + (self.next() % 8) as f32 / 16_000.0);
        self.out.extend_from_slice(&scale.to_le_bytes());
        for _ in 0..32 {
            let byte = self.next().to_le_bytes()[1].cast_signed().max(-127);
            self.out.push(byte.cast_unsigned());
        }
    }

    /// 256 numbers of Q6_K: lower bits, upper bits, scales, an f16.
    fn six_block(&mut self) {
        for _ in 0..52 {
            let bits = self.next();
            self.out.extend_from_slice(&bits.to_le_bytes());
        }
        let scale = half::f16::from_f32(0.000_02 + (self.next() % 8) as f32 / 400_000.0);
        self.out.extend_from_slice(&scale.to_le_bytes());
    }

    fn linear(&mut self, name: &str, from: u32, to: u32) {
        self.tensor(&format!("{name}.weight"), &[from, to], true);
        if !name.ends_with("key") {
            self.tensor(&format!("{name}.bias"), &[to], false);
        }
    }

    fn norm(&mut self, name: &str, width: u32) {
        self.tensor(&format!("{name}.weight"), &[width], false);
        self.tensor(&format!("{name}.bias"), &[width], false);
    }

    fn weights(&mut self, h: &Header) {
        let w = h.width;
        self.tensor("encoder.positional_embedding", &[w, h.audio_ctx], false);
        self.tensor("encoder.conv1.weight", &[3, h.mels, w], true);
        self.tensor("encoder.conv1.bias", &[1, w], false);
        self.tensor("encoder.conv2.weight", &[3, w, w], true);
        self.tensor("encoder.conv2.bias", &[1, w], false);
        self.norm("encoder.ln_post", w);
        self.tensor("decoder.positional_embedding", &[w, h.text_ctx], false);
        self.tensor("decoder.token_embedding.weight", &[w, h.vocabulary], true);
        self.norm("decoder.ln", w);
        for (side, layers) in [("encoder", h.audio_layers), ("decoder", h.text_layers)] {
            for layer in 0..layers {
                let block = format!("{side}.blocks.{layer}");
                for attention in ["attn", "cross_attn"] {
                    if attention == "cross_attn" && side == "encoder" {
                        continue;
                    }
                    for part in ["query", "key", "value", "out"] {
                        self.linear(&format!("{block}.{attention}.{part}"), w, w);
                    }
                    self.norm(&format!("{block}.{attention}_ln"), w);
                }
                self.linear(&format!("{block}.mlp.0"), w, 4 * w);
                self.linear(&format!("{block}.mlp.2"), 4 * w, w);
                self.norm(&format!("{block}.mlp_ln"), w);
            }
        }
    }
}
