//! What the bundled models cost, relation by relation: `models/NAME/circuit.txt`. With `BLESS=1` the files are written anew.

use std::fs::{File, read, write};
use std::path::PathBuf;

use zkdx_circuits::lower::{NetworkCircuit, Plan};
use zkdx_circuits::onnx::{ImportOptions, import};
use zkdx_circuits::quantize::{Options, quantize};
use zkdx_circuits::records::read_csv;
use zkdx_circuits::system::compile;

fn models() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../models")
}

/// The report on the circuit of a model, quantised as the program does it by default.
fn report(name: &str, calibration: &str) -> String {
    let graph = import(&read(models().join(name).join("model.onnx")).unwrap(), &ImportOptions::default()).unwrap();
    let header = String::from_utf8(read(models().join(calibration)).unwrap()).unwrap();
    let header = header.lines().next().unwrap_or_default().split(',').filter(|column| *column != "label");
    let names: Vec<String> = header.map(str::to_owned).collect();
    let records = read_csv(File::open(models().join(calibration)).unwrap(), &names, Some("label")).unwrap();
    let (model, _) = quantize(&graph, &records.values, None, &Options::default()).unwrap();
    let system = compile(&model.architecture).unwrap();
    let plan = Plan::choose(&system);
    NetworkCircuit::new(&system, &plan).unwrap().report().to_string()
}

#[test]
fn costs_are_pinned() {
    let models = [("logreg", "data"), ("mlp", "data"), ("mlp-skl2onnx", "data"), ("digits", "digits")];
    for (name, records) in models {
        let path = models_path(name);
        let found = report(name, &format!("{records}/calibration.csv"));
        if std::env::var_os("BLESS").is_some() {
            write(&path, &found).unwrap();
        }
        let pinned = String::from_utf8(read(&path).unwrap_or_default()).unwrap();
        assert_eq!(found, pinned, "{name}: if this is meant to be so, set BLESS=1");
    }
}

fn models_path(name: &str) -> PathBuf {
    models().join(name).join("circuit.txt")
}
