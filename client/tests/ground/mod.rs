//! What the tests of this crate start from: an account, a node, terms with short pauses, the contracts.
#![allow(dead_code, unreachable_pub, missing_docs)]

use std::future::Future;
use std::time::Duration;

use zkdx_client::deployment::Deployed;
use zkdx_client::transaction::Silent;
use zkdx_client::{Deployment, Node, Parameters, Patience, Result, Session, Terms};

use crate::support::Anvil;

/// Runs a future to its end, and panics if that takes too long: no node can make a client wait for ever.
pub fn run<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let bounded = async { tokio::time::timeout(Duration::from_secs(60), future).await };
    runtime.block_on(bounded).expect("it ends")
}

/// Patience of half a second.
pub fn patience() -> Patience {
    let (request, total) = (Duration::from_secs(2), Duration::from_millis(500));
    Patience { request, total, first: Duration::from_millis(20), longest: Duration::from_millis(100) }
}

pub fn node(url: &str) -> Node {
    Node::new(url, patience()).expect("a URL")
}

pub fn terms() -> Terms {
    let (timeout, patience, poll) = (Duration::from_secs(15), Duration::from_secs(5), Duration::from_millis(20));
    Terms { confirmations: 1, timeout, patience, poll, max_fee: None }
}

/// The contracts on a node's chain, administered by its first account.
pub fn deployment(chain_id: u64) -> Deployment {
    Deployment::new(chain_id, 0, Parameters::simple(Anvil::wallet(0).address()))
}

pub fn try_deploy(url: &str, deployment: &Deployment) -> Result<Vec<Deployed>> {
    let (node, wallet, terms) = (node(url), Anvil::wallet(0), terms());
    let session = Session { node: &node, deployment, wallet: &wallet, terms: &terms, observer: &Silent };
    run(zkdx_client::deployment::deploy(session))
}

pub fn deploy(anvil: &Anvil) -> Vec<Deployed> {
    try_deploy(&anvil.url(), &deployment(31_337)).expect("deploys")
}
