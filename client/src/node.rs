//! A JSON-RPC node over HTTP: the few methods that are needed, typed, retried where that is harmless, and doubted.
//!
//! A node is not trusted with secrets, since it never sees one, nor with its chain's id ([`Node::require_chain`]).

mod answers;
mod http;
mod logs;
mod retry;

use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::sol_types::{Panic, Revert, SolCall, SolError};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use zkdx_contracts::abi::revert_reason;

use crate::error::{ClientError, Result};
use http::{Endpoint, Failure, Refusal};

pub use answers::{At, Broadcast, Header, Mined, Receipt, Sent};
pub use logs::{Found, Topics};
pub use retry::Patience;

/// Creation code that returns the chain's id (EIP-1344): CHAINID, MSTORE at 0, RETURN of 32 bytes.
const RETURN_CHAIN_ID: &str = "0x4660005260206000f3";

/// A node.
pub struct Node {
    endpoint: Endpoint,
    name: String,
    patience: Patience,
}

impl Node {
    /// A node at an `http` or `https` URL. Nothing is sent yet. Without a proxy if the host is this machine.
    pub fn new(url: &str, patience: Patience) -> Result<Self> {
        let endpoint = Endpoint::new(url, &patience)?;
        Ok(Self { name: endpoint.name(), endpoint, patience })
    }

    /// Host and port, for people. The whole URL may hold a key of the node's operator.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How long it is asked again while it gives no answer.
    pub(crate) fn patience(&self) -> Duration {
        self.patience.total
    }

    /// The chain, as `eth_chainId` says.
    pub async fn chain_id(&self) -> Result<u64> {
        let id: U256 = self.ask("eth_chainId", json!([])).await?;
        id.try_into().map_err(|_| self.nonsense("eth_chainId", "it does not fit 64 bits"))
    }

    /// Fails unless the node is on chain `expected`, by what it says and by what its EVM does.
    pub async fn require_chain(&self, expected: u64) -> Result<()> {
        let said = self.chain_id().await?;
        if said != expected {
            return Err(ClientError::OtherChain { expected, got: said });
        }
        match self.ask::<Bytes>("eth_call", json!([{ "data": RETURN_CHAIN_ID }, "latest"])).await {
            Ok(answer) if answer.len() == 32 && U256::from_be_slice(&answer) != U256::from(said) => {
                Err(ClientError::ChainLie { said, what: format!("its EVM says {answer}") })
            }
            // Not every node runs code that is not deployed; `Deployment::check` asks a contract as well.
            Ok(_) | Err(ClientError::Node { .. } | ClientError::Reverted(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Number of the newest block.
    pub async fn height(&self) -> Result<u64> {
        let number: U256 = self.ask("eth_blockNumber", json!([])).await?;
        number.try_into().map_err(|_| self.nonsense("eth_blockNumber", "it does not fit 64 bits"))
    }

    /// A block's header, if there is such a block.
    pub async fn header(&self, at: At) -> Result<Option<Header>> {
        let method = if matches!(at, At::Hash(_)) { "eth_getBlockByHash" } else { "eth_getBlockByNumber" };
        let header: Option<Header> = self.ask(method, json!([at.tag(), false])).await?;
        match header {
            Some(header) if !header.is_at(at) => Err(self.nonsense(method, "another block than the one asked for")),
            other => Ok(other),
        }
    }

    /// The newest block's header.
    pub async fn latest(&self) -> Result<Header> {
        self.header(At::Latest).await?.ok_or_else(|| self.nonsense("eth_getBlockByNumber", "it has no newest block"))
    }

    /// Runs a call on the state after a block, from `from`, and decodes what it returns.
    pub async fn call<C: SolCall>(&self, from: Address, to: Address, call: &C, at: At) -> Result<C::Return> {
        let transaction = json!({ "from": from, "to": to, "data": Bytes::from(call.abi_encode()) });
        let answer: Bytes = self.ask("eth_call", json!([transaction, at.block()])).await?;
        C::abi_decode_returns_validate(&answer).map_err(|error| self.nonsense("eth_call", error))
    }

    /// As [`Node::call`], from nobody and on the newest state.
    pub async fn view<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return> {
        self.call(Address::ZERO, to, call, At::Latest).await
    }

    /// What a transaction would do on the newest state; its named error if it would revert.
    pub async fn simulate(&self, from: Address, to: Address, data: &Bytes, value: U256) -> Result<Bytes> {
        let transaction = json!({ "from": from, "to": to, "data": data, "value": value });
        self.ask("eth_call", json!([transaction, "latest"])).await
    }

    /// Gas that a transaction would use on the newest state.
    pub async fn estimate(&self, from: Address, to: Address, data: &Bytes, value: U256) -> Result<u64> {
        let transaction = json!({ "from": from, "to": to, "data": data, "value": value });
        let gas: U256 = self.ask("eth_estimateGas", json!([transaction])).await?;
        gas.try_into().map_err(|_| self.nonsense("eth_estimateGas", "it does not fit 64 bits"))
    }

    /// Code of an account after a block.
    pub async fn code(&self, address: Address, at: At) -> Result<Bytes> {
        self.ask("eth_getCode", json!([address, at.block()])).await
    }

    /// What an account has, in wei.
    pub async fn balance(&self, address: Address) -> Result<U256> {
        self.ask("eth_getBalance", json!([address, "latest"])).await
    }

    /// How many transactions an account has sent: mined ones, or with those that wait.
    pub async fn nonce(&self, address: Address, pending: bool) -> Result<u64> {
        let tag = if pending { "pending" } else { "latest" };
        let count: U256 = self.ask("eth_getTransactionCount", json!([address, tag])).await?;
        count.try_into().map_err(|_| self.nonsense("eth_getTransactionCount", "it does not fit 64 bits"))
    }

    /// Price of gas that the node suggests to transactions without EIP-1559 fields, in wei.
    pub async fn gas_price(&self) -> Result<u128> {
        let price: U256 = self.ask("eth_gasPrice", json!([])).await?;
        price.try_into().map_err(|_| self.nonsense("eth_gasPrice", "it does not fit 128 bits"))
    }

    /// Tip that the node suggests, in wei for each gas; none if it has no opinion.
    pub async fn tip(&self) -> Result<Option<u128>> {
        match self.ask::<U256>("eth_maxPriorityFeePerGas", json!([])).await {
            Ok(tip) => Ok(tip.try_into().ok()),
            Err(ClientError::Node { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Receipt of a mined transaction.
    pub async fn receipt(&self, hash: B256) -> Result<Option<Receipt>> {
        let receipt: Option<Receipt> = self.ask("eth_getTransactionReceipt", json!([hash])).await?;
        match receipt {
            Some(receipt) if !receipt.is_of(hash) => {
                Err(self
                    .nonsense("eth_getTransactionReceipt", "the receipt or an event in it is another transaction's"))
            }
            other => Ok(other),
        }
    }

    /// A transaction that was mined or waits.
    pub async fn transaction(&self, hash: B256) -> Result<Option<Mined>> {
        let mined: Option<Mined> = self.ask("eth_getTransactionByHash", json!([hash])).await?;
        match mined {
            Some(mined) if mined.hash != hash => {
                Err(self.nonsense("eth_getTransactionByHash", "another transaction than the one asked for"))
            }
            other => Ok(other),
        }
    }

    /// Hands a signed transaction to the node. Sending the same one again does no harm, so this is retried as well.
    pub async fn broadcast(&self, raw: &Bytes) -> Result<Broadcast> {
        match self.ask::<B256>("eth_sendRawTransaction", json!([raw])).await {
            Ok(_) => Ok(Broadcast::Accepted),
            Err(ClientError::Node { why, .. }) => Ok(Broadcast::from_words(why)),
            Err(error) => Err(error),
        }
    }

    /// Asks for anything, with retries as long as nobody answers.
    async fn ask<R: DeserializeOwned>(&self, method: &'static str, params: Value) -> Result<R> {
        let answer = self.patience.persist(|| self.endpoint.request(method, &params)).await;
        let result = answer.map_err(|failure| self.explain(method, failure))?;
        serde_json::from_value(result).map_err(|error| self.nonsense(method, error))
    }

    fn explain(&self, method: &'static str, failure: Failure) -> ClientError {
        let silent = |why| ClientError::Unreachable { node: self.name.clone(), why };
        match failure {
            Failure::Silent(why) => silent(why),
            Failure::Status(status) => silent(format!("it answers with HTTP status {status}")),
            Failure::Refused(refusal) => self.refused(method, &refusal),
            Failure::Nonsense(why) => self.nonsense(method, why),
        }
    }

    fn refused(&self, method: &'static str, refusal: &Refusal) -> ClientError {
        let runs_code = matches!(method, "eth_call" | "eth_estimateGas");
        match refusal.revert_data() {
            Some(data) if runs_code && data.is_empty() => ClientError::Reverted(self.endpoint.quoted(&refusal.message)),
            Some(data) if runs_code => ClientError::Reverted(self.endpoint.quoted(&reason(&data))),
            _ => ClientError::Node { method: method.into(), why: self.endpoint.quoted(&refusal.message) },
        }
    }

    fn nonsense(&self, method: &str, why: impl ToString) -> ClientError {
        ClientError::Answer { method: method.into(), why: self.endpoint.quoted(&why.to_string()) }
    }
}

/// An error of this program's contracts by its name; of others, such as tokens, in their words.
fn reason(data: &[u8]) -> String {
    let words = Revert::abi_decode(data).map(|revert| revert.reason).ok();
    let panic = || Panic::abi_decode(data).map(|panic| panic.to_string()).ok();
    words.or_else(panic).unwrap_or_else(|| revert_reason(data))
}

/// A stranger's words, short and without control characters.
pub(crate) fn printable(words: &str) -> String {
    const MOST: usize = 300;
    words.chars().take(MOST).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
