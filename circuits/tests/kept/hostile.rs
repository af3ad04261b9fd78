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
