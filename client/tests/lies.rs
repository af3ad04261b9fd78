//! Nodes that lie: about their chain, a transaction, a block, a price. Each lie ends in an error that says so, soon.

mod ground;
mod support;

use ground::*;
use serde_json::{Value, json};
use support::{Action, Anvil, Options, Proxy};
use zkdx_client::transaction::Silent;
use zkdx_client::{B256, ClientError, Deployment, Parameters, Terms};

#[test]
fn another_chain_is_found_out() {
    let (anvil, proxy) = liar();
    let said = |id: Value| {
        proxy.be_honest();
        proxy.always("eth_chainId", Action::result(id));
    };
    said(json!("0x1"));
    let other = quote(&proxy.url(), &sender(), &grant(1), &terms());
    assert_eq!(other, Err(ClientError::OtherChain { expected: CHAIN, got: 1 }));
    let main = Deployment::new(1, 0, Parameters::simple(sender().address()));
    let checked = run(main.check(&node(&proxy.url())));
    assert!(matches!(checked, Err(ClientError::ChainLie { said: 1, .. })), "{checked:?}");
    said(json!("0xffffffffffffffffffff"));
    assert!(matches!(run(node(&proxy.url()).chain_id()), Err(ClientError::Answer { .. })));
    assert_eq!(anvil.nonce(sender().address()), 0);
}

#[test]
fn a_node_that_hides_its_evm_is_betrayed_by_the_log() {
    let anvil = Anvil::start(Options::default());
    deploy(&anvil.url(), &deployment(CHAIN)).expect("deploys");
    let proxy = Proxy::start(anvil.port());
    proxy.always("eth_chainId", Action::result(json!("0x1")));
    for hidden in [Action::error(-32_602, "`to` is missing"), Action::result(json!("0x"))] {
        proxy.next("eth_call", 1, hidden);
        let main = Deployment::new(1, 0, Parameters::simple(sender().address()));
        let checked = run(main.check(&node(&proxy.url())));
        let by_the_log = |what: &str| what.contains("the log");
        assert!(matches!(&checked, Err(ClientError::ChainLie { what, .. }) if by_the_log(what)), "{checked:?}");
    }
}

/// Puts another hash into a receipt.
type Lie = fn(&mut Value, B256);

#[test]
fn receipts_of_other_transactions_are_not_believed() {
    let other = B256::repeat_byte(7);
    let lies: [(&str, Lie); 3] = [
        ("another transaction", |receipt, other| receipt["transactionHash"] = json!(other)),
        ("an event of another transaction", |receipt, other| receipt["logs"][0]["transactionHash"] = json!(other)),
        ("an event of another block", |receipt, other| receipt["logs"][0]["blockHash"] = json!(other)),
    ];
    for (what, lie) in lies {
        let (anvil, proxy) = liar();
        proxy.always(
            "eth_getTransactionReceipt",
            Action::rewrite(move |_, answer| {
                if answer["result"].is_object() {
                    lie(&mut answer["result"], other);
                }
            }),
        );
        let error = grant_soon(&proxy, 1).expect_err(what);
        let expected = |why: &str| why.contains("is another transaction's");
        assert!(matches!(&error, ClientError::SilentAfterSending { why, .. } if expected(why)), "{what}: {error}");
        assert_eq!(granted(&anvil), 1);
    }
}

#[test]
fn blocks_that_were_not_asked_for_are_refused() {
    let (_anvil, proxy) = liar();
    proxy.always("eth_getBlockByNumber", Action::rewrite(|_, answer| answer["result"]["number"] = json!("0x7")));
    proxy.always("eth_getBlockByHash", Action::rewrite(|_, answer| answer["result"]["hash"] = json!(B256::ZERO)));
    let node = node(&proxy.url());
    let latest = run(node.latest()).expect("any block may be the newest");
    for at in [zkdx_client::node::At::Number(1), zkdx_client::node::At::Hash(latest.hash)] {
        assert!(matches!(run(node.header(at)), Err(ClientError::Answer { .. })), "{at:?}");
    }
}

#[test]
fn huge_numbers_are_refused_or_cannot_be_paid() {
    let (anvil, proxy) = liar();
    let most = |bits: usize| json!(format!("0x{}", "f".repeat(bits / 4)));
    let refuse = |method: &str, answer: Action| {
        proxy.be_honest();
        proxy.always(method, answer);
        let error = quote(&proxy.url(), &sender(), &grant(1), &terms()).expect_err(method);
        use ClientError::{Answer, FeeTooHigh, InsufficientFunds};
        let expected = matches!(error, InsufficientFunds { .. } | FeeTooHigh { .. } | Answer { .. });
        assert!(expected, "{method}: {error}");
    };
    for bits in [64, 128, 256] {
        refuse("eth_estimateGas", Action::result(most(bits)));
        let base = most(bits);
        refuse(
            "eth_getBlockByNumber",
            Action::rewrite(move |_, answer| answer["result"]["baseFeePerGas"] = base.clone()),
        );
    }
    proxy.be_honest();
    proxy.always("eth_blockNumber", Action::result(most(64)));
    grant_soon(&proxy, 1).expect("the newest block may be any");
    assert_eq!(granted(&anvil), 1);
}

#[test]
fn a_tip_that_no_chain_needs_is_not_paid() {
    let (anvil, proxy) = liar();
    for tip in ["0xde0b6b3a7640000", "0xffffffffffffffffffffffffffffffff", "0xffffffffffffffffffffffffffffffffffffffff"]
    {
        proxy.be_honest();
        proxy.always("eth_maxPriorityFeePerGas", Action::result(json!(tip)));
        let quote = quote(&proxy.url(), &sender(), &grant(1), &terms()).expect("can be sent");
        assert!(quote.fees.tip <= 100_000_000_000, "{:?}", quote.fees);
    }
    proxy.be_honest();
    proxy.always("eth_maxPriorityFeePerGas", Action::error(-32_601, "no such method"));
    send(&proxy.url(), &sender(), &grant(1), &terms(), &Silent).expect("settles");
    assert_eq!(granted(&anvil), 1);
}

#[test]
fn a_price_that_was_never_seen_needs_the_users_word() {
    let (anvil, proxy) = liar();
    proxy.always("eth_getBlockByNumber", Action::rewrite(|_, answer| answer["result"]["baseFeePerGas"] = Value::Null));
    proxy.always("eth_gasPrice", Action::result(json!("0x9184e72a001")));
    let quoted = |max_fee| quote(&proxy.url(), &sender(), &grant(1), &Terms { max_fee, ..terms() });
    assert!(matches!(quoted(None), Err(ClientError::FeeTooHigh { .. })), "{:?}", quoted(None));
    assert!(quoted(Some(20_000_000_000_000)).is_ok());
    assert_eq!(anvil.nonce(sender().address()), 0);
}

#[test]
fn gas_that_is_not_enough_is_told_by_the_receipt() {
    let (anvil, proxy) = liar();
    proxy.always("eth_estimateGas", Action::result(json!("0xa000")));
    let error = grant_soon(&proxy, 1).expect_err("too little gas");
    assert!(matches!(&error, ClientError::Reverted(why) if why.contains("was reverted in block")), "{error}");
    assert_eq!((anvil.nonce(sender().address()), granted(&anvil)), (1, 0));
}

#[test]
fn a_revert_outside_of_calls_is_no_contracts_word() {
    let (anvil, proxy) = liar();
    proxy.always("eth_getTransactionReceipt", Action::error(3, "execution reverted: ConsentGrantedAlready"));
    let error = grant_soon(&proxy, 1).expect_err("a lie");
    assert!(matches!(error, ClientError::SilentAfterSending { .. }), "{error}");
    assert_eq!(granted(&anvil), 1);
}

/// TLS is spoken, and a node without it is out of reach, not a panic.
#[test]
fn a_node_without_tls_is_unreachable_by_https() {
    let anvil = Anvil::start(Options::default());
    let error = run(node(&anvil.url().replace("http://", "https://")).chain_id()).expect_err("it speaks no TLS");
    assert!(matches!(&error, ClientError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("corrupt message"), "not a failed handshake: {error}");
}
