//! Movement: reshape, transpose, slice, pad and broadcast are all one gather.

use ndarray::ArrayD;
use serde::{Deserialize, Serialize};

use super::operands::{count, entries, malformed, proper, single, tensor};
use super::{LayerError, Operator, ValueType};
use crate::architecture::{Interval, ParameterSpec};
use crate::parameters::Parameters;
use crate::system::{IndexMap, SystemBuilder, TensorId, Term};

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

    fn relate(&self, system: &mut SystemBuilder<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerError> {
        let out = self.infer(&system.values(inputs), system.parameters())?;
        let Some(indices) = &self.indices else {
            return Ok(system.linear("reshaped", out, 0, vec![Term::of(inputs[0], 1)]));
        };
        let read = |index: &Option<u32>| index.unwrap_or(IndexMap::NONE);
        let mut terms = vec![Term::mapped(inputs[0], 1, gather(indices, read))];
        if self.fill != 0 {
            let fill = |index: &Option<u32>| if index.is_none() { 0 } else { IndexMap::NONE };
            terms.push(Term::mapped(system.one(), self.fill, gather(indices, fill)));
        }
        Ok(system.linear("moved", out, 0, terms))
    }
}

fn gather(indices: &[Option<u32>], read: impl Fn(&Option<u32>) -> u32) -> IndexMap {
    IndexMap::Gather(indices.iter().map(read).collect())
}

impl Rearrange {
    /// The same of each of `records` inputs of `len` entries.
    pub(super) fn on_several(&self, records: usize, len: usize) -> Self {
        let of = |indices: &Vec<Option<u32>>, record: usize| {
            let start = (record * len) as u32;
            indices.iter().map(|index| index.map(|index| index + start)).collect::<Vec<_>>()
        };
        let indices = self.indices.as_ref();
        let indices = indices.map(|indices| (0..records).flat_map(|record| of(indices, record)).collect());
        Self { shape: [&[records], self.shape.as_slice()].concat(), indices, fill: self.fill }
    }

    fn interval(&self, x: &ValueType) -> Result<Interval, LayerError> {
        let fill = Interval::new(self.fill, self.fill);
        match &self.indices {
            Some(indices) if indices.iter().all(Option::is_none) => proper(fill),
            Some(indices) if indices.iter().any(Option::is_none) => Ok(x.interval.hull(&proper(fill)?)),
            _ => Ok(x.interval),
        }
    }
}
