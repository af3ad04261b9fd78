//! The contracts of zkdx from Rust: their compiled artifacts, calldata, and an embedded EVM that runs them.
//!
//! The Solidity sources are in `sol/`; `artifacts/` holds what they compile to, and [`abi`] is derived from it.

pub mod abi;
pub mod calldata;
pub mod chain;
pub mod suite;

pub use chain::{Chain, ChainError, Receipt};
pub use suite::{Submission, Suite};
