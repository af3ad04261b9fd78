//! Class maps: float graphs and integers answer as ONNX Runtime does, wherever models say which axis counts the classes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use zkdx_circuits::OutcomeKind;
use zkdx_circuits::architecture::{Head, Policy};
use zkdx_circuits::graph::{FloatGraph, FloatOp};
use zkdx_circuits::layers::argmax;
use zkdx_circuits::onnx::{ImportOptions, import};
use zkdx_circuits::quantize::{Labelled, Options, QuantizeError, QuantizedModel, quantize};
use zkdx_circuits::records::read_csv;
use zkdx_circuits::system::compile;

use crate::builder::{Builder, noisy_records, same};

#[derive(Deserialize)]
struct Row {
    input: Vec<f32>,
    classes: Vec<usize>,
}

fn file(path: &str) -> Vec<u8> {
    std::fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)).expect("a file of the tests")
}

fn fixtures() -> BTreeMap<String, (FloatGraph, Vec<Row>)> {
    let rows: BTreeMap<String, Vec<Row>> =
        serde_json::from_slice(&file("tests/fixtures/maps/expected.json")).expect("rows");
    let read = |name: &str| import(&file(&format!("tests/fixtures/maps/{name}.onnx")), &ImportOptions::default());
    rows.into_iter().map(|(name, rows)| (name.clone(), (read(&name).expect("a model"), rows))).collect()
}

/// The first largest at each position; of one probability or logit, whether it is above `bound`.
fn float_map(graph: &FloatGraph, raw: &[f32], bound: f32) -> Vec<usize> {
    let scores = graph.scores(raw).expect("scores");
    let width = scores.len() / graph.positions;
    let class = |scores: &[f32]| match scores {
        [z] => usize::from(*z > bound),
        _ => (0..scores.len()).rev().max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap_or_default(),
    };
    scores.chunks(width).map(class).collect()
}

fn integer_map(model: &QuantizedModel, raw: &[f64]) -> Vec<usize> {
    let record = model.architecture.encoding.encode(raw, Policy::Saturate).expect("a record");
    let run = model.architecture.evaluate(&record, &model.parameters).expect("a run");
    assert_eq!(run.classes.len(), model.architecture.positions.get());
    let width = run.scores.len() / run.classes.len();
    assert!(run.scores.chunks(width).map(argmax).eq(run.classes.iter().copied()));
    run.classes.clone()
}

#[test]
fn floats_agree_with_runtime() {
    let fixtures = fixtures();
    assert_eq!(fixtures.len(), 20);
    for (name, (graph, rows)) in fixtures {
        let bound = if name.ends_with("sigmoid") { 0.5 } else { 0.0 };
        for row in rows {
            assert_eq!(float_map(&graph, &row.input, bound), row.classes, "{name}");
        }
    }
}

#[test]
fn what_the_importer_decides_is_said() {
    let fixtures = fixtures();
    let said =
        |name: &str| fixtures[name].0.notes.iter().filter(|note| note.contains("class")).cloned().collect::<Vec<_>>();
    assert_eq!(said("logits"), ["`y` [1, 3, 3, 4] is a class map: 3 × 4 positions, 3 classes, along axis 1"]);
    assert_eq!(said("one_logit"), ["`y` [1, 1, 3, 4] is a class map: 3 × 4 positions, two classes by one score each"]);
    assert_eq!(said("channels_last"), ["`y` [1, 3, 4, 3] is a class map: 3 × 4 positions, 3 classes, along axis 3"]);
    assert_eq!(said("tags"), ["`y` [1, 5, 4] is a class map: 5 positions, 4 classes, along axis 2"]);
    assert_eq!(said("signal"), ["`y` [1, 3, 4] is a class map: 4 positions, 3 classes, along axis 1"]);
    let class = "output `y` is the class of the largest score: the scores are used";
    assert_eq!(
        said("classes"),
        [class, "`argmax_y` [1, 3, 3, 4] is a class map: 3 × 4 positions, 3 classes, along axis 1"]
    );
}

/// Softmax over the classes and sigmoids are left out; a softmax over something else is computed.
#[test]
fn the_end_of_a_map_is_stripped() {
    let heads = [
        ("logits", Head::Scores),
        ("sigmoid", Head::Sigmoid),
        ("sigmoids", Head::Scores),
        ("softmax", Head::Softmax),
        ("softmax_of_two", Head::Softmax),
        ("softmax_last", Head::Softmax),
        ("classes_of_shares", Head::Softmax),
        ("classes_of_other_shares", Head::Scores),
        ("kept_logits", Head::Scores),
        ("kept_softmax", Head::Softmax),
        ("kept_sigmoid", Head::Sigmoid),
    ];
    for (name, head) in heads {
        let (graph, _) = &fixtures()[name];
        let records = noisy_records(1, 50, graph.input_shape().iter().product());
        let (model, _) = quantize(graph, &records, None, &Options::default()).expect("integers");
        assert_eq!(model.architecture.head, head, "{name}");
        let shares = model.architecture.layers.iter().any(|node| format!("{:?}", node.layer).starts_with("Share"));
        assert_eq!(shares, name == "classes_of_other_shares", "{name}");
    }
}

#[test]
fn integers_agree_where_nothing_is_near_a_tie() {
    for (name, (graph, rows)) in fixtures() {
        let len = graph.input_shape().iter().product();
        let (calibration, held_out) = (noisy_records(1, 100, len), noisy_records(2, 60, len));
        let bound = if name.ends_with("sigmoid") { 0.5 } else { 0.0 };
        let floats = |raw: &[f64]| float_map(&graph, &raw.iter().map(|&x| x as f32).collect::<Vec<_>>(), bound);
        let classes: Vec<usize> = held_out.iter().flat_map(|raw| floats(raw)).collect();
        let labelled = Labelled { records: &held_out, classes: &classes };
        let (model, report) = quantize(&graph, &calibration, Some(labelled), &Options::default()).expect("integers");
        compile(&model.architecture).unwrap_or_else(|error| panic!("{name}: {error}"));
        let found = report.held_out.as_ref().expect("it was asked for");
        let maps = found.maps.as_ref().expect("a map");
        // Probabilities that tie after rounding need not tie before.
        let least = if name.starts_with("kept_") { 0.97 } else { 1.0 };
        assert!(found.accuracy.0 >= least && maps.overlap.0 >= least * least, "{name}: {report}");
        assert_eq!(maps.positions, classes.len());
        assert!(found.max_error <= found.bound * 1.0001 + 1e-9, "{name}: {report}");
        assert!(found.disagreements.iter().all(|changed| changed.within_rounding), "{name}: {report}");
        let changed = held_out.iter().flat_map(|raw| integer_map(&model, raw)).zip(&classes).filter(|(a, b)| a != *b);
        let (changed, same) = (changed.count(), maps.positions - maps.agreements);
        assert!(changed == same || least < 1.0, "{name}: {changed} and {same}");
        assert!(100 * maps.agreements >= 95 * maps.positions, "{name}: {report}");
        let record: Vec<f64> = rows[0].input.iter().map(|&x| x.into()).collect();
        let off = integer_map(&model, &record).iter().zip(&rows[0].classes).filter(|(a, b)| a != b).count();
        assert!(off <= 2, "{name}: {off}");
    }
}

#[test]
fn labels_that_do_not_fit_are_refused() {
    let (graph, _) = &fixtures()["logits"];
    let records = noisy_records(1, 5, graph.input_shape().iter().product());
    let refusal = |classes: &[usize]| {
        let labelled = Labelled { records: &records, classes };
        quantize(graph, &records, Some(labelled), &Options::default()).err().expect("refused")
    };
    let counted = QuantizeError::Labels { expected: 60, got: 5, positions: 12 };
    assert_eq!(refusal(&[0; 5]), counted);
    let mut classes = [0; 60];
    classes[25] = 3;
    assert_eq!(refusal(&classes), QuantizeError::Class { row: 3, class: 3, classes: 3 });
    let labels = Some(vec!["one".to_owned(); 12]);
    let options = Options { labels, ..Options::default() };
    let error = quantize(graph, &records, None, &options).err().expect("refused").to_string();
    assert_eq!(error, "12 labels were given, the model has 3");
}

/// A retrained model of the same shape keeps the architecture; one of other positions has no place in it.
#[test]
fn maps_are_quantised_like_others() {
    let fixtures = fixtures();
    let records = noisy_records(1, 50, 24);
    let like = quantize(&fixtures["logits"].0, &records, None, &Options::default()).expect("integers").0.architecture;
    let options = Options { like: Some(&like), ..Options::default() };
    let again = quantize(&fixtures["logits"].0, &records, None, &options).expect("integers").0.architecture;
    assert_eq!(again.digest(), like.digest());
    assert!(quantize(&fixtures["channels_last"].0, &records, None, &options).is_ok());
    assert!(quantize(&fixtures["two_logits"].0, &records, None, &options).is_err());
    assert!(quantize(&fixtures["resized"].0, &records, None, &options).is_err());
}

/// More positions than a statement has bits for.
#[test]
fn large_maps_are_committed_to() {
    for (side, outcome) in [(124, OutcomeKind::Class), (126, OutcomeKind::Commitment)] {
        let mut b = Builder::new(&[1, 1, side, side]);
        let scores = b.conv("conv", 0, same(1, 1), 3);
        let last = b.node("last", FloatOp::Reshape, &[scores], &[1, side, side, 1]);
        let graph = FloatGraph { positions: side * side, ..b.graph(last) };
        let records = noisy_records(1, 3, side * side);
        let (model, _) = quantize(&graph, &records, None, &Options::default()).expect("integers");
        assert_eq!(model.architecture.outcome, outcome, "{side}");
    }
}

/// The network that marks lesions: ONNX Runtime's masks, of which the integers change fewer than one pixel in 200.
#[test]
fn lesions_are_found_where_the_float_model_finds_them() {
    let graph = import(&file("../models/segmentation/model.onnx"), &ImportOptions::default()).expect("a model");
    let names: Vec<String> = (1..=1024).map(|k| format!("x{k}")).collect();
    let read = |name: &str, label| read_csv(&file(&format!("../models/segmentation/{name}"))[..], &names, label);
    let calibration = read("calibration.csv", None).expect("records");
    let held_out = read("held_out.csv", Some("label")).expect("records");
    let masks = masks();
    for (raw, mask) in held_out.values.iter().zip(&masks) {
        assert_eq!(float_map(&graph, &raw.iter().map(|&x| x as f32).collect::<Vec<_>>(), 0.0), *mask);
    }
    let labelled = Labelled { records: &held_out.values, classes: held_out.labels.as_ref().expect("labels") };
    let (model, report) = quantize(&graph, &calibration.values, Some(labelled), &Options::default()).expect("integers");
    let found = report.held_out.as_ref().expect("it was asked for");
    let maps = found.maps.as_ref().expect("a map");
    assert_eq!((maps.positions, (found.accuracy.0 * 1e4).round()), (102_400, 9911.0));
    assert!(200 * maps.agreements >= 199 * maps.positions, "{report}");
    assert!((maps.overlap.0 - maps.overlap.1).abs() < 0.01, "{report}");
    let runs = held_out.values.iter().map(|raw| integer_map(&model, raw));
    let same = runs.zip(&masks).flat_map(|(run, mask)| run.into_iter().zip(mask)).filter(|(a, b)| a == *b).count();
    assert_eq!(same, maps.agreements);
}

/// Hexadecimal digits, the first pixel in the highest bit.
fn masks() -> Vec<Vec<usize>> {
    let text = String::from_utf8(file("../models/segmentation/reference.csv")).expect("UTF-8");
    let bits = |digit: char| (0..4).rev().map(move |bit| (digit.to_digit(16).expect("a digit") >> bit & 1) as usize);
    text.lines().skip(1).map(|line| line.chars().flat_map(bits).collect()).collect()
}
