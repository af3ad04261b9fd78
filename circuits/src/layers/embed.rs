//! Rows of a private table, named by a value: the embedding of words, codes and other categories.

use ndarray::ArrayD;
use serde::{Deserialize, Serialize};

use super::bounds::Bounds;
use super::operands::{count, entries, malformed, parameter, shaped, single, tensor};
use super::{LayerError, Operator, ValueType};
use crate::architecture::{Interval, ParameterId, ParameterSpec};
use crate::parameters::Parameters;
use crate::system::{IndexMap, SystemBuilder, TensorId, Term};

/// `out[…, j] = table[x[…] − first, j] + bias[j]`, no rounding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Embed {
    /// `rows × width`.
    pub table: ParameterId,
    /// `width`.
    pub bias: Option<ParameterId>,
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
        let mut bounds = Bounds::from(table.interval);
        if let Some(id) = self.bias {
            let bias = parameter(parameters, id)?;
            shaped(bias, &[width])?;
            bounds = bounds + bias.interval.into();
        }
        Ok(ValueType { shape, interval: bounds.tracked()? })
    }

    fn evaluate(&self, inputs: &[&ArrayD<i64>], parameters: &Parameters) -> ArrayD<i64> {
        let table = &parameters.tensors()[self.table.0];
        let width = table.shape()[1];
        let (rows, x) = (entries(table), entries(inputs[0]));
        let bias = self.bias.map(|id| entries(&parameters.tensors()[id.0]));
        let bias = bias.map_or_else(|| vec![0; width], |bias| bias.into_owned());
        let row = |x: &i64| {
            rows[(x - self.first) as usize * width..][..width].iter().zip(&bias).map(|(row, bias)| row + bias)
        };
        tensor(&[inputs[0].shape(), &[width]].concat(), x.iter().flat_map(row).collect())
    }

    fn relate(&self, system: &mut SystemBuilder<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerError> {
        let out = self.infer(&system.values(inputs), system.parameters())?;
        let table = system.weight(self.table)?;
        let row = system.select(inputs[0], self.first, &[("row", table)])[0];
        let Some(id) = self.bias else { return Ok(row) };
        let (len, width) = (system.len(row), out.shape.last().copied().unwrap_or(1));
        let bias = Term::mapped(system.weight(id)?, 1, IndexMap::repeated(len, width));
        Ok(system.linear("accumulator", out, 0, vec![Term::of(row, 1), bias]))
    }
}
