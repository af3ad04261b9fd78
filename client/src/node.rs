//! A JSON-RPC node over HTTP: the few methods that are needed, typed, retried where that is harmless, and doubted.
//!
//! A node is not trusted with secrets, since it never sees one, nor with its chain's id ([`Node::require_chain`]).

mod answers;
mod logs;
mod retry;

use std::net::IpAddr;
use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::rpc::client::RpcClient;
use alloy::rpc::json_rpc::{RpcError, RpcRecv, RpcSend};
use alloy::sol_types::SolCall;
use alloy::transports::http::Http;
use reqwest::Url;
use serde_json::{Value, json};
use zkdx_contracts::abi::revert_reason;

use crate::error::{ClientError, Result};

pub use answers::{At, Broadcast, Header, Mined, Receipt, Sent};
pub use logs::{Found, Topics};
pub use retry::Patience;

/// How long a node may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Creation code that returns the chain's id (EIP-1344): CHAINID, MSTORE at 0, RETURN of 32 bytes.
const RETURN_CHAIN_ID: &str = "0x4660005260206000f3";

/// A node.
pub struct Node {
    client: RpcClient,
    name: String,
    patience: Patience,
}

impl Node {
    /// A node at an `http` or `https` URL. Nothing is sent yet. Without a proxy if the host is this machine.
    pub fn new(url: &str, patience: Patience) -> Result<Self> {
        // Fails only if another part of the process installed one, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let url: Url = url.parse().map_err(|_| ClientError::Url("it is no URL".into()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ClientError::Url(format!("`{}` is neither http nor https", url.scheme())));
        }
        let host = url.host_str().ok_or_else(|| ClientError::Url("it names no host".into()))?.to_owned();
        let name = url.port_or_known_default().map_or(host.clone(), |port| format!("{host}:{port}"));
        let builder = reqwest::Client::builder().timeout(patience.request).connect_timeout(CONNECT_TIMEOUT);
        let builder = builder.redirect(reqwest::redirect::Policy::none());
        let builder = if is_loopback(&host) { builder.no_proxy() } else { builder };
        let http = builder.build().map_err(|error| ClientError::Url(without_url(error)))?;
        let local = is_loopback(&host);
        Ok(Self { client: RpcClient::new(Http::with_client(http, url), local), name, patience })
    }

    /// Host and port, for people. The whole URL may hold a key of the node's operator.
    pub fn name(&self) -> &str {
        &self.name
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
            Ok(answer) if U256::try_from_be_slice(&answer) != Some(U256::from(said)) => {
                Err(ClientError::ChainLie { said, what: format!("its EVM says {answer}") })
            }
            // Not every node runs code that is not deployed; `Deployment::check` asks a contract as well.
            Ok(_) | Err(ClientError::Node { .. }) => Ok(()),
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
        match at {
            At::Hash(hash) => self.ask("eth_getBlockByHash", json!([hash, false])).await,
            _ => self.ask("eth_getBlockByNumber", json!([at.tag(), false])).await,
        }
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
        self.ask("eth_getTransactionReceipt", json!([hash])).await
    }

    /// A transaction that was mined or waits.
    pub async fn transaction(&self, hash: B256) -> Result<Option<Mined>> {
        self.ask("eth_getTransactionByHash", json!([hash])).await
    }

    /// Hands a signed transaction to the node. Sending the same one again does no harm, so this is retried as well.
    pub async fn broadcast(&self, raw: &Bytes) -> Result<Broadcast> {
        match self.ask::<B256>("eth_sendRawTransaction", json!([raw])).await {
            Ok(_) => Ok(Broadcast::Accepted),
            Err(ClientError::Node { why, .. }) => Ok(Broadcast::from_words(why)),
            Err(ClientError::Reverted(why)) => Ok(Broadcast::Refused(why)),
            Err(error) => Err(error),
        }
    }

    /// Asks for anything, with retries as long as nobody answers.
    async fn ask<R: RpcRecv>(&self, method: &'static str, params: Value) -> Result<R> {
        let answer = self.patience.persist(|| self.once(method, params.clone())).await;
        answer.map_err(|error| self.explain(method, error))
    }

    async fn once<P: RpcSend, R: RpcRecv>(
        &self,
        method: &'static str,
        params: P,
    ) -> std::result::Result<R, RpcError<alloy::transports::TransportErrorKind>> {
        self.client.request(method, params).await
    }

    fn explain(&self, method: &'static str, error: RpcError<alloy::transports::TransportErrorKind>) -> ClientError {
        match error {
            RpcError::ErrorResp(payload) => match payload.as_revert_data() {
                Some(data) => ClientError::Reverted(revert_reason(&data)),
                None if is_revert(&payload.message) => ClientError::Reverted(printable(&payload.message)),
                None => ClientError::Node { method: method.into(), why: printable(&payload.message) },
            },
            RpcError::Transport(kind) => ClientError::Unreachable { node: self.name.clone(), why: retry::words(&kind) },
            RpcError::NullResp => self.nonsense(method, "there is none"),
            RpcError::DeserError { err, .. } => self.nonsense(method, err),
            other => self.nonsense(method, other),
        }
    }

    fn nonsense(&self, method: &str, why: impl ToString) -> ClientError {
        ClientError::Answer { method: method.into(), why: printable(&why.to_string()) }
    }
}

fn is_revert(message: &str) -> bool {
    message.to_ascii_lowercase().contains("revert")
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// A library's words without the URL in them.
fn without_url(error: reqwest::Error) -> String {
    error.without_url().to_string()
}

/// A stranger's words, short and without control characters.
pub(crate) fn printable(words: &str) -> String {
    const MOST: usize = 300;
    words.chars().take(MOST).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
