//! What a proof is bound to, shown by attempts to move it: each test is a fault that proof systems for models have had.

mod support;

use serde_json::{Value, json};
use support::{Place, onnx};

/// The order of the scalar field.
const R: &str = "0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";

/// Bytes before a file's payload, and after it.
const HEADER: usize = 16;
const CHECKSUM: usize = 32;

fn proof_hex(place: &Place, name: &str) -> String {
    place.json(name)["proof"].as_str().expect("a proof").trim_start_matches("0x").to_owned()
}

#[test]
fn a_proof_with_other_weights_does_not_verify_for_this_model() {
    let place = Place::proven("mlp", "class");
    let model = std::fs::read(support::bundled("mlp/model.onnx")).expect("the bundled model");
    place.write("other.onnx", onnx::scaled(&model, 0.9));
    let data = "--card models/mlp/card.json --calibrate models/data/calibration.csv";
    place.ok(&format!("quantize other.onnx {data} --like model.zkdx -o other.zkdx"));
    let registered = place.ok_json("register other.zkdx -o other.registration --public other.public");
    let honest = place.json("model.public")["model_id"].clone();
    assert_ne!(registered["model_id"], honest, "other weights are another model");

    place.refused("prove --model other.zkdx -o forged.json", 3, &["these weights are not the registered ones"]);
    place.ok("prove --model other.zkdx --registration other.registration -o other.json");
    place.ok("verify other.json --model other.public");
    place.refused("verify other.json", 1, &["does not verify", "the statement is about model"]);
    place.edit("other.json", "forged.json", "/statement/model_id", honest);
    place.refused("verify forged.json", 1, &["does not verify"]);
}

#[test]
fn a_record_committed_twice_gives_unlinkable_commitments() {
    let place = Place::proven("logreg", "class");
    let commit =
        |out: &str| place.ok_json(&format!("commit models/data/record.json -o {out}"))["record_commitment"].clone();
    let (first, second) = (commit("first"), commit("second"));
    assert_ne!(first, second);
    place.ok("prove --record first -o first.json");
    place.ok("prove --record second -o second.json");
    for (file, expected) in [("first.json", first), ("second.json", second)] {
        assert_eq!(place.json(file).pointer("/statement/cases/0/record_commitment"), Some(&expected));
        place.ok(&format!("verify {file}"));
    }
}

#[test]
fn two_proofs_of_one_statement_differ_in_every_element() {
    let place = Place::proven("logreg", "class");
    let nonce = "11".repeat(32);
    for out in ["first.json", "second.json"] {
        place.ok(&format!("prove --nonce {nonce} -o {out}"));
        place.ok(&format!("verify {out}"));
    }
    assert_eq!(place.json("first.json")["statement"], place.json("second.json")["statement"]);
    let (first, second) = (proof_hex(&place, "first.json"), proof_hex(&place, "second.json"));
    for (name, range) in [("A", 0..64), ("B", 64..192), ("C", 192..256), ("D_1", 256..320)] {
        let hex = 2 * range.start..2 * range.end;
        assert_ne!(first[hex.clone()], second[hex], "{name}");
    }
}

#[test]
fn a_record_outside_the_calibrated_range_is_refused_or_saturated_and_said() {
    let place = Place::proven("logreg", "class");
    let mut record: Value =
        serde_json::from_slice(&std::fs::read(support::bundled("data/record.json")).unwrap()).unwrap();
    record["mean area"] = json!(98765.5);
    place.write("far.json", record.to_string());
    let says = ["`mean area` is 98765.5 pixel^2", "outside the calibrated range", " to ", "--saturate"];
    place.refused("commit far.json -o far.commitment", 3, &says);
    place.ok("commit far.json -o far.commitment --saturate");
    place.ok("prove --record far.commitment -o far.proof");
    let verified = place.ok_json("verify far.proof");
    assert_eq!(
        verified["reading"]["cases"][0]["record"],
        "values outside the calibrated range were saturated, as the prover declares"
    );
    assert_eq!(verified["contexts"][0]["policy"], "saturate");
    assert!(place.ok("verify far.proof").out.contains("were saturated"));
    place.edit("far.proof", "hidden.proof", "/statement/cases/0/context/policy", json!("refuse"));
    place.edit(
        "hidden.proof",
        "hidden.proof",
        "/reading/cases/0/record",
        json!("every value in the calibrated range, as the prover declares"),
    );
    place.refused("verify hidden.proof", 1, &["does not verify"]);
}

#[test]
fn the_readable_part_of_a_proof_cannot_be_edited() {
    let place = Place::proven("logreg", "class-and-scores");
    for (pointer, value) in [
        ("/reading/cases/0/diagnosis", json!("benign")),
        ("/reading/cases/0/diagnosis", Value::Null),
        ("/reading/model", json!("breast-cancer-logreg 9.9.9")),
        (
            "/reading/cases/0/record",
            json!("values outside the calibrated range were saturated, as the prover declares"),
        ),
        ("/reading/cases/0/scores", json!([])),
        ("/reading/cases/0/scores/0/label", json!("benign")),
        ("/reading/cases/0/scores/0/probability", json!("0.0001")),
        ("/reading/cases/0/scores/1/score", json!("12.3456")),
    ] {
        place.edit("proof.json", "edited.json", pointer, value);
        place.refused("verify edited.json", 1, &["the readable part of the proof file was changed"]);
    }
}

#[test]
fn a_proof_does_not_move_to_another_context() {
    let place = Place::proven("logreg", "class");
    for (field, value) in [
        ("nonce", json!(format!("0x{}", "22".repeat(32)))),
        ("consent_id", json!(format!("0x{}", "33".repeat(32)))),
        ("chain_id", json!(1)),
        ("verifier", json!(format!("0x{}", "44".repeat(20)))),
        ("submitter", json!(format!("0x{}", "55".repeat(20)))),
    ] {
        place.edit("proof.json", "moved.json", &format!("/statement/cases/0/context/{field}"), value);
        place.refused("verify moved.json", 1, &["does not verify", "do not rely on this proof"]);
    }
}

#[test]
fn words_outside_the_field_are_refused() {
    let place = Place::proven("logreg", "class");
    for pointer in ["/statement/cases/0/outcome/0", "/statement/cases/0/record_commitment"] {
        for word in [R.to_owned(), format!("0x{}", "ff".repeat(32))] {
            place.edit("proof.json", "edited.json", pointer, json!(word));
            place.refused("verify edited.json", 3, &["cannot use `edited.json`", "why:"]);
        }
    }
    let words = json!([
        place.json("proof.json")["statement"]["cases"][0]["outcome"][0],
        place.json("proof.json")["statement"]["cases"][0]["outcome"][0]
    ]);
    place.edit("proof.json", "edited.json", "/statement/cases/0/outcome", words);
    place.refused("verify edited.json", 1, &["does not verify"]);
    place.edit("proof.json", "edited.json", "/statement/cases/0/outcome/0", json!(format!("0x{:064x}", 1)));
    place.refused("verify edited.json", 1, &["does not verify"]);
}

#[test]
fn the_public_model_cannot_be_edited() {
    let place = Place::proven("logreg", "class-and-scores");
    for pointer in ["/card/name", "/card/version", "/card/description", "/architecture/labels/0", "/model_id", "/model"]
    {
        refused_model(&place, pointer, json!("other"));
    }
    refused_model(&place, "/architecture/labels", json!(["benign", "malignant"]));
    refused_model(&place, "/architecture/encoding/features/3/name", json!("mean volume"));
    refused_model(&place, "/architecture/encoding/features/3/unit", json!("cm^2"));
    refused_model(&place, "/architecture/encoding/features/3/zero", json!(1.0));
    refused_model(&place, "/architecture/encoding/features/3/step", json!(1.0));
    refused_model(&place, "/architecture/score_scale", json!(1.0));
    refused_model(&place, "/architecture/outcome", place_outcome(&place));
    refused_model(&place, "/architecture/layers", json!([]));
}

fn refused_model(place: &Place, pointer: &str, value: Value) {
    place.edit("model.public", "edited.public", pointer, value);
    let answer = place.run("verify proof.json --model edited.public");
    assert!(matches!(answer.code, Some(1 | 3)), "{pointer}: {answer:#?}");
    answer.assert_refused(answer.code.unwrap_or_default(), &["why:", "next:"]);
}

/// The same outcome as another circuit's public model writes it.
fn place_outcome(place: &Place) -> Value {
    place.ok("compile model.zkdx --outcome class -o class.zkdx");
    place.ok_json("inspect class.zkdx")["outcome"].clone()
}

#[test]
fn a_wrong_key_reads_as_a_wrong_key() {
    let place = Place::proven("logreg", "class");
    let other = Place::proven("mlp", "class");
    for (file, name) in
        [("verifying.key", "mlp.verifying"), ("proving.key", "mlp.proving"), ("model.public", "mlp.public")]
    {
        place.write(name, other.read(file));
    }
    place.ok("setup circuit.zkdx --proving-key again.proving --verifying-key again.verifying");
    let wrong = [
        ("verify proof.json --key mlp.verifying", 1, "not the one this verification key was made for"),
        ("verify proof.json --key again.verifying", 1, "key"),
        ("verify proof.json --model mlp.public", 1, "not the one this verification key was made for"),
        ("verify proof.json --key mlp.verifying --model mlp.public", 1, "the statement is about model"),
        ("prove --key mlp.proving -o p.json", 3, "`mlp.proving` is not a key for `model.zkdx`"),
        ("prove --key again.proving -o p.json", 3, "was made with another key than `again.proving`"),
        ("register model.zkdx --key mlp.proving -o r --public p", 3, "`mlp.proving` is not a key for `model.zkdx`"),
        ("verify proof.json --key proving.key", 3, "this is a zkdx proving key, expected a zkdx verification key"),
        ("verify proof.json --require-ceremony", 1, "single-party setup"),
    ];
    for (line, code, says) in wrong {
        let answer = place.refused(line, code, &[says, "next:"]);
        assert!(!answer.err.contains("damaged"), "{answer:#?}");
    }
}

/// Bytes to flip: the whole header and checksum, and a spread over the payload.
fn positions(length: usize) -> Vec<usize> {
    let payload = HEADER..length - CHECKSUM;
    let spread = (0..150).map(|step| payload.start + step * (payload.len() - 1) / 149);
    (0..HEADER).chain(spread).chain(length - CHECKSUM..length).collect()
}

#[test]
fn a_flipped_bit_in_any_file_is_refused_in_words() {
    let place = Place::proven("logreg", "class");
    let uses = [
        ("verifying.key", "verify proof.json --key"),
        ("proving.key", "register model.zkdx -o r --public p --key"),
        ("model.zkdx", "compile -o c"),
        ("model.registration", "inspect"),
        ("record.commitment", "inspect"),
        ("circuit.zkdx", "commit models/data/record.json -o c --circuit"),
    ];
    std::thread::scope(|scope| {
        for (file, command) in uses {
            let place = &place;
            scope.spawn(move || flip(place, file, command));
        }
    });
    assert!(!["r", "p", "c"].iter().any(|name| place.path(name).exists()), "a damaged file was used");
}

fn flip(place: &Place, file: &str, command: &str) {
    let (bytes, damaged) = (place.read(file), format!("damaged-{file}"));
    for (index, position) in positions(bytes.len()).into_iter().enumerate() {
        let mut flipped = bytes.clone();
        flipped[position] ^= 1 << (index % 8);
        place.write(&damaged, &flipped);
        let answer = place.run(&format!("{command} {damaged}"));
        answer.assert_refused(3, &["why:", &damaged]);
        let said = ["damaged", "not a zkdx file", "has version", "this is a zkdx", "truncated", "bytes", "import"];
        assert!(said.iter().any(|words| answer.err.contains(words)), "byte {position}: {answer:#?}");
        let body = position >= HEADER;
        assert!(!body || answer.err.contains("damaged"), "byte {position}: {answer:#?}");
    }
}
