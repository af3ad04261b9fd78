//! Gadgets: pieces of circuits that know nothing of tensors, each next to the computation it proves.

pub mod poseidon;
