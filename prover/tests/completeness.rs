//! True statements are provable, whatever the shape of the circuit; untrue ones are refused before a proof exists.

mod common;

use common::circuits::Diagnosis;
use common::{Fixture, Toy, rng, slow, statement};
use proptest::prelude::*;
use zkdx_circuits::Fr;
use zkdx_circuits::r1cs::FirstRoundWitness;
use zkdx_prover::{Cpu, ProveError, Prover, circuit_digest, register};
use zkdx_verifier::Proof;

fn proves(toy: Diagnosis) {
    let fixture = Fixture::new(toy, 1);
    let proof = fixture.prove(2).unwrap();
    fixture.verify(&fixture.statement(), &proof).unwrap();
    fixture.verify(&fixture.statement(), &Proof::from_bytes(&proof.to_bytes()).unwrap()).unwrap();
}

#[test]
fn a_diagnosis() {
    proves(Diagnosis::sample());
}

#[test]
fn no_weights() {
    proves(Diagnosis::with(vec![], vec![1, 2, 3], vec![], 2));
}

#[test]
fn no_record() {
    proves(Diagnosis::with(vec![], vec![], vec![], 1));
}

#[test]
fn all_weights_zero() {
    proves(Diagnosis::with(vec![0; 3], vec![4, 5, 6], vec![], 2));
}

#[test]
fn a_record_of_zeros() {
    proves(Diagnosis::with(vec![1, 2, 3], vec![0; 3], vec![], 2));
}

#[test]
fn most_words_and_challenges() {
    let free = (0..62u64).map(Fr::from).collect();
    proves(Diagnosis::with(vec![1], vec![2], free, 8));
}

#[test]
fn the_fast_prover_and_the_slow_verifier_agree() {
    let fixture = Fixture::new(Diagnosis::sample(), 1);
    let proof = fixture.prove(2).unwrap();
    assert!(slow::accepts(&fixture.key.verifying, fixture.registration.model(), &fixture.statement(), &proof));
}

#[test]
fn the_slow_prover_and_the_fast_verifier_agree() {
    let fixture = Fixture::new(Diagnosis::sample(), 1);
    let [rho, kappa, r, s] = [11u64, 12, 13, 14].map(Fr::from);
    let (key, weights) = (&fixture.key, fixture.toy.weights());
    let model = slow::model(key, &weights, rho);
    let statement = statement(model.id(), &fixture.toy.true_words());
    let witness = fixture.toy.witness();
    let d_1 = (slow::first_round(key, witness.small(), witness.field()) + key.delta_2_g1 * kappa).into();
    let challenges = slow::challenges(&model, &statement, &d_1, 2);
    let witness = witness.finish(challenges).unwrap();
    let proof = slow::finish(key, &witness, &weights, slow::Blinding { rho, kappa, r, s }, d_1);
    zkdx_verifier::verify(&fixture.verifying, &model, &statement, &proof).unwrap();
}

#[test]
fn a_retrained_model_needs_no_new_setup() {
    let fixture = Fixture::new(Diagnosis::sample(), 1);
    let retrained = Diagnosis { weights: vec![-1, 100, 2, 9], ..Diagnosis::sample() };
    let registration = register(&fixture.key, &retrained.weights(), [1; 32], &Cpu, &mut rng(3)).unwrap();
    let statement = statement(registration.model().id(), &retrained.true_words());
    let prover = Prover::new(&fixture.key, &registration, &Cpu).unwrap();
    let (proof, _) = prover.prove(retrained.witness(), &statement, &mut rng(4)).unwrap();
    zkdx_verifier::verify(&fixture.verifying, registration.model(), &statement, &proof).unwrap();
}

#[test]
fn wrong_weights_are_named() {
    let fixture = Fixture::new(Diagnosis::sample(), 1);
    let other = Diagnosis { weights: vec![1, 1, 1, 1], ..Diagnosis::sample() };
    let statement = statement(fixture.registration.model().id(), &other.true_words());
    let prover = Prover::new(&fixture.key, &fixture.registration, &Cpu).unwrap();
    let refusal = prover.prove(other.witness(), &statement, &mut rng(4)).unwrap_err();
    assert_eq!(refusal, ProveError::WrongWeights);
}

#[test]
fn an_untrue_statement_is_refused() {
    let fixture = Fixture::new(Diagnosis::sample(), 1);
    let mut words = fixture.toy.true_words();
    words[1] += Fr::from(1u64);
    let statement = statement(fixture.registration.model().id(), &words);
    let prover = Prover::new(&fixture.key, &fixture.registration, &Cpu).unwrap();
    let witness = FirstRoundWitness::new(&fixture.toy, words);
    let refusal = prover.prove(witness, &statement, &mut rng(4)).unwrap_err();
    assert!(matches!(refusal, ProveError::Unsatisfied { .. }), "{refusal}");
}

#[test]
fn a_witness_for_other_words_is_refused() {
    let fixture = Fixture::new(Diagnosis::sample(), 1);
    let mut statement = fixture.statement();
    statement.cases[0].outcome[0] += Fr::from(1u64);
    let prover = Prover::new(&fixture.key, &fixture.registration, &Cpu).unwrap();
    let refusal = prover.prove(fixture.toy.witness(), &statement, &mut rng(4)).unwrap_err();
    assert_eq!(refusal, ProveError::WrongStatement);
}

#[test]
fn another_circuit_is_refused() {
    let fixture = Fixture::new(Diagnosis::sample(), 1);
    let larger = Diagnosis::with(vec![3, -5, 7, 0, 1], vec![1, 2, 3, 15, 4], vec![], 2);
    let statement = statement(fixture.registration.model().id(), &larger.true_words());
    let prover = Prover::new(&fixture.key, &fixture.registration, &Cpu).unwrap();
    let refusal = prover.prove(larger.witness(), &statement, &mut rng(4)).unwrap_err();
    assert!(matches!(refusal, ProveError::WrongCircuit { what: "weights", expected: 4, got: 5 }), "{refusal}");
    let digest = circuit_digest(&zkdx_circuits::r1cs::shape(&larger));
    assert_ne!(digest, fixture.key.circuit.digest);
    assert_eq!(circuit_digest(&fixture.r1cs), fixture.key.circuit.digest);
}

#[test]
fn a_registration_under_another_key_is_refused() {
    let (one, other) = (Fixture::new(Diagnosis::sample(), 1), Fixture::new(Diagnosis::sample(), 2));
    let refusal = Prover::new(&one.key, &other.registration, &Cpu).map(drop).unwrap_err();
    assert!(matches!(refusal, ProveError::WrongKey { .. }), "{refusal}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn any_record_and_weights(
        pairs in prop::collection::vec((-128i64..128, 0i64..16), 0..12),
        free in prop::collection::vec(any::<u64>(), 0..3),
        challenges in 1usize..4,
    ) {
        let (weights, record) = pairs.into_iter().unzip();
        proves(Diagnosis::with(weights, record, free.into_iter().map(Fr::from).collect(), challenges));
    }
}
