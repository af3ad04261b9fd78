//! Many records under one model: a proof for each, none made twice, and bad ones named without stopping the rest.

mod support;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use support::Place;
use zkdx_contracts::{Chain, Suite};
use zkdx_verifier::{ProofFile, PublicModel, VerifyingKey, file};

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
    let nonce =
        |name: &&str| place.json(&format!("proofs/{name}")).pointer("/statement/cases/0/context/nonce").cloned();
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

    place.edit("proofs/row-0001.proof.json", "proofs/row-0003.proof.json", "/reading/cases/0/diagnosis", json!("?"));
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

/// A place with the keys `one.key` for one record and `two.key` for two, and five committed records.
fn place_for_two(outcome: &str) -> Place {
    let place = place("logreg", outcome);
    place.ok(&format!("compile model.zkdx --outcome {outcome} --records 2 -o two.zkdx"));
    place.ok("setup two.zkdx --proving-key two.key --verifying-key two.vk");
    place.ok("register model.zkdx --key two.key -o two.registration --public two.public");
    let held_out = std::fs::read_to_string(support::bundled("data/held_out.csv")).expect("the bundled data");
    place.write("five.csv", held_out.lines().take(6).collect::<Vec<_>>().join("\n"));
    place.ok("commit --records five.csv --out-dir records --circuit two.zkdx --force");
    place
}

const TWO: &str = "prove --records records --out-dir proofs --key two.key --registration two.registration";
const BOTH: &str = "prove --records records --out-dir proofs --key proving.key --key two.key \
                    --registration model.registration --registration two.registration";
const PAIRS: [&str; 2] = ["row-0001+1.proof.json", "row-0003+1.proof.json"];

#[test]
fn records_share_a_proof_where_that_costs_less() {
    let place = place_for_two("class");
    let answer = place.run(&format!("{TWO} --json"));
    answer.assert_refused(
        3,
        &["1 of 5 records have no proof", "row-0005: too few records were left", "2 records at once"],
    );
    assert_eq!(counts(&answer.one_object()), some([4, 0, 1, 0]));
    assert_eq!(names(&place, "proofs"), PAIRS);

    let both = place.ok_json(BOTH);
    assert_eq!(counts(&both), some([1, 4, 0, 0]), "{both}");
    assert_eq!(both["files"][3]["proof"], json!("proofs/row-0003+1.proof.json"));
    assert_eq!(names(&place, "proofs"), [PAIRS[0], PAIRS[1], "row-0005.proof.json"]);
    assert_eq!(counts(&place.ok_json(BOTH)), some([0, 5, 0, 0]));
    place.ok("verify proofs/row-0005.proof.json");
    let verified = place.ok_json("verify proofs/row-0001+1.proof.json --key two.vk --model two.public");
    assert_eq!(verified["reading"]["cases"].as_array().map(Vec::len), Some(2), "{verified}");
    let nonces: Vec<_> =
        verified["contexts"].as_array().into_iter().flatten().map(|context| &context["nonce"]).collect();
    assert!(nonces.len() == 2 && nonces[0] != nonces[1], "{nonces:?}");

    let alone = |row: u32| {
        std::fs::create_dir_all(place.path("alone")).expect("a directory");
        let record = format!("records/row-000{row}.record");
        place.ok(&format!("prove --record {record} -o alone/{row}.json"));
        place.ok_json(&format!("verify alone/{row}.json"))["reading"]["cases"][0].clone()
    };
    assert_eq!(verified["reading"]["cases"], json!([alone(1), alone(2)]), "another diagnosis among others than alone");

    std::fs::remove_file(place.path("proofs").join(PAIRS[0])).expect("it can be removed");
    place.write("proofs/row-0002.proof.json", "{}");
    place.run(BOTH).assert_refused(3, &["row-0002: ", "--force"]);
    assert!(names(&place, "proofs").contains(&"row-0001.proof.json".to_owned()), "one was left for a proof of its own");
    assert_eq!(counts(&place.ok_json(&format!("{BOTH} --force"))), some([1, 4, 0, 0]));
}

#[test]
fn a_replaced_proof_does_not_stay_beside_the_one_that_replaces_it() {
    let place = place_for_two("class");
    place.write("proofs/row-0002.proof.json", "{}");
    assert_eq!(counts(&place.ok_json(&format!("{BOTH} --force"))), some([5, 0, 0, 0]));
    assert_eq!(names(&place, "proofs"), [PAIRS[0], PAIRS[1], "row-0005.proof.json"]);
    assert_eq!(counts(&place.ok_json(BOTH)), some([0, 5, 0, 0]));
}

#[test]
fn every_outcome_of_a_shared_proof_has_its_opening() {
    let place = place_for_two("commitment");
    place.ok(BOTH);
    let verify = "verify proofs/row-0003+1.proof.json --key two.vk --model two.public";
    let opened = |openings: &str| place.ok_json(&format!("{verify} {openings}"))["reading"]["cases"].clone();
    let [three, four] = ["--opening proofs/row-0003.outcome", "--opening proofs/row-0004.outcome"];
    assert!(opened("").as_array().into_iter().flatten().all(|case| case.get("diagnosis").is_none()));
    let diagnosed = |cases: &Value| [0, 1].map(|index| cases[index].get("diagnosis").is_some());
    assert_eq!(diagnosed(&opened(three)), [true, false]);
    assert_eq!(diagnosed(&opened(four)), [false, true]);
    assert_eq!(opened(&format!("{three} {four}")), opened(&format!("{four} {three}")));
    place.refused(&format!("{verify} --opening proofs/row-0001.outcome"), 1, &["the opening does not belong"]);

    std::fs::remove_file(place.path("proofs/row-0004.outcome")).expect("it can be removed");
    place.run(BOTH).assert_refused(1, &["1 of 5 records", "row-0004: ", "cannot be opened", "--force"]);
    assert_eq!(names(&place, "proofs").len(), 2 + 1 + 4, "no proof without its opening");
    assert_eq!(counts(&place.ok_json(&format!("{BOTH} --force"))), some([1, 4, 0, 0]));
    assert_eq!(counts(&place.ok_json(BOTH)), some([0, 5, 0, 0]));
}

#[test]
fn each_record_is_used_under_its_own_consent() {
    let place = place_for_two("class");
    let consent = |row: u8| format!("0x{}", format!("{row:02x}").repeat(32));
    let table = |rows: &[u8]| {
        let lines = rows.iter().map(|&row| format!("row-000{row},{}\n", consent(row))).collect::<String>();
        format!("record,consent\n{lines}")
    };
    place.write("consents.csv", table(&[1, 2, 3, 4]));
    let line = format!("{BOTH} --consents consents.csv");
    place.run(&line).assert_refused(3, &["1 of 5 records", "names no consent for `row-0005`"]);
    place.write("consents.csv", table(&[5, 4, 3, 2, 1]));
    assert_eq!(counts(&place.ok_json(&line)), some([1, 4, 0, 0]));
    let proof = place.json("proofs/row-0003+1.proof.json");
    for (case, row) in [(0, 3), (1, 4)] {
        let consent_id = proof.pointer(&format!("/statement/cases/{case}/context/consent_id"));
        assert_eq!(consent_id, Some(&json!(consent(row))));
    }
    place.write("consents.csv", table(&[5, 3, 4, 2, 1]).replace("0303", "0403"));
    assert_eq!(counts(&place.ok_json(&line)), some([1, 4, 0, 0]), "another consent is another case");
    for (content, says) in [
        (table(&[1, 1]), "it is named twice"),
        ("record,consent\nrow-0001,xyz\n".into(), "not hexadecimal"),
        ("record,consent\nrow-0001,0x00\n".into(), "expected 32 bytes"),
        ("name,consent\n".to_owned() + "a,b\n", "is not a table of consents"),
    ] {
        place.write("consents.csv", content);
        place.refused(&line, 3, &[says, "next:"]);
    }
}

#[test]
fn keys_that_do_not_belong_together_are_refused() {
    let place = place_for_two("class");
    place.ok("compile model.zkdx --outcome commitment --records 3 -o other.zkdx");
    place.ok("setup other.zkdx --proving-key other.key --verifying-key other.vk");
    place.ok("register model.zkdx --key other.key -o other.registration --public other.public");
    let table: &[(&str, i32, &[&str])] = &[
        (
            "prove --record records/row-0001.record --key two.key --registration two.registration",
            3,
            &["2 records at once", "--records"],
        ),
        (
            "prove --records records --out-dir proofs --key two.key --key proving.key",
            2,
            &["2 keys and 1 registrations"],
        ),
        (
            "prove --key two.key --registration two.registration --key proving.key --registration model.registration",
            2,
            &["one key"],
        ),
        (
            "prove --records records --out-dir proofs --key two.key --registration model.registration",
            3,
            &["another key"],
        ),
        (
            "prove --records records --out-dir proofs --key two.key --registration two.registration \
             --key other.key --registration other.registration",
            3,
            &["for different outcomes"],
        ),
        ("compile model.zkdx --records 0 -o x.zkdx", 2, &["neither `auto` nor a number"]),
        ("compile model.zkdx --records 33 -o x.zkdx", 3, &["for each of 33 records"]),
        ("compile model.zkdx --records many -o x.zkdx", 2, &["neither `auto` nor a number"]),
        ("verify proofs/none.json --consents x", 2, &["--consents"]),
    ];
    for (line, code, says) in table {
        place.refused(line, *code, says);
    }
    let auto = place.ok_json("compile model.zkdx --records auto -o auto.zkdx");
    assert!(auto["records"].as_u64() > Some(1), "{auto}");
}

#[test]
fn a_contract_records_every_case_of_a_shared_proof_once() {
    let place = place_for_two("class-and-scores");
    let mut suite = Suite::deploy(Chain::new(7), [1; 20]).expect("contracts deploy");
    let key = place.read("two.vk");
    let key = file::open(file::Kind::VerifyingKey, &key).expect("a key file");
    suite.register_key(&VerifyingKey::from_bytes(key).expect("a sound key")).expect("the contract takes the key");
    let model = PublicModel::from_json(&place.read("two.public")).expect("a registration");
    suite.register_model(model.model(), "").expect("the contract takes the model");
    let (log, submitter) = (hex::encode(suite.log_address()), "05".repeat(20));
    let consent = suite.grant([8; 20], [5; 20], [6; 32]).expect("the contract takes the consent");
    let consent = hex::encode(consent);
    place.run(&format!("{TWO} --chain-id 7 --verifier {log} --submitter {submitter} --consent {consent}"));
    let [first, second] =
        PAIRS.map(|name| ProofFile::from_json(&place.read(&format!("proofs/{name}"))).expect("a proof"));
    let unapproved = suite.submit([5; 20], &first.statement, &first.proof).expect_err("nobody has approved the model");
    assert!(unapproved.to_string().contains("NotApproved"), "{unapproved}");
    suite.approve_model(model.model()).expect("the authority approves");
    let submission = suite.submit([5; 20], &first.statement, &first.proof).expect("the contract takes the proof");
    assert_eq!(submission.nullifiers.len(), 2);
    let mut submit = |file: &ProofFile| suite.submit([5; 20], &file.statement, &file.proof).map(drop);
    let mut refused = |file: &ProofFile, why: &str| {
        let error = submit(file).expect_err(why).to_string();
        assert!(error.contains(why), "{error}");
    };
    refused(&first, "AlreadyRecorded");
    let changed = |change: fn(&mut Vec<zkdx_circuits::Case>)| {
        let mut file = second.clone();
        change(&mut file.statement.cases);
        file
    };
    refused(&changed(|cases| cases.swap(0, 1)), "ProofRejected");
    refused(&changed(|cases| drop(cases.pop())), "RecordCount");
    refused(&changed(|cases| cases[1] = cases[0].clone()), "RepeatedCase");
    refused(&changed(|cases| cases[1].outcome[0] += zkdx_circuits::Fr::from(1u64)), "ProofRejected");
    refused(&changed(|cases| cases[0].context.nonce[3] ^= 1), "ProofRejected");
    submit(&second).expect("the contract takes the other proof");
}
