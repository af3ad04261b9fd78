//! The integer program's values on the calibration records, layer by layer as it is put together. Wiped when dropped.

use ndarray::{Array2, ArrayD};
use rayon::prelude::*;

use crate::layers::Layer;
use crate::parameters::{Parameters, Record, wipe};

/// One tensor per record.
pub(super) struct Batch(Vec<ArrayD<i64>>);

impl Drop for Batch {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(wipe);
    }
}

impl Batch {
    /// Encoded records in the shape of the network's input.
    pub(super) fn records(records: &[Record], shape: &[usize]) -> Self {
        let tensor = |record: &Record| {
            ArrayD::from_shape_vec(shape, record.entries().to_vec()).expect("as many entries as the shape has")
        };
        Self(records.iter().map(tensor).collect())
    }

    /// A layer's output from its inputs.
    pub(super) fn run(layer: &Layer, inputs: &[&Self], parameters: &Parameters) -> Self {
        let one = |record: usize| {
            let inputs: Vec<&ArrayD<i64>> = inputs.iter().map(|batch| &batch.0[record]).collect();
            layer.operator().evaluate(&inputs, parameters)
        };
        Self((0..inputs[0].0.len()).into_par_iter().map(one).collect())
    }

    /// Adds a bias, repeated along the leading axes.
    pub(super) fn shift(&mut self, bias: &ArrayD<i64>) {
        self.0.iter_mut().for_each(|tensor| *tensor += bias);
    }

    /// One row of entries per record, as floats.
    pub(super) fn rows(&self) -> Array2<f64> {
        let width = self.0.first().map_or(0, ArrayD::len);
        let entries: Vec<f64> = self.0.iter().flat_map(|tensor| tensor.iter().map(|&x| x as f64)).collect();
        Array2::from_shape_vec((self.0.len(), width), entries).expect("tensors of one shape")
    }

    /// Largest magnitude.
    pub(super) fn largest(&self) -> i64 {
        self.0.iter().flatten().fold(0, |max, x| max.max(x.abs()))
    }
}
