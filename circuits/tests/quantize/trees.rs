//! Decision trees: the class that ONNX Runtime gives to every row, on thresholds and one float beside them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use zkdx_circuits::architecture::{Numbers, Policy, float_at, float_order};
use zkdx_circuits::lower::{NetworkCircuit, Plan};
use zkdx_circuits::onnx::{ImportOptions, import};
use zkdx_circuits::quantize::{Labelled, Options, QuantizeError, QuantizedModel, Report, quantize};
use zkdx_circuits::system::compile;

#[derive(Deserialize)]
struct Rows {
    inputs: Vec<Vec<f64>>,
    classes: Vec<usize>,
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).expect("a fixture")
}

fn all() -> BTreeMap<String, Rows> {
    serde_json::from_slice(&fixture("trees.json")).expect("rows with classes")
}

fn trees(name: &str, options: &Options<'_>) -> Result<(QuantizedModel, Report), QuantizeError> {
    let rows = all().remove(name).expect("a fixture of that name");
    let graph = import(&fixture(&format!("{name}.onnx")), &ImportOptions::default()).expect("a model");
    let held_out = Labelled { records: &rows.inputs, classes: &rows.classes };
    quantize(&graph, &rows.inputs, Some(held_out), options)
}

#[test]
fn classes_are_those_of_the_runtime() {
    for (name, rows) in all() {
        let (model, report) = trees(&name, &Options::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let architecture = &model.architecture;
        assert_eq!(architecture.encoding.numbers, Numbers::Floats);
        for (input, class) in rows.inputs.iter().zip(&rows.classes) {
            let record = architecture.encoding.encode(input, Policy::Refuse).expect("finite numbers");
            assert_eq!(architecture.encoding.decode(&record), *input);
            let evaluation = architecture.evaluate(&record, &model.parameters).expect("a record of floats");
            assert_eq!(evaluation.class(), *class, "{name}: {input:?}");
        }
        let held_out = report.held_out.expect("it was asked for");
        assert_eq!((held_out.agreements, held_out.accuracy), (rows.inputs.len(), (1.0, 1.0)), "{name}");
        assert!(held_out.max_error <= held_out.bound, "{name}");
    }
}

#[test]
fn records_have_proofs() {
    for (name, rows) in all() {
        let (model, _) = trees(&name, &Options::default()).expect("trees");
        let system = compile(&model.architecture).expect("a system");
        let plan = Plan::choose(&system);
        NetworkCircuit::new(&system, &plan).expect("a circuit");
        for input in rows.inputs.iter().step_by(40) {
            let record = model.architecture.encoding.encode(input, Policy::Refuse).expect("finite numbers");
            system.witness(&record, &model.parameters).expect("a witness");
        }
    }
}

/// Another forest of as many trees, no larger, keeps the architecture and so its setup.
#[test]
fn smaller_forests_keep_the_architecture() {
    let (first, _) = trees("sk_forest_two", &Options::default()).expect("trees");
    let like = Options { like: Some(&first.architecture), ..Options::default() };
    let (again, _) = trees("sk_forest_two", &like).expect("the same trees");
    assert_eq!(again.architecture, first.architecture);
    assert_eq!(again.parameters.tensors(), first.parameters.tensors());
    let (scaled, report) = trees("sk_forest_scaled", &like).expect("no larger than the other");
    assert_eq!(scaled.architecture, first.architecture);
    assert_eq!(report.held_out.expect("it was asked for").agreements, all()["sk_forest_scaled"].inputs.len());
    let other = trees("trees_lt", &like).map(drop).expect_err("fewer trees");
    assert!(matches!(other, QuantizeError::Differs { .. }), "{other}");
}

#[test]
fn floats_keep_their_order() {
    let values = [f32::MIN, -1.5, -f32::MIN_POSITIVE, -1e-45, 0.0, 1e-45, f32::MIN_POSITIVE, 1.0, 1.0000001, f32::MAX];
    assert!(values.windows(2).all(|pair| float_order(pair[0]) < float_order(pair[1])));
    assert!(values.iter().all(|&value| float_at(float_order(value)) == value));
    assert_eq!((float_order(-0.0), float_order(1e-45), float_order(-1e-45)), (0, 1, -1));
    assert!(float_at(1 << 31).is_nan() && float_at(-(1 << 31)).is_nan() && float_at(i64::MIN).is_nan());
}
