//! Networks as constraints: completeness, agreement with the matrices, cost, soundness column by column.

mod support;

use ark_ff::UniformRand;
use ark_std::rand::{SeedableRng, rngs::StdRng};
use support::networks::{Network, mlp};
use support::{Mutation, assert_rejected};
use zkdx_circuits::Fr;
use zkdx_circuits::architecture::{Interval, OutcomeKind};
use zkdx_circuits::gadgets::clamp::Method;
use zkdx_circuits::layers::Activation;
use zkdx_circuits::lower::{NetworkCircuit, Plan, Strategy, weights};
use zkdx_circuits::r1cs::{FirstRoundWitness, R1cs, SecondRoundWitness, shape};

const RELU: Activation = Activation::Clamp(Interval::new(0, 127));
const INT8: Activation = Activation::Clamp(Interval::new(-128, 127));

fn prove(network: &Network, plan: &Plan) -> SecondRoundWitness {
    let circuit = NetworkCircuit::new(&network.system, plan).expect("a sound system");
    let circuit = circuit.with_witness(&network.witness, &network.record, &network.outcome);
    let first = FirstRoundWitness::new(&circuit, network.words.clone());
    let mut rng = StdRng::seed_from_u64(3);
    first.finish(vec![Fr::rand(&mut rng), Fr::rand(&mut rng)]).expect("no denominator is zero")
}

fn matrices(network: &Network, plan: &Plan) -> R1cs {
    let circuit = NetworkCircuit::new(&network.system, plan).expect("a sound system");
    let r1cs = shape(&circuit);
    assert_eq!(r1cs.constraints() as u64, circuit.report().constraints(), "{}", circuit.report());
    r1cs
}

/// One plan for every way there is to prove lookups.
fn plans(network: &Network) -> Vec<Plan> {
    let system = &network.system;
    let split = [Strategy::Clamp(Method::Split), Strategy::ClampThenRows(Method::Split)];
    let complement = [Strategy::Clamp(Method::Complement), Strategy::ClampThenRows(Method::Complement)];
    vec![
        Plan::choose(system),
        Plan::prefer(system, &[Strategy::Rows], vec![]),
        Plan::prefer(system, &[&split[..], &[Strategy::Range]].concat(), vec![]),
        Plan::prefer(system, &[&split[..], &[Strategy::Range]].concat(), vec![3, 5]),
        Plan::prefer(system, &[&complement[..], &[Strategy::Range]].concat(), vec![4]),
    ]
}

fn assert_complete(network: &Network, plan: &Plan) {
    let r1cs = matrices(network, plan);
    let proof = prove(network, plan);
    assert_eq!(proof.violated(), None);
    let assignment = proof.assignment();
    assert_eq!(assignment.len(), r1cs.columns.total());
    for (matrix, side) in [&r1cs.a, &r1cs.b, &r1cs.c].into_iter().zip(proof.sides()) {
        assert_eq!(side.len(), r1cs.constraints());
        assert!((0..side.len()).all(|row| matrix.dot(row, &assignment) == side[row]));
    }
    let start = r1cs.columns.public;
    let registered = weights(&network.system, &network.parameters).expect("a sound system");
    assert_eq!(registered, assignment[start..start + r1cs.columns.weight]);
}

#[test]
fn honest_networks_satisfy_their_matrices() {
    for (activation, outcome) in [(RELU, OutcomeKind::Class), (INT8, OutcomeKind::ClassAndScores)] {
        let architecture = mlp(&[5, 7, 3, 2], Interval::new(0, 15), 4, &activation, outcome);
        for seed in 0..3 {
            let network = Network::random(&architecture, seed);
            plans(&network).iter().for_each(|plan| assert_complete(&network, plan));
        }
    }
}

#[test]
fn every_column_matters() {
    let architecture = mlp(&[2, 3, 2], Interval::new(1, 4), 3, &RELU, OutcomeKind::Commitment);
    let network = Network::random(&architecture, 1);
    for plan in plans(&network) {
        let r1cs = matrices(&network, &plan);
        println!("{}", NetworkCircuit::new(&network.system, &plan).unwrap().report());
        assert_rejected(&r1cs, &prove(&network, &plan).assignment(), &Mutation::all(), |_| false);
    }
}

#[test]
fn costs_of_a_clinical_mlp() {
    let architecture = mlp(&[30, 64, 32, 2], Interval::new(0, 4095), 8, &RELU, OutcomeKind::Class);
    let network = Network::random(&architecture, 1);
    for plan in plans(&network) {
        let circuit = NetworkCircuit::new(&network.system, &plan).expect("a sound system");
        println!("{}", circuit.report());
    }
    assert_complete(&network, &Plan::choose(&network.system));
}
