//! From the float graph to the integer program, node by node.
//!
//! A node is a form, not a value yet: sums stay sums of integers with their units until a grid is met. Where a node needs
//! integers of one unit and has none (a function of sums that the model did not round), they are rounded to [`FINE`] levels over the
//! calibrated range.

use ndarray::{ArrayD, Zip};

use super::end::End;
use super::form::{Form, Function, Linear, OPEN, Part, Raw, broadcast};
use super::program::Program;
use super::settle::Target;
use crate::architecture::{Encoding, Interval, ValueId};
use crate::graph::{FloatGraph, FloatNode, FloatOp, Grid, NodeId};
use crate::layers::{Concat, Layer, MatMul, MaxPool, Multiply, SumPool};
use crate::quantize::fuse::operator;
use crate::quantize::fuse::refusal::{CONSTANT, COUNTS, FILTER, LEFT, QUOTIENT, Reason, Refusal, VECTOR};
use crate::quantize::windows::Averaging;
use crate::quantize::{Options, QuantizeError};

/// Levels of sums that the model did not round.
const FINE: i64 = (1 << 15) - 1;

/// Levels of the arguments of a function that the model did not round: keys of its table.
const KEYS: i64 = (1 << 12) - 1;

/// Levels of scores that the model did not round.
const SCORES: i64 = (1 << 22) - 1;

/// Most integers that a value may have where it is multiplied, joined or pooled.
const WIDE: u64 = 1 << 24;

/// Most keys of a table: those of 16-bit integers.
const LONGEST: u64 = 1 << 16;

/// Why a node has no form.
pub(super) enum Stop {
    Refused(Reason),
    Failed(QuantizeError),
}

impl From<QuantizeError> for Stop {
    fn from(error: QuantizeError) -> Self {
        Self::Failed(error)
    }
}

impl From<Reason> for Stop {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason)
    }
}

const UNKEPT: Reason = (
    "is not computed in integers where a model is quantised already",
    "quantise the float model with zkdx, or select an output before this node",
);
const WEIGHTS: Reason = (
    "has weights that the file does not give as integers with one step for each output",
    "quantise all weights of the model, for each output channel or for the whole tensor",
);
const EARLY: Reason = (
    "reads the record before it is quantised",
    "begin the model with QuantizeLinear, behind nothing but scaling and movement",
);

/// A walk through a graph.
pub(super) struct Walk<'a> {
    pub(super) graph: &'a FloatGraph,
    /// Smallest and largest entry of every node on the calibration records.
    pub(super) ranges: &'a [(f32, f32)],
    pub(super) options: &'a Options<'a>,
    pub(super) program: Program,
    pub(super) encoding: Option<Encoding>,
    forms: Vec<Option<Form>>,
    /// Values that lie on a grid of the model, with the node and what a level is worth.
    pub(super) rounded: Vec<(NodeId, ValueId, Target)>,
    refusals: Vec<Refusal>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(graph: &'a FloatGraph, ranges: &'a [(f32, f32)], options: &'a Options<'a>) -> Self {
        let (program, forms, rounded) = (Program::default(), Vec::new(), Vec::new());
        Self { graph, ranges, options, program, encoding: None, forms, rounded, refusals: Vec::new() }
    }

    /// Walks to the scores, and gives them with what one is worth.
    pub(super) fn run(&mut self, end: &End) -> Result<(ValueId, f64), QuantizeError> {
        for id in 0..=end.scores.0 {
            let form = match self.visit(NodeId(id)) {
                Ok(form) => form,
                Err(Stop::Failed(error)) => return Err(error),
                Err(Stop::Refused(reason)) => {
                    self.refuse(id, reason);
                    None
                }
            };
            self.forms.push(form);
        }
        let scores = self.scores(end.scores);
        match (scores, self.refusals.is_empty()) {
            (Ok(scores), true) => Ok(scores),
            (Err(Stop::Failed(error)), true) => Err(error),
            (Err(Stop::Refused(reason)), true) => {
                self.refuse(end.scores.0, reason);
                Err(QuantizeError::Unsupported(std::mem::take(&mut self.refusals)))
            }
            _ => Err(QuantizeError::Unsupported(std::mem::take(&mut self.refusals))),
        }
    }

    fn refuse(&mut self, id: usize, (reason, advice): Reason) {
        let node = &self.graph.nodes[id];
        self.refusals.push(Refusal { node: node.name.clone(), operator: operator(&node.op), reason, advice });
    }

    fn scores(&mut self, id: NodeId) -> Result<(ValueId, f64), Stop> {
        match self.form(id)? {
            Form::Linear(linear) => match linear.plain() {
                Some(scores) => Ok(scores),
                None => {
                    let reach = self.program.reach(&linear);
                    self.settled(id, &Form::Linear(linear), reach, SCORES)
                }
            },
            form @ Form::Function(_) => self.rounded(id, &form, FINE),
            _ => Err(EARLY.into()),
        }
    }

    /// The form of a node before; nothing where it was refused, which has been noted.
    fn visit(&mut self, id: NodeId) -> Result<Option<Form>, Stop> {
        let node = &self.graph.nodes[id.0];
        if node.inputs.iter().any(|input| self.forms[input.0].is_none()) {
            return Ok(None);
        }
        self.convert(id, node).map(Some)
    }

    fn convert(&mut self, id: NodeId, node: &'a FloatNode) -> Result<Form, Stop> {
        match (&node.op, node.inputs.as_slice()) {
            (FloatOp::Input, _) => Ok(Form::Raw(Raw::record(&node.shape))),
            (FloatOp::Constant(_) | FloatOp::Levels(_), _) => Ok(Form::Constant),
            (FloatOp::Quantize(grid), &[x]) => self.quantize(id, x, *grid),
            (FloatOp::Add | FloatOp::Sub | FloatOp::Mul | FloatOp::Div, &[a, b]) => self.arithmetic(node, a, b),
            (FloatOp::MatMul, &[a, b]) => self.matmul(node, a, b),
            (FloatOp::Conv { window, groups }, &[x, weight]) => self.conv(node, x, weight, (window, *groups)),
            (FloatOp::Relu, &[x]) => self.clamp(node, x, (0.0, f64::INFINITY)),
            (FloatOp::Clip { lo, hi }, &[x]) => self.clamp(node, x, (f64::from(*lo), f64::from(*hi))),
            (FloatOp::LeakyRelu { .. } | FloatOp::Sigmoid | FloatOp::Tanh | FloatOp::Unary(_), &[x]) => {
                self.function(node, x)
            }
            (FloatOp::Reshape | FloatOp::Transpose { .. } | FloatOp::Slice { .. } | FloatOp::Gather { .. }, &[x]) => {
                self.movement(node, x)
            }
            (FloatOp::Concat { axis }, inputs) => self.concat(node, inputs, *axis),
            (FloatOp::MaxPool { window }, &[x]) => {
                let (value, unit) = self.integers(x)?;
                let layer = Layer::MaxPool(MaxPool { window: window.clone() });
                Ok(Form::Linear(Linear::of(self.program.push(&node.name, layer, &[value])?, unit)))
            }
            (FloatOp::AveragePool { window, count_padding }, &[x]) => {
                let (value, unit) = self.integers(x)?;
                let Averaging { window, factors, denominator } =
                    Averaging::new(window, *count_padding).ok_or(COUNTS)?;
                let sum = self.program.push(&node.name, Layer::SumPool(SumPool { window, factors }), &[value])?;
                Ok(Form::Linear(Linear::of(sum, unit / denominator as f64)))
            }
            _ => Err(UNKEPT.into()),
        }
    }

    fn form(&self, id: NodeId) -> Result<Form, Stop> {
        self.forms[id.0].clone().ok_or_else(|| UNKEPT.into())
    }

    fn quantize(&mut self, id: NodeId, x: NodeId, grid: Option<Grid>) -> Result<Form, Stop> {
        let (lo, hi) = self.ranges[x.0];
        let Grid { step, levels } = grid.unwrap_or_else(|| Grid::spanning([lo, hi]));
        let target = Target { step: step.into(), levels };
        let value = match self.form(x)? {
            Form::Raw(raw) => self.encode(id, &raw, &target)?,
            Form::Constant => return Ok(Form::Constant),
            form => self.program.settle(&self.graph.nodes[id.0].name, &form, &target)?,
        };
        self.rounded.push((id, value, target));
        Ok(Form::Linear(Linear::of(value, target.step)))
    }

    /// A form rounded to so many levels on both sides, over the range that calibration found and a quarter more.
    fn rounded(&mut self, id: NodeId, form: &Form, levels: i64) -> Result<(ValueId, f64), Stop> {
        let (lo, hi) = self.ranges[id.0];
        let largest = f64::from(lo.abs().max(hi.abs()));
        self.settled(id, form, if largest > 0.0 { 1.25 * largest } else { 1.0 }, levels)
    }

    /// The step is a power of two, which says little of what it follows from.
    fn settled(&mut self, id: NodeId, form: &Form, largest: f64, levels: i64) -> Result<(ValueId, f64), Stop> {
        let step = (largest / levels as f64).log2().ceil().exp2();
        let target = Target { step, levels: Interval::new(-levels, levels) };
        let name = format!("{}/round", self.graph.nodes[id.0].name);
        Ok((self.program.settle(&name, form, &target)?, step))
    }

    /// The integers of a node, of one unit that may be told.
    fn integers(&mut self, id: NodeId) -> Result<(ValueId, f64), Stop> {
        self.integers_of(id, FINE, WIDE)
    }

    /// The same, rounded to so many levels on both sides where there are more than `most`, or none of one unit.
    fn integers_of(&mut self, id: NodeId, levels: i64, most: u64) -> Result<(ValueId, f64), Stop> {
        match self.form(id)? {
            Form::Constant => Err(CONSTANT.into()),
            Form::Raw(_) => Err(EARLY.into()),
            Form::Linear(linear) => match linear.plain() {
                Some(plain) if self.program.value(plain.0).interval.size() <= most => Ok(plain),
                _ => self.rounded_once(id, Form::Linear(linear), levels),
            },
            form => self.rounded_once(id, form, levels),
        }
    }

    /// What a node is rounded to stays its form.
    fn rounded_once(&mut self, id: NodeId, form: Form, levels: i64) -> Result<(ValueId, f64), Stop> {
        let (value, unit) = self.rounded(id, &form, levels)?;
        self.forms[id.0] = Some(Form::Linear(Linear::of(value, unit)));
        Ok((value, unit))
    }

    /// A node as a sum without clamp, broadcast to a shape.
    fn sum(&mut self, node: &FloatNode, id: NodeId) -> Result<Linear, Stop> {
        let linear = match self.form(id)? {
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
    fn picked(
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

    fn movement(&mut self, node: &FloatNode, x: NodeId) -> Result<Form, Stop> {
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
            Form::Raw(raw) => return raw.moved(places.as_deref(), &node.shape).map(Form::Raw).ok_or(EARLY.into()),
            Form::Linear(linear) if places.is_none() || linear.clamp == OPEN => linear,
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

    fn clamp(&mut self, node: &FloatNode, x: NodeId, (lo, hi): (f64, f64)) -> Result<Form, Stop> {
        match self.form(x)? {
            Form::Linear(linear) => {
                let clamp = (linear.clamp.0.max(lo).min(hi), linear.clamp.1.max(lo).min(hi));
                Ok(Form::Linear(Linear { clamp, ..linear }))
            }
            _ => self.function(node, x),
        }
    }

    fn function(&mut self, node: &FloatNode, x: NodeId) -> Result<Form, Stop> {
        if let Form::Function(mut function) = self.form(x)? {
            function.steps.push(node.op.clone());
            return Ok(Form::Function(function));
        }
        let (value, unit) = self.integers_of(x, KEYS, LONGEST)?;
        Ok(Form::Function(Function { value, unit, steps: vec![node.op.clone()] }))
    }

    fn concat(&mut self, node: &FloatNode, inputs: &[NodeId], axis: usize) -> Result<Form, Stop> {
        let mut values = Vec::with_capacity(inputs.len());
        let mut units = Vec::with_capacity(inputs.len());
        for &input in inputs {
            let (value, unit) = self.integers(input)?;
            values.push(value);
            units.push(ArrayD::from_elem(self.graph.nodes[input.0].shape.as_slice(), unit));
        }
        let views: Vec<_> = units.iter().map(|units| units.view()).collect();
        let units = ndarray::concatenate(ndarray::Axis(axis), &views).map_err(|_| UNKEPT)?;
        let value = self.program.push(&node.name, Layer::Concat(Concat { axis }), &values)?;
        let part = Part { value, units, secret: false };
        Ok(Form::Linear(part.unit().map_or_else(|| part.clone().into(), |unit| Linear::of(value, unit))))
    }

    fn arithmetic(&mut self, node: &FloatNode, a: NodeId, b: NodeId) -> Result<Form, Stop> {
        match (self.constant(a), self.constant(b)) {
            (None, None) => self.between(node, a, b),
            (None, Some(c)) => self.with_constant(node, a, c, false),
            (Some(c), None) => self.with_constant(node, b, c, true),
            _ => Err(CONSTANT.into()),
        }
    }

    fn constant(&self, id: NodeId) -> Option<ArrayD<f64>> {
        self.graph.nodes[id.0].constant().map(|value| value.mapv(f64::from))
    }

    fn with_constant(&mut self, node: &FloatNode, x: NodeId, c: ArrayD<f64>, first: bool) -> Result<Form, Stop> {
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
            part.secret |= shift.is_none();
        }
        linear.constant = linear.constant.map(|constant| product(&constant, &factors));
        if let Some(shift) = shift {
            linear.constant = Some(linear.constant.map_or_else(|| shift.clone(), |constant| total(&constant, &shift)));
        }
        Ok(Form::Linear(linear))
    }

    fn between(&mut self, node: &FloatNode, a: NodeId, b: NodeId) -> Result<Form, Stop> {
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

    fn product(&mut self, node: &FloatNode, a: NodeId, b: NodeId) -> Result<Form, Stop> {
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

    fn matmul(&mut self, node: &FloatNode, a: NodeId, b: NodeId) -> Result<Form, Stop> {
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

    fn dense(&mut self, node: &FloatNode, x: NodeId, weight: NodeId) -> Result<Form, Stop> {
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

    fn conv(
        &mut self,
        node: &FloatNode,
        x: NodeId,
        weight: NodeId,
        (window, groups): (&crate::window::Window, usize),
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

    fn encode(&mut self, id: NodeId, raw: &Raw, target: &Target) -> Result<ValueId, Stop> {
        let encoding = raw.encoding(self.graph, target, self.options)?.ok_or(EARLY)?;
        let shape = self.graph.input_shape();
        if self.encoding.as_ref().is_some_and(|other| *other != encoding) {
            return Err(TWICE.into());
        }
        if self.encoding.is_none() {
            self.program.begin(shape, encoding.interval);
            self.encoding = Some(encoding);
        }
        let node = &self.graph.nodes[id.0];
        let places: Vec<_> = raw.source.iter().map(|&place| Some(place as u32)).collect();
        let in_order = raw.source.iter().copied().eq(0..raw.source.len() as i64);
        let indices = (!in_order || shape.iter().product::<usize>() != places.len()).then_some(places);
        Ok(self.program.moved(&node.name, ValueId::RECORD, indices, &node.shape)?)
    }
}

const TWICE: Reason = (
    "quantises the record another time, to another grid",
    "quantise the record once, and let everything read those integers",
);

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
