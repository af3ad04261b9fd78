//! The eight contracts in the order in which they need each other, each with its constructor's arguments.

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use alloy::sol_types::SolValue;
use serde::{Deserialize, Serialize};
use zkdx_contracts::abi;

use super::create2::{DEPLOYER, address_of};
use crate::error::{ClientError, Result};
use crate::transaction::Call;

/// Purpose of consents unless another is chosen: a diagnosis.
const PURPOSE: &str = "zkdx/purpose/diagnosis";
/// Most approvals that a registry can require.
const MOST_APPROVALS: u32 = 256;
/// Longest delay that contracts take, in seconds (uint48).
const MOST_DELAY: u64 = (1 << 48) - 1;

/// A contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Contract {
    /// Verification keys.
    VerifyingKeyStore,
    /// The check of a proof.
    Groth16Verifier,
    /// Versions of verifiers.
    VerifierGateway,
    /// Models and authorities.
    ModelRegistry,
    /// Consents.
    ConsentRegistry,
    /// Diagnoses.
    DiagnosisLog,
    /// Requests and payments.
    InferenceMarket,
    /// Roots of other chains' logs.
    Anchor,
}

/// What the contracts of a deployment are told for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Makes two deployments with the same parameters distinct.
    pub salt: B256,
    /// Who administers gateway, registry and anchor.
    pub admin: Address,
    /// Who can freeze a verifier.
    pub guardian: Address,
    /// Seconds before a new verifier counts and before a new admin can take over.
    pub delay_seconds: u64,
    /// Authorities that must approve a model.
    pub approvals_required: u32,
    /// What the log's consents are for.
    pub purpose: B256,
    /// Who may sign what is anchored.
    pub anchor_members: Vec<Address>,
    /// How many of them must.
    pub anchor_threshold: u32,
}

/// What creates a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creation {
    /// Which.
    pub contract: Contract,
    /// Where it will be.
    pub address: Address,
    /// Creation code and arguments.
    pub code: Bytes,
    salt: B256,
}

impl Contract {
    /// Its name in Solidity.
    pub fn name(self) -> &'static str {
        match self {
            Self::VerifyingKeyStore => "VerifyingKeyStore",
            Self::Groth16Verifier => "Groth16Verifier",
            Self::VerifierGateway => "VerifierGateway",
            Self::ModelRegistry => "ModelRegistry",
            Self::ConsentRegistry => "ConsentRegistry",
            Self::DiagnosisLog => "DiagnosisLog",
            Self::InferenceMarket => "InferenceMarket",
            Self::Anchor => "Anchor",
        }
    }
}

impl Creation {
    /// The transaction that creates it.
    pub fn call(&self) -> Call {
        Call { to: DEPLOYER, data: [&self.salt[..], &self.code].concat().into(), value: U256::ZERO }
    }
}

impl Parameters {
    /// One account for everything, one approval, no delay: for a start, and for trying things out.
    pub fn simple(admin: Address) -> Self {
        Self {
            salt: B256::ZERO,
            admin,
            guardian: admin,
            delay_seconds: 0,
            approvals_required: 1,
            purpose: keccak256(PURPOSE),
            anchor_members: vec![admin],
            anchor_threshold: 1,
        }
    }

    /// Fails if a constructor would, if nobody could freeze a verifier, or if members are not in the one order that gives the anchor its address.
    pub fn check(&self) -> Result<()> {
        let bad = |what: &str| {
            let next = "change the parameters of the deployment";
            Err(ClientError::Mismatch { what: format!("the contracts cannot have these parameters: {what}"), next })
        };
        let members = self.anchor_members.len();
        match self {
            _ if self.admin.is_zero() => bad("the admin must be an account"),
            _ if self.guardian.is_zero() => bad("nobody could freeze a verifier"),
            _ if self.delay_seconds > MOST_DELAY => bad("the delay is too long"),
            _ if !(1..=MOST_APPROVALS).contains(&self.approvals_required) => bad("1 to 256 approvals can be required"),
            _ if self.anchor_members.iter().any(|member| member.is_zero()) => {
                bad("members of the anchor must be accounts")
            }
            _ if !self.anchor_members.is_sorted_by(|a, b| a < b) => {
                bad("members of the anchor must be in ascending order, each once")
            }
            _ if self.anchor_threshold == 0 || self.anchor_threshold as usize > members => {
                bad("the anchor's threshold must be between 1 and the number of its members")
            }
            _ => Ok(()),
        }
    }
}

/// What creates each contract.
pub(super) fn creations(parameters: &Parameters) -> Vec<Creation> {
    let Parameters { salt, admin, guardian, purpose, .. } = *parameters;
    let (delay, approvals) = (U256::from(parameters.delay_seconds), U256::from(parameters.approvals_required));
    let mut made = Vec::new();
    let mut create = |contract, bytecode: &Bytes, arguments: Vec<u8>| {
        let code: Bytes = [bytecode, &arguments[..]].concat().into();
        let address = address_of(salt, &code);
        made.push(Creation { contract, address, code, salt });
        address
    };
    let keys = create(Contract::VerifyingKeyStore, &abi::VerifyingKeyStore::BYTECODE, Vec::new());
    let verifier = create(Contract::Groth16Verifier, &abi::Groth16Verifier::BYTECODE, keys.abi_encode());
    let arguments = (delay, admin, guardian, verifier).abi_encode_params();
    let gateway = create(Contract::VerifierGateway, &abi::VerifierGateway::BYTECODE, arguments);
    let arguments = (keys, delay, admin, approvals).abi_encode_params();
    let models = create(Contract::ModelRegistry, &abi::ModelRegistry::BYTECODE, arguments);
    let consents = create(Contract::ConsentRegistry, &abi::ConsentRegistry::BYTECODE, Vec::new());
    let arguments = (gateway, models, consents, purpose).abi_encode_params();
    let log = create(Contract::DiagnosisLog, &abi::DiagnosisLog::BYTECODE, arguments);
    create(Contract::InferenceMarket, &abi::InferenceMarket::BYTECODE, log.abi_encode());
    let threshold = U256::from(parameters.anchor_threshold);
    let arguments = (delay, admin, parameters.anchor_members.clone(), threshold).abi_encode_params();
    create(Contract::Anchor, &abi::Anchor::BYTECODE, arguments);
    made
}
