//! Evaluation domains of `2^k`, `9·2^(k−3)` or `3·2^(k−1)` roots of unity.
//!
//! The scalar field's multiplicative group has the order `2^28·3^2·…`, so there are roots of unity of these orders too. Of two domains
//! in a row the larger is at most 1.34 times the smaller, where powers of two alone double: a circuit of `2^17 + 1` constraints
//! costs an eighth more than one of `2^17`, not twice as much.
//!
//! Devices transform powers of two. A domain of length `n = 3m` splits its coefficients by their index modulo 3 (Cooley and Tukey
//! 1965), with `ω = ω_n` and `ζ = ω^m`:
//! ```text
//! F_b = transform of the coefficients b, b + 3, b + 6, …
//! X[j + m·c] = F_0[j] + ζ^c·ω^j·F_1[j] + ζ^(2c)·ω^(2j)·F_2[j],     c = 0, 1, 2
//! ```

use ark_ff::{FftField, Field, One, batch_inversion};
use rayon::prelude::*;
use zeroize::{Zeroize, Zeroizing};
use zkdx_circuits::Fr;

use crate::accelerator::{Accelerator, AcceleratorError};

/// Entries that one task works on.
const BLOCK: usize = 1 << 12;

/// `{ω^j}` for `j < n`, and the coset `{g·ω^j}`, where `g = 5` is the field's generator.
pub(crate) struct Domain {
    length: usize,
    root: Fr,
    /// Twiddles of each split, the widest first.
    splits: Vec<Split>,
}

/// One split by 3.
struct Split {
    /// `ω^j` for `j < n/3`.
    twiddles: Vec<Fr>,
    /// `ζ = ω^(n/3)`.
    third: Fr,
}

impl Domain {
    /// The shortest domain with at least `rows` elements; `None` beyond the field's roots of unity.
    pub(crate) fn length(rows: usize) -> Option<usize> {
        let power = rows.max(1).checked_next_power_of_two()?;
        let candidates = [power / 16 * 9, power / 4 * 3, power];
        let length = candidates.into_iter().find(|&length| length >= rows.max(1))?;
        (length.trailing_zeros() <= Fr::TWO_ADICITY).then_some(length)
    }

    /// The domain of a `length` that [`Self::length`] gave; `None` for any other.
    pub(crate) fn new(length: usize) -> Option<Self> {
        let root = Self::length(length).filter(|&same| same == length).and_then(root)?;
        let (mut splits, mut rest, mut omega) = (Vec::new(), length, root);
        while rest % 3 == 0 {
            rest /= 3;
            splits.push(Split { twiddles: powers(omega, rest), third: omega.pow([rest as u64]) });
            omega = omega.pow([3]);
        }
        Some(Self { length, root, splits })
    }

    /// `n`.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// `x^n − 1`.
    pub(crate) fn vanishing(&self, x: &Fr) -> Fr {
        x.pow([self.length as u64]) - Fr::one()
    }

    /// `L_j(x) = ω^j·(x^n − 1)/(n·(x − ω^j))` for every `j`, for `x` outside of the domain.
    pub(crate) fn lagrange(&self, x: &Fr) -> Zeroizing<Vec<Fr>> {
        let roots = powers(self.root, self.length);
        let mut values: Zeroizing<Vec<Fr>> = Zeroizing::new(roots.par_iter().map(|root| *x - root).collect());
        values.par_chunks_mut(BLOCK).for_each(batch_inversion);
        let scale = self.vanishing(x) * Fr::from(self.length as u64).inverse().unwrap_or_default();
        values.par_iter_mut().zip(&roots).for_each(|(value, root)| *value *= scale * root);
        values
    }

    /// Values on the domain → coefficients.
    pub(crate) fn interpolate(&self, device: &dyn Accelerator, values: &mut Vec<Fr>) -> Result<(), AcceleratorError> {
        self.evaluate(device, values)?;
        self.reverse(values);
        Ok(())
    }

    /// Coefficients → values on the coset.
    pub(crate) fn evaluate_on_coset(
        &self,
        device: &dyn Accelerator,
        values: &mut Vec<Fr>,
    ) -> Result<(), AcceleratorError> {
        scale(values, Fr::GENERATOR);
        self.evaluate(device, values)
    }

    /// Values on the coset → coefficients.
    pub(crate) fn interpolate_from_coset(
        &self,
        device: &dyn Accelerator,
        values: &mut Vec<Fr>,
    ) -> Result<(), AcceleratorError> {
        self.interpolate(device, values)?;
        scale(values, Fr::GENERATOR.inverse().unwrap_or_default());
        Ok(())
    }

    /// Coefficients → values on the domain.
    fn evaluate(&self, device: &dyn Accelerator, values: &mut Vec<Fr>) -> Result<(), AcceleratorError> {
        match values.len() == self.length {
            true => evaluate(device, &self.splits, values),
            false => Err(AcceleratorError::TransformLength { length: values.len() }),
        }
    }

    /// From the transform to the inverse transform: `x[−j]/n` at `j`.
    fn reverse(&self, values: &mut [Fr]) {
        values[1..].reverse();
        let inverse = Fr::from(self.length as u64).inverse().unwrap_or_default();
        values.par_iter_mut().for_each(|value| *value *= inverse);
    }
}

/// `X[j] = Σ_i values[i]·ω^(ij)`.
fn evaluate(device: &dyn Accelerator, splits: &[Split], values: &mut Vec<Fr>) -> Result<(), AcceleratorError> {
    let Some((split, rest)) = splits.split_first() else { return device.transform(values) };
    let part = |b: usize| -> Result<Zeroizing<Vec<Fr>>, AcceleratorError> {
        let mut part = Zeroizing::new(values.iter().skip(b).step_by(3).copied().collect());
        evaluate(device, rest, &mut part)?;
        Ok(part)
    };
    let (first, (second, third)) = rayon::join(|| part(0), || rayon::join(|| part(1), || part(2)));
    split.join(&first?, &second?, &third?, values);
    Ok(())
}

impl Split {
    /// The transform from those of the three parts.
    fn join(&self, first: &[Fr], second: &[Fr], third: &[Fr], out: &mut [Fr]) {
        let (low, rest) = out.split_at_mut(self.twiddles.len());
        let (middle, high) = rest.split_at_mut(self.twiddles.len());
        let parts = first.par_iter().zip(second).zip(third).zip(&self.twiddles);
        let outs = low.par_iter_mut().zip(middle).zip(high);
        outs.zip(parts).with_min_len(BLOCK).for_each(|(((low, middle), high), (((a, b), c), twiddle))| {
            let (b, c) = (*b * twiddle, *c * twiddle.square());
            // ζ² = −1 − ζ.
            let turned = self.third * (b - c);
            (*low, *middle, *high) = (*a + b + c, *a - c + turned, *a - b - turned);
        });
    }
}

/// A root of unity of order `length`.
fn root(length: usize) -> Option<Fr> {
    Fr::get_root_of_unity(length as u64)
}

/// `1, x, x², …`, `count` of them.
fn powers(x: Fr, count: usize) -> Vec<Fr> {
    let mut powers = vec![Fr::one(); count];
    powers.par_chunks_mut(BLOCK).enumerate().for_each(|(block, powers)| {
        let mut power = x.pow([(block * BLOCK) as u64]);
        for entry in powers {
            *entry = power;
            power *= x;
        }
    });
    powers
}

/// `values[i]·x^i`.
fn scale(values: &mut [Fr], x: Fr) {
    values.par_chunks_mut(BLOCK).enumerate().for_each(|(block, values)| {
        let mut power = x.pow([(block * BLOCK) as u64]);
        for value in values {
            *value *= power;
            power *= x;
        }
        power.zeroize();
    });
}

#[cfg(test)]
mod tests {
    use ark_ff::{UniformRand, Zero};
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;
    use crate::accelerator::Cpu;

    fn at(coefficients: &[Fr], x: Fr) -> Fr {
        coefficients.iter().rev().fold(Fr::zero(), |sum, coefficient| sum * x + coefficient)
    }

    fn random(length: usize) -> Vec<Fr> {
        let mut rng = StdRng::seed_from_u64(length as u64);
        (0..length).map(|_| Fr::rand(&mut rng)).collect()
    }

    #[test]
    fn lengths_grow_by_at_most_a_third() {
        let lengths: Vec<_> = (1..=64).filter_map(Domain::length).collect();
        assert_eq!([lengths[0], lengths[4], lengths[8], lengths[9], lengths[16], lengths[18]], [1, 6, 9, 12, 18, 24]);
        for rows in 16..5000 {
            let length = Domain::length(rows).unwrap();
            assert!(length >= rows && 3 * length < 4 * rows + 8, "{rows} rows, domain of {length}");
            assert!(Domain::new(length).is_some());
        }
        assert_eq!(Domain::length(1 << 28), Some(1 << 28));
        assert_eq!(Domain::length((1 << 28) + 1), Some(9 << 25));
        assert_eq!(Domain::length(usize::MAX), None);
        assert!(Domain::new(7).is_none() && Domain::new(0).is_none() && Domain::new(27).is_none());
    }

    #[test]
    fn transforms_are_evaluations() {
        for length in [1, 2, 3, 6, 8, 9, 12, 16, 18, 36, 48, 72] {
            let domain = Domain::new(length).unwrap();
            let coefficients = random(length);
            let roots = powers(domain.root, length);
            assert!(roots[1..].iter().all(|root| !root.is_one()) && domain.vanishing(&domain.root).is_zero());
            let mut values: Vec<Fr> = roots.iter().map(|root| at(&coefficients, *root)).collect();
            domain.interpolate(&Cpu, &mut values).unwrap();
            assert_eq!(values, coefficients, "length {length}");
            domain.evaluate_on_coset(&Cpu, &mut values).unwrap();
            let shifted: Vec<Fr> = roots.iter().map(|root| at(&coefficients, Fr::GENERATOR * root)).collect();
            assert_eq!(values, shifted, "length {length}");
            domain.interpolate_from_coset(&Cpu, &mut values).unwrap();
            assert_eq!(values, coefficients, "length {length}");
        }
    }

    #[test]
    fn lagrange_polynomials_interpolate() {
        for length in [4, 9, 12] {
            let domain = Domain::new(length).unwrap();
            let (coefficients, x) = (random(length), random(1)[0]);
            let values = powers(domain.root, length).into_iter().map(|root| at(&coefficients, root));
            let sum: Fr = domain.lagrange(&x).iter().zip(values).map(|(l, value)| *l * value).sum();
            assert_eq!(sum, at(&coefficients, x));
        }
    }

    #[test]
    fn wrong_lengths_are_refused() {
        let domain = Domain::new(12).unwrap();
        assert!(domain.interpolate(&Cpu, &mut random(11)).is_err());
    }
}
