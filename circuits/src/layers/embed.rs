//! Rows of a private table, named by a value: the embedding of words, codes and other categories.

use ndarray::ArrayD;
use serde::{Deserialize, Serialize};

use super::operands::{count, entries, malformed, parameter, single, tensor};
use super::{LayerError, Operator, ValueType};
use crate::architecture::{Interval, ParameterId, ParameterSpec};
use crate::parameters::Parameters;
use crate::system::{SystemBuilder, TensorId};

/// `out[…, j] = table[x[…] − first, j]`, no rounding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Embed {
    /// `rows × width`.
    pub table: ParameterId,
    /// What names the first row.
    pub first: i64,
}

impl Operator for Embed {
    fn infer(&self, inputs: &[ValueType], parameters: &[ParameterSpec]) -> Result<ValueType, LayerError> {
        let x = single(inputs)?;
        let table = parameter(parameters, self.table)?;
        let &[rows, width] = table.shape.as_slice() else {
            return Err(malformed(format!("parameter `{}` has shape {:?}, needs two axes", table.name, table.shape)));
        };
        let named = self.first.checked_add(rows as i64 - 1).map(|last| Interval::new(self.first, last));
        if !named.is_some_and(|named| named.encloses(&x.interval)) {
            let (lo, hi) = (x.interval.lo, x.interval.hi);
            let reason = format!("names {rows} rows from {} on by values from {lo} to {hi}", self.first);
            return Err(malformed(reason));
        }
        let shape = [x.shape.as_slice(), &[width]].concat();
        count(&shape)?;
        Ok(ValueType { shape, interval: table.interval })
    }

    fn evaluate(&self, inputs: &[&ArrayD<i64>], parameters: &Parameters) -> ArrayD<i64> {
        let table = &parameters.tensors()[self.table.0];
        let width = table.shape()[1];
        let (rows, x) = (entries(table), entries(inputs[0]));
        let row = |x: &i64| &rows[(x - self.first) as usize * width..][..width];
        tensor(&[inputs[0].shape(), &[width]].concat(), x.iter().flat_map(row).copied().collect())
    }

    fn relate(&self, system: &mut SystemBuilder<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerError> {
        self.infer(&system.values(inputs), system.parameters())?;
        let table = system.weight(self.table)?;
        Ok(system.select(inputs[0], self.first, &[("row", table)])[0])
    }
}
