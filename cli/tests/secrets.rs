//! No secret leaves: weights, record values and blinding are in no public file and in nothing that is printed.

mod support;

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};
use support::{Answer, Place, onnx};

const COMMANDS: [&str; 17] = [
    "quantize models/mlp/model.onnx --card models/mlp/card.json --calibrate models/data/calibration.csv --evaluate \
     models/data/held_out.csv --report report.json",
    "compile model.zkdx --outcome commitment",
    "setup circuit.zkdx",
    "register model.zkdx",
    "commit record.json",
    "prove --timings timings.json",
    "verify proof.json",
    "export proof.json",
    "export proof.json --as json",
    "export verifying.key",
    "export model.public --as json",
    "inspect model.zkdx",
    "inspect model.registration",
    "inspect record.commitment",
    "inspect proof.outcome",
    "inspect proof.json",
    "inspect proving.key --json",
];
const PUBLIC: [&str; 7] =
    ["circuit.zkdx", "proving.key", "verifying.key", "model.public", "proof.json", "report.json", "timings.json"];

/// The bundled record with seven distinctive digits in each value, as text.
fn record() -> Value {
    let record: Value = serde_json::from_slice(&std::fs::read(support::bundled("data/record.json")).unwrap()).unwrap();
    let distinct = |(index, (name, value)): (usize, (&String, &Value))| {
        let value = value.as_f64().expect("a number") * (1.0 + 1.234_567e-4 * (index + 1) as f64);
        (name.clone(), json!(format!("{value:.6e}").parse::<f64>().expect("a number")))
    };
    Value::Object(record.as_object().expect("an object").iter().enumerate().map(distinct).collect())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Not mostly zeros, which are everywhere.
fn distinctive(bytes: &[u8]) -> bool {
    bytes.iter().collect::<BTreeSet<_>>().len() > 5
}

/// Runs of bytes that only someone who has the secret knows.
fn secrets(place: &Place) -> Vec<(String, Vec<u8>)> {
    let mut secrets = Vec::new();
    let mut add = |name: &str, bytes: &[u8]| {
        secrets.push((name.to_owned(), bytes.to_vec()));
        secrets.push((format!("{name}, reversed"), bytes.iter().rev().copied().collect()));
        secrets.push((format!("{name}, in hexadecimal"), hex(bytes).into_bytes()));
    };
    let commitment = place.read("record.commitment");
    let payload = &commitment[16..commitment.len() - 32];
    add("the record's blinding", &payload[33..65]);
    payload[65..].chunks_exact(24).for_each(|entries| add("encoded values", entries));
    let entries: Vec<u8> = payload[65..].chunks_exact(8).flat_map(|entry| entry[6..].to_vec()).collect();
    entries.chunks_exact(10).for_each(|entries| add("encoded values in 16 bits", entries));
    let registration = place.read("model.registration");
    add("the registration's blinding", &registration[16 + 128..16 + 160]);
    let model = place.read("model.zkdx");
    model[model.len() - 64 - 2048..model.len() - 64].chunks_exact(16).for_each(|weights| {
        if distinctive(weights) {
            add("integer weights", weights);
        }
    });
    let float = std::fs::read(support::bundled("mlp/model.onnx")).expect("the bundled model");
    for (name, range) in onnx::weights(&float).into_iter().filter(|(name, _)| name.ends_with("/weight")) {
        let weights = float[range].chunks_exact(16).filter(|weights| distinctive(weights));
        weights.for_each(|weights| add(&format!("float weights of {name}"), weights));
    }
    let opening = place.json("proof.outcome");
    let blinding = opening["blinding"].as_str().expect("a blinding").trim_start_matches("0x").to_owned();
    secrets.push(("the outcome's blinding".into(), blinding.into_bytes()));
    let values = record().as_object().expect("an object").values().map(Value::to_string).collect::<Vec<_>>();
    secrets.extend(values.into_iter().map(|value| (format!("the record's {value}"), value.into_bytes())));
    secrets
}

#[test]
fn no_secret_is_in_a_public_file_or_printed() {
    let place = Place::new();
    place.write("record.json", record().to_string());
    let mut texts: Vec<(String, Vec<u8>)> = Vec::new();
    for line in COMMANDS {
        let Answer { line, out, err, .. } = place.ok(line);
        texts.push((format!("what `{line}` printed"), format!("{out}\n{err}").into_bytes()));
    }
    texts.extend(PUBLIC.map(|name| (name.to_owned(), place.read(name))));
    let secrets = secrets(&place);
    assert!(secrets.len() > 500, "{}", secrets.len());
    for name in ["model.zkdx", "record.commitment"] {
        let bytes = place.read(name);
        assert!(find(&bytes, &secrets).is_some(), "the search finds nothing, not even in {name}");
    }
    for (place, bytes) in &texts {
        if let Some((what, _)) = find(bytes, &secrets) {
            panic!("{place} contains {what}");
        }
    }
}

/// Bytes by which a secret is first looked for.
const PREFIX: usize = 6;

/// The first of `secrets` that is in `bytes`.
fn find<'s>(bytes: &[u8], secrets: &'s [(String, Vec<u8>)]) -> Option<&'s (String, Vec<u8>)> {
    let mut by_prefix: HashMap<&[u8], Vec<&(String, Vec<u8>)>> = HashMap::new();
    secrets.iter().for_each(|secret| by_prefix.entry(&secret.1[..PREFIX]).or_default().push(secret));
    let starting = |(at, window): (usize, &[u8])| {
        by_prefix.get(window)?.iter().copied().find(|(_, secret)| bytes[at..].starts_with(secret))
    };
    bytes.windows(PREFIX).enumerate().find_map(starting)
}
