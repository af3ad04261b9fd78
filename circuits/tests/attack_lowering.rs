//! Lowering under attack: threads, plans, groups, and models of arbitrary field elements.

mod layers_support;
mod support;

use ark_ff::{Field, UniformRand, Zero};
use ark_std::rand::{SeedableRng, rngs::StdRng};
use layers_support::{Case, Sketch};
use support::networks::Network;
use zkdx_circuits::architecture::{Interval, ValueId};
use zkdx_circuits::layers::{Layer, MaxPool, ValueType};
use zkdx_circuits::lower::{LowerError, Multiply, NetworkCircuit, Plan, Strategy};
use zkdx_circuits::r1cs::{FirstRoundWitness, Group, R1cs, SecondRoundWitness, shape};
use zkdx_circuits::system::{
    BlindingId, Blindings, Groups, Packing, SystemBuilder, SystemWitness, Table, TensorSystem, WordId,
};
use zkdx_circuits::{Fr, OutcomeKind, Parameters, Record, Window, WindowAxis};

const BYTES: Interval = Interval::new(-8, 7);

/// A padded convolution in groups with a bias for each position, overlapping pools, rounding, a dense layer.
fn network() -> Network {
    let conv = WindowAxis { stride: 2, before: 2, after: 1, ..WindowAxis::new(7, 3) };
    let dilated = WindowAxis { dilation: 3, before: 1, ..WindowAxis::new(5, 2) };
    let mut sketch = Sketch::new(&[1, 4, 7, 5], BYTES);
    let bias = Some((true, Interval::new(-200, 200)));
    let window = Window { axes: vec![conv, dilated] };
    let conv = sketch.conv(ValueId::RECORD, (4, 6, 2), &window, BYTES, bias);
    let [rows, columns] = window.output_shape()[..] else { panic!("two axes") };
    let overlapping = |size| WindowAxis { before: 1, ..WindowAxis::new(size, 2) };
    let window = Window { axes: vec![overlapping(rows), overlapping(columns)] };
    let largest = sketch.layer(Layer::MaxPool(MaxPool { window }), &[conv]);
    let active = sketch.clamp(largest, 4, 0, 15);
    let flat = sketch.rearrange(active, &[1, 6 * rows * columns], None, 0);
    let scores = sketch.dense(flat, [6 * rows * columns, 2], BYTES, None);
    let mut architecture = sketch.finish(scores);
    architecture.outcome = OutcomeKind::Commitment;
    let case = Case::seeded(architecture, 7);
    Network::new(case.system(), case.parameters.clone(), &case.record)
}

fn plan(network: &Network, multiply: Multiply, rows: bool) -> Plan {
    Plan::pick(&network.system, vec![4], Some(multiply), move |_, ways| {
        ways.iter().find(|&&way| (way == Strategy::Rows) == rows).copied()
    })
}

fn prove(network: &Network, plan: &Plan) -> SecondRoundWitness {
    let circuit = NetworkCircuit::new(&network.system, plan).expect("a sound system");
    let circuit = circuit.with_witness(&network.witness, Blindings::single(&network.record, &network.outcome));
    let mut rng = StdRng::seed_from_u64(5);
    let first = FirstRoundWitness::new(&circuit, network.words.clone());
    first.finish(vec![Fr::rand(&mut rng), Fr::rand(&mut rng)]).expect("no denominator is zero")
}

fn matrices(network: &Network, plan: &Plan) -> R1cs {
    shape(&NetworkCircuit::new(&network.system, plan).expect("a sound system"))
}

#[test]
fn any_number_of_threads_makes_the_same_assignment() {
    let network = network();
    for (multiply, rows) in [(Multiply::Powers, true), (Multiply::Limbs, false)] {
        let plan = plan(&network, multiply, rows);
        let r1cs = matrices(&network, &plan);
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| prove(&network, &plan))
        };
        let alone = run(1);
        assert_eq!(r1cs.violated(&alone.assignment()), None);
        for threads in [2, 3, 7, 64] {
            let many = run(threads);
            assert!(many.assignment() == alone.assignment() && many.sides() == alone.sides(), "{threads} threads");
        }
    }
}

/// Every first-round column of a network with overlapping pools, moved so that the packed sums stay as they are.
#[test]
fn carries_between_limbs_are_noticed() {
    let network = network();
    for multiply in [Multiply::Limbs, Multiply::Powers] {
        let plan = plan(&network, multiply, false);
        let (r1cs, proof) = (matrices(&network, &plan), prove(&network, &plan));
        let honest = proof.assignment();
        let (small, field) = (r1cs.columns.start(Group::Small), r1cs.columns.start(Group::Field));
        for column in small..field {
            for bits in (1..64).step_by(3) {
                let mut forged = honest.clone();
                forged[column] += Fr::from(2u64).pow([bits]);
                let next = if column + 1 < field { column + 1 } else { small };
                forged[next] -= Fr::from(1u64);
                assert!(!noticed(&r1cs, &forged, column, next).is_empty(), "{column} by 2^{bits}");
            }
        }
    }
}

/// Rows that read one of two columns and are violated.
fn noticed(r1cs: &R1cs, assignment: &[Fr], first: usize, second: usize) -> Vec<usize> {
    let reads = |row: usize| {
        let entries = [&r1cs.a, &r1cs.b, &r1cs.c].into_iter().flat_map(|matrix| matrix.row(row));
        entries.into_iter().any(|(column, _)| column == first || column == second)
    };
    let holds = |row: usize| {
        let [a, b, c] = [&r1cs.a, &r1cs.b, &r1cs.c].map(|matrix| matrix.dot(row, assignment));
        a * b == c
    };
    (0..r1cs.constraints()).filter(|&row| reads(row) && !holds(row)).take(1).collect()
}

#[test]
fn plans_that_do_not_fit_are_refused() {
    let network = network();
    let text = serde_json::to_value(Plan::choose(&network.system)).expect("plain data");
    let with = |contractions: &[&str]| {
        let mut text = text.clone();
        text["contractions"] = contractions.iter().copied().collect();
        serde_json::from_value::<Plan>(text).expect("a plan")
    };
    for count in [0, 1, 3] {
        let plan = with(&vec!["powers"; count]);
        assert!(matches!(NetworkCircuit::new(&network.system, &plan), Err(LowerError::Plan { .. })));
    }
    // Powers for one row are a waste, and as sound as for many.
    let plan = with(&["powers", "powers"]);
    let (r1cs, proof) = (matrices(&network, &plan), prove(&network, &plan));
    assert_eq!(r1cs.violated(&proof.assignment()), None);
    assert_ne!(r1cs.digest(), matrices(&network, &with(&["limbs", "limbs"])).digest());
}

/// Rows of sides are written out like those of any table, so there are no more of them.
#[test]
fn sides_have_no_more_rows_than_other_tables() {
    let text = r#"{"chunk_bits":[4],"tables":[{"clamp":"sides"}],"contractions":[]}"#;
    let plan: Plan = serde_json::from_str(text).expect("a plan");
    let refused = |image: i64| {
        let table =
            Table::Clamp { domain: Interval::new(-(1 << 24), (1 << 24) - 1), image: Interval::new(0, image - 1) };
        let system = TensorSystem { tables: vec![table], ..TensorSystem::default() };
        matches!(NetworkCircuit::new(&system, &plan), Err(LowerError::Plan { .. }))
    };
    assert!(!refused(256) && !refused((1 << 22) - 2));
    assert!(refused((1 << 22) - 1) && refused(1 << 24));
}

fn pooled(groups: Groups, entries: Vec<i64>) -> (TensorSystem, SystemWitness) {
    let mut system = SystemBuilder::new(&[]);
    let interval = Interval::new(0, 3);
    let record = system.record(ValueType { shape: vec![entries.len()], interval });
    system.hash(Packing::dense(record, 0..entries.len(), interval), BlindingId::Record(0), WordId(0));
    system.vanish(record, groups);
    let system = system.finish();
    let witness = system.witness(&Record::new(entries), &Parameters::new(vec![])).expect("a witness");
    (system, witness)
}

#[test]
fn circuit_and_oracle_agree_on_groups_of_any_size() {
    let groups = |lists: &[&[u32]]| {
        let mut groups = Groups::default();
        lists.iter().for_each(|list| groups.push(list.iter().copied()));
        groups
    };
    let cases: [(&[&[u32]], bool); 6] = [
        (&[&[0]], true),
        (&[&[1]], false),
        (&[&[1, 2]], false),
        (&[&[1, 0, 2], &[2, 0]], true),
        (&[&[1, 0], &[]], false),
        (&[], true),
    ];
    for (lists, expected) in cases {
        let (system, witness) = pooled(groups(lists), vec![0, 1, 2]);
        let [record, outcome] = layers_support::blindings();
        let words = system.words(&witness, Blindings::single(&record, &outcome));
        assert_eq!(system.check(&witness, &words, Blindings::single(&record, &outcome)).is_ok(), expected, "{lists:?}");
        let plan = Plan::choose(&system);
        let circuit = NetworkCircuit::new(&system, &plan).expect("a sound system");
        let constraints = shape(&circuit).constraints() as u64;
        assert_eq!(constraints, circuit.report().constraints(), "{lists:?}");
        let circuit = circuit.with_witness(&witness, Blindings::single(&record, &outcome));
        let mut rng = StdRng::seed_from_u64(1);
        let proof = FirstRoundWitness::new(&circuit, words).finish(vec![Fr::rand(&mut rng), Fr::rand(&mut rng)]);
        assert_eq!(proof.expect("no zero").violated().is_none(), expected, "{lists:?}");
    }
}

/// A challenge of 0 would leave the moments of shifted taps free, so nobody proves with it.
#[test]
fn challenges_of_zero_are_refused() {
    let network = network();
    let plan = plan(&network, Multiply::Powers, false);
    let circuit = NetworkCircuit::new(&network.system, &plan).expect("a sound system");
    let circuit = circuit.with_witness(&network.witness, Blindings::single(&network.record, &network.outcome));
    let first = FirstRoundWitness::new(&circuit, network.words.clone());
    let x = Fr::rand(&mut StdRng::seed_from_u64(9));
    assert!(first.finish(vec![x, Fr::zero()]).is_err());
}
