//! Class maps from the model to what a person reads: disclosed or committed, of one record or of several, on chain.

mod support;

use std::path::Path;

use serde_json::{Value, json};
use support::Place;

const LEN: usize = 24;
const POSITIONS: usize = 12;

/// A fixture of class maps with 3 × 4 positions, three classes, and records of noise.
fn quantized() -> Place {
    let place = Place::new();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../circuits/tests/fixtures/maps/logits.onnx");
    place.write("model.onnx", std::fs::read(model).expect("a fixture"));
    let header: Vec<String> = (1..=LEN).map(|k| format!("x{k}")).collect();
    let row = |record: usize| (0..LEN).map(|k| format!("{:.3}", noise(record * LEN + k))).collect::<Vec<_>>().join(",");
    let table = |records: std::ops::Range<usize>| records.map(|record| row(record) + "\n").collect::<String>();
    place.write("calibration.csv", format!("{}\n{}", header.join(","), table(0..20)));
    place.write("patients.csv", format!("{}\n{}", header.join(","), table(20..22)));
    place.write("patient.json", format!("[{}]", row(20)));
    place.write("held_out.csv", format!("{},label\n{},{}\n", header.join(","), row(30), "0 1 2 0 1 2 0 1 2 0 1 2"));
    place.write("short.csv", format!("{},label\n{},{}\n", header.join(","), row(30), "0 1 2"));
    place.ok("quantize model.onnx --calibrate calibration.csv");
    place
}

/// Repeatable numbers from −1 to 1, the ends among them.
fn noise(index: usize) -> f64 {
    match index % 7 {
        0 => 1.0,
        1 => -1.0,
        _ => ((index * 7919 + 13) % 2001) as f64 / 1000.0 - 1.0,
    }
}

fn keyed(place: &Place, compile: &str) {
    place.ok(&format!("compile model.zkdx --force {compile}"));
    place.ok("setup circuit.zkdx --force");
    place.ok("register model.zkdx --force");
}

fn map(verified: &Value, case: usize) -> &Value {
    &verified["reading"]["cases"][case]["map"]
}

#[test]
fn a_map_is_proven_and_read() {
    let place = quantized();
    keyed(&place, "--outcome class");
    place.ok("commit patient.json");
    let said = place.ok("prove").out;
    assert!(said.contains(" of 12 positions"), "{said}");
    let verified = place.ok_json("verify proof.json --map map.csv");
    let map = map(&verified, 0);
    assert_eq!(map["shape"], json!([3, 4]));
    let rows: Vec<&str> = map["rows"].as_array().expect("rows").iter().filter_map(Value::as_str).collect();
    assert_eq!(rows.iter().map(|row| row.split(' ').count()).collect::<Vec<_>>(), [4, 4, 4]);
    let count = |class: usize| rows.iter().flat_map(|row| row.split(' ')).filter(|&c| c == class.to_string()).count();
    for class in 0..3 {
        let found = &map["classes"][class];
        let share = 100.0 * count(class) as f64 / POSITIONS as f64;
        assert_eq!(
            *found,
            json!({ "label": format!("class {class}"), "positions": count(class), "share": format!("{share:.1} %") })
        );
    }
    assert_eq!(String::from_utf8(place.read("map.csv")).expect("UTF-8"), rows.join("\n").replace(' ', ",") + "\n");
    place.ok("verify proof.json --map map.pgm");
    assert_eq!(String::from_utf8(place.read("map.pgm")).expect("UTF-8"), format!("P2\n4 3\n2\n{}\n", rows.join("\n")));
    let text = place.ok("verify proof.json").out;
    assert!(text.contains("diagnosis   class map of 3 × 4 positions"), "{text}");
    assert!(text.contains(&format!("{:>9} positions (", count(1))), "{text}");
    place.refused("verify proof.json --map map.csv", 4, &["map.csv"]);
    place.refused("verify proof.json --map map.png", 2, &["is no name of a class map", ".csv or .pgm"]);
    assert_eq!(place.ok_json("inspect circuit.zkdx")["positions"], 12);
}

#[test]
fn the_readable_map_cannot_be_edited() {
    let place = quantized();
    keyed(&place, "--outcome class");
    place.ok("commit patient.json");
    place.ok("prove");
    let case = "/reading/cases/0";
    for (pointer, value) in [
        ("/map/rows/1", json!("2 2 2 2 2")),
        ("/map/rows", json!([])),
        ("/map/shape/0", json!(4)),
        ("/map/classes/1/positions", json!(12)),
        ("/map/classes/0/label", json!("healthy")),
        ("/map/classes/2/share", json!("100.0 %")),
        ("/map", Value::Null),
    ] {
        place.edit("proof.json", "edited.json", &format!("{case}{pointer}"), value);
        place.refused("verify edited.json", 1, &["the readable part of the proof file was changed"]);
    }
    let word =
        place.json("proof.json").pointer("/statement/cases/0/outcome/0").and_then(Value::as_str).map(str::to_owned);
    let word = word.expect("a word");
    let last = u8::from_str_radix(&word[word.len() - 1..], 16).expect("a digit");
    for changed in [last ^ 1, last ^ 2] {
        let word = format!("{}{changed:x}", &word[..word.len() - 1]);
        place.edit("proof.json", "edited.json", "/statement/cases/0/outcome/0", json!(word));
        place.refused("verify edited.json", 1, &["does not verify"]);
    }
}

#[test]
fn a_committed_map_is_opened() {
    let place = quantized();
    keyed(&place, "--outcome commitment");
    place.ok("commit patient.json");
    place.ok("prove");
    let closed = place.ok_json("verify proof.json");
    assert!(map(&closed, 0).is_null() && closed["reading"]["cases"][0].get("diagnosis").is_none());
    place.refused("verify proof.json --map map.csv", 3, &["shows no class map", "--opening"]);
    let opened = place.ok_json("verify proof.json --opening proof.outcome --map map.csv");
    assert_eq!(map(&opened, 0)["shape"], json!([3, 4]));
    assert_eq!(place.mode("proof.outcome"), 0o600);
    for value in [json!([0, 1, 2]), json!(1), json!([3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3])] {
        place.edit("proof.outcome", "forged.outcome", "/class", value);
        place.refused("verify proof.json --opening forged.outcome", 1, &["the opening does not belong"]);
    }
}

#[test]
fn several_maps_go_under_one_proof() {
    let place = quantized();
    keyed(&place, "--outcome class --records 2");
    ["records", "proofs"].iter().for_each(|name| std::fs::create_dir(place.path(name)).expect("a directory"));
    place.ok("commit --records patients.csv --out-dir records");
    place.ok("prove --records records --out-dir proofs");
    let name = std::fs::read_dir(place.path("proofs")).expect("proofs").filter_map(Result::ok);
    let names: Vec<_> = name.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let proof = names.iter().find(|name| name.ends_with(".json")).expect("a proof");
    let verified = place.ok_json(&format!("verify proofs/{proof} --map map.csv"));
    assert!((0..2).all(|case| map(&verified, case)["shape"] == json!([3, 4])));
    assert_ne!(map(&verified, 0)["rows"], map(&verified, 1)["rows"]);
    assert!(place.names().contains(&"map-1.csv".into()) && place.names().contains(&"map-2.csv".into()));
}

#[test]
fn held_out_maps_are_compared() {
    let place = quantized();
    let line = "quantize model.onnx --calibrate calibration.csv --out other.zkdx --evaluate";
    let said = place.ok(&format!("{line} held_out.csv --report report.json")).out;
    assert!(said.contains("of 12 positions") && said.contains("mean IoU"), "{said}");
    let maps = &place.json("report.json")["held_out"]["maps"];
    assert_eq!(maps["positions"], 12);
    place.refused(
        &line.replace("other.zkdx", "third.zkdx").replace("--evaluate", "--evaluate short.csv"),
        3,
        &["3 labels were given for held-out records with 12: 12 for each, in row-major order"],
    );
    place.refused(
        "compile model.zkdx --outcome class-and-scores",
        3,
        &["are not disclosed: choose the class map alone"],
    );
}

#[test]
fn contracts_accept_maps() {
    let place = quantized();
    for outcome in ["class", "commitment"] {
        let measured =
            place.ok_json(&format!("bench model.onnx --calibrate calibration.csv --runs 1 --outcome {outcome}"));
        assert_eq!((&measured["accepted"], &measured["tampered_rejected"]), (&json!(true), &json!(true)));
        assert!(measured["float_label"].as_str().expect("a label").ends_with(" of 12 positions"), "{measured}");
    }
}
