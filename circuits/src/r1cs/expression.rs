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

    /// `Σ factor·expression`, each column once however many summands hold it.
    fn combination<'a>(terms: impl IntoIterator<Item = (&'a Self, Fr)>) -> Self
    where
        Self: 'a,
    {
        let mut sum = Self::empty();
        terms.into_iter().for_each(|(expression, factor)| sum.add_scaled(expression, factor));
        sum
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

/// A sparse linear expression: coefficients by column, in any order, a column perhaps more than once.
#[derive(Clone, Debug, Default)]
pub struct Sparse(pub(super) Vec<(Column, Fr)>);

impl Sparse {
    /// A single column.
    pub fn column(column: Column) -> Self {
        Self(vec![(column, Fr::one())])
    }

    /// Coefficients by column, each column once, zeros left out.
    pub fn merged(&self) -> Vec<(Column, Fr)> {
        let mut copy = self.clone();
        copy.merge();
        copy.0
    }

    fn merge(&mut self) {
        self.0.sort_unstable_by_key(|(column, _)| *column);
        self.0.dedup_by(|(column, value), (kept, sum)| {
            let same = column == kept;
            if same {
                *sum += *value;
            }
            same
        });
        self.0.retain(|(_, value)| !value.is_zero());
    }
}

impl Expression for Sparse {
    fn empty() -> Self {
        Self::default()
    }

    fn constant(value: Fr) -> Self {
        if value.is_zero() { Self::default() } else { Self(vec![(Column::ONE, value)]) }
    }

    fn combination<'a>(terms: impl IntoIterator<Item = (&'a Self, Fr)>) -> Self {
        let mut sum = Self::empty();
        terms.into_iter().for_each(|(expression, factor)| sum.add_scaled(expression, factor));
        sum.merge();
        sum
    }

    fn add_scaled(&mut self, other: &Self, factor: Fr) {
        if !factor.is_zero() {
            self.0.extend(other.0.iter().map(|(column, value)| (*column, *value * factor)));
        }
    }
}
