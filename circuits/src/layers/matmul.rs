//! Matrix product of two values that both depend on the record: `out[b, m, n] = Σ_k left[b, m, k]·right[b, k, n]`, no rounding.

use ndarray::ArrayD;
use serde::{Deserialize, Serialize};

use super::bounds::Bounds;
use super::operands::{count, entries, pair, tensor};
use super::{LayerError, Operator, ValueType};
use crate::architecture::ParameterSpec;
use crate::parameters::Parameters;
use crate::system::{ContractForm, Sizes, SystemBuilder, TensorId};

/// Multiplies matrices in the last two axes, one pair for each index of the axes before, which both values share; its output are
/// accumulators, to be requantised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatMul {}

impl Operator for MatMul {
    fn infer(&self, inputs: &[ValueType], _: &[ParameterSpec]) -> Result<ValueType, LayerError> {
        let [left, right] = pair(inputs)?;
        let sizes = sizes(&left.shape, &right.shape)?;
        let mut shape = left.shape.clone();
        shape.last_mut().into_iter().for_each(|last| *last = sizes.columns);
        count(&shape)?;
        let sum = (Bounds::from(left.interval) * right.interval.into()).scaled(sizes.inner as i128);
        Ok(ValueType { shape, interval: sum.tracked()? })
    }

    fn evaluate(&self, inputs: &[&ArrayD<i64>], _: &Parameters) -> ArrayD<i64> {
        let (left, right) = (inputs[0], inputs[1]);
        let sizes = sizes(left.shape(), right.shape()).expect("inferred before");
        let mut shape = left.shape().to_vec();
        shape.last_mut().into_iter().for_each(|last| *last = sizes.columns);
        let (left, right) = (entries(left), entries(right));
        let rows = left.chunks(sizes.inner).enumerate();
        let matrix = |row: usize| right.chunks(sizes.inner * sizes.columns).nth(row / sizes.rows).unwrap_or_default();
        tensor(&shape, rows.flat_map(|(index, row)| combined(row, matrix(index), sizes.columns)).collect())
    }

    fn relate(&self, system: &mut SystemBuilder<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerError> {
        let values = system.values(inputs);
        let out = self.infer(&values, system.parameters())?;
        let sizes = sizes(&values[0].shape, &values[1].shape)?;
        system.contract("products", out, [inputs[0], inputs[1]], sizes)
    }
}

/// `Σ_k row[k]·matrix[k, n]` for each column `n`.
fn combined(row: &[i64], matrix: &[i64], columns: usize) -> Vec<i64> {
    let mut sum = vec![0; columns];
    for (x, factors) in row.iter().zip(matrix.chunks(columns)) {
        sum.iter_mut().zip(factors).for_each(|(sum, factor)| *sum += x * factor);
    }
    sum
}

fn sizes(left: &[usize], right: &[usize]) -> Result<Sizes, LayerError> {
    let wrong = |expected: String, got: &[usize]| LayerError::Shape { expected, got: got.to_vec() };
    let [batch @ .., rows, inner] = left else { return Err(wrong("two axes or more".into(), left)) };
    match right {
        [other @ .., rows_of_right, columns] if other == batch && rows_of_right == inner => {
            let batch = batch.iter().product();
            Ok(Sizes { batch, rows: *rows, inner: *inner, columns: *columns, form: ContractForm::Matrices })
        }
        _ => Err(wrong(format!("matrices of {inner} rows, one for each of the axes {batch:?}"), right)),
    }
}
