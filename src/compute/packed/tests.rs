//! Each form of a packed matrix gives back what it was built from.

use super::*;

fn numbers(count: usize) -> Vec<f32> {
    (0..count)
        .map(|i| ((i * 7919 + 13) % 1009) as f32 / 504.5 - 1.0)
        .collect()
}

fn packed(kept: Kept, outputs: usize, inputs: usize, x: &[f32]) -> Packed {
    let read = |range: Range<usize>, rows: &mut Rows| -> Result<(), ()> {
        let part = x.get(range.start * inputs..range.end * inputs).unwrap();
        rows.floats.extend_from_slice(part);
        Ok(())
    };
    Packed::build(outputs, inputs, kept, read).unwrap()
}

#[test]
fn each_form_gives_its_rows_back() {
    for (outputs, inputs) in [(1, 1), (16, 32), (37, 50), (100, 16), (5, 129)] {
        let x = numbers(outputs * inputs);
        for (kept, near) in [
            (Kept::Float, 0.0),
            (Kept::Half, 5e-4),
            (Kept::Quant, 0.5 / 127.0 + 5e-4),
        ] {
            let matrix = packed(kept, outputs, inputs, &x);
            let mut row = vec![0.0; inputs];
            for (index, wanted) in x.chunks_exact(inputs).enumerate() {
                assert!(matrix.row(index, &mut row));
                let far = row.iter().zip(wanted).map(|(a, b)| (a - b).abs());
                assert!(far.fold(0.0, f32::max) <= near, "{kept:?} {index}");
            }
            assert!(!matrix.row(outputs, &mut row));
        }
    }
}

#[test]
fn what_was_quantised_before_is_kept_as_it_is() {
    let quants: Vec<u8> = (0..3 * 40).map(|i| (i * 37 % 255) as u8).collect();
    let scales: Vec<u16> = (1..=6)
        .map(|i| half::f16::from_f32(i as f32 / 8.0).to_bits())
        .collect();
    let read = |_: Range<usize>, rows: &mut Rows| -> Result<(), ()> {
        rows.quants.extend_from_slice(&quants);
        rows.scales.extend_from_slice(&scales);
        Ok(())
    };
    let matrix = Packed::build(3, 40, Kept::Quant, read).unwrap();
    let mut row = vec![0.0; 40];
    for index in 0..3 {
        assert!(matrix.row(index, &mut row));
        for (i, x) in row.iter().enumerate() {
            let byte = quants[index * 40 + i].cast_signed().max(-127);
            let scale = half::f16::from_bits(scales[index * 2 + i / BLOCK]).to_f32();
            assert_eq!(*x, f32::from(byte) * scale);
        }
    }
}

/// A row of ggml's six-bit blocks, the same in every run, with steps that are sound numbers.
fn six_row(inputs: usize, seed: usize) -> Vec<u8> {
    let mut row: Vec<u8> = (0..inputs / SUPER * SUPER_BYTES)
        .map(|i| ((i * 7919 + seed * 104_729) % 253) as u8)
        .collect();
    for part in row.chunks_exact_mut(SUPER_BYTES) {
        let step = half::f16::from_f32((seed % 7) as f32 / 4096.0).to_le_bytes();
        part[SUPER_BYTES - 2..].copy_from_slice(&step);
    }
    row
}

#[test]
fn six_bits_give_their_rows_back() {
    let (outputs, inputs) = (37, 2 * SUPER);
    let read = |range: Range<usize>, rows: &mut Rows| -> Result<(), ()> {
        rows.sixes
            .extend(range.flat_map(|row| six_row(inputs, row)));
        Ok(())
    };
    let matrix = Packed::build(outputs, inputs, Kept::Six, read).unwrap();
    assert!(matrix.quantised());
    let Form::Six {
        quads,
        scales,
        steps,
    } = &matrix.form
    else {
        panic!("kept otherwise");
    };
    let bytes = size_of_val(&quads[..]) + size_of_val(&scales[..]) + size_of_val(&steps[..]);
    // 6.5625 bits a number, of 48 outputs.
    assert_eq!(bytes, 48 * inputs * 105 / 128);
    let mut row = vec![0.0; inputs];
    for index in 0..outputs {
        assert!(matrix.row(index, &mut row));
        let bytes = six_row(inputs, index);
        for (at, part) in bytes.chunks_exact(SUPER_BYTES).enumerate() {
            let step = (index % 7) as f32 / 4096.0;
            // As the format is described: two halves of four quarters of 32 numbers.
            for i in 0..SUPER {
                let (half, quarter, place) = (i / 128, i % 128 / 32, i % 32);
                let (low, upper) = (&part[half * 64..], part[128 + half * 32 + place]);
                let low = match quarter {
                    0 => low[place] & 15,
                    1 => low[place + 32] & 15,
                    2 => low[place] >> 4,
                    _ => low[place + 32] >> 4,
                };
                let number = i32::from(low) + 16 * i32::from(upper >> (2 * quarter) & 3) - 32;
                let fine = f32::from(part[192 + i / 16].cast_signed());
                assert_eq!(
                    row[at * SUPER + i],
                    number as f32 * (fine * step),
                    "{index} {i}"
                );
            }
        }
    }
    assert!(!matrix.row(outputs, &mut row));
}
