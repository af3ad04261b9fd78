//! What can go wrong between this program, a node and a chain, each with what to do next. No error holds a key, a password or a node's whole URL.

use alloy::primitives::{Address, B256, U256};
use thiserror::Error;

/// The result of whatever talks to a node.
pub type Result<T> = std::result::Result<T, ClientError>;

/// Why something did not go through.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ClientError {
    /// The address of the node is no URL that can be used.
    #[error("the node's address cannot be used: {0}")]
    Url(String),
    /// No answer, also after retries.
    #[error("the node at {node} cannot be reached: {why}")]
    Unreachable {
        /// The node's host and port.
        node: String,
        /// What the last try met.
        why: String,
    },
    /// The node answered with an error of its own.
    #[error("the node refused {method}: {why}")]
    Node {
        /// The JSON-RPC method.
        method: String,
        /// The node's words.
        why: String,
    },
    /// The node's answer is not what the method returns.
    #[error("the node's answer to {method} makes no sense: {why}")]
    Answer {
        /// The JSON-RPC method.
        method: String,
        /// What is wrong with it.
        why: String,
    },
    /// The node is on another chain than the deployment.
    #[error("the node is on chain {got}, the deployment on chain {expected}")]
    OtherChain {
        /// As the deployment says.
        expected: u64,
        /// As the node says.
        got: u64,
    },
    /// The node contradicts itself about its chain.
    #[error("the node says that it is on chain {said}, but {what}")]
    ChainLie {
        /// As `eth_chainId` says.
        said: u64,
        /// What says otherwise.
        what: String,
    },
    /// Two nodes tell different histories of one chain.
    #[error("{one} and {another} disagree about {what}")]
    Disagreement {
        /// A node's host and port.
        one: String,
        /// Another's.
        another: String,
        /// About what, and in which block.
        what: String,
    },
    /// A contract refused, with a named error.
    #[error("the contract refused: {0}")]
    Reverted(String),
    /// There is no contract where one should be.
    #[error("there is no {contract} at {address} on chain {chain}")]
    NoContract {
        /// Its name.
        contract: &'static str,
        /// Where it should be.
        address: Address,
        /// The chain.
        chain: u64,
    },
    /// The account cannot pay.
    #[error("{account} has {balance} wei, and this may cost {needed} wei")]
    InsufficientFunds {
        /// The account.
        account: Address,
        /// What may be needed at most.
        needed: U256,
        /// What it has.
        balance: U256,
    },
    /// The chain's fees are above what the user allows.
    #[error("the chain asks for {asked} wei for each gas, at most {allowed} are allowed")]
    FeeTooHigh {
        /// Base fee and tip.
        asked: u128,
        /// The user's bound.
        allowed: u128,
    },
    /// Another transaction of the account took the place of the one that was sent.
    #[error("another transaction with nonce {nonce} of {account} was mined instead of {hash}")]
    Replaced {
        /// What was sent.
        hash: B256,
        /// The account.
        account: Address,
        /// The nonce of both.
        nonce: u64,
    },
    /// Not mined, or not confirmed, in time.
    #[error("{what} after {seconds} s; the last transaction sent is {hash}")]
    NotSettled {
        /// What was sent.
        hash: B256,
        /// How long was waited.
        seconds: u64,
        /// How far it came.
        what: String,
    },
    /// The node gave no answer, or none of any use, after a transaction was handed to it.
    #[error("the node at {node} does not say what became of {hash} after it was sent: {why}")]
    SilentAfterSending {
        /// What was sent, and may be mined.
        hash: B256,
        /// The node's host and port.
        node: String,
        /// What the last try met.
        why: String,
    },
    /// Earlier transactions of the account are still pending.
    #[error("{count} earlier transactions of {account} are still pending")]
    Pending {
        /// The account.
        account: Address,
        /// How many.
        count: u64,
    },
    /// A key or its file cannot be used.
    #[error("the account's key cannot be used: {0}")]
    Wallet(String),
    /// A file does not say what it should.
    #[error("{what}: {why}")]
    File {
        /// Which.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// What was asked for makes no sense for these files, accounts or contracts.
    #[error("{what}")]
    Mismatch {
        /// What does not fit.
        what: String,
        /// What to do next.
        next: &'static str,
    },
    /// What was checked does not hold: a log, a batch and an anchor contradict each other.
    #[error("{what}")]
    Contradiction {
        /// Between what.
        what: String,
        /// What to do next.
        next: &'static str,
    },
    /// The user said no.
    #[error("nothing was sent, as you wished")]
    Declined,
}

impl ClientError {
    /// Whether a contract refused with the error of this name.
    pub fn is_refusal(&self, name: &str) -> bool {
        matches!(self, Self::Reverted(reason) if name_of(reason) == name)
    }

    /// What to do next.
    pub fn next(&self) -> &'static str {
        match self {
            Self::Url(_) => "give an address such as http://127.0.0.1:8545, by --rpc or in ZKDX_RPC",
            Self::Unreachable { .. } => {
                "check that the node runs, the network and the address, then run the command again: what is done is not done twice"
            }
            Self::Node { .. } | Self::Answer { .. } => "ask another node, or its operator",
            Self::OtherChain { .. } => {
                "give the address of a node of the deployment's chain, or the deployment of that chain"
            }
            Self::ChainLie { .. } => "do not use this node: what it says cannot be relied on",
            Self::Disagreement { .. } => {
                "at least one of them is wrong, or has not caught up: ask others, and trust neither alone"
            }
            Self::Reverted(reason) => next_after(reason),
            Self::NoContract { .. } => "check deployment and node; `zkdx deploy` deploys what is missing",
            Self::InsufficientFunds { .. } => {
                "send it some of the chain's currency and run the command again: what is done is not done twice"
            }
            Self::FeeTooHigh { .. } => "wait until the chain is quieter, or allow more with --max-fee",
            Self::Replaced { .. } => {
                "look at what the account sent, then run the command again: what is done is not done twice"
            }
            Self::NotSettled { .. } | Self::SilentAfterSending { .. } => {
                "run the command again: what was sent may be mined still, and what is done is not done twice"
            }
            Self::Pending { .. } => "wait until they are mined, or speed them up with the program that sent them",
            Self::Wallet(_) => "check the keystore file and its password, or ZKDX_PRIVATE_KEY",
            Self::File { .. } => "take the file as it was written; if it is lost, make it again",
            Self::Mismatch { next, .. } | Self::Contradiction { next, .. } => next,
            Self::Declined => "run the command again to be asked again",
        }
    }
}

/// Advice for the refusals that users meet most.
fn next_after(reason: &str) -> &'static str {
    match name_of(reason) {
        "AlreadyRecorded" => "it is on the log already; for a second diagnosis prove again with a new nonce",
        "UnknownConsent" => "bring the patient's consent first, with `zkdx consent grant`",
        "ConsentRevoked" => "the patient has withdrawn it: ask for a new consent and prove again",
        "ConsentNotYetValid" => "wait until the consent is valid",
        "ConsentExpired" => "ask the patient for a new consent and prove again",
        "ConsentForOtherGrantee" => "submit from the account that the consent names, with a proof for that account",
        "ConsentForOtherUse" => "ask for a consent for this model, record and purpose",
        "ConsentGrantedAlready" => "nothing is left to do: the consent counts",
        "NotThePatient" | "InvalidConsentSignature" => "have the patient sign the consent with `zkdx consent sign`",
        "UnknownModel" => "register the model on this chain, with `zkdx register --chain`",
        "RevokedModel" => "use its successor, if its owner names one",
        "NotApproved" => "ask the registry's authorities to approve the model",
        "UnknownKey" => "register the verification key on this chain, with `zkdx register --chain`",
        "UnknownAuthority" => "ask the registry's admin to list the account as an authority",
        "AccessControlUnauthorizedAccount" => "send it from the account that has the role",
        "ProofRejected" => "check that model, key, chain, log and submitter are those of the proof, and prove again",
        "UnknownVersion" | "FrozenVersion" | "VersionNotYetActive" => {
            "prove with a version of zkdx that the gateway accepts"
        }
        "NotAnchored" => "anchor it first: `zkdx anchor batch`, `sign` and `post`",
        "NotIncluded" => {
            "what the file says is not what was anchored: compare it with the log of the permissioned chain"
        }
        "InvalidMemberSignature" => "have the member sign the batch again with `zkdx anchor sign`",
        "NothingOwed" => "nothing is left to withdraw",
        "DeadlinePassed" => "if it was paid, get the money back with `zkdx request refund`; else make another request",
        _ => "see docs/src/contracts.md for what each error means",
    }
}

/// The name of an error that reads `Name { argument: value }`.
fn name_of(reason: &str) -> &str {
    reason.split([' ', '{', '(']).next().unwrap_or_default()
}
