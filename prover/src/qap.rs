//! From rank-1 constraints to polynomials over a [domain](crate::domain) `{ω^j}` of `n` roots of unity, and back to one quotient.
//!
//! ```text
//! u_i(X) = Σ_j A_{j,i}·L_j(X)      v_i(X) = Σ_j B_{j,i}·L_j(X)      w_i(X) = Σ_j C_{j,i}·L_j(X)      t(X) = X^n − 1
//! Σ z_i·u_i · Σ z_i·v_i = Σ z_i·w_i + h·t
//! ```
//!
//! Below the `m` constraints stands one row `z_i·0 = 0` per public column `i`, as in libsnark and arkworks. It makes the public `u_i`
//! linearly independent of everything else, without which a public input could be exchanged for another.

use ark_ff::{AdditiveGroup, FftField, Field};
use rayon::prelude::*;
use zeroize::Zeroizing;
use zkdx_circuits::Fr;
use zkdx_circuits::r1cs::{ColumnCounts, Matrix, R1cs, SecondRoundWitness};

use crate::accelerator::{Accelerator, AcceleratorError};
use crate::domain::Domain;
use crate::prove::{Pace, Transforms};

/// Length `n` of the domain for a circuit, or `None` beyond the field's roots of unity.
pub(crate) fn domain_length(constraints: usize, columns: &ColumnCounts) -> Option<usize> {
    Domain::length(constraints.checked_add(columns.public)?)
}

/// All polynomials at `τ`, by flat column.
pub(crate) struct Evaluations {
    /// `u_i(τ)`
    pub(crate) u: Zeroizing<Vec<Fr>>,
    /// `v_i(τ)`
    pub(crate) v: Zeroizing<Vec<Fr>>,
    /// `w_i(τ)`
    pub(crate) w: Zeroizing<Vec<Fr>>,
    /// `t(τ)`
    pub(crate) t: Zeroizing<Fr>,
    /// `n`
    pub(crate) length: usize,
}

impl Evaluations {
    /// Evaluates at `τ`; `None` where no domain is large enough or `τ` lies in it.
    pub(crate) fn at(r1cs: &R1cs, tau: &Fr) -> Option<Self> {
        let (m, public) = (r1cs.constraints(), r1cs.columns.public);
        let length = domain_length(m, &r1cs.columns)?;
        let domain = Domain::new(length)?;
        let t = Zeroizing::new(domain.vanishing(tau));
        if *t == Fr::ZERO {
            return None;
        }
        let lagrange = domain.lagrange(tau);
        let side = |matrix| Zeroizing::new(combine(matrix, &lagrange, r1cs.columns.total()));
        let (mut u, v, w) = (side(&r1cs.a), side(&r1cs.b), side(&r1cs.c));
        u.iter_mut().zip(&lagrange[m..]).take(public).for_each(|(u, row)| *u += row);
        Some(Self { u, v, w, t, length })
    }
}

/// `Σ_j matrix_{j,i}·L_j(τ)` for every column `i`.
fn combine(matrix: &Matrix, lagrange: &[Fr], columns: usize) -> Vec<Fr> {
    let mut sums = vec![Fr::ZERO; columns];
    for (row, weight) in lagrange.iter().enumerate().take(matrix.rows()) {
        matrix.row(row).for_each(|(column, coefficient)| sums[column] += coefficient * weight);
    }
    sums
}

/// Coefficients of `h = (Σ z_i·u_i · Σ z_i·v_i − Σ z_i·w_i)/t`, of which the first `n − 1` can differ from zero.
///
/// `t` is the constant `g^n − 1` on the coset `g·{ω^j}`, so the division is a scaling there. The three sides go to the coset side by
/// side, and everything between the transforms is shared among the cores.
pub(crate) fn quotient(
    (device, pace): (&dyn Accelerator, Pace),
    witness: &SecondRoundWitness,
    length: usize,
    timings: &mut Transforms,
) -> Result<Zeroizing<Vec<Fr>>, AcceleratorError> {
    let [a, b, c] = witness.sides();
    let public = Zeroizing::new(witness.public());
    let domain = Domain::new(length).ok_or(AcceleratorError::TransformLength { length })?;
    let on_coset = |side: &[Fr], tail: &[Fr]| to_coset(device, &domain, side, tail);
    let Transforms { a: time_a, b: time_b, c: time_c, divide, back } = timings;
    let (h, (b, c)) = pace.join(
        || time_a.time(|| on_coset(a, &public)),
        || pace.join(|| time_b.time(|| on_coset(b, &[])), || time_c.time(|| on_coset(c, &[]))),
    );
    let (mut h, b, c) = (h?, b?, c?);
    let scale = domain.vanishing(&Fr::GENERATOR).inverse().unwrap_or_default();
    divide.time(|| {
        let others = b.par_iter().zip(c.par_iter());
        h.par_iter_mut().zip(others).for_each(|(h, (b, c))| *h = (*h * b - c) * scale);
    });
    drop((b, c));
    back.time(|| domain.interpolate_from_coset(device, &mut h))?;
    Ok(h)
}

/// Values on the domain, `side ‖ tail ‖ zeros`, taken to the coset.
fn to_coset(
    device: &dyn Accelerator,
    domain: &Domain,
    side: &[Fr],
    tail: &[Fr],
) -> Result<Zeroizing<Vec<Fr>>, AcceleratorError> {
    let mut values = Zeroizing::new(Vec::with_capacity(domain.len()));
    values.extend_from_slice(side);
    values.extend_from_slice(tail);
    values.resize(domain.len(), Fr::ZERO);
    domain.interpolate(device, &mut values)?;
    domain.evaluate_on_coset(device, &mut values)?;
    Ok(values)
}
