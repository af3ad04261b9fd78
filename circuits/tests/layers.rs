//! Every layer: the relations say what the reference interpreter says, and nothing else.

mod layers_support;

use layers_support::{
    Case, Sketch, assert_bounded, assert_expressible, assert_solutions, assert_sound, encoding_interval, interval,
};
use proptest::prelude::*;
use zkdx_circuits::architecture::{Interval, ValueId};
use zkdx_circuits::layers::{
    Activation, Layer, MatMul, Multiply, Share, Standardize, argmax, rounded_quotient, rounded_remainder,
};

const RECORD: ValueId = ValueId::RECORD;

fn case(sketch: Sketch, scores: ValueId, seed: u64) -> Case {
    Case::seeded(sketch.finish(scores), seed)
}

prop_compose! {
    fn dense()(
        rows in 1usize..4, inner in 1usize..6, outputs in 1usize..5, x in encoding_interval(),
        weights in interval(127), bias in proptest::option::of(interval(5000)), seed: u64,
    ) -> Case {
        let mut sketch = Sketch::new(&[rows, inner], x);
        let scores = sketch.dense(RECORD, [inner, outputs], weights, bias);
        case(sketch, scores, seed)
    }
}

prop_compose! {
    fn affine()(
        rows in 1usize..4, columns in 1usize..5, whole: bool, x in encoding_interval(),
        weights in interval(127), bias in proptest::option::of(interval(5000)), seed: u64,
    ) -> Case {
        let mut sketch = Sketch::new(&[rows, columns], x);
        let shape = [rows, columns];
        let scores = sketch.affine(RECORD, if whole { &shape } else { &shape[1..] }, weights, bias);
        case(sketch, scores, seed)
    }
}

fn activation() -> impl Strategy<Value = Activation> {
    let values = proptest::collection::vec(-200i64..200, 1..20);
    let table = (values, -20i64..20).prop_map(|(values, lo)| {
        let clamp = Interval::new(lo, lo + values.len() as i64 - 1);
        Activation::Table { clamp, values }
    });
    prop_oneof![interval(130).prop_map(Activation::Clamp), table]
}

prop_compose! {
    fn requantize()(
        len in 1usize..6, x in encoding_interval(), shift in 0u32..10, activation in activation(), seed: u64,
    ) -> Case {
        let mut sketch = Sketch::new(&[len], x);
        let scores = sketch.requantize(RECORD, shift, activation);
        case(sketch, scores, seed)
    }
}

prop_compose! {
    fn combine()(
        len in 1usize..5, x in encoding_interval(), factors in proptest::collection::vec(-9i64..9, 1..4),
        constant in -99i64..99, seed: u64,
    ) -> Case {
        let mut sketch = Sketch::new(&[len], x);
        let other = sketch.clamp(RECORD, 1, -60, 60);
        let inputs: Vec<_> = [RECORD, other].into_iter().cycle().take(factors.len()).collect();
        let scores = sketch.combine(&inputs, factors, constant);
        case(sketch, scores, seed)
    }
}

prop_compose! {
    fn concat()(
        shape in proptest::collection::vec(1usize..4, 1..4), axis: prop::sample::Index, x in encoding_interval(), seed: u64,
    ) -> Case {
        let mut sketch = Sketch::new(&shape, x);
        let other = sketch.clamp(RECORD, 2, -60, 60);
        let scores = sketch.concat(&[RECORD, other, RECORD], axis.index(shape.len()));
        case(sketch, scores, seed)
    }
}

prop_compose! {
    fn rearrange()(
        len in 1usize..6, out in 1usize..9, picks in proptest::collection::vec(proptest::option::of(any::<u32>()), 9),
        fill in -5i64..5, reshape: bool, x in encoding_interval(), seed: u64,
    ) -> Case {
        let mut sketch = Sketch::new(&[len], x);
        let indices = picks.iter().take(out).map(|pick| pick.map(|index| index % len as u32)).collect();
        let scores = match reshape {
            true => sketch.rearrange(RECORD, &[1, len, 1], None, fill),
            false => sketch.rearrange(RECORD, &[out], Some(indices), fill),
        };
        case(sketch, scores, seed)
    }
}

prop_compose! {
    /// Two dense layers with a residual connection, a reshape before the rounding, and an affine layer.
    fn network()(
        inner in 1usize..4, hidden in 2usize..4, x in encoding_interval(), weights in interval(20), shift in 0u32..6,
        seed: u64,
    ) -> Case {
        let bias = Some(Interval::new(-300, 200));
        let mut sketch = Sketch::new(&[1, inner], x);
        let first = sketch.dense(RECORD, [inner, hidden], weights, bias);
        let flat = sketch.rearrange(first, &[hidden], None, 0);
        let active = sketch.clamp(flat, shift, 0, 60);
        let second = sketch.dense(active, [hidden, hidden], weights, bias);
        let scaled = sketch.affine(active, &[hidden], weights, bias);
        let sum = sketch.combine(&[second, scaled, active], vec![1, 2, -3], 5);
        let swapped = sketch.rearrange(sum, &[hidden], Some((0..hidden as u32).rev().map(Some).collect()), 0);
        let scores = sketch.clamp(swapped, shift, -128, 127);
        case(sketch, scores, seed)
    }
}

prop_compose! {
    /// Of the record by itself, and by what is computed from it.
    fn multiply()(len in 1usize..6, x in encoding_interval(), square: bool, seed: u64) -> Case {
        let mut sketch = Sketch::new(&[len], x);
        let other = sketch.clamp(RECORD, 1, -60, 60);
        let scores = sketch.layer(Layer::Multiply(Multiply {}), &[RECORD, if square { RECORD } else { other }]);
        case(sketch, scores, seed)
    }
}

prop_compose! {
    /// Of batches of matrices that are both made of the record.
    fn matmul()(
        batch in 1usize..3, rows in 1usize..4, inner in 1usize..4, columns in 1usize..4, x in encoding_interval(),
        seed: u64,
    ) -> Case {
        let mut sketch = Sketch::new(&[batch, rows, inner], x);
        let len = batch * rows * inner;
        let indices = (0..batch * inner * columns).map(|k| Some((k * 5 % len) as u32)).collect();
        let right = sketch.rearrange(RECORD, &[batch, inner, columns], Some(indices), 0);
        let scores = sketch.layer(Layer::MatMul(MatMul {}), &[RECORD, right]);
        case(sketch, scores, seed)
    }
}

prop_compose! {
    fn share()(lanes in 1usize..4, width in 1usize..5, x in encoding_interval(), top in 1i64..500, scale in 1i64..300, seed: u64) -> Case {
        let mut sketch = Sketch::new(&[lanes, width], x);
        let parts = sketch.clamp(RECORD, 0, 0, top);
        let scores = sketch.layer(Layer::Share(Share { scale }), &[parts]);
        case(sketch, scores, seed)
    }
}

prop_compose! {
    fn standardize()(
        lanes in 1usize..4, width in 1usize..6, x in encoding_interval(), scale in 1i64..300, epsilon in 1i64..5000,
        seed: u64,
    ) -> Case {
        let mut sketch = Sketch::new(&[lanes, width], x);
        let scores = sketch.layer(Layer::Standardize(Standardize { scale, epsilon }), &[RECORD]);
        case(sketch, scores, seed)
    }
}

prop_compose! {
    fn embed()(
        shape in proptest::collection::vec(1usize..4, 1..3), bits in 1u32..5, lo in -9i64..9, width in 1usize..5,
        entries in interval(1 << 20), bias in proptest::option::of(interval(5000)), rounds: bool, seed: u64,
    ) -> Case {
        let names = Interval::new(lo, lo + (1 << bits) - 1);
        let mut sketch = Sketch::new(&shape, names);
        let rows = sketch.embed(RECORD, names, width, entries, bias);
        let scores = if rounds { sketch.clamp(rows, 5, -128, 127) } else { rows };
        case(sketch, scores, seed)
    }
}

prop_compose! {
    fn trees()(
        rows in proptest::option::of(1usize..3), features in 1usize..4, trees in 1usize..4, depth in 1usize..4,
        more in 0usize..6, outputs in 1usize..4, x in encoding_interval(), thresholds in interval(200), seed: u64,
    ) -> Case {
        let shape: Vec<usize> = rows.into_iter().chain([features]).collect();
        let mut sketch = Sketch::new(&shape, x);
        let scores = sketch.trees(RECORD, features, [trees, depth, trees + more, outputs], thresholds);
        case(sketch, scores, seed)
    }
}

fn any_case() -> impl Strategy<Value = Case> {
    prop_oneof![
        dense(),
        affine(),
        requantize(),
        combine(),
        concat(),
        rearrange(),
        multiply(),
        matmul(),
        share(),
        standardize(),
        embed(),
        trees(),
        network(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn completeness_witness_and_interpreter_agree(case in any_case()) {
        case.assert_complete();
    }

    #[test]
    fn soundness_every_changed_entry_is_refused(case in any_case(), seed: u64) {
        assert_sound(&case, seed);
    }

    #[test]
    fn completeness_at_the_ends_of_every_interval(case in any_case(), picks: u64) {
        let mut picks = picks.rotate_left(1);
        let ends = |interval: Interval| { picks = picks.rotate_left(1); if picks & 1 == 0 { interval.lo } else { interval.hi } };
        Case::drawn(case.architecture.clone(), ends).assert_complete();
        Case::drawn(case.architecture.clone(), |interval| interval.lo).assert_complete();
        Case::drawn(case.architecture.clone(), |interval| interval.hi).assert_complete();
    }

    #[test]
    fn soundness_every_tensor_is_bounded(case in any_case()) {
        let system = case.system();
        assert_expressible(&system);
        assert_bounded(&system);
        assert_solutions(&system, &case.witness(&system));
    }

    #[test]
    fn inferred_intervals_hold_every_value(case in any_case()) {
        let types = case.architecture.infer_all().unwrap();
        let evaluation = case.architecture.evaluate(&case.record, &case.parameters).unwrap();
        for (value, expected) in evaluation.values.iter().zip(&types) {
            prop_assert_eq!(value.shape(), &expected.shape[..]);
            prop_assert!(value.iter().all(|&entry| expected.interval.contains(entry)));
        }
    }

    #[test]
    fn rounding_is_half_up(x in -(1i64 << 48)..1 << 48, shift in 0u32..=40) {
        let exact = (2 * i128::from(x) + (1i128 << shift)).div_euclid(2i128 << shift);
        let expected = if shift == 0 { i128::from(x) } else { exact };
        prop_assert_eq!(i128::from(rounded_quotient(x, shift)), expected);
        let back = i128::from(rounded_quotient(x, shift)) << shift;
        prop_assert_eq!(back + i128::from(rounded_remainder(x, shift)) - (1i128 << shift) / 2 * i128::from(shift > 0), x.into());
    }

    #[test]
    fn widened_intervals_hold_and_are_powers_of_two(interval in interval(1 << 20)) {
        let widened = interval.widened();
        prop_assert!(widened.encloses(&interval) && widened.size().is_power_of_two());
        prop_assert!(widened.lo == 0 || widened.lo == -widened.hi - 1);
        prop_assert_eq!(widened.lo == 0, interval.lo >= 0);
        let half = Interval::new(widened.lo / 2, widened.hi / 2);
        prop_assert!(!half.encloses(&interval) || widened.size() <= 2);
    }
}

#[test]
fn shares_and_standard_scores_are_what_they_say() {
    let row = |entries: &[i64]| ndarray::ArrayD::from_shape_vec(vec![1, entries.len()], entries.to_vec()).unwrap();
    let none = zkdx_circuits::Parameters::new(Vec::new());
    let share = |x: &[i64]| Layer::Share(Share { scale: 256 }).operator().evaluate(&[&row(x)], &none);
    assert_eq!(share(&[300, 100, 0]), row(&[192, 64, 0]));
    assert_eq!(share(&[0, 0]), row(&[0, 0]));
    let layer = Layer::Standardize(Standardize { scale: 1000, epsilon: 1 });
    // Deviations ±2, with 1 added to their squares: the root of 9.
    assert_eq!(layer.operator().evaluate(&[&row(&[4, 6])], &none), row(&[-667, 667]));
    assert_eq!(layer.operator().evaluate(&[&row(&[5, 5])], &none), row(&[0, 0]));
}

#[test]
fn trees_follow_their_nodes() {
    let values = |shape: &[usize], entries: &[i64]| ndarray::ArrayD::from_shape_vec(shape, entries.to_vec()).unwrap();
    let mut sketch = Sketch::new(&[2], Interval::new(-128, 127));
    let scores = sketch.trees(RECORD, 2, [2, 2, 5, 1], Interval::new(-128, 127));
    let architecture = sketch.finish(scores);
    // Node 0 asks x₀ ≤ 3, node 1 asks x₁ ≤ −1, node 2 asks x₁ ≤ 7; 3 and 4 are leaves that follow themselves.
    let nodes = [[0, 1, 1, 0, 0], [3, -1, 7, 127, 127], [2, 3, 3, 3, 4], [4, 4, 4, 3, 4]];
    let mut parameters: Vec<_> = nodes.iter().map(|column| values(&[5], column)).collect();
    parameters.extend([values(&[5, 1], &[0, 0, 0, 10, 1]), values(&[1], &[40])]);
    let parameters = zkdx_circuits::Parameters::new(parameters);
    let score = |x: [i64; 2]| {
        let record = zkdx_circuits::Record::new(x.to_vec());
        architecture.evaluate(&record, &parameters).unwrap().scores[0] - 40
    };
    assert_eq!([score([3, -1]), score([3, 7]), score([3, 8]), score([4, 7]), score([4, -1])], [20, 11, 2, 2, 11]);
}

#[test]
fn argmax_takes_the_first_of_equals() {
    assert_eq!(argmax(&[3, 7, 7, 1]), 1);
    assert_eq!(argmax(&[5, 5]), 0);
    assert_eq!(argmax(&[-9, -9, -8]), 2);
    assert_eq!((argmax(&[0]), argmax(&[1]), argmax(&[-1])), (0, 1, 0));
}
