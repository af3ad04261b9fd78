//! Mutations of assignments: what a cheating prover may try on a single column.
#![allow(dead_code)]

pub(crate) mod networks;
pub(crate) mod sandbox;

use ark_ff::{Field, UniformRand, Zero};
use ark_std::rand::{SeedableRng, rngs::StdRng};
use zkdx_circuits::Fr;
use zkdx_circuits::r1cs::{Matrix, R1cs};

/// A change to one value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mutation {
    Add(Fr),
    Negate,
    Replace(Fr),
}

impl Mutation {
    /// `+1, −1, ·(−1), 0, random, +2^8, +2^23, +(r−1)/2`.
    pub(crate) fn all() -> Vec<Self> {
        let random = Fr::rand(&mut StdRng::seed_from_u64(7));
        let half = -Fr::from(2u64).inverse().expect("2 is not 0");
        let one = Fr::from(1u64);
        let shifts = [one, -one, Fr::from(1u64 << 8), Fr::from(1u64 << 23), half].map(Self::Add);
        shifts.into_iter().chain([Self::Negate, Self::Replace(Fr::from(0u64)), Self::Replace(random)]).collect()
    }

    pub(crate) fn apply(self, value: Fr) -> Fr {
        match self {
            Self::Add(shift) => value + shift,
            Self::Negate => -value,
            Self::Replace(other) => other,
        }
    }
}

/// Which rows read each column.
pub(crate) fn readers(r1cs: &R1cs) -> Vec<Vec<usize>> {
    let mut readers = vec![Vec::new(); r1cs.columns.total()];
    for row in 0..r1cs.constraints() {
        for matrix in [&r1cs.a, &r1cs.b, &r1cs.c] {
            for (column, _) in matrix.row(row) {
                if readers[column].last() != Some(&row) {
                    readers[column].push(row);
                }
            }
        }
    }
    readers
}

/// Every mutation of every column but the constant 1 breaks a constraint, except on columns that are `free`.
pub(crate) fn assert_rejected(r1cs: &R1cs, honest: &[Fr], mutations: &[Mutation], free: impl Fn(usize) -> bool) {
    assert_eq!(r1cs.violated(honest), None, "the honest assignment");
    let readers = readers(r1cs);
    let mut assignment = honest.to_vec();
    for column in (1..honest.len()).filter(|&column| !free(column)) {
        for mutation in mutations {
            assignment[column] = mutation.apply(honest[column]);
            let holds = |&row: &usize| {
                r1cs.a.dot(row, &assignment) * r1cs.b.dot(row, &assignment) == r1cs.c.dot(row, &assignment)
            };
            let changed = assignment[column] != honest[column];
            assert!(
                !changed || !readers[column].iter().all(holds),
                "column {column} under {mutation:?} goes unnoticed"
            );
        }
        assignment[column] = honest[column];
    }
}

/// A column that only factors of zero meet, on the `B` side: the weight of an input that is 0, or the hint of a distance of 0.
pub(crate) fn is_idle(r1cs: &R1cs, assignment: &[Fr], column: usize) -> bool {
    let reads = |matrix: &Matrix, row: usize| matrix.row(row).any(|(read, _)| read == column);
    (0..r1cs.constraints()).all(|row| {
        let unread = !reads(&r1cs.b, row) || r1cs.a.dot(row, assignment).is_zero();
        unread && !reads(&r1cs.a, row) && !reads(&r1cs.c, row)
    })
}

/// The constraints that `assignment` violates.
pub(crate) fn violated(r1cs: &R1cs, assignment: &[Fr]) -> Vec<usize> {
    let side = |matrix: &Matrix, row| matrix.dot(row, assignment);
    let holds = |&row: &usize| side(&r1cs.a, row) * side(&r1cs.b, row) == side(&r1cs.c, row);
    (0..r1cs.constraints()).filter(|row| !holds(row)).collect()
}
