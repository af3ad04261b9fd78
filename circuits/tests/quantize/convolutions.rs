//! Convolution and pooling: what folds, where rounding happens, and that the integers are within the predicted error.

use zkdx_circuits::graph::FloatOp;

use crate::builder::{Builder, ConvSizes, faithful, noise, same};
use crate::patterns::{check, kinds, logits};

#[test]
fn a_small_network_for_digits() {
    let mut b = Builder::new(&[1, 1, 12, 12]);
    let x = b.conv("conv_1", 0, same(4, 3), 3);
    let x = b.map("relu_1", FloatOp::Relu, x);
    let x = b.pool(x, 2, 2, 0, None);
    let x = b.conv("conv_2", x, ConvSizes { padding: 0, ..same(6, 3) }, 5);
    let x = b.map("relu_2", FloatOp::Relu, x);
    let x = b.pool(x, 2, 2, 0, None);
    let x = b.flatten(x);
    let x = b.dense("hidden", x, &noise(7, 24 * 8).iter().map(|w| w / 3.0).collect::<Vec<_>>(), &noise(8, 8));
    let x = b.map("relu_3", FloatOp::Relu, x);
    let x = logits(&mut b, x, 5, 9);
    let (model, report) = faithful(&b.graph(x), &Default::default()).unwrap();
    println!("{report}");
    assert_eq!(kinds(&model), "KMQKMQRDQD");
}

#[test]
fn other_zeros_next_to_padding_are_biases() {
    let mut b = Builder::new(&[1, 2, 5, 5]);
    let x = b.per_channel(FloatOp::Sub, 0, &[0.3, -0.2]);
    let x = b.per_channel(FloatOp::Div, x, &[0.5, -2.0]);
    let x = b.conv("conv_1", x, same(3, 3), 3);
    let x = b.map("relu", FloatOp::Relu, x);
    let x = b.per_channel(FloatOp::Mul, x, &[0.5, -2.0, 1.5]);
    let x = b.per_channel(FloatOp::Add, x, &[3.0, -2.0, 1.0]);
    let x = b.conv("conv_2", x, same(3, 3), 5);
    let x = b.map("relu", FloatOp::Relu, x);
    let x = b.flatten(x);
    let x = logits(&mut b, x, 3, 8);
    let (model, report) = faithful(&b.graph(x), &Default::default()).unwrap();
    println!("{report}");
    assert_eq!(kinds(&model), "KQKQRD");
    let shapes: Vec<_> = model.architecture.parameters.iter().map(|spec| spec.shape.clone()).collect();
    assert_eq!(shapes[1], [3, 5, 5]);
    assert_eq!(shapes[3], [3, 5, 5]);
}

#[test]
fn negative_scales_before_a_maximum() {
    let mut b = Builder::new(&[1, 2, 6, 6]);
    let x = b.conv("conv", 0, same(3, 3), 3);
    let x = b.per_channel(FloatOp::Mul, x, &[-0.5, 2.0, -1.0]);
    let x = b.per_channel(FloatOp::Add, x, &[0.5, -0.2, 0.1]);
    let x = b.map("relu", FloatOp::Relu, x);
    let x = b.per_channel(FloatOp::Mul, x, &[-0.5, 2.0, -1.0]);
    let x = b.pool(x, 2, 2, 0, None);
    let x = b.per_channel(FloatOp::Mul, x, &[-0.5, 2.0, -1.0]);
    let x = b.flatten(x);
    let x = logits(&mut b, x, 3, 8);
    assert_eq!(check(&b.graph(x)).0, "KQKMQRD");
}

#[test]
fn overlapping_maxima_come_after_rounding() {
    for activation_first in [true, false] {
        let mut b = Builder::new(&[1, 2, 7, 7]);
        let mut x = b.conv("conv", 0, same(3, 3), 3);
        if activation_first {
            x = b.map("relu", FloatOp::Relu, x);
        }
        let mut x = b.pool(x, 3, 2, 1, None);
        if !activation_first {
            x = b.map("relu", FloatOp::Relu, x);
        }
        let x = b.flatten(x);
        let x = logits(&mut b, x, 3, 8);
        assert_eq!(check(&b.graph(x)).0, "KQMRD");
    }
}

#[test]
fn means_are_sums_of_another_scale() {
    for (padding, count) in [(0, true), (1, true), (1, false)] {
        let mut b = Builder::new(&[1, 2, 6, 6]);
        let x = b.conv("conv", 0, same(4, 3), 3);
        let x = b.map("relu", FloatOp::Relu, x);
        let x = b.pool(x, 3, 2, padding, Some(count));
        let x = b.conv("conv_2", x, same(3, 1), 9);
        let x = b.map("tanh", FloatOp::Tanh, x);
        let x = b.flatten(x);
        let x = logits(&mut b, x, 3, 8);
        assert_eq!(check(&b.graph(x)).0, "KQSQKQRD");
    }
}

#[test]
fn a_mean_may_be_the_score() {
    for relu in [true, false] {
        let mut b = Builder::new(&[1, 2, 6, 6]);
        let mut x = b.conv("conv", 0, same(4, 3), 3);
        if relu {
            x = b.map("relu", FloatOp::Relu, x);
        }
        let x = b.pool(x, 6, 6, 0, Some(true));
        let x = b.flatten(x);
        let x = b.map("softmax", FloatOp::Softmax { axis: 1 }, x);
        assert_eq!(check(&b.graph(x)).0, "KQSR");
    }
}
