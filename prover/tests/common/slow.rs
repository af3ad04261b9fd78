//! The same argument, slowly and obviously: single multiplications, dense polynomials, no checks. Forgers use it.

use ark_bn254::{Bn254, Fr, G1Affine, G1Projective};
use ark_ec::pairing::Pairing;
use ark_ec::{CurveGroup, PrimeGroup};
use ark_ff::{Field, Zero};
use ark_poly::univariate::DensePolynomial;
use ark_poly::{DenseUVPolynomial, EvaluationDomain, Evaluations, MixedRadixEvaluationDomain};
use zkdx_circuits::Statement;
use zkdx_circuits::r1cs::SecondRoundWitness;
use zkdx_prover::ProvingKey;
use zkdx_prover::key::{Point, Query};
use zkdx_verifier::{Model, Proof, Transcript, VerifyingKey};

use super::METADATA;

/// All the randomness of a model and a proof.
#[derive(Clone, Copy, Default)]
pub struct Blinding {
    pub rho: Fr,
    pub kappa: Fr,
    pub r: Fr,
    pub s: Fr,
}

/// `Σ values_column·point_column`
pub fn combine<P: Point>(query: &Query<P>, values: &[Fr]) -> P::Group {
    query.columns.iter().zip(&query.points).map(|(&column, point)| *point * values[column as usize]).sum()
}

fn to_field(small: &[i64]) -> Vec<Fr> {
    small.iter().map(|&value| zkdx_circuits::field::from_int(value)).collect()
}

/// `D_W`
pub fn model(key: &ProvingKey, weights: &[Fr], rho: Fr) -> Model {
    let queries = key.weights.as_ref().unwrap();
    let commitment = combine(&queries.commitment, weights) + key.delta_2_g1 * rho;
    Model { key: key.verifying.digest(), commitment: commitment.into_affine(), metadata: METADATA }
}

/// `Σ_R1 z_i·[K_i/δ_1]₁`, without blinding.
pub fn first_round(key: &ProvingKey, small: &[i64], field: &[Fr]) -> G1Projective {
    combine(&key.first.small, &to_field(small)) + combine(&key.first.field, field)
}

pub fn challenges(model: &Model, statement: &Statement, d_1: &G1Affine, count: usize) -> Vec<Fr> {
    let (context, words) = (statement.context_digest(), statement.words());
    Transcript { context: &context, model, first_round: d_1, words: &words }.challenges(count)
}

/// `h = (Σ z_i·u_i · Σ z_i·v_i − Σ z_i·w_i)/t` by long division.
pub fn quotient(witness: &SecondRoundWitness, length: usize) -> Vec<Fr> {
    let domain = MixedRadixEvaluationDomain::<Fr>::new(length).unwrap();
    assert_eq!(domain.size(), length);
    let interpolate = |side: &[Fr], tail: &[Fr]| {
        let mut values = [side, tail].concat();
        values.resize(length, Fr::zero());
        Evaluations::from_vec_and_domain(values, domain).interpolate()
    };
    let [a, b, c] = witness.sides();
    let product = &interpolate(a, &witness.public()) * &interpolate(b, &[]);
    let (h, remainder) = (product - interpolate(c, &[])).divide_by_vanishing_poly(domain);
    assert!(remainder.is_zero(), "the witness satisfies the constraints");
    DensePolynomial::from_coefficients_vec(h.coeffs).coeffs
}

/// `A`, `B`, `C` for a whole assignment; `D_1` is the caller's.
pub fn finish(key: &ProvingKey, witness: &SecondRoundWitness, weights: &[Fr], blind: Blinding, d_1: G1Affine) -> Proof {
    let (small, vk) = (to_field(witness.small()), &key.verifying);
    let field = [&witness.public()[..], witness.field(), witness.second()].concat();
    let queries = key.weights.as_ref().unwrap();
    let u = combine(&key.left.small, &small) + combine(&key.left.field, &field) + combine(&queries.left, weights);
    let v = combine(&key.right_g1.small, &small) + combine(&key.right_g1.field, &field);
    let v = v + combine(&queries.right_g1, weights);
    let v_g2 = combine(&key.right_g2.small, &small) + combine(&key.right_g2.field, &field);
    let v_g2 = v_g2 + combine(&queries.right_g2, weights);
    let Blinding { rho, kappa, r, s } = blind;
    let a = u + vk.alpha_g1 + key.delta_2_g1 * r;
    let b_g1 = v + key.beta_g1 + key.delta_2_g1 * s;
    let b = v_g2 + vk.beta_g2 + vk.delta_2_g2 * s;
    let h: G1Projective =
        quotient(witness, key.quotient.len() + 1).iter().zip(&key.quotient).map(|(h, p)| *p * h).sum();
    let c = combine(&key.second, witness.second()) + h + a * s + b_g1 * r - key.delta_2_g1 * (r * s);
    let c = c - key.delta_1_g1 * kappa - key.delta_w_g1 * rho;
    Proof { a: a.into_affine(), b: b.into_affine(), c: c.into_affine(), d_1 }
}

/// The bare equation for given challenges: no check of the key, the points or where the challenges came from.
pub fn equation(vk: &VerifyingKey, model: &Model, words: &[Fr], challenges: &[Fr], proof: &Proof) -> bool {
    let public = public_point(vk, words, challenges);
    let right = Bn254::pairing(vk.alpha_g1, vk.beta_g2)
        + Bn254::pairing(public, vk.gamma_g2)
        + Bn254::pairing(model.commitment, vk.delta_w_g2)
        + Bn254::pairing(proof.d_1, vk.delta_1_g2)
        + Bn254::pairing(proof.c, vk.delta_2_g2);
    Bn254::pairing(proof.a, proof.b) == right
}

/// The whole verifier, without the checks on the key.
pub fn accepts(vk: &VerifyingKey, model: &Model, statement: &Statement, proof: &Proof) -> bool {
    let challenges = challenges(model, statement, &proof.d_1, vk.challenges);
    equation(vk, model, &statement.words(), &challenges, proof)
}

pub fn public_point(vk: &VerifyingKey, words: &[Fr], challenges: &[Fr]) -> G1Projective {
    let scalars = [&[Fr::ONE], words, challenges].concat();
    vk.ic.iter().zip(scalars).map(|(point, scalar)| *point * scalar).sum()
}

pub fn g1(scalar: Fr) -> G1Affine {
    (G1Projective::generator() * scalar).into_affine()
}
