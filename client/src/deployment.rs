//! Where the contracts are: the eight of them, each at the address that follows from salt, code and arguments (EIP-1014), so that an address
//! that belongs to the parameters is a contract with this program's code.

mod create2;
mod deploy;
mod plan;

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256};
use serde::{Deserialize, Serialize};
use zkdx_contracts::abi::DiagnosisLog;

use crate::error::{ClientError, Result};
use crate::node::{At, Node};
use crate::stamp;

pub use create2::{DEPLOYER, address_of};
pub use deploy::{Deployed, deploy, deploy_anchor};
pub use plan::{Contract, Creation, Parameters};

/// What a deployment file says it is.
const FORMAT: &str = "zkdx-deployment";

/// The contracts of one chain. Public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    format: String,
    version: u32,
    /// The chain.
    pub chain_id: u64,
    /// The block from which on there are events.
    pub first_block: u64,
    /// What the addresses follow from.
    pub parameters: Parameters,
    /// The addresses, by contract.
    contracts: BTreeMap<Contract, Address>,
}

impl Deployment {
    /// The contracts with these parameters on a chain, whether they are there yet or not.
    pub fn new(chain_id: u64, first_block: u64, parameters: Parameters) -> Self {
        let contracts = plan::creations(&parameters).into_iter().map(|one| (one.contract, one.address)).collect();
        Self { format: FORMAT.into(), version: stamp::VERSION, chain_id, first_block, parameters, contracts }
    }

    /// Reads a deployment file. Its addresses must follow from its parameters by this program's contracts.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        let what = "this is no deployment file that can be used";
        let read: Self = stamp::parse(bytes, what)?;
        stamp::check(&read.format, read.version, FORMAT, what)?;
        read.parameters.check()?;
        let expected = Self::new(read.chain_id, read.first_block, read.parameters.clone());
        match expected.contracts == read.contracts {
            true => Ok(read),
            false => {
                let why = "its addresses do not follow from its parameters by the contracts of this version of zkdx";
                Err(ClientError::File { what, why: why.into() })
            }
        }
    }

    /// The file.
    pub fn to_json(&self) -> String {
        stamp::write(self)
    }

    /// Where a contract is.
    pub fn address(&self, contract: Contract) -> Address {
        self.contracts.get(&contract).copied().unwrap_or_default()
    }

    /// Every contract with its address.
    pub fn contracts(&self) -> impl Iterator<Item = (Contract, Address)> {
        self.contracts.iter().map(|(contract, address)| (*contract, *address))
    }

    /// What creates each contract, in the order in which they need each other.
    pub fn creations(&self) -> Vec<Creation> {
        plan::creations(&self.parameters)
    }

    /// Fails unless `node` is on the deployment's chain and the contracts are there. The log is asked for a context as well: what it says
    /// holds the id of the chain that really runs it.
    pub async fn check(&self, node: &Node) -> Result<()> {
        node.require_chain(self.chain_id).await?;
        for (contract, address) in self.contracts() {
            if node.code(address, At::Latest).await?.is_empty() {
                return Err(ClientError::NoContract { contract: contract.name(), address, chain: self.chain_id });
            }
        }
        let call = DiagnosisLog::contextOfCall {
            submitter: Address::ZERO,
            consentId: B256::ZERO,
            nonce: B256::ZERO,
            policy: Default::default(),
        };
        let context = zkdx_circuits::Context {
            chain_id: self.chain_id,
            verifier: self.address(Contract::DiagnosisLog).into_array(),
            submitter: [0; 20],
            consent_id: [0; 32],
            nonce: [0; 32],
            policy: zkdx_circuits::architecture::Policy::Refuse,
        };
        match node.view(self.address(Contract::DiagnosisLog), &call).await? == context.digest() {
            true => Ok(()),
            false => {
                let what = "the log there answers as on another chain".to_owned();
                Err(ClientError::ChainLie { said: self.chain_id, what })
            }
        }
    }
}
