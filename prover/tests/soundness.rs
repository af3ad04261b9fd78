//! Each forgery succeeds against a key or verifier that lacks its cure, and fails against ours.
//!
//! The forgers use public elements only. The weakened verifier is `slow::accepts`: the bare equation, without checks on the key.

mod common;

use ark_bn254::{Fr, G1Affine, G1Projective};
use ark_ec::CurveGroup;
use ark_ff::Field;
use common::circuits::{Diagnosis, Place, Sealed};
use common::slow::{self, Blinding};
use common::{METADATA, SUBJECT, Toy, rng, statement};
use zkdx_circuits::Statement;
use zkdx_circuits::r1cs::{SecondRoundWitness, shape};
use zkdx_prover::{ProvingKey, Trapdoor};
use zkdx_verifier::{KeyError, Model, PreparedVerifyingKey, Proof, VerifyError, VerifyingKey, verify};

type Forgery = (Model, Statement, Proof);

fn blinding() -> Blinding {
    let [rho, kappa, r, s] = [21u64, 22, 23, 24].map(Fr::from);
    Blinding { rho, kappa, r, s }
}

/// A key for `toy` whose trapdoor was bent, and one whose was not.
fn keys(toy: &impl Toy, bend: impl Fn(&mut Trapdoor)) -> (ProvingKey, ProvingKey) {
    let (r1cs, mut trapdoor) = (shape(toy), Trapdoor::sample(&mut rng(1)));
    let strong = trapdoor.generate(&r1cs, SUBJECT).unwrap();
    bend(&mut trapdoor);
    (trapdoor.generate(&r1cs, SUBJECT).unwrap(), strong)
}

fn refused(key: &ProvingKey, (model, statement, proof): &Forgery) {
    let key = PreparedVerifyingKey::new(key.verifying.clone()).unwrap();
    assert_eq!(verify(&key, model, statement, proof), Err(VerifyError::Refused));
}

fn accepted(key: &ProvingKey, (model, statement, proof): &Forgery) {
    assert!(slow::accepts(&key.verifying, model, statement, proof), "the forgery works against the weak key");
}

fn assert_loader_refuses(key: &VerifyingKey, expected: KeyError) {
    assert_eq!(key.check(), Err(expected));
    assert_eq!(VerifyingKey::from_bytes(&key.to_bytes()), Err(expected));
    assert_eq!(PreparedVerifyingKey::new(key.clone()).map(drop), Err(expected));
}

/// Commits to 0, learns the challenge, then claims the challenge was the value and puts the difference into `C`.
fn move_component(key: &ProvingKey, place: Place) -> Forgery {
    let zero = Sealed { place, value: Fr::from(0u64) };
    let blind = blinding();
    let model = slow::model(key, &zero.weights(), blind.rho);
    let statement = statement(model.id(), &zero.true_words());
    let first = zero.witness();
    let d_1 = slow::first_round(key, first.small(), first.field()) + key.delta_2_g1 * blind.kappa;
    let challenges = slow::challenges(&model, &statement, &d_1.into_affine(), 1);
    let late = Sealed { place, value: challenges[0] };
    let witness = late.witness().finish(challenges).unwrap();
    let mut proof = slow::finish(key, &witness, &late.weights(), blind, d_1.into_affine());
    let moved = match place {
        Place::First => slow::combine(&key.first.field, witness.field()),
        _ => slow::combine(&key.weights.as_ref().unwrap().commitment, &late.weights()),
    };
    proof.c = (moved + proof.c).into_affine();
    (model, statement, proof)
}

#[test]
fn first_round_under_the_divisor_of_the_second() {
    let toy = Sealed { place: Place::First, value: Fr::from(0u64) };
    let (weak, strong) = keys(&toy, |trapdoor| trapdoor.delta_1 = trapdoor.delta_2);
    accepted(&weak, &move_component(&weak, Place::First));
    refused(&strong, &move_component(&strong, Place::First));
    assert_loader_refuses(&weak.verifying, KeyError::Related { first: "δ_1", second: "δ_2" });
}

#[test]
fn weights_under_the_divisor_of_the_second_round() {
    let toy = Sealed { place: Place::Weight, value: Fr::from(0u64) };
    let (weak, strong) = keys(&toy, |trapdoor| trapdoor.delta_w = trapdoor.delta_2);
    accepted(&weak, &move_component(&weak, Place::Weight));
    refused(&strong, &move_component(&strong, Place::Weight));
    assert_loader_refuses(&weak.verifying, KeyError::Related { first: "δ_W", second: "δ_2" });
}

/// Registers a model whose commitment hides the difference between the true words and the claimed ones.
fn bend_public_input(key: &ProvingKey, toy: &Diagnosis) -> Forgery {
    let (blind, words) = (blinding(), toy.true_words());
    let mut claimed = words.clone();
    claimed[1] = Fr::from(777u64);
    let mut model = slow::model(key, &toy.weights(), blind.rho);
    let difference = key.verifying.ic[2] * (words[1] - claimed[1]);
    model.commitment = (difference + model.commitment).into_affine();
    let statement = statement(model.id(), &claimed);
    let first = toy.witness();
    let d_1 = slow::first_round(key, first.small(), first.field()) + key.delta_2_g1 * blind.kappa;
    let challenges = slow::challenges(&model, &statement, &d_1.into_affine(), 2);
    let witness = first.finish(challenges).unwrap();
    let proof = slow::finish(key, &witness, &toy.weights(), blind, d_1.into_affine());
    (model, statement, proof)
}

#[test]
fn weights_under_the_divisor_of_the_public_inputs() {
    let toy = Diagnosis::sample();
    let (weak, strong) = keys(&toy, |trapdoor| trapdoor.delta_w = Fr::ONE);
    accepted(&weak, &bend_public_input(&weak, &toy));
    refused(&strong, &bend_public_input(&strong, &toy));
    assert_loader_refuses(&weak.verifying, KeyError::SmallMultiple { what: "δ_W" });
}

/// Any words at all: `A = α`, `B = β`, and `C` cancels the public inputs where `δ_2 = multiple·γ`.
fn cancel_public_inputs(key: &ProvingKey, multiple: Fr) -> Forgery {
    let vk = &key.verifying;
    let nothing = G1Affine::identity();
    let model = Model { key: vk.digest(), commitment: nothing, metadata: METADATA };
    let statement = statement(model.id(), &[Fr::from(666u64), Fr::from(999u64)]);
    let challenges = slow::challenges(&model, &statement, &nothing, vk.challenges);
    let public = slow::public_point(vk, &statement.words(), &challenges);
    let c = -public * multiple.inverse().unwrap();
    (model, statement, Proof { a: vk.alpha_g1, b: vk.beta_g2, c: c.into_affine(), d_1: nothing })
}

#[test]
fn second_divisor_a_small_multiple_of_the_first() {
    let toy = Diagnosis::sample();
    for multiple in (1i64..=8).flat_map(|k| [k, -k]).map(zkdx_circuits::field::from_int) {
        let (weak, strong) = keys(&toy, |trapdoor| trapdoor.delta_2 = multiple);
        accepted(&weak, &cancel_public_inputs(&weak, multiple));
        refused(&strong, &cancel_public_inputs(&strong, multiple));
        assert_loader_refuses(&weak.verifying, KeyError::SmallMultiple { what: "δ_2" });
    }
}

#[test]
fn gamma_equal_to_the_second_divisor() {
    let toy = Diagnosis::sample();
    let (mut weak, _) = keys(&toy, |_| ());
    weak.verifying.gamma_g2 = weak.verifying.delta_2_g2;
    accepted(&weak, &cancel_public_inputs(&weak, Fr::ONE));
    assert_loader_refuses(&weak.verifying, KeyError::Related { first: "γ", second: "δ_2" });
}

#[test]
fn a_known_beta() {
    let toy = Diagnosis::sample();
    let forge = |key: &ProvingKey| {
        let (model, statement, mut proof) = cancel_public_inputs(key, Fr::ONE);
        proof.a = (key.verifying.alpha_g1 * Fr::from(3u64) - proof.c).into_affine();
        proof.b = key.verifying.gamma_g2;
        proof.c = G1Affine::identity();
        (model, statement, proof)
    };
    let (weak, strong) = keys(&toy, |trapdoor| trapdoor.beta = Fr::from(3u64));
    accepted(&weak, &forge(&weak));
    refused(&strong, &forge(&strong));
    assert_loader_refuses(&weak.verifying, KeyError::SmallMultiple { what: "β" });
}

/// Any words at all, where `C` or `D_1` alone can cancel `e(α, β)`: `A` and `B` are then left for the public inputs.
fn cancel_alpha_beta(key: &ProvingKey, c: G1Affine, d_1: G1Affine) -> Forgery {
    let vk = &key.verifying;
    let model = Model { key: vk.digest(), commitment: G1Affine::identity(), metadata: METADATA };
    let statement = statement(model.id(), &[Fr::from(666u64), Fr::from(999u64)]);
    let challenges = slow::challenges(&model, &statement, &d_1, vk.challenges);
    let a = slow::public_point(vk, &statement.words(), &challenges).into_affine();
    (model, statement, Proof { a, b: vk.gamma_g2, c, d_1 })
}

#[test]
fn a_known_alpha() {
    let toy = Diagnosis::sample();
    let forge = |key: &ProvingKey| {
        let nothing = G1Affine::identity();
        let (model, statement, mut proof) = cancel_alpha_beta(key, nothing, nothing);
        proof.a = (key.beta_g1 * Fr::from(3u64) + proof.a).into_affine();
        (model, statement, proof)
    };
    for alpha in [Fr::from(3u64), -Fr::from(8u64)] {
        let (weak, _) = keys(&toy, |trapdoor| trapdoor.alpha = alpha);
        assert_loader_refuses(&weak.verifying, KeyError::SmallMultiple { what: "α" });
    }
    let (weak, strong) = keys(&toy, |trapdoor| trapdoor.alpha = Fr::from(3u64));
    accepted(&weak, &forge(&weak));
    refused(&strong, &forge(&strong));
}

#[test]
fn beta_equal_or_opposite_to_a_divisor() {
    let (toy, nothing) = (Diagnosis::sample(), G1Affine::identity());
    let second = |key: &ProvingKey| cancel_alpha_beta(key, -key.verifying.alpha_g1, nothing);
    let (weak, strong) = keys(&toy, |trapdoor| trapdoor.beta = trapdoor.delta_2);
    accepted(&weak, &second(&weak));
    refused(&strong, &second(&strong));
    assert_loader_refuses(&weak.verifying, KeyError::Related { first: "β", second: "δ_2" });

    let first = |key: &ProvingKey| cancel_alpha_beta(key, nothing, key.verifying.alpha_g1);
    let (weak, strong) = keys(&toy, |trapdoor| trapdoor.beta = -trapdoor.delta_1);
    accepted(&weak, &first(&weak));
    refused(&strong, &first(&strong));
    assert_loader_refuses(&weak.verifying, KeyError::Related { first: "β", second: "δ_1" });
}

#[test]
fn alpha_equal_or_opposite_to_a_divisor() {
    let (toy, nothing) = (Diagnosis::sample(), G1Affine::identity());
    let second = |key: &ProvingKey| cancel_alpha_beta(key, -key.beta_g1, nothing);
    let (weak, strong) = keys(&toy, |trapdoor| trapdoor.alpha = trapdoor.delta_2);
    accepted(&weak, &second(&weak));
    refused(&strong, &second(&strong));
    assert_loader_refuses(&weak.verifying, KeyError::Related { first: "α", second: "δ_2" });

    let first = |key: &ProvingKey| cancel_alpha_beta(key, nothing, key.beta_g1);
    let (weak, strong) = keys(&toy, |trapdoor| trapdoor.alpha = -trapdoor.delta_1);
    accepted(&weak, &first(&weak));
    refused(&strong, &first(&strong));
    assert_loader_refuses(&weak.verifying, KeyError::Related { first: "α", second: "δ_1" });
}

/// Chooses the value after the challenge, where the challenge leaves out the commitment to it.
fn choose_late(key: &ProvingKey, place: Place, weak_challenge: impl Fn(&Forgery) -> Vec<Fr>) -> (Forgery, Vec<Fr>) {
    let zero = Sealed { place, value: Fr::from(0u64) };
    let early = commit(key, &zero);
    let challenges = weak_challenge(&early);
    let late = Sealed { place, value: challenges[0] };
    let (model, statement, Proof { d_1, .. }) = commit(key, &late);
    let witness: SecondRoundWitness = late.witness().finish(challenges.clone()).unwrap();
    let proof = slow::finish(key, &witness, &late.weights(), blinding(), d_1);
    ((model, statement, proof), challenges)
}

/// Model, statement and first commitment of `toy`; the other elements are missing.
fn commit(key: &ProvingKey, toy: &Sealed) -> Forgery {
    let model = slow::model(key, &toy.weights(), blinding().rho);
    let statement = statement([0; 32], &toy.true_words());
    let statement = Statement { model_id: model.id(), ..statement };
    let witness = toy.witness();
    let d_1: G1Projective =
        slow::first_round(key, witness.small(), witness.field()) + key.delta_2_g1 * blinding().kappa;
    let (a, b, c) = (G1Affine::identity(), key.verifying.beta_g2, G1Affine::identity());
    (model, statement, Proof { a, b, c, d_1: d_1.into_affine() })
}

fn late_choice_is_refused(place: Place, omit: impl Fn(&Forgery) -> Forgery) {
    let (_, key) = keys(&Sealed { place, value: Fr::from(0u64) }, |_| ());
    let weak_challenge = |forgery: &Forgery| {
        let (model, statement, proof) = omit(forgery);
        slow::challenges(&model, &statement, &proof.d_1, 1)
    };
    let (forgery, challenges) = choose_late(&key, place, weak_challenge);
    assert_eq!(weak_challenge(&forgery), challenges, "the weak challenge does not see the change");
    let (model, statement, proof) = &forgery;
    assert!(slow::equation(&key.verifying, model, &statement.words(), &challenges, proof), "the forgery works");
    refused(&key, &forgery);
}

#[test]
fn challenge_without_the_first_commitment() {
    late_choice_is_refused(Place::First, |(model, statement, proof)| {
        (model.clone(), statement.clone(), Proof { d_1: G1Affine::identity(), ..proof.clone() })
    });
}

#[test]
fn challenge_without_the_weights() {
    late_choice_is_refused(Place::Weight, |(model, statement, proof)| {
        let without = Model { commitment: G1Affine::identity(), ..model.clone() };
        (without, statement.clone(), proof.clone())
    });
}

#[test]
fn challenge_without_the_words() {
    late_choice_is_refused(Place::Word, |(model, statement, proof)| {
        let mut without = statement.clone();
        without.cases[0].record_commitment = Fr::from(0u64);
        (model.clone(), without, proof.clone())
    });
}

#[test]
fn a_word_that_no_constraint_uses_is_bound_all_the_same() {
    let toy = Diagnosis::with(vec![1], vec![2], vec![Fr::from(5u64)], 2);
    let fixture = common::Fixture::new(toy, 1);
    let proof = fixture.prove(2).unwrap();
    let mut other = fixture.statement();
    other.cases[0].outcome[1] = Fr::from(6u64);
    assert_eq!(fixture.verify(&other, &proof), Err(VerifyError::Refused));
    let challenges = slow::challenges(fixture.registration.model(), &fixture.statement(), &proof.d_1, 2);
    let model = fixture.registration.model();
    let holds = slow::equation(&fixture.key.verifying, model, &other.words(), &challenges, &proof);
    assert!(!holds, "not only the challenge binds it");
}
