//! A transaction costs what was said, and is refused before it is sent if it cannot work or pay.

mod ground;
mod support;

use std::time::Duration;

use ground::*;
use serde_json::{Value, json};
use support::{Action, Anvil, Options, Proxy};
use zkdx_client::transaction::{self, Event, Observer, Silent};
use zkdx_client::{ClientError, Quote, Result, Settled, Terms, U256};

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
    watcher: &impl Observer,
) -> (Quote, Result<Settled>) {
    let quote = quote(url, &sender(), &grant(1), terms).expect("can be sent");
    anvil.set_next_base_fee(base_fee);
    let settled = run(transaction::settle(&node(url), &sender(), &grant(1), &quote, terms, watcher));
    (quote, settled)
}

#[test]
fn a_rising_base_fee_is_followed() {
    let anvil = slow_chain();
    let watcher = Watcher::new(|event| {
        if matches!(event, Event::Outbid(_)) {
            anvil.mine(1);
        }
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
fn who_says_no_sends_nothing() {
    struct No;
    impl Observer for No {
        fn agrees(&self, _: &Quote) -> bool {
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
