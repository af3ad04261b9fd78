//! Functions of one entry by tables of what calibration found.

use zkdx_circuits::graph::{FloatGraph, FloatOp, Unary};
use zkdx_circuits::quantize::{HeldOut, Labelled, Options, quantize};

use crate::builder::{Builder, faithful, noise, noisy_records};
use crate::patterns::{check, logits};

/// Every function that is defined everywhere.
const FUNCTIONS: [Unary; 24] = [
    Unary::Abs,
    Unary::Exp,
    Unary::Erf,
    Unary::Gelu,
    Unary::GeluTanh,
    Unary::HardSigmoid { alpha: 0.2, beta: 0.5 },
    Unary::HardSwish,
    Unary::Elu { alpha: 1.6, gamma: 1.05, scale: 1.0 },
    Unary::Softplus,
    Unary::Softsign,
    Unary::Mish,
    Unary::Swish(1.0),
    Unary::Power(3.0),
    Unary::Sin,
    Unary::Cos,
    Unary::Sinh,
    Unary::Cosh,
    Unary::Atan,
    Unary::Asinh,
    Unary::Floor,
    Unary::Ceil,
    Unary::Round,
    Unary::Shrink { lambda: 0.5, bias: 0.25 },
    Unary::ThresholdedRelu(1.0),
];

/// A dense layer, the function, and another dense layer; the function's argument is `around` plus or minus some 2.
fn network(function: Unary, around: f32) -> FloatGraph {
    let mut b = Builder::new(&[1, 4]);
    let x = b.dense("hidden", 0, &noise(3, 24), &[around; 6]);
    let x = b.map("function", FloatOp::Unary(function), x);
    let x = logits(&mut b, x, 3, 8);
    b.graph(x)
}

#[test]
fn functions_are_tables() {
    for function in FUNCTIONS {
        assert_eq!(check(&network(function, 0.3)).0, "DQD", "{function:?}");
    }
}

#[test]
fn functions_with_poles_are_tables_away_from_them() {
    for function in [Unary::Log, Unary::Sqrt, Unary::Reciprocal, Unary::Power(-1.5)] {
        assert_eq!(check(&network(function, 6.0)).0, "DQD", "{function:?}");
    }
}

#[test]
fn functions_keep_to_a_given_architecture() {
    for function in [Unary::Gelu, Unary::Exp, Unary::Softsign] {
        let graph = network(function, 0.3);
        let (model, _) = faithful(&graph, &Options::default()).unwrap();
        let like = Options { like: Some(&model.architecture), ..Options::default() };
        let (again, _) = faithful(&graph, &like).unwrap();
        assert_eq!(again.architecture, model.architecture);
        assert_eq!(again.parameters.tensors(), model.parameters.tensors());
    }
}

/// Just below a jump, the key above it may be nearer: the value there is a whole jump away, and the bound says so.
#[test]
fn jumps_between_keys_count_in_full() {
    let shrink = Unary::Shrink { lambda: 0.7, bias: 1.3 };
    for function in [Unary::Floor, Unary::Ceil, Unary::Round, Unary::ThresholdedRelu(0.7), shrink] {
        let mut b = Builder::new(&[1, 1]);
        let x = b.map("function", FloatOp::Unary(function), 0);
        let x = b.dense("out", x, &[1.0, -1.0], &[0.0; 2]);
        let records: Vec<Vec<f64>> = (0..8000).map(|k| vec![f64::from(k) * 0.0005 - 1.9999]).collect();
        let labelled = Labelled { records: &records, classes: &[0; 8000] };
        let (_, report) = quantize(&b.graph(x), &records, Some(labelled), &Options::default()).unwrap();
        let found = report.held_out.unwrap();
        assert!(found.max_error > 0.3 && found.max_error <= found.bound * 1.0001, "{function:?}: {found}");
    }
}

const STEPS: [Unary; 3] = [Unary::Positive, Unary::NonNegative, Unary::Zero];

/// How a network with a step does whose argument is some 2 around a number.
fn stepped(step: Unary, around: f32) -> HeldOut {
    let records = noisy_records(1, 60, 4);
    let labelled = Labelled { records: &records, classes: &[0; 60] };
    let (_, report) = quantize(&network(step, around), &records, Some(labelled), &Options::default()).unwrap();
    report.held_out.unwrap()
}

#[test]
fn steps_have_no_error_away_from_their_jump() {
    for step in STEPS {
        let found = stepped(step, 6.0);
        assert!(found.max_error <= found.bound * 1.0001 && found.bound < 0.05, "{step:?}: {found}");
    }
}

#[test]
fn steps_near_their_jump_may_be_off_by_one() {
    for step in STEPS {
        let found = stepped(step, 0.0);
        assert!(found.max_error <= found.bound * 1.0001 && found.bound > 0.3, "{step:?}: {found}");
    }
}

#[test]
fn records_on_a_pole_are_refused() {
    for function in [Unary::Log, Unary::Sqrt] {
        let refusal = quantize(&network(function, -6.0), &noisy_records(1, 20, 4), None, &Options::default());
        let message = refusal.map(drop).unwrap_err().to_string();
        assert!(message.contains("node `function`") && message.contains("not finite"), "{message}");
    }
}
