//! The vectors that the Solidity tests use, read by the Rust side: one meaning on both.
#![allow(missing_docs)]

use serde_json::Value;
use zkdx_circuits::statement::{Tag, challenge, nullifier};
use zkdx_circuits::{Context, Fr, Statement, field};
use zkdx_contracts::{Chain, Suite};
use zkdx_verifier::encoding::Reader;
use zkdx_verifier::transcript::Transcript;
use zkdx_verifier::{Model, PreparedVerifyingKey, Proof, VerifyingKey, verify};

fn vectors(name: &str) -> Value {
    let path = format!("{}/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).expect("vectors are checked in")).expect("vectors are JSON")
}

fn list<'v>(value: &'v Value, key: &str) -> &'v Vec<Value> {
    value[key].as_array().expect("an array")
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().expect("a string").trim_start_matches("0x")).expect("hexadecimal")
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().expect("the right length")
}

fn scalar(value: &Value) -> Fr {
    field::from_bytes(&array(value)).expect("below r")
}

/// A context of the vectors, or `None` if its chain id or policy is beyond what the Rust side represents.
fn context(value: &Value) -> Option<Context> {
    let (chain, policy): ([u8; 32], [u8; 32]) = (array(&value["chain_id"]), array(&value["policy"]));
    if chain[..24].iter().any(|&byte| byte != 0) || policy[..31].iter().any(|&byte| byte != 0) || policy[31] > 1 {
        return None;
    }
    Some(Context {
        chain_id: u64::from_be_bytes(chain[24..].try_into().expect("eight bytes")),
        verifier: array(&value["verifier"]),
        submitter: array(&value["submitter"]),
        consent_id: array(&value["consent_id"]),
        nonce: array(&value["nonce"]),
        policy: if policy[31] == 1 { zkdx_circuits::architecture::Policy::Saturate } else { Default::default() },
    })
}

#[test]
fn tags_are_the_ones_of_the_contracts() {
    let tags = &vectors("transcript")["tags"];
    let pairs = [
        (Tag::Transcript, "TAG_TRANSCRIPT"),
        (Tag::Model, "TAG_MODEL"),
        (Tag::Context, "TAG_CONTEXT"),
        (Tag::Nullifier, "TAG_NULLIFIER"),
    ];
    for (tag, name) in pairs {
        assert_eq!(tag.digest(), array::<32>(&tags[name]), "{name}");
    }
}

#[test]
fn context_digests_are_the_ones_of_the_contracts() {
    let file = vectors("transcript");
    let known: Vec<_> = list(&file, "contexts").iter().filter_map(|case| Some((context(case)?, case))).collect();
    assert!(known.len() >= 2);
    for (context, case) in known {
        assert_eq!(context.digest(), array::<32>(&case["context_digest"]));
    }
}

#[test]
fn challenges_are_the_ones_of_the_contracts() {
    for case in list(&vectors("transcript"), "challenges") {
        let seed: [u8; 32] = array(&case["seed"]);
        for (index, expected) in list(case, "challenges").iter().enumerate() {
            assert_eq!(challenge(&seed, index), scalar(expected));
        }
    }
}

#[test]
fn nullifiers_are_the_ones_of_the_contracts() {
    for case in list(&vectors("transcript"), "nullifiers") {
        let context =
            Context { consent_id: array(&case["consent_id"]), nonce: array(&case["nonce"]), ..Default::default() };
        let got = nullifier(&array(&case["model_id"]), &scalar(&case["record_commitment"]), &context);
        assert_eq!(got, array::<32>(&case["nullifier"]));
    }
}

struct Case {
    name: String,
    key: VerifyingKey,
    model: Model,
    statement: Statement,
    proofs: Vec<Proof>,
}

fn proofs() -> Vec<Case> {
    list(&vectors("proofs"), "cases").iter().filter_map(case).collect()
}

fn case(value: &Value) -> Option<Case> {
    let key = VerifyingKey::from_bytes(&bytes(&value["key"])).expect("a valid key");
    let commitment = bytes(&value["weight_commitment"]);
    let commitment = Reader::new(&commitment).g1("the commitment").expect("a point");
    let model = Model { key: key.digest(), commitment, metadata: array(&value["metadata_digest"]) };
    let words: Vec<Fr> = list(value, "words").iter().map(scalar).collect();
    let context = context(&value["context"])?;
    let statement =
        Statement { model_id: model.id(), record_commitment: words[0], outcome: words[1..].to_vec(), context };
    let names = ["proof", "rerandomised_proof", "second_proof"];
    let proofs = names.iter().map(|name| Proof::from_bytes(&bytes(&value[*name])).expect("a proof")).collect();
    Some(Case { name: value["name"].as_str()?.to_owned(), key, model, statement, proofs })
}

#[test]
fn keys_and_models_have_the_digests_of_the_contracts() {
    for value in list(&vectors("proofs"), "cases") {
        let key = bytes(&value["key"]);
        assert_eq!(zkdx_circuits::statement::keccak([&key[..]]), array::<32>(&value["vk_digest"]));
        let case = case(value);
        if let Some(case) = case {
            assert_eq!(case.key.to_bytes(), key);
            assert_eq!(case.key.digest(), array::<32>(&value["vk_digest"]));
            assert_eq!(case.model.id(), array::<32>(&value["model_id"]));
        }
    }
}

/// A key of `keys.json`: bytes written at an offset of the good key, then cut or filled with zeros.
fn patched(good: &[u8], patch: &Value) -> Vec<u8> {
    let number = |name: &str| patch[name].as_u64().expect("a number") as usize;
    let mut key = good.to_vec();
    for (index, byte) in bytes(&patch["bytes"]).into_iter().enumerate() {
        let index = number("offset") + index;
        if index >= key.len() {
            key.resize(index + 1, 0);
        }
        key[index] = byte;
    }
    key.resize(number("length"), 0);
    key
}

#[test]
fn native_loader_and_contract_accept_and_refuse_the_same_keys() {
    let file = vectors("keys");
    let good = bytes(&file["key"]);
    for patch in list(&file, "accepted") {
        assert!(VerifyingKey::from_bytes(&patched(&good, patch)).is_ok(), "{}", patch["name"]);
    }
    for patch in list(&file, "refused") {
        assert!(VerifyingKey::from_bytes(&patched(&good, patch)).is_err(), "{}", patch["name"]);
    }
}

#[test]
fn seeds_follow_from_key_model_and_words() {
    for case in proofs() {
        let context = case.statement.context.digest();
        let words = case.statement.words();
        let first_round = &case.proofs[0].d_1;
        let transcript = Transcript { context: &context, model: &case.model, first_round, words: &words };
        let challenges = transcript.challenges(case.key.challenges);
        let seed = transcript.seed();
        assert_eq!(challenges, (0..case.key.challenges).map(|i| challenge(&seed, i)).collect::<Vec<_>>());
    }
}

#[test]
fn native_verifier_accepts_what_the_contracts_accept() {
    let cases = proofs();
    assert!(cases.len() >= 3);
    for case in cases {
        let key = PreparedVerifyingKey::new(case.key).expect("a valid key");
        for proof in &case.proofs {
            verify(&key, &case.model, &case.statement, proof).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        }
    }
}

#[test]
fn native_verifier_and_contract_refuse_the_same_tampering() {
    let mut suite = Suite::deploy(Chain::new(1), [9; 20]).expect("contracts deploy");
    for case in proofs() {
        suite.register_key(&case.key).expect("the key store takes the key");
        let key = PreparedVerifyingKey::new(case.key.clone()).expect("a valid key");
        let proof = &case.proofs[0];
        suite.verify(&case.model, &case.statement, proof).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        for statement in tampered(&case.statement) {
            assert!(verify(&key, &case.model, &statement, proof).is_err());
            assert!(suite.verify(&case.model, &statement, proof).is_err());
        }
        let swapped = Proof { a: proof.c, c: proof.a, ..proof.clone() };
        assert!(verify(&key, &case.model, &case.statement, &swapped).is_err());
        assert!(suite.verify(&case.model, &case.statement, &swapped).is_err());
    }
}

fn tampered(statement: &Statement) -> Vec<Statement> {
    let mut all = Vec::new();
    all.push(Statement { record_commitment: statement.record_commitment + Fr::from(1u64), ..statement.clone() });
    for index in 0..statement.outcome.len() {
        let mut other = statement.clone();
        other.outcome[index] += Fr::from(1u64);
        all.push(other);
    }
    let mut other = statement.clone();
    other.context.nonce[31] ^= 1;
    all.push(other);
    all
}
