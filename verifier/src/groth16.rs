//! Verification of the two-round argument: one product of pairings.
//!
//! `e(A, B) = e([α]₁, [β]₂)·e(IC(public), [γ]₂)·e(D_W, [δ_W]₂)·e(D_1, [δ_1]₂)·e(C, [δ_2]₂)`
//!
//! After Groth16 (2016/260), with a commitment to the witness as in LegoSNARK (2019/142) and a challenge between two rounds as in MIRAGE
//! (2020/278). `docs/src/protocol.md` has the argument.

use ark_bn254::{Bn254, G1Affine, G1Projective};
use ark_ec::CurveGroup;
use ark_ec::pairing::Pairing;
use thiserror::Error;
use zkdx_circuits::statement::{Digest32, Statement};

use crate::encoding::DecodeError;
use crate::key::{PreparedVerifyingKey, VerifyingKey};
use crate::model::Model;
use crate::proof::Proof;
use crate::transcript::Transcript;

/// Why a proof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum VerifyError {
    /// The model was registered under another verification key.
    #[error("the model was registered under key {}, this is key {}", hex::encode(.expected), hex::encode(.got))]
    WrongKey {
        /// The key of the model.
        expected: Digest32,
        /// The key given.
        got: Digest32,
    },
    /// The statement names another model.
    #[error("the statement is about model {}, this is model {}", hex::encode(.expected), hex::encode(.got))]
    WrongModel {
        /// The model of the statement.
        expected: Digest32,
        /// The model given.
        got: Digest32,
    },
    /// The statement is about too few or too many records.
    #[error("the statement has {got} cases, the key expects {expected}")]
    Cases {
        /// Records of the key.
        expected: usize,
        /// Cases of the statement.
        got: usize,
    },
    /// A case has too few or too many words.
    #[error("a case of the statement has {got} words, the key expects {expected}")]
    Words {
        /// Words of a record in the key.
        expected: usize,
        /// Words of the case.
        got: usize,
    },
    /// A point of the proof is none.
    #[error("the proof is malformed: {0}")]
    Malformed(#[from] DecodeError),
    /// The pairing equation does not hold.
    #[error("the proof does not prove this statement")]
    Refused,
}

/// Accepts only if someone knew weights behind `model` and, for each case of `statement`, a record behind its commitment that yields its
/// outcome.
pub fn verify(
    key: &PreparedVerifyingKey,
    model: &Model,
    statement: &Statement,
    proof: &Proof,
) -> Result<(), VerifyError> {
    check_identities(key, model, statement)?;
    proof.check()?;
    let (context, words) = (statement.context_digest(), statement.words());
    let transcript = Transcript { context: &context, model, first_round: &proof.d_1, words: &words };
    let challenges = transcript.challenges(key.key().challenges);
    let public = key.public_point(&words, &challenges);
    if equation_holds(key, public, &model.commitment, proof) { Ok(()) } else { Err(VerifyError::Refused) }
}

fn check_identities(key: &PreparedVerifyingKey, model: &Model, statement: &Statement) -> Result<(), VerifyError> {
    if model.key != *key.digest() {
        return Err(VerifyError::WrongKey { expected: model.key, got: *key.digest() });
    }
    if statement.model_id != model.id() {
        return Err(VerifyError::WrongModel { expected: statement.model_id, got: model.id() });
    }
    check_shape(key.key(), statement)
}

/// Words of one case must not be read as words of another.
fn check_shape(key: &VerifyingKey, statement: &Statement) -> Result<(), VerifyError> {
    let (expected, got) = (key.records, statement.cases.len());
    if expected != got {
        return Err(VerifyError::Cases { expected, got });
    }
    let expected = key.words() / expected.max(1);
    let lengths = statement.cases.iter().map(|case| case.words().len());
    match lengths.into_iter().find(|&got| got != expected) {
        Some(got) => Err(VerifyError::Words { expected, got }),
        None => Ok(()),
    }
}

fn equation_holds(key: &PreparedVerifyingKey, public: G1Projective, d_w: &G1Affine, proof: &Proof) -> bool {
    let [gamma, delta_w, delta_1, delta_2] = key.negated_divisors().clone();
    let g1 = [proof.a, public.into_affine(), *d_w, proof.d_1, proof.c];
    let loops = Bn254::multi_miller_loop(g1, [proof.b.into(), gamma, delta_w, delta_1, delta_2]);
    Bn254::final_exponentiation(loops).is_some_and(|product| product == *key.alpha_beta())
}
