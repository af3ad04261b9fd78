//! What linear, contract and product relations say that `out` is, in integers wide enough for any witness that
//! [`TensorSystem::check`](super::TensorSystem::check) looks at.

use rayon::prelude::*;

use super::{Contract, Linear, Product, Relation, SystemWitness};

impl Relation {
    /// The entries of `out`; `None` for relations that compute nothing.
    pub(super) fn right_side(&self, len: usize, witness: &SystemWitness) -> Option<Vec<i128>> {
        match self {
            Self::Linear(linear) => Some(linear.right_side(len, witness)),
            Self::Contract(contract) => Some(contract.right_side(witness)),
            Self::Product(product) => Some(product.right_side(witness)),
            Self::Lookup(_) | Self::Hash(_) | Self::Publish(_) => None,
        }
    }
}

impl Linear {
    fn right_side(&self, len: usize, witness: &SystemWitness) -> Vec<i128> {
        let mut sums = vec![i128::from(self.constant); len];
        for term in &self.terms {
            let values = witness.entries(term.tensor);
            for (k, sum) in sums.iter_mut().enumerate() {
                let value = term.map.get(k).map_or(0, |index| values[index]);
                *sum += i128::from(term.coefficient) * i128::from(value);
            }
        }
        sums
    }
}

impl Contract {
    fn right_side(&self, witness: &SystemWitness) -> Vec<i128> {
        let (left, right) = (witness.entries(self.left), witness.entries(self.right));
        let mut out = vec![0; self.batch * self.rows * self.columns];
        let rows = out.par_chunks_mut(self.columns).zip(left.par_chunks(self.inner));
        rows.enumerate().for_each(|(row, (out, left))| {
            let batch = if self.right_shared { 0 } else { row / self.rows };
            let matrix = &right[batch * self.inner * self.columns..][..self.inner * self.columns];
            accumulate(out, left, matrix);
        });
        out
    }
}

impl Product {
    fn right_side(&self, witness: &SystemWitness) -> Vec<i128> {
        let (left, right) = (witness.entries(self.left), witness.entries(self.right));
        let factor = |k| self.map.get(k).map_or(0, |index| right[index]);
        left.iter().enumerate().map(|(k, &value)| i128::from(value) * i128::from(factor(k))).collect()
    }
}

/// `out[n] += Σ_k left[k]·matrix[k, n]`.
fn accumulate(out: &mut [i128], left: &[i64], matrix: &[i64]) {
    for (&factor, row) in left.iter().zip(matrix.chunks(out.len())) {
        for (sum, &value) in out.iter_mut().zip(row) {
            *sum += i128::from(factor) * i128::from(value);
        }
    }
}
