//! What every command on a chain needs: a node, the contracts, an account, terms, and somebody to ask.

use crate::deployment::Deployment;
use crate::error::Result;
use crate::node::Node;
use crate::transaction::{self, Call, Observer, Settled, Terms};
use crate::wallet::Wallet;

/// Who sends, where to, and on which terms.
#[derive(Clone, Copy)]
pub struct Session<'s> {
    /// The node.
    pub node: &'s Node,
    /// The contracts.
    pub deployment: &'s Deployment,
    /// The account that pays.
    pub wallet: &'s Wallet,
    /// How to send.
    pub terms: &'s Terms,
    /// Who is asked and told.
    pub observer: &'s dyn Observer,
}

impl Session<'_> {
    /// Sends a call and waits until it is confirmed.
    pub async fn send(&self, call: &Call) -> Result<Settled> {
        let Self { node, deployment, wallet, terms, observer } = *self;
        transaction::transact(node, deployment.chain_id, wallet, call, terms, observer).await
    }
}
