//! Random networks: the integer result is within the predicted error of the float result.

use proptest::prelude::*;
use zkdx_circuits::graph::{FloatGraph, FloatOp};
use zkdx_circuits::quantize::Options;

use crate::builder::{Builder, faithful, noise};

#[derive(Clone, Debug)]
struct Plan {
    inputs: usize,
    hidden: Vec<(usize, usize, bool)>,
    classes: usize,
    softmax: bool,
    scale: f32,
    bits: (u32, u32, u32),
    seed: u64,
}

fn plans() -> impl Strategy<Value = Plan> {
    let hidden = prop::collection::vec((1usize..12, 0usize..6, any::<bool>()), 0..4);
    let bits = (6u32..=14, 5u32..=12, 5u32..=12);
    (1usize..10, hidden, 1usize..5, any::<bool>(), 0.01f32..10.0, bits, any::<u64>()).prop_map(
        |(inputs, hidden, classes, softmax, scale, bits, seed)| Plan {
            inputs,
            hidden,
            classes,
            softmax,
            scale,
            bits,
            seed,
        },
    )
}

fn activation(kind: usize) -> FloatOp {
    match kind {
        0 | 1 => FloatOp::Relu,
        2 => FloatOp::LeakyRelu { alpha: 0.2 },
        3 => FloatOp::Clip { lo: 0.0, hi: 2.0 },
        4 => FloatOp::Sigmoid,
        _ => FloatOp::Tanh,
    }
}

fn network(plan: &Plan) -> FloatGraph {
    let mut b = Builder::new(&[1, plan.inputs]);
    let (mut x, mut seed) = (0, plan.seed);
    let mut parameters = |len: usize, width: usize| {
        seed = seed.wrapping_add(0x51ed);
        noise(seed, len).into_iter().map(|w| w * plan.scale / (width as f32).sqrt()).collect::<Vec<_>>()
    };
    for (index, &(width, kind, residual)) in plan.hidden.iter().enumerate() {
        let before = *b.shape(x).last().unwrap();
        let residual = residual && index > 0;
        let width = if residual { before } else { width };
        let y = b.dense(&format!("dense_{index}"), x, &parameters(before * width, before), &parameters(width, 4));
        let y = if residual { b.node("residual", FloatOp::Add, &[x, y], &[1, width]) } else { y };
        x = b.map(&format!("activation_{index}"), activation(kind), y);
    }
    let before = *b.shape(x).last().unwrap();
    let (weight, bias) = (parameters(before * plan.classes, before), parameters(plan.classes, 4));
    x = b.dense("scores", x, &weight, &bias);
    match (plan.classes, plan.softmax) {
        (1, _) => x = b.map("sigmoid", FloatOp::Sigmoid, x),
        (_, true) => x = b.map("softmax", FloatOp::Softmax { axis: 1 }, x),
        _ => {}
    }
    b.graph(x)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn integers_stay_within_the_predicted_error(plan in plans()) {
        let (input, weight_bits, activation_bits) = plan.bits;
        let options = Options { input_bits: Some(input), weight_bits, activation_bits, ..Options::default() };
        let result = faithful(&network(&plan), &options).map(drop);
        prop_assert!(result.is_ok(), "{:?}", result);
    }
}
