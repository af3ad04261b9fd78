//! A command's way to a chain: node, contracts, account, terms, and the person who is asked before anything is sent.

mod secret;
mod watcher;

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use zkdx_client::{ClientError, Deployment, Node, Patience, Session, Settled, Terms, Wallet};

use crate::args::{DeploymentArgs, NodeArgs, SendArgs, TransactionArgs};
use crate::error::{CliError, Context, Kind, Result};
use crate::files;
use crate::output::Output;

pub(crate) use secret::{new_password, wallet};
pub(crate) use watcher::{Watcher, amount, time};

/// A node, and what runs what is asked of it.
pub(crate) struct Link {
    runtime: Runtime,
    /// The node.
    pub(crate) node: Node,
}

/// A link with contracts, an account and terms.
pub(crate) struct Sender {
    /// The node.
    pub(crate) link: Link,
    /// The contracts.
    pub(crate) deployment: Deployment,
    /// The account.
    pub(crate) wallet: Wallet,
    /// The terms.
    pub(crate) terms: Terms,
    /// The person.
    pub(crate) watcher: Watcher,
}

impl Link {
    /// A link to a node; nothing is asked of it yet.
    pub(crate) fn new(args: &NodeArgs) -> Result<Self> {
        let total = Duration::from_secs(args.retry_for);
        let node = Node::new(&args.rpc, Patience { total, ..Patience::default() })?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(Self { runtime: runtime.or_fail(Kind::Internal, "cannot start what waits for the node")?, node })
    }

    /// Runs what asks the node.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = zkdx_client::Result<T>>) -> Result<T> {
        Ok(self.runtime.block_on(work)?)
    }
}

impl Sender {
    /// With contracts that must be there. Opens deployment, node and wallet, in the order in which they are quickest to be wrong.
    pub(crate) fn open(args: &TransactionArgs, output: Output) -> Result<Self> {
        let (deployment, send) = (read_deployment(&args.deployment.deployment)?, &args.send);
        let sender = Self::unchecked(deployment, Link::new(&send.node)?, wallet(&send.wallet)?, send, output);
        sender.link.wait(sender.deployment.check(&sender.link.node))?;
        Ok(sender)
    }

    /// With contracts that may still have to be deployed.
    pub(crate) fn unchecked(
        deployment: Deployment,
        link: Link,
        wallet: Wallet,
        args: &SendArgs,
        output: Output,
    ) -> Self {
        let watcher = Watcher::new(output, args, &deployment);
        Self { link, deployment, wallet, terms: terms(args), watcher }
    }

    /// Runs a command of the client. With `--dry-run` it ends at its first transaction, and that is no failure.
    pub(crate) fn run<'s, T, F>(&'s self, work: impl FnOnce(Session<'s>) -> F) -> Result<T>
    where
        F: Future<Output = zkdx_client::Result<T>> + 's,
    {
        let Self { link, deployment, wallet, terms, watcher } = self;
        let session = Session { node: &link.node, deployment, wallet, terms, observer: watcher };
        let result = link.runtime.block_on(work(session));
        result.map_err(|error| self.watcher.explain(error))
    }
}

fn terms(args: &SendArgs) -> Terms {
    Terms {
        confirmations: args.confirmations,
        timeout: Duration::from_secs(args.timeout),
        patience: Duration::from_secs(args.outbid_after),
        max_fee: args.max_fee.map(|fee| fee.saturating_to()),
        ..Terms::default()
    }
}

/// The contracts of a deployment, which must be there, and a node to ask.
pub(crate) fn open(deployment: &DeploymentArgs, node: &NodeArgs) -> Result<(Deployment, Link)> {
    let (deployment, link) = (read_deployment(&deployment.deployment)?, Link::new(node)?);
    link.wait(deployment.check(&link.node))?;
    Ok((deployment, link))
}

/// Reads a deployment file.
pub(crate) fn read_deployment(path: &Path) -> Result<Deployment> {
    if !path.exists() {
        let what = format!("there is no deployment at `{}`", path.display());
        let next = "name the file of the chain's contracts, which `zkdx deploy` wrote";
        return Err(CliError::new(Kind::Io, what).next(next));
    }
    Deployment::from_json(&files::read(path)?).map_err(|error| in_file(path, error))
}

/// An error about a file, with its name.
pub(crate) fn in_file(path: &Path, error: ClientError) -> CliError {
    let next = error.next();
    CliError::new(Kind::Input, format!("cannot use `{}`", path.display())).why(error).next(next)
}

/// A settled transaction for programs.
pub(crate) fn transaction(settled: &Settled) -> Value {
    json!({
        "hash": settled.hash, "block": settled.block, "block_hash": settled.block_hash, "gas_used": settled.gas_used,
        "cost_wei": settled.cost.to_string(),
    })
}

/// A settled transaction for people, or that there was none.
pub(crate) fn settled_line(settled: Option<&Settled>) -> String {
    match settled {
        None => "done before: nothing was sent".into(),
        Some(settled) => {
            let Settled { hash, block, gas_used, cost, .. } = settled;
            format!("transaction {hash}\nblock       {block}\ncost        {} for {gas_used} gas", amount(*cost))
        }
    }
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        let kind = match &error {
            ClientError::Reverted(_)
            | ClientError::ChainLie { .. }
            | ClientError::Contradiction { .. }
            | ClientError::Disagreement { .. } => Kind::Refused,
            ClientError::Url(_) | ClientError::Declined => Kind::Usage,
            ClientError::Wallet(_) | ClientError::File { .. } | ClientError::Mismatch { .. } => Kind::Input,
            _ => Kind::Chain,
        };
        let next = error.next();
        Self::new(kind, error.to_string()).next(next)
    }
}
