//! Many records of real models, node by node and end to end: prints the table of `docs/src/quantization.md`.
//!
//! `circuits/tests/kept/measure.py FOLDER` writes the cases. Then
//!
//! ```sh
//! ZKDX_KEPT=FOLDER cargo test --release -p zkdx-circuits --test kept -- --ignored --nocapture measured
//! ```

use std::collections::BTreeMap;
use std::path::PathBuf;

use zkdx_circuits::quantize::QuantizedModel;

use crate::case::{Case, class, distances, run};

/// What was counted of a model.
#[derive(Default)]
struct Counts {
    entries: usize,
    off: usize,
    largest: u64,
    /// Entries, and those that differ, of each layer that rounds.
    layers: BTreeMap<usize, (usize, usize)>,
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

fn counted(case: &Case) -> Counts {
    let model = case.quantized();
    let mut counts = Counts::default();
    for (raw, answer) in case.answered() {
        let found = distances(&model, raw, answer);
        for (layer, distance) in found {
            let (entries, off) = counts.layers.entry(layer).or_default();
            (*entries, *off) = (*entries + 1, *off + usize::from(distance > 0));
            counts.largest = counts.largest.max(distance);
        }
        let (own, other) = (run(&model, raw), class(&answer.output));
        let ahead = |class: usize| own.scores.get(class).copied().unwrap_or_default();
        match own.class == other {
            true => counts.same += 1,
            false => counts.apart.push(ahead(own.class) - ahead(other)),
        }
    }
    for (entries, off) in counts.layers.values() {
        (counts.entries, counts.off) = (counts.entries + entries, counts.off + off);
    }
    counts.worst(&model);
    counts
}

impl Counts {
    /// Prints the layers of which more than one entry in 100,000 differs.
    fn worst(&self, model: &QuantizedModel) {
        for (layer, (entries, off)) in &self.layers {
            let rate = *off as f64 / *entries as f64;
            if rate > 1e-5 {
                println!("{}: {rate:.1e}", model.architecture.layers[*layer].name);
            }
        }
    }
}

#[test]
#[ignore = "needs the cases that measure.py writes"]
fn measured() {
    println!(
        "| model | entries | one level off | rate | same class | units apart where it is not |\n|---|---|---|---|---|---|"
    );
    for case in cases() {
        let Counts { entries, off, largest, same, apart, .. } = counted(&case);
        let (records, rate) = (same + apart.len(), off as f64 / entries.max(1) as f64);
        println!("| {} | {entries} | {off} | {rate:.1e} | {largest} | {same} of {records} | {apart:?} |", case.name);
        // Between two grids, what the model leaves in floats (an LSTM) may be more than one level off.
        assert!(largest <= 1 || case.name.starts_with("ecg") && largest <= 4, "{}: {largest} levels off", case.name);
        assert!(same * 1000 >= 985 * records, "{}: {same} of {records}", case.name);
    }
}
