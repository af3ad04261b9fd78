//! Products: of two values, and of a value by the file's integers.

use super::form::{Form, Linear, Part};
use super::walk::{Stop, Walk};
use crate::architecture::ValueId;
use crate::graph::{FloatNode, FloatOp, NodeId};
use crate::layers::{Layer, MatMul, Multiply};
use crate::quantize::fuse::refusal::{FILTER, LEFT, Reason, VECTOR};
use crate::window::Window;

const WEIGHTS: Reason = (
    "has weights that the file does not give as integers with one step for each output",
    "quantise all weights of the model, for each output channel or for the whole tensor",
);

impl Walk<'_> {
    pub(super) fn product(&mut self, node: &FloatNode, a: NodeId, b: NodeId) -> Result<Form, Stop> {
        let mut values = [ValueId::RECORD; 2];
        let mut unit = 1.0;
        for (value, id) in values.iter_mut().zip([a, b]) {
            let (own, each) = self.integers(id)?;
            let linear = self.sum(node, id)?;
            *value = linear.plain().map_or(own, |(value, _)| value);
            unit *= each;
        }
        let value = self.program.push(&node.name, Layer::Multiply(Multiply {}), &values)?;
        Ok(Form::Linear(Linear::of(value, unit)))
    }

    pub(super) fn matmul(&mut self, node: &FloatNode, a: NodeId, b: NodeId) -> Result<Form, Stop> {
        let nodes = &self.graph.nodes;
        match (self.constant(a).is_some(), self.constant(b).is_some()) {
            (false, true) => self.dense(node, a, b),
            (false, false) if nodes[a.0].shape.len() < 2 || nodes[b.0].shape.len() < 2 => Err(VECTOR.into()),
            (false, false) => {
                let ((left, unit), (right, each)) = (self.integers(a)?, self.integers(b)?);
                let value = self.program.push(&node.name, Layer::MatMul(MatMul {}), &[left, right])?;
                Ok(Form::Linear(Linear::of(value, unit * each)))
            }
            _ => Err(LEFT.into()),
        }
    }

    pub(super) fn dense(&mut self, node: &FloatNode, x: NodeId, weight: NodeId) -> Result<Form, Stop> {
        let FloatOp::Levels(levels) = &self.graph.nodes[weight.0].op else { return Err(WEIGHTS.into()) };
        if levels.levels().ndim() != 2 {
            return Err(LEFT.into());
        }
        let steps = levels.along(1).ok_or(WEIGHTS)?;
        let (value, unit) = self.integers(x)?;
        let sums = self.program.dense(&node.name, value, levels.levels().clone())?;
        let units = steps.mapv(|step| unit * f64::from(step)).into_dyn();
        Ok(Form::Linear(Part { value: sums, units, secret: true }.into()))
    }

    pub(super) fn conv(
        &mut self,
        node: &FloatNode,
        x: NodeId,
        weight: NodeId,
        (window, groups): (&Window, usize),
    ) -> Result<Form, Stop> {
        if self.constant(weight).is_none() {
            return Err(FILTER.into());
        }
        let FloatOp::Levels(levels) = &self.graph.nodes[weight.0].op else { return Err(WEIGHTS.into()) };
        let steps = levels.along(0).ok_or(WEIGHTS)?;
        let (value, unit) = self.integers(x)?;
        let sums = self.program.conv(&node.name, value, levels.levels().clone(), (window, groups))?;
        let mut shape = vec![1; node.shape.len()];
        shape[1] = steps.len();
        let units =
            steps.mapv(|step| unit * f64::from(step)).into_shape_with_order(shape).expect("one for each filter");
        Ok(Form::Linear(Part { value: sums, units, secret: true }.into()))
    }
}
