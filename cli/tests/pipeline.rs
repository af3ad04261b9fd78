//! The whole way by commands, and what each leaves behind.

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::Place;

/// What the way to a proof leaves in its directory, with modes.
const FILES: [(&str, u32); 8] = [
    ("circuit.zkdx", 0o644),
    ("model.public", 0o644),
    ("model.registration", 0o600),
    ("model.zkdx", 0o600),
    ("proof.json", 0o644),
    ("proving.key", 0o644),
    ("record.commitment", 0o600),
    ("verifying.key", 0o644),
];

const QUANTIZE: &str = "quantize models/mlp/model.onnx --card models/mlp/card.json --calibrate models/data/calibration.csv \
                        --evaluate models/data/held_out.csv";

/// What `demo --json` prints, and what `bench --json` prints besides.
const MEASURED: [&str; 16] = [
    "model",
    "system",
    "constraints",
    "setup_seconds",
    "prove_seconds",
    "prove_cpu_seconds",
    "prove_peak_bytes",
    "verify_seconds",
    "proof_bytes",
    "proving_key_bytes",
    "gas_verify",
    "gas_submit",
    "accepted",
    "tampered_rejected",
    "label",
    "float_label",
];
const SPREAD: [&str; 4] = ["runs", "threads", "prove_seconds_spread", "prove_cpu_seconds_spread"];

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn an_mlp_goes_from_onnx_to_a_verified_diagnosis() {
    let place = Place::new();
    let report = place.ok_json(QUANTIZE);
    assert_eq!(report.pointer("/report/held_out/records").and_then(Value::as_u64), Some(114), "{report}");
    let circuit = place.ok_json("compile model.zkdx --outcome class-and-scores");
    assert!(circuit["constraints"].as_u64().is_some_and(|count| count > 0), "{circuit}");
    let setup = place.ok_json("setup circuit.zkdx");
    assert_eq!(setup["setup"], "single-party");
    let registered = place.ok_json("register model.zkdx");
    let committed = place.ok_json("commit models/data/record.json");
    let proven = place.ok_json("prove");
    let verified = place.ok_json("verify proof.json");

    assert_eq!(verified["verified"], true);
    assert_eq!(verified["reading"], proven["reading"]);
    assert_eq!(verified["reading"]["cases"][0]["diagnosis"], "malignant");
    assert_eq!(verified["model_id"], registered["model_id"]);
    let proof = place.json("proof.json");
    assert_eq!(proof.pointer("/statement/cases/0/record_commitment"), Some(&committed["record_commitment"]));
    for (name, mode) in FILES {
        assert_eq!(place.mode(name), mode, "mode of {name}");
    }
    assert_eq!(place.names(), FILES.map(|(name, _)| name), "nothing else is left");
    let text = place.ok("verify proof.json").out;
    for words in [
        "diagnosis   malignant",
        "breast-cancer-mlp 1.0.0",
        "every value in the calibrated range, as the prover declares",
        "single party",
    ] {
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn every_outcome_is_proven_and_says_what_it_discloses() {
    for (outcome, diagnosis, scores) in
        [("class", Some("malignant"), 0), ("class-and-scores", Some("malignant"), 2), ("commitment", None, 0)]
    {
        let place = Place::proven("logreg", outcome);
        let reading = &place.ok_json("verify proof.json")["reading"]["cases"][0];
        assert_eq!(reading.get("diagnosis").and_then(Value::as_str), diagnosis, "{outcome}: {reading}");
        assert_eq!(reading.get("scores").and_then(Value::as_array).map_or(0, Vec::len), scores, "{outcome}: {reading}");
        if outcome != "commitment" {
            assert_eq!(place.names(), FILES.map(|(name, _)| name), "{outcome}");
            continue;
        }
        assert_eq!(place.mode("proof.outcome"), 0o600);
        let opened = &place.ok_json("verify proof.json --opening proof.outcome")["reading"]["cases"][0];
        assert_eq!(opened["diagnosis"], "malignant");
        assert_eq!(opened["scores"].as_array().map(Vec::len), Some(2), "{opened}");
        let shown = place.ok_json("inspect proof.outcome");
        assert_eq!(shown["file"], "opening of a committed outcome");
        assert!(!shown.to_string().contains("class\":"), "{shown}");
    }
}

#[test]
fn outputs_go_where_they_are_asked_to_and_are_complete() {
    let place = Place::proven("logreg", "commitment");
    place.ok("prove --out a.json --opening b.secret --timings c.json");
    assert_eq!((place.mode("a.json"), place.mode("b.secret"), place.mode("c.json")), (0o644, 0o600, 0o644));
    let timings = place.json("c.json");
    let steps = timings["steps"].as_array().expect("steps");
    let number = |value: &Value, name: &str| value[name].as_f64().unwrap_or_else(|| panic!("{name} in {timings}"));
    assert_eq!(
        steps.iter().filter(|step| number(step, "wall_seconds") + number(step, "cpu_seconds") >= 0.0).count(),
        16
    );
    let totals = ["constraints", "domain", "threads", "peak_bytes", "proving_key_bytes"];
    assert!(totals.into_iter().all(|name| number(&timings, name) > 0.0));
    place.ok("verify a.json --opening b.secret");
    place.refused("verify proof.json --opening b.secret", 1, &["the opening does not belong"]);
    place.ok(&format!("{QUANTIZE} --out m.zkdx --report report.json"));
    assert!(place.json("report.json")["held_out"].is_object());
}

#[test]
fn every_file_is_exported_in_every_form() {
    let place = Place::proven("logreg", "class");
    for file in ["proof.json", "verifying.key", "model.public"] {
        let calldata = place.ok(&format!("export {file}")).out;
        assert!(calldata.starts_with("0x") && calldata.len() > 2 * (4 + 128), "{file}: {calldata}");
        let hex = place.ok(&format!("export {file} --as hex")).out;
        let json: Value = serde_json::from_str(&place.ok(&format!("export {file} --as json")).out).expect("JSON");
        assert!(json.is_object() && hex.trim().len().is_multiple_of(2), "{file}");
        let both = place.ok_json(&format!("export {file}"));
        assert_eq!(both["calldata"], calldata.trim(), "{file}");
        assert_eq!(both["export"], json, "{file}");
        place.ok_json(&format!("export {file} -o {file}.hex"));
        assert_eq!(place.read(&format!("{file}.hex")), calldata.as_bytes(), "{file}");
    }
    let proof = place.json("proof.json");
    assert_eq!(Value::from(place.ok("export proof.json --as hex").out.trim()), proof["proof"]);
    let key = place.ok("export verifying.key --as hex").out;
    assert_eq!(place.ok("export proving.key --as hex").out, key, "a proving key contains its verification key");
}

#[test]
fn every_file_is_inspected_without_its_secrets() {
    let place = Place::proven("logreg", "class");
    for (file, _) in FILES {
        let shown = place.ok_json(&format!("inspect {file}"));
        assert!(shown["file"].is_string(), "{file}: {shown}");
        assert!(!place.ok(&format!("inspect {file}")).out.is_empty(), "{file}");
    }
    let model = place.ok_json("inspect models/mlp/model.onnx");
    assert!(model.is_object(), "{model}");
    let registration = place.ok_json("inspect model.registration");
    assert_eq!(registration["secret"], true);
    assert_eq!(keys(&registration), BTreeSet::from(["file", "key", "model_id", "secret", "size"]));
}

#[test]
fn nothing_is_overwritten_unless_forced() {
    let place = Place::proven("logreg", "class");
    let quantize = "quantize models/logreg/model.onnx --calibrate models/data/calibration.csv";
    let commands = [
        quantize,
        "compile model.zkdx",
        "setup circuit.zkdx",
        "register model.zkdx",
        "commit models/data/record.json",
        "prove",
    ];
    for command in commands {
        place.refused(command, 4, &["it exists", "--force"]);
    }
    place.refused("export proof.json -o model.zkdx", 4, &["it exists", "--force"]);
    let before = place.read("record.commitment");
    place.ok("commit models/data/record.json --force");
    assert_ne!(place.read("record.commitment"), before);
    assert_eq!(place.mode("record.commitment"), 0o600);
    place.ok("prove --force");
    place.ok("verify proof.json");
    assert_eq!(place.names(), FILES.map(|(name, _)| name));
}

#[test]
fn errors_are_one_object_too() {
    let place = Place::new();
    for (line, kind, code) in [
        ("inspect nothing --json", "io", 4),
        ("compile models/logreg/model.onnx --json", "input", 3),
        ("prove --nonce zz --json", "usage", 2),
        ("setup c --proving-key k --verifying-key k --json", "usage", 2),
    ] {
        let answer = place.refused(line, code, &[]);
        let error = &answer.one_object()["error"];
        assert_eq!(error["kind"], kind, "{line}");
        assert!(error["what"].as_str().is_some_and(|what| !what.is_empty()), "{line}");
    }
    let completions = place.ok_json("completions bash");
    assert_eq!(completions["shell"], "bash");
}

#[test]
fn the_demo_measures_what_it_says() {
    let place = Place::new();
    for line in ["demo", "demo --model logreg --outcome class", "demo --model digits", "demo --outcome commitment"] {
        let demo = place.ok_json(line);
        assert_eq!(keys(&demo), BTreeSet::from(MEASURED), "{line}");
        assert_eq!(demo["system"], "two-round-groth16");
        assert_eq!((&demo["accepted"], &demo["tampered_rejected"]), (&true.into(), &true.into()), "{line}");
        assert_eq!(demo["proof_bytes"], 320);
        assert!(demo["gas_verify"].as_u64().is_some_and(|gas| gas > 100_000 && gas <= 320_000), "{demo}");
        assert!(demo["gas_submit"].as_u64() > demo["gas_verify"].as_u64(), "{demo}");
        for seconds in ["setup_seconds", "prove_seconds", "prove_cpu_seconds", "verify_seconds"] {
            assert!(demo[seconds].as_f64().is_some_and(|value| value > 0.0), "{seconds}: {demo}");
        }
        assert_eq!(demo["float_label"], if line.contains("digits") { "7" } else { "malignant" });
        assert_eq!(demo["label"], demo["float_label"], "{line}");
    }
    let text = place.ok("demo").out;
    assert!(text.contains("float model             malignant"), "{text}");
    assert_eq!(place.names(), [""; 0], "the demo writes no files");
}

#[test]
fn bench_measures_the_same_with_its_spread() {
    let place = Place::new();
    let bench = place.ok_json("bench models/logreg/model.onnx --calibrate models/data/calibration.csv --runs 2");
    assert_eq!(keys(&bench), MEASURED.into_iter().chain(SPREAD).collect());
    assert_eq!(bench["runs"], 2);
    assert_eq!(bench["label"], bench["float_label"]);
    assert_eq!(place.names(), [""; 0], "bench writes no files");
}
