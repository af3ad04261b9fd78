//! What nodes answer, as far as it is needed: fields that chains add are ignored.

use alloy::primitives::{Address, B256, Bytes, U64, U128, U256};
use alloy::rpc::types::Log;
use serde::Deserialize;
use serde_json::{Value, json};

/// On which block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The newest.
    Latest,
    /// The one with this number.
    Number(u64),
    /// The one with this hash, or an error if it is not on the chain any more (EIP-1898).
    Hash(B256),
}

impl At {
    pub(super) fn tag(self) -> Value {
        match self {
            Self::Latest => json!("latest"),
            Self::Number(number) => json!(U64::from(number)),
            Self::Hash(hash) => json!(hash),
        }
    }

    pub(super) fn block(self) -> Value {
        match self {
            Self::Hash(hash) => json!({ "blockHash": hash, "requireCanonical": true }),
            other => other.tag(),
        }
    }
}

/// A block's header.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    /// Its number.
    pub number: U64,
    /// Its hash.
    pub hash: B256,
    /// Hash of the one before.
    pub parent_hash: B256,
    /// When it was made, in seconds since 1970.
    pub timestamp: U64,
    /// Gas that its transactions may use together.
    pub gas_limit: U64,
    /// Price of gas that is burnt (EIP-1559); none on older chains.
    pub base_fee_per_gas: Option<U128>,
}

impl Header {
    /// Whether it is the block that was asked for.
    pub(super) fn is_at(&self, at: At) -> bool {
        match at {
            At::Latest => true,
            At::Number(number) => self.number == U64::from(number),
            At::Hash(hash) => self.hash == hash,
        }
    }
}

/// What became of a transaction.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The transaction.
    pub transaction_hash: B256,
    /// Its block.
    pub block_number: U64,
    /// Hash of that block.
    pub block_hash: B256,
    /// 1 if it was executed, 0 if it was reverted.
    pub status: U64,
    /// Gas that it used.
    pub gas_used: U64,
    /// What each gas cost, in wei.
    pub effective_gas_price: Option<U128>,
    /// What a chain above another charges for the other's storage besides, in wei (the OP stack's field).
    pub l1_fee: Option<U256>,
    /// Its events.
    pub logs: Vec<Log>,
}

impl Receipt {
    /// Whether it, and each event in it, belongs to this transaction and block.
    pub(super) fn is_of(&self, hash: B256) -> bool {
        let same = |log: &Log| {
            log.transaction_hash.is_none_or(|of| of == hash) && log.block_hash.is_none_or(|of| of == self.block_hash)
        };
        self.transaction_hash == hash && self.logs.iter().all(same)
    }
}

/// A transaction as a node returns it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mined {
    /// Its hash.
    pub hash: B256,
    /// Who sent it.
    pub from: Address,
    /// To whom; none if it made a contract.
    pub to: Option<Address>,
    /// Its calldata.
    pub input: Bytes,
    /// What it moved, in wei.
    pub value: U256,
    /// The sender's count.
    pub nonce: U64,
    /// Its block, once it is mined.
    pub block_number: Option<U64>,
}

/// A transaction as it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its hash.
    pub hash: B256,
    /// Its bytes.
    pub raw: Bytes,
}

/// What a node said to a signed transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broadcast {
    /// It will pass it on.
    Accepted,
    /// It has it already.
    Known,
    /// A transaction with this nonce, this one or another, is mined.
    NonceUsed,
    /// It pays less than the node wants, or than one with its nonce that waits.
    Underpriced,
    /// Something else.
    Refused(String),
}

impl Broadcast {
    /// Reads the words of geth, Besu, Nethermind, Erigon and anvil, which are no part of any specification.
    pub(super) fn from_words(why: String) -> Self {
        let words = why.to_ascii_lowercase();
        let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
        if says(&["unknown transaction"]) {
            Self::Refused(why)
        } else if says(&["already known", "known transaction", "already imported", "alreadyknown"]) {
            Self::Known
        } else if says(&["nonce too low", "nonce is too low", "nonce_too_low", "oldnonce", "below current nonce"]) {
            Self::NonceUsed
        } else if says(&[
            "underpriced",
            "replacementnotallowed",
            "fee too low",
            "feetoolow",
            "price too low",
            "could not replace",
        ]) || says(&["less than block base fee", "below current base fee", "below configured minimum"])
        {
            Self::Underpriced
        } else {
            Self::Refused(why)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_different_nodes_are_understood() {
        let of = |why: &str| Broadcast::from_words(why.into());
        assert_eq!(of("already known"), Broadcast::Known);
        assert_eq!(of("Known transaction"), Broadcast::Known);
        assert_eq!(of("nonce too low: next nonce 4, tx nonce 3"), Broadcast::NonceUsed);
        assert_eq!(of("Nonce too low"), Broadcast::NonceUsed);
        assert_eq!(of("replacement transaction underpriced"), Broadcast::Underpriced);
        assert_eq!(of("max fee per gas less than block base fee: address 0x0"), Broadcast::Underpriced);
        assert_eq!(of("Gas price below current base fee"), Broadcast::Underpriced);
        assert_eq!(of("FeeTooLow, MaxFeePerGas too low"), Broadcast::Underpriced);
        let unknown = "unknown transaction type";
        assert_eq!(of(unknown), Broadcast::Refused(unknown.into()));
        assert_eq!(of("txpool is full"), Broadcast::Refused("txpool is full".into()));
    }
}
