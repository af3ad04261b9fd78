//! A request as a file: what is paid for, and its identity as `InferenceMarket` has it.

use alloy::primitives::{Address, B256, U256, keccak256};
use alloy::sol_types::SolValue;
use serde::{Deserialize, Serialize};
use zkdx_contracts::abi::InferenceMarket;

use crate::deployment::{Contract, Deployment};
use crate::error::{ClientError, Result};
use crate::stamp;

/// What a request file says it is.
const FORMAT: &str = "zkdx-request";

/// What somebody pays for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Who pays, and gets the money back after the deadline.
    pub payer: Address,
    /// What is paid with; zero for the chain's own currency.
    pub token: Address,
    /// For the model's owner.
    pub price: U256,
    /// For the prover.
    pub fee: U256,
    /// The model.
    pub model: B256,
    /// Commitment to the record.
    pub record: U256,
    /// The consent; its grantee is the market, or anyone.
    pub consent: B256,
    /// Whether entries of the record may have been saturated.
    pub saturated: bool,
    /// The first second at which it cannot be fulfilled any more.
    pub deadline: u64,
    /// Random.
    pub salt: B256,
}

/// A request in one market.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestFile {
    format: String,
    version: u32,
    /// The chain.
    pub chain_id: u64,
    /// The market.
    pub market: Address,
    /// The request.
    pub request: Request,
    request_id: B256,
}

impl Request {
    pub(super) fn to_abi(&self) -> InferenceMarket::Request {
        InferenceMarket::Request {
            payer: self.payer,
            token: self.token,
            price: self.price,
            fee: self.fee,
            modelId: self.model,
            recordCommitment: self.record,
            consentId: self.consent,
            maxPolicy: U256::from(u64::from(self.saturated)),
            deadline: U256::from(self.deadline),
            salt: self.salt,
        }
    }

    /// Price and fee together.
    pub fn total(&self) -> Result<U256> {
        let too_much =
            || ClientError::File { what: "the request cannot be used", why: "price and fee are too much".into() };
        self.price.checked_add(self.fee).ok_or_else(too_much)
    }
}

impl RequestFile {
    /// A request in the market of a deployment, not made yet.
    pub fn new(deployment: &Deployment, request: Request) -> Result<Self> {
        request.total()?;
        let (chain_id, market) = (deployment.chain_id, deployment.address(Contract::InferenceMarket));
        let request_id = identity(chain_id, market, &request);
        Ok(Self { format: FORMAT.into(), version: stamp::VERSION, chain_id, market, request, request_id })
    }

    /// Reads a request file; its identity must be that of its content.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        let what = "this is no request file that can be used";
        let read: Self = stamp::parse(bytes, what)?;
        stamp::check(&read.format, read.version, FORMAT, what)?;
        read.request.total()?;
        match identity(read.chain_id, read.market, &read.request) == read.request_id {
            true => Ok(read),
            false => {
                let why = "its identity is not that of its content: it was changed".into();
                Err(ClientError::File { what, why })
            }
        }
    }

    /// The file.
    pub fn to_json(&self) -> String {
        stamp::write(self)
    }

    /// Its identity.
    pub fn id(&self) -> B256 {
        self.request_id
    }

    /// The nonce of the case that fulfils it, by which the proof pays `prover` and nobody else.
    pub fn nonce(&self, prover: Address) -> B256 {
        nonce_of(self.request_id, prover)
    }

    /// Fails unless it is for the market of this deployment.
    pub fn check(&self, deployment: &Deployment) -> Result<()> {
        if (self.chain_id, self.market) == (deployment.chain_id, deployment.address(Contract::InferenceMarket)) {
            return Ok(());
        }
        let what = format!(
            "the request is for the market {} on chain {}, not for this deployment",
            self.market, self.chain_id
        );
        Err(ClientError::Mismatch { what, next: "give the deployment that it was made for" })
    }
}

fn identity(chain_id: u64, market: Address, request: &Request) -> B256 {
    identity_of(chain_id, market, request.to_abi())
}

/// Identity of a request as the contract has it.
pub(crate) fn identity_of(chain_id: u64, market: Address, request: InferenceMarket::Request) -> B256 {
    keccak256((U256::from(chain_id), market, request).abi_encode())
}

/// Nonce of the case that fulfils a request.
pub(crate) fn nonce_of(request: B256, prover: Address) -> B256 {
    keccak256((request, prover).abi_encode())
}
