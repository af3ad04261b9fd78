//! Convolution and pooling: interpreter, oracle and circuit agree, and nothing else is accepted.

mod layers_support;
mod support;

use ark_ff::UniformRand;
use ark_std::rand::{SeedableRng, rngs::StdRng};
use layers_support::{
    Case, Sketch, assert_bounded, assert_expressible, assert_solutions, assert_sound, interval, window,
};
use proptest::prelude::*;
use support::networks::Network;
use support::{Mutation, assert_rejected, is_idle};
use zkdx_circuits::architecture::{Architecture, Interval, ValueId};
use zkdx_circuits::layers::{Activation, Layer, MaxPool, SumPool};
use zkdx_circuits::lower::{Multiply, NetworkCircuit, Plan, weights};
use zkdx_circuits::r1cs::{FirstRoundWitness, Group, R1cs, SecondRoundWitness, shape};
use zkdx_circuits::system::Blindings;
use zkdx_circuits::{Fr, OutcomeKind, Parameters, Record, Window, WindowAxis};

const RECORD: ValueId = ValueId::RECORD;
const BYTES: Interval = Interval::new(-8, 7);

fn finish(sketch: Sketch, scores: ValueId, seed: u64) -> Case {
    let mut architecture = sketch.finish(scores);
    architecture.outcome = OutcomeKind::Commitment;
    Case::seeded(architecture, seed)
}

/// `[1, channels, spatial…]`
fn image(channels: usize, window: &Window) -> Vec<usize> {
    [&[1, channels], &window.input_shape()[..]].concat()
}

prop_compose! {
    fn conv()(
        window in window(2), groups in 1usize..4, inputs in 1usize..3, outputs in 1usize..4,
        weights in interval(127), bias in proptest::option::of((any::<bool>(), interval(5000))), seed: u64,
    ) -> Case {
        let mut sketch = Sketch::new(&image(groups * inputs, &window), BYTES);
        let channels = (groups * inputs, groups * outputs, groups);
        let scores = sketch.conv(RECORD, channels, &window, weights, bias);
        finish(sketch, scores, seed)
    }
}

prop_compose! {
    fn max_pool()(
        window in window(2).prop_filter("windows that read something", |window| {
            window.sources().chunks(window.taps()).all(|reads| reads.iter().any(Option::is_some))
        }),
        channels in 1usize..3, shift in 0u32..3, seed: u64,
    ) -> Case {
        let mut sketch = Sketch::new(&image(channels, &window), BYTES);
        let largest = sketch.layer(Layer::MaxPool(MaxPool { window }), &[RECORD]);
        let scores = sketch.clamp(largest, shift, 0, 5);
        finish(sketch, scores, seed)
    }
}

prop_compose! {
    fn sum_pool()(window in window(2), channels in 1usize..3, varied: bool, seed: u64) -> Case {
        let mut sketch = Sketch::new(&image(channels, &window), BYTES);
        let factors = varied.then(|| (0..window.positions() as i64).map(|position| position % 4 - 1).collect());
        let scores = sketch.layer(Layer::SumPool(SumPool { window, factors }), &[RECORD]);
        finish(sketch, scores, seed)
    }
}

/// Convolution, pooling before rounding, and a dense layer.
fn tiny_cnn(seed: u64) -> Case {
    let same = WindowAxis { before: 1, after: 1, ..WindowAxis::new(4, 3) };
    let mut sketch = Sketch::new(&[1, 1, 4, 4], BYTES);
    let bias = Some((false, Interval::new(-200, 200)));
    let conv = sketch.conv(RECORD, (1, 3, 1), &Window { axes: vec![same, same] }, BYTES, bias);
    let halves = WindowAxis { stride: 2, ..WindowAxis::new(4, 2) };
    let largest = sketch.layer(Layer::MaxPool(MaxPool { window: Window { axes: vec![halves, halves] } }), &[conv]);
    let active = sketch.clamp(largest, 4, 0, 15);
    let flat = sketch.rearrange(active, &[1, 12], None, 0);
    let scores = sketch.dense(flat, [12, 2], BYTES, None);
    finish(sketch, scores, seed)
}

fn assert_all(case: &Case, seed: u64) {
    case.assert_complete();
    let system = case.system();
    assert_bounded(&system);
    assert_expressible(&system);
    assert_solutions(&system, &case.witness(&system));
    assert_sound(case, seed);
    for multiply in [Multiply::Limbs, Multiply::Powers] {
        assert_lowered(case, multiply);
    }
}

fn assert_lowered(case: &Case, multiply: Multiply) {
    let network = Network::new(case.system(), case.parameters.clone(), &case.record);
    let plan = Plan::pick(&network.system, vec![4], Some(multiply), |_, _| None);
    let (r1cs, proof) = lowered(&network, &plan);
    assert_eq!(proof.violated(), None);
    let assignment = proof.assignment();
    for (matrix, side) in [&r1cs.a, &r1cs.b, &r1cs.c].into_iter().zip(proof.sides()) {
        assert!((0..side.len()).all(|row| matrix.dot(row, &assignment) == side[row]));
    }
    let registered = weights(&network.system, &plan, &network.parameters).expect("a sound system");
    let start = r1cs.columns.public;
    assert_eq!(registered, assignment[start..start + r1cs.columns.weight]);
}

fn lowered(network: &Network, plan: &Plan) -> (R1cs, SecondRoundWitness) {
    let circuit = NetworkCircuit::new(&network.system, plan).expect("a sound system");
    let r1cs = shape(&circuit);
    assert_eq!(r1cs.constraints() as u64, circuit.report().constraints(), "{}", circuit.report());
    let circuit = circuit.with_witness(&network.witness, Blindings::single(&network.record, &network.outcome));
    let mut rng = StdRng::seed_from_u64(3);
    let challenges = vec![Fr::rand(&mut rng), Fr::rand(&mut rng)];
    let first = FirstRoundWitness::new(&circuit, network.words.clone());
    (r1cs, first.finish(challenges).expect("no denominator is zero"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn convolutions(case in conv(), seed: u64) {
        assert_all(&case, seed);
    }

    #[test]
    fn largest_entries(case in max_pool(), seed: u64) {
        assert_all(&case, seed);
    }

    #[test]
    fn sums_over_windows(case in sum_pool(), seed: u64) {
        assert_all(&case, seed);
    }
}

#[test]
fn every_column_of_a_cnn_matters() {
    let case = tiny_cnn(5);
    assert_all(&case, 1);
    let network = Network::new(case.system(), case.parameters.clone(), &case.record);
    for multiply in [Multiply::Limbs, Multiply::Powers] {
        let plan = Plan::pick(&network.system, vec![5], Some(multiply), |_, _| None);
        let (r1cs, proof) = lowered(&network, &plan);
        let assignment = proof.assignment();
        let (small, field) = (r1cs.columns.start(Group::Small), r1cs.columns.start(Group::Field));
        let idle: Vec<_> = (1..assignment.len()).filter(|&column| is_idle(&r1cs, &assignment, column)).collect();
        assert!(idle.iter().all(|&column| column < small || column >= field), "weights of zeros, and hints alone");
        let hints = idle.iter().filter(|&&column| column >= field).count();
        assert!(hints <= 12, "at most one hint for each of the clamps");
        assert_rejected(&r1cs, &assignment, &Mutation::all(), |column| idle.contains(&column));
    }
}

/// A convolution against its definition.
#[test]
fn convolution_is_what_it_says() {
    let axes = [
        WindowAxis { stride: 2, before: 1, ..WindowAxis::new(5, 3) },
        WindowAxis { dilation: 2, after: 2, ..WindowAxis::new(4, 2) },
    ];
    let window = Window { axes: axes.to_vec() };
    let mut sketch = Sketch::new(&image(4, &window), BYTES);
    let scores = sketch.conv(RECORD, (4, 6, 2), &window, BYTES, Some((true, BYTES)));
    let Case { architecture, parameters, record } = finish(sketch, scores, 9);
    let [weight, bias] = [0, 1].map(|index| &parameters.tensors()[index]);
    let found = architecture.evaluate(&record, &parameters).expect("honest inputs evaluate").scores.clone();
    let x = |c: usize, i: Option<usize>, j: Option<usize>| match (i, j) {
        (Some(i), Some(j)) => record.entries()[(c * 5 + i) * 4 + j],
        _ => 0,
    };
    let mut expected = Vec::new();
    for o in 0..6 {
        for (i, j) in (0..2).flat_map(|i| (0..4).map(move |j| (i, j))) {
            let read = |c: usize, k: usize, l: usize| x(o / 3 * 2 + c, axes[0].source(i, k), axes[1].source(j, l));
            let taps = (0..2).flat_map(|c| (0..3).flat_map(move |k| (0..2).map(move |l| (c, k, l))));
            expected.push(taps.map(|(c, k, l)| weight[[o, c, k, l]] * read(c, k, l)).sum::<i64>() + bias[[o, i, j]]);
        }
    }
    assert_eq!(found, expected);
}

/// Pooling commutes with rounding and clamping, so pooling first changes nothing.
#[test]
fn pooling_first_is_the_same() {
    let halves = WindowAxis { stride: 2, ..WindowAxis::new(4, 2) };
    let window = Window { axes: vec![halves, halves] };
    let build = |first: bool| -> Architecture {
        let mut sketch = Sketch::new(&image(2, &window), Interval::new(-128, 127));
        let pool = Layer::MaxPool(MaxPool { window: window.clone() });
        let relu = |sketch: &mut Sketch, x| sketch.requantize(x, 3, Activation::Clamp(Interval::new(0, 9)));
        let scores = if first {
            let largest = sketch.layer(pool, &[RECORD]);
            relu(&mut sketch, largest)
        } else {
            let active = relu(&mut sketch, RECORD);
            sketch.layer(pool, &[active])
        };
        sketch.finish(scores)
    };
    for seed in 0..20 {
        let case = Case::seeded(build(true), seed);
        let after = build(false).evaluate(&case.record, &case.parameters).expect("honest inputs evaluate");
        let before = case.architecture.evaluate(&case.record, &case.parameters).expect("honest inputs evaluate");
        assert_eq!(before.scores, after.scores);
    }
}

/// Outputs of a convolution that a prover changes under the challenge-free part are caught by the identity.
#[test]
fn a_wrong_output_fails_the_identity() {
    let axis = WindowAxis::new(4, 2);
    let mut sketch = Sketch::new(&[1, 1, 4], BYTES);
    let scores = sketch.conv(RECORD, (1, 2, 1), &Window { axes: vec![axis] }, BYTES, None);
    let case = finish(sketch, scores, 3);
    let mut network = Network::new(case.system(), case.parameters.clone(), &case.record);
    let plan = Plan::pick(&network.system, vec![4], Some(Multiply::Powers), |_, _| None);
    let products = network.system.tensors.iter().position(|info| info.name.ends_with("products")).expect("products");
    for entry in 0..network.witness.tensors[products].len() {
        for delta in [1, -1, 1 << 7] {
            network.witness.tensors[products].as_slice_mut().expect("row-major")[entry] += delta;
            network.words =
                network.system.words(&network.witness, Blindings::single(&network.record, &network.outcome));
            let (r1cs, proof) = lowered(&network, &plan);
            assert!(r1cs.violated(&proof.assignment()).is_some());
            network.witness.tensors[products].as_slice_mut().expect("row-major")[entry] -= delta;
        }
    }
}

#[test]
fn parameters_keep_their_promise() {
    let mut sketch = Sketch::new(&[1, 1, 4], BYTES);
    let axis = WindowAxis::new(4, 2);
    let scores = sketch.conv(RECORD, (1, 2, 1), &Window { axes: vec![axis] }, BYTES, None);
    let mut architecture = sketch.finish(scores);
    architecture.parameters[0].norm = Some(zkdx_circuits::architecture::Norm { axis: 0, bound: 9 });
    let values = architecture.infer_all().expect("the sketch makes sense");
    assert_eq!(values[1].interval, Interval::new(-72, 72));
    let run = |weights: [i64; 4]| {
        let weight = ndarray::ArrayD::from_shape_vec(vec![2, 1, 2], weights.to_vec()).expect("four weights");
        architecture
            .evaluate(&Record::new(vec![7; 4]), &Parameters::new(vec![weight]))
            .map(|found| found.scores.clone())
    };
    assert_eq!(run([4, 5, -4, 5]).expect("within the norm"), [63, 63, 63, 7, 7, 7]);
    let error = run([4, 5, -5, 5]).expect_err("beyond the norm").to_string();
    assert!(error.contains("index 1 of axis 0 add up to more than 9"), "{error}");
}
