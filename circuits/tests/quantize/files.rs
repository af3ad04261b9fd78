//! A model's file: one for each model, and every change is noticed.

use zkdx_circuits::graph::FloatOp;
use zkdx_circuits::quantize::{FILE_VERSION, FileError, Options, QuantizedModel, quantize};
use zkdx_circuits::statement::keccak;

use crate::builder::{Builder, noise, noisy_records, outcome};

fn model(bits: u32) -> QuantizedModel {
    let mut b = Builder::new(&[1, 3]);
    let x = b.dense("hidden", 0, &noise(3, 12), &noise(4, 4));
    let x = b.map("relu", FloatOp::Relu, x);
    let x = b.dense("scores", x, &noise(5, 8), &noise(6, 2));
    let options = Options { weight_bits: bits, ..Options::default() };
    quantize(&b.graph(x), &noisy_records(1, 50, 3), None, &options).unwrap().0
}

fn error(bytes: &[u8]) -> FileError {
    QuantizedModel::from_bytes(bytes).map(drop).unwrap_err()
}

/// Replaces the checksum by the right one.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len() - 32);
    let checksum = keccak([&bytes[..]]);
    bytes.extend_from_slice(&checksum);
    bytes
}

#[test]
fn reading_gives_back_the_model() {
    for bits in [4, 8, 12] {
        let before = model(bits);
        let bytes = before.to_secret_bytes();
        let after = QuantizedModel::from_bytes(&bytes).unwrap();
        assert!(before.architecture == after.architecture && before.parameters.tensors() == after.parameters.tensors());
        assert_eq!(after.to_secret_bytes(), bytes);
        let raw = [0.1, -0.2, 0.3];
        assert_eq!(outcome(&before, &raw), outcome(&after, &raw));
    }
}

#[test]
fn every_flipped_bit_and_every_cut_is_noticed() {
    let bytes = model(8).to_secret_bytes();
    for bit in 0..8 * bytes.len() {
        let mut changed = bytes.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(QuantizedModel::from_bytes(&changed).is_err(), "bit {bit}");
    }
    for len in 0..bytes.len() {
        assert!(QuantizedModel::from_bytes(&bytes[..len]).is_err(), "first {len} bytes");
    }
    assert_eq!(error(&[&bytes[..], &[0]].concat()), FileError::Damaged);
}

#[test]
fn errors_tell_damaged_from_foreign_from_too_new() {
    let bytes = model(8).to_secret_bytes().to_vec();
    assert_eq!(error(b"PK\x03\x04"), FileError::Foreign);
    assert_eq!(error(&bytes[..100]), FileError::Damaged);
    let mut newer = bytes.clone();
    newer[9] = FILE_VERSION as u8 + 1;
    assert_eq!(error(&newer), FileError::TooNew { version: FILE_VERSION + 1 });
}

#[test]
fn intact_files_that_mean_nothing_are_refused() {
    let bytes = model(8).to_secret_bytes().to_vec();
    // A length far beyond the file.
    let mut long = bytes.clone();
    long[10] = 0xff;
    assert!(matches!(error(&sealed(long)), FileError::Malformed(_)));
    // A weight of −128, outside ±127: the biases of the last layer come last, its weights before them.
    let spec =
        |model: &QuantizedModel, index: usize| model.architecture.parameters[index].shape.iter().product::<usize>();
    let bias = 2 * spec(&model(8), 3);
    let place = bytes.len() - 32 - bias - 1;
    let mut outside = bytes.clone();
    outside[place] = 0x80;
    let said = error(&sealed(outside)).to_string();
    assert!(said.contains("`scores.weight` is outside its interval"), "{said}");
    // One entry too many.
    let mut longer = bytes[..bytes.len() - 32].to_vec();
    longer.extend_from_slice(&[0; 33]);
    assert!(matches!(error(&sealed(longer)), FileError::Malformed(_)));
    // The same architecture with a space.
    let at = 14;
    let mut spaced = bytes.clone();
    spaced.insert(at, b' ');
    let len = u32::from_be_bytes(spaced[10..14].try_into().unwrap()) + 1;
    spaced[10..14].copy_from_slice(&len.to_be_bytes());
    assert_eq!(error(&sealed(spaced)), FileError::Malformed("the architecture is not in canonical form".into()));
}
