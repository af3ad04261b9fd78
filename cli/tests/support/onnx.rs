//! Just enough of protocol buffers to find the weights in an ONNX file.

use std::ops::Range;

const GRAPH: u64 = 7;
const INITIALIZER: u64 = 5;
const NAME: u64 = 8;
const RAW_DATA: u64 = 9;

/// Where each initializer keeps its raw data.
pub fn weights(model: &[u8]) -> Vec<(String, Range<usize>)> {
    let graphs = fields(model, 0..model.len()).filter(|(field, _)| *field == GRAPH);
    let tensors = graphs.flat_map(|(_, graph)| fields(model, graph)).filter(|(field, _)| *field == INITIALIZER);
    tensors.filter_map(|(_, tensor)| weight(model, tensor)).collect()
}

/// The model with every weight of the tensors named `…/weight` multiplied by `factor`.
pub fn scaled(model: &[u8], factor: f32) -> Vec<u8> {
    let mut scaled = model.to_vec();
    for (_, range) in weights(model).into_iter().filter(|(name, _)| name.ends_with("/weight")) {
        for bytes in scaled[range].as_chunks_mut::<4>().0 {
            *bytes = (f32::from_le_bytes(*bytes) * factor).to_le_bytes();
        }
    }
    assert_ne!(scaled, model, "no weights found");
    scaled
}

fn weight(model: &[u8], tensor: Range<usize>) -> Option<(String, Range<usize>)> {
    let find = |wanted| fields(model, tensor.clone()).find(|(field, _)| *field == wanted).map(|(_, range)| range);
    Some((String::from_utf8_lossy(&model[find(NAME)?]).into_owned(), find(RAW_DATA)?))
}

/// The length-delimited fields of a message.
fn fields(bytes: &[u8], message: Range<usize>) -> impl Iterator<Item = (u64, Range<usize>)> + '_ {
    let mut at = message.start;
    std::iter::from_fn(move || {
        while at < message.end {
            let tag = varint(bytes, &mut at);
            match tag & 7 {
                0 => drop(varint(bytes, &mut at)),
                1 => at += 8,
                5 => at += 4,
                _ => {
                    let length = varint(bytes, &mut at) as usize;
                    at += length;
                    return Some((tag >> 3, at - length..at));
                }
            }
        }
        None
    })
}

fn varint(bytes: &[u8], at: &mut usize) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = bytes[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}
