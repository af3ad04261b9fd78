//! Proving, in two rounds.
//!
//! ```text
//! 1  D_1 = Σ_R1 z_i·[K_i/δ_1]₁ + κ·[δ_2]₁
//!    challenges = keccak(everything so far)
//! 2  A = [α]₁ + A_W + Σ_{i∉W} z_i·[u_i]₁ + r·[δ_2]₁
//!    B = [β]₂ + B_W + Σ_{i∉W} z_i·[v_i]₂ + s·[δ_2]₂
//!    C = Σ_R2 z_i·[K_i/δ_2]₁ + [h·t/δ_2]₁ + s·A + r·B − r·s·[δ_2]₁ − κ·[δ_1]₁ − ρ·[δ_W]₁
//! ```
//!
//! `r`, `s`, `κ` are uniform for every proof, whatever they turn out to be. The prover verifies what it made before it lets go of it:
//! then `A`, `B`, `D_1` are uniform and `C` is the one element that fits, whatever the key or the device did
//! (`docs/src/protocol.md`).

mod error;
mod timings;

use ark_bn254::{Fr, G1Affine, G1Projective, G2Projective};
use ark_ec::CurveGroup;
use ark_ff::UniformRand;
use rand::{CryptoRng, RngCore};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};
use zkdx_circuits::r1cs::{Circuit, FirstRoundWitness, SecondRoundWitness};
use zkdx_circuits::statement::Statement;
use zkdx_verifier::{PreparedVerifyingKey, Proof, Transcript, verify};

use crate::accelerator::{Accelerator, AcceleratorError};
use crate::key::ProvingKey;
use crate::qap;
use crate::register::{Registration, weights_digest};

pub use error::ProveError;
pub use timings::{Pace, Step, Timings, Transforms};

/// A registered model with its key and a device, ready to prove.
pub struct Prover<'k> {
    key: &'k ProvingKey,
    verifying: PreparedVerifyingKey,
    registration: &'k Registration,
    device: &'k dyn Accelerator,
    pace: Pace,
    report: &'k (dyn Fn(&str) + Sync),
}

/// `κ`, `r`, `s`.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Blinding {
    kappa: Fr,
    r: Fr,
    s: Fr,
}

impl<'k> Prover<'k> {
    /// Refuses a degenerate key and a registration under another key.
    pub fn new(
        key: &'k ProvingKey,
        registration: &'k Registration,
        device: &'k dyn Accelerator,
    ) -> Result<Self, ProveError> {
        let verifying = PreparedVerifyingKey::new(key.verifying.clone())?;
        let (expected, got) = (registration.model.key, *verifying.digest());
        if expected != got {
            return Err(ProveError::WrongKey { expected, got });
        }
        Ok(Self { key, verifying, registration, device, pace: Pace::default(), report: &|_| () })
    }

    /// The same prover at another pace. Proofs do not depend on it.
    pub fn at(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    /// The same prover, naming each round to `report` when it begins.
    pub fn reporting(self, report: &'k (dyn Fn(&str) + Sync)) -> Self {
        Self { report, ..self }
    }

    /// A proof of `statement` from the first round of its circuit, and where the time went.
    pub fn prove<C: Circuit>(
        &self,
        witness: FirstRoundWitness<'_, C>,
        statement: &Statement,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<(Proof, Timings), ProveError> {
        let mut timings = Timings::start();
        let blinding = Blinding { kappa: Fr::rand(rng), r: Fr::rand(rng), s: Fr::rand(rng) };
        self.check_first_round(&witness, statement)?;
        (self.report)("first round");
        let d_1 = timings.first.time(|| self.first_commitment(&witness, &blinding))?;
        let challenges = self.challenges(statement, &d_1);
        (self.report)("second round");
        let witness = timings.witness.time(|| witness.finish(challenges))?;
        timings.constraints.time(|| self.check_second_round(&witness))?;
        let (left_and_right, rest) = {
            let Timings { left, right_g1, right_g2, transforms, second, quotient, .. } = &mut timings;
            self.pace.join(
                || self.left_and_right(&witness, &blinding, [left, right_g1, right_g2]),
                || self.rest(&witness, transforms, [second, quotient]),
            )
        };
        let (a, b, b_g1) = left_and_right?;
        let c = self.closing(rest?, &blinding, (a, b_g1));
        let proof = Proof { a: a.into_affine(), b: b.into_affine(), c: c.into_affine(), d_1 };
        (self.report)("check");
        timings.verify.time(|| self.self_check(&proof, statement, &witness))?;
        timings.finish();
        Ok((proof, timings))
    }

    /// `D_1 = Σ_R1 z_i·[K_i/δ_1]₁ + κ·[δ_2]₁`
    fn first_commitment<C: Circuit>(
        &self,
        witness: &FirstRoundWitness<'_, C>,
        blinding: &Blinding,
    ) -> Result<G1Affine, AcceleratorError> {
        let columns = self.key.first.combine(self.device, witness.small(), witness.field())?;
        Ok((columns + self.key.delta_2_g1 * blinding.kappa).into_affine())
    }

    fn challenges(&self, statement: &Statement, d_1: &G1Affine) -> Vec<Fr> {
        let (context, words) = (statement.context_digest(), statement.words());
        let model = &self.registration.model;
        let transcript = Transcript { context: &context, model, first_round: d_1, words: &words };
        transcript.challenges(self.key.verifying.challenges)
    }

    /// `A`, `B` and `B` in G1.
    fn left_and_right(
        &self,
        witness: &SecondRoundWitness,
        blinding: &Blinding,
        [left, right_g1, right_g2]: [&mut Step; 3],
    ) -> Result<(G1Projective, G2Projective, G1Projective), AcceleratorError> {
        let (key, registration) = (self.key, self.registration);
        let (small, field) = (witness.small(), field_columns(witness));
        let (right_g2, (left, right_g1)) = self.pace.join(
            || right_g2.time(|| key.right_g2.combine(self.device, small, &field)),
            || {
                self.pace.join(
                    || left.time(|| key.left.combine(self.device, small, &field)),
                    || right_g1.time(|| key.right_g1.combine(self.device, small, &field)),
                )
            },
        );
        let (left, right_g1, right_g2) = (left?, right_g1?, right_g2?);
        let a = left + key.verifying.alpha_g1 + registration.left + key.delta_2_g1 * blinding.r;
        let b_g1 = right_g1 + key.beta_g1 + registration.right_g1 + key.delta_2_g1 * blinding.s;
        let b = right_g2 + key.verifying.beta_g2 + registration.right_g2 + key.verifying.delta_2_g2 * blinding.s;
        Ok((a, b, b_g1))
    }

    /// `Σ_R2 z_i·[K_i/δ_2]₁ + [h·t/δ_2]₁`
    fn rest(
        &self,
        witness: &SecondRoundWitness,
        transforms: &mut Transforms,
        [second, quotient]: [&mut Step; 2],
    ) -> Result<G1Projective, AcceleratorError> {
        let key = self.key;
        let (second, quotient) = self.pace.join(
            || second.time(|| key.second.combine(self.device, witness.second())),
            || {
                let h = qap::quotient((self.device, self.pace), witness, key.circuit.domain_length(), transforms)?;
                let coefficients = h.get(..key.quotient.len()).unwrap_or_default();
                quotient.time(|| self.device.msm_g1(&key.quotient, coefficients))
            },
        );
        Ok(second? + quotient?)
    }

    /// `C`
    fn closing(
        &self,
        rest: G1Projective,
        blinding: &Blinding,
        (a, b_g1): (G1Projective, G1Projective),
    ) -> G1Projective {
        let (key, Blinding { kappa, r, s }) = (self.key, blinding);
        let blinded = a * s + b_g1 * r - key.delta_2_g1 * (*r * s);
        rest + blinded - key.delta_1_g1 * kappa - key.delta_w_g1 * self.registration.rho
    }
}

/// Checks of the input before a round and of the proof after the last.
impl Prover<'_> {
    fn check_first_round<C: Circuit>(
        &self,
        witness: &FirstRoundWitness<'_, C>,
        statement: &Statement,
    ) -> Result<(), ProveError> {
        let (expected, got) = (statement.model_id, self.registration.model.id());
        if expected != got {
            return Err(ProveError::WrongModel { expected, got });
        }
        if witness.words() != statement.words() {
            return Err(ProveError::WrongStatement);
        }
        let columns = &self.key.circuit.columns;
        expect("statement words", columns.public - 1 - columns.challenges, witness.words().len())?;
        expect("weights", columns.weight, witness.weight().len())?;
        expect("small columns", columns.small, witness.small().len())?;
        expect("field columns", columns.field, witness.field().len())
    }

    fn check_second_round(&self, witness: &SecondRoundWitness) -> Result<(), ProveError> {
        let circuit = &self.key.circuit;
        let [rows, ..] = witness.sides();
        expect("second-round columns", circuit.columns.second, witness.second().len())?;
        expect("constraints", circuit.constraints, rows.len())?;
        match witness.violated() {
            Some(constraint) => Err(ProveError::Unsatisfied { constraint }),
            None => Ok(()),
        }
    }

    fn self_check(&self, proof: &Proof, statement: &Statement, witness: &SecondRoundWitness) -> Result<(), ProveError> {
        let Err(refusal) = verify(&self.verifying, &self.registration.model, statement, proof) else {
            return Ok(());
        };
        let columns = &self.key.circuit.columns;
        let assignment = Zeroizing::new(witness.assignment());
        let weights = assignment.iter().skip(columns.public).take(columns.weight).copied();
        let digest = weights_digest(&Zeroizing::new(weights.collect::<Vec<Fr>>()));
        let wrong = digest != self.registration.weights;
        Err(if wrong { ProveError::WrongWeights } else { ProveError::Invalid(refusal) })
    }
}

/// public ‖ field ‖ second, the order of the key's field parts.
fn field_columns(witness: &SecondRoundWitness) -> Zeroizing<Vec<Fr>> {
    Zeroizing::new([&witness.public()[..], witness.field(), witness.second()].concat())
}

fn expect(what: &'static str, expected: usize, got: usize) -> Result<(), ProveError> {
    if expected == got { Ok(()) } else { Err(ProveError::WrongCircuit { what, expected, got }) }
}
