//! What tests against a node share: a real one ([`Anvil`]), and a [`Proxy`] in front of it that breaks, delays or changes what it says.
//!
//! Other crates' tests include it with `#[path = "../../client/tests/support/mod.rs"] mod node_support;`. Everything blocks, so that it can
//! be used beside any runtime, and everything ends with its owner, also when a test panics.
#![allow(dead_code, unused_imports, unreachable_pub, missing_docs)]

pub mod anvil;
pub mod http;
pub mod proxy;

pub use anvil::{Anvil, Options};
pub use proxy::{Action, Proxy};
