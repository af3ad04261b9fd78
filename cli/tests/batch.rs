//! Many records under one model: a proof for each, none made twice, and bad ones named without stopping the rest.

mod support;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use support::Place;

const PROVE: &str = "prove --records records --out-dir proofs";
const PROOFS: [&str; 3] = ["row-0001.proof.json", "row-0002.proof.json", "row-0003.proof.json"];

/// With keys, a registered model and three committed records.
fn place(model: &str, outcome: &str) -> Place {
    let place = Place::new();
    place.quantize(model);
    place.ok(&format!("compile model.zkdx --outcome {outcome}"));
    place.ok("setup circuit.zkdx");
    place.ok("register model.zkdx");
    let held_out = std::fs::read_to_string(support::bundled("data/held_out.csv")).expect("the bundled data");
    place.write("three.csv", held_out.lines().take(4).collect::<Vec<_>>().join("\n"));
    for directory in ["records", "proofs"] {
        std::fs::create_dir(place.path(directory)).expect("a directory");
    }
    place.ok("commit --records three.csv --out-dir records");
    place
}

/// What is in the directory `name`, hidden files too.
fn content(place: &Place, name: &str) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(place.path(name)).expect("a directory");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
    names.map(|file| (file.clone(), place.read(&format!("{name}/{file}")))).collect()
}

fn names(place: &Place, directory: &str) -> Vec<String> {
    content(place, directory).into_keys().collect()
}

fn counts(value: &Value) -> [Option<u64>; 4] {
    ["proven", "skipped", "failed", "not_tried"].map(|name| value[name].as_u64())
}

fn some(counts: [u64; 4]) -> [Option<u64>; 4] {
    counts.map(Some)
}

fn damage(place: &Place, name: &str) {
    let mut bytes = place.read(name);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    place.write(name, bytes);
}

#[test]
fn every_record_is_proven_once_and_only_once() {
    let place = place("mlp", "class");
    let first = place.ok_json(PROVE);
    assert_eq!(counts(&first), some([3, 0, 0, 0]), "{first}");
    assert!(first["seconds"].as_f64() > Some(0.0) && first["records_per_minute"].as_f64() > Some(0.0), "{first}");
    assert_eq!(names(&place, "proofs"), PROOFS);
    for (file, name) in first["files"].as_array().expect("a list").iter().zip(PROOFS) {
        assert_eq!((&file["result"], &file["proof"]), (&json!("proven"), &json!(format!("proofs/{name}"))));
        place.ok(&format!("verify proofs/{name}"));
    }
    let nonce = |name: &&str| place.json(&format!("proofs/{name}")).pointer("/statement/context/nonce").cloned();
    let nonces: Vec<Value> = PROOFS.iter().filter_map(nonce).collect();
    assert!(nonces.len() == 3 && nonces[0] != nonces[1] && nonces[1] != nonces[2], "{nonces:?}");

    let proofs = content(&place, "proofs");
    assert_eq!(counts(&place.ok_json(PROVE)), some([0, 3, 0, 0]));
    assert_eq!(counts(&place.ok_json(&format!("{PROVE} --force"))), some([0, 3, 0, 0]));
    std::fs::remove_file(place.path("proofs/row-0002.proof.json")).expect("it can be removed");
    assert_eq!(counts(&place.ok_json(PROVE)), some([1, 2, 0, 0]), "an interrupted batch goes on");
    let again = content(&place, "proofs");
    assert!(again[PROOFS[0]] == proofs[PROOFS[0]] && again[PROOFS[2]] == proofs[PROOFS[2]], "a proof was touched");
    let text = place.ok(PROVE);
    assert!(text.out.contains("row-0001") && text.out.contains("proven 0, skipped 3, failed 0"), "{text:#?}");
    assert_eq!(text.err, "", "no progress but on a terminal");
    let quiet = place.ok(&format!("{PROVE} --quiet"));
    assert!(!quiet.out.contains("row-0001") && quiet.err.is_empty(), "{quiet:#?}");
}

#[test]
fn a_bad_record_is_named_and_the_others_are_proven() {
    let place = place("mlp", "class");
    damage(&place, "records/row-0002.record");
    place.write("records/.hidden", "not looked at");
    let answer = place.run(&format!("{PROVE} --json"));
    answer.assert_refused(3, &["1 of 3 records have no proof", "row-0002: ", "the file is damaged", "next:"]);
    let value = answer.one_object();
    assert_eq!(counts(&value), some([2, 0, 1, 0]), "{value}");
    assert_eq!(value["error"]["kind"], "input");
    assert_eq!(names(&place, "proofs"), [PROOFS[0], PROOFS[2]]);

    let foreign = place.read("proofs/row-0001.proof.json");
    place.write("proofs/row-0003.proof.json", &foreign);
    let answer = place.run(PROVE);
    answer.assert_refused(3, &["2 of 3 records", "row-0002: ", "row-0003: ", "the record commitments differ"]);
    assert_eq!(place.read("proofs/row-0003.proof.json"), foreign, "nothing is replaced unasked");
    std::fs::remove_file(place.path("records/row-0002.record")).expect("it can be removed");
    place.run(PROVE).assert_refused(1, &["1 of 2 records", "row-0003: ", "--force"]);
    place.run(&format!("{PROVE} --chain-id 5")).assert_refused(1, &["2 of 2 records", "another context"]);
    assert_eq!(counts(&place.ok_json(&format!("{PROVE} --force"))), some([1, 1, 0, 0]));
    assert_eq!(place.read("proofs/row-0001.proof.json"), foreign);
    place.ok("verify proofs/row-0003.proof.json");

    place.edit("proofs/row-0001.proof.json", "proofs/row-0003.proof.json", "/reading/diagnosis", json!("?"));
    place.run(PROVE).assert_refused(1, &["row-0003: "]);
    place.write("proofs/row-0003.proof.json", "{}");
    place.run(PROVE).assert_refused(3, &["row-0003: ", "cannot use `proofs/row-0003.proof.json`", "--force"]);
    assert_eq!(names(&place, "proofs"), [PROOFS[0], PROOFS[2]]);
}

#[test]
fn a_committed_outcome_is_complete_only_with_its_opening() {
    let place = place("logreg", "commitment");
    place.ok(PROVE);
    for row in ["row-0001", "row-0002", "row-0003"] {
        assert_eq!(place.mode(&format!("proofs/{row}.outcome")), 0o600);
        place.ok(&format!("verify proofs/{row}.proof.json --opening proofs/{row}.outcome"));
    }
    std::fs::remove_file(place.path("proofs/row-0001.outcome")).expect("it can be removed");
    std::fs::remove_file(place.path("proofs/row-0002.proof.json")).expect("it can be removed");
    let answer = place.run(PROVE);
    answer.assert_refused(1, &["row-0001: ", "cannot be opened", "row-0002: ", "it exists", "skips the proofs"]);
    assert_eq!(counts(&place.ok_json(&format!("{PROVE} --force"))), some([2, 1, 0, 0]));
    place.ok("verify proofs/row-0001.proof.json --opening proofs/row-0001.outcome");
}

#[test]
fn batches_that_make_no_sense_are_refused_before_work() {
    let place = place("logreg", "class");
    let nonce = "11".repeat(32);
    std::fs::create_dir(place.path("empty")).expect("a directory");
    let table: &[(String, i32, &[&str])] = &[
        (format!("{PROVE} --nonce {nonce}"), 2, &["--nonce cannot be used with --records", "must not repeat", "next:"]),
        ("prove --records records --out-dir records".into(), 2, &["for the records and for their proofs", "next:"]),
        ("prove --records records".into(), 2, &["--out-dir"]),
        ("prove --out-dir proofs".into(), 2, &["--records"]),
        (format!("{PROVE} --record x"), 2, &["cannot be used with"]),
        (format!("{PROVE} --out x"), 2, &["cannot be used with"]),
        (format!("{PROVE} --timings x"), 2, &["cannot be used with"]),
        ("prove --records empty --out-dir proofs".into(), 3, &["there are no records in `empty`", "next:"]),
        ("prove --records nowhere --out-dir proofs".into(), 4, &["cannot read the directory `nowhere`", "next:"]),
        ("prove --records records --out-dir nowhere".into(), 4, &["`nowhere`", "it does not exist", "create it"]),
        ("commit --records three.csv --out-dir records".into(), 4, &["row-0001.record", "it exists"]),
        ("commit --records three.csv --out-dir nowhere".into(), 4, &["it does not exist"]),
        ("commit three.csv --records three.csv --out-dir records".into(), 2, &["cannot be used with"]),
    ];
    for (line, code, says) in table {
        place.refused(line, *code, says);
    }
    place.write("records/row-0001.copy", place.read("records/row-0001.record"));
    place.refused(PROVE, 3, &["have one name", "row-0001.copy", "rename"]);
    let far = String::from_utf8(place.read("three.csv")).expect("UTF-8").replacen("\n", "\n9", 1);
    place.write("far.csv", far);
    place.refused("commit --records far.csv --out-dir empty", 3, &["record 1 of `far.csv`", "nothing was written"]);
    assert_eq!((names(&place, "proofs").len(), names(&place, "empty").len()), (0, 0));
}
