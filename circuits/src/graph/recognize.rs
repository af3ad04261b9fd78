//! Finds functions of one value that exporters spell in several nodes: `x/2·(1 + erf(x/√2))` is Gelu, `x·σ(x)` is Swish.
//!
//! Every entrywise node is run on sample points in place of each value that it is a function of. Where what comes out is what a known
//! function gives there, the node becomes that function: one table instead of several and of products between them. How the
//! nodes are ordered or scaled does not matter.
//!
//! Samples say nothing of what is between and beyond them, so they are near each other around zero, reach far, and count only for
//! compositions that bend nowhere: a clamp or a ReLU on the way could do anything between two samples. Only the hard swish, which is
//! made with a clamp, may have one. Whatever is recognised is told to the user.

use ndarray::{ArrayD, IxDyn, arr1};

use super::{FloatNode, FloatOp, NodeId, Unary};

/// Sample points: some 3/64 apart, from −6 to 6, at no regular distance; and others far out, where a function spelled with exponentials
/// may overflow.
const NEAR: usize = 257;
const FAR: [f32; 8] = [7.3, 8.9, 13.1, 21.7, 57.0, 203.0, 1_033.0, 10_007.0];
const SAMPLES: usize = NEAR + 2 * FAR.len();

/// How far a sample may be from the function, relative to the larger of 1 and the function's value. The two forms of Gelu are
/// twenty times as far apart.
const TOLERANCE: f32 = 2e-5;

/// Of how many values before it a node is tried as a function.
const BASES: usize = 8;

/// A node as a function of an earlier value: what it gives at the sample points.
#[derive(Clone)]
struct View {
    base: usize,
    samples: ArrayD<f32>,
    /// Whether a step on the way bends: a ReLU, a clamp, a magnitude.
    bends: bool,
}

/// Replaces nodes that are known functions of a value by these functions, and names them. What only they read is then dead.
pub(crate) fn recognize(nodes: &mut [FloatNode]) -> Vec<Unary> {
    let points = ArrayD::from_shape_fn(IxDyn(&[SAMPLES]), |index| point(index[0]));
    let mut recognised = Vec::new();
    let mut views: Vec<Vec<View>> = Vec::with_capacity(nodes.len());
    for id in 0..nodes.len() {
        let mut own = composed(nodes, &views, id);
        // The nearest value first: of a clamped one, not of what is clamped.
        own.sort_by_key(|view| std::cmp::Reverse(view.base));
        if let Some((base, function)) = own.iter().find_map(|view| Some((view.base, known(view)?))) {
            (nodes[id].op, nodes[id].inputs) = (FloatOp::Unary(function), vec![NodeId(base)]);
            recognised.push(function);
        }
        own.truncate(BASES - 1);
        if nodes[id].constant().is_none() {
            own.insert(0, View { base: id, samples: points.clone(), bends: false });
        }
        views.push(own);
    }
    recognised
}

/// The node as a function of each value that it is one of.
fn composed(nodes: &[FloatNode], views: &[Vec<View>], id: usize) -> Vec<View> {
    let FloatNode { op, inputs, shape, .. } = &nodes[id];
    let apply = |samples: &[&ArrayD<f32>]| {
        let samples: Vec<_> = samples.iter().map(|samples| samples.view()).collect();
        op.apply(&samples, &[SAMPLES]).ok()
    };
    let of = |input: &NodeId| views[input.0].iter().filter(|view| nodes[view.base].shape == *shape);
    let scalar = |input: &NodeId| {
        nodes[input.0]
            .constant()
            .filter(|value| value.len() == 1)
            .map(|value| arr1(&[value[&vec![0; value.ndim()][..]]]).into_dyn())
    };
    let bends = bends(op);
    let view = |from: &[&View], samples: Option<ArrayD<f32>>| {
        let bends = bends || from.iter().any(|view| view.bends);
        samples.map(|samples| View { base: from[0].base, samples, bends })
    };
    match (op, &inputs[..]) {
        (
            FloatOp::Relu
            | FloatOp::LeakyRelu { .. }
            | FloatOp::Clip { .. }
            | FloatOp::Sigmoid
            | FloatOp::Tanh
            | FloatOp::Unary(_),
            [x],
        ) => of(x).filter_map(|x| view(&[x], apply(&[&x.samples]))).collect(),
        (FloatOp::Add | FloatOp::Sub | FloatOp::Mul | FloatOp::Div, [a, b]) => match (scalar(a), scalar(b)) {
            (None, Some(b)) => of(a).filter_map(|a| view(&[a], apply(&[&a.samples, &b]))).collect(),
            (Some(a), None) => of(b).filter_map(|b| view(&[b], apply(&[&a, &b.samples]))).collect(),
            _ => {
                let pairs = of(a).filter_map(|a| Some((a, of(b).find(|b| b.base == a.base)?)));
                pairs.filter_map(|(a, b)| view(&[a, b], apply(&[&a.samples, &b.samples]))).collect()
            }
        },
        _ => Vec::new(),
    }
}

/// Whether an operator's graph has a corner or a jump.
fn bends(op: &FloatOp) -> bool {
    match op {
        FloatOp::Relu | FloatOp::LeakyRelu { .. } | FloatOp::Clip { .. } => true,
        FloatOp::Unary(function) => matches!(
            function,
            Unary::Abs
                | Unary::HardSigmoid { .. }
                | Unary::HardSwish
                | Unary::Elu { .. }
                | Unary::ThresholdedRelu(_)
                | Unary::Floor
                | Unary::Ceil
                | Unary::Round
                | Unary::Shrink { .. }
                | Unary::Softsign
                | Unary::Positive
                | Unary::NonNegative
                | Unary::Zero
        ),
        _ => false,
    }
}

/// The known function with these values.
fn known(view: &View) -> Option<Unary> {
    let is = |function: &Unary| {
        view.samples.iter().enumerate().all(|(index, &sample)| {
            let value = function.at(f64::from(point(index))) as f32;
            let overflows = index >= NEAR && !sample.is_finite();
            overflows || (sample - value).abs() <= TOLERANCE * value.abs().max(1.0)
        })
    };
    if view.bends {
        return [Unary::HardSwish, Unary::Softsign].into_iter().find(is);
    }
    let fixed = [Unary::Gelu, Unary::GeluTanh, Unary::Mish, Unary::Softplus];
    let swish = swish(&view.samples);
    fixed.into_iter().chain(swish).find(is)
}

/// `x·σ(beta·x)` with the `beta` that one sample gives.
fn swish(samples: &ArrayD<f32>) -> Option<Unary> {
    let index = NEAR / 2 + 16;
    let share = f64::from(samples.iter().nth(index)? / point(index));
    let beta = (share / (1.0 - share)).ln() / f64::from(point(index));
    // What a file says has few digits: 1 and 1.702, not 0.99999994.
    let beta = (beta * 1e4).round() / 1e4;
    (beta.is_finite() && beta > 0.0).then_some(Unary::Swish(beta))
}

fn point(index: usize) -> f32 {
    match index.checked_sub(NEAR) {
        None => {
            let place = index as f32 - (NEAR / 2) as f32;
            // Up to a fifth of a step off, so that no period of theirs is one of the function.
            (place + 0.2 * (place * place).sin()) * 0.046_875
        }
        Some(far) => FAR[far / 2] * if far % 2 == 0 { 1.0 } else { -1.0 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(op: FloatOp, inputs: &[usize]) -> FloatNode {
        FloatNode { name: String::new(), op, inputs: inputs.iter().map(|&id| NodeId(id)).collect(), shape: vec![1, 3] }
    }

    fn scalar(value: f32) -> FloatNode {
        let constant = FloatOp::Constant(ArrayD::from_elem(IxDyn(&[]), value));
        FloatNode { shape: vec![], ..node(constant, &[]) }
    }

    /// What the last of the nodes is recognised as.
    fn found(nodes: Vec<FloatNode>) -> Option<(Unary, usize)> {
        let mut nodes = [vec![node(FloatOp::Input, &[]), node(FloatOp::Relu, &[0])], nodes].concat();
        recognize(&mut nodes);
        match nodes.pop().map(|node| (node.op, node.inputs)) {
            Some((FloatOp::Unary(function), inputs)) => Some((function, inputs[0].0)),
            _ => None,
        }
    }

    /// Node 1 is the argument.
    fn gelu(root: f32) -> Vec<FloatNode> {
        vec![
            scalar(root),
            node(FloatOp::Div, &[1, 2]),
            node(FloatOp::Unary(Unary::Erf), &[3]),
            scalar(1.0),
            node(FloatOp::Add, &[5, 4]),
            node(FloatOp::Mul, &[1, 6]),
            scalar(0.5),
            node(FloatOp::Mul, &[8, 7]),
        ]
    }

    #[test]
    fn gelu_as_exporters_spell_it() {
        assert_eq!(found(gelu(2f32.sqrt())), Some((Unary::Gelu, 1)));
        assert_eq!(found(gelu(1.5)), None, "another divisor is another function");
    }

    #[test]
    fn swish_of_any_slope() {
        let plain = vec![node(FloatOp::Sigmoid, &[1]), node(FloatOp::Mul, &[2, 1])];
        assert_eq!(found(plain), Some((Unary::Swish(1.0), 1)));
        let steep =
            vec![scalar(1.702), node(FloatOp::Mul, &[1, 2]), node(FloatOp::Sigmoid, &[3]), node(FloatOp::Mul, &[1, 4])];
        assert_eq!(found(steep), Some((Unary::Swish(1.702), 1)));
    }

    #[test]
    fn hard_swish_and_softplus() {
        let hard = vec![
            scalar(3.0),
            node(FloatOp::Add, &[1, 2]),
            node(FloatOp::Clip { lo: 0.0, hi: 6.0 }, &[3]),
            node(FloatOp::Mul, &[1, 4]),
            scalar(6.0),
            node(FloatOp::Div, &[5, 6]),
        ];
        assert_eq!(found(hard), Some((Unary::HardSwish, 1)));
        let soft = vec![
            node(FloatOp::Unary(Unary::Exp), &[1]),
            scalar(1.0),
            node(FloatOp::Add, &[2, 3]),
            node(FloatOp::Unary(Unary::Log), &[4]),
        ];
        assert_eq!(found(soft), Some((Unary::Softplus, 1)));
    }

    #[test]
    fn nothing_hides_between_samples_or_beyond_them() {
        let swish = |x: usize| vec![node(FloatOp::Sigmoid, &[x]), node(FloatOp::Mul, &[x + 1, x])];
        // Of the clamped value, not of what is clamped.
        let mut nodes =
            [vec![node(FloatOp::Input, &[]), node(FloatOp::Clip { lo: -8.0, hi: 8.0 }, &[0])], swish(1)].concat();
        assert_eq!(recognize(&mut nodes), [Unary::Swish(1.0)]);
        assert_eq!(nodes[3].inputs, [NodeId(1)]);
        // A spike of a tenth's width, and a fall behind the last near sample.
        let away = |at: f32, shape: FloatOp, factor: f32| {
            let bump = [
                scalar(at),
                node(FloatOp::Sub, &[1, 4]),
                node(shape, &[5]),
                scalar(factor),
                node(FloatOp::Mul, &[6, 7]),
            ];
            found([swish(1), bump.to_vec(), vec![node(FloatOp::Add, &[3, 8])]].concat())
        };
        assert_eq!(away(6.5, FloatOp::Relu, -1000.0), None);
        assert_eq!(away(0.1, FloatOp::Clip { lo: 0.0, hi: 1e-4 }, 1000.0), None);
    }

    #[test]
    fn products_of_two_values_stay() {
        let gate = vec![node(FloatOp::Sigmoid, &[0]), node(FloatOp::Mul, &[2, 1])];
        assert_eq!(found(gate), None);
        let square = vec![node(FloatOp::Mul, &[1, 1])];
        assert_eq!(found(square), None);
        let mut spread = vec![node(FloatOp::Sigmoid, &[1]), node(FloatOp::Mul, &[2, 1])];
        spread[1].shape = vec![2, 3];
        assert_eq!(found(spread), None, "the shape is another");
    }
}
