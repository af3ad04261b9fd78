//! Random networks of convolutions, pooling and joins: within the predicted error, and one architecture for retrained weights.

use proptest::prelude::*;
use zkdx_circuits::graph::{FloatGraph, FloatOp};
use zkdx_circuits::layers::Layer;
use zkdx_circuits::quantize::{Labelled, Options, quantize};

use crate::builder::{Builder, ConvSizes, faithful, noise, noisy_records, same};
use crate::like::retrained;
use crate::patterns::logits;

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    shape: Vec<usize>,
    blocks: Vec<(u8, u64)>,
    mean: bool,
    seed: u64,
}

fn plans() -> impl Strategy<Value = Plan> {
    let shape = prop::sample::select(vec![vec![1, 1, 6, 6], vec![1, 3, 5, 7], vec![1, 2, 9], vec![1, 2, 3, 4, 3]]);
    let blocks = prop::collection::vec((0u8..10, any::<u64>()), 1..5);
    (shape, blocks, any::<bool>(), any::<u64>()).prop_map(|(shape, blocks, mean, seed)| Plan {
        shape,
        blocks,
        mean,
        seed,
    })
}

fn activation(bits: u64) -> FloatOp {
    match bits % 8 {
        0..=3 => FloatOp::Relu,
        4 => FloatOp::LeakyRelu { alpha: 0.1 },
        5 => FloatOp::Clip { lo: 0.0, hi: 1.5 },
        6 => FloatOp::Tanh,
        _ => FloatOp::Sigmoid,
    }
}

fn normalise(b: &mut Builder, x: usize, seed: u64) -> usize {
    let channels = b.shape(x)[1];
    let x = b.per_channel(FloatOp::Mul, x, &noise(seed, channels));
    b.per_channel(FloatOp::Add, x, &noise(seed + 1, channels))
}

/// A frame around the last axes.
fn pad(b: &mut Builder, x: usize, fill: f32) -> usize {
    let shape = b.shape(x);
    let out: Vec<usize> = [&shape[..2], &shape[2..].iter().map(|n| n + 2).collect::<Vec<_>>()].concat();
    let read = |mut k: usize| {
        let mut at = Vec::new();
        for &n in out.iter().rev() {
            at.push(k % n);
            k /= n;
        }
        at.reverse();
        let mut index = 0;
        for (axis, (&at, &n)) in at.iter().zip(&shape).enumerate() {
            let at = if axis < 2 { at } else { at.checked_sub(1).filter(|&at| at < n)? };
            index = index * n + at;
        }
        Some(index as u32)
    };
    let indices = (0..out.iter().product()).map(read).collect();
    b.node("pad", FloatOp::Gather { indices, fill }, &[x], &out)
}

fn residual(b: &mut Builder, x: usize, bits: u64, name: &str) -> usize {
    let channels = b.shape(x)[1];
    let stride = 1 + (bits >> 8) as usize % 2;
    let y = b.conv(&format!("{name}/a"), x, ConvSizes { stride, ..same(channels, 3) }, bits >> 3);
    let y = b.map("relu", FloatOp::Relu, y);
    let y = b.conv(&format!("{name}/b"), y, same(channels, 3), bits >> 5);
    let y = normalise(b, y, bits >> 7);
    let shortcut = match stride {
        1 => x,
        _ => b.conv(&format!("{name}/c"), x, ConvSizes { stride, ..same(channels, 1) }, bits >> 9),
    };
    let shape = b.shape(y);
    let z = b.node("residual", FloatOp::Add, &[y, shortcut], &shape);
    b.map("relu", FloatOp::Relu, z)
}

fn block(b: &mut Builder, x: usize, (kind, bits): (u8, u64), name: &str) -> usize {
    let shape = b.shape(x);
    let small = shape[2..].iter().any(|&n| n < 3);
    let sizes = ConvSizes {
        outputs: shape[1] * (1 + bits as usize % 2),
        kernel: if small { 1 } else { 1 + (bits >> 1) as usize % 3 },
        stride: 1 + (bits >> 3) as usize % 2,
        padding: (bits >> 4) as usize % 2,
        dilation: 1,
        groups: if bits >> 5 & 1 == 1 { shape[1] } else { 1 },
    };
    match kind {
        0 | 1 => {
            let dilation = if sizes.kernel == 2 && !small { 2 } else { 1 };
            let x = b.conv(name, x, ConvSizes { dilation, ..sizes }, bits);
            b.map("activation", activation(bits >> 8), x)
        }
        2 => {
            let x = b.conv(name, x, sizes, bits);
            let x = normalise(b, x, bits >> 9);
            b.map("activation", activation(bits >> 8), x)
        }
        3 => b.pool(x, 1 + usize::from(!small), 1 + (bits & 1) as usize, 0, None),
        4 => {
            b.pool(x, if small { 1 } else { 3 }, 2, usize::from(!small) * (bits >> 1 & 1) as usize, Some(bits & 1 == 0))
        }
        5 => residual(b, x, bits, name),
        6 => {
            let y = b.conv(name, x, same(2, 3), bits);
            let y = b.map("relu", FloatOp::Relu, y);
            let mut shape = b.shape(x);
            shape[1] += 2;
            b.node("concat", FloatOp::Concat { axis: 1 }, &[x, y], &shape)
        }
        7 => pad(b, x, if bits & 1 == 0 { 0.0 } else { 0.5 }),
        8 => normalise(b, x, bits),
        _ => {
            let x = b.map("activation", activation(bits), x);
            b.pool(x, 1 + usize::from(!small), 1 + usize::from(!small), 0, None)
        }
    }
}

pub(crate) fn network(plan: &Plan) -> FloatGraph {
    let mut b = Builder::new(&plan.shape);
    let mut x = 0;
    for (index, &block_) in plan.blocks.iter().enumerate() {
        x = block(&mut b, x, block_, &format!("block_{index}"));
    }
    if plan.mean {
        let shape = b.shape(x);
        let window = zkdx_circuits::window::Window {
            axes: shape[2..].iter().map(|&n| zkdx_circuits::window::WindowAxis::new(n, n)).collect(),
        };
        let out = [&shape[..2], &vec![1; shape.len() - 2]].concat();
        x = b.node("global", FloatOp::AveragePool { window, count_padding: true }, &[x], &out);
    }
    let x = b.flatten(x);
    let x = logits(&mut b, x, 3, plan.seed);
    b.graph(x)
}

/// A layer that calibration never saw above zero has steps like any other: those after it keep their precision.
#[test]
fn what_is_always_zero_does_not_spoil_the_next_layer() {
    let blocks = vec![(0, 3_748_566_595_220_480_052), (4, 0), (0, 2_671_144_787_141_090_560)];
    let graph = network(&Plan { shape: vec![1, 1, 6, 6], blocks, mean: false, seed: 0 });
    let records = noisy_records(1, 40, 36);
    let labelled = Labelled { records: &records, classes: &[0; 40] };
    let (model, report) = quantize(&graph, &records, Some(labelled), &Options::default()).unwrap();
    let shifts = model.architecture.layers.iter().filter_map(|node| match &node.layer {
        Layer::Requantize(layer) => Some(layer.shift),
        _ => None,
    });
    assert!(shifts.max().unwrap() < 16);
    let found = report.held_out.unwrap();
    assert!(found.max_error < 0.05 && found.max_error <= found.bound * 1.0001, "{found}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn integers_stay_within_the_predicted_error(plan in plans()) {
        let result = faithful(&network(&plan), &Options::default()).map(drop);
        prop_assert!(result.is_ok(), "{:?}", result);
    }

    /// Private scales are chosen again; public ones may have been outgrown, and then it is said where.
    #[test]
    fn retrained_networks_keep_the_architecture(plan in plans()) {
        let len = plan.shape.iter().product();
        let records = noisy_records(1, 40, len);
        let (before, _) = quantize(&network(&plan), &records, None, &Options::default()).unwrap();
        let like = Options { like: Some(&before.architecture), ..Options::default() };
        match quantize(&retrained(network(&plan), 0.02), &records, None, &like) {
            Ok((after, _)) => prop_assert_eq!(before.architecture.digest(), after.architecture.digest()),
            Err(error) => {
                let error = error.to_string();
                prop_assert!(error.contains("does not fit: its weights need "), "{}", error);
            }
        }
    }

    #[test]
    fn the_same_network_gives_the_same_integers(plan in plans()) {
        let records = noisy_records(1, 40, plan.shape.iter().product());
        let (before, _) = quantize(&network(&plan), &records, None, &Options::default()).unwrap();
        let like = Options { like: Some(&before.architecture), ..Options::default() };
        let (same, _) = quantize(&network(&plan), &records, None, &like).unwrap();
        prop_assert!(before.parameters.tensors() == same.parameters.tensors());
    }
}
