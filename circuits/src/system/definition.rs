//! How the witness computes a tensor.

use super::{Groups, IndexMap, TableId, TensorId};

/// How the witness computes a tensor. Definitions are hints: only relations are proven.
///
/// Definitions go forwards, from the record to the scores, and each reads only earlier tensors. Relations have no direction:
/// the accumulator of a dense layer is *defined* by the linear relation that adds the bias to the products, and *expressed*
/// ([`TensorSystem::expressions`](super::TensorSystem::expressions)) by the one that says what quotient and remainder it has.
#[derive(Clone, Debug)]
pub enum Definition {
    /// From outside: the record or a parameter.
    Given,
    /// By the linear, contract or product relation with this index, whose `out` it is.
    Relation(usize),
    /// The same, but held in columns: what many entries read would make each of them a long expression.
    Held(usize),
    /// `⌊(x + 2^(shift−1)) / 2^shift⌋`; `x` itself for shift 0.
    Quotient {
        /// The dividend.
        of: TensorId,
        /// Binary logarithm of the divisor.
        shift: u32,
    },
    /// `(x + 2^(shift−1)) mod 2^shift`; 0 for shift 0.
    Remainder {
        /// The dividend.
        of: TensorId,
        /// Binary logarithm of the divisor.
        shift: u32,
    },
    /// What the table has at each key.
    TableValue {
        /// The table.
        table: TableId,
        /// Keys.
        key: TensorId,
    },
    /// The row of `source` that each key names.
    Selected {
        /// The rows.
        source: TensorId,
        /// Keys.
        key: TensorId,
        /// Key of the first row.
        first: i64,
    },
    /// The largest entry of each group.
    Largest {
        /// The tensor.
        of: TensorId,
        /// Groups of its entries.
        groups: Groups,
    },
    /// `⌊factor·n/d + ½⌋` of each entry `n` and the `d ≥ 1` that goes with it.
    Ratio {
        /// The entries `n`.
        numerator: TensorId,
        /// The public factor.
        factor: i64,
        /// The entries `d`.
        denominator: TensorId,
        /// Which of them goes with each `n`.
        map: IndexMap,
    },
    /// `⌊√x⌋` of entries that are not negative.
    Root {
        /// The tensor.
        of: TensorId,
    },
    /// 1 at the first largest entry, 0 elsewhere.
    ArgMax {
        /// The scores, at least two.
        of: TensorId,
    },
}

impl Definition {
    /// Whether no linear relation says what the tensor is, so that it is always held in columns. The largest of accumulators may
    /// be an expression: of the quotient and the remainder that it is rounded to; what is selected, of what a comparison with it leaves;
    /// and a remainder, of dividend and quotient.
    pub fn is_chosen(&self) -> bool {
        let follows = matches!(self, Self::Relation(_) | Self::Largest { .. } | Self::Selected { .. });
        !follows && !matches!(self, Self::Remainder { .. })
    }
}
