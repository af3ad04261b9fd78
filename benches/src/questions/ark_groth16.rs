//! How does `ark-groth16` do on the same constraints, its challenges being public inputs?
//!
//! One proof of ours and one of theirs by turns, in the same process, on the same columns. The sample is theirs. Ours makes its witness
//! and verifies itself; theirs gets the assignment, but walks the constraints again. Hence two ratios, theirs over ours: with
//! the whole of our proof, and with its two rounds alone (`rounds`).

use std::collections::BTreeMap;

use ark_bn254::Bn254;
use ark_groth16::{Groth16, ProvingKey};
use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystemRef, LinearCombination, SynthesisError, Variable};
use ark_snark::SNARK;
use rand::rngs::OsRng;
use zkdx_circuits::Fr;
use zkdx_circuits::r1cs::{Matrix, R1cs};

use super::witness::challenges;
use super::{Question, compile, small};
use crate::engine::{Prover, Ready};
use crate::error::{BenchError, failed};
use crate::measure::{Answer, Part, Sample, measured};
use crate::results::Spread;

pub(super) const QUESTION: Question =
    Question { name: "ark-groth16", asks: "the same constraints under ark-groth16, as a ratio", cases: small, answer };

/// An [`R1cs`] with an assignment, as arkworks wants it.
#[derive(Clone, Copy)]
struct Adapter<'a> {
    r1cs: &'a R1cs,
    assignment: &'a [Fr],
}

fn answer(case: &str, runs: usize) -> Result<Answer, BenchError> {
    let ready = compile(case)?.ready()?;
    let (r1cs, witness) = (ready.engine().shape()?, ready.engine().witness(challenges())?);
    let assignment = witness.assignment();
    let circuit = Adapter { r1cs: &r1cs, assignment: &assignment };
    let setup = Groth16::<Bn254>::circuit_specific_setup(circuit, &mut OsRng);
    let (key, _) = setup.map_err(failed("ark-groth16 setup"))?;
    let prover = ready.prover()?;
    let pairs = (0..runs).map(|_| pair(&ready, &prover, &key, circuit)).collect::<Result<Vec<_>, _>>()?;
    let numbers = ratios(&pairs);
    let samples = pairs.into_iter().map(|(theirs, _)| theirs).collect();
    Ok(Answer { samples, facts: ready.facts()?, numbers })
}

/// One proof of theirs, with one of ours, and the CPU seconds of ours.
fn pair(
    ready: &Ready,
    prover: &Prover<'_>,
    key: &ProvingKey<Bn254>,
    circuit: Adapter<'_>,
) -> Result<(Sample, f64), BenchError> {
    let (proven, ours) = measured(|| ready.prove(prover))?;
    let prove = || Groth16::<Bn254>::prove(key, circuit, &mut OsRng).map_err(failed("ark-groth16"));
    let (_, theirs) = measured(prove)?;
    let part = |name: &str, seconds| Part { name: name.into(), seconds };
    let rounds = proven.timings.total.wall.as_secs_f64();
    let parts = vec![part("ark-groth16", theirs.wall), part("zkdx", ours.wall), part("zkdx rounds", rounds)];
    Ok((Sample { parts, ..theirs }, ours.cpu))
}

fn ratios(pairs: &[(Sample, f64)]) -> BTreeMap<String, f64> {
    let part = |index: usize| Spread::of(pairs.iter().filter_map(|(theirs, _)| Some(theirs.parts.get(index)?.seconds)));
    let cpu = Spread::of(pairs.iter().map(|(theirs, _)| theirs.cpu)).median;
    let ratios = [
        ("wall_ratio", part(0).median / part(1).median),
        ("wall_ratio_rounds", part(0).median / part(2).median),
        ("cpu_ratio", cpu / Spread::of(pairs.iter().map(|(_, ours)| *ours)).median),
    ];
    ratios.into_iter().filter(|(_, ratio)| ratio.is_finite()).map(|(name, ratio)| (name.to_owned(), ratio)).collect()
}

impl Adapter<'_> {
    fn combination(&self, matrix: &Matrix, row: usize) -> LinearCombination<Fr> {
        let public = self.r1cs.columns.public;
        let variable = |column| match column {
            0 => Variable::One,
            column if column < public => Variable::instance(column),
            column => Variable::witness(column - public),
        };
        LinearCombination(matrix.row(row).map(|(column, coefficient)| (coefficient, variable(column))).collect())
    }

    fn allocate(&self, cs: &ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        for (column, value) in self.assignment.iter().enumerate().skip(1) {
            let allocated = match column < self.r1cs.columns.public {
                true => cs.new_input_variable(|| Ok(*value)),
                false => cs.new_witness_variable(|| Ok(*value)),
            };
            allocated.map(drop)?;
        }
        Ok(())
    }
}

impl ConstraintSynthesizer<Fr> for Adapter<'_> {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        self.allocate(&cs)?;
        for row in 0..self.r1cs.constraints() {
            let side = |matrix| self.combination(matrix, row);
            cs.enforce_r1cs_constraint(|| side(&self.r1cs.a), || side(&self.r1cs.b), || side(&self.r1cs.c))?;
        }
        Ok(())
    }
}
