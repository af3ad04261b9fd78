//! Sums of many runs of points at once, in affine coordinates: every round adds neighbours pair by pair and inverts one product.
//!
//! ```text
//! P ≠ ±Q:  λ = (y_Q − y_P)/(x_Q − x_P)      P = Q:  λ = 3x²/2y      x = λ² − x_P − x_Q,  y = λ·(x_P − x) − y_P
//! ```

use ark_ec::AffineRepr;
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ff::{AdditiveGroup, Field, Zero};
use zeroize::Zeroize;

/// A stretch of entries that belong to one bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) bucket: u32,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// The sum of each run, with its bucket.
pub(super) fn reduce<P: SWCurveConfig>(bases: &[Affine<P>], entries: &[u32], runs: &[Run]) -> Vec<(u32, Affine<P>)> {
    let mut block = Block::gather(bases, entries, runs);
    while block.halve() {}
    let sums = runs.iter().map(|run| run.bucket).zip(block.points.iter().copied()).collect();
    block.points.zeroize();
    sums
}

/// Points by run, and room for one round.
struct Block<P: SWCurveConfig> {
    points: Vec<Affine<P>>,
    lengths: Vec<u32>,
    denominators: Vec<P::BaseField>,
    inverses: Vec<P::BaseField>,
}

impl<P: SWCurveConfig> Block<P> {
    fn gather(bases: &[Affine<P>], entries: &[u32], runs: &[Run]) -> Self {
        let mut points = Vec::new();
        for run in runs {
            let entries = &entries[run.start as usize..run.end as usize];
            points.extend(entries.iter().map(|&entry| {
                let base = bases[(entry >> 1) as usize];
                if entry & 1 == 1 { -base } else { base }
            }));
        }
        let lengths = runs.iter().map(|run| run.end - run.start).collect();
        let room = points.len() / 2;
        Self { points, lengths, denominators: Vec::with_capacity(room), inverses: Vec::with_capacity(room) }
    }

    /// Adds neighbours within each run; `false` if every run was one point already.
    fn halve(&mut self) -> bool {
        self.collect_denominators();
        if self.denominators.is_empty() {
            return false;
        }
        self.invert();
        self.add_pairs();
        true
    }

    fn collect_denominators(&mut self) {
        self.denominators.clear();
        let mut start = 0;
        for &length in &self.lengths {
            let run = &self.points[start..start + length as usize];
            self.denominators.extend(run.chunks_exact(2).map(|pair| denominator(&pair[0], &pair[1])));
            start += length as usize;
        }
    }

    /// Montgomery's trick: products of all before, one inversion, then back.
    fn invert(&mut self) {
        let mut product = P::BaseField::ONE;
        self.inverses.clear();
        self.inverses.extend(self.denominators.iter().map(|denominator| {
            let before = product;
            product *= denominator;
            before
        }));
        let mut inverse = product.inverse().unwrap_or_default();
        for (before, denominator) in self.inverses.iter_mut().zip(&self.denominators).rev() {
            *before *= inverse;
            inverse *= denominator;
        }
    }

    fn add_pairs(&mut self) {
        let (mut read, mut write, mut pair) = (0, 0, 0);
        for length in &mut self.lengths {
            let (pairs, odd) = (*length as usize / 2, *length as usize % 2);
            for _ in 0..pairs {
                self.points[write] = add(&self.points[read], &self.points[read + 1], &self.inverses[pair]);
                (read, write, pair) = (read + 2, write + 1, pair + 1);
            }
            if odd == 1 {
                self.points[write] = self.points[read];
                (read, write) = (read + 1, write + 1);
            }
            *length = (pairs + odd) as u32;
        }
        self.points.truncate(write);
    }
}

/// What [`add`] divides by, or 1 where it does not divide.
#[inline]
fn denominator<P: SWCurveConfig>(p: &Affine<P>, q: &Affine<P>) -> P::BaseField {
    let difference = q.x - p.x;
    let denominator = if difference.is_zero() { p.y + q.y } else { difference };
    if denominator.is_zero() || p.is_zero() || q.is_zero() { P::BaseField::ONE } else { denominator }
}

/// `p + q`, given the inverse of their [`denominator`].
#[inline]
fn add<P: SWCurveConfig>(p: &Affine<P>, q: &Affine<P>, inverse: &P::BaseField) -> Affine<P> {
    if p.x == q.x || p.is_zero() || q.is_zero() {
        return add_special(p, q, inverse);
    }
    finish(p, q, (q.y - p.y) * inverse)
}

#[cold]
fn add_special<P: SWCurveConfig>(p: &Affine<P>, q: &Affine<P>, inverse: &P::BaseField) -> Affine<P> {
    match (p.is_zero(), q.is_zero()) {
        (true, _) => *q,
        (_, true) => *p,
        _ if p.y != q.y || p.y.is_zero() => Affine::identity(),
        _ => {
            let square = p.x.square();
            finish(p, q, (square.double() + square + P::COEFF_A) * inverse)
        }
    }
}

#[inline]
fn finish<P: SWCurveConfig>(p: &Affine<P>, q: &Affine<P>, slope: P::BaseField) -> Affine<P> {
    let x = slope.square() - p.x - q.x;
    Affine::new_unchecked(x, slope * (p.x - x) - p.y)
}
