//! Weights in 6 bits: ggml's Q6_K, laid out as the inner loops read it.
//!
//! A number is 0 to 63 and stands for itself less [`MIDDLE`]; 16 inputs share a scale of 8 bits,
//! [`SUPER`] inputs an f16 that multiplies these. Of a block of [`BLOCK`] inputs the lower four bits lie
//! in four [`Quads`], first and second half of the block in one byte, and the upper two bits in two
//! more: 6.5625 bits a weight in all, as in the file. The offset is undone where the sums start
//! ([`QuantBlock::half_starts`]), so the numbers have no sign and no instruction needs one.

use super::{BLOCK, FOURS, LANES, NOTHING, Quads, QuantBlock, Sums};

/// What stands for zero.
pub(super) const MIDDLE: i32 = 32;
/// Inputs that share an f16.
pub const SUPER: usize = 256;
/// Quads of a block.
pub const SIXES: usize = 6;
/// Inputs that share a scale.
const FINE: usize = BLOCK / 2;
/// Bytes of one [`SUPER`] in ggml's form: lower bits, upper bits, scales, an f16.
pub const SUPER_BYTES: usize = 210;

/// The weights of sixteen outputs, or of all groups of sixteen one behind the other.
#[derive(Clone, Copy, Default)]
pub struct Sixes<'a> {
    /// [`SIXES`] for each block.
    pub quads: &'a [Quads],
    /// For each block: sixteen scales of its first half, sixteen of its second.
    pub scales: &'a [[[i8; LANES]; 2]],
    /// Bits of f16 numbers, for each [`SUPER`].
    pub steps: &'a [[u16; LANES]],
}

impl Sixes<'_> {
    /// Whether a block is without its step.
    pub(super) fn lacks_steps(&self) -> bool {
        self.steps.len() < self.scales.len().div_ceil(SUPER / BLOCK)
    }
}

/// Whether the f16 of each of ggml's blocks is a number, and with it all of the block's.
pub fn sound_sixes(data: &[u8]) -> bool {
    let (blocks, _) = data.as_chunks::<SUPER_BYTES>();
    let is_number = |f16: [u8; 2]| half::f16::from_le_bytes(f16).is_finite();
    blocks
        .iter()
        .all(|[.., low, high]| is_number([*low, *high]))
}

/// Where the upper bits of the quad `k` of a block lie: in which of the two quads, and how far up.
const fn upper(k: usize) -> (usize, usize) {
    (FOURS / 2 + k % 4 / 2, k % 2 * 2 + k / 4 * 4)
}

/// Unpacks one row of ggml's blocks and lays it into the place of output `lane` of a group, whose
/// `quads`, `scales` and `steps` are as in [`Sixes`].
pub fn pack_sixes(
    row: &[u8],
    lane: usize,
    quads: &mut [Quads],
    scales: &mut [[[i8; LANES]; 2]],
    steps: &mut [[u16; LANES]],
) {
    let (parts, _) = row.as_chunks::<SUPER_BYTES>();
    let per_part = SUPER / BLOCK;
    let groups = quads
        .chunks_exact_mut(per_part * SIXES)
        .zip(scales.chunks_exact_mut(per_part))
        .zip(steps);
    for (part, ((quads, scales), step)) in parts.iter().zip(groups) {
        let (numbers, fine, whole) = unpack(part);
        if let Some(place) = step.get_mut(lane) {
            *place = whole;
        }
        for (scales, fine) in scales.iter_mut().zip(fine.as_chunks::<2>().0) {
            for (scales, fine) in scales.iter_mut().zip(fine) {
                if let Some(place) = scales.get_mut(lane) {
                    *place = *fine;
                }
            }
        }
        let (blocks, _) = numbers.as_chunks::<BLOCK>();
        let (groups, _) = quads.as_chunks_mut::<SIXES>();
        for ([low @ .., high, higher], block) in groups.iter_mut().zip(blocks) {
            let (fours, _) = block.as_chunks::<4>();
            let (front, back) = fours.split_at(FOURS / 2);
            for (quad, (a, b)) in low.iter_mut().zip(front.iter().zip(back)) {
                set(quad, lane, std::array::from_fn(|i| a[i] & 15 | b[i] << 4));
            }
            // As `upper` says where they lie.
            for (quad, first) in [(high, 0), (higher, 2)] {
                let pick = |k: usize| fours.get(k).copied().unwrap_or_default().map(|n| n >> 4);
                let parts = [first, first + 1, first + 4, first + 5].map(pick);
                let byte = |i: usize| (0..4).fold(0, |byte, n| byte | parts[n][i] << (2 * n));
                set(quad, lane, std::array::from_fn(byte));
            }
        }
    }
}

/// Writes the four numbers of one output.
fn set(quad: &mut Quads, lane: usize, four: [u8; 4]) {
    if let Some(place) = quad.0.as_chunks_mut::<4>().0.get_mut(lane) {
        *place = four.map(u8::cast_signed);
    }
}

/// The numbers of one [`SUPER`] of ggml's form, 0 to 63, its scales and its f16.
fn unpack(part: &[u8; SUPER_BYTES]) -> ([u8; SUPER], [i8; SUPER / FINE], u16) {
    let mut numbers = [0u8; SUPER];
    // Of each 128 numbers: 64 bytes of lower bits hold two each, 32 of upper bits four each.
    for (half, numbers) in numbers.chunks_exact_mut(128).enumerate() {
        for place in 0..32 {
            let high = part[128 + half * 32 + place];
            for quarter in 0..4 {
                let low = part[half * 64 + quarter % 2 * 32 + place] >> (quarter / 2 * 4) & 15;
                numbers[quarter * 32 + place] = low | (high >> (2 * quarter) & 3) << 4;
            }
        }
    }
    let fine = std::array::from_fn(|i| part[192 + i].cast_signed());
    (numbers, fine, u16::from_le_bytes([part[208], part[209]]))
}

/// The number at `input` of output `lane`; `None` where there is none.
pub fn six_value(sixes: &Sixes<'_>, lane: usize, input: usize) -> Option<f32> {
    let (block, k, at) = (input / BLOCK, input % BLOCK / 4, lane * 4 + input % 4);
    let quads = sixes.quads.as_chunks::<SIXES>().0.get(block)?;
    let (quad, shift) = upper(k);
    let byte = |quad: usize| quads.get(quad)?.0.get(at).map(|b| b.cast_unsigned());
    let low = byte(k % 4)? >> (k / 4 * 4) & 15;
    let high = byte(quad)? >> shift & 3;
    let number = i32::from(low | high << 4) - MIDDLE;
    let half = sixes.scales.get(block)?.get(input % BLOCK / FINE)?;
    let fine = f32::from(*half.get(lane)?);
    let step = half::f16::from_bits(*sixes.steps.get(input / SUPER)?.get(lane)?);
    Some(number as f32 * (fine * step.to_f32()))
}

/// [`super::six_product`] in plain code.
pub(super) fn six_portable<const R: usize>(sixes: Sixes<'_>, rows: &[&[QuantBlock]; R]) -> Sums {
    let mut sums = NOTHING;
    let (blocks, _) = sixes.quads.as_chunks::<SIXES>();
    for (b, (quads, scales)) in blocks.iter().zip(sixes.scales).enumerate() {
        let Some(steps) = sixes.steps.get(b / (SUPER / BLOCK)) else {
            continue;
        };
        let steps = steps.map(|bits| half::f16::from_bits(bits).to_f32());
        for (half, scales) in scales.iter().enumerate() {
            for (sum, row) in sums.iter_mut().zip(rows) {
                let Some(x) = row.get(b) else { continue };
                let mut ints = [x.half_starts[half]; LANES];
                for k in half * 4..half * 4 + 4 {
                    let four = x.fours[k].to_le_bytes().map(|byte| i32::from(byte as i8));
                    let (quad, shift) = upper(k);
                    let low = quads[k % 4].0.as_chunks::<4>().0.iter();
                    let high = quads[quad].0.as_chunks::<4>().0.iter();
                    for ((int, low), high) in ints.iter_mut().zip(low).zip(high) {
                        let both = low.iter().zip(high).zip(four);
                        let products = both.map(|((low, high), x)| {
                            let low = low.cast_unsigned() >> (half * 4) & 15;
                            let high = high.cast_unsigned() >> shift & 3;
                            i32::from(low | high << 4) * x
                        });
                        *int = int.wrapping_add(products.sum());
                    }
                }
                let scales = scales.iter().zip(steps);
                for ((sum, int), (fine, step)) in sum.0.iter_mut().zip(ints).zip(scales) {
                    *sum += int as f32 * (f32::from(*fine) * step * x.scale);
                }
            }
        }
    }
    sums
}
