//! Setup, registration and proving for zkdx, over interchangeable accelerators.
//!
//! - [`setup`](setup()): a proving key from a constraint system
//! - [`ProvingKey`]: the key and its bytes
//! - [`register`](register()): a model's public commitment and its secret half
//! - [`Prover`]: the two rounds
//! - [`Network`]: an architecture with its circuit, from setup to the proof of a diagnosis
//! - [`accelerator`]: where the heavy arithmetic runs

pub mod accelerator;
mod domain;
pub mod key;
pub mod network;
mod predict;
pub mod prove;
mod qap;
pub mod register;
pub mod setup;

pub use accelerator::{Accelerator, AcceleratorError, Cpu};
pub use key::{CircuitInfo, ProvingKey, ProvingKeyError, Subgroup, circuit_digest};
pub use network::{Network, NetworkError, Patient, Proven};
pub use predict::Prediction;
pub use prove::{Pace, ProveError, Prover, Step, Timings};
pub use register::{RegisterError, Registration, RegistrationError, audit, register};
pub use setup::{SetupError, Subject, Trapdoor, setup};
