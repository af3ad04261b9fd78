//! Models from anyone: refused with a sentence or quantised, never a panic.

use zkdx_circuits::onnx::{ImportOptions, import};
use zkdx_circuits::quantize::{Options, quantize};

use crate::case::Case;

/// Steps, zero points, weights and shapes of any size and sign: refused or quantised, never a panic.
#[test]
fn flipped_bytes_never_panic() {
    let (mut imported, mut quantised) = (0, 0);
    for case in Case::all() {
        let bytes = case.bytes();
        for index in (0..bytes.len()).step_by(11) {
            let mut bytes = bytes.clone();
            bytes[index] ^= [0x80, 0x40, 0xff, 0x01][index % 4];
            let Ok(graph) = import(&bytes, &ImportOptions::default()) else { continue };
            imported += 1;
            quantised += usize::from(quantize(&graph, &case.calibration[..2], None, &Options::default()).is_ok());
        }
    }
    assert!(imported > 1000 && quantised > 500, "{imported} imported, {quantised} quantised");
}

/// What no step may be, and steps so small or large that nothing fits them.
const STEPS: [f32; 8] =
    [0.0, -0.0, -0.01, f32::NAN, f32::INFINITY, f32::MIN_POSITIVE / 8.0, f32::MIN_POSITIVE, f32::MAX];

/// Where the bytes of a single float of the file are: field 4 or 9 of a tensor, four bytes long.
fn floats(bytes: &[u8]) -> Vec<usize> {
    (0..bytes.len().saturating_sub(6))
        .filter(|&at| bytes[at..at + 2] == [0x22, 4] || bytes[at..at + 2] == [0x4a, 4])
        .map(|at| at + 2)
        .collect()
}

#[test]
fn malformed_steps_are_refused() {
    let (mut tried, mut refused) = (0, 0);
    for case in Case::all() {
        let honest = case.bytes();
        for (index, at) in floats(&honest).into_iter().enumerate() {
            let mut bytes = honest.clone();
            let step = STEPS[index % STEPS.len()];
            bytes[at..at + 4].copy_from_slice(&step.to_le_bytes());
            let imported = import(&bytes, &ImportOptions::default());
            let quantised = imported.map_err(|error| error.to_string()).and_then(|graph| {
                let found = quantize(&graph, &case.calibration[..2], None, &Options::default());
                found.map(drop).map_err(|error| error.to_string())
            });
            tried += 1;
            refused += usize::from(quantised.is_err_and(|error| error.len() > 20));
        }
    }
    assert!(tried > 400 && 2 * refused > tried, "{refused} of {tried}");
}
