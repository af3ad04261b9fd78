//! Scalars as sign and magnitude, and their signed digits.
//!
//! ```text
//! |s| + Σ_k 2^{o_k + c_k − 1} = Σ_k (digit_k + 2^{c_k − 1})·2^{o_k}      −2^{c_k − 1} ≤ digit_k < 2^{c_k − 1}
//! ```
//!
//! Added once, the constant makes each digit a plain cut of bits, so windows do not wait for each other's carries.

use ark_ff::PrimeField;
use rayon::prelude::*;
use zeroize::{Zeroize, Zeroizing};
use zkdx_circuits::Fr;

/// Widest window: 2^15 buckets.
const WIDEST: u32 = 16;

/// What multiplies a point.
pub(in super::super) trait Scalar: Sync {
    /// Its recoded form.
    type Recoded: Recoded;

    /// Sign and magnitude; the magnitude has at most 253 bits, or 64 bits.
    fn split(&self) -> Self::Recoded;
}

/// Little-endian limbs with the sign beside them.
#[derive(Clone, Copy, Zeroize)]
pub(in super::super) struct Limbs<const N: usize> {
    limbs: [u64; N],
    negative: bool,
}

/// Sign, and magnitude plus the windows' constant.
pub(in super::super) trait Recoded: Copy + Send + Sync + Zeroize {
    /// Bits of the magnitude.
    fn bits(&self) -> u32;
    /// `width` bits from `offset` on.
    fn cut(&self, offset: u32, width: u32) -> u32;
    /// Adds `2^bit`.
    fn add_bit(&mut self, bit: u32);
    /// Whether the scalar is below zero.
    fn negative(&self) -> bool;
}

impl Scalar for Fr {
    type Recoded = Limbs<4>;

    fn split(&self) -> Limbs<4> {
        let (plus, minus) = (self.into_bigint(), (-*self).into_bigint());
        let negative = minus < plus;
        Limbs { limbs: if negative { minus.0 } else { plus.0 }, negative }
    }
}

impl Scalar for i64 {
    type Recoded = Limbs<2>;

    fn split(&self) -> Limbs<2> {
        Limbs { limbs: [self.unsigned_abs(), 0], negative: *self < 0 }
    }
}

impl<const N: usize> Recoded for Limbs<N> {
    fn bits(&self) -> u32 {
        let top = self.limbs.iter().rposition(|limb| *limb != 0);
        top.map_or(0, |top| 64 * (top as u32 + 1) - self.limbs[top].leading_zeros())
    }

    #[inline]
    fn cut(&self, offset: u32, width: u32) -> u32 {
        let (limb, shift) = ((offset / 64) as usize, offset % 64);
        let low = self.limbs.get(limb).map_or(0, |bits| bits >> shift);
        let high = self.limbs.get(limb + 1).map_or(0, |bits| (u128::from(*bits) << 64 >> shift) as u64);
        ((low | high) & ((1 << width) - 1)) as u32
    }

    fn add_bit(&mut self, bit: u32) {
        let mut carry = 1u64 << (bit % 64);
        for limb in self.limbs.iter_mut().skip((bit / 64) as usize) {
            let (sum, overflow) = limb.overflowing_add(carry);
            (*limb, carry) = (sum, u64::from(overflow));
        }
    }

    #[inline]
    fn negative(&self) -> bool {
        self.negative
    }
}

/// The digits at `2^offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) offset: u32,
    pub(super) width: u32,
}

impl Window {
    /// Magnitudes that a digit can have, without 0.
    pub(super) fn buckets(&self) -> usize {
        1 << (self.width - 1)
    }

    #[inline]
    pub(super) fn digit<R: Recoded>(&self, scalar: &R) -> i32 {
        let digit = scalar.cut(self.offset, self.width) as i32 - (1 << (self.width - 1));
        if scalar.negative() { -digit } else { digit }
    }
}

/// Scalars with the windows they are cut into.
pub(super) struct Digits<R: Zeroize> {
    pub(super) scalars: Zeroizing<Vec<R>>,
    /// Lowest first, without gaps.
    pub(super) windows: Vec<Window>,
}

impl<R: Recoded> Digits<R> {
    pub(super) fn of<S: Scalar<Recoded = R>>(scalars: &[S]) -> Self {
        let mut scalars = Zeroizing::new(scalars.par_iter().map(Scalar::split).collect::<Vec<R>>());
        let windows = windows(&reaching(&scalars));
        let recode = |scalar: &mut R| windows.iter().for_each(|w| scalar.add_bit(w.offset + w.width - 1));
        scalars.par_iter_mut().for_each(recode);
        Self { scalars, windows }
    }
}

/// `reaching[b]` scalars have more than `b` bits.
fn reaching<R: Recoded>(scalars: &[R]) -> Vec<usize> {
    let mut counts = vec![0; 257];
    scalars.iter().for_each(|scalar| counts[scalar.bits() as usize] += 1);
    let mut above = 0;
    counts.iter_mut().rev().for_each(|count| above += std::mem::replace(count, above));
    let most = counts.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1);
    counts.truncate(most);
    counts
}

/// Windows for `reaching.len()` bits and 2 more: one for the sign of the digits, one for what the constant carries.
fn windows(reaching: &[usize]) -> Vec<Window> {
    let (mut windows, mut offset) = (Vec::new(), 0);
    let end = if reaching.is_empty() { 0 } else { reaching.len() as u32 + 2 };
    while offset < end {
        let count = reaching.get(offset as usize).or(reaching.last()).copied().unwrap_or(0);
        let width = cheapest(count, end - offset).min(end - offset);
        windows.push(Window { offset, width });
        offset += width;
    }
    windows
}

/// The width that costs the least for each of `left` bits: 6 multiplications for a point, 27 for a bucket.
fn cheapest(count: usize, left: u32) -> u32 {
    let cost = |width: u32| left.div_ceil(width) as usize * (6 * count + (27 << (width - 1)));
    (2..=WIDEST).min_by_key(|width| cost(*width)).unwrap_or(2)
}
