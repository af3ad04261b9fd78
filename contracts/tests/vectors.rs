//! The vectors that the Solidity tests use, read by the Rust side: one meaning on both.
#![allow(missing_docs)]

use serde_json::Value;
use zkdx_circuits::architecture::Policy;
use zkdx_circuits::statement::{Case, Tag, challenge, nullifier};
use zkdx_circuits::{Context, Fr, Statement, field};
use zkdx_contracts::{Chain, Suite, calldata};
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
        policy: if policy[31] == 1 { Policy::Saturate } else { Policy::default() },
    })
}

#[test]
fn tags_are_the_ones_of_the_contracts() {
    let tags = &vectors("transcript")["tags"];
    let pairs = [
        (Tag::Transcript, "TAG_TRANSCRIPT"),
        (Tag::Model, "TAG_MODEL"),
        (Tag::Context, "TAG_CONTEXT"),
        (Tag::Contexts, "TAG_CONTEXTS"),
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
fn context_digests_of_several_cases_are_the_ones_of_the_contracts() {
    let file = vectors("transcript");
    let contexts: Vec<_> = list(&file, "contexts").iter().map(|value| context(value).expect("representable")).collect();
    for value in list(&file, "context_lists") {
        let chosen = list(value, "contexts").iter().map(|index| &contexts[index.as_u64().expect("an index") as usize]);
        let of = |context: &Context| Case {
            record_commitment: Fr::from(1u64),
            outcome: vec![Fr::from(2u64)],
            context: context.clone(),
        };
        let statement = Statement { model_id: [0; 32], cases: chosen.map(of).collect() };
        assert_eq!(statement.context_digest(), array::<32>(&value["context_digest"]));
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

/// A key and a model of `proofs.json` with a statement about them and its proofs.
struct Vector {
    name: String,
    key: VerifyingKey,
    model: Model,
    statement: Statement,
    proofs: Vec<Proof>,
}

fn proofs() -> Vec<Vector> {
    list(&vectors("proofs"), "cases").iter().filter_map(vector).collect()
}

fn vector(value: &Value) -> Option<Vector> {
    let key = VerifyingKey::from_bytes(&bytes(&value["key"])).expect("a valid key");
    let commitment = bytes(&value["weight_commitment"]);
    let commitment = Reader::new(&commitment).g1("the commitment").expect("a point");
    let model = Model { key: key.digest(), commitment, metadata: array(&value["metadata_digest"]) };
    let words: Vec<Fr> = list(value, "words").iter().map(scalar).collect();
    let contexts: Vec<Context> = list(value, "contexts").iter().map(context).collect::<Option<_>>()?;
    let statement = Statement { model_id: model.id(), cases: cut(&words, contexts) };
    let names = ["proof", "rerandomised_proof", "second_proof"];
    let proofs = names.iter().map(|name| Proof::from_bytes(&bytes(&value[*name])).expect("a proof")).collect();
    Some(Vector { name: value["name"].as_str()?.to_owned(), key, model, statement, proofs })
}

/// The words in as many cases as there are contexts.
fn cut(words: &[Fr], contexts: Vec<Context>) -> Vec<Case> {
    let size = words.len() / contexts.len();
    let shares = words.chunks(size).zip(contexts);
    shares.map(|(own, context)| Case { record_commitment: own[0], outcome: own[1..].to_vec(), context }).collect()
}

#[test]
fn keys_and_models_have_the_digests_of_the_contracts() {
    for value in list(&vectors("proofs"), "cases") {
        let key = bytes(&value["key"]);
        assert_eq!(zkdx_circuits::statement::keccak([&key[..]]), array::<32>(&value["vk_digest"]));
        if let Some(vector) = vector(value) {
            assert_eq!(vector.key.to_bytes(), key);
            assert_eq!(vector.key.digest(), array::<32>(&value["vk_digest"]));
            assert_eq!(vector.key.records as u64, value["records_count"].as_u64().expect("a number"));
            assert_eq!(vector.model.id(), array::<32>(&value["model_id"]));
            assert_eq!(vector.statement.context_digest(), array::<32>(&value["context_digest"]));
            assert_eq!(nullifiers(&vector.statement), list(value, "nullifiers").iter().map(array).collect::<Vec<_>>());
        }
    }
}

fn nullifiers(statement: &Statement) -> Vec<[u8; 32]> {
    let one = |case: &Case| nullifier(&statement.model_id, &case.record_commitment, &case.context);
    statement.cases.iter().map(one).collect()
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
    for vector in proofs() {
        let context = vector.statement.context_digest();
        let words = vector.statement.words();
        let first_round = &vector.proofs[0].d_1;
        let transcript = Transcript { context: &context, model: &vector.model, first_round, words: &words };
        let challenges = transcript.challenges(vector.key.challenges);
        let seed = transcript.seed();
        assert_eq!(challenges, (0..vector.key.challenges).map(|i| challenge(&seed, i)).collect::<Vec<_>>());
    }
}

#[test]
fn native_verifier_accepts_what_the_contracts_accept() {
    let vectors = proofs();
    assert!([1, 2, 5, 32].iter().all(|&records| vectors.iter().any(|vector| vector.key.records == records)));
    for vector in vectors {
        let key = PreparedVerifyingKey::new(vector.key).expect("a valid key");
        for proof in &vector.proofs {
            verify(&key, &vector.model, &vector.statement, proof)
                .unwrap_or_else(|error| panic!("{}: {error}", vector.name));
        }
    }
}

#[test]
fn native_verifier_and_contract_refuse_the_same_tampering() {
    let mut suite = Suite::deploy(Chain::new(1), [9; 20]).expect("contracts deploy");
    for vector in proofs() {
        suite.register_key(&vector.key).expect("the key store takes the key");
        let key = PreparedVerifyingKey::new(vector.key.clone()).expect("a valid key");
        let proof = &vector.proofs[0];
        let mut accepted = |statement: &Statement, proof: &Proof| {
            let native = verify(&key, &vector.model, statement, proof).is_ok();
            assert_eq!(suite.verify(&vector.model, statement, proof).is_ok(), native, "{}", vector.name);
            native
        };
        assert!(accepted(&vector.statement, proof), "{}", vector.name);
        for (what, statement) in tampered(&vector.statement) {
            assert!(!accepted(&statement, proof), "{}: {what}", vector.name);
        }
        let swapped = Proof { a: proof.c, c: proof.a, ..proof.clone() };
        assert!(!accepted(&vector.statement, &swapped), "{}: A and C swapped", vector.name);
    }
}

/// Every field of every case changed, cases swapped, dropped and repeated, and the words cut in other places.
fn tampered(statement: &Statement) -> Vec<(String, Statement)> {
    let fields = (0..statement.cases.len()).flat_map(|index| changed(statement, index));
    fields.chain(rearranged(statement)).chain(recut(statement)).collect()
}

fn changed(statement: &Statement, index: usize) -> Vec<(String, Statement)> {
    type Change = (&'static str, fn(&mut Case));
    let changes: [Change; 8] = [
        ("record commitment", |case| case.record_commitment += Fr::from(1u64)),
        ("first outcome word", |case| case.outcome[0] += Fr::from(1u64)),
        ("last outcome word", |case| *case.outcome.last_mut().expect("an outcome") -= Fr::from(1u64)),
        ("chain", |case| case.context.chain_id ^= 1),
        ("contract", |case| case.context.verifier[19] ^= 1),
        ("submitter", |case| case.context.submitter[0] ^= 1),
        ("consent", |case| case.context.consent_id[0] ^= 1),
        ("nonce", |case| case.context.nonce[31] ^= 1),
    ];
    let apply = |(what, change): Change| {
        edited(&format!("{what} of case {index}"), statement, |cases| change(&mut cases[index]))
    };
    let policy = edited(&format!("policy of case {index}"), statement, |cases| flip(&mut cases[index].context.policy));
    changes.into_iter().map(apply).chain([policy]).collect()
}

fn flip(policy: &mut Policy) {
    *policy = if *policy == Policy::Saturate { Policy::default() } else { Policy::Saturate };
}

fn rearranged(statement: &Statement) -> Vec<(String, Statement)> {
    let count = statement.cases.len();
    let dropped =
        (0..count).map(|index| edited(&format!("no case {index}"), statement, |cases| drop(cases.remove(index))));
    let repeated = (0..count)
        .map(|index| edited(&format!("case {index} again"), statement, |cases| cases.push(cases[index].clone())));
    let swapped = (1..count).flat_map(|index| {
        [
            edited(&format!("cases 0 and {index} swapped"), statement, |cases| cases.swap(0, index)),
            edited(&format!("outcomes 0 and {index} swapped"), statement, |cases| {
                let [first, other] = cases.get_disjoint_mut([0, index]).expect("two cases");
                std::mem::swap(&mut first.outcome, &mut other.outcome);
            }),
            edited(&format!("contexts 0 and {index} swapped"), statement, |cases| {
                let [first, other] = cases.get_disjoint_mut([0, index]).expect("two cases");
                std::mem::swap(&mut first.context, &mut other.context);
            }),
        ]
    });
    dropped.chain(repeated).chain(swapped).collect()
}

/// The same words in the same order, as those of another number of records.
fn recut(statement: &Statement) -> Vec<(String, Statement)> {
    let words = statement.words();
    let context = &statement.cases[0].context;
    let fits = |&count: &usize| count != statement.cases.len() && words.len().is_multiple_of(count);
    let cut_in = |count: usize| {
        let cases = cut(&words, vec![context.clone(); count]);
        (format!("cut in {count} cases"), Statement { model_id: statement.model_id, cases })
    };
    (1..=words.len() / 2).filter(fits).map(cut_in).collect()
}

fn edited(what: &str, statement: &Statement, edit: impl FnOnce(&mut Vec<Case>)) -> (String, Statement) {
    let mut other = statement.clone();
    edit(&mut other.cases);
    (what.to_owned(), other)
}

/// The log forms another context than the vectors' contracts, and everything before the equation is in order.
#[test]
fn submissions_reach_the_equation() {
    let mut suite = Suite::deploy(Chain::new(1), [9; 20]).expect("contracts deploy");
    let consent_id = suite.grant([3; 20], [7; 20], [4; 32]).expect("the registry takes the consent");
    for vector in proofs() {
        let refused = |suite: &mut Suite, statement: &Statement, why: &str| {
            let refusal = suite.submit([7; 20], statement, &vector.proofs[0]).expect_err(why).to_string();
            assert!(refusal.contains(why), "{}: {refusal}", vector.name);
        };
        suite.register_key(&vector.key).expect("the key store takes the key");
        suite.register_model(&vector.model, "").expect("the registry takes the model");
        refused(&mut suite, &vector.statement, "NotApproved");
        suite.approve_model(&vector.model).expect("the authority approves");
        refused(&mut suite, &vector.statement, "UnknownConsent");
        let (_, consented) = edited("consented", &vector.statement, |cases| {
            cases.iter_mut().for_each(|case| case.context.consent_id = consent_id);
        });
        refused(&mut suite, &consented, "ProofRejected");
    }
}

#[test]
fn the_version_is_the_one_of_the_contracts() {
    let file = vectors("suite");
    assert_eq!(Tag::Verifier.digest(), array::<32>(&file["tags"]["TAG_VERIFIER"]));
    assert_eq!(Tag::Entry.digest(), array::<32>(&file["tags"]["TAG_ENTRY"]));
    assert_eq!(calldata::version(), array::<4>(&file["version"]));
    for vector in proofs() {
        let call = calldata::submit(&vector.statement, &vector.proofs[0]);
        assert_eq!(call.proof[..4], calldata::version());
        assert_eq!(call.proof[4..], vector.proofs[0].to_bytes());
    }
}

#[test]
fn calldata_has_every_case_in_order() {
    for vector in proofs() {
        let call = calldata::submit(&vector.statement, &vector.proofs[0]);
        assert_eq!(call.diagnosis.cases.len(), vector.statement.cases.len());
        for (got, case) in call.diagnosis.cases.iter().zip(&vector.statement.cases) {
            assert_eq!((got.consentId.0, got.nonce.0), (case.context.consent_id, case.context.nonce));
            assert_eq!(got.policy.to::<u64>(), case.context.policy as u64);
            let words: Vec<_> = case.words().iter().map(field::to_bytes).collect();
            assert_eq!(got.words.iter().map(|word| word.to_be_bytes()).collect::<Vec<[u8; 32]>>(), words);
        }
    }
}
