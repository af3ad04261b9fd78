//! Digests of the public descriptions: `keccak` of a tag and of their canonical JSON (declaration order, no spaces).

use serde::Serialize;

use super::{Architecture, Card};
use crate::statement::{Tag, keccak};

impl Architecture {
    /// What a verification key carries of its architecture.
    pub fn digest(&self) -> [u8; 32] {
        tagged(Tag::Architecture, self)
    }
}

impl Card {
    /// What a model's identity carries of its card.
    pub fn digest(&self) -> [u8; 32] {
        tagged(Tag::Card, self)
    }
}

fn tagged(tag: Tag, value: &impl Serialize) -> [u8; 32] {
    let json = serde_json::to_vec(value).expect("plain data always serialises");
    keccak([&tag.digest()[..], &json])
}
