//! Networks against provers that choose tensors: the circuit accepts exactly what the oracle accepts.

mod support;

use ark_ff::UniformRand;
use ark_std::rand::{SeedableRng, rngs::StdRng};
use proptest::prelude::*;
use support::networks::{Network, mlp};
use zkdx_circuits::Fr;
use zkdx_circuits::architecture::{Interval, OutcomeKind};
use zkdx_circuits::layers::Activation;
use zkdx_circuits::lower::{NetworkCircuit, Plan};
use zkdx_circuits::r1cs::FirstRoundWitness;
use zkdx_circuits::system::{Blindings, Role, TensorId};

/// Constraints that the witness of `network` violates under `plan`.
fn violations(network: &Network, plan: &Plan) -> usize {
    let circuit = NetworkCircuit::new(&network.system, plan).expect("a sound system");
    let circuit = circuit.with_witness(&network.witness, Blindings::single(&network.record, &network.outcome));
    let mut rng = StdRng::seed_from_u64(3);
    let challenges = vec![Fr::rand(&mut rng), Fr::rand(&mut rng)];
    let proof = FirstRoundWitness::new(&circuit, network.words.clone()).finish(challenges).expect("no zero");
    let [a, b, c] = proof.sides();
    (0..a.len()).filter(|&row| a[row] * b[row] != c[row]).count()
}

fn accepted(network: &Network) -> bool {
    network.system.check(&network.witness, &network.words, Blindings::single(&network.record, &network.outcome)).is_ok()
}

/// Recomputes every tensor that is an expression from those in columns, and the statement.
fn follow(network: &mut Network) {
    for solved in network.system.expressions() {
        let linear = solved.linear;
        let entry = |k: usize| {
            let terms = linear.terms.iter().filter_map(|term| {
                Some(term.coefficient.wrapping_mul(network.witness.entries(term.tensor)[term.map.get(k)?]))
            });
            terms.fold(linear.constant, i64::wrapping_add)
        };
        let values: Vec<_> = (0..network.system.tensor(linear.out).len()).map(entry).collect();
        network.witness.tensors[linear.out.0].iter_mut().zip(values).for_each(|(old, new)| *old = new);
    }
    network.words = network.system.words(&network.witness, Blindings::single(&network.record, &network.outcome));
}

fn add(network: &mut Network, tensor: TensorId, index: usize, delta: i64) {
    if let Some(entry) = network.witness.tensors[tensor.0].iter_mut().nth(index) {
        *entry = entry.wrapping_add(delta);
    }
}

fn find(network: &Network, name: &str) -> TensorId {
    let position = network.system.tensors.iter().position(|info| info.name.ends_with(name));
    TensorId(position.expect("a tensor of that name"))
}

fn network(seed: u64) -> Network {
    let relu = Activation::Clamp(Interval::new(0, 15));
    Network::random(&mlp(&[3, 4, 2], Interval::new(0, 7), 4, &relu, OutcomeKind::ClassAndScores), seed)
}

fn activations() -> impl Strategy<Value = Activation> {
    let table = Activation::Table { clamp: Interval::new(-3, 4), values: vec![5, -1, 0, 2, 2, 7, 1, -6] };
    let clamps = [(0, 15), (-8, 7), (-7, 7), (3, 3)].map(|(lo, hi)| Activation::Clamp(Interval::new(lo, hi)));
    proptest::sample::select([clamps.as_slice(), &[table]].concat())
}

fn outcomes() -> impl Strategy<Value = OutcomeKind> {
    proptest::sample::select(vec![OutcomeKind::Class, OutcomeKind::ClassAndScores, OutcomeKind::Commitment])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_circuit_accepts_what_the_oracle_accepts(
        sizes in proptest::collection::vec(1usize..5, 2..5),
        activation in activations(),
        outcome in outcomes(),
        shift in 0u32..6,
        seed: u64,
        changes in proptest::collection::vec((any::<usize>(), any::<usize>(), -300i64..300), 0..3),
        power in 0u32..40,
    ) {
        let architecture = mlp(&sizes, Interval::new(-2, 5), shift, &activation, outcome);
        let mut network = Network::random(&architecture, seed);
        let plan = Plan::choose(&network.system);
        prop_assert!(accepted(&network));
        prop_assert_eq!(violations(&network, &plan), 0);
        for (tensor, index, delta) in changes {
            let tensor = TensorId(tensor % network.system.tensors.len());
            let index = index % network.system.tensor(tensor).len();
            let delta = if delta % 5 == 0 { 1 << power } else { delta };
            add(&mut network, tensor, index, delta);
        }
        follow(&mut network);
        prop_assert_eq!(accepted(&network), violations(&network, &plan) == 0);
    }
}

/// Moving `2^L` from one limb to one of the next leaves the packed sum as it is; the windows stop it.
#[test]
fn limbs_do_not_carry() {
    let mut forged = network(1);
    let plan = Plan::choose(&forged.system);
    let honest = forged.witness.entries(find(&forged, "dense_0.products")).into_owned();
    let report = NetworkCircuit::new(&forged.system, &plan).expect("a sound system").report();
    let strategy =
        &report.costs.iter().find(|cost| cost.subject == "dense_0.products").expect("a contraction").strategy;
    let bits: u32 = strategy.split(' ').rev().nth(1).and_then(|bits| bits.parse().ok()).expect("bits of a limb");
    let (quotient, remainder) = (find(&forged, "quotient"), find(&forged, "remainder"));
    add(&mut forged, quotient, 0, 1 << (bits - 4));
    add(&mut forged, remainder, 1, -1);
    follow(&mut forged);
    let products = forged.witness.entries(find(&forged, "dense_0.products")).into_owned();
    assert_eq!((products[0] - honest[0], products[1] - honest[1]), (1 << bits, -1), "the packed sum is the same");
    assert!(!accepted(&forged));
    assert!(violations(&forged, &plan) > 0);
}

/// Entries at, and one beyond, the ends of their intervals; what follows from them recomputed.
#[test]
fn remainders_stop_below_the_divisor() {
    for delta in [16, -16] {
        let mut forged = network(2);
        let plan = Plan::choose(&forged.system);
        let (quotient, remainder) = (find(&forged, "quotient"), find(&forged, "remainder"));
        add(&mut forged, remainder, 2, delta);
        add(&mut forged, quotient, 2, -delta / 16);
        let (key, value) = (quotient, find(&forged, "activation"));
        let clamped = forged.witness.entries(key)[2].clamp(0, 15) - forged.witness.entries(value)[2];
        add(&mut forged, value, 2, clamped);
        follow(&mut forged);
        assert!(!accepted(&forged));
        assert!(violations(&forged, &plan) > 0);
    }
}

#[test]
fn another_weight_is_another_model() {
    // With the rest of the witness as it was, the contraction fails.
    let mut forged = network(3);
    let plan = Plan::choose(&forged.system);
    let weights = forged.system.tensors.iter().position(|info| matches!(info.role, Role::Weight(_)));
    let record = find(&forged, "record");
    let read = forged.witness.entries(record).iter().position(|&entry| entry != 0).expect("a record that is not empty");
    add(&mut forged, TensorId(weights.expect("a weight")), read * 4, 1);
    assert!(violations(&forged, &plan) > 0);
}
