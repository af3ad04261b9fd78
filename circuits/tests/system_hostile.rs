//! Architectures from anyone: refused with a sentence or compiled, never a panic.

mod layers_support;

use layers_support::{Case, Sketch, splitmix};
use proptest::prelude::*;
use serde_json::{Value, json};
use zkdx_circuits::architecture::{Interval, ParameterId, ParameterSpec, ValueId};
use zkdx_circuits::layers::{
    Activation, Affine, Combine, Concat, Dense, Layer, Operator, Rearrange, Requantize, ValueType,
};
use zkdx_circuits::system::compile;
use zkdx_circuits::{Architecture, Head, OutcomeKind};

/// One of each layer, small.
fn sample() -> Architecture {
    let mut sketch = Sketch::new(&[2, 3], Interval::new(0, 255));
    let (weights, bias) = (Interval::new(-9, 9), Some(Interval::new(-50, 50)));
    let dense = sketch.dense(ValueId::RECORD, [3, 2], weights, bias);
    let active = sketch.clamp(dense, 3, 0, 127);
    let clamp = Interval::new(-2, 2);
    let table = sketch.requantize(dense, 5, Activation::Table { clamp, values: vec![-9, -4, 0, 4, 9] });
    let affine = sketch.affine(active, &[2], weights, bias);
    let sum = sketch.combine(&[affine, table], vec![1, -2], 3);
    let joined = sketch.concat(&[sum, table], 1);
    let moved = sketch.rearrange(joined, &[3], Some(vec![Some(5), None, Some(0)]), 7);
    sketch.finish(moved)
}

/// Number of places in `value` that a mutation can hit.
fn places(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(places).sum(),
        Value::Object(fields) => fields.values().map(places).sum(),
        _ => 0,
    }
}

/// The place number `target`, counted depth first.
fn place<'v>(value: &'v mut Value, target: &mut usize) -> Option<&'v mut Value> {
    if *target == 0 {
        return Some(value);
    }
    *target -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| place(item, target)),
        Value::Object(fields) => fields.values_mut().find_map(|field| place(field, target)),
        _ => None,
    }
}

fn mutate(value: &mut Value, state: &mut u64) {
    let random = splitmix(state);
    let extremes =
        [0, 1, -1, 2, 24, 40, 63, 64, 1 << 16, 1 << 26, 1 << 32, 1 << 47, 1 << 48, 1 << 62, i64::MAX, i64::MIN];
    let integer = extremes[random as usize % extremes.len()];
    *value = match (random >> 8) % 8 {
        0 => json!(u64::MAX),
        1 => json!(integer.wrapping_add((random >> 32) as i64 % 3 - 1)),
        2 => Value::Null,
        3 => json!([]),
        4 => json!([integer, integer]),
        5 => json!({ "lo": integer, "hi": integer.wrapping_sub(1) }),
        6 => repeated(value),
        _ => json!(integer),
    }
}

/// Arrays doubled, numbers doubled.
fn repeated(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().chain(items).cloned().collect()),
        Value::Number(number) => json!(number.as_i64().unwrap_or(1).wrapping_mul(2)),
        other => other.clone(),
    }
}

fn mutated(mutations: usize, mut seed: u64) -> Value {
    let mut value = serde_json::to_value(sample()).expect("plain data");
    for _ in 0..mutations {
        let mut target = splitmix(&mut seed) as usize % places(&value);
        if let Some(value) = place(&mut value, &mut target) {
            mutate(value, &mut seed);
        }
    }
    value
}

/// Runs everything that takes an architecture; what is accepted must also run.
fn exercise(architecture: Architecture) {
    for node in &architecture.layers {
        let _ = node.layer.operator().infer(&hostile_types(node.inputs.len()), &architecture.parameters);
    }
    let Ok(types) = architecture.validate() else {
        assert!(compile(&architecture).is_err());
        return;
    };
    let total: usize = types.iter().map(|value| value.shape.iter().product::<usize>()).sum();
    if total < 1 << 16 && compile(&architecture).is_ok() {
        Case::drawn(architecture.clone(), |interval| interval.lo).assert_complete();
        Case::drawn(architecture.clone(), |interval| interval.hi).assert_complete();
        Case::seeded(architecture, 3).assert_complete();
    }
}

fn hostile_types(count: usize) -> Vec<ValueType> {
    let interval = Interval::new(i64::MIN, i64::MAX);
    vec![ValueType { shape: vec![2, 3], interval }; count]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn hostile_architectures_never_panic(mutations in 1usize..4, seed: u64) {
        if let Ok(architecture) = serde_json::from_value::<Architecture>(mutated(mutations, seed)) {
            exercise(architecture);
        }
    }
}

fn extremes() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), -300i64..300, Just(i64::MIN), Just(i64::MAX), (0u32..62).prop_map(|bits| 1 << bits)]
}

fn any_interval() -> impl Strategy<Value = Interval> {
    (extremes(), extremes()).prop_map(|(lo, hi)| Interval::new(lo, hi))
}

fn any_shape() -> impl Strategy<Value = Vec<usize>> {
    let axis = prop_oneof![8 => 0usize..5, 1 => any::<usize>(), 1 => (0u32..63).prop_map(|bits| 1 << bits)];
    proptest::collection::vec(axis, 0..4)
}

fn any_layer() -> impl Strategy<Value = Layer> {
    let id = || prop_oneof![4 => 0usize..3, 1 => any::<usize>()].prop_map(ParameterId);
    let pair = move || (id(), proptest::option::of(id()));
    let activation = (any_interval(), proptest::collection::vec(extremes(), 0..4), any::<bool>());
    let activation = activation.prop_map(|(clamp, values, table)| match table {
        true => Activation::Table { clamp, values },
        false => Activation::Clamp(clamp),
    });
    let indices = proptest::option::of(proptest::collection::vec(proptest::option::of(any::<u32>()), 0..9));
    prop_oneof![
        pair().prop_map(|(weight, bias)| Layer::Dense(Dense { weight, bias })),
        pair().prop_map(|(weight, bias)| Layer::Affine(Affine { weight, bias })),
        (any::<u32>(), activation).prop_map(|(shift, activation)| Layer::Requantize(Requantize {
            shift: if shift % 2 == 0 { shift } else { shift % 45 },
            activation
        })),
        (proptest::collection::vec(extremes(), 0..3), extremes())
            .prop_map(|(factors, constant)| Layer::Combine(Combine { factors, constant })),
        prop_oneof![0usize..4, any::<usize>()].prop_map(|axis| Layer::Concat(Concat { axis })),
        (any_shape(), indices, extremes()).prop_map(|(shape, indices, fill)| Layer::Rearrange(Rearrange {
            shape,
            indices,
            fill
        })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn no_layer_panics_on_any_input(
        layer in any_layer(),
        inputs in proptest::collection::vec((any_shape(), any_interval()), 0..3),
        parameters in proptest::collection::vec((any_shape(), any_interval()), 0..3),
    ) {
        let value = |(shape, interval)| ValueType { shape, interval };
        let spec = |(shape, interval)| ParameterSpec { name: "p".into(), shape, interval, norm: None };
        let inputs: Vec<_> = inputs.into_iter().map(value).collect();
        let parameters: Vec<_> = parameters.into_iter().map(spec).collect();
        if let Ok(out) = layer.operator().infer(&inputs, &parameters) {
            prop_assert!(out.interval.lo <= out.interval.hi);
            prop_assert!(out.shape.iter().product::<usize>() > 0);
        }
    }
}

fn refusal(change: impl FnOnce(&mut Architecture)) -> String {
    let mut architecture = sample();
    change(&mut architecture);
    compile(&architecture).expect_err("refused").to_string()
}

#[test]
fn refusals_are_sentences() {
    let shift = refusal(|a| {
        a.layers[1].layer =
            Layer::Requantize(Requantize { shift: 41, activation: Activation::Clamp(Interval::new(0, 1)) })
    });
    assert_eq!(shift, "layer `layer_1`: shifts by 41 bits, at most 40 are supported");
    let order = refusal(|a| a.layers[1].inputs = vec![ValueId(2)]);
    assert_eq!(order, "layer `layer_1` reads value 2, which is not computed before it");
    let labels = refusal(|a| drop(a.labels.pop()));
    assert_eq!(labels, "the scores tell 3 classes apart, but there are 2 labels");
    let step = refusal(|a| a.encoding.features[0].step = -1.0);
    assert_eq!(step, "the encoding of `x` has a step or a zero that is no sound number");
    let size = refusal(|a| a.encoding.interval = Interval::new(0, 254));
    assert_eq!(size, "the encoding has 255 integers, which is not a power of two from 2 on");
    let length = refusal(|a| a.encoding.len = 5);
    assert_eq!(length, "the encoding has 5 entries, but the input shape [2, 3] has 6");
    let inverted = refusal(|a| a.parameters[0].interval = Interval::new(1, 0));
    assert_eq!(inverted, "parameter `p0`: the interval from 1 to 0 is empty");
    let shape = refusal(|a| a.parameters[0].shape = vec![4, 2]);
    assert_eq!(shape, "layer `layer_0`: takes a tensor whose last axis has 4 entries, got shape [2, 3]");
    let head = refusal(|a| a.head = Head::Sigmoid);
    assert_eq!(head, "the scores are 3, but a sigmoid head reads one");
    let scores = refusal(|a| a.scores = ValueId(99));
    assert_eq!(scores, "the scores are value 99, but there are 8");
    let huge = refusal(|a| a.input_shape = vec![1 << 40, 1 << 40]);
    assert!(huge.ends_with("does not have between 1 and 67108864 entries"), "{huge}");
}

#[test]
fn accumulators_that_could_overflow_are_refused() {
    let wide = Interval::new(-(1 << 47), 1 << 47);
    let overflow = refusal(|a| a.parameters[0].interval = wide);
    assert!(overflow.contains("use fewer bits for weights or activations"), "{overflow}");
    let bias = refusal(|a| a.parameters[1].interval = Interval::new(0, 1 << 48));
    assert!(bias.contains("beyond the limit of 2^48"), "{bias}");
}

#[test]
fn large_terms_that_cancel_are_refused() {
    let overflow = refusal(|a| {
        let five = Activation::Clamp(Interval::new(5, 5));
        a.layers[1].layer = Layer::Requantize(Requantize { shift: 3, activation: five });
        a.layers[2].layer = Layer::Combine(Combine { factors: vec![1 << 62, -(1 << 62)], constant: 0 });
        a.layers[2].inputs = vec![ValueId(2), ValueId(2)];
    });
    assert!(overflow.starts_with("layer `layer_2`: an accumulator could reach"), "{overflow}");
}

#[test]
fn layers_refuse_parameters_of_no_sense() {
    let dense = Dense { weight: ParameterId(0), bias: None };
    let x = ValueType { shape: vec![2], interval: Interval::new(0, 1) };
    let with = |shape: &[usize], lo, hi| {
        let spec =
            ParameterSpec { name: "p".into(), shape: shape.to_vec(), interval: Interval::new(lo, hi), norm: None };
        dense.infer(std::slice::from_ref(&x), &[spec]).is_ok()
    };
    assert!(with(&[2, 3], -1, 1));
    assert!(!with(&[2, 3], 1, -1) && !with(&[2, 0], -1, 1) && !with(&[2], -1, 1));
}

#[test]
fn disclosed_scores_must_fit_their_words() {
    let with = |outcome, hi| {
        let mut sketch = Sketch::new(&[2], Interval::new(0, 255));
        let scores = sketch.combine(&[ValueId::RECORD], vec![1], hi);
        sketch.architecture.outcome = outcome;
        compile(&sketch.finish(scores)).is_ok()
    };
    let limit = (1 << 31) - 256;
    for outcome in [OutcomeKind::ClassAndScores, OutcomeKind::Commitment] {
        assert!(with(outcome, limit) && !with(outcome, limit + 1));
    }
    assert!(with(OutcomeKind::Class, 1 << 40));
}
