//! What nodes of the float graph are in integers.

use ndarray::{ArrayD, IxDyn};

use crate::architecture::ValueId;
use crate::graph::FloatOp;

/// A node's value.
#[derive(Clone)]
pub(super) enum Form {
    /// The same for every record.
    Constant,
    /// What is made of the record before it is quantised.
    Raw(Raw),
    /// A sum of integers, each worth something.
    Linear(Linear),
    /// A function of the integers of one value.
    Function(Function),
}

/// `factor·raw[source] + shift` at each entry.
#[derive(Clone)]
pub(super) struct Raw {
    pub(super) source: ArrayD<i64>,
    pub(super) factor: ArrayD<f64>,
    pub(super) shift: ArrayD<f64>,
}

/// `clamp(Σ unit·value + constant)`.
#[derive(Clone)]
pub(super) struct Linear {
    pub(super) parts: Vec<Part>,
    /// Broadcasts to the node's shape.
    pub(super) constant: Option<ArrayD<f64>>,
    pub(super) clamp: (f64, f64),
}

/// A value of the integer program, of the node's shape, and what a unit of it is worth.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) value: ValueId,
    /// Broadcasts to the node's shape.
    pub(super) units: ArrayD<f64>,
    /// Whether units follow from weights, so that they must not be told.
    pub(super) secret: bool,
}

/// Operators of one input, one after the other, on `unit·value`.
#[derive(Clone)]
pub(super) struct Function {
    pub(super) value: ValueId,
    pub(super) unit: f64,
    pub(super) steps: Vec<Step>,
}

/// One step of a function.
#[derive(Clone)]
pub(super) enum Step {
    /// An operator of one input.
    Operator(FloatOp),
    /// A number added.
    Shift(f32),
}

impl Step {
    /// Its value at these entries.
    pub(super) fn run(&self, x: ArrayD<f32>) -> ArrayD<f32> {
        match self {
            Self::Operator(op) => op.apply(&[x.view()], x.shape()).expect("an entrywise function"),
            Self::Shift(by) => x + *by,
        }
    }
}

impl Raw {
    pub(super) fn record(shape: &[usize]) -> Self {
        let mut entries = 0..;
        let source = ArrayD::from_shape_simple_fn(shape, || entries.next().unwrap_or_default());
        Self { source, factor: ArrayD::ones(shape), shift: ArrayD::zeros(shape) }
    }
}

/// No clamp.
pub(super) const OPEN: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

impl Linear {
    /// Integers of one unit, which may be told.
    pub(super) fn of(value: ValueId, unit: f64) -> Self {
        Self::from(Part { value, units: ArrayD::from_elem(IxDyn(&[]), unit), secret: false })
    }

    /// The integers and what one is worth, if that is all there is.
    pub(super) fn plain(&self) -> Option<(ValueId, f64)> {
        match self.parts.as_slice() {
            [part] if self.constant.is_none() && self.clamp == OPEN && !part.secret => Some((part.value, part.unit()?)),
            _ => None,
        }
    }
}

impl From<Part> for Linear {
    fn from(part: Part) -> Self {
        Self { parts: vec![part], constant: None, clamp: OPEN }
    }
}

impl Part {
    /// What every unit is worth, if that is the same everywhere.
    pub(super) fn unit(&self) -> Option<f64> {
        let first = *self.units.first()?;
        self.units.iter().all(|unit| *unit == first).then_some(first)
    }
}

/// A larger shape's entries of what broadcasts to it.
pub(super) fn broadcast<T: Clone>(values: &ArrayD<T>, shape: &[usize]) -> ArrayD<T> {
    values.broadcast(shape).expect("shapes were checked when the graph was built").to_owned()
}
