//! Concatenation along an axis.

use std::ops::Range;

use ndarray::ArrayD;
use serde::{Deserialize, Serialize};

use super::operands::{count, entries, malformed, several, tensor};
use super::{LayerError, Operator, ValueType};
use crate::architecture::ParameterSpec;
use crate::parameters::Parameters;
use crate::system::{IndexMap, SystemBuilder, TensorId, Term};

/// Joins its inputs along `axis`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Concat {
    /// The axis.
    pub axis: usize,
}

impl Operator for Concat {
    fn infer(&self, inputs: &[ValueType], _: &[ParameterSpec]) -> Result<ValueType, LayerError> {
        let inputs = several(inputs)?;
        let mut joined = inputs[0].clone();
        if self.axis >= joined.shape.len() {
            return Err(malformed(format!("joins axis {} of shape {:?}", self.axis, joined.shape)));
        }
        for input in &inputs[1..] {
            joined.shape[self.axis] += self.width_beside(&joined.shape, input)?;
            joined.interval = joined.interval.hull(&input.interval);
            count(&joined.shape)?;
        }
        Ok(joined)
    }

    fn evaluate(&self, inputs: &[&ArrayD<i64>], _: &Parameters) -> ArrayD<i64> {
        let mut shape = inputs[0].shape().to_vec();
        shape[self.axis] = inputs.iter().map(|input| input.shape()[self.axis]).sum();
        let blocks: usize = shape[..self.axis].iter().product();
        let inputs: Vec<_> = inputs.iter().map(|input| entries(input)).collect();
        let block = |index: usize| inputs.iter().flat_map(move |input| nth_part(input, index, blocks));
        tensor(&shape, (0..blocks).flat_map(block).copied().collect())
    }

    fn relate(&self, system: &mut SystemBuilder<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerError> {
        let out = self.infer(&system.values(inputs), system.parameters())?;
        let block: usize = out.shape[self.axis..].iter().product();
        let mut terms = Vec::new();
        let mut start = 0;
        for &input in inputs {
            let width: usize = system.value(input).shape[self.axis..].iter().product();
            let map = part(count(&out.shape)?, block, start..start + width);
            terms.push(Term::mapped(input, 1, map));
            start += width;
        }
        Ok(system.linear("joined", out, 0, terms))
    }
}

/// Reads the entries `range` of each block of an output of `len` entries; nothing beside them.
fn part(len: usize, block: usize, range: Range<usize>) -> IndexMap {
    let index = |k: usize| match range.contains(&(k % block)) {
        true => (k / block * range.len() + k % block - range.start) as u32,
        false => IndexMap::NONE,
    };
    IndexMap::Gather((0..len).map(index).collect())
}

impl Concat {
    /// How much `input` adds to the axis of a tensor of `shape`.
    fn width_beside(&self, shape: &[usize], input: &ValueType) -> Result<usize, LayerError> {
        let mut expected = shape.to_vec();
        let width = input.shape.get(self.axis).copied().unwrap_or_default();
        expected[self.axis] = width;
        if expected == input.shape {
            return Ok(width);
        }
        let expected = format!("inputs of shape {shape:?}, up to axis {}", self.axis);
        Err(LayerError::Shape { expected, got: input.shape.clone() })
    }
}

/// Part `index` of `parts` equal parts.
fn nth_part(input: &[i64], index: usize, parts: usize) -> &[i64] {
    let len = input.len() / parts;
    &input[index * len..(index + 1) * len]
}
