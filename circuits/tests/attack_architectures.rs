//! Convolutions and pools from anyone: refused with a sentence or right, never a panic.

mod layers_support;

use layers_support::{Case, Sketch, splitmix, window};
use proptest::prelude::*;
use zkdx_circuits::architecture::{Interval, Norm, ParameterId, ParameterSpec, ValueId};
use zkdx_circuits::layers::{Combine, Conv, Dense, Layer, MaxPool, Share, Standardize, SumPool, Trees, ValueType};
use zkdx_circuits::system::compile;
use zkdx_circuits::{Architecture, OutcomeKind, Window, WindowAxis};

const RECORD: ValueId = ValueId::RECORD;
const BYTES: Interval = Interval::new(-8, 7);

fn along(axis: WindowAxis) -> Window {
    Window { axes: vec![axis] }
}

fn spec(shape: &[usize], interval: Interval, norm: Option<Norm>) -> ParameterSpec {
    ParameterSpec { name: "p".into(), shape: shape.to_vec(), interval, norm }
}

fn refusal(layer: &Layer, shape: &[usize], interval: Interval, specs: &[ParameterSpec]) -> String {
    let x = ValueType { shape: shape.to_vec(), interval };
    layer.operator().infer(&[x], specs).expect_err("refused").to_string()
}

fn conv(window: Window) -> Layer {
    Layer::Conv(Conv { weight: ParameterId(0), bias: None, window, groups: 1 })
}

#[test]
fn a_weight_without_axes_is_refused() {
    let error = refusal(&conv(along(WindowAxis::new(4, 2))), &[1, 4], BYTES, &[spec(&[], BYTES, None)]);
    assert_eq!(error, "parameter `p` has shape [], needs [1, 1, 2]");
}

/// The lanes of a scalar among several records would be the records.
#[test]
fn values_without_axes_are_refused() {
    for layer in [Layer::Share(Share { scale: 9 }), Layer::Standardize(Standardize { scale: 9, epsilon: 1 })] {
        assert_eq!(refusal(&layer, &[], Interval::new(0, 7), &[]), "takes a tensor with axes, got shape []");
    }
    let mut architecture = Sketch::new(&[1], BYTES).finish(RECORD);
    assert!(compile(&architecture).is_ok());
    architecture.input_shape.clear();
    assert!(compile(&architecture).is_err());
}

/// Nodes, leaves and features that are not there, and more steps than anyone could follow.
#[test]
fn trees_that_lead_nowhere_are_refused() {
    let specs = |feature: Interval, leaves: usize| {
        let node = |interval: Interval| spec(&[4], interval, None);
        let any = Interval::new(0, 3);
        vec![node(feature), node(BYTES), node(any), node(any), spec(&[leaves, 2], BYTES, None), spec(&[2], BYTES, None)]
    };
    let layer = |first_leaf: i64, trees: usize, depth: usize| {
        let [feature, threshold, left, right, leaf, bias] = [0, 1, 2, 3, 4, 5].map(ParameterId);
        Layer::Trees(Trees { feature, threshold, left, right, leaf, bias, first_leaf, trees, depth })
    };
    let features = Interval::new(0, 2);
    let infer = |layer: &Layer, shape: &[usize], specs: &[ParameterSpec]| {
        let x = ValueType { shape: shape.to_vec(), interval: BYTES };
        layer.operator().infer(&[x], specs).map(|value| value.shape)
    };
    assert_eq!(infer(&layer(0, 4, 2), &[5, 3], &specs(features, 4)), Ok(vec![5, 2]));
    let refused =
        |layer: &Layer, shape: &[usize], specs: &[ParameterSpec]| assert!(infer(layer, shape, specs).is_err());
    refused(&layer(0, 4, 2), &[2], &specs(features, 4));
    refused(&layer(0, 4, 2), &[], &specs(features, 4));
    refused(&layer(0, 4, 2), &[3], &specs(Interval::new(-1, 2), 4));
    for (first_leaf, trees, depth) in
        [(-1, 4, 2), (5, 4, 2), (0, 5, 2), (0, 0, 2), (0, 4, 0), (0, 4, usize::MAX), (i64::MIN, 1, 1)]
    {
        refused(&layer(first_leaf, trees, depth), &[3], &specs(features, 4));
    }
    // Pointers from anyone end somewhere, without a panic.
    let mut sketch = Sketch::new(&[3], BYTES);
    let scores = sketch.trees(RECORD, 3, [2, 3, 4, 2], BYTES);
    let mut architecture = sketch.finish(scores);
    let Layer::Trees(trees) = &mut architecture.layers[0].layer else { panic!("trees") };
    trees.first_leaf = 4;
    let case = Case::seeded(architecture, 3);
    assert!(case.architecture.evaluate(&case.record, &case.parameters).is_ok());
    let system = case.system();
    assert!(system.witness(&case.record, &case.parameters).is_err());
}

/// A position at the border reads fewer entries than the others, and no entry is as small as the padding.
#[test]
fn padding_counts_where_no_entry_is_zero() {
    let axis = WindowAxis { before: 1, after: 1, ..WindowAxis::new(4, 3) };
    for interval in [Interval::new(4, 7), Interval::new(-8, -5)] {
        let mut sketch = Sketch::new(&[1, 4], interval);
        let scores = sketch.conv(RECORD, (1, 2, 1), &along(axis), Interval::new(3, 3), None);
        let mut architecture = sketch.finish(scores);
        architecture.outcome = OutcomeKind::Class;
        for seed in 0..8 {
            Case::seeded(architecture.clone(), seed).assert_complete();
        }
    }
}

/// 2^13 channels, positions and taps, each tap of each position on an entry: no tensor could hold the pairs.
#[test]
fn pools_with_more_pairs_than_entries_of_a_tensor_are_refused() {
    let (size, axis) =
        (1 << 10, WindowAxis { before: 1 << 9, after: (1 << 9) - 1, ..WindowAxis::new(1 << 10, 1 << 10) });
    let shape = [1 << 16, size];
    let largest = Layer::MaxPool(MaxPool { window: along(axis) });
    assert!(refusal(&largest, &shape, BYTES, &[]).contains("pairs of an entry and a window"));
    let sum = Layer::SumPool(SumPool { window: along(axis), factors: None });
    assert!(refusal(&sum, &shape, BYTES, &[]).contains("pairs of an entry and a window"));
}

/// Every factor is a term of its own for every tap, as long as the output.
#[test]
fn sums_with_too_many_different_factors_are_refused() {
    let axis = WindowAxis { after: 15, ..WindowAxis::new(1 << 14, 16) };
    let sum = |factors: Vec<i64>| Layer::SumPool(SumPool { window: along(axis), factors: Some(factors) });
    let error = refusal(&sum((0..1 << 14).collect()), &[1, 1 << 14], BYTES, &[]);
    assert!(error.contains("pairs of an entry and a window"), "{error}");
    let x = ValueType { shape: vec![1, 1 << 14], interval: BYTES };
    assert!(sum((0..1 << 14).map(|position| position % 3).collect()).operator().infer(&[x], &[]).is_ok());
}

#[test]
fn sums_overflow_before_they_are_multiplied_with_zero() {
    let wide = Interval::new(-(1 << 48), 1 << 48);
    let axis = WindowAxis { after: (1 << 17) - 1, ..WindowAxis::new(1 << 17, 1 << 17) };
    let sum = Layer::SumPool(SumPool { window: along(WindowAxis { after: 0, ..axis }), factors: Some(vec![0]) });
    assert!(refusal(&sum, &[1, 1 << 17], wide, &[]).contains("an accumulator could reach"));
}

/// Weights that are all 5 have no norm below 5, so nothing would be between the bounds.
#[test]
fn norms_that_contradict_the_interval_are_refused() {
    let dense = Layer::Dense(Dense { weight: ParameterId(0), bias: None });
    let five = |bound| spec(&[4, 2], Interval::new(5, 5), Some(Norm { axis: 1, bound }));
    let error = refusal(&dense, &[4], Interval::new(1, 1), &[five(3)]);
    assert_eq!(error, "parameter `p` promises a norm that its interval excludes");
    let x = ValueType { shape: vec![4], interval: Interval::new(1, 1) };
    assert_eq!(dense.operator().infer(&[x], &[five(20)]).map(|out| out.interval), Ok(Interval::new(20, 20)));
}

fn extremes() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), -9i64..9, Just(i64::MIN), Just(i64::MAX), (0u32..62).prop_map(|bits| 1 << bits)]
}

fn any_interval() -> impl Strategy<Value = Interval> {
    (extremes(), extremes()).prop_map(|(lo, hi)| Interval::new(lo, hi))
}

fn any_size() -> impl Strategy<Value = usize> {
    prop_oneof![12 => 0usize..5, 1 => any::<usize>(), 1 => (0u32..63).prop_map(|bits| 1 << bits)]
}

fn any_window() -> impl Strategy<Value = Window> {
    let axis = (any_size(), any_size(), any_size(), any_size(), any_size(), any_size());
    let axis = axis.prop_map(|(input, kernel, stride, dilation, before, after)| WindowAxis {
        input,
        kernel,
        stride,
        dilation,
        before,
        after,
    });
    prop_oneof![
        3 => window(3),
        1 => proptest::collection::vec(axis, 0..5).prop_map(|axes| Window { axes }),
    ]
}

fn any_layer() -> impl Strategy<Value = Layer> {
    let id = || prop_oneof![6 => 0usize..2, 1 => any::<usize>()].prop_map(ParameterId);
    let factors = proptest::option::of(proptest::collection::vec(extremes(), 0..5));
    prop_oneof![
        (id(), proptest::option::of(id()), any_window(), any_size())
            .prop_map(|(weight, bias, window, groups)| Layer::Conv(Conv { weight, bias, window, groups })),
        any_window().prop_map(|window| Layer::MaxPool(MaxPool { window })),
        (any_window(), factors).prop_map(|(window, factors)| Layer::SumPool(SumPool { window, factors })),
    ]
}

fn any_norm() -> impl Strategy<Value = Option<Norm>> {
    proptest::option::of(
        (0usize..3, any::<u64>()).prop_map(|(axis, bound)| Norm { axis, bound: bound >> (bound % 64) }),
    )
}

/// A shape that fits a layer more often than not.
fn fitting(layer: &Layer, random: u64, shape: Vec<usize>) -> Vec<usize> {
    let channels = 1 + random as usize % 3;
    match layer {
        Layer::Conv(Conv { window, .. })
        | Layer::MaxPool(MaxPool { window })
        | Layer::SumPool(SumPool { window, .. })
            if !random.is_multiple_of(8) =>
        {
            [&[1, channels], &window.input_shape()[..]].concat()
        }
        _ => shape,
    }
}

fn weights(layer: &Layer, x: &[usize], random: u64) -> Vec<usize> {
    match layer {
        Layer::Conv(Conv { window, groups, .. }) if random % 8 != 1 && x.len() > 1 => {
            [&[groups.saturating_mul(2), x[1] / (*groups).max(1)], &window.kernel_shape()[..]].concat()
        }
        _ => vec![1; random as usize % 4],
    }
}

/// What is accepted must also run: interpreter, witness and oracle agree.
fn exercise(layer: Layer, shape: &[usize], interval: Interval, parameters: Vec<ParameterSpec>, seed: u64) {
    let mut sketch = Sketch::new(&[1], Interval::new(-2, 5));
    sketch.architecture.encoding.len = shape.iter().try_fold(1usize, |all, &n| all.checked_mul(n)).unwrap_or(1 << 40);
    sketch.architecture.encoding.interval = interval;
    sketch.architecture.input_shape = shape.to_vec();
    sketch.architecture.parameters = parameters;
    let out = sketch.layer(layer, &[RECORD]);
    let same = sketch.layer(Layer::Combine(Combine { factors: vec![1], constant: 0 }), &[out]);
    sketch.architecture.scores = same;
    sketch.architecture.outcome = OutcomeKind::Class;
    let mut architecture: Architecture = sketch.architecture;
    let Ok(types) = architecture.infer_all() else {
        assert!(compile(&architecture).is_err());
        return;
    };
    let classes = types.last().map_or(0, |last| last.shape.iter().product::<usize>()).max(2);
    if classes > 1 << 10 || types[0].shape.iter().product::<usize>() > 1 << 16 {
        return;
    }
    architecture.labels = (0..classes).map(|class| class.to_string()).collect();
    if compile(&architecture).is_ok() {
        for seed in [seed, seed ^ 1] {
            let case = Case::seeded(architecture.clone(), seed);
            if architecture.evaluate(&case.record, &case.parameters).is_ok() {
                case.assert_complete();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6000))]

    #[test]
    fn windows_from_anyone_never_panic(
        layer in any_layer(),
        odd in proptest::collection::vec(any_size(), 0..4),
        wild in any_interval(),
        interval in (0u32..5, -30i64..30).prop_map(|(bits, lo)| Interval::new(lo, lo + (2 << bits) - 1)),
        specs in proptest::collection::vec((any_interval(), any_norm()), 0..3),
        seed: u64,
    ) {
        let mut state = seed;
        let shape = fitting(&layer, splitmix(&mut state), odd);
        let tame = !splitmix(&mut state).is_multiple_of(8);
        let small = |i: Interval| Interval::new((i.lo % 9).min(i.hi % 9), (i.lo % 9).max(i.hi % 9));
        let parameters: Vec<_> = specs
            .into_iter()
            .map(|(interval, norm)| {
                let shape = weights(&layer, &shape, splitmix(&mut state));
                spec(&shape, if tame { small(interval) } else { interval }, norm)
            })
            .collect();
        let x = ValueType { shape: shape.clone(), interval: wild };
        if let Ok(out) = layer.operator().infer(&[x], &parameters) {
            prop_assert!(out.interval.lo <= out.interval.hi);
            prop_assert!(out.shape.iter().product::<usize>() > 0);
        }
        exercise(layer, &shape, if tame { interval } else { wild }, parameters, seed);
    }
}

#[test]
fn a_step_that_is_no_size_is_refused() {
    let mut sketch = Sketch::new(&[1, 4], BYTES);
    let scores = sketch.conv(RECORD, (1, 2, 1), &along(WindowAxis::new(4, 2)), BYTES, None);
    let mut architecture = sketch.finish(scores);
    architecture.outcome = OutcomeKind::Class;
    for step in [0.0, -1.0, f64::INFINITY, f64::NAN] {
        architecture.layers[0].step = Some(step);
        let error = architecture.validate().expect_err("refused").to_string();
        assert!(error.contains("not positive and finite"), "{error}");
    }
    architecture.layers[0].step = Some(0.5);
    architecture.validate().expect("a sound step");
}

/// Inputs in front of the channels multiply what positions read: each alone would be fine.
#[test]
fn convolutions_with_more_pairs_than_entries_of_a_tensor_are_refused() {
    let axis = WindowAxis { before: 1 << 11, after: (1 << 11) - 1, ..WindowAxis::new(1 << 12, 1 << 12) };
    let (window, weight) = (along(axis), spec(&[1, 1, 1 << 12], Interval::new(0, 0), None));
    let one = ValueType { shape: vec![1, 1, 1 << 12], interval: BYTES };
    conv(window.clone()).operator().infer(&[one], std::slice::from_ref(&weight)).expect("a large convolution");
    let error = refusal(&conv(window), &[8, 1, 1 << 12], BYTES, &[weight]);
    assert!(error.contains("pairs of an entry and a window"), "{error}");
}
