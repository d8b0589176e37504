//! A file in 6 bits: its numbers, and what is refused.

use super::*;
use crate::speech::fixture;

#[test]
fn six_bits_stay_six_bits_with_the_numbers_of_the_file() {
    let header = Header {
        width: 256,
        ftype: 14,
        ..fixture::SMALL
    };
    let header = Header {
        audio_heads: 4,
        text_heads: 4,
        ..header
    };
    let mut bytes = fixture::bytes(&header);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("six.bin");
    std::fs::write(&path, &bytes).unwrap();
    let mut file = ModelFile::open(&path, false).unwrap();
    for name in [
        "encoder.blocks.1.mlp.2.weight",
        "decoder.blocks.0.attn.key.weight",
    ] {
        let packed = file.matrix(name).unwrap();
        let Source::Ggml(ggml) = &mut file.source else {
            panic!("no file")
        };
        let place = ggml.place(name).unwrap();
        let inputs = place.sizes[0] as usize;
        let mut expected = Vec::new();
        ggml.read_widened(name, place, 0..packed.outputs(), inputs, &mut expected)
            .unwrap();
        let mut row = vec![0.0; inputs];
        for (at, expected) in expected.chunks_exact(inputs).enumerate() {
            assert!(packed.row(at, &mut row));
            for (found, wanted) in row.iter().zip(expected) {
                assert!(
                    (found - wanted).abs() < 1e-6,
                    "{name} {at}: {found} {wanted}"
                );
            }
        }
        assert!(!packed.row(packed.outputs(), &mut row));
    }
    // A scale that is no number is refused with its tensor.
    let name = "encoder.blocks.0.mlp.0.weight";
    let at = bytes
        .windows(name.len())
        .position(|w| w == name.as_bytes())
        .unwrap();
    let f16 = at + name.len() + SUPER_BYTES - 2;
    bytes[f16..f16 + 2].copy_from_slice(&half::f16::INFINITY.to_le_bytes());
    std::fs::write(&path, &bytes).unwrap();
    let refused = ModelFile::open(&path, false).unwrap().matrix(name);
    let told = refused.err().unwrap().to_string();
    assert!(told.contains(name) && told.contains("NaN"), "{told}");
}
