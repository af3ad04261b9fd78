//! Transactions, proofs and keys.

use alloy::primitives::{Address, Bytes};
use zkdx_client::audit::FindingKind;

use super::{Told, after, finds, flip, kinds, report, shown, told};

#[test]
fn transactions_bear_witness() {
    for hash in told().history.transactions.keys() {
        finds(FindingKind::Transaction, |history| drop(history.transactions.remove(hash)));
        finds(FindingKind::Transaction, |history| history.transactions.get_mut(hash).expect("there").block += 1);
    }
    let Told { history, .. } = told();
    // A deployment has no call, and a request's identity is a hash of it.
    let unwitnessed = [history.setting.gateway, history.setting.market];
    let witnessed = shown().into_iter().filter(|&index| !unwitnessed.contains(&history.events[index].contract));
    for index in witnessed {
        let event = &history.events[index];
        let empty = after(|history| {
            history.transactions.get_mut(&event.transaction).expect("there").input = Bytes::new();
        });
        let expected = [FindingKind::Unwitnessed, FindingKind::ProofNotFound];
        assert!(expected.iter().any(|kind| kinds(&empty).contains(kind)), "{event:?}");
    }
    let approval = report(history).events.iter().find(|line| line.event == "ModelApproved").expect("one").place;
    finds(FindingKind::Transaction, |history| {
        history.transactions.get_mut(&approval.transaction).expect("there").from = Address::ZERO;
    });
}

#[test]
fn changed_proofs_and_words_in_calldata_are_found() {
    let entries = report(&told().history).entries;
    let transaction = entries[0].entry.place.transaction;
    let length = told().history.transactions[&transaction].input.len();
    // The proof is what comes last: 324 bytes and their padding, B's first coordinate 68 bytes from its start.
    let proof = length - 352;
    let report = after(|history| {
        flip(&mut history.transactions.get_mut(&transaction).expect("there").input, proof + 4 + 63);
    });
    assert_eq!(kinds(&report), [FindingKind::ProofRefused]);
    assert_eq!(report.summary.verified, 5);
    for at in (4..length - 28 - 31).step_by(32) {
        let changed = after(|history| {
            flip(&mut history.transactions.get_mut(&transaction).expect("there").input, at + 31);
        });
        let expected = [FindingKind::ProofNotFound, FindingKind::ProofRefused, FindingKind::OtherVersion];
        assert!(kinds(&changed).iter().any(|kind| expected.contains(kind)), "byte {at}");
    }
}

#[test]
fn a_decoy_hides_no_proof() {
    let entries = report(&told().history).entries;
    let transaction = entries[0].entry.place.transaction;
    let honest = told().history.transactions[&transaction].input.clone();
    let mut decoy = honest.clone();
    flip(&mut decoy, honest.len() - 352 + 4 + 63);
    let nested = after(|history| {
        let transaction = history.transactions.get_mut(&transaction).expect("there");
        transaction.input = [&[1, 2, 3][..], &decoy, &honest].concat().into();
        transaction.to = Some(Address::repeat_byte(1));
    });
    assert_eq!(nested.findings, []);
}

#[test]
fn other_keys_are_found() {
    for digest in told().history.keys.keys() {
        finds(FindingKind::Key, |history| drop(history.keys.remove(digest)));
        for at in [0, 10, 31, 96, 400, 800] {
            finds(FindingKind::Key, |history| flip(history.keys.get_mut(digest).expect("there"), at));
        }
        finds(FindingKind::Key, |history| {
            let key = history.keys.get_mut(digest).expect("there");
            *key = key.slice(..key.len() - 64);
        });
    }
}
