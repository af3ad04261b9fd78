//! What a proof will cost, from the constraint system alone: bytes of the key, seconds of one core.
//!
//! ```text
//! seconds = Σ bases · cost of a base  +  7·n·log₂ n · cost of a butterfly  +  constraints · cost of synthesis
//! ```
//! over the queries of the [proving key](crate::ProvingKey). Byte counts are exact but for padding. The costs are those of one core of a
//! current server; a prediction tells plans apart and is no promise.

use std::mem::size_of;

use ark_bn254::{G1Affine, G2Affine};
use zkdx_circuits::r1cs::{Matrix, R1cs};

use crate::qap::domain_length;

/// Seconds of one core for a base in G1 with a random scalar.
const FIELD: f64 = 6.0e-6;
/// Likewise with a scalar of a few bytes.
const SMALL: f64 = 0.6e-6;
/// How much more a base in G2 costs.
const G2: f64 = 3.0;
const BUTTERFLY: f64 = 30e-9;
const SYNTHESIS: f64 = 0.6e-6;

/// A prediction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// Bytes of the proving key with the weights' share.
    pub key_bytes: u64,
    /// Seconds of one core for a proof.
    pub cpu_seconds: f64,
}

/// Columns that occur, among weights, small ones, and all others.
struct Occurring {
    weights: u64,
    small: u64,
    field: u64,
}

impl Prediction {
    /// For `r1cs`.
    pub fn of(r1cs: &R1cs) -> Self {
        let columns = &r1cs.columns;
        let [left, right] = [&r1cs.a, &r1cs.b].map(|matrix| Occurring::of(r1cs, &[matrix]));
        let any = Occurring::of(r1cs, &[&r1cs.a, &r1cs.b, &r1cs.c]);
        let n = domain_length(r1cs.constraints(), columns).unwrap_or(0) as u64;
        let (g1, g2) = (size_of::<G1Affine>() as u64, size_of::<G2Affine>() as u64);
        let all = |side: &Occurring| side.weights + side.small + side.field;
        let key_bytes = (g1 + 4) * (all(&left) + all(&right) + all(&any)) + (g2 + 4) * all(&right) + g1 * n;
        let base = |side: &Occurring| SMALL * side.small as f64 + FIELD * side.field as f64;
        let sums = base(&left) + (1.0 + G2) * base(&right);
        let committed = SMALL * columns.small as f64 + FIELD * (columns.field + columns.second) as f64;
        let quotient = FIELD * n as f64 + 7.0 * BUTTERFLY * n as f64 * (n.max(2) as f64).log2();
        let cpu_seconds = sums + committed + quotient + SYNTHESIS * r1cs.constraints() as f64;
        Self { key_bytes, cpu_seconds }
    }
}

impl Occurring {
    fn of(r1cs: &R1cs, matrices: &[&Matrix]) -> Self {
        let columns = &r1cs.columns;
        let mut occurs = vec![false; columns.total()];
        matrices.iter().flat_map(|matrix| &matrix.columns).for_each(|&column| occurs[column as usize] = true);
        let count = |range: std::ops::Range<usize>| occurs[range].iter().filter(|occurs| **occurs).count() as u64;
        let weights = columns.public..columns.public + columns.weight;
        let small = weights.end..weights.end + columns.small;
        let field = count(0..columns.public) + count(small.end..columns.total());
        Self { weights: count(weights), small: count(small), field }
    }
}
