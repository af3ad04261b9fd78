//! Merkle trees whose inner nodes hash both children in ascending order (OpenZeppelin's sorted pairs), so that a proof is a list of siblings
//! without sides. The last node of an odd layer goes up as it is.
//!
//! A leaf is `keccak(keccak(TAG_ANCHOR ‖ chain ‖ log ‖ index ‖ entry digest))`: hashed twice and under a tag, so that no inner node is one.

use alloy::primitives::{Address, B256, U256, keccak256};
use zkdx_circuits::statement::{Tag, keccak};

/// A tree with all its layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// From the leaves to the root.
    layers: Vec<Vec<B256>>,
}

impl Tree {
    /// The tree over leaves; none without leaves.
    pub fn new(leaves: Vec<B256>) -> Option<Self> {
        let mut layer = leaves;
        let mut layers = Vec::new();
        while layer.len() > 1 {
            let above = layer.chunks(2).map(parent).collect();
            layers.push(std::mem::replace(&mut layer, above));
        }
        layers.push(layer);
        layers.last().is_some_and(|top| !top.is_empty()).then_some(Self { layers })
    }

    /// Its root.
    pub fn root(&self) -> B256 {
        self.layers.last().and_then(|top| top.first()).copied().unwrap_or_default()
    }

    /// The siblings on the way from a leaf to the root.
    pub fn siblings(&self, position: usize) -> Vec<B256> {
        let mut at = position;
        let mut siblings = Vec::new();
        for layer in &self.layers {
            siblings.extend(layer.get(at ^ 1));
            at /= 2;
        }
        siblings
    }
}

fn parent(children: &[B256]) -> B256 {
    match children {
        [a, b] => pair(*a, *b),
        alone => alone.first().copied().unwrap_or_default(),
    }
}

fn pair(a: B256, b: B256) -> B256 {
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    keccak([&low[..], &high[..]]).into()
}

/// Where siblings lead to from a leaf.
pub fn root_of(leaf: B256, siblings: &[B256]) -> B256 {
    siblings.iter().fold(leaf, |node, sibling| pair(node, *sibling))
}

/// The leaf of an entry.
pub fn leaf(chain_id: u64, log: Address, index: u64, entry_digest: B256) -> B256 {
    let word = |number: u64| U256::from(number).to_be_bytes::<32>();
    let (chain, index) = (word(chain_id), word(index));
    keccak256(keccak([&Tag::Anchor.digest()[..], &chain, &log.into_word()[..], &index, &entry_digest[..]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: u8) -> Vec<B256> {
        (0..count).map(|index| keccak256([index])).collect()
    }

    #[test]
    fn every_leaf_of_every_size_leads_to_the_root_and_no_other_does() {
        for count in 1..=33 {
            let leaves = leaves(count);
            let tree = Tree::new(leaves.clone()).expect("has leaves");
            for (position, leaf) in leaves.iter().enumerate() {
                let siblings = tree.siblings(position);
                assert_eq!(root_of(*leaf, &siblings), tree.root(), "{position} of {count}");
                assert_ne!(root_of(keccak256(leaf), &siblings), tree.root());
                for at in 0..siblings.len() {
                    let mut changed = siblings.clone();
                    changed[at] = keccak256(changed[at]);
                    assert_ne!(root_of(*leaf, &changed), tree.root());
                    assert_ne!(root_of(*leaf, &siblings[..at]), tree.root());
                }
            }
        }
    }

    #[test]
    fn a_tree_has_leaves_and_order_counts() {
        assert_eq!(Tree::new(Vec::new()), None);
        let three = leaves(3);
        let swapped = vec![three[2], three[1], three[0]];
        assert_ne!(Tree::new(three.clone()).map(|tree| tree.root()), Tree::new(swapped).map(|tree| tree.root()));
        let by_hand = pair(pair(three[0], three[1]), three[2]);
        assert_eq!(Tree::new(three).map(|tree| tree.root()), Some(by_hand));
    }
}
