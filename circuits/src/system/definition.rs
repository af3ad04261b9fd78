//! How the witness computes a tensor.

use super::{Groups, TableId, TensorId};

/// How the witness computes a tensor. Definitions are hints: only relations are proven.
///
/// Definitions go forwards, from the record to the scores, and each reads only earlier tensors. Relations have no direction:
/// the accumulator of a dense layer is *defined* by the linear relation that adds the bias to the products, and *expressed*
/// ([`TensorSystem::expressions`](super::TensorSystem::expressions)) by the one that says what quotient and remainder it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Definition {
    /// From outside: the record or a parameter.
    Given,
    /// By the linear, contract or product relation with this index, whose `out` it is.
    Relation(usize),
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
    /// The largest entry of each group.
    Largest {
        /// The tensor.
        of: TensorId,
        /// Groups of its entries.
        groups: Groups,
    },
    /// 1 at the first largest entry, 0 elsewhere.
    ArgMax {
        /// The scores, at least two.
        of: TensorId,
    },
}

impl Definition {
    /// Whether no linear relation says what the tensor is, so that it is always held in columns. The largest of accumulators may
    /// be an expression: of the quotient and the remainder that it is rounded to.
    pub fn is_chosen(&self) -> bool {
        !matches!(self, Self::Relation(_) | Self::Largest { .. })
    }
}
