//! Deploys what is not there yet. Running it again after a failure goes on where it stopped.

use alloy::primitives::{Address, keccak256};

use super::create2::DEPLOYER_CODE;
use super::{Contract, Creation, DEPLOYER, Deployment, Parameters};
use crate::error::{ClientError, Result};
use crate::node::{At, Node};
use crate::session::Session;
use crate::transaction::Settled;

/// Contracts whose events tell what happened; a history begins with the first of them.
const WITH_EVENTS: [Contract; 5] = [
    Contract::VerifierGateway,
    Contract::ModelRegistry,
    Contract::ConsentRegistry,
    Contract::DiagnosisLog,
    Contract::InferenceMarket,
];

/// What became of a contract.
#[derive(Clone, Debug)]
pub struct Deployed {
    /// Which.
    pub contract: Contract,
    /// The transaction that created it; none if it was there.
    pub settled: Option<Settled>,
}

impl Deployment {
    /// The contracts with these parameters on the chain of a node. Their first block is the present one, or an earlier one in which the first
    /// of those with events was created: by a run that stopped, or for others, since all registries of consents with one salt are one.
    pub async fn plan(node: &Node, parameters: Parameters) -> Result<Self> {
        let (chain_id, height) = (node.chain_id().await?, node.height().await?);
        let mut planned = Self::new(chain_id, height, parameters);
        for contract in WITH_EVENTS {
            let address = planned.address(contract);
            if !node.code(address, At::Latest).await?.is_empty() {
                planned.first_block = created(node, address, planned.first_block).await;
            }
        }
        Ok(planned)
    }

    /// Contracts that are not there yet, in the order in which they need each other.
    pub async fn missing(&self, node: &Node) -> Result<Vec<Creation>> {
        let mut missing = Vec::new();
        for creation in self.creations() {
            if node.code(creation.address, At::Latest).await?.is_empty() {
                missing.push(creation);
            }
        }
        Ok(missing)
    }
}

/// The block in which a contract was created, or `latest` if it was later, by bisection; 0 if the node does not remember.
async fn created(node: &Node, address: Address, latest: u64) -> u64 {
    let (mut without, mut with) = (0, latest);
    while without < with {
        let middle = without + (with - without) / 2;
        match node.code(address, At::Number(middle)).await {
            Ok(code) if code.is_empty() => without = middle + 1,
            Ok(_) => with = middle,
            Err(_) => return 0,
        }
    }
    with
}

/// Creates what is missing, then checks everything. The account that pays gets no role by that.
pub async fn deploy(session: Session<'_>) -> Result<Vec<Deployed>> {
    let deployed = create_all(session, |_| true).await?;
    session.deployment.check(session.node).await?;
    Ok(deployed)
}

/// Creates the anchor alone, if it is not there: all that a public chain needs for the logs of other chains.
pub async fn deploy_anchor(session: Session<'_>) -> Result<Vec<Deployed>> {
    create_all(session, |contract| contract == Contract::Anchor).await
}

async fn create_all(session: Session<'_>, wanted: impl Fn(Contract) -> bool) -> Result<Vec<Deployed>> {
    let Session { node, deployment, .. } = session;
    deployment.parameters.check()?;
    node.require_chain(deployment.chain_id).await?;
    let mut missing = deployment.missing(node).await?;
    missing.retain(|creation| wanted(creation.contract));
    if !missing.is_empty() {
        require_deployer(node, deployment.chain_id).await?;
    }
    let mut deployed = Vec::new();
    for creation in deployment.creations().into_iter().filter(|creation| wanted(creation.contract)) {
        let settled = match missing.contains(&creation) {
            true => create(session, &creation).await?,
            false => None,
        };
        deployed.push(Deployed { contract: creation.contract, settled });
    }
    Ok(deployed)
}

async fn require_deployer(node: &Node, chain: u64) -> Result<()> {
    let code = node.code(DEPLOYER, At::Latest).await?;
    let what = match keccak256(&code) {
        DEPLOYER_CODE => return Ok(()),
        _ if code.is_empty() => format!("chain {chain} has no deterministic deployer at {DEPLOYER}"),
        _ => format!("what is at {DEPLOYER} on chain {chain} is not the deterministic deployer"),
    };
    let next = "on a chain of your own put its code into the genesis block, see docs/src/integration.md; on a public chain send its one-off transaction";
    Err(ClientError::Mismatch { what, next })
}

/// The deployer refuses to create what is there: somebody else may have been faster, and then nothing is left to do.
async fn create(session: Session<'_>, creation: &Creation) -> Result<Option<Settled>> {
    let sent = match foretold(session, creation).await {
        Ok(()) => session.send(&creation.call()).await,
        Err(error) => Err(error),
    };
    match sent {
        Err(ClientError::Reverted(_)) if !session.node.code(creation.address, At::Latest).await?.is_empty() => Ok(None),
        sent => sent.map(Some),
    }
}

/// Fails unless the deployer would create it where it is expected: some chains derive addresses in other ways than Ethereum.
async fn foretold(session: Session<'_>, creation: &Creation) -> Result<()> {
    let call = creation.call();
    let address = session.node.simulate(session.wallet.address(), call.to, &call.data, call.value).await?;
    if address[..] == creation.address[..] {
        return Ok(());
    }
    let what = format!("the deployer would put {} at {address}, not at {}", creation.contract.name(), creation.address);
    Err(ClientError::Mismatch { what, next: "deploy to a chain on which contracts have the addresses of EIP-1014" })
}
