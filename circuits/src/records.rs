//! Reads records from files into raw values in feature order.
//!
//! | format | one record | several |
//! |---|---|---|
//! | CSV | – | a header with the feature names, in any order, and one row per record; a label column if asked for |
//! | JSON | `{"feature": value, …}` or `[value, …]` | an array of these |
//! | NPY | one axis | the first axis counts the records |
//!
//! Nothing is filled in: a missing, extra or repeated feature, an empty cell or a value that is not finite is an error
//! that says where. Errors name rows, columns and features, and never repeat a value.

mod csv;
mod json;
mod npy;

use thiserror::Error;

pub use self::csv::read_csv;
pub use json::read_json;
pub use npy::read_npy;

/// Raw records.
#[derive(Clone)]
pub struct RawRecords {
    /// Values in feature order, one list per record.
    pub values: Vec<Vec<f64>>,
    /// The class of each record, where the file has labels; of class maps, of each position, map after map.
    pub labels: Option<Vec<usize>>,
}

/// Why records cannot be read. Rows count from 1 and do not include the header.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RecordError {
    /// Not of the format.
    #[error("this is not {format}: {reason}")]
    Format {
        /// Name of the format.
        format: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// No records.
    #[error("there are no records")]
    Empty,
    /// A feature of the model that the records lack.
    #[error("{place}: feature `{feature}` is missing")]
    Missing {
        /// Where.
        place: String,
        /// The feature.
        feature: String,
    },
    /// A feature that the model does not have.
    #[error("{place}: `{feature}` is no feature of the model")]
    Extra {
        /// Where.
        place: String,
        /// The feature.
        feature: String,
    },
    /// A feature given twice.
    #[error("{place}: feature `{feature}` is given twice")]
    Duplicate {
        /// Where.
        place: String,
        /// The feature.
        feature: String,
    },
    /// Wrong number of values.
    #[error("{place}: {got} values, expected {expected}")]
    Length {
        /// Where.
        place: String,
        /// Values expected.
        expected: usize,
        /// Values given.
        got: usize,
    },
    /// Not a number.
    #[error("{place}: {reason}")]
    Value {
        /// Row, column and feature.
        place: String,
        /// What is wrong with the value.
        reason: &'static str,
    },
}

const NOT_A_NUMBER: &str = "not a number";
const NOT_FINITE: &str = "not a finite number";
const NOT_A_CLASS: &str = "not a class index";

/// Where each of `features` stands among `names`; both must be the same set.
fn positions(place: &str, names: &[&str], features: &[String]) -> Result<Vec<usize>, RecordError> {
    let place = || place.to_owned();
    for (index, name) in names.iter().enumerate() {
        if names[..index].contains(name) {
            return Err(RecordError::Duplicate { place: place(), feature: (*name).to_owned() });
        }
        if !features.iter().any(|feature| feature == name) {
            return Err(RecordError::Extra { place: place(), feature: (*name).to_owned() });
        }
    }
    let position = |feature: &String| {
        let found = names.iter().position(|name| name == feature);
        found.ok_or_else(|| RecordError::Missing { place: place(), feature: feature.clone() })
    };
    features.iter().map(position).collect()
}

/// Refuses a value that is not finite.
fn finite(value: f64, place: impl Fn() -> String) -> Result<f64, RecordError> {
    match value.is_finite() {
        true => Ok(value),
        false => Err(RecordError::Value { place: place(), reason: NOT_FINITE }),
    }
}

/// Refuses an empty list.
fn some(values: Vec<Vec<f64>>, labels: Option<Vec<usize>>) -> Result<RawRecords, RecordError> {
    match values.is_empty() {
        true => Err(RecordError::Empty),
        false => Ok(RawRecords { values, labels }),
    }
}
