//! Sums whose entries are moved, repeated or joined.

use ndarray::{ArrayD, Axis};

use super::form::{Form, Linear, OPEN, Part, Raw, broadcast};
use super::walk::{Stop, UNKEPT, Walk};
use crate::graph::{FloatNode, FloatOp, NodeId};
use crate::layers::{Concat, Layer};

impl Walk<'_> {
    /// A node as a sum without clamp, broadcast to a shape.
    pub(super) fn sum(&mut self, node: &FloatNode, id: NodeId) -> Result<Linear, Stop> {
        let form = self.form(id)?;
        let linear = match self.unrounded(form)? {
            Form::Linear(linear) if linear.clamp == OPEN => linear,
            _ => {
                let (value, unit) = self.integers(id)?;
                Linear::of(value, unit)
            }
        };
        let own = &self.graph.nodes[id.0].shape;
        if *own == node.shape {
            return Ok(linear);
        }
        let places = broadcast(&Raw::record(own).source, &node.shape);
        let pick = |place: &i64| Some(*place as u32);
        self.picked(node, &linear, Some(places.iter().map(pick).collect()), own)
    }

    /// A sum whose entries are moved.
    pub(super) fn picked(
        &mut self,
        node: &FloatNode,
        linear: &Linear,
        indices: Option<Vec<Option<u32>>>,
        own: &[usize],
    ) -> Result<Linear, Stop> {
        let moved = |values: &ArrayD<f64>| {
            let all: Vec<f64> = broadcast(values, own).into_iter().collect();
            let read = |index: &Option<u32>| index.map_or(0.0, |index| all[index as usize]);
            let entries = indices.as_ref().map_or_else(|| all.clone(), |indices| indices.iter().map(read).collect());
            ArrayD::from_shape_vec(node.shape.as_slice(), entries).expect("as many as the shape has")
        };
        let mut parts = Vec::with_capacity(linear.parts.len());
        for part in &linear.parts {
            let value = self.program.moved(&node.name, part.value, indices.clone(), &node.shape)?;
            let units = if part.units.ndim() == 0 { part.units.clone() } else { moved(&part.units) };
            parts.push(Part { value, units, secret: part.secret });
        }
        Ok(Linear { parts, constant: linear.constant.as_ref().map(moved), clamp: linear.clamp })
    }

    pub(super) fn movement(&mut self, node: &FloatNode, x: NodeId) -> Result<Form, Stop> {
        let own = &self.graph.nodes[x.0].shape;
        let fill = if let FloatOp::Gather { fill, .. } = node.op { fill } else { 0.0 };
        let places = match &node.op {
            FloatOp::Reshape => None,
            FloatOp::Gather { indices, .. } => Some(indices.clone()),
            op => {
                let places = op.rearrange(&[Raw::record(own).source.view()], &node.shape);
                let places = places.map_err(|_| UNKEPT)?;
                Some(places.iter().map(|&place| Some(place as u32)).collect())
            }
        };
        let form = match self.form(x)? {
            Form::Raw(raw) => match raw.moved(places.as_deref(), &node.shape) {
                Some(raw) => return Ok(Form::Raw(raw)),
                None => self.unrounded(Form::Raw(raw))?,
            },
            form => form,
        };
        let form = match form {
            // What fills a hole is not clamped.
            Form::Linear(linear) if linear.clamp == OPEN || places.iter().flatten().all(Option::is_some) => linear,
            _ => {
                let (value, unit) = self.integers(x)?;
                Linear::of(value, unit)
            }
        };
        let mut linear = self.picked(node, &form, places.clone(), own)?;
        if let (true, Some(places)) = (fill != 0.0, places) {
            let fills = places.iter().map(|place| place.map_or(f64::from(fill), |_| 0.0)).collect();
            let fills = ArrayD::from_shape_vec(node.shape.as_slice(), fills).expect("as many as the shape has");
            linear.constant = Some(linear.constant.map_or(fills.clone(), |constant| constant + fills));
        }
        Ok(Form::Linear(linear))
    }

    pub(super) fn concat(&mut self, node: &FloatNode, inputs: &[NodeId], axis: usize) -> Result<Form, Stop> {
        let mut values = Vec::with_capacity(inputs.len());
        let mut units = Vec::with_capacity(inputs.len());
        for &input in inputs {
            let (value, unit) = self.integers(input)?;
            values.push(value);
            units.push(ArrayD::from_elem(self.graph.nodes[input.0].shape.as_slice(), unit));
        }
        let views: Vec<_> = units.iter().map(|units| units.view()).collect();
        let units = ndarray::concatenate(Axis(axis), &views).map_err(|_| UNKEPT)?;
        let value = self.program.push(&node.name, Layer::Concat(Concat { axis }), &values)?;
        let part = Part { value, units, secret: false };
        Ok(Form::Linear(part.unit().map_or_else(|| part.clone().into(), |unit| Linear::of(value, unit))))
    }
}
