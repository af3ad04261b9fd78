//! What the contracts take, from what the verifier knows.

use alloy_sol_types::SolCall;
use revm::primitives::{Address, FixedBytes, U256};
use zkdx_circuits::statement::{Case, Tag};
use zkdx_circuits::{Fr, Statement, field};
use zkdx_verifier::encoding::g1_bytes;
use zkdx_verifier::{Model, Proof, VerifyingKey};

use crate::abi::{DiagnosisLog, Groth16Verifier, InferenceMarket, ModelRegistry, VerifyingKeyStore};

/// `VerifyingKeyStore.register`.
pub fn register_key(key: &VerifyingKey) -> VerifyingKeyStore::registerCall {
    VerifyingKeyStore::registerCall { key: key.to_bytes().into() }
}

/// `ModelRegistry.register`, with a URI at which the model card may be found.
pub fn register_model(model: &Model, card_uri: &str) -> ModelRegistry::registerCall {
    let (x, y) = coordinates(model);
    ModelRegistry::registerCall {
        keyDigest: model.key.into(),
        weightCommitment: ModelRegistry::G1Point { x, y },
        metadataDigest: model.metadata.into(),
        metadataUri: card_uri.to_owned(),
    }
}

/// `DiagnosisLog.submit`.
pub fn submit(statement: &Statement, proof: &Proof) -> DiagnosisLog::submitCall {
    DiagnosisLog::submitCall { diagnosis: diagnosis(statement), proof: versioned(proof).into() }
}

/// `InferenceMarket.fulfil`, with a request for each case.
pub fn fulfil(
    requests: Vec<InferenceMarket::Request>,
    prover: Address,
    statement: &Statement,
    proof: &Proof,
) -> InferenceMarket::fulfilCall {
    let DiagnosisLog::Diagnosis { modelId, cases } = diagnosis(statement);
    let case = |DiagnosisLog::Case { consentId, nonce, policy, words }| InferenceMarket::Case {
        consentId,
        nonce,
        policy,
        words,
    };
    let diagnosis = InferenceMarket::Diagnosis { modelId, cases: cases.into_iter().map(case).collect() };
    InferenceMarket::fulfilCall { requests, prover, diagnosis, proof: versioned(proof).into() }
}

/// A proof as the gateway takes it: four bytes that name its verifier, then the proof.
pub fn versioned(proof: &Proof) -> Vec<u8> {
    [&version()[..], &proof.to_bytes()].concat()
}

/// The first four bytes of the verifier's tag.
pub fn version() -> [u8; 4] {
    let [a, b, c, d, ..] = Tag::Verifier.digest();
    [a, b, c, d]
}

/// `Groth16Verifier.verify`: the bare check, without registry and log.
pub fn verify(model: &Model, statement: &Statement, proof: &Proof) -> Groth16Verifier::verifyCall {
    let (x, y) = coordinates(model);
    let claim = Groth16Verifier::Claim {
        keyDigest: model.key.into(),
        modelId: statement.model_id.into(),
        weightCommitment: Groth16Verifier::G1Point { x, y },
        contextDigest: statement.context_digest().into(),
        records: U256::from(statement.cases.len()),
    };
    Groth16Verifier::verifyCall { claim, words: words(&statement.words()), proof: proof.to_bytes().to_vec().into() }
}

/// Selector and arguments of a call.
pub fn bytes(call: &impl SolCall) -> Vec<u8> {
    call.abi_encode()
}

fn diagnosis(statement: &Statement) -> DiagnosisLog::Diagnosis {
    DiagnosisLog::Diagnosis { modelId: statement.model_id.into(), cases: statement.cases.iter().map(one).collect() }
}

fn one(case: &Case) -> DiagnosisLog::Case {
    DiagnosisLog::Case {
        consentId: FixedBytes(case.context.consent_id),
        nonce: FixedBytes(case.context.nonce),
        policy: U256::from(case.context.policy as u64),
        words: words(&case.words()),
    }
}

fn words(values: &[Fr]) -> Vec<U256> {
    values.iter().map(word).collect()
}

fn word(value: &Fr) -> U256 {
    U256::from_be_bytes(field::to_bytes(value))
}

fn coordinates(model: &Model) -> (U256, U256) {
    let bytes = g1_bytes(&model.commitment);
    (U256::from_be_slice(&bytes[..32]), U256::from_be_slice(&bytes[32..]))
}
