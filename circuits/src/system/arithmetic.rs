//! What linear, contract and product relations say that `out` is, in integers wide enough for any witness that
//! [`TensorSystem::check`](super::TensorSystem::check) looks at.

use rayon::prelude::*;

use super::{Contract, Linear, Product, Relation, Sizes, SystemWitness};

impl Relation {
    /// The entries of `out`; `None` for relations that compute nothing.
    pub(super) fn right_side(&self, len: usize, witness: &SystemWitness) -> Option<Vec<i128>> {
        match self {
            Self::Linear(linear) => Some(linear.right_side(len, witness)),
            Self::Contract(contract) => Some(contract.right_side(witness)),
            Self::Product(product) => Some(product.right_side(witness)),
            Self::Vanish(_) | Self::Lookup(_) | Self::Select(_) | Self::Hash(_) | Self::Publish(_) => None,
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
        let Sizes { batch, rows, inner, columns, .. } = self.sizes;
        let layout = self.sizes.layout();
        let mut out = vec![0; batch * rows * columns];
        let entry = |index: usize, sum: &mut i128| {
            let (b, m, n) = layout.coordinates(index);
            let read = |k: usize| layout.left(b, m, k).map_or(0, |index| i128::from(left[index]));
            *sum = (0..inner).map(|k| read(k) * i128::from(right[layout.right(b, k, n)])).sum();
        };
        out.par_iter_mut().enumerate().for_each(|(index, sum)| entry(index, sum));
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
