//! A transaction settles exactly once, whatever the node, the pool or the connection does meanwhile.

mod ground;
mod support;

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use ground::*;
use serde_json::json;
use support::{Action, Options, Proxy};
use zkdx_client::transaction::{self, Event, Silent};
use zkdx_client::{ClientError, Node, Terms};

fn hash_of_first(proxy: &Proxy) -> (String, String) {
    let raw = proxy.seen("eth_sendRawTransaction")[0][0].as_str().expect("bytes").to_owned();
    let bytes = alloy::primitives::hex::decode(&raw).expect("digits");
    (raw, alloy::primitives::keccak256(bytes).to_string())
}

#[test]
fn a_connection_that_breaks_while_it_is_sent_does_no_harm() {
    for action in
        [Action::DropAfter, Action::DropBefore, Action::Status(429, String::new()), Action::Status(503, "busy".into())]
    {
        let anvil = chain(Options::default());
        let proxy = Proxy::start(anvil.port());
        proxy.next("eth_sendRawTransaction", 2, action);
        send(&proxy.url(), &sender(), &grant(1), &terms(), &Silent).expect("settles");
        assert_eq!((anvil.nonce(sender().address()), granted(&anvil)), (1, 1));
        assert!(proxy.seen("eth_sendRawTransaction").len() >= 3);
    }
}

#[test]
fn a_refusal_of_what_the_node_has_already_is_none() {
    let anvil = chain(Options::default());
    let proxy = Proxy::start(anvil.port());
    proxy.next("eth_sendRawTransaction", 1, Action::DropAfter);
    proxy.next("eth_sendRawTransaction", 1, Action::error(-32_000, "txpool is full"));
    send(&proxy.url(), &sender(), &grant(1), &terms(), &Silent).expect("settles");
    assert_eq!(granted(&anvil), 1);
    proxy.next("eth_sendRawTransaction", 1, Action::Rewrite(std::sync::Arc::new(|_, _| {})));
    let full = Action::error(-32_000, "txpool is full");
    anvil.automine(false);
    proxy.be_honest();
    proxy.always("eth_sendRawTransaction", full);
    proxy.always("eth_getTransactionByHash", Action::result(json!(null)));
    let error = send(&proxy.url(), &sender(), &grant(2), &terms(), &Silent).expect_err("refused");
    assert!(matches!(&error, ClientError::Node { why, .. } if why == "txpool is full"), "{error}");
}

#[test]
fn a_node_that_is_busy_for_a_moment_is_asked_again() {
    let anvil = chain(Options::default());
    let proxy = Proxy::start(anvil.port());
    for method in
        ["eth_chainId", "eth_call", "eth_estimateGas", "eth_getBalance", "eth_getTransactionReceipt", "eth_blockNumber"]
    {
        proxy.next(method, 1, Action::Status(429, String::new()));
        proxy.next(method, 1, Action::DropAfter);
        proxy.next(method, 1, Action::error(-32_005, "limit exceeded"));
    }
    send(&proxy.url(), &sender(), &grant(1), &terms(), &Silent).expect("settles");
}

#[test]
fn errors_that_pass_do_not_end_the_watch() {
    let anvil = chain(Options::default());
    let proxy = Proxy::start(anvil.port());
    proxy.next("eth_getTransactionReceipt", 3, Action::error(-32_000, "transaction indexing is in progress"));
    proxy.next("eth_blockNumber", 2, Action::result(json!("soon")));
    proxy.next("eth_sendRawTransaction", 1, Action::result(json!(["?"])));
    send(&proxy.url(), &sender(), &grant(1), &terms(), &Silent).expect("settles");
    assert_eq!(granted(&anvil), 1);
}

#[test]
fn a_node_that_dies_and_comes_back_gets_it_again() {
    let directory = tempfile::tempdir().expect("a folder");
    let state = Some(directory.path().join("state.json"));
    let anvil = chain(Options { state, ..Options::default() });
    anvil.automine(false);
    let url = anvil.url();
    let anvil = Arc::new(Mutex::new(anvil));
    let revive = anvil.clone();
    let watcher = Watcher::new(|event| {
        if matches!(event, Event::Sent(_)) {
            anvil.lock().expect("lives").stop();
            let revive = revive.clone();
            thread::spawn(move || {
                thread::sleep(Duration::from_millis(300));
                revive.lock().expect("lives").restart();
            });
        }
    });
    let patient = Node::new(&url, patience(5_000)).expect("a URL");
    let hasty = Terms { patience: Duration::from_secs(2), ..terms() };
    run(transaction::transact(&patient, CHAIN, &sender(), &grant(1), &hasty, &watcher)).expect("settles");
    assert_eq!(watcher.count(|event| matches!(event, Event::SentAgain(_))), 1, "{:?}", watcher.events());
    let anvil = anvil.lock().expect("lives");
    assert_eq!((anvil.nonce(sender().address()), granted(&anvil)), (1, 1));
}

#[test]
fn a_node_that_never_comes_back_leaves_the_hash() {
    let anvil = slow_chain();
    let url = anvil.url();
    let anvil = Mutex::new(anvil);
    let watcher = Watcher::new(|_| anvil.lock().expect("lives").kill());
    let error = send(&url, &sender(), &grant(1), &terms(), &watcher).expect_err("the node is gone");
    let [Event::Sent(sent)] = watcher.events()[..] else { panic!("{:?}", watcher.events()) };
    assert!(matches!(error, ClientError::SilentAfterSending { hash, .. } if hash == sent), "{error}");
}

#[test]
fn what_the_pool_forgets_is_sent_again() {
    let anvil = slow_chain();
    let watcher = Watcher::new(|event| match event {
        Event::Sent(hash) => anvil.drop_transaction(hash),
        Event::SentAgain(_) => anvil.mine(1),
        _ => {}
    });
    let hasty = Terms { patience: Duration::from_secs(2), ..terms() };
    let settled = send(&anvil.url(), &sender(), &grant(1), &hasty, &watcher).expect("settles");
    assert_eq!(watcher.events()[..2], [Event::Sent(settled.hash), Event::SentAgain(settled.hash)]);
    assert_eq!(granted(&anvil), 1);
}

#[test]
fn a_stuck_transaction_is_outbid() {
    let anvil = slow_chain();
    let watcher = Watcher::new(|event| {
        if matches!(event, Event::Outbid(_)) {
            anvil.mine(1);
        }
    });
    let settled = send(&anvil.url(), &sender(), &grant(1), &impatient(), &watcher).expect("settles");
    assert_eq!(watcher.events()[1], Event::Outbid(settled.hash));
    assert_eq!((anvil.nonce(sender().address()), granted(&anvil)), (1, 1));
}

#[test]
fn an_older_version_that_is_mined_counts() {
    let anvil = slow_chain();
    let proxy = Proxy::start(anvil.port());
    let watcher = Watcher::new(|event| {
        if let Event::Outbid(newer) = event {
            anvil.drop_transaction(newer);
            anvil.rpc("eth_sendRawTransaction", json!([hash_of_first(&proxy).0]));
            anvil.mine(1);
        }
    });
    let settled = send(&proxy.url(), &sender(), &grant(1), &impatient(), &watcher).expect("settles");
    assert_eq!(settled.hash.to_string(), hash_of_first(&proxy).1);
}

#[test]
fn a_version_of_which_the_node_said_nothing_sensible_counts() {
    for action in [Action::result(json!({})), Action::error(-32_000, "internal error")] {
        let anvil = slow_chain();
        let proxy = Proxy::start(anvil.port());
        proxy.next("eth_sendRawTransaction", 1, Action::Delay(Duration::ZERO));
        proxy.next("eth_sendRawTransaction", 1, action);
        let url = proxy.url();
        let client = thread::spawn(move || send(&url, &sender(), &grant(1), &impatient(), &Silent));
        while proxy.seen("eth_sendRawTransaction").len() < 2 {
            thread::sleep(Duration::from_millis(10));
        }
        thread::sleep(Duration::from_millis(50));
        anvil.mine(1);
        let settled = client.join().expect("no panic").expect("settles");
        assert_ne!(settled.hash.to_string(), hash_of_first(&proxy).1);
        assert_eq!(granted(&anvil), 1);
    }
}

#[test]
fn another_transaction_of_the_account_in_its_place_is_told() {
    let anvil = slow_chain();
    let watcher = Watcher::new(|event| {
        if matches!(event, Event::Sent(_)) {
            let other = empty_transaction(&sender(), 0, 100_000_000_000);
            anvil.rpc("eth_sendRawTransaction", json!([other]));
            anvil.mine(1);
        }
    });
    let error = send(&anvil.url(), &sender(), &grant(1), &terms(), &watcher).expect_err("replaced");
    let account = sender().address();
    assert!(matches!(error, ClientError::Replaced { account: a, nonce: 0, .. } if a == account), "{error}");
    assert_eq!(granted(&anvil), 0);
}

#[test]
fn earlier_transactions_are_waited_for_and_not_outbid() {
    let anvil = slow_chain();
    let ready = quote(&anvil.url(), &sender(), &grant(1), &impatient()).expect("can be sent");
    anvil.rpc("eth_sendRawTransaction", json!([empty_transaction(&sender(), 0, 100_000_000_000)]));
    let pending = Err(ClientError::Pending { account: sender().address(), count: 1 });
    assert_eq!(quote(&anvil.url(), &sender(), &grant(1), &impatient()), pending);
    let raced = run(transaction::settle(&node(&anvil.url()), &sender(), &grant(1), &ready, &impatient(), &Silent));
    assert_eq!(raced.map(drop), pending.map(drop));
    assert_eq!(anvil.waiting(), 1);
    anvil.mine(1);
    assert_eq!(quote(&anvil.url(), &sender(), &grant(1), &impatient()).map(|quote| quote.nonce), Ok(1));
}

#[test]
fn as_many_blocks_are_waited_for_as_were_wanted() {
    let anvil = chain(Options::default());
    let watcher = Watcher::new(|event| {
        if matches!(event, Event::Mined { confirmations: 1 | 2, .. }) {
            anvil.mine(1);
        }
    });
    let three = Terms { confirmations: 3, ..terms() };
    let settled = send(&anvil.url(), &sender(), &grant(1), &three, &watcher).expect("settles");
    let block = settled.block;
    let mined = [1, 2, 3].map(|confirmations| Event::Mined { block, confirmations });
    assert_eq!((&watcher.events()[1..], anvil.height()), (&mined[..], block + 2));
    let short = Terms { timeout: Duration::from_millis(300), ..three };
    let error = send(&anvil.url(), &sender(), &grant(2), &short, &Silent).expect_err("no more blocks");
    assert!(
        matches!(&error, ClientError::NotSettled { what, .. } if what == "mined, with 1 of 3 confirmations"),
        "{error}"
    );
}
