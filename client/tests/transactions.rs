//! A transaction costs what was said, is refused before it is sent if it cannot work, and settles exactly once, whatever the node, the pool
//! or the connection does meanwhile.

mod ground;
mod support;

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use ground::*;
use serde_json::{Value, json};
use support::{Action, Anvil, Options, Proxy};
use zkdx_client::transaction::{self, Event, Silent};
use zkdx_client::{ClientError, Node, Quote, Result, Settled, Terms, U256, Wallet};

fn sender() -> Wallet {
    Anvil::wallet(0)
}

/// A chain on which blocks are made by [`Anvil::mine`] alone.
fn slow_chain() -> Anvil {
    let anvil = chain(Options::default());
    anvil.automine(false);
    anvil
}

fn hash_of_first(proxy: &Proxy) -> (String, String) {
    let raw = proxy.seen("eth_sendRawTransaction")[0][0].as_str().expect("bytes").to_owned();
    let bytes = alloy::primitives::hex::decode(&raw).expect("digits");
    (raw, alloy::primitives::keccak256(bytes).to_string())
}

#[test]
fn it_costs_what_was_said() {
    let anvil = chain(Options::default());
    let quote = quote(&anvil.url(), &sender(), &grant(1), &terms()).expect("can be sent");
    let before = run(node(&anvil.url()).balance(sender().address())).expect("a balance");
    let settled = run(transaction::settle(&node(&anvil.url()), &sender(), &grant(1), &quote, &terms(), &Silent));
    let settled = settled.expect("settles");
    let after = run(node(&anvil.url()).balance(sender().address())).expect("a balance");
    assert_eq!(before - after, settled.cost);
    assert!(settled.cost <= quote.likely && quote.likely < quote.most, "{settled:?} {quote:?}");
    assert!(settled.gas_used <= quote.gas && quote.gas < settled.gas_used * 11 / 10, "{settled:?} {quote:?}");
    assert_eq!((quote.gas_limit, settled.logs.len()), (quote.gas + quote.gas / 5, 1));
    assert_eq!(anvil.rpc("eth_getBlockByNumber", json!(["latest", false]))["hash"], json!(settled.block_hash));
}

#[test]
fn what_would_revert_is_not_sent() {
    let anvil = chain(Options::default());
    send(&anvil.url(), &sender(), &revoke(1), &terms(), &Silent).expect("revokes");
    let error = send(&anvil.url(), &sender(), &grant(1), &terms(), &Silent).expect_err("revoked");
    assert!(error.is_refusal("ConsentRevoked"), "{error:?}");
    let other = send(&anvil.url(), &Anvil::wallet(1), &grant(2), &terms(), &Silent).expect_err("not the patient's");
    assert!(other.is_refusal("NotThePatient"), "{other:?}");
    assert_eq!((anvil.nonce(sender().address()), anvil.nonce(Anvil::wallet(1).address())), (1, 0));
}

#[test]
fn an_account_that_cannot_pay_is_told_how_much_it_lacks() {
    let anvil = chain(Options::default());
    anvil.set_balance(sender().address(), U256::from(1_000_000));
    let refusal = |call| quote(&anvil.url(), &sender(), &call, &terms());
    let Err(ClientError::InsufficientFunds { needed, balance, account }) = refusal(grant(1)) else {
        panic!("{:?}", refusal(grant(1)))
    };
    assert_eq!((balance, account), (U256::from(1_000_000), sender().address()));
    anvil.set_balance(sender().address(), needed);
    send(&anvil.url(), &sender(), &grant(1), &terms(), &Silent).expect("that was enough");
    let rich = refusal(grant(2).paying(U256::MAX));
    assert!(matches!(rich, Err(ClientError::InsufficientFunds { needed: U256::MAX, .. })), "{rich:?}");
    assert_eq!(granted(&anvil), 1);
}

#[test]
fn an_account_that_is_emptied_after_the_quote_is_told_so() {
    let anvil = chain(Options::default());
    let quote = quote(&anvil.url(), &sender(), &grant(1), &terms()).expect("can be sent");
    anvil.set_balance(sender().address(), U256::from(7));
    let sent = run(transaction::settle(&node(&anvil.url()), &sender(), &grant(1), &quote, &terms(), &Silent));
    let expected = |error: &ClientError| matches!(error, ClientError::InsufficientFunds { balance, .. } if *balance == U256::from(7));
    assert!(sent.as_ref().is_err_and(expected), "{sent:?}");
}

#[test]
fn no_more_is_paid_than_is_allowed() {
    let anvil = chain(Options::default());
    let bounded = |max_fee| Terms { max_fee: Some(max_fee), ..terms() };
    let refused = send(&anvil.url(), &sender(), &grant(1), &bounded(1_000), &Silent).expect_err("too little");
    assert!(matches!(refused, ClientError::FeeTooHigh { allowed: 1_000, .. }), "{refused}");
    assert_eq!(anvil.nonce(sender().address()), 0);
    let enough = bounded(3_000_000_000);
    let settled = send(&anvil.url(), &sender(), &grant(1), &enough, &Silent).expect("settles");
    assert!(settled.cost <= U256::from(settled.gas_used) * U256::from(3_000_000_000_u64));
}

/// Quotes on a quiet chain, and sends once the next block's base fee is another.
fn settle_at(
    anvil: &Anvil,
    url: &str,
    base_fee: u64,
    terms: &Terms,
    watcher: &impl transaction::Observer,
) -> (Quote, Result<Settled>) {
    let quote = quote(url, &sender(), &grant(1), terms).expect("can be sent");
    anvil.set_next_base_fee(base_fee);
    let settled = run(transaction::settle(&node(url), &sender(), &grant(1), &quote, terms, watcher));
    (quote, settled)
}

#[test]
fn a_rising_base_fee_is_followed() {
    let anvil = slow_chain();
    let watcher = Watcher::new(|event| match event {
        Event::Outbid(_) => anvil.mine(1),
        _ => {}
    });
    let (quote, settled) = settle_at(&anvil, &anvil.url(), 4_000_000_000, &impatient(), &watcher);
    let settled = settled.expect("settles");
    assert!(quote.fees.max_fee < 4_000_000_000 && settled.cost <= quote.most, "{quote:?} {settled:?}");
    assert_eq!((watcher.count(|event| matches!(event, Event::Outbid(_))), granted(&anvil)), (1, 1));
}

#[test]
fn a_base_fee_above_the_bound_is_waited_out() {
    let anvil = slow_chain();
    let proxy = Proxy::start(anvil.port());
    let short = Terms { timeout: Duration::from_secs(1), ..impatient() };
    let (_, settled) = settle_at(&anvil, &proxy.url(), 500_000_000_000, &short, &Silent);
    assert!(matches!(&settled, Err(ClientError::NotSettled { what, .. }) if what == "not mined"), "{settled:?}");
    let mut offers = proxy.seen("eth_sendRawTransaction").iter().map(Value::to_string).collect::<Vec<_>>();
    offers.sort();
    offers.dedup();
    assert_eq!((offers.len(), anvil.nonce(sender().address())), (5, 0));
}

#[test]
fn an_account_without_money_sends_where_gas_is_free() {
    let anvil = Anvil::start(Options { free: true, accounts: 0, ..Options::default() });
    deploy(&anvil.url(), &deployment(CHAIN)).expect("costs nothing");
    let settled = send(&anvil.url(), &sender(), &grant(1), &terms(), &Silent).expect("settles");
    assert_eq!(settled.cost, U256::ZERO);
    assert_eq!(granted(&anvil), 1);
}

#[test]
fn a_chain_without_base_fee_is_paid_its_price() {
    let anvil = chain(Options { hardfork: "cancun", ..Options::default() });
    let proxy = Proxy::start(anvil.port());
    proxy.always(
        "eth_getBlockByNumber",
        Action::rewrite(|_, answer| {
            answer["result"].as_object_mut().expect("a block").remove("baseFeePerGas");
        }),
    );
    let quote = quote(&proxy.url(), &sender(), &grant(1), &terms()).expect("can be sent");
    assert!(!quote.fees.dynamic && quote.fees.max_fee > 0);
    send(&proxy.url(), &sender(), &grant(1), &terms(), &Silent).expect("settles");
    assert!(proxy.seen("eth_sendRawTransaction")[0][0].as_str().is_some_and(|raw| raw.starts_with("0xf")));
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

fn impatient() -> Terms {
    Terms { patience: Duration::from_millis(300), ..terms() }
}

#[test]
fn a_stuck_transaction_is_outbid() {
    let anvil = slow_chain();
    let watcher = Watcher::new(|event| match event {
        Event::Outbid(_) => anvil.mine(1),
        _ => {}
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
    let watcher = Watcher::new(|event| match event {
        Event::Mined { confirmations: 1 | 2, .. } => anvil.mine(1),
        _ => {}
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

#[test]
fn who_says_no_sends_nothing() {
    struct No;
    impl transaction::Observer for No {
        fn agrees(&self, _: &zkdx_client::Quote) -> bool {
            false
        }
        fn happened(&self, event: &Event) {
            panic!("{event:?}");
        }
    }
    let anvil = chain(Options::default());
    assert_eq!(send(&anvil.url(), &sender(), &grant(1), &terms(), &No).map(drop), Err(ClientError::Declined));
    assert_eq!(anvil.nonce(sender().address()) + anvil.waiting(), 0);
}
