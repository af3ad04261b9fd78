//! Several records in one system: each gets the words that it gets alone, and nothing of one can stand for another.

mod layers_support;
mod support;

use std::num::NonZeroUsize;

use ark_ff::UniformRand;
use ark_std::rand::{SeedableRng, rngs::StdRng};
use layers_support::{Case, Sketch, assert_bounded, assert_expressible, assert_solutions, set, splitmix, window};
use proptest::prelude::*;
use support::{Mutation, assert_rejected, is_idle};
use zkdx_circuits::architecture::{Interval, ValueId};
use zkdx_circuits::layers::{self, Layer, MatMul, MaxPool, Share, Standardize, SumPool};
use zkdx_circuits::lower::{Multiply, NetworkCircuit, Plan, weights};
use zkdx_circuits::r1cs::{FirstRoundWitness, Group, shape};
use zkdx_circuits::system::{Blindings, Role, SystemWitness, TensorSystem, compile};
use zkdx_circuits::{Architecture, Blinding, Fr, OutcomeKind, Record, Window, WindowAxis};

const RECORD: ValueId = ValueId::RECORD;
const BYTES: Interval = Interval::new(-8, 7);
const KINDS: [OutcomeKind; 3] = [OutcomeKind::Class, OutcomeKind::ClassAndScores, OutcomeKind::Commitment];

/// Cases of one architecture and model, with the blindings of each record and its outcome.
struct Several {
    cases: Vec<Case>,
    blindings: [Vec<Blinding>; 2],
    system: TensorSystem,
    record: Record,
}

/// The same architecture on so many records.
fn on(architecture: &Architecture, records: usize) -> Architecture {
    Architecture { records: NonZeroUsize::new(records).expect("some records"), ..architecture.clone() }
}

impl Several {
    fn new(architecture: &Architecture, records: usize, seed: u64) -> Self {
        let model = Case::seeded(architecture.clone(), seed).parameters;
        let case =
            |index| Case { parameters: model.clone(), ..Case::seeded(architecture.clone(), seed ^ (index << 32)) };
        let cases: Vec<Case> = (1..=records as u64).map(case).collect();
        let of = |first: u64| (0..records as u64).map(|i| Blinding::from_field(Fr::from(first + i))).collect();
        let system = compile(&on(architecture, records)).expect("the architecture compiles");
        let record = Record::new(cases.iter().flat_map(|case| case.record.entries()).copied().collect());
        Self { cases, blindings: [of(100), of(200)], system, record }
    }

    fn blindings(&self) -> Blindings<'_> {
        let [records, outcomes] = &self.blindings;
        Blindings { records, outcomes }
    }

    fn witness(&self) -> SystemWitness {
        self.system.witness(&self.record, &self.cases[0].parameters).expect("honest inputs have a witness")
    }

    /// The words that each record gets in a system of its own.
    fn alone(&self) -> Vec<Vec<Fr>> {
        let of = |(index, case): (usize, &Case)| {
            let system = case.system();
            case.assert_complete();
            let blindings = Blindings::single(&self.blindings[0][index], &self.blindings[1][index]);
            system.words(&case.witness(&system), blindings)
        };
        self.cases.iter().enumerate().map(of).collect()
    }

    fn assert_complete(&self) -> Vec<Fr> {
        let witness = self.witness();
        let words = self.system.words(&witness, self.blindings());
        assert_eq!(words, self.alone().concat(), "a record has other words among others than alone");
        assert_eq!(self.system.check(&witness, &words, self.blindings()), Ok(()));
        assert_bounded(&self.system);
        assert_expressible(&self.system);
        assert_solutions(&self.system, &witness);
        words
    }

    /// The circuit accepts the same, by each way to multiply.
    fn assert_lowered(&self, words: &[Fr]) {
        let witness = self.witness();
        for multiply in [Multiply::Limbs, Multiply::Powers] {
            let plan = Plan::pick(&self.system, vec![4], Some(multiply), |_, _| None);
            let circuit = NetworkCircuit::new(&self.system, &plan).expect("a sound system");
            let r1cs = shape(&circuit);
            assert_eq!(r1cs.constraints() as u64, circuit.report().constraints());
            let circuit = circuit.with_witness(&witness, self.blindings());
            let mut rng = StdRng::seed_from_u64(5);
            let challenges = vec![Fr::rand(&mut rng), Fr::rand(&mut rng)];
            let proof = FirstRoundWitness::new(&circuit, words.to_vec()).finish(challenges).expect("no zero");
            assert_eq!(proof.violated(), None);
            let registered = weights(&self.system, &plan, &self.cases[0].parameters).expect("a sound system");
            let (start, assignment) = (r1cs.columns.public, proof.assignment());
            assert_eq!(registered, assignment[start..start + r1cs.columns.weight]);
        }
    }
}

/// Every operator: convolution in groups with a bias for each position, pooling, sums, movement that repeats, drops and fills entries.
fn all_operators(kind: OutcomeKind) -> Architecture {
    let same = WindowAxis { before: 1, after: 1, ..WindowAxis::new(4, 3) };
    let halves = WindowAxis { stride: 2, ..WindowAxis::new(4, 2) };
    let halves = Window { axes: vec![halves, halves] };
    let mut sketch = Sketch::new(&[1, 2, 4, 4], BYTES);
    let bias = Some((true, Interval::new(-90, 90)));
    let conv = sketch.conv(RECORD, (2, 4, 2), &Window { axes: vec![same, same] }, BYTES, bias);
    let largest = sketch.layer(Layer::MaxPool(MaxPool { window: halves.clone() }), &[conv]);
    let left = sketch.clamp(largest, 4, 0, 15);
    let factors = Some((0..4).map(|position| position - 1).collect());
    let sums = sketch.layer(Layer::SumPool(SumPool { window: halves, factors }), &[RECORD]);
    let right = sketch.clamp(sums, 2, -8, 7);
    let joined = sketch.concat(&[left, right], 1);
    let scaled = sketch.affine(joined, &[6, 2, 2], BYTES, Some(BYTES));
    let twice = sketch.combine(&[scaled, joined], vec![1, -3], 2);
    let active = sketch.clamp(twice, 3, -16, 15);
    let indices = (0..20).map(|k| (k % 7 != 3).then_some((k * 5 % 24) as u32)).collect();
    let moved = sketch.rearrange(active, &[1, 20], Some(indices), 3);
    let left = sketch.rearrange(moved, &[1, 5, 4], None, 0);
    let right = sketch.rearrange(moved, &[1, 4, 5], None, 0);
    let matrices = sketch.layer(Layer::MatMul(MatMul {}), &[left, right]);
    let matrices = sketch.clamp(matrices, 4, -8, 7);
    let squares = sketch.layer(Layer::Multiply(layers::Multiply {}), &[matrices, matrices]);
    let squares = sketch.clamp(squares, 2, -8, 7);
    let normal = sketch.layer(Layer::Standardize(Standardize { scale: 9, epsilon: 40 }), &[squares]);
    let normal = sketch.clamp(normal, 0, 0, 15);
    let shares = sketch.layer(Layer::Share(Share { scale: 16 }), &[normal]);
    let few = sketch.rearrange(shares, &[1, 25], None, 0);
    let named = sketch.clamp(few, 0, 0, 3);
    let rows = sketch.embed(named, Interval::new(0, 3), 2, BYTES, Some(BYTES));
    let rows = sketch.rearrange(rows, &[1, 50], None, 0);
    let votes = sketch.trees(few, 25, [2, 2, 6, 3], BYTES);
    let flat = sketch.concat(&[few, rows], 1);
    let dense = sketch.dense(flat, [75, 3], BYTES, Some(BYTES));
    let scores = sketch.combine(&[dense, votes], vec![1, -1], 0);
    let mut architecture = sketch.finish(scores);
    architecture.outcome = kind;
    architecture
}

/// A class map of so many scores for each position.
fn class_map(width: usize, kind: OutcomeKind) -> Architecture {
    let mut sketch = Sketch::new(&[1, 3, 2], BYTES);
    let scores = sketch.dense(RECORD, [2, width], BYTES, Some(BYTES));
    sketch.architecture.outcome = kind;
    sketch.finish_map(scores, 3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn records_get_the_words_they_get_alone(records in 1usize..5, kind in prop::sample::select(&KINDS[..]), seed: u64) {
        let several = Several::new(&all_operators(kind), records, seed);
        let words = several.assert_complete();
        several.assert_lowered(&words);
    }

    #[test]
    fn maps_get_the_words_they_get_alone(records in 1usize..4, width in 1usize..4, committed: bool, seed: u64) {
        let kind = if committed { OutcomeKind::Commitment } else { OutcomeKind::Class };
        let several = Several::new(&class_map(width, kind), records, seed);
        let words = several.assert_complete();
        several.assert_lowered(&words);
    }

    #[test]
    fn convolutions_share_their_weights(
        window in window(3), groups in 1usize..3, outputs in 1usize..3, records in 2usize..4, seed: u64,
    ) {
        let mut sketch = Sketch::new(&[&[groups], &window.input_shape()[..]].concat(), BYTES);
        let scores = sketch.conv(RECORD, (groups, groups * outputs, groups), &window, BYTES, None);
        let mut architecture = sketch.finish(scores);
        architecture.outcome = OutcomeKind::Class;
        let several = Several::new(&architecture, records, seed);
        let words = several.assert_complete();
        several.assert_lowered(&words);
    }
}

/// Words of another record, and every change of an entry or of a word.
#[test]
fn nothing_else_is_accepted() {
    assert_nothing_else_is_accepted(&all_operators(OutcomeKind::ClassAndScores));
    (1..4).for_each(|width| assert_nothing_else_is_accepted(&class_map(width, OutcomeKind::Class)));
}

fn assert_nothing_else_is_accepted(architecture: &Architecture) {
    let several = Several::new(architecture, 2, 9);
    let words = several.assert_complete();
    let mut witness = several.witness();
    let accepts =
        |witness: &SystemWitness, words: &[Fr]| several.system.check(witness, words, several.blindings()).is_ok();
    let (first, second) = words.split_at(words.len() / 2);
    assert_ne!(first, second);
    assert!(!accepts(&witness, &[second, first].concat()));
    assert!(!accepts(&witness, &[first, first].concat()));
    assert!(!accepts(&witness, first));
    for index in 0..words.len() {
        let mut other = words.clone();
        other[index] += Fr::from(1u64);
        assert!(!accepts(&witness, &other));
    }
    let mut state = 3;
    for (index, info) in several.system.tensors.iter().enumerate() {
        if matches!(info.role, Role::Weight(_)) {
            continue;
        }
        for entry in 0..info.len() {
            let honest = witness.entry(zkdx_circuits::system::TensorId(index), entry);
            for lie in [honest + 1, honest - 1, honest ^ (1 << (splitmix(&mut state) % 40))] {
                set(&mut witness, index, entry, lie);
                assert!(!accepts(&witness, &words), "entry {entry} of {} may be {lie} for {honest}", info.name);
            }
            set(&mut witness, index, entry, honest);
        }
    }
}

/// Every column of either record in the circuit, by each way to multiply; columns that only zeros meet are free, as in a system of one.
#[test]
fn every_changed_column_is_noticed() {
    assert_every_column_is_noticed(&all_operators(OutcomeKind::Commitment));
    for width in 1..4 {
        assert_every_column_is_noticed(&class_map(width, OutcomeKind::Class));
        assert_every_column_is_noticed(&class_map(width, OutcomeKind::Commitment));
    }
}

fn assert_every_column_is_noticed(architecture: &Architecture) {
    let several = Several::new(architecture, 2, 5);
    let (words, witness) = (several.assert_complete(), several.witness());
    for multiply in [Multiply::Limbs, Multiply::Powers] {
        let plan = Plan::pick(&several.system, vec![4], Some(multiply), |_, _| None);
        let circuit = NetworkCircuit::new(&several.system, &plan).expect("a sound system");
        let (r1cs, circuit) = (shape(&circuit), circuit.with_witness(&witness, several.blindings()));
        let mut rng = StdRng::seed_from_u64(5);
        let challenges = vec![Fr::rand(&mut rng), Fr::rand(&mut rng)];
        let assignment =
            FirstRoundWitness::new(&circuit, words.clone()).finish(challenges).expect("no zero").assignment();
        let idle: Vec<bool> = (0..assignment.len()).map(|column| is_idle(&r1cs, &assignment, column)).collect();
        let small = r1cs.columns.start(Group::Small)..r1cs.columns.start(Group::Field);
        let idle_small = small.filter(|&column| idle[column]).count();
        assert_eq!(idle_small, 0, "a value of the first round that nothing binds");
        assert_rejected(&r1cs, &assignment, &Mutation::all(), |column| idle[column]);
    }
}

/// The weights' constraints are there once: sixteen records cost far less than sixteen times one.
#[test]
fn weights_cost_once() {
    let mut sketch = Sketch::new(&[256], BYTES);
    let hidden = sketch.dense(RECORD, [256, 256], BYTES, None);
    let active = sketch.clamp(hidden, 6, 0, 15);
    let scores = sketch.dense(active, [256, 3], BYTES, None);
    let mut architecture = sketch.finish(scores);
    architecture.outcome = OutcomeKind::Class;
    let constraints = |records: usize| {
        let system = compile(&on(&architecture, records)).expect("the architecture compiles");
        let plan = Plan::choose(&system);
        let constraints = NetworkCircuit::new(&system, &plan).expect("a sound system").report().constraints();
        constraints / records as u64
    };
    let (one, sixteen) = (constraints(1), constraints(16));
    assert!(3 * sixteen < one, "{one} constraints for a record alone, {sixteen} among sixteen");
}

#[test]
fn too_many_records_are_refused() {
    let architecture = all_operators(OutcomeKind::Class);
    assert!(on(&architecture, 32).validate().is_ok());
    for records in [33, 1 << 40, usize::MAX] {
        assert!(on(&architecture, records).validate().is_err(), "{records}");
    }
}
