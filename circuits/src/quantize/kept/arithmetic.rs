//! Sums of values, and of values and constants: no layer is written before a grid is met.

use ndarray::{ArrayD, Zip};

use super::form::{Form, Function, Part, Step, broadcast};
use super::walk::{LONGEST, Stop, Walk};
use crate::graph::{FloatNode, FloatOp, NodeId};
use crate::quantize::fuse::refusal::{CONSTANT, QUOTIENT};

impl Walk<'_> {
    pub(super) fn arithmetic(&mut self, id: NodeId, node: &FloatNode, a: NodeId, b: NodeId) -> Result<Form, Stop> {
        if let Some(shifted) = self.shifted(id, node, [a, b]) {
            return Ok(Form::Function(shifted));
        }
        match (self.constant(a), self.constant(b)) {
            (None, None) => self.between(node, a, b),
            (None, Some(c)) => self.with_constant(node, a, c, false),
            (Some(c), None) => self.with_constant(node, b, c, true),
            _ => Err(CONSTANT.into()),
        }
    }

    /// Levels plus a number that may be told, where the sum goes to a grid: as a function, since the number may be half a level everywhere,
    /// as the 1 of a Gelu often is, and then the last digit of 32-bit floats decides.
    fn shifted(&self, id: NodeId, node: &FloatNode, inputs: [NodeId; 2]) -> Option<Function> {
        let (x, by) = match (&node.op, inputs.map(|input| self.constant(input))) {
            (FloatOp::Add, [None, Some(by)]) => (inputs[0], by),
            (FloatOp::Add, [Some(by), None]) => (inputs[1], by),
            (FloatOp::Sub, [None, Some(by)]) => (inputs[0], -by),
            _ => return None,
        };
        let Some(Form::Linear(linear)) = &self.forms[x.0] else { return None };
        let (value, unit) = linear.plain()?;
        let fits = self.program.value(value).interval.size() <= LONGEST && self.graph.nodes[x.0].shape == node.shape;
        let step = Step::Shift(*by.first()? as f32);
        (fits && is_told(&by) && self.rounded_by(id).is_some()).then(|| Function { value, unit, steps: vec![step] })
    }

    pub(super) fn constant(&self, id: NodeId) -> Option<ArrayD<f64>> {
        self.graph.nodes[id.0].constant().map(|value| value.mapv(f64::from))
    }

    pub(super) fn with_constant(
        &mut self,
        node: &FloatNode,
        x: NodeId,
        c: ArrayD<f64>,
        first: bool,
    ) -> Result<Form, Stop> {
        let (factor, shift) = match (&node.op, first) {
            (FloatOp::Add, _) => (1.0, Some(c.clone())),
            (FloatOp::Sub, false) => (1.0, Some(-c.clone())),
            (FloatOp::Sub, true) => (-1.0, Some(c.clone())),
            (FloatOp::Mul, _) => (1.0, None),
            (FloatOp::Div, false) => (1.0, None),
            _ => return Err(QUOTIENT.into()),
        };
        let factors = match node.op {
            FloatOp::Mul => c,
            FloatOp::Div => c.mapv(f64::recip),
            _ => ArrayD::from_elem(ndarray::IxDyn(&[]), factor),
        };
        if let Form::Raw(raw) = self.form(x)? {
            return Ok(Form::Raw(raw.mapped(&factors, shift.as_ref(), &node.shape)));
        }
        let mut linear = self.sum(node, x)?;
        for part in &mut linear.parts {
            part.units = product(&part.units, &factors);
            part.secret |= shift.is_none() && !is_told(&factors);
        }
        linear.constant = linear.constant.map(|constant| product(&constant, &factors));
        if let Some(shift) = shift {
            linear.constant = Some(linear.constant.map_or_else(|| shift.clone(), |constant| total(&constant, &shift)));
        }
        Ok(Form::Linear(linear))
    }

    pub(super) fn between(&mut self, node: &FloatNode, a: NodeId, b: NodeId) -> Result<Form, Stop> {
        let sign = match node.op {
            FloatOp::Add => 1.0,
            FloatOp::Sub => -1.0,
            FloatOp::Mul => return self.product(node, a, b),
            _ => return Err(QUOTIENT.into()),
        };
        let (mut sum, right) = (self.sum(node, a)?, self.sum(node, b)?);
        let signed = |part: Part| Part { units: part.units.mapv(|unit| sign * unit), ..part };
        sum.parts.extend(right.parts.into_iter().map(signed));
        let right = right.constant.map(|constant| constant.mapv(|c| sign * c));
        sum.constant = match (sum.constant, right) {
            (Some(a), Some(b)) => Some(total(&a, &b)),
            (a, b) => a.or(b),
        };
        Ok(Form::Linear(sum))
    }
}

/// Whether a factor is one of the numbers that functions are spelled with, and no more learned than these: roots of whole numbers (the 2, 8 or
/// √2 of a Gelu or an attention), a part of one, or a constant of the two forms of Gelu that approximate it.
fn is_told(factors: &ArrayD<f64>) -> bool {
    let near = |x: f64, y: f64| (x / y - 1.0).abs() < 1e-6;
    let told = |x: f64| {
        let square = (x * x).max((x * x).recip());
        (square <= MOST_TOLD && near(square, square.round())) || SPELLED.iter().any(|&spelled| near(x, spelled))
    };
    factors.len() == 1 && factors.iter().all(|factor| told(factor.abs()))
}

/// The largest whole number whose root is told: as many entries as a head of attention may have.
const MOST_TOLD: f64 = 4096.0;

/// `√(2/π)`, and what stands before the cube and the argument in approximations of Gelu.
const SPELLED: [f64; 3] = [0.797_884_56, 0.044_715, 1.702];

fn product(a: &ArrayD<f64>, b: &ArrayD<f64>) -> ArrayD<f64> {
    Zip::from(&spread(a, b)).and(&spread(b, a)).map_collect(|a, b| a * b)
}

fn total(a: &ArrayD<f64>, b: &ArrayD<f64>) -> ArrayD<f64> {
    Zip::from(&spread(a, b)).and(&spread(b, a)).map_collect(|a, b| a + b)
}

/// `a` in the shape that both broadcast to.
fn spread(a: &ArrayD<f64>, b: &ArrayD<f64>) -> ArrayD<f64> {
    let shape = crate::graph::broadcast(a.shape(), b.shape()).expect("shapes were checked when the graph was built");
    broadcast(a, &shape)
}
