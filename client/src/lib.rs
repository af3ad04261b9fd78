//! zkdx against a live node: where the contracts are, who signs, what is sent and what becomes of it, and what a chain's history says.
//!
//! The way of a transaction: [`transaction::quote`] simulates a call and says what it costs, [`transaction::settle`] signs it with a [`Wallet`], hands
//! it to a [`Node`] and watches it until enough blocks confirm it. A [`Deployment`] says where the contracts of a chain are.

pub mod anchor;
pub mod audit;
pub mod consent;
pub mod deployment;
pub mod error;
pub mod log;
pub mod market;
pub mod node;
pub mod registry;
pub mod session;
mod stamp;
pub mod submission;
pub mod transaction;
pub mod wallet;

pub use alloy::primitives::{Address, B256, Bytes, U256};
pub use deployment::{Contract, Deployment, Parameters};
pub use error::{ClientError, Result};
pub use node::{Node, Patience};
pub use session::Session;
pub use transaction::{Call, Quote, Settled, Terms};
pub use wallet::Wallet;
