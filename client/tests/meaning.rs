//! Identities mean on chain what they mean here: of random consents, requests, nonces, contexts and nullifiers the contracts compute the same.

mod ground;
mod support;

use alloy::primitives::{B256, U256};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use zkdx_circuits::architecture::Policy;
use zkdx_circuits::statement::nullifier;
use zkdx_circuits::{Context, Fr, field};
use zkdx_client::consent::{Consent, ConsentFile, Scope};
use zkdx_client::market::{Request, RequestFile};
use zkdx_client::{Address, Contract};
use zkdx_contracts::abi::{ConsentRegistry, DiagnosisLog, InferenceMarket};

use ground::{CHAIN, deploy, deployment, node, run};
use support::{Anvil, Options};

const CASES: usize = 48;
/// The last second that a consent can name.
const LAST: u64 = (1 << 40) - 1;

fn word(rng: &mut StdRng) -> B256 {
    match rng.gen_range(0..6) {
        0 => B256::ZERO,
        1 => B256::repeat_byte(0xff),
        _ => B256::from(rng.r#gen::<[u8; 32]>()),
    }
}

fn account(rng: &mut StdRng) -> Address {
    Address::from_word(word(rng))
}

fn consent(rng: &mut StdRng) -> Consent {
    let scope = match rng.gen_range(0..3) {
        0 => Scope::Model(word(rng)),
        1 => Scope::Key(word(rng)),
        _ => Scope::AnyApproved,
    };
    let valid_from = rng.gen_range(0..LAST);
    let valid_until = if rng.r#gen() { LAST } else { rng.gen_range(valid_from + 1..=LAST) };
    let (patient, grantee, purpose, record, salt) =
        (account(rng), account(rng), word(rng), word(rng).into(), word(rng));
    Consent { patient, grantee, purpose, scope, record, valid_from, valid_until, salt }
}

fn request(rng: &mut StdRng) -> Request {
    Request {
        payer: account(rng),
        token: account(rng),
        price: U256::from_be_bytes(word(rng).0) >> 1,
        fee: U256::from_be_bytes(word(rng).0) >> 1,
        model: word(rng),
        record: word(rng).into(),
        consent: word(rng),
        saturated: rng.r#gen(),
        deadline: rng.r#gen(),
        salt: word(rng),
    }
}

#[test]
fn consents_have_the_registrys_identities() {
    let anvil = Anvil::start(Options::default());
    deploy(&anvil.url(), &deployment(CHAIN)).expect("deploys");
    let (node, registry) = (node(&anvil.url()), deployment(CHAIN).address(Contract::ConsentRegistry));
    let rng = &mut StdRng::seed_from_u64(1);
    for _ in 0..CASES {
        let consent = consent(rng);
        let (scope_kind, scope) = match consent.scope {
            Scope::Model(id) => (0, id),
            Scope::Key(digest) => (1, digest),
            Scope::AnyApproved => (2, B256::ZERO),
        };
        let on_chain = ConsentRegistry::Consent {
            patient: consent.patient,
            grantee: consent.grantee,
            purpose: consent.purpose,
            scopeKind: scope_kind,
            scope,
            record: consent.record,
            validFrom: consent.valid_from.try_into().expect("40 bits"),
            validUntil: consent.valid_until.try_into().expect("40 bits"),
            salt: consent.salt,
        };
        let call = ConsentRegistry::consentIdOfCall { consent: on_chain };
        let file = ConsentFile::new(&deployment(CHAIN), consent).expect("a consent");
        assert_eq!(run(node.view(registry, &call)).expect("an answer"), file.id(), "{}", file.to_json());
        assert_eq!(ConsentFile::from_json(file.to_json().as_bytes()), Ok(file));
    }
}

#[test]
fn requests_and_nonces_are_the_markets() {
    let anvil = Anvil::start(Options::default());
    deploy(&anvil.url(), &deployment(CHAIN)).expect("deploys");
    let (node, market) = (node(&anvil.url()), deployment(CHAIN).address(Contract::InferenceMarket));
    let rng = &mut StdRng::seed_from_u64(2);
    for _ in 0..CASES {
        let request = request(rng);
        let on_chain = InferenceMarket::Request {
            payer: request.payer,
            token: request.token,
            price: request.price,
            fee: request.fee,
            modelId: request.model,
            recordCommitment: request.record,
            consentId: request.consent,
            maxPolicy: U256::from(u64::from(request.saturated)),
            deadline: U256::from(request.deadline),
            salt: request.salt,
        };
        let file = RequestFile::new(&deployment(CHAIN), request).expect("a request");
        let call = InferenceMarket::requestIdOfCall { request: on_chain };
        assert_eq!(run(node.view(market, &call)).expect("an answer"), file.id(), "{}", file.to_json());
        let prover = account(rng);
        let call = InferenceMarket::nonceOfCall { requestId: file.id(), prover };
        assert_eq!(run(node.view(market, &call)).expect("an answer"), file.nonce(prover));
    }
}

#[test]
fn contexts_and_nullifiers_are_the_logs() {
    let anvil = Anvil::start(Options::default());
    deploy(&anvil.url(), &deployment(CHAIN)).expect("deploys");
    let (node, log) = (node(&anvil.url()), deployment(CHAIN).address(Contract::DiagnosisLog));
    let rng = &mut StdRng::seed_from_u64(3);
    for _ in 0..CASES {
        let (submitter, consent, nonce, model) = (account(rng), word(rng), word(rng), word(rng));
        let (record, saturated) = (Fr::from(rng.r#gen::<u128>()), rng.r#gen::<bool>());
        let context = Context {
            chain_id: CHAIN,
            verifier: log.into_array(),
            submitter: submitter.into_array(),
            consent_id: consent.0,
            nonce: nonce.0,
            policy: if saturated { Policy::Saturate } else { Policy::Refuse },
        };
        let policy = U256::from(u64::from(saturated));
        let call = DiagnosisLog::contextOfCall { submitter, consentId: consent, nonce, policy };
        assert_eq!(run(node.view(log, &call)).expect("an answer"), context.digest());
        let commitment = U256::from_be_bytes(field::to_bytes(&record));
        let call =
            DiagnosisLog::nullifierOfCall { modelId: model, recordCommitment: commitment, consentId: consent, nonce };
        assert_eq!(run(node.view(log, &call)).expect("an answer"), nullifier(&model.0, &record, &context));
    }
}

/// Every leaf of a JSON value, replaced by each of a dozen strange ones, and every object with a field more and a field less.
fn mutations(value: &Value) -> Vec<Value> {
    let strange = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(""),
        json!("0x"),
        json!("0x00"),
        json!(format!("0x{}", "11".repeat(20))),
        json!(format!("0x{}", "11".repeat(32))),
        json!(format!("0x{}", "11".repeat(3_000))),
        json!("\u{202e}\u{0}"),
        json!([]),
        json!({}),
        json!([[[[{ "a": [] }]]]]),
    ];
    let mut all: Vec<Value> = strange.iter().filter(|other| *other != value).cloned().collect();
    if let Value::Object(fields) = value {
        all.clear();
        for (name, field) in fields {
            let with = |change: Option<Value>| {
                let mut fields = fields.clone();
                match change {
                    Some(change) => drop(fields.insert(name.clone(), change)),
                    None => drop(fields.remove(name)),
                }
                Value::Object(fields)
            };
            all.extend(mutations(field).into_iter().map(|change| with(Some(change))));
            all.push(with(None));
        }
        let mut more = fields.clone();
        more.insert("more".into(), json!(1));
        all.push(Value::Object(more));
    }
    all
}

/// Nothing of a file can be changed but what proves itself on chain: signatures.
#[test]
fn a_file_with_any_strange_field_is_refused() {
    let rng = &mut StdRng::seed_from_u64(4);
    let patient = Anvil::wallet(0);
    let consent = Consent { patient: patient.address(), scope: Scope::Model(B256::repeat_byte(3)), ..consent(rng) };
    let mut consent = ConsentFile::new(&deployment(CHAIN), consent).expect("a consent");
    consent.sign(&patient).expect("signs");
    consent.sign_revocation(&patient).expect("signs");
    let request = RequestFile::new(&deployment(CHAIN), request(rng)).expect("a request");
    let unsigned = |file: &ConsentFile| {
        let mut file = file.clone();
        (file.signature, file.revocation) = (None, None);
        file
    };
    let original: Value = serde_json::from_str(&consent.to_json()).expect("JSON");
    for change in mutations(&original) {
        let read = ConsentFile::from_json(change.to_string().as_bytes());
        assert!(read.is_err() || read.is_ok_and(|read| unsigned(&read) == unsigned(&consent)), "{change}");
    }
    let original: Value = serde_json::from_str(&request.to_json()).expect("JSON");
    for change in mutations(&original) {
        // Zero can be written in more than one way.
        let read = RequestFile::from_json(change.to_string().as_bytes());
        assert!(read.is_err() || read == Ok(request.clone()), "{change}");
    }
    let file = consent.to_json();
    let twice = file.replacen("\"chain_id\"", "\"chain_id\": 5,\n  \"chain_id\"", 1);
    let deep = "[".repeat(100_000);
    for text in [&twice, &deep, &file.replace("zkdx-consent", "\\ud800"), &file[..file.len() - 3]] {
        assert!(ConsentFile::from_json(text.as_bytes()).is_err());
    }
}
