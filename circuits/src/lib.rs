//! What zkdx proves: from an ONNX model to constraints.
//!
//! ```text
//! onnx ─► graph (float) ─► quantize ─► architecture + parameters (integer)
//!                                          │ layers
//!                                          ▼
//!                                       system (tensor relations, witness, check)
//!                                          │ lower
//!                                          ▼
//!                                       r1cs (columns in groups, two rounds)
//! ```
//!
//! [`statement`] alone knows the order of the public inputs and the text of every domain tag.

pub mod architecture;
pub mod costs;
pub mod field;
pub mod gadgets;
pub mod graph;
pub mod layers;
pub mod lower;
pub mod onnx;
pub mod parameters;
pub mod quantize;
pub mod r1cs;
pub mod records;
pub mod statement;
pub mod system;
pub mod window;

pub use architecture::{Architecture, Card, Encoding, Feature, Head, OutcomeKind};
pub use field::Fr;
pub use parameters::{Blinding, Parameters, Record};
pub use statement::{Case, Context, Outcome, Statement};
pub use window::{Window, WindowAxis};
