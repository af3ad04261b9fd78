//! The float graph refuses wrong records and malformed graphs with an error, never a panic.

use ndarray::{ArrayD, IxDyn};
use zkdx_circuits::graph::{FloatGraph, FloatNode, FloatOp, GraphError, NodeId, Norm};
use zkdx_circuits::{Window, WindowAxis};

fn node(name: &str, op: FloatOp, inputs: &[usize], shape: &[usize]) -> FloatNode {
    FloatNode { name: name.into(), op, inputs: inputs.iter().copied().map(NodeId).collect(), shape: shape.to_vec() }
}

/// A record of three values, and one node that reads it.
fn graph(op: FloatOp, inputs: &[usize], shape: &[usize]) -> FloatGraph {
    let nodes = vec![node("record", FloatOp::Input, &[], &[1, 3]), node("result", op, inputs, shape)];
    FloatGraph { nodes, output: NodeId(1), positions: 1, labels: None, notes: Vec::new() }
}

fn window(input: usize, kernel: usize) -> Window {
    Window { axes: vec![WindowAxis::new(input, kernel)] }
}

/// Three entries, and as much padding behind that the last window sees nothing else.
fn behind() -> Window {
    Window { axes: vec![WindowAxis { after: 4, ..WindowAxis::new(3, 3) }] }
}

/// A record of shape `[1, 2, 3]` by a constant weight.
fn convolution(weight: &[f32], shape: &[usize], window: Window, groups: usize, out: &[usize]) -> FloatGraph {
    let weight = ArrayD::from_shape_vec(IxDyn(shape), weight.to_vec()).unwrap();
    let nodes = vec![
        node("record", FloatOp::Input, &[], &[1, 2, 3]),
        node("weight", FloatOp::Constant(weight), &[], shape),
        node("result", FloatOp::Conv { window, groups }, &[0, 1], out),
    ];
    FloatGraph { nodes, output: NodeId(2), positions: 1, labels: None, notes: Vec::new() }
}

#[test]
fn convolutions_slide_without_flipping() {
    let record = [1.0, 2.0, 3.0, 10.0, 20.0, 30.0];
    let dense = convolution(&[1.0, -1.0, 0.5, 0.0], &[1, 2, 2], window(3, 2), 1, &[1, 1, 2]);
    assert_eq!(dense.scores(&record).unwrap(), [4.0, 9.0]);
    let apart = convolution(&[1.0, -1.0, 0.5, 0.0], &[2, 1, 2], window(3, 2), 2, &[1, 2, 2]);
    assert_eq!(apart.scores(&record).unwrap(), [-1.0, -1.0, 5.0, 10.0]);
    let padded = Window { axes: vec![WindowAxis { before: 1, stride: 2, ..WindowAxis::new(3, 2) }] };
    let padded = convolution(&[1.0, -1.0, 0.5, 0.0], &[1, 2, 2], padded, 1, &[1, 1, 2]);
    assert_eq!(padded.scores(&record).unwrap(), [-1.0, 9.0]);
}

#[test]
fn convolutions_whose_channels_do_not_fit_are_refused() {
    for (shape, groups, out) in [
        (&[1, 4, 1][..], 1, &[1, 1, 3]),
        (&[4, 1, 1], 3, &[1, 4, 3]),
        (&[1, 1, 4], 1, &[1, 1, 3]),
        (&[4, 1, 1], 0, &[1, 4, 3]),
        (&[2, 2, 1], 1, &[2, 1, 3]),
    ] {
        let graph = convolution(&[0.0; 4], shape, window(3, 1), groups, out);
        assert!(matches!(graph.scores(&[1.0; 6]), Err(GraphError::Malformed { .. })), "{shape:?}");
    }
}

#[test]
fn pools_skip_padding_and_gathers_fill_it() {
    let padded = Window { axes: vec![WindowAxis { before: 1, ..WindowAxis::new(3, 2) }] };
    let pooled = |op| graph(op, &[0], &[1, 3]).scores(&[-1.0, -2.0, -4.0]).unwrap();
    assert_eq!(pooled(FloatOp::MaxPool { window: padded.clone() }), [-1.0, -1.0, -2.0]);
    let average = |count_padding| FloatOp::AveragePool { window: padded.clone(), count_padding };
    assert_eq!(pooled(average(false)), [-1.0, -1.5, -3.0]);
    assert_eq!(pooled(average(true)), [-0.5, -1.5, -3.0]);
    let gather = graph(FloatOp::Gather { indices: vec![Some(2), None, Some(2), Some(0)], fill: 0.5 }, &[0], &[2, 2]);
    assert_eq!(gather.scores(&[1.0, 2.0, 3.0]).unwrap(), [3.0, 0.5, 3.0, 1.0]);
}

#[test]
fn records_of_the_wrong_length_are_refused() {
    let graph = graph(FloatOp::Relu, &[0], &[1, 3]);
    assert_eq!(graph.scores(&[1.0; 3]).unwrap(), [1.0; 3]);
    let error = graph.scores(&[1.0; 4]).unwrap_err();
    assert_eq!(error.to_string(), "the model takes 3 values, got 4");
}

#[test]
fn values_that_are_not_finite_name_their_node() {
    let record = GraphError::NotFinite { node: "record".into() };
    assert_eq!(graph(FloatOp::Relu, &[0], &[1, 3]).evaluate(&[f32::NAN, 0.0, 0.0]), Err(record));
    let result = GraphError::NotFinite { node: "result".into() };
    assert_eq!(graph(FloatOp::Div, &[0, 0], &[1, 3]).evaluate(&[1.0, 0.0, 1.0]), Err(result));
}

#[test]
fn malformed_graphs_are_refused() {
    let constant = FloatOp::Constant(ArrayD::zeros(IxDyn(&[2])));
    let malformed = [
        graph(FloatOp::Relu, &[0], &[3]),
        graph(FloatOp::Relu, &[1], &[1, 3]),
        graph(FloatOp::Relu, &[9], &[1, 3]),
        graph(FloatOp::Relu, &[], &[1, 3]),
        graph(FloatOp::MatMul, &[0, 0], &[1, 3]),
        graph(FloatOp::Softmax { axis: 2 }, &[0], &[1, 3]),
        graph(FloatOp::Normalize { norm: Norm::L1, axis: 5 }, &[0], &[1, 3]),
        graph(FloatOp::Transpose { perm: vec![0, 0] }, &[0], &[1, 1]),
        graph(FloatOp::Slice { axis: 1, start: 0, step: 0, len: 1 }, &[0], &[1, 1]),
        graph(FloatOp::Slice { axis: 1, start: 1, step: -1, len: 3 }, &[0], &[1, 3]),
        graph(FloatOp::Concat { axis: 0 }, &[], &[0]),
        graph(FloatOp::Reshape, &[0], &[usize::MAX, 2]),
        graph(FloatOp::Conv { window: window(3, 2), groups: 1 }, &[0], &[1, 2]),
        graph(FloatOp::Conv { window: window(3, 2), groups: 1 }, &[0, 0], &[1, 2]),
        graph(FloatOp::MaxPool { window: window(3, 4) }, &[0], &[1, 1]),
        graph(FloatOp::MaxPool { window: window(4, 2) }, &[0], &[1, 3]),
        graph(FloatOp::MaxPool { window: behind() }, &[0], &[1, 5]),
        graph(FloatOp::AveragePool { window: behind(), count_padding: false }, &[0], &[1, 5]),
        graph(FloatOp::AveragePool { window: Window { axes: vec![] }, count_padding: true }, &[0], &[1, 3]),
        graph(FloatOp::Gather { indices: vec![Some(3)], fill: 0.0 }, &[0], &[1]),
        graph(FloatOp::Gather { indices: vec![Some(2)], fill: 0.0 }, &[0], &[2]),
    ];
    for graph in malformed {
        assert!(matches!(graph.evaluate(&[1.0; 3]), Err(GraphError::Malformed { .. })));
    }
    assert!(graph(constant, &[], &[1, 3]).evaluate(&[1.0; 3]).is_ok());
}

#[test]
fn parameters_count_the_constants() {
    let graph = graph(FloatOp::Constant(ArrayD::zeros(IxDyn(&[2, 5]))), &[], &[2, 5]);
    assert_eq!((graph.parameters(), graph.input_shape(), graph.output_shape()), (10, &[1, 3][..], &[2, 5][..]));
}
