//! Linear expressions: sparse vectors of columns when shaping, field elements when proving.

use ark_ff::{One, Zero};

use super::Column;
use crate::field::Fr;

/// A linear expression in the columns of a circuit.
pub trait Expression: Clone + Send + Sync {
    /// The empty sum.
    fn empty() -> Self;

    /// The constant `value`.
    fn constant(value: Fr) -> Self;

    /// Adds `factor·other`.
    fn add_scaled(&mut self, other: &Self, factor: Fr);

    /// The constant 1.
    fn unit() -> Self {
        Self::constant(Fr::one())
    }

    /// `self + other`.
    fn plus(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        sum.add_scaled(other, Fr::one());
        sum
    }

    /// `self − other`.
    fn minus(&self, other: &Self) -> Self {
        let mut difference = self.clone();
        difference.add_scaled(other, -Fr::one());
        difference
    }

    /// `factor·self`.
    fn times(&self, factor: Fr) -> Self {
        let mut product = Self::empty();
        product.add_scaled(self, factor);
        product
    }
}

impl Expression for Fr {
    fn empty() -> Self {
        Fr::zero()
    }

    fn constant(value: Fr) -> Self {
        value
    }

    fn add_scaled(&mut self, other: &Self, factor: Fr) {
        *self += *other * factor;
    }
}

/// A sparse linear expression: coefficients by column, sorted when finished.
#[derive(Clone, Debug, Default)]
pub struct Sparse(pub(super) Vec<(Column, Fr)>);

impl Sparse {
    /// A single column.
    pub fn column(column: Column) -> Self {
        Self(vec![(column, Fr::one())])
    }

    /// Coefficients by column, each column once, zeros left out.
    pub fn merged(&self) -> Vec<(Column, Fr)> {
        let mut terms = self.0.clone();
        terms.sort_by_key(|(column, _)| *column);
        let mut merged: Vec<(Column, Fr)> = Vec::with_capacity(terms.len());
        for (column, value) in terms {
            match merged.last_mut() {
                Some((last, sum)) if *last == column => *sum += value,
                _ => merged.push((column, value)),
            }
        }
        merged.retain(|(_, value)| !value.is_zero());
        merged
    }
}

impl Expression for Sparse {
    fn empty() -> Self {
        Self::default()
    }

    fn constant(value: Fr) -> Self {
        if value.is_zero() { Self::default() } else { Self(vec![(Column::ONE, value)]) }
    }

    fn add_scaled(&mut self, other: &Self, factor: Fr) {
        if !factor.is_zero() {
            self.0.extend(other.0.iter().map(|(column, value)| (*column, *value * factor)));
        }
    }
}
