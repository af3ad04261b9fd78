//! Networks as constraints: completeness, agreement with the matrices, cost, soundness column by column.

mod support;

use ark_ff::UniformRand;
use ark_std::rand::{SeedableRng, rngs::StdRng};
use support::networks::{Network, mlp};
use support::{Mutation, assert_rejected, is_idle};
use zkdx_circuits::Fr;
use zkdx_circuits::architecture::{Interval, OutcomeKind, ParameterId, ParameterSpec};
use zkdx_circuits::gadgets::clamp::Method;
use zkdx_circuits::layers::{Activation, ValueType};
use zkdx_circuits::lower::{LowerError, Multiply, NetworkCircuit, Plan, Strategy, weights};
use zkdx_circuits::r1cs::{FirstRoundWitness, Group, R1cs, SecondRoundWitness, shape};
use zkdx_circuits::system::{BlindingId, Blindings, ContractForm, Packing, Relation, Sizes, SystemBuilder, WordId};

const RELU: Activation = Activation::Clamp(Interval::new(0, 127));
const INT8: Activation = Activation::Clamp(Interval::new(-128, 127));

fn prove(network: &Network, plan: &Plan) -> SecondRoundWitness {
    let circuit = NetworkCircuit::new(&network.system, plan).expect("a sound system");
    let circuit = circuit.with_witness(&network.witness, Blindings::single(&network.record, &network.outcome));
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
    let pick = |chunk_bits: &[u32], multiply, wanted: &'static [Strategy]| {
        Plan::pick(&network.system, chunk_bits.to_vec(), Some(multiply), move |table, ways| {
            let small = |way: &&Strategy| **way != Strategy::Rows || table.domain().size() <= 1 << 10;
            wanted.iter().find(|way| ways.contains(way) && small(way)).copied()
        })
    };
    let split = &[Strategy::Range, Strategy::Clamp(Method::Split), Strategy::ClampThenRows(Method::Split)];
    let complement =
        &[Strategy::Range, Strategy::Clamp(Method::Complement), Strategy::ClampThenRows(Method::Complement)];
    let sides = &[Strategy::Range, Strategy::Clamp(Method::Sides), Strategy::ClampThenRows(Method::Sides)];
    let chosen = Plan::choose(&network.system);
    let (limbs, powers) = (Multiply::Limbs, Multiply::Powers);
    let rows = pick(&[], powers, &[Strategy::Rows]);
    let mut plans = vec![chosen, rows, pick(&[], limbs, split), pick(&[3, 5], limbs, split)];
    plans.extend([pick(&[4], powers, complement), pick(&[2, 3], limbs, sides)]);
    plans
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
    let registered = weights(&network.system, plan, &network.parameters).expect("a sound system");
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
fn tiles_have_rows_and_columns() {
    let mut architecture = mlp(&[5, 7, 2], Interval::new(0, 15), 4, &RELU, OutcomeKind::Class);
    architecture.input_shape = vec![4, 5];
    architecture.encoding.len = 20;
    architecture.labels = (0..8).map(|class| format!("class {class}")).collect();
    let network = Network::random(&architecture, 1);
    plans(&network).iter().for_each(|plan| assert_complete(&network, plan));
    let report = NetworkCircuit::new(&network.system, &plans(&network)[0]).expect("a sound system").report();
    let tiles = report.costs.iter().filter(|cost| cost.subject.ends_with("products"));
    let strategies: Vec<_> = tiles.map(|cost| (cost.strategy.as_str(), cost.constraints)).collect();
    assert_eq!(strategies, [("2 × 7 limbs of 17 bits", 10), ("4 × 2 limbs of 19 bits", 7)]);
}

/// Two batch entries, each with weights of its own, then a contraction of the record with itself.
#[test]
fn contractions_of_all_kinds() {
    let spec =
        |name: &str, shape| ParameterSpec { name: name.into(), shape, interval: Interval::new(-8, 7), norm: None };
    let parameters = [spec("batched", vec![2, 3, 4]), spec("shared", vec![3, 4])];
    let mut builder = SystemBuilder::new(&parameters);
    let entries = Interval::new(-4, 3);
    let record = builder.record(ValueType { shape: vec![2, 2, 3], interval: entries });
    builder.hash(Packing::dense(record, 0..12, entries), BlindingId::Record(0), WordId(0));
    let [batched, shared] = [ParameterId(0), ParameterId(1)].map(|id| builder.weight(id).expect("a parameter"));
    let kinds = [(record, 2, 2), (batched, 2, 4), (shared, 1, 4), (shared, 1, 4)];
    for (right, batch, columns) in kinds {
        let sizes = Sizes { batch, rows: 4 / batch, inner: 3, columns, form: ContractForm::Matrices };
        let value = ValueType { shape: vec![4, columns], interval: Interval::new(-96, 96) };
        let out = builder.contract("out", value, [record, right], sizes).expect("small integers");
        builder.range(out, Interval::new(-128, 127));
    }
    let network = Network::random_values(builder.finish(), &parameters, 12, entries, 1);
    plans(&network).iter().for_each(|plan| assert_complete(&network, plan));
    let plan = Plan::choose(&network.system);
    let r1cs = matrices(&network, &plan);
    let assignment = prove(&network, &plan).assignment();
    assert_rejected(&r1cs, &assignment, &Mutation::all(), |column| is_idle(&r1cs, &assignment, column));
}

#[test]
fn every_column_matters() {
    let table = Activation::Table { clamp: Interval::new(-4, 3), values: vec![3, 1, 4, 1, 5, 9, 2, 6] };
    for (activation, outcome) in
        [(RELU, OutcomeKind::Commitment), (INT8, OutcomeKind::ClassAndScores), (table, OutcomeKind::Class)]
    {
        let architecture = mlp(&[2, 3, 2], Interval::new(1, 4), 3, &activation, outcome);
        let network = Network::random(&architecture, 1);
        for plan in plans(&network) {
            let r1cs = matrices(&network, &plan);
            let assignment = prove(&network, &plan).assignment();
            let idle: Vec<_> = (1..assignment.len()).filter(|&column| is_idle(&r1cs, &assignment, column)).collect();
            let hints = idle.iter().filter(|&&column| column >= r1cs.columns.start(Group::Field)).count();
            assert!(hints <= 3, "at most one hint for each of the three clamps");
            assert!(
                idle.iter()
                    .all(|&column| column >= r1cs.columns.start(Group::Field)
                        || column < r1cs.columns.start(Group::Small))
            );
            assert_rejected(&r1cs, &assignment, &Mutation::all(), |column| idle.contains(&column));
        }
    }
}

#[test]
fn costs_of_a_clinical_mlp() {
    let architecture = mlp(&[30, 64, 32, 2], Interval::new(0, 4095), 8, &RELU, OutcomeKind::Class);
    let network = Network::random(&architecture, 1);
    let costs = plans(&network).iter().map(|plan| matrices(&network, plan).constraints()).collect::<Vec<_>>();
    assert_eq!(costs, [1887, 3554, 3840, 2106, 3365, 2665]);
    assert_complete(&network, &Plan::choose(&network.system));
}

#[test]
fn the_shape_of_a_small_mlp_is_pinned() {
    let architecture = mlp(&[4, 3, 2], Interval::new(0, 15), 4, &RELU, OutcomeKind::ClassAndScores);
    let network = Network::random(&architecture, 1);
    let r1cs = matrices(&network, &Plan::choose(&network.system));
    let other = Network::random(&architecture, 2);
    assert_eq!(r1cs, matrices(&other, &Plan::choose(&other.system)), "a shape knows neither weights nor record");
    let digest: String = r1cs.digest().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, "9e9471c136d67492996761ab9a0bdf81170a515a96fc2f3ef8e8bb8bcd4d28c1");
}

#[test]
fn a_plan_survives_its_json_and_fits_its_system_alone() {
    let network = Network::random(&mlp(&[4, 3, 2], Interval::new(0, 15), 4, &RELU, OutcomeKind::Class), 1);
    let plan = Plan::choose(&network.system);
    let json = serde_json::to_string(&plan).expect("plain data");
    assert_eq!(plan, serde_json::from_str(&json).expect("its own JSON"));
    let other = Network::random(&mlp(&[4, 3, 3, 2], Interval::new(0, 15), 4, &INT8, OutcomeKind::Class), 1);
    assert!(matches!(NetworkCircuit::new(&other.system, &plan), Err(LowerError::Plan { .. })));
}

#[test]
fn what_would_be_free_is_refused() {
    let network = Network::random(&mlp(&[4, 3, 2], Interval::new(0, 15), 4, &RELU, OutcomeKind::Class), 1);
    let refusal = |keep: fn(&Relation) -> bool| {
        let mut system = network.system.clone();
        system.relations.retain(keep);
        let plan = Plan::choose(&system);
        NetworkCircuit::new(&system, &plan).err()
    };
    let unbounded = refusal(|relation| !matches!(relation, Relation::Lookup(_)));
    assert!(matches!(unbounded, Some(LowerError::Unbounded { .. })));
    let free = refusal(|relation| !matches!(relation, Relation::Publish(_)));
    assert_eq!(free, Some(LowerError::FreeWord { word: 1 }));
}
