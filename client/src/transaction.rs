//! One transaction from a call to a settled receipt: simulate, quote, sign, send, watch.
//!
//! Nothing is sent before it was simulated on the newest state and its cost is known ([`quote`]); and what was sent is watched until it has
//! enough confirmations, through restarts of the node, full pools and reorganisations ([`settle`]).

mod fees;
mod settle;

use std::time::Duration;

use alloy::consensus::{TxEip1559, TxLegacy};
use alloy::primitives::{Address, B256, Bytes, TxKind, U256};
use alloy::rpc::types::Log;
use alloy::sol_types::SolCall;
use serde::Serialize;

use crate::error::{ClientError, Result};
use crate::node::{Header, Node, Receipt};
use crate::wallet::{Unsigned, Wallet};

pub use fees::Fees;
pub use settle::settle;

/// What is asked of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The contract.
    pub to: Address,
    /// Selector and arguments.
    pub data: Bytes,
    /// What goes with it, in wei.
    pub value: U256,
}

/// How a transaction is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Blocks that must stand, that of the transaction counted; at least 1.
    pub confirmations: u64,
    /// How long to wait for them.
    pub timeout: Duration,
    /// How long to wait before a higher fee is offered.
    pub patience: Duration,
    /// Pause between two looks.
    pub poll: Duration,
    /// Most wei for each gas; none for three times what the chain asks for at first, if that is a price that was ever seen.
    pub max_fee: Option<u128>,
}

/// What a transaction will cost, before it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Quote {
    /// The chain.
    pub chain_id: u64,
    /// Who pays.
    pub from: Address,
    /// The contract.
    pub to: Address,
    /// What goes with it, in wei.
    pub value: U256,
    /// The account's next nonce.
    pub nonce: u64,
    /// Gas that it used when it was simulated.
    pub gas: u64,
    /// Gas that it may use: a fifth more.
    pub gas_limit: u64,
    /// Its fees.
    pub fees: Fees,
    /// What it will cost if the chain's fees stay as they are, in wei, without `value`.
    pub likely: U256,
    /// What it can cost at most, in wei, without `value`.
    pub most: U256,
}

/// A transaction that is mined and confirmed.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The transaction.
    pub hash: B256,
    /// Its block.
    pub block: u64,
    /// Hash of that block.
    pub block_hash: B256,
    /// Gas that it used.
    pub gas_used: u64,
    /// What it cost, in wei, without its value.
    pub cost: U256,
    /// Its events.
    pub logs: Vec<Log>,
}

/// What happens to a transaction on its way, for who watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Handed to the node.
    Sent(B256),
    /// Handed to the node again, which had lost it.
    SentAgain(B256),
    /// The same with a higher fee.
    Outbid(B256),
    /// In a block, which so many of the wanted blocks confirm.
    Mined {
        /// The block.
        block: u64,
        /// Blocks that stand on it, itself counted.
        confirmations: u64,
    },
    /// Its block is on the chain no more.
    Reorganised {
        /// The block that is gone.
        block: u64,
    },
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            confirmations: 2,
            timeout: Duration::from_secs(600),
            patience: Duration::from_secs(60),
            poll: Duration::from_millis(1_000),
            max_fee: None,
        }
    }
}

impl Call {
    /// A call of a contract.
    pub fn new(to: Address, call: &impl SolCall) -> Self {
        Self { to, data: call.abi_encode().into(), value: U256::ZERO }
    }

    /// With money.
    pub fn paying(self, value: U256) -> Self {
        Self { value, ..self }
    }
}

/// Simulates a call and says what it will cost; fails as it would fail on chain, if the account cannot pay, and on another chain.
pub async fn quote(node: &Node, chain_id: u64, from: Address, call: &Call, terms: &Terms) -> Result<Quote> {
    node.require_chain(chain_id).await?;
    let nonce = settled_nonce(node, from, terms).await?;
    let balance = node.balance(from).await?;
    let affords = |needed| match balance < needed {
        true => Err(ClientError::InsufficientFunds { account: from, needed, balance }),
        false => Ok(()),
    };
    affords(call.value)?;
    node.simulate(from, call.to, &call.data, call.value).await?;
    let gas = node.estimate(from, call.to, &call.data, call.value).await?;
    let latest = node.latest().await?;
    let gas_limit = with_room(&latest, gas);
    let fees = fees::current(node, &latest, balance.is_zero(), terms.max_fee).await?;
    let (likely, most) = (cost(gas, fees.price()), cost(gas_limit, fees.ceiling));
    let quote = Quote { chain_id, from, to: call.to, value: call.value, nonce, gas, gas_limit, fees, likely, most };
    affords(quote.first_offer())?;
    Ok(quote)
}

/// The account's next nonce, once none of its transactions waits: a transaction that waits may be the one that is about to be sent again.
async fn settled_nonce(node: &Node, from: Address, terms: &Terms) -> Result<u64> {
    let start = std::time::Instant::now();
    loop {
        let (mined, all) = (node.nonce(from, false).await?, node.nonce(from, true).await?);
        if all <= mined {
            return Ok(mined);
        }
        if start.elapsed() >= terms.patience {
            return Err(ClientError::Pending { account: from, count: all - mined });
        }
        tokio::time::sleep(terms.poll).await;
    }
}

fn cost(gas: u64, price: u128) -> U256 {
    U256::from(gas).saturating_mul(U256::from(price))
}

/// A fifth more than was used, at most what a block holds: the state may be another when it is mined.
fn with_room(latest: &Header, gas: u64) -> u64 {
    gas.saturating_add(gas / 5).min(latest.gas_limit.to()).max(gas)
}

impl Quote {
    /// What nodes want the account to have, in wei: the value, and all the gas it may use at the first offer.
    fn first_offer(&self) -> U256 {
        self.value.saturating_add(cost(self.gas_limit, self.fees.max_fee))
    }

    /// The transaction at given fees.
    fn unsigned(&self, call: &Call, max_fee: u128, tip: u128) -> Unsigned {
        let (to, input) = (TxKind::Call(call.to), call.data.clone());
        let (chain_id, nonce, gas_limit, value) = (self.chain_id, self.nonce, self.gas_limit, call.value);
        if self.fees.dynamic {
            let (max_fee_per_gas, max_priority_fee_per_gas, access_list) = (max_fee, tip, Default::default());
            Unsigned::DynamicFee(TxEip1559 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas,
                max_priority_fee_per_gas,
                to,
                value,
                access_list,
                input,
            })
        } else {
            let (chain_id, gas_price) = (Some(chain_id), max_fee);
            Unsigned::Legacy(TxLegacy { chain_id, nonce, gas_price, gas_limit, to, value, input })
        }
    }
}

/// Quotes, asks `agree`, sends and settles.
pub async fn transact(
    node: &Node,
    chain_id: u64,
    wallet: &Wallet,
    call: &Call,
    terms: &Terms,
    observer: &dyn Observer,
) -> Result<Settled> {
    let quote = quote(node, chain_id, wallet.address(), call, terms).await?;
    if !observer.agrees(&quote) {
        return Err(ClientError::Declined);
    }
    settle(node, wallet, call, &quote, terms, observer).await
}

/// Who is asked before a transaction is sent, and told what becomes of it.
pub trait Observer {
    /// Whether it may be sent at this price.
    fn agrees(&self, quote: &Quote) -> bool;
    /// Something happened to it.
    fn happened(&self, event: &Event);
}

/// Agrees to everything and says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn agrees(&self, _: &Quote) -> bool {
        true
    }

    fn happened(&self, _: &Event) {}
}

impl From<Receipt> for Settled {
    fn from(receipt: Receipt) -> Self {
        let gas_used = receipt.gas_used.to::<u64>();
        let price = receipt.effective_gas_price.map_or(U256::ZERO, |price| U256::from(price.to::<u128>()));
        Self {
            hash: receipt.transaction_hash,
            block: receipt.block_number.to(),
            block_hash: receipt.block_hash,
            gas_used,
            cost: price.saturating_mul(U256::from(gas_used)).saturating_add(receipt.l1_fee.unwrap_or_default()),
            logs: receipt.logs,
        }
    }
}
