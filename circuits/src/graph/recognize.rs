//! Finds functions of one value that exporters spell in several nodes: `x/2·(1 + erf(x/√2))` is Gelu, `x·σ(x)` is Swish.
//!
//! Every entrywise node is run on sample points in place of each value that it is a function of. Where what comes out is what a known
//! function gives there, the node becomes that function: one table instead of several and of products between them. How the
//! nodes are ordered or scaled does not matter.

use ndarray::{ArrayD, IxDyn, arr1};

use super::{FloatNode, FloatOp, NodeId, Unary};

/// Sample points: 3/16 apart, from −6 to 6.
const SAMPLES: i32 = 65;

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
}

/// Replaces nodes that are known functions of a value by these functions. What only they read is then dead.
pub(crate) fn recognize(nodes: &mut [FloatNode]) {
    let points = ArrayD::from_shape_fn(IxDyn(&[SAMPLES as usize]), |index| point(index[0]));
    let mut views: Vec<Vec<View>> = Vec::with_capacity(nodes.len());
    for id in 0..nodes.len() {
        let mut own = composed(nodes, &views, id);
        if let Some((base, function)) = own.iter().find_map(|view| Some((view.base, known(&view.samples)?))) {
            (nodes[id].op, nodes[id].inputs) = (FloatOp::Unary(function), vec![NodeId(base)]);
        }
        own.sort_by_key(|view| std::cmp::Reverse(view.base));
        own.truncate(BASES - 1);
        if nodes[id].constant().is_none() {
            own.push(View { base: id, samples: points.clone() });
        }
        views.push(own);
    }
}

/// The node as a function of each value that it is one of.
fn composed(nodes: &[FloatNode], views: &[Vec<View>], id: usize) -> Vec<View> {
    let FloatNode { op, inputs, shape, .. } = &nodes[id];
    let apply = |samples: &[&ArrayD<f32>]| {
        let samples: Vec<_> = samples.iter().map(|samples| samples.view()).collect();
        op.apply(&samples, &[SAMPLES as usize]).ok()
    };
    let of = |input: &NodeId| views[input.0].iter().filter(|view| nodes[view.base].shape == *shape);
    let scalar = |input: &NodeId| {
        nodes[input.0]
            .constant()
            .filter(|value| value.len() == 1)
            .map(|value| arr1(&[value[&vec![0; value.ndim()][..]]]).into_dyn())
    };
    let view = |base: usize, samples: Option<ArrayD<f32>>| samples.map(|samples| View { base, samples });
    match (op, &inputs[..]) {
        (
            FloatOp::Relu
            | FloatOp::LeakyRelu { .. }
            | FloatOp::Clip { .. }
            | FloatOp::Sigmoid
            | FloatOp::Tanh
            | FloatOp::Unary(_),
            [x],
        ) => of(x).filter_map(|x| view(x.base, apply(&[&x.samples]))).collect(),
        (FloatOp::Add | FloatOp::Sub | FloatOp::Mul | FloatOp::Div, [a, b]) => match (scalar(a), scalar(b)) {
            (None, Some(b)) => of(a).filter_map(|a| view(a.base, apply(&[&a.samples, &b]))).collect(),
            (Some(a), None) => of(b).filter_map(|b| view(b.base, apply(&[&a, &b.samples]))).collect(),
            _ => {
                let pairs = of(a).filter_map(|a| Some((a, of(b).find(|b| b.base == a.base)?)));
                pairs.filter_map(|(a, b)| view(a.base, apply(&[&a.samples, &b.samples]))).collect()
            }
        },
        _ => Vec::new(),
    }
}

/// The known function with these values.
fn known(samples: &ArrayD<f32>) -> Option<Unary> {
    let is = |function: &Unary| {
        samples.iter().enumerate().all(|(index, &sample)| {
            let value = function.at(f64::from(point(index))) as f32;
            (sample - value).abs() <= TOLERANCE * value.abs().max(1.0)
        })
    };
    let fixed = [Unary::Gelu, Unary::GeluTanh, Unary::Mish, Unary::HardSwish, Unary::Softplus, Unary::Softsign];
    let swish = swish(samples);
    fixed.into_iter().chain(swish).find(is)
}

/// `x·σ(beta·x)` with the `beta` that one sample gives.
fn swish(samples: &ArrayD<f32>) -> Option<Unary> {
    let index = SAMPLES as usize / 2 + 4;
    let share = f64::from(samples.iter().nth(index)? / point(index));
    let beta = (share / (1.0 - share)).ln() / f64::from(point(index));
    // What a file says has few digits: 1 and 1.702, not 0.99999994.
    let beta = (beta * 1e4).round() / 1e4;
    (beta.is_finite() && beta > 0.0).then_some(Unary::Swish(beta))
}

fn point(index: usize) -> f32 {
    (index as i32 - SAMPLES / 2) as f32 * 0.1875
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
