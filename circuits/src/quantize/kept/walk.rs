//! From the float graph to the integer program, node by node.
//!
//! A node is a form, not a value yet: sums stay sums of integers with their units until a grid is met.

use super::end::End;
use super::form::{Form, Function, Linear, Raw, Step};
use super::program::Program;
use super::rounding::FINE;
use super::settle::Target;
use crate::architecture::{Encoding, ValueId};
use crate::graph::{FloatGraph, FloatNode, FloatOp, Grid, NodeId};
use crate::layers::{Layer, MaxPool, SumPool};
use crate::quantize::fuse::operator;
use crate::quantize::fuse::refusal::{COUNTS, Reason, Refusal};
use crate::quantize::windows::Averaging;
use crate::quantize::{Options, QuantizeError};

/// Levels of scores that the model did not round.
const SCORES: i64 = (1 << 22) - 1;

/// Levels of the arguments of a function that the model did not round: keys of its table.
const KEYS: i64 = (1 << 12) - 1;

/// Most keys of a table: those of 16-bit integers.
pub(super) const LONGEST: u64 = 1 << 16;

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

pub(super) const UNKEPT: Reason = (
    "is not computed in integers where a model is quantised already",
    "quantise the float model with zkdx, or select an output before this node",
);
pub(super) const EARLY: Reason = (
    "reads the record before it is quantised",
    "begin the model with QuantizeLinear, behind nothing but scaling and movement",
);

/// How the record is read.
#[derive(Clone, Copy)]
pub(super) enum Reading<'a> {
    /// On the one grid that the model gives it.
    Grid,
    /// In 16 bits over the range of these records, as numbers that nothing has rounded yet.
    Fine(&'a [Vec<f64>]),
}

/// A walk through a graph.
pub(super) struct Walk<'a> {
    pub(super) graph: &'a FloatGraph,
    /// Smallest and largest entry of every node on the calibration records.
    pub(super) ranges: &'a [(f32, f32)],
    pub(super) options: &'a Options<'a>,
    pub(super) reading: Reading<'a>,
    /// Whether the record was read otherwise than on one grid.
    pub(super) early: bool,
    pub(super) program: Program,
    pub(super) encoding: Option<Encoding>,
    pub(super) forms: Vec<Option<Form>>,
    /// Weights that the file does not give as integers.
    pub(super) notes: Vec<String>,
    /// Values that lie on a grid of the model, with the node and what a level is worth.
    pub(super) rounded: Vec<(NodeId, ValueId, Target)>,
    refusals: Vec<Refusal>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        graph: &'a FloatGraph,
        ranges: &'a [(f32, f32)],
        options: &'a Options<'a>,
        reading: Reading<'a>,
    ) -> Self {
        let (program, forms, rounded) = (Program::default(), Vec::new(), Vec::new());
        Self {
            graph,
            ranges,
            options,
            reading,
            early: false,
            program,
            encoding: None,
            forms,
            notes: Vec::new(),
            rounded,
            refusals: Vec::new(),
        }
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
        self.early |= [EARLY, TWICE].contains(&(reason, advice));
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
            (FloatOp::Add | FloatOp::Sub | FloatOp::Mul | FloatOp::Div, &[a, b]) => self.arithmetic(id, node, a, b),
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
            (&FloatOp::Softmax { axis }, &[x]) => self.softmax(id, x, axis),
            (FloatOp::Standardize { epsilon }, &[x]) => self.standardize(id, x, f64::from(*epsilon)),
            (FloatOp::Embed, &[table, names]) => self.embed(node, table, names),
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

    pub(super) fn form(&self, id: NodeId) -> Result<Form, Stop> {
        self.forms[id.0].clone().ok_or_else(|| UNKEPT.into())
    }

    fn quantize(&mut self, id: NodeId, x: NodeId, grid: Option<Grid>) -> Result<Form, Stop> {
        let (lo, hi) = self.ranges[x.0];
        let Grid { step, levels } = grid.unwrap_or_else(|| Grid::spanning([lo, hi]));
        let target = Target { step: step.into(), levels };
        let value = match self.form(x)? {
            Form::Raw(raw) if matches!(self.reading, Reading::Grid) => self.encode(id, &raw, &target)?,
            Form::Constant => return Ok(Form::Constant),
            form => {
                let form = self.unrounded(form)?;
                self.program.settle(&self.graph.nodes[id.0].name, &form, &target)?
            }
        };
        self.rounded.push((id, value, target));
        Ok(Form::Linear(Linear::of(value, target.step)))
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
            function.steps.push(Step::Operator(node.op.clone()));
            return Ok(Form::Function(function));
        }
        let (value, unit) = self.integers_of(x, KEYS, LONGEST)?;
        Ok(Form::Function(Function { value, unit, steps: vec![Step::Operator(node.op.clone())] }))
    }

    fn encode(&mut self, id: NodeId, raw: &Raw, target: &Target) -> Result<ValueId, Stop> {
        let encoding = raw.encoding(self.graph, target, self.options)?.ok_or(EARLY)?;
        self.begin(encoding, TWICE)?;
        let node = &self.graph.nodes[id.0];
        Ok(self.read(&node.name, raw, &node.shape)?)
    }

    /// Entries of the record, where they go.
    pub(super) fn read(&mut self, name: &str, raw: &Raw, shape: &[usize]) -> Result<ValueId, QuantizeError> {
        let places: Vec<_> = raw.source.iter().map(|&place| Some(place as u32)).collect();
        let in_order = raw.source.iter().copied().eq(0..raw.source.len() as i64);
        let indices =
            (!in_order || self.graph.input_shape().iter().product::<usize>() != places.len()).then_some(places);
        self.program.moved(name, ValueId::RECORD, indices, shape)
    }

    /// Takes the record's encoding; refuses another than there is for the given reason.
    pub(super) fn begin(&mut self, encoding: Encoding, twice: Reason) -> Result<(), Stop> {
        match &self.encoding {
            Some(other) if *other != encoding => return Err(twice.into()),
            Some(_) => {}
            None => {
                self.program.begin(self.graph.input_shape(), encoding.interval);
                self.encoding = Some(encoding);
            }
        }
        Ok(())
    }
}

const TWICE: Reason = (
    "quantises the record another time, to another grid",
    "quantise the record once, and let everything read those integers",
);
