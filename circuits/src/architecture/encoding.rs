//! From a record's raw values to integers: `raw = zero + step·integer`, each feature with a calibrated range.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Interval;
use crate::Record;

/// How one feature of the record becomes an integer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feature {
    /// Name, as in the record's header.
    pub name: String,
    /// Unit of the raw value; empty if it has none.
    pub unit: String,
    /// Raw value of the integer 0.
    pub zero: f64,
    /// Raw distance between neighbouring integers, positive.
    pub step: f64,
}

/// What the integers of a record stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Numbers {
    /// Steps of each feature's range.
    #[default]
    Steps,
    /// 32-bit floats themselves, in their order: the integer of a float is the number of floats between it and 0, negative below. Both
    /// zeros are 0.
    Floats,
}

impl Numbers {
    /// Whether this is what encodings are by default; serde hands a reference over.
    fn is_steps(&self) -> bool {
        *self == Self::Steps
    }
}

/// The integer of a float that is not NaN.
pub fn float_order(value: f32) -> i64 {
    let magnitude = i64::from(value.to_bits() & !SIGN);
    if value.to_bits() & SIGN == 0 { magnitude } else { -magnitude }
}

/// The float of an integer, NaN where there is none.
pub fn float_at(order: i64) -> f32 {
    match u32::try_from(order.unsigned_abs()) {
        Ok(magnitude) if magnitude < SIGN => f32::from_bits(magnitude | if order < 0 { SIGN } else { 0 }),
        _ => f32::NAN,
    }
}

/// The sign bit of a 32-bit float.
const SIGN: u32 = 1 << 31;

/// The encoding of a whole record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Encoding {
    /// One feature per entry, or a single feature that serves every entry (images, signals).
    pub features: Vec<Feature>,
    /// Number of entries.
    pub len: usize,
    /// Integers an entry may take; its size is a power of two.
    pub interval: Interval,
    /// What the integers stand for.
    #[serde(default, skip_serializing_if = "Numbers::is_steps")]
    pub numbers: Numbers,
}

/// What to do with a value outside the calibrated range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// Refuse the record.
    #[default]
    Refuse,
    /// Replace the value by the nearest end of the range; the statement says so.
    Saturate,
}

/// Why a record cannot be encoded.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum EncodingError {
    /// Wrong number of values.
    #[error("the record has {got} values, the model takes {expected}")]
    Length {
        /// Values the model takes.
        expected: usize,
        /// Values given.
        got: usize,
    },
    /// Not a number or infinite.
    #[error("feature `{feature}` is {value}, which is not a finite number")]
    NotFinite {
        /// Name of the feature.
        feature: String,
        /// The offending value.
        value: f64,
    },
    /// Outside the calibrated range.
    #[error("feature `{feature}` is {value}{unit}, outside the calibrated range {low} to {high}{unit}")]
    OutOfRange {
        /// Name of the feature.
        feature: String,
        /// Its unit, with a leading space, or empty.
        unit: String,
        /// The offending value.
        value: f64,
        /// Smallest raw value of the calibrated range.
        low: f64,
        /// Largest raw value of the calibrated range.
        high: f64,
    },
}

impl Encoding {
    /// The integers of 32-bit floats, made a power of two.
    pub(super) const FLOATS: Interval = Interval::new(-(1 << 31), (1 << 31) - 1);

    /// An encoding in steps of each feature's range.
    pub fn steps(features: Vec<Feature>, len: usize, interval: Interval) -> Self {
        Self { features, len, interval, numbers: Numbers::Steps }
    }

    /// The encoding of so many 32-bit floats, each as it is.
    pub fn floats(features: Vec<Feature>, len: usize) -> Self {
        Self { features, len, interval: Self::FLOATS, numbers: Numbers::Floats }
    }

    /// Encodes raw values, given in feature order.
    pub fn encode(&self, raw: &[f64], policy: Policy) -> Result<Record, EncodingError> {
        if raw.len() != self.len {
            return Err(EncodingError::Length { expected: self.len, got: raw.len() });
        }
        let entries = raw.iter().enumerate().map(|(index, &value)| self.encode_entry(index, value, policy));
        Ok(Record::new(entries.collect::<Result<_, _>>()?))
    }

    /// The raw values that the integers of `record` stand for.
    pub fn decode(&self, record: &Record) -> Vec<f64> {
        let entries = record.entries().iter().enumerate();
        entries.map(|(index, &integer)| self.raw(index, integer)).collect()
    }

    /// The feature of entry `index`.
    pub fn feature(&self, index: usize) -> &Feature {
        if self.features.len() == 1 { &self.features[0] } else { &self.features[index] }
    }

    /// Raw ends of the calibrated range of entry `index`.
    pub fn range(&self, index: usize) -> (f64, f64) {
        match self.numbers {
            Numbers::Steps => (self.raw(index, self.interval.lo), self.raw(index, self.interval.hi)),
            Numbers::Floats => (f32::MIN.into(), f32::MAX.into()),
        }
    }

    fn encode_entry(&self, index: usize, value: f64, policy: Policy) -> Result<i64, EncodingError> {
        let feature = self.feature(index);
        if !value.is_finite() {
            return Err(EncodingError::NotFinite { feature: self.entry_name(index), value });
        }
        if self.numbers == Numbers::Floats {
            let value = if policy == Policy::Saturate { value.clamp(f32::MIN.into(), f32::MAX.into()) } else { value };
            let float = value as f32;
            return if float.is_finite() { Ok(float_order(float)) } else { Err(self.out_of_range(index, value)) };
        }
        let integer = ((value - feature.zero) / feature.step + 0.5).floor();
        let (lo, hi) = (self.interval.lo as f64, self.interval.hi as f64);
        if (lo..=hi).contains(&integer) || policy == Policy::Saturate {
            return Ok(integer.clamp(lo, hi) as i64);
        }
        Err(self.out_of_range(index, value))
    }

    fn raw(&self, index: usize, integer: i64) -> f64 {
        match self.numbers {
            Numbers::Steps => self.feature(index).raw(integer),
            Numbers::Floats => float_at(integer).into(),
        }
    }

    fn out_of_range(&self, index: usize, value: f64) -> EncodingError {
        let (low, high) = self.range(index);
        let unit = &self.feature(index).unit;
        let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
        EncodingError::OutOfRange { feature: self.entry_name(index), unit, value, low, high }
    }

    fn entry_name(&self, index: usize) -> String {
        let name = &self.feature(index).name;
        if self.features.len() == self.len { name.clone() } else { format!("{name}[{index}]") }
    }
}

impl Feature {
    /// The raw value that `integer` stands for.
    pub fn raw(&self, integer: i64) -> f64 {
        self.zero + self.step * integer as f64
    }
}
