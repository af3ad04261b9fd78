//! Many records of real models, node by node and end to end: prints the table of `docs/src/quantization.md`.
//!
//! `circuits/tests/kept/measure.py FOLDER` writes the cases. Then
//!
//! ```sh
//! ZKDX_KEPT=FOLDER cargo test --release -p zkdx-circuits --test kept -- --ignored --nocapture measured
//! ```

use std::collections::BTreeMap;
use std::path::PathBuf;

use zkdx_circuits::lower::{NetworkCircuit, Plan};
use zkdx_circuits::quantize::QuantizedModel;
use zkdx_circuits::system::compile;

use crate::case::{Case, class, distances, run};

/// What was counted of a model.
#[derive(Default)]
struct Counts {
    constraints: u64,
    entries: usize,
    off: usize,
    largest: u64,
    /// Of each layer that rounds: entries, those that differ, and by how much at most.
    layers: BTreeMap<usize, (usize, usize, u64)>,
    same: usize,
    /// How far the own class is before ONNX Runtime's, in units of a score, where they differ.
    apart: Vec<i64>,
}

fn cases() -> Vec<Case> {
    let folder = PathBuf::from(std::env::var("ZKDX_KEPT").expect("ZKDX_KEPT names the folder that measure.py wrote"));
    let files = std::fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    files.iter().map(|path| serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("a case")).collect()
}

fn constraints(model: &QuantizedModel) -> Result<u64, String> {
    let system = compile(&model.architecture).map_err(|error| error.to_string())?;
    let plan = Plan::choose(&system);
    let circuit = NetworkCircuit::new(&system, &plan).map_err(|error| error.to_string())?;
    Ok(circuit.report().constraints())
}

fn counted(case: &Case) -> Result<Counts, String> {
    let model = case.try_quantized()?;
    let mut counts = Counts { constraints: constraints(&model)?, ..Counts::default() };
    for (raw, answer) in case.answered() {
        let found = distances(&model, raw, answer);
        for (layer, distance) in found {
            let (entries, off, largest) = counts.layers.entry(layer).or_default();
            (*entries, *off, *largest) = (*entries + 1, *off + usize::from(distance > 0), distance.max(*largest));
            counts.largest = counts.largest.max(distance);
        }
        let (own, other) = (run(&model, raw), class(&answer.output));
        let ahead = |class: usize| own.scores.get(class).copied().unwrap_or_default();
        match own.class() == other {
            true => counts.same += 1,
            false => counts.apart.push(ahead(own.class()) - ahead(other)),
        }
    }
    for (entries, off, _) in counts.layers.values() {
        (counts.entries, counts.off) = (counts.entries + entries, counts.off + off);
    }
    counts.worst(&model);
    Ok(counts)
}

impl Counts {
    /// Prints the layers of which more than one entry in 100,000 differs.
    fn worst(&self, model: &QuantizedModel) {
        for (layer, (entries, off, largest)) in &self.layers {
            let rate = *off as f64 / *entries as f64;
            if rate > 1e-5 {
                println!("{}: {rate:.1e}, by at most {largest}", model.architecture.layers[*layer].name);
            }
        }
    }
}

#[test]
#[ignore = "needs the cases that measure.py writes"]
fn measured() {
    println!("| model | entries | off | rate | by at most | same class | units apart where it is not | constraints |");
    println!("|---|---|---|---|---|---|---|---|");
    let mut complaints = Vec::new();
    for case in cases() {
        let counts = match counted(&case) {
            Ok(counts) => counts,
            Err(refusal) => {
                complaints.push(format!("{}: {refusal}", case.name));
                continue;
            }
        };
        let Counts { constraints, entries, off, largest, same, apart, .. } = counts;
        let (records, rate) = (same + apart.len(), off as f64 / entries.max(1) as f64);
        println!(
            "| {} | {entries} | {off} | {rate:.1e} | {largest} | {same} of {records} | {apart:?} | {constraints} |",
            case.name
        );
        // What the model leaves in floats between two grids (an LSTM) may be more than one level off, and 16 bits more than one of 65,536.
        if largest > if case.name.starts_with("ecg") || case.name.contains("wide") { 8 } else { 1 } {
            complaints.push(format!("{}: {largest} levels off", case.name));
        }
        if same * 1000 < 985 * records {
            complaints.push(format!("{}: the class of {same} of {records}", case.name));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
