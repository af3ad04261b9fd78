//! Networks as PyTorch's two exporters write them: floats as ONNX Runtime's, and integers near the floats.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ark_std::rand::rngs::StdRng;
use ark_std::rand::{Rng, SeedableRng};
use serde::Deserialize;
use zkdx_circuits::graph::FloatGraph;
use zkdx_circuits::onnx::{ImportOptions, import};
use zkdx_circuits::quantize::{Labelled, Options, quantize};

#[derive(Clone, Deserialize)]
struct Case {
    kind: String,
    records: Vec<Vec<f64>>,
    scores: Vec<Vec<f32>>,
}

/// What is not supported, with a part of the reason.
const REFUSED: [(&str, &str); 2] =
    [("padded_text.script", "name rows of a table as well"), ("padded_text.dynamo", "name rows of a table as well")];

/// Calibration and comparison records.
const RECORDS: usize = 96;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/exported")
}

fn cases() -> BTreeMap<String, Case> {
    serde_json::from_slice(&std::fs::read(folder().join("expected.json")).unwrap()).unwrap()
}

fn model(name: &str) -> Result<FloatGraph, String> {
    let bytes = std::fs::read(folder().join(format!("{name}.onnx"))).unwrap();
    import(&bytes, &ImportOptions::default()).map_err(|error| error.to_string())
}

/// Records like those that the networks were exported with, and these.
fn records(case: &Case) -> Vec<Vec<f64>> {
    let rng = &mut StdRng::seed_from_u64(11);
    let len = case.records[0].len();
    let others = (case.records.len()..RECORDS).map(|_| record(&case.kind, len, rng));
    case.records.iter().cloned().chain(others).collect()
}

fn record(kind: &str, len: usize, rng: &mut StdRng) -> Vec<f64> {
    let words = rng.gen_range(3..len);
    let mut entry = |index: usize| match kind {
        "image" => rng.gen_range(0.0..1.0),
        "text" if index < words => f64::from(rng.gen_range(1..40)),
        "text" => 0.0,
        _ => (0..12).map(|_| rng.gen_range(0.0..1.0)).sum::<f64>() - 6.0,
    };
    (0..len).map(&mut entry).collect()
}

/// Scores of class after class, each at all positions, as those of one position after the other.
fn position_by_position(scores: &[f32], positions: usize) -> impl Iterator<Item = &f32> {
    (0..positions).flat_map(move |position| scores.iter().skip(position).step_by(positions))
}

fn refusal(name: &str) -> Option<&'static str> {
    REFUSED.iter().find(|(refused, _)| *refused == name).map(|(_, reason)| *reason)
}

#[test]
fn floats_are_those_of_onnx_runtime() {
    let cases = cases();
    assert!(cases.len() > 80);
    for (name, case) in cases {
        let graph = match model(&name) {
            Ok(graph) => graph,
            Err(error) => {
                assert!(refusal(&name).is_some_and(|reason| error.contains(reason)), "{name}: {error}");
                continue;
            }
        };
        for (record, expected) in case.records.iter().zip(&case.scores) {
            let record: Vec<f32> = record.iter().map(|&x| x as f32).collect();
            let scores = graph.scores(&record).unwrap();
            assert_eq!(scores.len(), expected.len(), "{name}");
            for (got, expected) in scores.iter().zip(position_by_position(expected, graph.positions)) {
                assert!((got - expected).abs() <= 2e-5 * expected.abs().max(1.0), "{name}: {got} for {expected}");
            }
        }
    }
}

#[test]
fn integers_follow_the_floats() {
    for (name, case) in cases() {
        let (Ok(graph), records) = (model(&name), records(&case)) else { continue };
        let labelled = Labelled { records: &records, classes: &vec![0; records.len() * graph.positions] };
        let report = match quantize(&graph, &records, Some(labelled), &Options::default()) {
            Ok((_, report)) => report,
            Err(error) => {
                let error = error.to_string();
                assert!(refusal(&name).is_some_and(|reason| error.contains(reason)), "{name}: {error}");
                continue;
            }
        };
        assert!(refusal(&name).is_none(), "{name} is supported now");
        let found = report.held_out.unwrap();
        let spread = spread(&graph, &records);
        assert!(found.max_error <= found.bound * 1.0001 + 1e-9, "{name}: {found}");
        // Scores of random weights hardly depend on the record where sigmoids or means follow one another.
        assert!(found.rms_error <= 0.1 * spread.max(0.05), "{name}: {found}, scores spread by {spread}");
    }
}

/// How far scores are from their means.
fn spread(graph: &FloatGraph, records: &[Vec<f64>]) -> f64 {
    let run = |record: &Vec<f64>| graph.scores(&record.iter().map(|&x| x as f32).collect::<Vec<_>>()).unwrap();
    let scores: Vec<Vec<f32>> = records.iter().map(run).collect();
    let (count, width) = (scores.len() as f64, scores[0].len());
    let variance = |k: usize| {
        let mean = scores.iter().map(|row| f64::from(row[k])).sum::<f64>() / count;
        scores.iter().map(|row| (f64::from(row[k]) - mean).powi(2)).sum::<f64>() / count
    };
    ((0..width).map(variance).sum::<f64>() / width as f64).sqrt()
}
