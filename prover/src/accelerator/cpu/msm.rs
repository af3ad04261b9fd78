//! Multi-scalar multiplication by buckets (Pippenger), whose buckets are summed in affine coordinates.
//!
//! ```text
//! s_i = Σ_k digit_{i,k}·2^{o_k}      Σ s_i·P_i = Σ_k 2^{o_k}·Σ_b b·Σ_{|digit_{i,k}| = b} ±P_i
//! ```
//!
//! Each window sorts its points by digit; then all buckets of a block are halved at once, pair by pair, with one inversion for all
//! pairs (Montgomery's trick): 5M + 1S for an addition instead of 8M + 2S in XYZZ coordinates. Digits are signed, which halves the
//! buckets; scalars are sign and magnitude, so a small negative one is as cheap as a small positive one; and a window is as wide as
//! is right for the number of scalars that reach it, so mixed widths need no sorting out beforehand.

mod reduce;
mod scalar;

use ark_ec::AffineRepr;
use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ff::AdditiveGroup;
use rayon::prelude::*;
use zeroize::Zeroizing;

pub(super) use scalar::Scalar;

use reduce::{Run, reduce};
use scalar::{Digits, Recoded, Window};

/// Most points of one pass: their indices share 32 bits with a sign.
const PASS: usize = 1 << 30;
/// Entries of a block: enough to share an inversion of some 150 multiplications, few enough for the caches.
const BLOCK: usize = 1 << 13;

/// `Σ scalar_i·base_i`, over as many terms as the shorter slice has.
pub(super) fn msm<P: SWCurveConfig, S: Scalar>(bases: &[Affine<P>], scalars: &[S]) -> Projective<P> {
    bases.chunks(PASS).zip(scalars.chunks(PASS)).map(|(bases, scalars)| pass(bases, scalars)).sum()
}

fn pass<P: SWCurveConfig, S: Scalar>(bases: &[Affine<P>], scalars: &[S]) -> Projective<P> {
    let digits = Digits::of(scalars);
    let sums: Vec<Projective<P>> = digits.windows.par_iter().map(|window| in_window(bases, &digits, window)).collect();
    let widths = digits.windows.iter().map(|window| window.width);
    sums.into_iter()
        .zip(widths)
        .rev()
        .fold(Projective::ZERO, |total, (sum, width)| (0..width).fold(total, |doubled, _| doubled.double()) + sum)
}

/// `Σ_b b·Σ_{|digit_i| = b} ±P_i` of one window.
fn in_window<P: SWCurveConfig, R: Recoded>(bases: &[Affine<P>], digits: &Digits<R>, window: &Window) -> Projective<P> {
    let sorted = Sorted::new(&digits.scalars, window);
    let blocks = sorted.blocks();
    let sums: Vec<Vec<(u32, Affine<P>)>> = blocks.par_iter().map(|runs| reduce(bases, &sorted.entries, runs)).collect();
    weighted_sum(sums.into_iter().flatten().rev())
}

/// `Σ bucket·sum` over falling buckets: `running` passes every bucket once, `total` adds it up.
fn weighted_sum<P: SWCurveConfig>(falling: impl Iterator<Item = (u32, Affine<P>)>) -> Projective<P> {
    let (mut running, mut total, mut at) = (Projective::ZERO, Projective::ZERO, 0);
    for (bucket, sum) in falling {
        (bucket..at).for_each(|_| total += running);
        at = bucket;
        if !sum.is_zero() {
            running += sum;
        }
    }
    (0..at).for_each(|_| total += running);
    total
}

/// The points of one window by bucket: each entry an index, doubled, plus 1 where the digit is negative.
struct Sorted {
    entries: Zeroizing<Vec<u32>>,
    /// `ends[b]` is where bucket `b` ends; bucket 0 is empty.
    ends: Zeroizing<Vec<u32>>,
}

impl Sorted {
    /// Counts, then places.
    fn new<R: Recoded>(scalars: &[R], window: &Window) -> Self {
        let mut ends = Zeroizing::new(vec![0u32; window.buckets() + 1]);
        for digit in scalars.iter().map(|scalar| window.digit(scalar)) {
            ends[digit.unsigned_abs() as usize] += u32::from(digit != 0);
        }
        let mut total = 0;
        ends.iter_mut().for_each(|end| total += std::mem::replace(end, total));
        let mut entries = Zeroizing::new(vec![0u32; total as usize]);
        for (index, digit) in scalars.iter().map(|scalar| window.digit(scalar)).enumerate().filter(|(_, d)| *d != 0) {
            let end = &mut ends[digit.unsigned_abs() as usize];
            entries[*end as usize] = (index as u32) << 1 | u32::from(digit < 0);
            *end += 1;
        }
        Self { entries, ends }
    }

    /// Runs of at most [`BLOCK`] entries of one bucket, gathered into blocks of about as many.
    fn blocks(&self) -> Vec<Vec<Run>> {
        let (mut blocks, mut filled) = (vec![Vec::new()], 0);
        for (bucket, ends) in self.ends.windows(2).enumerate() {
            let mut start = ends[0];
            while start < ends[1] {
                let end = ends[1].min(start + BLOCK as u32);
                if filled >= BLOCK {
                    blocks.push(Vec::new());
                    filled = 0;
                }
                filled += (end - start) as usize;
                blocks
                    .last_mut()
                    .into_iter()
                    .for_each(|block| block.push(Run { bucket: bucket as u32 + 1, start, end }));
                start = end;
            }
        }
        blocks
    }
}
