//! Requests for diagnoses: money held by the market until the log has recorded what was asked for.

mod purse;
mod request;

use alloy::primitives::{Address, U256};
use alloy::sol_types::SolEvent;
use serde::Serialize;
use zkdx_contracts::abi::InferenceMarket;
use zkdx_contracts::calldata;
use zkdx_verifier::ProofFile;

use crate::deployment::{Contract, Deployment};
use crate::error::{ClientError, Result};
use crate::node::Node;
use crate::session::Session;
use crate::transaction::{Call, Settled};
use crate::{submission, transaction};

pub use purse::check_payer;
pub use request::{Request, RequestFile};
pub(crate) use request::{identity_of, nonce_of};

/// Where a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Not made.
    None,
    /// Paid, and open.
    Requested,
    /// The diagnosis is recorded.
    Fulfilled,
    /// The money went back.
    Refunded,
}

/// Where a request is.
pub async fn state(node: &Node, deployment: &Deployment, file: &RequestFile) -> Result<State> {
    file.check(deployment)?;
    let call = InferenceMarket::stateOfCall { requestId: file.id() };
    match node.view(file.market, &call).await? {
        0 => Ok(State::None),
        1 => Ok(State::Requested),
        2 => Ok(State::Fulfilled),
        3 => Ok(State::Refunded),
        other => {
            let why = format!("a request is in state {other}");
            Err(ClientError::Answer { method: "eth_call".into(), why })
        }
    }
}

/// Fails if the file of a request must not be replaced: with it, what was paid would be lost to sight.
pub async fn check_replaceable(session: Session<'_>, file: &RequestFile) -> Result<()> {
    // What waits may be the payment.
    transaction::settled_nonce(session.node, file.request.payer, session.terms).await?;
    if state(session.node, session.deployment, file).await? != State::Requested {
        return Ok(());
    }
    let what = format!("the request {} is paid and open, and its file is what fulfils or refunds it", file.id());
    Err(ClientError::Mismatch { what, next: "keep the file, and choose another path for another request" })
}

/// Pays for a request; none if it was made before. For a token, the market is allowed to take exactly the amount first.
pub async fn ask(session: Session<'_>, file: &RequestFile) -> Result<Option<Settled>> {
    if state(session.node, session.deployment, file).await? != State::None {
        return Ok(None);
    }
    check_payer(session, file).await?;
    let (request, total) = (&file.request, file.request.total()?);
    let ask = Call::new(file.market, &InferenceMarket::askCall { request: request.to_abi() });
    if request.token.is_zero() {
        return session.send(&ask.paying(total)).await.map(Some);
    }
    purse::allow(session, request.token, file.market, total).await?;
    session.send(&ask).await.map(Some)
}

/// Brings the diagnosis that requests are for, one request for each case; none if all are fulfilled.
pub async fn fulfil(
    session: Session<'_>,
    files: &[RequestFile],
    prover: Address,
    proof: &ProofFile,
) -> Result<Option<Settled>> {
    files.iter().try_for_each(|file| file.check(session.deployment))?;
    let market = session.deployment.address(Contract::InferenceMarket);
    submission::check_context(session, proof, market)?;
    check_cases(files, prover, proof)?;
    if submission::is_recorded(session, proof, market).await? {
        return Ok(None);
    }
    let requests = files.iter().map(|file| file.request.to_abi()).collect();
    let call = calldata::fulfil(requests, prover, &proof.statement, &proof.proof);
    session.send(&Call::new(market, &call)).await.map(Some)
}

/// What the market would refuse, in words that say which request it is about.
fn check_cases(files: &[RequestFile], prover: Address, proof: &ProofFile) -> Result<()> {
    let cases = &proof.statement.cases;
    let next = "give the requests in the order of the proof's cases, and prove with `zkdx prove --request`";
    if files.len() != cases.len() {
        let what = format!("the proof has {} cases, and there are {} requests", cases.len(), files.len());
        return Err(ClientError::Mismatch { what, next });
    }
    for (file, case) in files.iter().zip(cases) {
        let record = U256::from_be_bytes(zkdx_circuits::field::to_bytes(&case.record_commitment));
        let differs = match &file.request {
            request if request.model != proof.statement.model_id => Some("model"),
            request if request.record != record => Some("record"),
            request if request.consent != case.context.consent_id => Some("consent"),
            _ if file.nonce(prover) != case.context.nonce => Some("request or another prover"),
            _ => None,
        };
        if let Some(differs) = differs {
            let what = format!("the proof is not what the request {} asks for: it is for another {differs}", file.id());
            return Err(ClientError::Mismatch { what, next });
        }
    }
    Ok(())
}

/// Gives the money of a request back, after its deadline; none if that was done.
pub async fn refund(session: Session<'_>, file: &RequestFile) -> Result<Option<Settled>> {
    if state(session.node, session.deployment, file).await? == State::Refunded {
        return Ok(None);
    }
    let call = InferenceMarket::refundCall { request: file.request.to_abi() };
    session.send(&Call::new(file.market, &call)).await.map(Some)
}

/// What the market owes an account, in a token.
pub async fn owed(session: Session<'_>, token: Address) -> Result<U256> {
    let market = session.deployment.address(Contract::InferenceMarket);
    let call = InferenceMarket::owedCall { account: session.wallet.address(), token };
    session.node.view(market, &call).await
}

/// Takes out what is owed to the sender, to an account of its choice, and says how much that was; none if nothing is.
pub async fn withdraw(session: Session<'_>, token: Address, to: Address) -> Result<Option<(U256, Settled)>> {
    let market = session.deployment.address(Contract::InferenceMarket);
    if to == token || session.deployment.contracts().any(|(_, contract)| contract == to) {
        let what = format!("nobody could take money out of the contract {to} again");
        return Err(ClientError::Mismatch { what, next: "name an account that somebody has the key of" });
    }
    if owed(session, token).await?.is_zero() {
        return Ok(None);
    }
    let settled = session.send(&Call::new(market, &InferenceMarket::withdrawToCall { token, to })).await?;
    let mut ours = settled.logs.iter().filter(|log| log.address() == market);
    let withdrawn = ours.find_map(|log| InferenceMarket::Withdrawn::decode_log(&log.inner).ok());
    let fits = |event: &InferenceMarket::Withdrawn| (event.token, event.to) == (token, to);
    match withdrawn.filter(|event| fits(&event.data)) {
        Some(event) => Ok(Some((event.data.amount, settled))),
        None => {
            let why = "it says that the money was taken out, and shows no event of it".into();
            Err(ClientError::Answer { method: "eth_getTransactionReceipt".into(), why })
        }
    }
}
