//! Gadgets: pieces of circuits that know nothing of tensors, each next to the computation it proves.

pub mod clamp;
pub mod logup;
pub mod poseidon;
pub mod range;
pub mod selection;

use crate::field::from_int;
use crate::r1cs::Expression;

/// An expression and the integer that it holds when proving.
#[derive(Clone, Debug)]
pub struct Held<E> {
    /// The expression.
    pub expression: E,
    /// The integer; of no meaning when shaping.
    pub integer: i64,
}

impl<E: Expression> Held<E> {
    /// A constant.
    pub fn constant(integer: i64) -> Self {
        Self { expression: E::constant(from_int(integer)), integer }
    }

    /// `self − other`.
    pub fn minus(&self, other: &Self) -> Self {
        let integer = self.integer.wrapping_sub(other.integer);
        Self { expression: self.expression.minus(&other.expression), integer }
    }
}
