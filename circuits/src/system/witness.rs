//! The witness: every tensor of a system, computed from record and parameters as the definitions say.

use std::borrow::Cow;

use ndarray::ArrayD;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::check::selected;
use super::{Definition, Relation, Role, TensorId, TensorInfo, TensorSystem};
use crate::architecture::{Interval, ParameterId};
use crate::layers::operands::{entries, tensor};
use crate::layers::{classes, rounded_quotient, rounded_ratio, rounded_remainder};
use crate::parameters::{Parameters, Record, wipe};

/// One value per entry of every tensor of a system. Secret: wiped when dropped.
#[derive(Clone)]
pub struct SystemWitness {
    /// Row-major tensors, in the order of the system's tensors.
    pub tensors: Vec<ArrayD<i64>>,
}

/// Why there is no witness. Names places, never the secret integers there.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WitnessError {
    /// The record has the wrong number of entries or a parameter the wrong shape.
    #[error("`{tensor}` takes shape {expected:?}, got {got:?}")]
    Shape {
        /// Name of the tensor.
        tensor: String,
        /// Shape of the tensor.
        expected: Vec<usize>,
        /// Shape given.
        got: Vec<usize>,
    },
    /// A parameter is missing.
    #[error("`{tensor}` is parameter {parameter}, but the model has only {count}")]
    Missing {
        /// Name of the tensor.
        tensor: String,
        /// The parameter it stands for.
        parameter: usize,
        /// Parameters given.
        count: usize,
    },
    /// An integer outside its tensor's interval.
    #[error("entry {index} of `{tensor}` is not between {} and {}", interval.lo, interval.hi)]
    Interval {
        /// Name of the tensor.
        tensor: String,
        /// Row-major index of the entry.
        index: usize,
        /// Where it should lie.
        interval: Interval,
    },
    /// A key without a value, or a definition by a relation that computes nothing.
    #[error("`{tensor}` is not computable from what is before it")]
    Undefined {
        /// Name of the tensor.
        tensor: String,
    },
}

impl TensorSystem {
    /// Computes every tensor and checks every entry against its tensor's interval.
    pub fn witness(&self, record: &Record, parameters: &Parameters) -> Result<SystemWitness, WitnessError> {
        let mut witness = SystemWitness { tensors: Vec::with_capacity(self.tensors.len()) };
        for info in &self.tensors {
            let values = self.compute(info, &witness, record, parameters)?;
            witness.tensors.push(tensor(&info.shape, values));
            info.check_interval(witness.tensors.last().into_iter().flatten())?;
        }
        Ok(witness)
    }

    fn compute(
        &self,
        info: &TensorInfo,
        witness: &SystemWitness,
        record: &Record,
        parameters: &Parameters,
    ) -> Result<Vec<i64>, WitnessError> {
        let values = match &info.definition {
            Definition::Given => return info.given(record, parameters),
            Definition::Relation(index) | Definition::Held(index) => self.related(*index, info, witness)?,
            &Definition::Quotient { of, shift } => witness.map(of, |x| Some(rounded_quotient(x, shift))),
            &Definition::Remainder { of, shift } => witness.map(of, |x| Some(rounded_remainder(x, shift))),
            &Definition::TableValue { table, key } => witness.map(key, |key| self.tables[table.0].value(key)),
            &Definition::Selected { source, key, first } => {
                let (source, keys) = (witness.entries(source), witness.entries(key));
                let width = info.len() / keys.len().max(1);
                let rows = keys.iter().map(|&key| selected(&source, key, first, width));
                rows.collect::<Option<Vec<_>>>().map(|rows| rows.concat())
            }
            Definition::Largest { of, groups } => Some(groups.largest(&witness.entries(*of))),
            Definition::Ratio { numerator, factor, denominator, map } => {
                let denominators = witness.entries(*denominator);
                let of = |(k, &n): (usize, &i64)| rounded_ratio(n, *factor, *denominators.get(map.get(k)?)?);
                witness.entries(*numerator).iter().enumerate().map(of).collect()
            }
            &Definition::Root { of } => witness.map(of, i64::checked_isqrt),
            Definition::ArgMax { of, positions } => Some(one_hot(&witness.entries(*of), *positions)),
        };
        let undefined = || WitnessError::Undefined { tensor: info.name.clone() };
        values.filter(|values| values.len() == info.len()).ok_or_else(undefined)
    }

    /// What relation `index` says, entries narrowed to 64 bits.
    fn related(
        &self,
        index: usize,
        info: &TensorInfo,
        witness: &SystemWitness,
    ) -> Result<Option<Vec<i64>>, WitnessError> {
        if let Some(Relation::Contract(contract)) = self.relations.get(index) {
            let (left, right) = (witness.entries(contract.left), witness.entries(contract.right));
            return Ok(Some(contract.sizes.contract(&left, &right)));
        }
        let wide = self.relations.get(index).and_then(|relation| relation.right_side(info.len(), witness));
        let Some(mut wide) = wide else { return Ok(None) };
        let narrow = |(index, &value): (usize, &i128)| value.try_into().map_err(|_| info.outside(index));
        let values = wide.iter().enumerate().map(narrow).collect::<Result<Vec<i64>, _>>();
        wide.zeroize();
        values.map(Some)
    }
}

impl SystemWitness {
    /// The entries of a tensor in row-major order.
    pub fn entries(&self, tensor: TensorId) -> Cow<'_, [i64]> {
        entries(&self.tensors[tensor.0])
    }

    /// One entry of a tensor.
    pub fn entry(&self, tensor: TensorId, index: usize) -> i64 {
        self.entries(tensor)[index]
    }

    fn map(&self, tensor: TensorId, f: impl Fn(i64) -> Option<i64>) -> Option<Vec<i64>> {
        self.entries(tensor).iter().map(|&value| f(value)).collect()
    }
}

impl Drop for SystemWitness {
    fn drop(&mut self) {
        self.tensors.iter_mut().for_each(wipe);
    }
}

impl ZeroizeOnDrop for SystemWitness {}

impl TensorInfo {
    fn given(&self, record: &Record, parameters: &Parameters) -> Result<Vec<i64>, WitnessError> {
        match self.role {
            Role::Weight(id) => self.parameter(id, parameters),
            _ => self.fitting(&[record.entries().len()], &[self.len()], record.entries().to_vec()),
        }
    }

    fn parameter(&self, id: ParameterId, parameters: &Parameters) -> Result<Vec<i64>, WitnessError> {
        let count = parameters.tensors().len();
        let missing = || WitnessError::Missing { tensor: self.name.clone(), parameter: id.0, count };
        let values = parameters.tensors().get(id.0).ok_or_else(missing)?;
        self.fitting(values.shape(), &self.shape, entries(values).into_owned())
    }

    fn fitting(&self, got: &[usize], expected: &[usize], values: Vec<i64>) -> Result<Vec<i64>, WitnessError> {
        if got == expected {
            return Ok(values);
        }
        Err(WitnessError::Shape { tensor: self.name.clone(), expected: expected.to_vec(), got: got.to_vec() })
    }

    fn check_interval<'v>(&self, values: impl Iterator<Item = &'v i64>) -> Result<(), WitnessError> {
        let mut outside = values.enumerate().filter(|(_, value)| !self.interval.contains(**value));
        outside.next().map_or(Ok(()), |(index, _)| Err(self.outside(index)))
    }

    fn outside(&self, index: usize) -> WitnessError {
        WitnessError::Interval { tensor: self.name.clone(), index, interval: self.interval }
    }
}

fn one_hot(scores: &[i64], positions: usize) -> Vec<i64> {
    let width = scores.len() / positions.max(1);
    let row = |class: usize| (0..width).map(move |index| i64::from(index == class));
    classes(scores, positions).into_iter().flat_map(row).collect()
}
