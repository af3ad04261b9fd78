//! Rank-1 constraints whose columns fall into groups, synthesised in two rounds.
//!
//! ```text
//! columns:  public (1, statement words, challenges) │ weights │ first round: small, field │ second round
//! ```
//!
//! A circuit is written once, against [`FirstRound`] and [`SecondRound`]. Run on a [`ShapeBuilder`] its expressions are sparse
//! vectors and the result is an [`R1cs`]; run on a [`WitnessBuilder`] its expressions are field elements and the result is an
//! assignment together with the values of every constraint's three sides, so that a prover needs no matrices.
//!
//! In the first round a circuit may choose values freely. In the second it can only compute: [`SecondRound::product`],
//! [`SecondRound::product_plus`] and [`SecondRound::quotients`] make the only new columns, each fixed by a constraint of its own. So everything that an identity in the
//! challenges quantifies over is sealed before the challenges are drawn.

mod expression;
mod matrix;
mod shape;
mod witness;

pub use expression::{Expression, Sparse};
pub use matrix::{Column, ColumnCounts, Group, Matrix, R1cs};
pub use shape::ShapeBuilder;
pub use witness::{FirstRoundWitness, SecondRoundWitness, SynthesisError, WitnessBuilder};

use std::ops::Range;

use crate::field::Fr;

/// What a circuit may do before the challenges are known.
pub trait FirstRound {
    /// Linear expressions in the columns.
    type Expr: Expression;

    /// The statement word `index`.
    fn word(&mut self, index: usize) -> Self::Expr;

    /// A new column of the weights' commitment.
    fn weight(&mut self, value: impl FnOnce() -> Fr) -> Self::Expr;

    /// A new first-round column that holds a small integer.
    fn small(&mut self, value: impl FnOnce() -> i64) -> Self::Expr;

    /// A new first-round column that holds any field element.
    fn field(&mut self, value: impl FnOnce() -> Fr) -> Self::Expr;

    /// A new first-round column fixed by `left·right = column`.
    fn first_product(&mut self, left: &Self::Expr, right: &Self::Expr) -> Self::Expr;

    /// Requires `left·right = out`.
    fn enforce(&mut self, left: &Self::Expr, right: &Self::Expr, out: &Self::Expr);

    /// Runs `work` on blocks of `0..count`, perhaps at the same time. Columns and constraints, and the results, are in the order of
    /// the blocks: as if `work` had been run on `0..count`.
    fn in_blocks<T: Send>(&mut self, count: usize, work: impl Fn(&mut Self, Range<usize>) -> T + Sync) -> Vec<T>
    where
        Self: Sized,
    {
        vec![work(self, 0..count)]
    }

    /// Requires `expression = 0`.
    fn enforce_zero(&mut self, expression: &Self::Expr) {
        self.enforce(expression, &Self::Expr::unit(), &Self::Expr::empty());
    }
}

/// What a circuit may do once the challenges are known: compute, never choose.
pub trait SecondRound {
    /// Linear expressions in the columns, the same as in the first round.
    type Expr: Expression;

    /// Runs `work` on blocks of `0..count`, as [`FirstRound::in_blocks`].
    fn in_blocks<T: Send>(&mut self, count: usize, work: impl Fn(&mut Self, Range<usize>) -> T + Sync) -> Vec<T>
    where
        Self: Sized,
    {
        vec![work(self, 0..count)]
    }

    /// The challenge `index`.
    fn challenge(&self, index: usize) -> Self::Expr;

    /// A new column fixed by `left·right = column`.
    fn product(&mut self, left: &Self::Expr, right: &Self::Expr) -> Self::Expr;

    /// A new column fixed by `left·right = column − addend`.
    fn product_plus(&mut self, left: &Self::Expr, right: &Self::Expr, addend: &Self::Expr) -> Self::Expr;

    /// New columns fixed by `column_i·denominator_i = numerator_i`, in one batch. A denominator of zero is refused when proving.
    fn quotients(&mut self, pairs: &[(Self::Expr, Self::Expr)]) -> Vec<Self::Expr>;

    /// Requires `left·right = out`.
    fn enforce(&mut self, left: &Self::Expr, right: &Self::Expr, out: &Self::Expr);
}

/// A circuit in two rounds. `Pending` is what the first round leaves for the second: expressions, never values of choice.
pub trait Circuit {
    /// What the first round leaves for the second.
    type Pending<E: Expression>;

    /// Number of statement words.
    fn words(&self) -> usize;

    /// Number of challenges.
    fn challenges(&self) -> usize;

    /// The first round.
    fn first_round<B: FirstRound>(&self, builder: &mut B) -> Self::Pending<B::Expr>;

    /// The second round.
    fn second_round<B: SecondRound>(&self, pending: Self::Pending<B::Expr>, builder: &mut B);
}

/// The shape of `circuit`.
pub fn shape<C: Circuit>(circuit: &C) -> R1cs {
    let mut builder = ShapeBuilder::new(circuit.words(), circuit.challenges());
    let pending = circuit.first_round(&mut builder);
    circuit.second_round(pending, &mut builder);
    builder.finish()
}
