//! The float graph refuses wrong records and malformed graphs with an error, never a panic.

use ndarray::{ArrayD, IxDyn};
use zkdx_circuits::graph::{FloatGraph, FloatNode, FloatOp, GraphError, NodeId, Norm};

fn node(name: &str, op: FloatOp, inputs: &[usize], shape: &[usize]) -> FloatNode {
    FloatNode { name: name.into(), op, inputs: inputs.iter().copied().map(NodeId).collect(), shape: shape.to_vec() }
}

/// A record of three values, and one node that reads it.
fn graph(op: FloatOp, inputs: &[usize], shape: &[usize]) -> FloatGraph {
    let nodes = vec![node("record", FloatOp::Input, &[], &[1, 3]), node("result", op, inputs, shape)];
    FloatGraph { nodes, output: NodeId(1), labels: None, notes: Vec::new() }
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
