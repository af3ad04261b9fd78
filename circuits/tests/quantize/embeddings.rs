//! Records that name rows of a table.

use std::path::PathBuf;

use zkdx_circuits::OutcomeKind;
use zkdx_circuits::architecture::{Interval, Policy};
use zkdx_circuits::graph::{FloatGraph, FloatOp};
use zkdx_circuits::onnx::{ImportOptions, import};
use zkdx_circuits::quantize::{Labelled, Options, QuantizeError, quantize};
use zkdx_circuits::system::compile;

use crate::builder::{Builder, float_class, noise};

fn fixture(name: &str) -> FloatGraph {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/{name}.onnx"));
    import(&std::fs::read(path).expect("a fixture"), &ImportOptions::default()).expect("a model")
}

/// Names below `rows`.
fn records(seed: u64, count: usize, len: usize, rows: usize) -> Vec<Vec<f64>> {
    let name = |x: &f32| ((f64::from(*x) + 1.0) / 2.0 * rows as f64).floor().min(rows as f64 - 1.0);
    noise(seed, count * len).chunks(len).map(|row| row.iter().map(name).collect()).collect()
}

#[test]
fn imported_embeddings_quantise() {
    for (name, rows) in
        [("embedding_bag", 11), ("embedding_places", 9), ("embedding_cast", 5), ("embedding_attention", 20)]
    {
        let graph = fixture(name);
        let len = graph.input_shape().iter().product();
        let (calibration, held_out) = (records(1, 100, len, rows), records(2, 200, len, rows));
        let classes: Vec<usize> = held_out.iter().map(|raw| float_class(&graph, raw)).collect();
        let labelled = Labelled { records: &held_out, classes: &classes };
        let options = Options { outcome: OutcomeKind::ClassAndScores, ..Options::default() };
        let (model, report) = quantize(&graph, &calibration, Some(labelled), &options).expect("names have rows");
        let found = report.held_out.expect("it was asked for");
        assert!(found.disagreements.iter().all(|changed| changed.within_rounding), "{name}: {found}");
        assert!(found.max_error <= found.bound, "{name}: {found}");
        let encoding = &model.architecture.encoding;
        assert_eq!(encoding.interval, Interval::new(0, rows.next_power_of_two() as i64 - 1));
        assert!(encoding.encode(&vec![-1.0; len], Policy::Refuse).is_err());
        let system = compile(&model.architecture).expect("a system");
        for raw in &held_out[..5] {
            let record = encoding.encode(raw, Policy::Refuse).expect("names");
            assert_eq!(encoding.decode(&record), *raw);
            system.witness(&record, &model.parameters).expect("a witness");
        }
        let like = Options { like: Some(&model.architecture), ..options };
        let (again, _) = quantize(&graph, &calibration, None, &like).expect("the same model");
        assert_eq!(again.architecture, model.architecture);
        assert_eq!(again.parameters.tensors(), model.parameters.tensors());
    }
}

#[test]
fn names_are_no_numbers() {
    let mut b = Builder::new(&[1, 3]);
    let table = b.constant(&[5, 2], &noise(3, 10));
    let rows = b.node("rows", FloatOp::Embed, &[table, 0], &[1, 3, 2]);
    let flat = b.flatten(rows);
    let joined = b.node("joined", FloatOp::Concat { axis: 1 }, &[flat, 0], &[1, 9]);
    let scores = b.dense("scores", joined, &noise(5, 18), &[0.1, 0.2]);
    let refused = quantize(&b.graph(scores), &records(1, 20, 3, 5), None, &Options::default()).map(drop);
    let error = refused.expect_err("a category is no number");
    assert!(matches!(error, QuantizeError::Unsupported(_)) && error.to_string().contains("name rows"), "{error}");
    let mut b = Builder::new(&[1, 3]);
    let table = b.constant(&[5, 2], &noise(3, 10));
    let twice = b.node("twice", FloatOp::Add, &[0, 0], &[1, 3]);
    let rows = b.node("rows", FloatOp::Embed, &[table, twice], &[1, 3, 2]);
    let refused = quantize(&b.graph(rows), &records(1, 20, 3, 2), None, &Options::default()).map(drop);
    assert!(refused.expect_err("a computed name").to_string().contains("numbers that are computed"));
}
