//! Bits layer by layer: what an override changes, what it leaves alone, what it costs.

use std::collections::BTreeMap;

use zkdx_circuits::Architecture;
use zkdx_circuits::architecture::{Interval, Policy};
use zkdx_circuits::costs::Costs;
use zkdx_circuits::graph::{FloatGraph, FloatOp};
use zkdx_circuits::layers::Layer;
use zkdx_circuits::lower::{NetworkCircuit, Plan};
use zkdx_circuits::quantize::{LayerBits, Options, QuantizeError, QuantizedModel, quantize};
use zkdx_circuits::r1cs::shape;
use zkdx_circuits::system::{Blindings, compile};
use zkdx_circuits::{Blinding, Fr};

use crate::builder::{Builder, faithful, noise, noisy_records};

/// Bits of single layers.
fn bits(weights: &[(&str, u32)], activations: &[(&str, u32)]) -> LayerBits {
    let map = |given: &[(&str, u32)]| given.iter().map(|&(name, bits)| (name.to_owned(), bits)).collect();
    LayerBits { weights: map(weights), activations: map(activations) }
}

fn options<'a>(weights: &[(&str, u32)], activations: &[(&str, u32)]) -> Options<'a> {
    Options { layers: bits(weights, activations), ..Options::default() }
}

/// Two hidden layers.
fn plain() -> FloatGraph {
    let mut b = Builder::new(&[1, 6]);
    let x = b.dense("first", 0, &noise(3, 48), &noise(4, 8));
    let x = b.map("one", FloatOp::Relu, x);
    let x = b.dense("second", x, &noise(5, 64), &noise(6, 8));
    let x = b.map("two", FloatOp::Relu, x);
    let x = b.dense("scores", x, &noise(7, 24), &noise(8, 3));
    b.graph(x)
}

/// A residual stage: what it adds to is the activation `stem`.
fn residual() -> FloatGraph {
    let mut b = Builder::new(&[1, 6]);
    let x = b.dense("first", 0, &noise(3, 36), &noise(4, 6));
    let x = b.map("stem", FloatOp::Relu, x);
    let y = b.dense("inner", x, &noise(5, 36), &noise(6, 6));
    let y = b.map("branch", FloatOp::Relu, y);
    let y = b.dense("outer", y, &noise(9, 36), &noise(10, 6));
    let z = b.node("sum", FloatOp::Add, &[x, y], &[1, 6]);
    let z = b.map("end", FloatOp::Relu, z);
    let z = b.dense("scores", z, &noise(7, 18), &noise(8, 3));
    b.graph(z)
}

fn model(graph: &FloatGraph, options: &Options<'_>) -> QuantizedModel {
    quantize(graph, &noisy_records(1, 100, 6), None, options).expect("integers").0
}

/// Bits of each layer that rounds, and of each that has weights.
fn found(architecture: &Architecture) -> (BTreeMap<String, u32>, BTreeMap<String, u32>) {
    let costs = Costs::of(architecture).expect("a circuit");
    let part = |bits: fn(&zkdx_circuits::costs::LayerCost) -> Option<u32>| {
        costs.parts.iter().filter_map(|part| Some((part.name.clone(), bits(part)?))).collect()
    };
    (part(|part| part.weight_bits), part(|part| part.activation_bits))
}

/// Error of the scores on the calibration records, which no clamp cuts.
fn rms(graph: &FloatGraph, options: &Options<'_>) -> f64 {
    faithful(graph, options).expect("integers").1.layers.last().expect("scores").rms_error
}

#[test]
fn an_override_changes_its_layer_alone() {
    let (before, after) =
        (model(&plain(), &options(&[], &[])), model(&plain(), &options(&[("second", 12)], &[("one", 16)])));
    let [before, after] = [&before, &after].map(|model| found(&model.architecture));
    let expected = |second: u32| BTreeMap::from([("first".into(), 8), ("second".into(), second), ("scores".into(), 8)]);
    assert_eq!((&before.0, &after.0), (&expected(8), &expected(12)));
    let expected = |one: u32| BTreeMap::from([("one".into(), one), ("two".into(), 8)]);
    assert_eq!((&before.1, &after.1), (&expected(8), &expected(16)));
}

#[test]
fn more_bits_everywhere_by_name_are_more_bits_of_the_graph() {
    let every = [("first", 12), ("second", 12), ("scores", 12)];
    let by_name = model(&plain(), &options(&every, &[("one", 12), ("two", 12)]));
    let graph = model(&plain(), &Options { weight_bits: 12, activation_bits: 12, ..Options::default() });
    assert_eq!(by_name.architecture, graph.architecture);
    assert_eq!(by_name.parameters.tensors(), graph.parameters.tensors());
}

#[test]
fn more_bits_make_smaller_errors() {
    for graph in [plain(), residual()] {
        let names = match graph.nodes.iter().any(|node| node.name == "stem") {
            true => (vec!["first", "inner", "outer", "scores"], vec!["stem", "branch", "end"]),
            false => (vec!["first", "second", "scores"], vec!["one", "two"]),
        };
        let all = |names: &[&'static str], bits| names.iter().map(|&name| (name, bits)).collect::<Vec<_>>();
        let few = rms(&graph, &options(&[], &[]));
        let some = rms(&graph, &options(&all(&names.0, 12), &all(&names.1, 12)));
        let least = Options { input_bits: Some(16), ..options(&all(&names.0, 16), &all(&names.1, 16)) };
        let least = rms(&graph, &least);
        assert!(some < 0.3 * few && least < 0.2 * some, "{few} {some} {least}");
    }
}

#[test]
fn layers_that_share_a_scale_have_the_most_bits_that_any_was_given() {
    let graph = residual();
    let given = |activations: &[(&str, u32)]| found(&model(&graph, &options(&[], activations)).architecture).1;
    let expected = |stage: u32, branch: u32| {
        BTreeMap::from([("stem".into(), stage), ("branch".into(), branch), ("end".into(), stage)])
    };
    assert_eq!(given(&[("stem", 12)]), expected(12, 8));
    assert_eq!(given(&[("end", 12), ("stem", 10)]), expected(12, 8));
    assert_eq!(given(&[("end", 6)]), expected(6, 8));
    assert_eq!(given(&[("branch", 10)]), expected(8, 10));
    faithful(&graph, &options(&[], &[("end", 12)])).expect("a stage of 12 bits");
}

#[test]
fn functions_products_and_means_take_bits_of_their_own() {
    let mut b = Builder::new(&[1, 6]);
    let x = b.dense("first", 0, &noise(3, 36), &noise(4, 6));
    let gate = b.dense("second", 0, &noise(5, 36), &noise(6, 6));
    let gate = b.map("gate", FloatOp::Sigmoid, gate);
    let x = b.map("tanh", FloatOp::Tanh, x);
    let x = b.node("product", FloatOp::Mul, &[x, gate], &[1, 6]);
    let x = b.dense("scores", x, &noise(7, 18), &noise(8, 3));
    let graph = b.graph(x);
    let few = rms(&graph, &options(&[], &[]));
    for (name, bits) in [("gate", 12), ("tanh", 10), ("product/round", 12)] {
        let options = options(&[], &[(name, bits)]);
        assert_eq!(found(&model(&graph, &options).architecture).1[name], bits, "{name}");
        assert!(rms(&graph, &options) < 1.2 * few);
    }
    let all =
        options(&[("first", 12), ("second", 12), ("scores", 12)], &[("gate", 12), ("tanh", 12), ("product/round", 12)]);
    assert!(rms(&graph, &all) < 0.3 * few);
}

#[test]
fn a_mean_of_a_stage_is_not_cut() {
    let mut b = Builder::new(&[1, 2, 4, 4]);
    let x = b.conv("first", 0, crate::builder::same(4, 3), 3);
    let x = b.map("stem", FloatOp::Relu, x);
    let mean = b.pool(x, 2, 2, 0, Some(true));
    let y = b.conv("inner", mean, crate::builder::same(4, 3), 5);
    let y = b.map("branch", FloatOp::Relu, y);
    let z = b.node("sum", FloatOp::Add, &[mean, y], &[1, 4, 2, 2]);
    let z = b.flatten(z);
    let z = b.dense("scores", z, &noise(7, 48), &noise(8, 3));
    let graph = b.graph(z);
    let few = rms(&graph, &options(&[], &[]));
    let options = options(&[], &[("stem", 12)]);
    let (_, report) = faithful(&graph, &options).expect("integers");
    assert!(report.layers.iter().all(|layer| layer.saturated < 0.01), "{report}");
    assert!(rms(&graph, &options) < 1.2 * few);
}

#[test]
fn names_that_no_layer_has_are_refused_with_those_there_are() {
    let say = |options: &Options<'_>| {
        quantize(&plain(), &noisy_records(1, 50, 6), None, options).map(drop).unwrap_err().to_string()
    };
    assert_eq!(
        say(&options(&[("third", 8)], &[])),
        "no layer `third` has weights that bits could be chosen for; layers that have are: `first`, `second`, `scores`"
    );
    assert_eq!(
        say(&options(&[], &[("first", 8)])),
        "no layer `first` has activations that bits could be chosen for; layers that have are: `one`, `two`"
    );
    assert_eq!(say(&options(&[("first", 3)], &[])), "weight_bits is 3, must be from 4 to 16");
    assert_eq!(say(&options(&[], &[("one", 17)])), "activation_bits is 17, must be from 4 to 16");
}

#[test]
fn an_architecture_to_keep_to_says_the_bits() {
    for graph in [plain(), residual()] {
        let name =
            graph.nodes.iter().find(|node| matches!(node.op, FloatOp::Relu)).expect("an activation").name.clone();
        let before = model(&graph, &options(&[("first", 12), ("scores", 6)], &[(&name, 10)]));
        let like = Options { like: Some(&before.architecture), ..Options::default() };
        let after = model(&graph, &like);
        assert_eq!(before.architecture.digest(), after.architecture.digest());
        assert_eq!(before.parameters.tensors(), after.parameters.tensors());
        let both = Options { layers: bits(&[("first", 12)], &[]), ..like };
        let refused = quantize(&graph, &noisy_records(1, 50, 6), None, &both).map(drop).unwrap_err();
        assert!(matches!(refused, QuantizeError::NoBits { .. }), "{refused}");
    }
}

#[test]
fn parts_add_up_to_the_circuit() {
    for (graph, options) in [
        (plain(), options(&[], &[])),
        (plain(), options(&[("first", 12)], &[("two", 12)])),
        (residual(), options(&[("outer", 16)], &[("end", 12)])),
    ] {
        let architecture = model(&graph, &options).architecture;
        let costs = Costs::of(&architecture).expect("a circuit");
        let system = compile(&architecture).expect("a system");
        let plan = Plan::choose(&system);
        let circuit = NetworkCircuit::new(&system, &plan).expect("a circuit");
        let constraints = shape(&circuit).constraints() as u64;
        assert_eq!(costs.constraints, constraints);
        assert_eq!(costs.parts.iter().map(|part| part.constraints).sum::<u64>(), constraints);
        // A layer's lookups are its own: every entry that is rounded is looked up at least once.
        let rounded = architecture.layers.iter().filter(|node| matches!(node.layer, Layer::Requantize(_)));
        for node in rounded {
            assert!(costs.part(&node.name).expect("a part").constraints >= 6, "{costs}");
        }
        assert!(costs.part("record").is_some() && costs.part("outcome").is_some(), "{costs}");
        assert!(costs.to_string().lines().count() == costs.parts.len() + 2);
    }
}

#[test]
fn more_bits_of_a_layer_cost_constraints_of_that_layer() {
    let costs = |options: &Options<'_>| Costs::of(&model(&plain(), options).architecture).expect("a circuit");
    let (before, after) = (costs(&options(&[], &[])), costs(&options(&[], &[("two", 16)])));
    assert!(after.constraints > before.constraints);
    let of = |costs: &Costs, name: &str| costs.part(name).expect("a part").constraints;
    assert!(of(&after, "two") > of(&before, "two"));
    let bits = Interval::new(0, (1 << 16) - 1);
    let architecture = model(&plain(), &options(&[], &[("two", 16)])).architecture;
    let is = |layer: &Layer| matches!(layer, Layer::Requantize(layer) if layer.activation.ends() == bits);
    assert!(architecture.layers.iter().filter(|node| is(&node.layer)).count() == 1);
}

/// A hidden layer in which one unit has a bias of its own.
fn with_a_unit_of_bias(bias: f32) -> FloatGraph {
    let mut b = Builder::new(&[1, 6]);
    let mut biases = noise(4, 8);
    biases[3] = bias;
    let x = b.dense("first", 0, &noise(3, 48), &biases);
    let x = b.map("one", FloatOp::Relu, x);
    let x = b.dense("scores", x, &noise(7, 24), &noise(8, 3));
    b.graph(x)
}

#[test]
fn a_unit_that_never_fires_costs_its_neighbours_nothing() {
    let (low, far) = (with_a_unit_of_bias(-100.0), with_a_unit_of_bias(-10_000.0));
    for bits in [4, 8, 12] {
        let options = Options { weight_bits: bits, activation_bits: bits, ..Options::default() };
        let [low, far] = [&low, &far].map(|graph| model(graph, &options));
        assert_eq!(low.architecture, far.architecture);
        assert_eq!(low.parameters.tensors(), far.parameters.tensors());
    }
    // Whatever the record, both are 0.
    faithful(&far, &Options::default()).expect("integers");
    let bound = |graph: &FloatGraph| model(graph, &Options::default()).architecture.parameters[1].interval.hi;
    assert!(bound(&far) <= bound(&with_a_unit_of_bias(0.0)));
}

#[test]
fn a_unit_that_some_record_wakes_is_kept() {
    // The weights of the unit add up to some 3 or 4: its bias is below what most records reach.
    let graph = with_a_unit_of_bias(-2.0);
    let model = model(&graph, &Options { margin: Some(2.0), ..Options::default() });
    let weights = &model.parameters.tensors()[0];
    assert!(weights.index_axis(ndarray::Axis(1), 3).iter().any(|&w| w != 0));
}

/// Two classes that are close for many records, behind a layer with too few bits.
fn close() -> FloatGraph {
    let mut b = Builder::new(&[1, 6]);
    let x = b.dense("first", 0, &noise(3, 96), &noise(4, 16));
    let x = b.map("one", FloatOp::Relu, x);
    let x = b.dense("second", x, &noise(5, 256), &noise(6, 16));
    let x = b.map("two", FloatOp::Relu, x);
    let x = b.dense("scores", x, &noise(7, 32), &[0.0, 0.1]);
    b.graph(x)
}

#[test]
fn precision_rises_until_the_records_agree() {
    let graph = close();
    let few = Options { weight_bits: 4, activation_bits: 4, ..Options::default() };
    let records = noisy_records(1, 200, 6);
    let run = |target: Option<f64>| {
        quantize(&graph, &records, None, &Options { target_agreement: target, ..few.clone() }).expect("integers")
    };
    let mut last = f64::INFINITY;
    for target in [0.5, 0.95, 0.99, 0.995] {
        let (model, report) = run(Some(target));
        let search = report.search.expect("a search");
        let step = search.steps.last().expect("a step");
        println!("{search}");
        assert!(step.agreement >= target && step.expected >= target && search.tries < 100, "{search}");
        assert_eq!(search.steps.iter().filter(|step| step.parts.is_empty()).count(), 1);
        assert_eq!(step.constraints, Some(Costs::of(&model.architecture).expect("a circuit").constraints));
        assert!(search.steps.windows(2).all(|pair| pair[1].rms_error < pair[0].rms_error || pair[1].parts.len() > 2));
        let raised = search.steps.iter().flat_map(|step| &step.parts);
        assert!(raised.clone().all(|part| part.to > part.from && part.to <= 16), "{search}");
        assert_eq!(search.to_string().lines().count(), 3 + raised.count());
        assert!(step.rms_error <= last, "{search}");
        last = step.rms_error;
        let again = run(Some(target)).0;
        assert!(again.architecture == model.architecture && again.parameters.tensors() == model.parameters.tensors());
    }
    let asked = run(Some(0.01));
    assert_eq!(run(None).0.architecture, asked.0.architecture);
    assert_eq!(asked.1.search.expect("a search").tries, 1);
}

#[test]
fn an_agreement_out_of_reach_is_refused() {
    let mut b = Builder::new(&[1, 2]);
    let x = b.dense("scores", 0, &[1.0, 1.0 + 1e-6, 1.0, 1.0], &[0.0, 0.0]);
    let graph = b.graph(x);
    let options = Options { target_agreement: Some(1.0), ..Options::default() };
    let refused = quantize(&graph, &noisy_records(1, 50, 2), None, &options).map(drop).unwrap_err();
    let QuantizeError::Target { tries, .. } = &refused else { panic!("{refused}") };
    assert!(*tries < 20 && refused.to_string().contains("nothing is left to raise"), "{refused}");
    for target in [0.0, -1.0, 1.5, f64::NAN] {
        let options = Options { target_agreement: Some(target), ..Options::default() };
        let refused = quantize(&plain(), &noisy_records(1, 50, 6), None, &options).map(drop).unwrap_err();
        assert!(matches!(refused, QuantizeError::Share { .. }), "{refused}");
    }
    let before = model(&plain(), &Options::default());
    let options = Options { like: Some(&before.architecture), target_agreement: Some(0.9), ..Options::default() };
    let refused = quantize(&plain(), &noisy_records(1, 50, 6), None, &options).map(drop).unwrap_err();
    assert!(matches!(refused, QuantizeError::NoBits { .. }), "{refused}");
}

/// The relations hold of what a model of mixed bits computes, and of no other class.
#[test]
fn models_of_mixed_bits_have_proofs() {
    let silent = with_a_unit_of_bias(-1200.0);
    for (graph, options) in [
        (plain(), options(&[("second", 12)], &[("one", 16), ("two", 5)])),
        (residual(), options(&[("outer", 14)], &[("end", 12), ("branch", 4)])),
        (silent, Options::default()),
    ] {
        let model = model(&graph, &options);
        let system = compile(&model.architecture).expect("a system");
        let blinding = Blinding::from_field(Fr::from(5u64));
        for raw in &noisy_records(9, 5, 6) {
            let record = model.architecture.encoding.encode(raw, Policy::Refuse).expect("a record inside the ranges");
            let witness = system.witness(&record, &model.parameters).expect("a witness");
            let mut words = system.words(&witness, Blindings::single(&blinding, &blinding));
            assert_eq!(system.check(&witness, &words, Blindings::single(&blinding, &blinding)), Ok(()));
            words[1] += Fr::from(1u64);
            assert!(system.check(&witness, &words, Blindings::single(&blinding, &blinding)).is_err());
        }
    }
}
