//! Movement: reshape, transpose, slice, pad and broadcast are all one gather.

use ndarray::ArrayD;
use serde::{Deserialize, Serialize};

use super::operands::{count, entries, malformed, proper, single, tensor};
use super::{LayerError, Operator, ValueType};
use crate::architecture::{Interval, ParameterSpec};
use crate::parameters::Parameters;

/// `out[k] = x[indices[k]]`, or `fill` where the index is absent; without indices a reshape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rearrange {
    /// Shape of the output.
    pub shape: Vec<usize>,
    /// Which entry of the input each entry of the output is.
    pub indices: Option<Vec<Option<u32>>>,
    /// What stands where the index is absent.
    pub fill: i64,
}

impl Operator for Rearrange {
    fn infer(&self, inputs: &[ValueType], _: &[ParameterSpec]) -> Result<ValueType, LayerError> {
        let x = single(inputs)?;
        let (from, to) = (count(&x.shape)?, count(&self.shape)?);
        let given = self.indices.as_ref().map_or(from, Vec::len);
        if given != to {
            return Err(malformed(format!("names {given} entries for shape {:?}", self.shape)));
        }
        let indices = self.indices.iter().flatten();
        if let Some(index) = indices.flatten().find(|&&index| index as usize >= from) {
            return Err(malformed(format!("reads entry {index} of a tensor with {from} entries")));
        }
        Ok(ValueType { shape: self.shape.clone(), interval: self.interval(x)? })
    }

    fn evaluate(&self, inputs: &[&ArrayD<i64>], _: &Parameters) -> ArrayD<i64> {
        let x = entries(inputs[0]);
        let read = |index: &Option<u32>| index.map_or(self.fill, |index| x[index as usize]);
        match &self.indices {
            Some(indices) => tensor(&self.shape, indices.iter().map(read).collect()),
            None => tensor(&self.shape, x.into_owned()),
        }
    }
}

impl Rearrange {
    fn interval(&self, x: &ValueType) -> Result<Interval, LayerError> {
        let fill = Interval::new(self.fill, self.fill);
        match &self.indices {
            Some(indices) if indices.iter().all(Option::is_none) => proper(fill),
            Some(indices) if indices.iter().any(Option::is_none) => Ok(x.interval.hull(&proper(fill)?)),
            _ => Ok(x.interval),
        }
    }
}
