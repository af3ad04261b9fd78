//! Constants that values are multiplied with, as integers with one step for each output: the file's, or rounded to 16 bits where the file
//! leaves them in floats or gives steps along another axis. Then rows of tables, which the record names.

use ndarray::{Array1, ArrayD, Axis, Ix2, concatenate};

use super::form::{Form, Part};
use super::walk::{Stop, Walk};
use crate::graph::{FloatNode, FloatOp, NodeId};
use crate::layers::{Embed, Layer};
use crate::quantize::fuse::refusal::{CATEGORIES, NAMES};
use crate::quantize::fuse::{MAX_NAMES, names};

/// Integers with the step of each index of one axis. Secret.
pub(super) struct Weights {
    pub(super) levels: ArrayD<i64>,
    pub(super) steps: Array1<f64>,
    /// What the largest of them is taken to be at least, so that the public bound does not follow the values.
    pub(super) least: i64,
}

/// Weights of the file have 8 bits, or as many as they need.
const BYTE: i64 = i8::MAX as i64;

/// Weights that the file has in floats.
const SHORT: i64 = i16::MAX as i64;

impl Walk<'_> {
    /// The integers of a constant, with a step for each index of an axis.
    pub(super) fn weights(&mut self, id: NodeId, axis: usize) -> Result<Weights, Stop> {
        let node = &self.graph.nodes[id.0];
        if let FloatOp::Levels(levels) = &node.op
            && let Some(steps) = levels.along(axis)
        {
            return Ok(Weights { levels: levels.levels().clone(), steps: steps.mapv(f64::from), least: BYTE });
        }
        let name = &node.name;
        let note =
            format!("the weights `{name}` are kept in 16 bits: the file has no integers with one step for each output");
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
        let floats = self.constant(id).ok_or(crate::quantize::fuse::refusal::CONSTANT)?;
        Ok(Weights::of_floats(&floats, axis))
    }

    /// Rows of a table by entries of the record, which are numbers from 0 on.
    pub(super) fn embed(&mut self, node: &FloatNode, table: NodeId, names_of: NodeId) -> Result<Form, Stop> {
        let (Form::Raw(raw), Some(rows)) = (self.form(names_of)?, self.graph.nodes[table.0].shape.first()) else {
            return Err(NAMES.into());
        };
        let as_they_are = raw.factor.iter().all(|&factor| factor == 1.0) && raw.shift.iter().all(|&shift| shift == 0.0);
        if !as_they_are || *rows > MAX_NAMES || self.constant(table).is_none() {
            return Err(NAMES.into());
        }
        let places = names(self.graph);
        let len = self.graph.input_shape().iter().product();
        self.begin(self.options.categories(len, places)?, CATEGORIES)?;
        let value = self.read(&format!("{}/names", node.name), &raw, &self.graph.nodes[names_of.0].shape)?;
        let Weights { levels, steps, least } = self.weights(table, 1)?;
        let table = self.program.parameter(format!("{}.weight", node.name), padded(levels, places), least);
        let rows = self.program.push(&node.name, Layer::Embed(Embed { table, bias: None, first: 0 }), &[value])?;
        let value = self.program.moved(&node.name, rows, None, &node.shape)?;
        Ok(Form::Linear(Part { value, units: steps.into_dyn(), secret: true }.into()))
    }
}

impl Weights {
    /// Floats rounded to 16 bits, each lane by its largest.
    fn of_floats(floats: &ArrayD<f64>, axis: usize) -> Self {
        let largest = |lane: ndarray::ArrayViewD<'_, f64>| lane.iter().fold(0.0, |max: f64, w| max.max(w.abs()));
        let step = |largest: f64| if largest > 0.0 { largest / SHORT as f64 } else { 1.0 };
        let steps: Array1<f64> = floats.axis_iter(Axis(axis)).map(largest).map(step).collect();
        let mut levels = ArrayD::zeros(floats.raw_dim());
        let lanes = levels.axis_iter_mut(Axis(axis)).zip(floats.axis_iter(Axis(axis))).zip(&steps);
        for ((mut levels, floats), step) in lanes {
            levels.zip_mut_with(&floats, |level, w| *level = (w / step).round() as i64);
        }
        Self { levels, steps, least: SHORT }
    }
}

/// A table with rows of zeros behind its own.
fn padded(levels: ArrayD<i64>, rows: usize) -> ArrayD<i64> {
    let Ok(levels) = levels.into_dimensionality::<Ix2>() else { unreachable!("tables have two axes") };
    let missing = ndarray::Array2::zeros((rows - levels.nrows(), levels.ncols()));
    concatenate(Axis(0), &[levels.view(), missing.view()]).expect("rows of one length").into_dyn()
}
