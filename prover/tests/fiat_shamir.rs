//! Everything that a proof is about changes its challenges, and no proof survives a change of what it is about.

mod common;

use ark_bn254::{Fr, G1Affine};
use common::circuits::Diagnosis;
use common::{Fixture, slow};
use zkdx_circuits::architecture::Policy;
use zkdx_circuits::{Case, Statement};
use zkdx_verifier::{Model, VerifyError, verify};

type Change = (&'static str, fn(&mut Statement));

const CHANGES: [Change; 8] = [
    ("chain", |statement| statement.cases[0].context.chain_id ^= 1),
    ("verifier", |statement| statement.cases[0].context.verifier[19] ^= 1),
    ("submitter", |statement| statement.cases[0].context.submitter[0] ^= 1),
    ("consent", |statement| statement.cases[0].context.consent_id[31] ^= 1),
    ("nonce", |statement| statement.cases[0].context.nonce[0] ^= 1),
    ("policy", |statement| statement.cases[0].context.policy = Policy::Saturate),
    ("record", |statement| statement.cases[0].record_commitment += Fr::from(1u64)),
    ("outcome", |statement| statement.cases[0].outcome[0] += Fr::from(1u64)),
];

#[test]
fn every_part_of_the_statement_is_bound() {
    let fixture = Fixture::new(Diagnosis::sample(), 1);
    let (proof, model) = (fixture.prove(2).unwrap(), fixture.registration.model());
    let challenges = slow::challenges(model, &fixture.statement(), &proof.d_1, 2);
    for (what, change) in CHANGES {
        let mut other = fixture.statement();
        change(&mut other);
        let changed = slow::challenges(model, &other, &proof.d_1, 2);
        assert!(challenges.iter().zip(&changed).all(|(one, two)| one != two), "{what} does not reach the challenges");
        assert_eq!(fixture.verify(&other, &proof), Err(VerifyError::Refused), "{what}");
    }
}

/// Two cases: every part of either, their order and their number, and where the words of one end.
#[test]
fn every_case_is_bound_where_it_stands() {
    let second = vec![Fr::from(77u64), Fr::from(5u64)];
    let toy = Diagnosis { free_words: second, ..Diagnosis::sample() };
    let fixture = Fixture::about(toy, 2, 1);
    let (proof, model, honest) = (fixture.prove(2).unwrap(), fixture.registration.model(), fixture.statement());
    fixture.verify(&honest, &proof).unwrap();
    let challenges = |statement: &Statement| slow::challenges(model, statement, &proof.d_1, 2);
    for (what, change) in CHANGES {
        let mut other = honest.clone();
        other.cases.swap(0, 1);
        change(&mut other);
        other.cases.swap(0, 1);
        assert_ne!(challenges(&other), challenges(&honest), "{what} of the second case does not reach the challenges");
        assert_eq!(fixture.verify(&other, &proof), Err(VerifyError::Refused), "{what}");
    }
    let changed = |change: fn(&mut Vec<Case>)| {
        let mut other = honest.clone();
        change(&mut other.cases);
        fixture.verify(&other, &proof)
    };
    assert_eq!(changed(|cases| cases.swap(0, 1)), Err(VerifyError::Refused));
    let contexts = |cases: &mut Vec<Case>| {
        let (first, second) = cases.split_at_mut(1);
        std::mem::swap(&mut first[0].context, &mut second[0].context);
    };
    assert_eq!(changed(contexts), Err(VerifyError::Refused));
    assert_eq!(changed(|cases| drop(cases.pop())), Err(VerifyError::Cases { expected: 2, got: 1 }));
    assert_eq!(changed(|cases| cases.push(cases[0].clone())), Err(VerifyError::Cases { expected: 2, got: 3 }));
    let joined = |cases: &mut Vec<Case>| {
        let words = cases.pop().unwrap().words();
        cases[0].outcome.extend(words);
    };
    assert_eq!(changed(joined), Err(VerifyError::Cases { expected: 2, got: 1 }));
    let moved = |cases: &mut Vec<Case>| {
        let word = cases[1].record_commitment;
        cases[0].outcome.push(word);
        cases[1] = Case { record_commitment: cases[1].outcome[0], outcome: vec![], ..cases[1].clone() };
    };
    assert_eq!(changed(moved), Err(VerifyError::Words { expected: 2, got: 3 }));
}

#[test]
fn every_part_of_the_model_is_bound() {
    let fixture = Fixture::new(Diagnosis::sample(), 1);
    let (proof, model) = (fixture.prove(2).unwrap(), fixture.registration.model());
    let challenges = slow::challenges(model, &fixture.statement(), &proof.d_1, 2);
    let others = [
        Model { key: [1; 32], ..model.clone() },
        Model { metadata: [1; 32], ..model.clone() },
        Model { commitment: -model.commitment, ..model.clone() },
    ];
    for other in others {
        assert_ne!(other.id(), model.id());
        assert_ne!(slow::challenges(&other, &fixture.statement(), &proof.d_1, 2), challenges);
        let statement = Statement { model_id: other.id(), ..fixture.statement() };
        verify(&fixture.verifying, &other, &statement, &proof).unwrap_err();
    }
}

#[test]
fn the_first_commitment_is_bound() {
    let fixture = Fixture::new(Diagnosis::sample(), 1);
    let (proof, model) = (fixture.prove(2).unwrap(), fixture.registration.model());
    let challenges = |d_1| slow::challenges(model, &fixture.statement(), &d_1, 2);
    assert_ne!(challenges(proof.d_1), challenges(G1Affine::identity()));
    assert_ne!(challenges(proof.d_1), challenges(-proof.d_1));
}

#[test]
fn challenges_are_hashes_of_their_own() {
    let fixture = Fixture::new(Diagnosis::sample(), 1);
    let challenges = slow::challenges(fixture.registration.model(), &fixture.statement(), &G1Affine::identity(), 8);
    for (index, one) in challenges.iter().enumerate() {
        assert!(challenges.iter().skip(index + 1).all(|other| one != other));
        assert!(challenges.iter().all(|other| *other != *one * one), "no challenge is the square of another");
    }
}

#[test]
fn another_model_or_key_is_named() {
    let (one, other) = (Fixture::new(Diagnosis::sample(), 1), Fixture::new(Diagnosis::sample(), 2));
    let proof = one.prove(2).unwrap();
    let wrong_key = verify(&other.verifying, one.registration.model(), &one.statement(), &proof);
    assert!(matches!(wrong_key, Err(VerifyError::WrongKey { .. })));
    let wrong_model = verify(&one.verifying, one.registration.model(), &other.statement(), &proof);
    assert!(matches!(wrong_model, Err(VerifyError::WrongModel { .. })));
    let mut longer = one.statement();
    longer.cases[0].outcome.push(Fr::from(0u64));
    assert_eq!(one.verify(&longer, &proof), Err(VerifyError::Words { expected: 2, got: 3 }));
}
