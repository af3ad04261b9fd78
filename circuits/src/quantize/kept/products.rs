//! Products: of two values, and of a value by the file's integers.

use super::form::{Form, Linear, Part, Raw, broadcast};
use super::walk::{Stop, Walk};
use super::weights::Weights;
use crate::architecture::ValueId;
use crate::graph::{FloatNode, NodeId};
use crate::layers::{Layer, MatMul, Multiply};
use crate::quantize::fuse::refusal::{FILTER, LEFT, VECTOR};
use crate::window::Window;

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
                let (left, right) = (self.matrices(node, a, left)?, self.matrices(node, b, right)?);
                let value = self.program.push(&node.name, Layer::MatMul(MatMul {}), &[left, right])?;
                Ok(Form::Linear(Linear::of(value, unit * each)))
            }
            _ => Err(LEFT.into()),
        }
    }

    /// The matrices of a factor, one for each that the product has.
    fn matrices(&mut self, node: &FloatNode, factor: NodeId, value: ValueId) -> Result<ValueId, Stop> {
        let own = &self.graph.nodes[factor.0].shape;
        let (batch, matrix) = (&node.shape[..node.shape.len() - 2], &own[own.len() - 2..]);
        let shape = [batch, matrix].concat();
        if *own == shape {
            return Ok(value);
        }
        let places = broadcast(&Raw::record(own).source, &shape);
        let places = (places.len() > own.iter().product()).then(|| places.iter().map(|&place| Some(place as u32)));
        let places = places.map(Iterator::collect);
        Ok(self.program.moved(&format!("{}/matrices", node.name), value, places, &shape)?)
    }

    pub(super) fn dense(&mut self, node: &FloatNode, x: NodeId, weight: NodeId) -> Result<Form, Stop> {
        if self.graph.nodes[weight.0].shape.len() != 2 {
            return Err(LEFT.into());
        }
        let (value, unit) = self.integers(x)?;
        let Weights { levels, steps, least } = self.weights(weight, 1)?;
        let sums = self.program.dense(&node.name, value, levels, least)?;
        let units = steps.mapv(|step| unit * step).into_dyn();
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
        let (value, unit) = self.integers(x)?;
        let Weights { levels, steps, least } = self.weights(weight, 0)?;
        let mut shape = vec![1; node.shape.len()];
        shape[1] = steps.len();
        let sums = self.program.conv(&node.name, value, (levels, least), (window, groups))?;
        let units = steps.mapv(|step| unit * step).into_shape_with_order(shape).expect("one for each filter");
        Ok(Form::Linear(Part { value: sums, units, secret: true }.into()))
    }
}
