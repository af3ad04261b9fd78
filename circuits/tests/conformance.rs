//! ONNX's own node tests: the float graph gives what they say, the integers stay within the predicted error, and what is refused is
//! listed in `docs/src/conformance.md`, with the reason.
//!
//! `BLESS=1 cargo test --test conformance` writes the page anew; `conformance/make.py` collects the tests.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use ndarray::ArrayD;
use serde::Deserialize;
use zkdx_circuits::graph::{FloatGraph, FloatNode, FloatOp, NodeId};
use zkdx_circuits::onnx::{ImportError, ImportOptions, Reason, import};
use zkdx_circuits::quantize::{Labelled, Options, QuantizeError, quantize};

/// What ONNX allows its own backends.
const RELATIVE: f32 = 1e-3;
const ABSOLUTE: f32 = 1e-5;

#[derive(Deserialize)]
struct Case {
    name: String,
    operator: String,
    model: String,
    input: Vec<f32>,
    output: Vec<f32>,
}

/// A model of one operator.
#[derive(Deserialize)]
struct Asked {
    operator: String,
    domain: String,
    model: String,
}

fn imported(model: &str) -> Result<FloatGraph, ImportError> {
    let byte = |at: usize| u8::from_str_radix(&model[at..at + 2], 16).expect("hexadecimal digits");
    let bytes: Vec<u8> = (0..model.len()).step_by(2).map(byte).collect();
    import(&bytes, &ImportOptions::default())
}

impl Case {
    fn graph(&self) -> Result<FloatGraph, ImportError> {
        imported(&self.model)
    }

    fn check_floats(&self, graph: &FloatGraph) {
        let scores = graph.scores(&self.input).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        assert_eq!(scores.len(), self.output.len(), "{}", self.name);
        for (score, expected) in scores.iter().zip(&self.output) {
            let allowed = ABSOLUTE + RELATIVE * expected.abs();
            assert!((score - expected).abs() <= allowed, "{}: {score} for {expected}", self.name);
        }
    }

    /// The record of the test, and others between its smallest and its largest entry.
    fn records(&self) -> Vec<Vec<f64>> {
        let (lo, hi) =
            self.input.iter().fold((f64::MAX, f64::MIN), |(lo, hi), &x| (lo.min(x.into()), hi.max(x.into())));
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            lo + (hi - lo) * (state >> 11) as f64 / (1u64 << 53) as f64
        };
        let mut records = vec![self.input.iter().map(|&x| x.into()).collect()];
        records.extend((0..24).map(|_| (0..self.input.len()).map(|_| next()).collect::<Vec<f64>>()));
        records
    }

    fn check_integers(&self, graph: &FloatGraph) -> Result<(), QuantizeError> {
        let records = self.records();
        let classes = vec![0; records.len()];
        let labelled = Labelled { records: &records, classes: &classes };
        let (_, report) = match quantize(graph, &records, Some(labelled), &Options::default()) {
            // A model that only moves entries: with a layer behind it.
            Err(QuantizeError::NoLayer) => quantize(&scaled(graph), &records, Some(labelled), &Options::default())?,
            other => other?,
        };
        let found = report.held_out.expect("it was asked for");
        assert!(found.max_error <= found.bound * 1.0001 + 1e-9, "{}: {found}", self.name);
        Ok(())
    }
}

/// The same with every score multiplied by a number of its own.
fn scaled(graph: &FloatGraph) -> FloatGraph {
    let mut graph = graph.clone();
    let shape = graph.output_shape().to_vec();
    let mut factors = (1..).map(|k| 0.5 + (k as f32 * 0.37) % 1.0);
    let factors = ArrayD::from_shape_simple_fn(shape.as_slice(), || factors.next().unwrap_or(1.0));
    let constant = FloatNode { name: "factors".into(), op: FloatOp::Constant(factors), inputs: Vec::new(), shape };
    let product = FloatNode {
        name: "scaled".into(),
        op: FloatOp::Mul,
        inputs: vec![graph.output, NodeId(graph.nodes.len())],
        shape: constant.shape.clone(),
    };
    graph.nodes.extend([constant, product]);
    graph.output = NodeId(graph.nodes.len() - 1);
    graph
}

/// What became of the cases of one operator.
#[derive(Default)]
struct Tally {
    floats: usize,
    integers: usize,
    refused: BTreeMap<String, usize>,
    unquantised: BTreeMap<String, usize>,
}

fn rows<T: for<'a> Deserialize<'a>>(name: &str) -> Vec<T> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/conformance").join(name);
    let text = std::fs::read_to_string(path).expect("a file of rows");
    text.lines().map(|line| serde_json::from_str(line).expect("a row")).collect()
}

/// Why an operator has no converter, and what to do instead; nothing if it has one.
fn refusal(asked: &Asked) -> Option<(String, &'static str)> {
    let faults = imported(&asked.model).err()?.faults;
    let reason = faults.into_iter().map(|fault| fault.reason);
    let reason = reason.into_iter().find(|reason| matches!(reason, Reason::Operator | Reason::Refused { .. }))?;
    let text = reason.to_string();
    Some((text.trim_start_matches("this operator is not supported").trim_start_matches(": ").into(), reason.advice()))
}

/// The second table: operators of one reason in one row.
fn refused_page(asked: &[Asked]) -> String {
    let mut refused: BTreeMap<(String, &str), Vec<String>> = BTreeMap::new();
    for asked in asked {
        if let Some(reason) = refusal(asked) {
            let dot = if asked.domain.is_empty() { "" } else { "." };
            refused.entry(reason).or_default().push(format!("`{}{dot}{}`", asked.domain, asked.operator));
        }
    }
    let mut lines: Vec<_> =
        refused.iter().map(|((why, advice), names)| format!("| {} | {why} | {advice} |", names.join(", "))).collect();
    lines.sort();
    let count: usize = refused.values().map(Vec::len).sum();
    format!(
        "\n## Operators that are refused\n\nOf the {} operators of ONNX and `ai.onnx.ml` that are not deprecated, {} have a converter. The others:\n\n\
         | operators | why | what to do instead |\n|---|---|---|\n{}\n",
        asked.len(),
        asked.len() - count,
        lines.join("\n")
    )
}

/// The first reason, without names of nodes and sizes.
fn reason(text: &str) -> String {
    let line = text.lines().find(|line| line.starts_with("  ")).unwrap_or(text).trim();
    let line = line.split_once("): ").or_else(|| line.split_once("`: ")).map_or(line, |(_, reason)| reason);
    let line = line.split_once(": ").filter(|(head, _)| head.contains('[')).map_or(line, |(_, reason)| reason);
    line.split(';').next().unwrap_or_default().replace('|', "/")
}

#[test]
fn node_tests_of_onnx() {
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for case in rows::<Case>("cases.jsonl") {
        let tally = tallies.entry(case.operator.clone()).or_default();
        match case.graph() {
            Err(error) => *tally.refused.entry(reason(&error.to_string())).or_default() += 1,
            Ok(graph) => {
                case.check_floats(&graph);
                tally.floats += 1;
                match case.check_integers(&graph) {
                    Ok(()) => tally.integers += 1,
                    Err(error) => *tally.unquantised.entry(reason(&error.to_string())).or_default() += 1,
                }
            }
        }
    }
    let page = page(&tallies) + &refused_page(&rows("operators.jsonl"));
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/src/conformance.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &page).expect("a page of the docs");
    }
    let pinned = std::fs::read_to_string(&path).expect("a page of the docs");
    assert!(
        page == pinned,
        "docs/src/conformance.md is not what the tests say: run BLESS=1 cargo test --test conformance"
    );
}

fn page(tallies: &BTreeMap<String, Tally>) -> String {
    let sum = |count: fn(&Tally) -> usize| tallies.values().map(count).sum::<usize>();
    let all = |tally: &Tally| tally.floats + tally.refused.values().sum::<usize>();
    let total: usize = tallies.values().map(all).sum();
    let (floats, integers) = (sum(|tally| tally.floats), sum(|tally| tally.integers));
    let mut page = format!(
        "# Conformance\n\nONNX's own node tests for the operators that can be imported: {total} tests of {} operators whose record and result are \
         32-bit floats. Of these {floats} import, and all of them give what the test says, within ONNX's own tolerance (1e-3); {integers} also \
         quantise (what only moves entries, with a layer behind it), with no score off by more than the predicted bound. The others are refused, with these reasons. The page is written and \
         checked by `circuits/tests/conformance.rs`.\n\nThe first input of a test is the record and the others are constants.\n\n",
        tallies.len()
    );
    page.push_str("| operator | tests | imported | quantised | refused |\n|---|---|---|---|---|\n");
    for (operator, tally) in tallies {
        let reasons =
            tally.refused.iter().chain(&tally.unquantised).map(|(reason, count)| format!("{reason} ({count})"));
        let reasons = reasons.collect::<Vec<_>>().join("; ");
        let (floats, integers) = (tally.floats, tally.integers);
        writeln!(page, "| `{operator}` | {} | {floats} | {integers} | {reasons} |", all(tally)).expect("a string");
    }
    page
}
