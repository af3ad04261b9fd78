//! How do constraints, keys and proofs grow with parameters and activations?
//!
//! Constraints are counted without making the circuit, so that this runs up to VGG16. The key's bytes are predicted from the matrices,
//! where these fit into memory: points and indices, the envelope left out (`setup` has the exact number). The sample is what
//! compiling and counting took.

use zkdx_circuits::r1cs::{ColumnCounts, Group, Matrix, R1cs};
use zkdx_verifier::encoding::{G1_BYTES, G2_BYTES};
use zkdx_verifier::proof::PROOF_BYTES;

use super::{Question, all, compile};
use crate::error::BenchError;
use crate::measure::{Answer, Facts, measured};

pub(super) const QUESTION: Question =
    Question { name: "sizes", asks: "constraints, bytes of keys and proofs, by parameters", cases: all, answer };

/// Bytes of an index of a point.
const INDEX: usize = 4;
/// Most parameters and constraints for which matrices are made: several gigabytes.
const MOST: u64 = 6_000_000;

fn answer(case: &str, _: usize) -> Result<Answer, BenchError> {
    let (engine, sample) = measured(|| compile(case))?;
    let facts = engine.facts()?;
    let size = facts.parameters.unwrap_or_default().max(facts.constraints.unwrap_or_default());
    let key_bytes = match size <= MOST {
        true => Some(predicted(&engine.shape()?, facts.domain.unwrap_or_default())),
        false => None,
    };
    let facts = Facts { key_bytes, proof_bytes: Some(PROOF_BYTES as u64), ..facts };
    Ok(Answer { samples: vec![sample], facts, ..Answer::default() })
}

/// Bytes of the points of a proving key with its weights.
fn predicted(r1cs: &R1cs, domain: u64) -> u64 {
    let columns = &r1cs.columns;
    let (a, b) = (used(&r1cs.a, columns), used(&r1cs.b, columns));
    let c = used(&r1cs.c, columns);
    let public = columns.start(Group::Weight);
    let left = a.iter().enumerate().filter(|(column, used)| **used || *column < public).count();
    let right = b.iter().filter(|used| **used).count();
    let divided = (public..columns.total()).filter(|&column| a[column] || b[column] || c[column]).count();
    let g1 = (left + right + divided) * (G1_BYTES + INDEX) + right * (G2_BYTES + INDEX);
    g1 as u64 + domain.saturating_sub(1) * G1_BYTES as u64
}

/// Which columns a matrix reads.
fn used(matrix: &Matrix, columns: &ColumnCounts) -> Vec<bool> {
    let mut used = vec![false; columns.total()];
    for &column in &matrix.columns {
        used[column as usize] = true;
    }
    used
}
