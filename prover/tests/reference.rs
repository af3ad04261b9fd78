//! The reference: with the challenges fixed, the same constraints prove and verify under `ark-groth16`, and fail there where they
//! fail here.

mod common;

use ark_bn254::{Bn254, Fr};
use ark_ff::UniformRand;
use ark_groth16::Groth16;
use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystemRef, LinearCombination, SynthesisError, Variable};
use ark_snark::SNARK;
use common::circuits::Diagnosis;
use common::{Toy, rng};
use zkdx_circuits::r1cs::{Matrix, R1cs, shape};

/// An [`R1cs`] with an assignment, as arkworks wants it.
#[derive(Clone)]
struct Adapter {
    r1cs: R1cs,
    assignment: Vec<Fr>,
}

impl Adapter {
    fn combination(&self, matrix: &Matrix, row: usize) -> LinearCombination<Fr> {
        let public = self.r1cs.columns.public;
        let variable = |column| match column {
            0 => Variable::One,
            column if column < public => Variable::instance(column),
            column => Variable::witness(column - public),
        };
        let terms = matrix.row(row).map(|(column, coefficient)| (coefficient, variable(column)));
        LinearCombination(terms.collect())
    }
}

impl ConstraintSynthesizer<Fr> for Adapter {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        let public = self.r1cs.columns.public;
        for (column, value) in self.assignment.iter().enumerate().skip(1) {
            let allocated = if column < public {
                cs.new_input_variable(|| Ok(*value))
            } else {
                cs.new_witness_variable(|| Ok(*value))
            };
            allocated.map(drop)?;
        }
        for row in 0..self.r1cs.constraints() {
            let side = |matrix| self.combination(matrix, row);
            cs.enforce_r1cs_constraint(|| side(&self.r1cs.a), || side(&self.r1cs.b), || side(&self.r1cs.c))?;
        }
        Ok(())
    }
}

fn adapter(toy: &Diagnosis) -> Adapter {
    let mut rng = rng(7);
    let challenges = (0..toy.challenges).map(|_| Fr::rand(&mut rng)).collect();
    let witness = toy.witness().finish(challenges).unwrap();
    Adapter { r1cs: shape(toy), assignment: witness.assignment() }
}

#[test]
fn the_same_constraints_prove_under_ark_groth16() {
    let larger = Diagnosis::with((0..40).collect(), (0..40).map(|i| i % 16).collect(), vec![Fr::from(3u64)], 3);
    for toy in [Diagnosis::sample(), larger] {
        let (circuit, mut rng) = (adapter(&toy), rng(1));
        let public = circuit.assignment[1..circuit.r1cs.columns.public].to_vec();
        let (pk, vk) = Groth16::<Bn254>::circuit_specific_setup(circuit.clone(), &mut rng).unwrap();
        let proof = Groth16::<Bn254>::prove(&pk, circuit, &mut rng).unwrap();
        assert!(Groth16::<Bn254>::verify(&vk, &public, &proof).unwrap());
        let mut other = public;
        other[1] += Fr::from(1u64);
        assert!(!Groth16::<Bn254>::verify(&vk, &other, &proof).unwrap());
    }
}

#[test]
fn the_matrices_and_the_witness_agree() {
    let toy = Diagnosis::sample();
    let Adapter { r1cs, mut assignment } = adapter(&toy);
    assert_eq!(r1cs.violated(&assignment), None);
    assignment[1] += Fr::from(1u64);
    assert!(r1cs.violated(&assignment).is_some());
}
