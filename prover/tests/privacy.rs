//! A proof shows nothing but its statement: everything is blinded, and a simulator without witness makes the same proofs.

mod common;

use ark_bn254::Fr;
use ark_ec::CurveGroup;
use ark_ff::{Field, UniformRand};
use common::circuits::Diagnosis;
use common::{Fixture, METADATA, SUBJECT, Toy, rng, slow, statement};
use zkdx_circuits::r1cs::shape;
use zkdx_prover::{Cpu, Trapdoor, audit, register};
use zkdx_verifier::{Model, PreparedVerifyingKey, Proof, verify};

#[test]
fn two_proofs_of_one_statement_share_no_element() {
    let fixture = Fixture::new(Diagnosis::sample(), 1);
    let (one, two) = (fixture.prove(2).unwrap(), fixture.prove(3).unwrap());
    assert_ne!(one.a, two.a);
    assert_ne!(one.b, two.b);
    assert_ne!(one.c, two.c);
    assert_ne!(one.d_1, two.d_1);
}

#[test]
fn two_registrations_of_one_model_differ() {
    let fixture = Fixture::new(Diagnosis::sample(), 1);
    let weights = fixture.toy.weights();
    let again = register(&fixture.key, &weights, METADATA, &Cpu, &mut rng(9)).unwrap();
    assert_ne!(again.model().commitment, fixture.registration.model().commitment);
    assert!(audit(&fixture.key, &again, &weights, &Cpu).unwrap());
    assert!(!audit(&fixture.key, &again, &vec![Fr::from(1u64); weights.len()], &Cpu).unwrap());
}

/// Tries every record entry at one place: what anyone can do who knows the rest, as int8 values can be enumerated.
fn guess_entry(fixture: &Fixture<Diagnosis>, commitment: ark_bn254::G1Affine) -> Option<i64> {
    let candidate = |entry| {
        let mut toy = fixture.toy.clone();
        toy.record[1] = entry;
        let witness = toy.witness();
        slow::first_round(&fixture.key, witness.small(), witness.field()).into_affine()
    };
    (0..16).find(|&entry| candidate(entry) == commitment)
}

#[test]
fn an_unblinded_first_commitment_could_be_guessed() {
    let fixture = Fixture::new(Diagnosis::sample(), 1);
    let witness = fixture.toy.witness();
    let unblinded = slow::first_round(&fixture.key, witness.small(), witness.field()).into_affine();
    assert_eq!(guess_entry(&fixture, unblinded), Some(fixture.toy.record[1]), "the attack works without blinding");
    assert_eq!(guess_entry(&fixture, fixture.prove(2).unwrap().d_1), None);
}

#[test]
fn unblinded_weights_could_be_guessed() {
    let fixture = Fixture::new(Diagnosis::with(vec![-77], vec![3], vec![], 2), 1);
    let guess = |commitment| {
        let model = |weight| slow::model(&fixture.key, &[zkdx_circuits::field::from_int(weight)], Fr::from(0u64));
        (-128i64..128).find(|&weight| model(weight).commitment == commitment)
    };
    let unblinded = slow::model(&fixture.key, &fixture.toy.weights(), Fr::from(0u64));
    assert_eq!(guess(unblinded.commitment), Some(-77), "the attack works without blinding");
    assert_eq!(guess(fixture.registration.model().commitment), None);
}

/// Draws `A`, `B`, `D_1` and solves the equation for `C`: needs the trapdoor, no witness and no weights.
#[test]
fn a_simulator_with_the_trapdoor_proves_anything() {
    let mut rng = rng(5);
    let trapdoor = Trapdoor::sample(&mut rng);
    let key = trapdoor.generate(&shape(&Diagnosis::sample()), SUBJECT).unwrap().verifying;
    let [a, b, d_w, d_1] = std::array::from_fn(|_| Fr::rand(&mut rng));
    let model = Model { key: key.digest(), commitment: slow::g1(d_w), metadata: METADATA };
    let statement = statement(model.id(), &[Fr::from(1u64), Fr::from(2u64)]);
    let challenges = slow::challenges(&model, &statement, &slow::g1(d_1), key.challenges);
    let public = slow::public_point(&key, &statement.words(), &challenges);
    let rest = a * b - trapdoor.alpha * trapdoor.beta - d_w * trapdoor.delta_w - d_1 * trapdoor.delta_1;
    let c = (slow::g1(rest) - public) * trapdoor.delta_2.inverse().unwrap();
    let b = (key.gamma_g2 * b).into_affine();
    let proof = Proof { a: slow::g1(a), b, c: c.into_affine(), d_1: slow::g1(d_1) };
    verify(&PreparedVerifyingKey::new(key).unwrap(), &model, &statement, &proof).unwrap();
}
