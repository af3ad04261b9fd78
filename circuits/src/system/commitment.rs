//! The commitment that hides packed words.

use crate::field::{Fr, from_hash, to_bytes};
use crate::parameters::Blinding;
use crate::statement::keccak;

/// The hash of `words` and the blinding value.
pub(super) fn commit(mut words: Vec<Fr>, blinding: &Blinding) -> Fr {
    words.push(*blinding.expose());
    let bytes: Vec<[u8; 32]> = words.iter().map(to_bytes).collect();
    from_hash(&keccak(bytes.iter().map(|word| &word[..])))
}
