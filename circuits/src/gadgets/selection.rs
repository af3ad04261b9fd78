//! Rows of private tables, by keys that are private too: lookups (Haböck, ePrint 2022/1530) in rows of expressions.
//!
//! Row `i` has the key `first + i` and the words `t_(i,1) … t_(i,w)`; a lookup has a key and as many words. With random `X` and `Y`,
//! ```text
//! Σ 1/(X − v) = Σ_i m_i/(X − t_i),      v = key + Y·word_1 + … + Y^w·word_w,      t_i = first + i + Y·t_(i,1) + …
//! ```
//! *Soundness.* Keys, words, rows and multiplicities are sealed in the first round. A lookup that is no row differs from each row as a
//! polynomial in `Y` of degree at most `w`, so it meets one for at most `w·rows` values of `Y`; for any other `Y`, what
//! [`logup`](super::logup) says of `X` applies. Rows may be anything: what makes a row that of its key is that keys are constants,
//! each with a row of its own.
//!
//! *Cost.* `w + 1` constraints for each lookup and each row, and one to close.

use super::Held;
use super::logup::fingerprint;
use crate::field::from_int;
use crate::r1cs::{Expression, FirstRound, SecondRound};

/// A private table and what has been looked up in it.
pub struct Selection<E> {
    first: i64,
    rows: Vec<Vec<E>>,
    counts: Vec<i64>,
    lookups: Vec<(E, Vec<E>)>,
}

/// A private table whose multiplicities are committed to.
pub struct SealedSelection<E> {
    first: i64,
    rows: Vec<Vec<E>>,
    multiplicities: Vec<E>,
    lookups: Vec<(E, Vec<E>)>,
}

impl<E: Expression> Selection<E> {
    /// Rows, the first with the key `first`, and no lookups yet.
    pub fn new(first: i64, rows: Vec<Vec<E>>) -> Self {
        let counts = vec![0; rows.len()];
        Self { first, rows, counts, lookups: Vec::new() }
    }

    /// Requires `words` to be the row of `key`. Where the integer that the key holds is that of no row, no proof will verify.
    pub fn look_up(&mut self, key: Held<E>, words: Vec<E>) {
        let row = key.integer.checked_sub(self.first).and_then(|row| usize::try_from(row).ok());
        row.and_then(|row| self.counts.get_mut(row)).into_iter().for_each(|count| *count += 1);
        self.lookups.push((key.expression, words));
    }

    /// Commits to the multiplicities.
    pub fn seal<B: FirstRound<Expr = E>>(self, builder: &mut B) -> SealedSelection<E> {
        let Self { first, rows, counts, lookups } = self;
        let multiplicities = counts.into_iter().map(|count| builder.small(|| count)).collect();
        SealedSelection { first, rows, multiplicities, lookups }
    }
}

impl<E: Expression> SealedSelection<E> {
    /// Number of lookups and of rows.
    pub(super) fn split(&self) -> (usize, usize) {
        (self.lookups.len(), self.rows.len())
    }

    /// `1/(X − v)` for every lookup, then `m_i/(X − t_i)` for every row.
    pub(super) fn fractions<B: SecondRound<Expr = E>>(self, builder: &mut B, fractions: &mut Vec<(E, E)>) {
        for (key, words) in &self.lookups {
            fractions.push((E::unit(), fingerprint(builder, key, words)));
        }
        for ((row, multiplicity), key) in self.rows.iter().zip(self.multiplicities).zip(self.first..) {
            fractions.push((multiplicity, fingerprint(builder, &E::constant(from_int(key)), row)));
        }
    }
}

/// Constraints of a table of so many rows of so many words, and of as many lookups.
pub const fn selection_constraints(rows: u64, lookups: u64, words: u64) -> u64 {
    (rows + lookups) * (words + 1) + 1
}
