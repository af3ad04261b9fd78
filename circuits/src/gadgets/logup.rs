//! Lookups by logarithmic derivatives (Haböck, ePrint 2022/1530): every key, or pair of key and value, is a row of a table.
//!
//! For lookups `v_i`, rows `t_j` and a random `X`, with `m_j` the number of lookups of row `j`,
//! ```text
//! Σ_i 1/(X − v_i) = Σ_j m_j/(X − t_j),      v = key,   or   v = key + Y·value
//! ```
//! *Soundness.* As rational functions in `X` the two sides agree only if every pole on the left is one on the right, since fewer
//! than `r` lookups cannot cancel a pole: so every `v_i` is some `t_j`, whatever the `m_j` are. Keys, values and
//! multiplicities are sealed in the first round; then a false identity of degree at most `d = lookups + rows` holds for a
//! fraction of at most `d/r` of all `X`, and a pair that is no row collides with one for at most `d/r` of all `Y`. A denominator
//! of zero, which would leave a quotient free, is as unlikely.
//!
//! **`X` and `Y` must be independent.** Pairs can be forged for `X = Y²`: with rows and lookups on a line, poles that differ as
//! pairs agree as numbers, as in `1/((Y−1)(Y−2)) + 1/((Y−2)(Y−3)) = 2/((Y−1)(Y−3))`. The two challenges are separate hashes.
//!
//! *Cost.* One constraint for each key, two for each pair (`Y·value` is a product), one for each row, and one to close.

use std::sync::Arc;

use ark_ff::One;
use zeroize::Zeroize;

use super::Held;
use super::selection::SealedSelection;
use crate::architecture::Interval;
use crate::field::{Fr, from_int};
use crate::r1cs::{Expression, FirstRound, SecondRound};

/// Number of challenges: `X` and `Y`.
pub const CHALLENGES: usize = 2;

/// The challenge that lookups are evaluated at.
const X: usize = 0;
/// The challenge that joins key and value.
const Y: usize = 1;

/// The rows of a table: keys in an interval, with one value each or with none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    keys: Interval,
    values: Option<Vec<i64>>,
}

impl Rows {
    /// Keys alone.
    pub fn keys(keys: Interval) -> Self {
        Self { keys, values: None }
    }

    /// Keys with the values of `value`.
    pub fn pairs(keys: Interval, value: impl Fn(i64) -> i64) -> Self {
        Self { keys, values: Some((keys.lo..=keys.hi).map(value).collect()) }
    }

    fn position(&self, key: i64) -> Option<usize> {
        self.keys.contains(key).then(|| self.keys.lo.abs_diff(key) as usize)
    }
}

/// A table under construction: its rows and what has been looked up in them.
pub struct Ledger<E> {
    rows: Arc<Rows>,
    /// Empty until something is looked up.
    counts: Vec<i64>,
    lookups: Vec<(E, Option<E>)>,
}

/// A table whose multiplicities are committed to.
pub struct Sealed<E> {
    rows: Arc<Rows>,
    multiplicities: Vec<E>,
    lookups: Vec<(E, Option<E>)>,
}

impl<E: Expression> Ledger<E> {
    /// No lookups yet.
    pub fn new(rows: Rows) -> Self {
        Self { rows: Arc::new(rows), counts: Vec::new(), lookups: Vec::new() }
    }

    /// The same rows with nothing looked up, for a part of the lookups.
    pub fn fork(&self) -> Self {
        Self { rows: Arc::clone(&self.rows), counts: Vec::new(), lookups: Vec::new() }
    }

    /// Adds the lookups of a fork.
    pub fn absorb(&mut self, mut part: Self) {
        if !part.counts.is_empty() {
            self.open();
            self.counts.iter_mut().zip(&part.counts).for_each(|(count, more)| *count += more);
            part.counts.zeroize();
        }
        self.lookups.append(&mut part.lookups);
    }

    fn open(&mut self) {
        self.counts.resize(self.rows.keys.size() as usize, 0);
    }

    /// Requires `key` to be a key of the rows, and `value` to be its value if the rows have values. Where the integer that the key
    /// holds is no key, no proof will verify.
    pub fn look_up(&mut self, key: Held<E>, value: Option<E>) {
        self.open();
        if let Some(position) = self.rows.position(key.integer) {
            self.counts[position] += 1;
        }
        self.lookups.push((key.expression, value));
    }

    /// Commits to the multiplicities.
    pub fn seal<B: FirstRound<Expr = E>>(mut self, builder: &mut B) -> Sealed<E> {
        self.open();
        let multiplicities = self.counts.iter().map(|&count| builder.small(|| count)).collect();
        Sealed { rows: self.rows, multiplicities, lookups: self.lookups }
    }
}

/// Requires every lookup of every table, in the second round.
pub fn enforce<B: SecondRound>(
    builder: &mut B,
    tables: Vec<Sealed<B::Expr>>,
    selections: Vec<SealedSelection<B::Expr>>,
) {
    let mut fractions = Vec::new();
    let mut splits = Vec::new();
    for table in tables {
        splits.push((table.lookups.len(), table.multiplicities.len()));
        table.fractions(builder, &mut fractions);
    }
    for selection in selections {
        splits.push(selection.split());
        selection.fractions(builder, &mut fractions);
    }
    let quotients = builder.quotients(&fractions);
    let mut rest = quotients.as_slice();
    for (lookups, rows) in splits {
        let (table, after) = rest.split_at(lookups + rows);
        close(builder, table, lookups);
        rest = after;
    }
}

/// Constraints of each lookup.
pub const fn lookup_constraints(pairs: bool) -> u64 {
    if pairs { 2 } else { 1 }
}

/// Constraints of a table, besides its lookups.
pub const fn table_constraints(rows: u64) -> u64 {
    rows + 1
}

/// `Σ_i 1/(X − v_i) − Σ_j m_j/(X − t_j) = 0`, the first `lookups` quotients being the left-hand sum.
fn close<B: SecondRound>(builder: &mut B, quotients: &[B::Expr], lookups: usize) {
    let sign = |index: usize| if index < lookups { Fr::one() } else { -Fr::one() };
    let sum = B::Expr::combination(quotients.iter().enumerate().map(|(index, quotient)| (quotient, sign(index))));
    builder.enforce(&sum, &B::Expr::unit(), &B::Expr::empty());
}

/// `X − key − Y·word_1 − Y²·word_2 − …`, a product for each word.
pub(super) fn fingerprint<B: SecondRound>(builder: &mut B, key: &B::Expr, words: &[B::Expr]) -> B::Expr {
    let y = builder.challenge(Y);
    let mut tail = B::Expr::empty();
    for word in words.iter().rev() {
        let mut sum = word.clone();
        sum.add_scaled(&tail, Fr::one());
        tail = builder.product(&sum, &y);
    }
    let mut denominator = builder.challenge(X).minus(key);
    denominator.add_scaled(&tail, -Fr::one());
    denominator
}

impl<E: Expression> Sealed<E> {
    /// `1/(X − v_i)` for every lookup, then `m_j/(X − t_j)` for every row.
    fn fractions<B: SecondRound<Expr = E>>(self, builder: &mut B, fractions: &mut Vec<(E, E)>) {
        let (x, y) = (builder.challenge(X), builder.challenge(Y));
        for (key, value) in &self.lookups {
            let mut denominator = x.minus(key);
            if let Some(value) = value {
                denominator.add_scaled(&builder.product(value, &y), -Fr::one());
            }
            fractions.push((E::unit(), denominator));
        }
        for ((row, multiplicity), key) in self.multiplicities.into_iter().enumerate().zip(self.rows.keys.lo..) {
            let mut denominator = x.clone();
            denominator.add_scaled(&E::unit(), from_int(-key));
            if let Some(values) = &self.rows.values {
                denominator.add_scaled(&y, from_int(-values[row]));
            }
            fractions.push((multiplicity, denominator));
        }
    }
}
