//! Requests for diagnoses: money held by the market until the log has recorded what was asked for.

mod purse;

use alloy::primitives::{Address, B256, U256, keccak256};
use alloy::sol_types::{SolEvent, SolValue};
use serde::{Deserialize, Serialize};
use zkdx_contracts::abi::InferenceMarket;
use zkdx_contracts::calldata;
use zkdx_verifier::ProofFile;

use crate::deployment::{Contract, Deployment};
use crate::error::{ClientError, Result};
use crate::node::Node;
use crate::session::Session;
use crate::transaction::{Call, Settled};
use crate::{stamp, submission, transaction};

pub use purse::check_payer;

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

impl Request {
    fn to_abi(&self) -> InferenceMarket::Request {
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
