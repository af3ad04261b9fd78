//! Deploys what is not there yet. Running it again after a failure goes on where it stopped.

use super::{Contract, Creation, DEPLOYER, Deployment};
use crate::error::{ClientError, Result};
use crate::node::{At, Node};
use crate::transaction::{self, Observer, Settled, Terms};
use crate::wallet::Wallet;

/// What became of a contract.
#[derive(Clone, Debug)]
pub struct Deployed {
    /// Which.
    pub contract: Contract,
    /// The transaction that created it; none if it was there.
    pub settled: Option<Settled>,
}

impl Deployment {
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

    /// Creates what is missing, then checks everything. The account that pays gets no role by that.
    pub async fn deploy(
        &self,
        node: &Node,
        wallet: &Wallet,
        terms: &Terms,
        observer: &dyn Observer,
    ) -> Result<Vec<Deployed>> {
        self.parameters.check()?;
        node.require_chain(self.chain_id).await?;
        let missing = self.missing(node).await?;
        if !missing.is_empty() && node.code(DEPLOYER, At::Latest).await?.is_empty() {
            return Err(no_deployer(self.chain_id));
        }
        let mut settled = Vec::new();
        for creation in &missing {
            let call = creation.call();
            settled.push(transaction::transact(node, self.chain_id, wallet, &call, terms, observer).await?);
        }
        self.check(node).await?;
        let mut made = missing.iter().map(|creation| creation.contract).zip(settled).collect::<Vec<_>>();
        let mut take = |contract| made.iter().position(|(one, _)| *one == contract).map(|at| made.remove(at).1);
        let creations = self.creations();
        Ok(creations.iter().map(|one| Deployed { contract: one.contract, settled: take(one.contract) }).collect())
    }
}

fn no_deployer(chain: u64) -> ClientError {
    let what = format!("chain {chain} has no deterministic deployer at {DEPLOYER}");
    let next = "on a chain of your own put its code into the genesis block, see docs/src/integration.md; on a public chain send its one-off transaction";
    ClientError::Mismatch { what, next }
}
