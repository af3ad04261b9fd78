//! Wrong inputs: each is refused with what is wrong, why, and what to do next, and nothing is written.

mod support;

use std::path::Path;

use serde_json::{Value, json};
use support::{Place, bundled};

/// Exit codes.
const USAGE: i32 = 2;
const INPUT: i32 = 3;
const FILES: i32 = 4;

fn logreg() -> Vec<u8> {
    std::fs::read(bundled("logreg/model.onnx")).expect("the bundled model")
}

#[test]
fn files_that_are_not_what_they_should_be_are_refused() {
    let place = Place::proven("logreg", "class");
    let onnx = logreg();
    place.write("cut.onnx", &onnx[..onnx.len() / 2]);
    place.write("noise.onnx", [0x5a; 300]);
    place.write("empty", "");
    place.write("open.json", "{\"format\": \"zkdx-proof\", ");
    place.write("list.json", "[]");
    let model = place.read("model.zkdx");
    place.write("cut.zkdx", &model[..model.len() / 2]);
    place.write("head.zkdx", &model[..7]);
    place.write("long.zkdx", [&model[..], b"more"].concat());
    std::fs::create_dir(place.path("folder")).expect("a folder");
    let calibrate = "--calibrate models/data/calibration.csv -o out";
    let quantize = |model: &str| format!("quantize {model} {calibrate}");
    let table: &[(String, i32, &[&str])] = &[
        (quantize("cut.onnx"), INPUT, &["cannot import `cut.onnx`", "why:"]),
        (quantize("noise.onnx"), INPUT, &["cannot import `noise.onnx`", "why:"]),
        (quantize("empty"), INPUT, &["cannot import `empty`", "why:"]),
        (quantize("model.zkdx"), INPUT, &["cannot import `model.zkdx`", "why:"]),
        (quantize("folder"), FILES, &["cannot read `folder`", "it is a directory", "next:"]),
        (
            format!("quantize models/logreg/model.onnx {calibrate} --weight-bits nothing=8"),
            INPUT,
            &["no layer `nothing` has weights that bits could be chosen for", "`LinearClassifier`"],
        ),
        (
            format!("quantize models/logreg/model.onnx {calibrate} --weight-bits 8 --weight-bits 10"),
            USAGE,
            &["--weight-bits gives all layers both 8 and 10 bits", "next:"],
        ),
        (
            format!("quantize models/logreg/model.onnx {calibrate} --like model.zkdx --weight-bits LinearClassifier=9"),
            INPUT,
            &["no bits can be chosen for single layers: bits are those of the architecture to keep to"],
        ),
        (quantize("missing"), FILES, &["cannot read `missing`", "No such file", "next:"]),
        (
            "compile models/logreg/model.onnx -o out".into(),
            INPUT,
            &["this is not a zkdx file", "next:", "zkdx quantize"],
        ),
        ("compile empty -o out".into(), INPUT, &["cannot use `empty`", "why:", "next:"]),
        ("compile cut.zkdx -o out".into(), INPUT, &["the file is truncated", "next:"]),
        ("compile head.zkdx -o out".into(), INPUT, &["the file is truncated", "next:"]),
        ("compile long.zkdx -o out".into(), INPUT, &["bytes, expected", "next:"]),
        ("compile circuit.zkdx -o out".into(), INPUT, &["this is a zkdx circuit, expected a zkdx quantised model"]),
        (
            "setup model.zkdx --proving-key out --verifying-key out2".into(),
            INPUT,
            &["expected a zkdx circuit", "next:"],
        ),
        ("setup folder --proving-key out --verifying-key out2".into(), FILES, &["it is a directory"]),
        (
            "register model.zkdx --key verifying.key -o out --public out2".into(),
            INPUT,
            &["expected a zkdx proving key"],
        ),
        ("prove --record proof.json -o out".into(), INPUT, &["cannot use `proof.json`", "zkdx commit"]),
        ("verify open.json".into(), INPUT, &["cannot use `open.json`", "next:"]),
        ("verify list.json".into(), INPUT, &["this is not a zkdx proof", "next:"]),
        ("verify model.public".into(), INPUT, &["this is not a zkdx proof", "next:"]),
        ("verify proof.json --model proof.json".into(), INPUT, &["this is not a zkdx model", "next:"]),
        ("verify proof.json --opening proof.json".into(), INPUT, &["cannot use `proof.json`", "next:"]),
        ("inspect empty".into(), INPUT, &["cannot import `empty`"]),
        ("inspect open.json".into(), INPUT, &["cannot use `open.json`"]),
        ("export model.zkdx".into(), INPUT, &["expected a zkdx verification key"]),
        ("export models/logreg/model.onnx".into(), INPUT, &["this is not a zkdx proof"]),
        ("bench noise.onnx".into(), INPUT, &["cannot import `noise.onnx`"]),
    ];
    for (line, code, says) in table {
        place.refused(line, *code, says);
    }
}

#[test]
fn an_opening_of_a_disclosed_outcome_is_refused() {
    let place = Place::proven("logreg", "class");
    let other = Place::proven("logreg", "commitment");
    place.write("other.outcome", other.read("proof.outcome"));
    place.refused("verify proof.json --opening other.outcome", 1, &["there is nothing to open"]);
}

#[test]
fn records_that_are_not_the_models_are_refused_by_name() {
    let place = Place::proven("logreg", "class");
    let record: Value = serde_json::from_slice(&std::fs::read(bundled("data/record.json")).unwrap()).unwrap();
    let with = |name: &str, value: Option<Value>| {
        let mut record = record.clone();
        let fields = record.as_object_mut().expect("an object");
        match value {
            Some(value) => fields.insert(name.into(), value),
            None => fields.remove(name),
        };
        record.to_string()
    };
    let names: Vec<&str> = record.as_object().expect("an object").keys().map(String::as_str).collect();
    let csv = |first: &str| {
        let row: Vec<String> = names
            .iter()
            .enumerate()
            .map(|(at, name)| if at == 0 { first.into() } else { record[*name].to_string() })
            .collect();
        format!("{}\n{}\n", names.join(","), row.join(","))
    };
    let first = names[0];
    let table: Vec<(&str, String, &str)> = vec![
        ("missing.json", with("mean area", None), "feature `mean area` is missing"),
        ("extra.json", with("shoe size", Some(json!(43))), "`shoe size` is no feature of the model"),
        ("null.json", with("mean area", Some(Value::Null)), "mean area"),
        ("text.json", with("mean area", Some(json!("large"))), "mean area"),
        ("huge.json", with("mean area", Some(json!("1e999"))), "mean area"),
        ("infinite.json", with("mean area", Some(json!(7))).replace(":7", ":1e999"), "infinite.json"),
        ("short.json", json!([1, 2, 3]).to_string(), "3 values, expected 30"),
        ("none.json", json!([]).to_string(), "none.json"),
        ("broken.json", "{\"mean area\":".into(), "broken.json"),
        ("nan.csv", csv("NaN"), first),
        ("inf.csv", csv("inf"), first),
        ("cell.csv", csv(""), first),
        ("word.csv", csv("much"), first),
        ("header.csv", format!("{}\n", names.join(",")), "there are no records"),
        ("ragged.csv", csv("1,2"), "ragged.csv"),
        ("empty.csv", String::new(), "empty.csv"),
        ("noise.npy", "not numpy".into(), "noise.npy"),
        ("record.txt", "1 2 3".into(), "`.txt` is no format of records"),
    ];
    for (name, content, _) in &table {
        place.write(name, content);
    }
    for (name, _, says) in &table {
        place.refused(&format!("commit {name} -o out"), INPUT, &["cannot read records from", says, "why:", "next:"]);
    }
    for name in ["nan.csv", "cell.csv", "header.csv", "ragged.csv"] {
        place.refused(&format!("quantize models/logreg/model.onnx --calibrate {name} -o out"), INPUT, &[name]);
    }
    place.refused(
        "commit models/data/held_out.csv --row 114 -o out",
        INPUT,
        &["has no row 114", "114 records", "--row"],
    );
    place.ok("commit models/data/held_out.csv --row 113 -o out --saturate");
}

#[test]
fn cards_and_labels_that_do_not_fit_are_refused() {
    let place = Place::new();
    place.write("card.json", "{\"name\": \"x\", \"colour\": 1}");
    place.write(
        "many.json",
        "{\"name\": \"x\", \"version\": \"1\", \"description\": \"\", \"labels\": [\"a\", \"b\", \"c\"]}",
    );
    let header = "mean radius,mean texture\n1,2\n";
    place.write("narrow.csv", header);
    let quantize = "quantize models/logreg/model.onnx -o out --calibrate";
    let calibration = "models/data/calibration.csv";
    place.refused(
        &format!("{quantize} {calibration} --card card.json"),
        INPUT,
        &["cannot read the model card", "next:"],
    );
    place.refused(&format!("{quantize} {calibration} --card many.json"), INPUT, &["why:"]);
    place.refused(&format!("{quantize} narrow.csv"), INPUT, &["why:"]);
    place.refused(&format!("{quantize} {calibration} --evaluate narrow.csv"), INPUT, &["narrow.csv"]);
    for margin in ["-1", "NaN", "inf"] {
        place.refused(&format!("{quantize} {calibration} --margin={margin}"), USAGE, &["margin"]);
    }
}

#[test]
fn outputs_that_cannot_be_written_are_refused_before_work() {
    let place = Place::proven("logreg", "class");
    place.write("plain", "");
    std::fs::create_dir(place.path("folder")).expect("a folder");
    std::os::unix::fs::symlink(place.path("elsewhere"), place.path("link")).expect("a link");
    let outs = ["compile model.zkdx -o", "commit models/data/record.json -o", "prove -o", "export proof.json -o"];
    for line in outs {
        place.refused(&format!("{line} plain/out"), FILES, &["cannot write `plain/out`", "does not exist", "next:"]);
        place.refused(
            &format!("{line} nowhere/out"),
            FILES,
            &["cannot write `nowhere/out`", "does not exist", "next:"],
        );
        place.refused(&format!("{line} folder"), FILES, &["it is a directory", "next:"]);
        place.refused(&format!("{line} plain"), FILES, &["it exists", "--force"]);
        place.refused(&format!("{line} link"), FILES, &["cannot write `link`", "next:"]);
        if Path::new("/dev/full").exists() {
            place.refused(&format!("{line} /dev/full --force"), FILES, &["not a plain file", "next:"]);
        }
    }
    for line in [
        "setup circuit.zkdx --proving-key k --verifying-key ./k",
        "register model.zkdx -o k --public folder/../k",
        "prove -o k --opening k",
        "prove -o k --timings k",
        "quantize models/logreg/model.onnx --calibrate models/data/calibration.csv -o k --report k",
    ] {
        place.refused(line, USAGE, &["is named for two outputs", "next:"]);
    }
    assert_eq!(place.names().iter().filter(|name| name.starts_with('.')).count(), 0);
}

#[test]
fn a_full_disk_leaves_nothing_behind() {
    let place = Place::proven("logreg", "class");
    let before = place.files();
    for line in [
        "compile model.zkdx -o out",
        "setup circuit.zkdx --proving-key out --verifying-key out2",
        "setup circuit.zkdx --proving-key proving.key --verifying-key verifying.key --force",
        "register model.zkdx -o out --public out2",
        "prove -o out --timings out2",
    ] {
        let answer = place.run_in_shell("trap '' XFSZ; ulimit -f 1", line);
        answer.assert_refused(FILES, &["cannot write", "nothing was written"]);
        assert!(place.files() == before, "something was written: {answer:#?}");
    }
}

#[test]
fn command_lines_that_make_no_sense_are_usage_errors() {
    let place = Place::new();
    for (line, says) in [
        ("", "Usage"),
        ("diagnose", "unrecognized subcommand 'diagnose'"),
        ("prove --nonce 0x12", "expected 32 bytes, got 1"),
        ("prove --nonce xyz", "not hexadecimal"),
        ("prove --verifier 0x1234", "expected 20 bytes, got 2"),
        ("prove --chain-id=-1", "--chain-id"),
        ("quantize m --calibrate c --input-bits 99", "99 is not in 4..=16"),
        ("quantize m --calibrate c --weight-bits 3", "is not a number from 4 to 16"),
        ("quantize m", "--calibrate"),
        ("compile m --outcome everything", "class-and-scores"),
        ("commit r --row minus", "--row"),
        ("export p --as xml", "calldata"),
        ("bench m --runs 0", "0 is not in 1..=1000"),
        ("verify", "<PROOF>"),
        ("verify p --no-such-flag", "--no-such-flag"),
    ] {
        let answer = place.run(line);
        assert_eq!(answer.code, Some(USAGE), "{answer:#?}");
        assert!(answer.err.contains(says), "does not say `{says}`: {answer:#?}");
        assert_eq!(answer.out, "", "{line}");
    }
    assert_eq!(place.names(), [""; 0]);
}
