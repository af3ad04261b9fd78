//! The contracts' interfaces, read from the compiled artifacts when this crate is built.

#![allow(missing_docs, clippy::too_many_arguments)]

use std::fmt::Debug;

use alloy_sol_types::{SolInterface, sol};

sol!(
    #[sol(extra_derives(Debug))]
    VerifyingKeyStore,
    "artifacts/VerifyingKeyStore.json"
);
sol!(
    #[sol(extra_derives(Debug))]
    Groth16Verifier,
    "artifacts/Groth16Verifier.json"
);
sol!(
    #[sol(extra_derives(Debug))]
    ModelRegistry,
    "artifacts/ModelRegistry.json"
);
sol!(
    #[sol(extra_derives(Debug))]
    DiagnosisLog,
    "artifacts/DiagnosisLog.json"
);
sol!(
    #[sol(extra_derives(Debug))]
    VerifierGateway,
    "artifacts/VerifierGateway.json"
);
sol!(
    #[sol(extra_derives(Debug))]
    ConsentRegistry,
    "artifacts/ConsentRegistry.json"
);
sol!(
    #[sol(extra_derives(Debug))]
    InferenceMarket,
    "artifacts/InferenceMarket.json"
);
sol!(
    #[sol(extra_derives(Debug))]
    Anchor,
    "artifacts/Anchor.json"
);

/// Reads the errors of one contract.
type Reader = fn(&[u8]) -> Option<String>;

/// The named error in revert data, as `Name { argument: value }`.
pub fn revert_reason(data: &[u8]) -> String {
    let readers: [Reader; 8] = [
        named::<DiagnosisLog::DiagnosisLogErrors>,
        named::<VerifierGateway::VerifierGatewayErrors>,
        named::<ConsentRegistry::ConsentRegistryErrors>,
        named::<InferenceMarket::InferenceMarketErrors>,
        named::<Anchor::AnchorErrors>,
        named::<ModelRegistry::ModelRegistryErrors>,
        named::<Groth16Verifier::Groth16VerifierErrors>,
        named::<VerifyingKeyStore::VerifyingKeyStoreErrors>,
    ];
    let name = readers.iter().find_map(|read| read(data));
    name.unwrap_or_else(|| format!("0x{}", hex::encode(data)))
}

fn named<E: SolInterface + Debug>(data: &[u8]) -> Option<String> {
    let text = format!("{:?}", E::abi_decode(data).ok()?);
    // The enum wraps each error in a variant of its own name: `Name(Name { … })`.
    let inner = text.split_once('(')?.1.strip_suffix(')')?.to_owned();
    Some(inner)
}
