//! The vectors of the contracts' own tests, made apart from this program: entries, heads, trees, hashes and signatures must agree.

use alloy::primitives::{Address, B256, Bytes, U256};
use serde::de::DeserializeOwned;
use serde_json::Value;
use zkdx_circuits::statement::Tag;

use super::{AnchorId, Batch, Tree, leaf, root_of};
use crate::log::{Entry, Mark};

/// The public chain of the vectors.
const CHAIN: u64 = 31_337;

fn suite() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../contracts/vectors/suite.json");
    serde_json::from_slice(&std::fs::read(path).expect("vectors are checked in")).expect("JSON")
}

fn read<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).expect("of this type")
}

fn number(value: &Value) -> u64 {
    read::<U256>(value).to()
}

fn entries(suite: &Value) -> Vec<Entry> {
    let rows = suite["entries"].as_array().expect("entries").iter().enumerate();
    let entry = |(index, row): (usize, &Value)| Entry {
        index: index as u64,
        nullifier: read(&row["nullifier"]),
        digest: read(&row["digest"]),
        version: read(&suite["version"]),
        time: number(&row["time"]),
    };
    rows.map(entry).collect()
}

#[test]
fn entries_and_heads_agree() {
    let suite = suite();
    assert_eq!(B256::from(Tag::Entry.digest()), read::<B256>(&suite["tags"]["TAG_ENTRY"]));
    assert_eq!(B256::from(Tag::Anchor.digest()), read::<B256>(&suite["tags"]["TAG_ANCHOR"]));
    let mut mark = Mark::default();
    for (entry, row) in entries(&suite).iter().zip(suite["entries"].as_array().expect("entries")) {
        mark = mark.after(entry);
        assert_eq!((entry.entry_digest(), mark.head), (read(&row["entry_digest"]), read(&row["head"])));
    }
    assert_eq!(mark.length, 12);
}

#[test]
fn trees_hashes_and_signatures_agree() {
    let (suite, mut tried) = (suite(), 0);
    let (entries, log) = (entries(&suite), read::<Address>(&suite["source_log"]));
    let (chain, anchor) =
        (number(&suite["source_chain_id"]), AnchorId { chain_id: CHAIN, address: read(&suite["anchor"]) });
    for batch in suite["batches"].as_array().expect("batches") {
        let (first_index, count) = (number(&batch["first_index"]), number(&batch["count"]));
        let part = &entries[first_index as usize..(first_index + count) as usize];
        let leaves: Vec<B256> = part.iter().map(|one| leaf(chain, log, one.index, one.entry_digest())).collect();
        let tree = Tree::new(leaves.clone()).expect("has leaves");
        assert_eq!(tree.root(), read::<B256>(&batch["root"]));
        for (position, proof) in batch["proofs"].as_array().expect("proofs").iter().enumerate() {
            assert_eq!(tree.siblings(position), read::<Vec<B256>>(&proof["siblings"]));
            assert_eq!(root_of(leaves[position], &tree.siblings(position)), tree.root());
        }
        let (root, head) = (tree.root(), read(&batch["head"]));
        let hash = Batch { source_chain_id: chain, source_log: log, first_index, count, root, head }.hash(&anchor);
        assert_eq!(hash, read::<B256>(&batch["batch_hash"]));
        tried += signed(&suite, batch, hash);
    }
    assert_eq!(tried, 16);
}

/// How many members signed, every one of them in a way that counts.
fn signed(suite: &Value, batch: &Value, hash: B256) -> usize {
    let members: Vec<Address> = read(&suite["members"]);
    let signatures: Vec<Bytes> = read(&batch["signatures"]);
    for (member, signature) in members.iter().zip(&signatures) {
        let one = super::MemberSignature { member: *member, signature: signature.clone() };
        assert!(super::post::is_signed(hash, &one), "{member}");
    }
    signatures.len()
}
