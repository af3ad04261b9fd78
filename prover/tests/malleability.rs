//! What can be changed about a proof, and what cannot.

mod common;

use ark_bn254::{Fr, G1Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::Field;
use common::Fixture;
use common::circuits::Diagnosis;
use zkdx_circuits::Statement;
use zkdx_verifier::{Model, Proof, VerifyError, verify};

fn fixture() -> (Fixture<Diagnosis>, Proof) {
    let fixture = Fixture::new(Diagnosis::sample(), 1);
    let proof = fixture.prove(2).unwrap();
    (fixture, proof)
}

/// Anyone can do this to any proof, so the bytes of a proof are never a nullifier.
#[test]
fn a_proof_can_be_rerandomised() {
    let (fixture, Proof { a, b, c, d_1 }) = fixture();
    let (u, t) = (Fr::from(1_234_567u64), Fr::from(89u64));
    let a_scaled = (a * u).into_affine();
    let b_scaled = (b * u.inverse().unwrap()).into_affine();
    let scaled = Proof { a: a_scaled, b: b_scaled, c, d_1 };
    fixture.verify(&fixture.statement(), &scaled).unwrap();
    let b_moved = (fixture.key.verifying.delta_2_g2 * t + b).into_affine();
    let moved = Proof { a, b: b_moved, c: (a * t + c).into_affine(), d_1 };
    fixture.verify(&fixture.statement(), &moved).unwrap();
}

#[test]
fn every_other_change_of_an_element_is_refused() {
    let (fixture, proof) = fixture();
    let one = G1Affine::generator();
    let changes: [fn(&mut G1Affine, G1Affine); 4] = [
        |point, one| *point = (*point + one).into_affine(),
        |point, _| *point = -*point,
        |point, _| *point = (*point + *point).into_affine(),
        |point, _| *point = G1Affine::identity(),
    ];
    let elements: [fn(&mut Proof) -> &mut G1Affine; 3] = [|p| &mut p.a, |p| &mut p.c, |p| &mut p.d_1];
    for (change, element) in changes.iter().flat_map(|change| elements.iter().map(move |element| (change, element))) {
        let mut bent = proof.clone();
        change(element(&mut bent), one);
        assert_eq!(fixture.verify(&fixture.statement(), &bent), Err(VerifyError::Refused));
    }
}

#[test]
fn every_other_change_of_b_is_refused() {
    let (fixture, proof) = fixture();
    let vk = &fixture.key.verifying;
    let zero = ark_bn254::G2Affine::identity();
    for b in [-proof.b, (proof.b + vk.gamma_g2).into_affine(), (proof.b + proof.b).into_affine(), zero, vk.beta_g2] {
        let bent = Proof { b, ..proof.clone() };
        assert_eq!(fixture.verify(&fixture.statement(), &bent), Err(VerifyError::Refused));
    }
}

#[test]
fn swapped_elements_are_refused() {
    let (fixture, Proof { a, b, c, d_1 }) = fixture();
    let swapped = [(c, a, d_1), (d_1, c, a), (a, d_1, c), (c, d_1, a), (d_1, a, c)];
    for (a, c, d_1) in swapped {
        assert_eq!(fixture.verify(&fixture.statement(), &Proof { a, b, c, d_1 }), Err(VerifyError::Refused));
    }
}

/// Fresh blinding of `D_1`, cancelled in `C`, holds under the old challenge: the new one is what refuses it.
#[test]
fn a_reblinded_first_commitment_is_refused() {
    let (fixture, mut proof) = fixture();
    let (vk, model, statement) = (&fixture.key.verifying, fixture.registration.model(), fixture.statement());
    let challenges = common::slow::challenges(model, &statement, &proof.d_1, 2);
    let t = Fr::from(5u64);
    proof.d_1 = (fixture.key.delta_2_g1 * t + proof.d_1).into_affine();
    proof.c = (proof.c - fixture.key.delta_1_g1 * t).into_affine();
    assert!(common::slow::equation(vk, model, &statement.words(), &challenges, &proof));
    assert_eq!(fixture.verify(&statement, &proof), Err(VerifyError::Refused));
}

/// `(B + t·δ_1, D_1 + t·A)` holds under the old challenge: binding `D_1` is what refuses it.
#[test]
fn a_first_commitment_shifted_by_a_is_refused() {
    let (fixture, mut proof) = fixture();
    let (vk, model, statement) = (&fixture.key.verifying, fixture.registration.model(), fixture.statement());
    let challenges = common::slow::challenges(model, &statement, &proof.d_1, 2);
    let t = Fr::from(5u64);
    proof.b = (vk.delta_1_g2 * t + proof.b).into_affine();
    proof.d_1 = (proof.a * t + proof.d_1).into_affine();
    assert!(common::slow::equation(vk, model, &statement.words(), &challenges, &proof));
    assert_eq!(fixture.verify(&statement, &proof), Err(VerifyError::Refused));
}

/// `(B + t·δ_W, D_W + t·A)` turns a proof of one model into one of a model that nobody knows, under the old challenge: binding `D_W`
/// is what refuses it.
#[test]
fn a_model_shifted_by_a_is_refused() {
    let (fixture, mut proof) = fixture();
    let (vk, model, statement) = (&fixture.key.verifying, fixture.registration.model(), fixture.statement());
    let challenges = common::slow::challenges(model, &statement, &proof.d_1, 2);
    let t = Fr::from(5u64);
    proof.b = (vk.delta_w_g2 * t + proof.b).into_affine();
    let stolen = Model { commitment: (proof.a * t + model.commitment).into_affine(), ..model.clone() };
    assert!(common::slow::equation(vk, &stolen, &statement.words(), &challenges, &proof));
    let statement = Statement { model_id: stolen.id(), ..statement };
    assert_eq!(verify(&fixture.verifying, &stolen, &statement, &proof), Err(VerifyError::Refused));
}

#[test]
fn points_that_are_none_are_refused() {
    let (fixture, proof) = fixture();
    let off_curve = G1Affine::new_unchecked(1u64.into(), 1u64.into());
    let outside = common::outside_subgroup();
    let malformed = [Proof { a: off_curve, ..proof.clone() }, Proof { b: outside, ..proof.clone() }];
    for bent in malformed {
        assert!(matches!(fixture.verify(&fixture.statement(), &bent), Err(VerifyError::Malformed(_))));
        assert!(Proof::from_bytes(&bent.to_bytes()).is_err());
    }
}

#[test]
fn every_flipped_bit_is_refused() {
    let (fixture, proof) = fixture();
    let bytes = proof.to_bytes();
    for index in 0..bytes.len() {
        let mut bent = bytes;
        bent[index] ^= 1 << (index % 8);
        let accepted = Proof::from_bytes(&bent).is_ok_and(|proof| fixture.verify(&fixture.statement(), &proof).is_ok());
        assert!(!accepted, "byte {index}");
    }
}
