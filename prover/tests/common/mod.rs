//! What the tests share: small circuits, a registered model of each, and a slow prover whose every step can be bent.
#![allow(dead_code, unreachable_pub, missing_docs)]

pub mod circuits;
pub mod slow;

use rand::SeedableRng;
use rand::rngs::StdRng;
use zkdx_circuits::r1cs::{Circuit, FirstRoundWitness, R1cs, shape};
use zkdx_circuits::{Case, Context, Fr, Statement};
use zkdx_prover::{Cpu, ProveError, Prover, ProvingKey, Registration, Subject, Trapdoor, register};
use zkdx_verifier::{PreparedVerifyingKey, Proof, VerifyError, verify};

pub const SUBJECT: Subject = Subject { architecture: [7; 32], records: 1 };
pub const METADATA: [u8; 32] = [9; 32];

pub fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

/// A circuit with values: what a test proves.
pub trait Toy: Circuit + Sized {
    fn true_words(&self) -> Vec<Fr>;

    fn witness(&self) -> FirstRoundWitness<'_, Self> {
        FirstRoundWitness::new(self, self.true_words())
    }

    fn weights(&self) -> Vec<Fr> {
        self.witness().weight().to_vec()
    }
}

/// A circuit, its key and its registered model.
pub struct Fixture<T> {
    pub toy: T,
    pub r1cs: R1cs,
    pub trapdoor: Trapdoor,
    pub key: ProvingKey,
    pub registration: Registration,
    pub verifying: PreparedVerifyingKey,
}

impl<T: Toy> Fixture<T> {
    pub fn new(toy: T, seed: u64) -> Self {
        Self::about(toy, 1, seed)
    }

    /// A key whose statements are about so many records.
    pub fn about(toy: T, records: usize, seed: u64) -> Self {
        let mut rng = rng(seed);
        let (r1cs, trapdoor) = (shape(&toy), Trapdoor::sample(&mut rng));
        let key = trapdoor.generate(&r1cs, Subject { records, ..SUBJECT }).unwrap();
        let registration = register(&key, &toy.weights(), METADATA, &Cpu, &mut rng).unwrap();
        let verifying = PreparedVerifyingKey::new(key.verifying.clone()).unwrap();
        Self { toy, r1cs, trapdoor, key, registration, verifying }
    }

    pub fn statement(&self) -> Statement {
        cases(self.registration.model().id(), &self.toy.true_words(), self.key.verifying.records)
    }

    pub fn prove(&self, seed: u64) -> Result<Proof, ProveError> {
        let prover = Prover::new(&self.key, &self.registration, &Cpu)?;
        prover.prove(self.toy.witness(), &self.statement(), &mut rng(seed)).map(|(proof, _)| proof)
    }

    pub fn verify(&self, statement: &Statement, proof: &Proof) -> Result<(), VerifyError> {
        verify(&self.verifying, self.registration.model(), statement, proof)
    }
}

pub fn statement(model_id: [u8; 32], words: &[Fr]) -> Statement {
    cases(model_id, words, 1)
}

/// A statement about so many records, each with a nonce of its own.
pub fn cases(model_id: [u8; 32], words: &[Fr], records: usize) -> Statement {
    let case = |(index, words): (usize, &[Fr])| {
        let context = Context { chain_id: 1, nonce: [3 + index as u8; 32], consent_id: [4; 32], ..Context::default() };
        Case { record_commitment: words[0], outcome: words[1..].to_vec(), context }
    };
    Statement { model_id, cases: words.chunks(words.len() / records).enumerate().map(case).collect() }
}

/// A point of G2's curve outside the subgroup of order `r`: nearly every point is.
pub fn outside_subgroup() -> ark_bn254::G2Affine {
    let candidates = (1u64..).filter_map(|x| ark_bn254::G2Affine::get_point_from_x_unchecked(x.into(), true));
    let mut outside = candidates.filter(|point| !point.is_in_correct_subgroup_assuming_on_curve());
    outside.next().unwrap()
}
