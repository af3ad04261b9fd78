//! Blocks that vanish under a transaction: it is sent again, settles exactly once, and what the other branch makes of it is told.

mod ground;
mod support;

use std::cell::Cell;
use std::time::Duration;

use alloy::consensus::TxEip1559;
use alloy::primitives::TxKind;
use alloy::sol_types::eip712_domain;
use ground::*;
use serde_json::Value;
use support::{Action, Anvil, Options, Proxy};
use zkdx_client::transaction::Event;
use zkdx_client::wallet::Unsigned;
use zkdx_client::{B256, Call, ClientError, Terms};
use zkdx_contracts::abi::ConsentRegistry;

/// Three confirmations, and a short wait before what is lost is sent again.
fn three() -> Terms {
    Terms { confirmations: 3, patience: Duration::from_secs(1), ..terms() }
}

fn is_lost(event: &Event) -> bool {
    matches!(event, Event::Reorganised { .. })
}

/// Does something when the transaction is first seen in a block, and mines the confirmations after it is seen again.
fn once_mined<'a>(anvil: &'a Anvil, surprise: impl Fn() + 'a) -> Watcher<impl Fn(&Event) + 'a> {
    let calm = Cell::new(true);
    Watcher::new(move |event| match event {
        Event::Mined { .. } if calm.replace(false) => surprise(),
        Event::Mined { confirmations: 1 | 2, .. } => anvil.mine(1),
        _ => {}
    })
}

#[test]
fn a_transaction_whose_block_is_gone_is_sent_again_and_settles_once() {
    let anvil = chain(Options::default());
    let watcher = once_mined(&anvil, || anvil.rollback(1));
    let settled = send(&anvil.url(), &sender(), &grant(1), &three(), &watcher).expect("settles");
    assert_eq!((watcher.count(is_lost), granted(&anvil), anvil.nonce(sender().address())), (1, 1, 1));
    assert_eq!(anvil.height(), settled.block + 2);
}

#[test]
fn a_transaction_whose_block_is_replaced_by_an_empty_one_is_sent_again() {
    let anvil = chain(Options::default());
    let proxy = Proxy::start(anvil.port());
    let watcher = once_mined(&anvil, || anvil.reorganise(1, &[]));
    let settled = send(&proxy.url(), &sender(), &grant(1), &three(), &watcher).expect("settles");
    assert_eq!((watcher.count(is_lost), granted(&anvil), anvil.nonce(sender().address())), (1, 1, 1));
    let hashes =
        watcher.events().iter().filter(|event| matches!(event, Event::Sent(hash) if *hash == settled.hash)).count();
    assert_eq!(hashes, 1, "the same transaction in both branches");
}

#[test]
fn a_transaction_in_another_block_of_the_new_branch_needs_no_sending() {
    let anvil = chain(Options::default());
    let proxy = Proxy::start(anvil.port());
    let watcher = once_mined(&anvil, || {
        anvil.mine(1);
        let raw = proxy.seen("eth_sendRawTransaction")[0][0].as_str().expect("bytes").to_owned();
        anvil.reorganise(2, &[(raw, 1)]);
    });
    let settled = send(&proxy.url(), &sender(), &grant(1), &three(), &watcher).expect("settles");
    let Event::Mined { block, .. } = watcher.events()[1] else { panic!("{:?}", watcher.events()) };
    assert_eq!((settled.block, watcher.count(is_lost), granted(&anvil)), (block + 1, 1, 1));
    assert_eq!(proxy.seen("eth_sendRawTransaction").len(), 1);
}

#[test]
fn another_transaction_of_the_account_in_the_new_branch_is_told() {
    let anvil = chain(Options::default());
    let other = empty_transaction(&sender(), 0, 100_000_000_000);
    let watcher = once_mined(&anvil, || anvil.reorganise(1, &[(other.clone(), 0)]));
    let error = send(&anvil.url(), &sender(), &grant(1), &three(), &watcher).expect_err("replaced");
    assert!(matches!(error, ClientError::Replaced { nonce: 0, .. }), "{error}");
    assert_eq!((watcher.count(is_lost), granted(&anvil)), (1, 0));
}

/// The second account brings a consent that the first has signed.
fn grant_by_signature() -> Call {
    let consent = consent(sender().address(), 1);
    let domain = eip712_domain! {
        name: "zkdx consents", version: "1", chain_id: CHAIN, verifying_contract: registry(),
    };
    let signature = sender().sign_typed(&consent, &domain).expect("signs");
    Call::new(registry(), &ConsentRegistry::grantBySigCall { consent, signature })
}

/// The first account revokes it, as a node takes it.
fn signed_revocation() -> String {
    let transaction = TxEip1559 {
        chain_id: CHAIN,
        gas_limit: 100_000,
        max_fee_per_gas: 100_000_000_000,
        to: TxKind::Call(registry()),
        input: revoke(1).data,
        ..Default::default()
    };
    sender().sign(Unsigned::DynamicFee(transaction)).expect("signs").raw.to_string()
}

#[test]
fn what_the_new_branch_refuses_is_told_by_name() {
    let anvil = chain(Options::default());
    let watcher = once_mined(&anvil, || anvil.reorganise(1, &[(signed_revocation(), 0)]));
    let error = send(&anvil.url(), &Anvil::wallet(1), &grant_by_signature(), &three(), &watcher).expect_err("revoked");
    assert!(error.is_refusal("ConsentRevoked"), "{error:?}");
    assert_eq!((watcher.count(is_lost), granted(&anvil)), (1, 0));
}

#[test]
fn a_receipt_of_a_block_that_is_gone_is_no_confirmation() {
    let anvil = chain(Options::default());
    let proxy = Proxy::start(anvil.port());
    let elsewhere = |_: &Value, answer: &mut Value| {
        if let Some(receipt) = answer["result"].as_object_mut() {
            receipt.insert("blockHash".into(), B256::repeat_byte(7).to_string().into());
            receipt.insert("logs".into(), Value::Array(Vec::new()));
        }
    };
    proxy.next("eth_getTransactionReceipt", 10, Action::rewrite(elsewhere));
    let watcher = Watcher::new(|_| {});
    send(&proxy.url(), &sender(), &grant(1), &terms(), &watcher).expect("the node makes up its mind");
    assert_eq!((watcher.count(|event| matches!(event, Event::Mined { .. })), granted(&anvil)), (1, 1));
    proxy.always("eth_getTransactionReceipt", Action::rewrite(elsewhere));
    let short = Terms { timeout: Duration::from_secs(1), ..terms() };
    let error = send(&proxy.url(), &sender(), &grant(2), &short, &watcher).expect_err("it never does");
    assert!(error.to_string().contains("that is not on the node's chain after 1 s"), "{error}");
}
