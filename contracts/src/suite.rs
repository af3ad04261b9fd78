//! The contracts deployed together on an embedded chain, and the story they tell: key, approved model, consent, diagnosis.

use alloy_sol_types::SolValue;
use alloy_sol_types::private::primitives::aliases::U40;
use revm::primitives::{Address, FixedBytes, U256};
use zkdx_circuits::Statement;
use zkdx_verifier::{Model, Proof, VerifyingKey};

use crate::abi::{ConsentRegistry, DiagnosisLog, Groth16Verifier, ModelRegistry, VerifierGateway, VerifyingKeyStore};
use crate::calldata;
use crate::chain::{Chain, ChainError, Receipt};

/// Addresses of the deployed contracts. The deployer is admin, guardian and the one authority that approves models.
pub struct Suite {
    chain: Chain,
    deployer: Address,
    keys: Address,
    verifier: Address,
    models: Address,
    consents: Address,
    log: Address,
}

/// What the log's consents must be for: a diagnosis.
const PURPOSE: FixedBytes<32> = FixedBytes([1; 32]);

/// Approvals that a model needs.
const APPROVALS: u64 = 1;

/// A consent for any approved model.
const ANY_APPROVED: u8 = 2;

/// What an accepted submission cost and left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The whole transaction.
    pub gas: u64,
    /// What the log remembers of each case, in order.
    pub nullifiers: Vec<[u8; 32]>,
}

impl Suite {
    /// Deploys every contract on `chain`, from `deployer`.
    pub fn deploy(mut chain: Chain, deployer: [u8; 20]) -> Result<Self, ChainError> {
        let deployer = Address::from(deployer);
        let mut create = |code: &[u8], arguments: Vec<u8>| Ok(chain.deploy(deployer, code, &arguments)?.0);
        let keys = create(&VerifyingKeyStore::BYTECODE, Vec::new())?;
        let verifier = create(&Groth16Verifier::BYTECODE, keys.abi_encode())?;
        let delay = U256::ZERO;
        let gateway = create(&VerifierGateway::BYTECODE, (delay, deployer, deployer, verifier).abi_encode_params())?;
        let registry = (keys, delay, deployer, U256::from(APPROVALS)).abi_encode_params();
        let models = create(&ModelRegistry::BYTECODE, registry)?;
        let consents = create(&ConsentRegistry::BYTECODE, Vec::new())?;
        let log = create(&DiagnosisLog::BYTECODE, (gateway, models, consents, PURPOSE).abi_encode_params())?;
        let listing = ModelRegistry::listAuthorityCall { authority: deployer, name: "the deployer".into() };
        chain.send(deployer, models, &listing)?;
        Ok(Self { chain, deployer, keys, verifier, models, consents, log })
    }

    /// Address of the log: the `verifier` of a proof's context.
    pub fn log_address(&self) -> [u8; 20] {
        self.log.into_array()
    }

    /// The chain's id.
    pub fn chain_id(&self) -> u64 {
        self.chain.id()
    }

    /// Stores a verification key; the contract computes the same digest as the native verifier.
    pub fn register_key(&mut self, key: &VerifyingKey) -> Result<Receipt, ChainError> {
        let (digest, receipt) = self.chain.send(self.deployer, self.keys, &calldata::register_key(key))?;
        expect(digest.0, key.digest(), "key digest")?;
        Ok(receipt)
    }

    /// Registers a model; the contract computes the same identity as the native verifier.
    pub fn register_model(&mut self, model: &Model, card_uri: &str) -> Result<Receipt, ChainError> {
        let call = calldata::register_model(model, card_uri);
        let (id, receipt) = self.chain.send(self.deployer, self.models, &call)?;
        expect(id.0, model.id(), "model identity")?;
        Ok(receipt)
    }

    /// Has the authority approve a registered model.
    pub fn approve_model(&mut self, model: &Model) -> Result<Receipt, ChainError> {
        let (id, evidence) = (FixedBytes(model.id()), FixedBytes([0; 32]));
        let call = ModelRegistry::approveCall { modelId: id, evidenceDigest: evidence, uri: String::new() };
        Ok(self.chain.send(self.deployer, self.models, &call)?.1)
    }

    /// Grants a consent of `patient` to `grantee`, for every approved model and without end; `salt` tells consents apart. The consent's id.
    pub fn grant(&mut self, patient: [u8; 20], grantee: [u8; 20], salt: [u8; 32]) -> Result<[u8; 32], ChainError> {
        let patient = Address::from(patient);
        let consent = ConsentRegistry::Consent {
            patient,
            grantee: Address::from(grantee),
            purpose: PURPOSE,
            scopeKind: ANY_APPROVED,
            scope: FixedBytes::ZERO,
            record: U256::ZERO,
            validFrom: U40::ZERO,
            validUntil: U40::MAX,
            salt: FixedBytes(salt),
        };
        let (id, _) = self.chain.send(patient, self.consents, &ConsentRegistry::grantCall { consent })?;
        Ok(id.0)
    }

    /// Submits a diagnosis from `submitter` and records its cases.
    pub fn submit(
        &mut self,
        submitter: [u8; 20],
        statement: &Statement,
        proof: &Proof,
    ) -> Result<Submission, ChainError> {
        let call = calldata::submit(statement, proof);
        let (nullifiers, receipt) = self.chain.send(Address::from(submitter), self.log, &call)?;
        Ok(Submission { gas: receipt.gas, nullifiers: nullifiers.into_iter().map(|nullifier| nullifier.0).collect() })
    }

    /// The bare check, changing nothing; `execution_gas` is its cost without transaction base and calldata.
    pub fn verify(&mut self, model: &Model, statement: &Statement, proof: &Proof) -> Result<Receipt, ChainError> {
        let call = calldata::verify(model, statement, proof);
        Ok(self.chain.call(self.deployer, self.verifier, &call)?.1)
    }
}

fn expect(got: [u8; 32], expected: [u8; 32], what: &str) -> Result<(), ChainError> {
    if got == expected {
        return Ok(());
    }
    let (got, expected) = (hex::encode(got), hex::encode(expected));
    Err(ChainError::Answer(format!("the contract computed {what} 0x{got}, expected 0x{expected}")))
}
