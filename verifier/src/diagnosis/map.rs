//! A class map in words: how many positions each class has, and the map itself as lines of class indices.

use serde::{Deserialize, Serialize};
use zkdx_circuits::Outcome;

use super::reading::require_equal;
use super::{DiagnosisError, PublicModel};

/// A class map in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapReading {
    /// Extents of its axes.
    pub shape: Vec<usize>,
    /// Every class, in class order.
    pub classes: Vec<ClassReading>,
    /// The class index at each position: a line for each place along all axes but the last, in row-major order.
    pub rows: Vec<String>,
}

/// How much of a map one class has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassReading {
    /// The class's label.
    pub label: String,
    /// Number of positions with this class.
    pub positions: usize,
    /// Their share of all positions.
    pub share: String,
}

impl MapReading {
    /// The words for the map that `outcome` is.
    pub(super) fn new(model: &PublicModel, outcome: &Outcome) -> Result<Self, DiagnosisError> {
        let (shape, classes) = (model.map_shape()?, &outcome.classes);
        let labels = model.architecture().labels.iter().enumerate();
        let width = shape.last().copied().unwrap_or(1).max(1);
        let row = |row: &[usize]| row.iter().map(usize::to_string).collect::<Vec<_>>().join(" ");
        Ok(Self {
            classes: labels.map(|(class, label)| ClassReading::new(label, class, classes)).collect(),
            rows: classes.chunks(width).map(row).collect(),
            shape,
        })
    }

    /// Extents and number of positions, such as `32 × 32 positions`.
    pub fn extents(&self) -> String {
        let extents: Vec<_> = self.shape.iter().map(usize::to_string).collect();
        format!("{} positions", extents.join(" × "))
    }

    /// Positions of each class that has any, in one line.
    pub fn summary(&self) -> String {
        counted(self.classes.iter().map(|class| (class.label.as_str(), class.positions)))
    }

    /// Refuses a reading that says anything else.
    pub(super) fn require_equal(&self, got: &Self) -> Result<(), DiagnosisError> {
        require_equal("map.shape", &self.shape, &got.shape)?;
        require_equal("map.classes", &self.classes, &got.classes)?;
        require_equal("map.rows", &self.rows.len(), &got.rows.len())?;
        self.rows.iter().zip(&got.rows).try_for_each(|(expected, got)| require_equal("map.rows", expected, got))
    }
}

/// Labels with the number of positions of each, in one line.
pub fn counted<'l>(labels: impl Iterator<Item = (&'l str, usize)> + Clone) -> String {
    let all: usize = labels.clone().map(|(_, positions)| positions).sum();
    let some = labels.filter(|(_, positions)| *positions > 0).map(|(label, positions)| format!("{label} {positions}"));
    format!("{} of {all} positions", some.collect::<Vec<_>>().join(", "))
}

impl ClassReading {
    fn new(label: &str, class: usize, classes: &[usize]) -> Self {
        let positions = classes.iter().filter(|&&other| other == class).count();
        let share = 100.0 * positions as f64 / classes.len().max(1) as f64;
        Self { label: label.to_owned(), positions, share: format!("{share:.1} %") }
    }
}
