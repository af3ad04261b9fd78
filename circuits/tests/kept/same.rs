//! The same integers and classes as ONNX Runtime's, and architectures that say nothing of weights.

use std::path::PathBuf;

use zkdx_circuits::layers::{Activation, Layer, Requantize};
use zkdx_circuits::onnx::{ImportOptions, import};
use zkdx_circuits::quantize::{Options, quantize};

use crate::case::{Case, class, distances, run};

#[test]
fn the_float_graph_is_the_quantised_model() {
    for case in Case::all() {
        let graph = case.graph();
        let (mut far, mut entries) = (0, 0);
        for (raw, answer) in case.answered() {
            let record: Vec<f32> = raw.iter().map(|&x| x as f32).collect();
            let scores = graph.scores(&record).expect("scores");
            let apart = scores.iter().zip(&answer.output).map(|(a, b)| (f64::from(*a) - b).abs());
            far += apart.filter(|apart| *apart > 1e-4).count();
            entries += scores.len();
        }
        // Sums in another order may round to another level.
        assert!(10 * far <= entries, "{}: {far} of {entries}", case.name);
    }
}

#[test]
fn levels_are_those_of_the_model() {
    for case in Case::all().iter().filter(|case| !case.is_dynamic()) {
        let model = case.quantized();
        let distances = case.answered().flat_map(|(raw, answer)| distances(&model, raw, answer));
        let distances: Vec<u64> = distances.map(|(_, distance)| distance).collect();
        assert!(distances.len() > 100, "{}", case.name);
        assert!(distances.iter().all(|&distance| distance <= 1), "{}", case.name);
        let off = distances.iter().filter(|&&distance| distance > 0).count();
        // ONNX Runtime computes these in 32-bit floats, whose last digit is some 1/500 of one of 2^16 levels.
        let room = if case.name.ends_with("wide") { distances.len() / 100 } else { 0 };
        assert!(off <= room, "{}: {off} of {}", case.name, distances.len());
    }
}

#[test]
fn classes_are_those_of_the_model() {
    for case in Case::all() {
        let model = case.quantized();
        for (raw, answer) in case.answered() {
            assert_eq!(run(&model, raw).class(), class(&answer.output), "{}", case.name);
        }
    }
}

/// Steps of activations may be told, what follows from weights may not: a model with other weights and other steps of theirs, but with the
/// same grids, has the same layers; parameters are told to lie within powers of two.
#[test]
fn the_architecture_says_nothing_of_weights() {
    let mut compared = 0;
    for case in Case::all() {
        let Some(other) = &case.other else { continue };
        let (model, other) = (case.quantized(), Case { model: other.clone(), ..case.clone() }.quantized());
        assert_ne!(model.parameters.tensors(), other.parameters.tensors(), "{}", case.name);
        let (model, mut other) = (model.architecture, other.architecture);
        assert!(model.parameters.iter().all(|spec| spec.interval.size().is_power_of_two()), "{}", case.name);
        for (own, other) in model.parameters.iter().zip(&mut other.parameters) {
            assert!(
                own.interval.hi / 2 <= other.interval.hi && other.interval.hi / 2 <= own.interval.hi,
                "{}",
                own.name
            );
            (other.interval, other.norm) = (own.interval, own.norm);
        }
        assert_eq!(model, other, "{}", case.name);
        compared += 1;
    }
    assert!(compared >= 2);
}

/// The file with every entry of a tensor of 32-bit integers replaced by the one of largest magnitude.
fn levelled(mut bytes: Vec<u8>, name: &str) -> Option<Vec<u8>> {
    let key = [&[0x42, name.len() as u8], name.as_bytes(), &[0x4a]].concat();
    let start = bytes.windows(key.len()).position(|window| window == key)? + key.len();
    let len = usize::from(bytes[start]);
    let data = &mut bytes[start + 1..][..len];
    let largest = data.chunks(4).map(|entry| i32::from_le_bytes(entry.try_into().expect("four bytes")));
    let largest = largest.max_by_key(|entry| entry.unsigned_abs())?;
    data.chunks_mut(4).for_each(|entry| entry.copy_from_slice(&largest.to_le_bytes()));
    Some(bytes)
}

/// Whether the biases of a layer are all the same is as secret as they are.
#[test]
fn the_architecture_does_not_say_whether_biases_differ() {
    let mut compared = 0;
    for case in Case::all().iter().filter(|case| !case.is_dynamic()) {
        for name in ["b1_quantized", "b4_quantized"] {
            let Some(bytes) = levelled(case.bytes(), name) else { continue };
            let other = Case { model: hex::encode(bytes), ..case.clone() }.quantized();
            let model = case.quantized();
            assert_ne!(model.parameters.tensors(), other.parameters.tensors(), "{}", case.name);
            assert_eq!(model.architecture.layers, other.architecture.layers, "{}, {name}", case.name);
            compared += 1;
        }
    }
    assert!(compared >= 4, "{compared}");
}

/// What the model does not round is rounded to a number of levels that says no more than four bits of what they reach.
#[test]
fn levels_that_follow_from_ranges_are_round_numbers() {
    let is_round = |levels: i64| levels >> levels.trailing_zeros() < 16;
    let mut compared = 0;
    for case in Case::all() {
        let layers = case.quantized().architecture.layers;
        let images = layers.iter().filter(|node| node.name.ends_with("/round")).filter_map(|node| match &node.layer {
            Layer::Requantize(Requantize { activation: Activation::Clamp(image), .. }) => Some((&node.name, image.hi)),
            _ => None,
        });
        for (name, levels) in images {
            assert!(is_round(levels) || is_round(levels + 1), "{}, {name}: {levels} levels", case.name);
            compared += 1;
        }
    }
    assert!(compared >= 4, "{compared}");
}

/// 24 bits are what the floats of ONNX Runtime have.
#[test]
fn multipliers_of_a_reference_model_have_24_bits() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../models/resnet-8-int8");
    let graph = import(&std::fs::read(folder.join("model.onnx")).expect("a model"), &ImportOptions::default());
    let graph = graph.expect("a graph");
    let len: usize = graph.input_shape().iter().product();
    let table = std::fs::read_to_string(folder.join("calibration.csv")).expect("records");
    let row = |line: &str| line.split(',').take(len).map(|cell| cell.parse().expect("a number")).collect::<Vec<f64>>();
    let records: Vec<_> = table.lines().skip(1).map(row).collect();
    let (model, _) = quantize(&graph, &records, None, &Options::default()).expect("integers");
    let specs = model.architecture.parameters.iter().zip(model.parameters.tensors());
    let multipliers: Vec<i64> = specs
        .filter(|(spec, _)| spec.name.ends_with(".multiplier"))
        .flat_map(|(_, tensor)| tensor.iter().map(|factor| factor.abs()).collect::<Vec<_>>())
        .collect();
    assert!(multipliers.len() > 100, "{}", multipliers.len());
    let fewest = multipliers.iter().copied().min().expect("multipliers");
    assert!(fewest >= 1 << 23, "{fewest}");
}
