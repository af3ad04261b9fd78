//! Nodes that talk nonsense, or not at all: each ends in an error that says so, soon, with the hash of what was sent.

mod ground;
mod support;

use std::time::{Duration, Instant};

use ground::*;
use serde_json::{Value, json};
use support::Action;
use zkdx_client::{B256, ClientError, Node, Patience, Terms};

/// What is no answer to anything, and what is none to most.
fn nonsense() -> Vec<Value> {
    let long = format!("0x{}", "f".repeat(300));
    let mut deep = json!(1);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let word = json!(B256::repeat_byte(9));
    vec![json!({}), json!([]), json!(true), json!("zz"), json!(-1), json!(1e300), json!(long), deep, word]
}

#[test]
fn nonsense_before_sending_is_refused_and_nothing_is_sent() {
    let (anvil, proxy) = liar();
    for method in
        ["eth_chainId", "eth_getTransactionCount", "eth_getBalance", "eth_estimateGas", "eth_getBlockByNumber"]
    {
        for answer in nonsense().into_iter().chain([Value::Null]) {
            proxy.be_honest();
            proxy.always(method, Action::result(answer.clone()));
            let refused = quote(&proxy.url(), &sender(), &grant(1), &Terms { patience: Duration::ZERO, ..terms() });
            // A number of 32 bytes is a balance.
            let sensible = method == "eth_getBalance" && answer == json!(B256::repeat_byte(9));
            assert_eq!(refused.is_ok(), sensible, "{method}: {answer}: {refused:?}");
        }
    }
    assert_eq!(anvil.nonce(sender().address()), 0);
}

#[test]
fn nonsense_after_sending_ends_the_watch_with_the_hash() {
    let methods = ["eth_sendRawTransaction", "eth_getTransactionReceipt", "eth_blockNumber"];
    for (at, method) in methods.into_iter().enumerate() {
        let (anvil, proxy) = liar();
        for (n, answer) in nonsense().into_iter().enumerate() {
            proxy.be_honest();
            proxy.always(method, Action::result(answer.clone()));
            let settled = grant_soon(&proxy, (at * 100 + n) as u64);
            match (method, settled) {
                // Whether it was accepted is seen soon enough.
                ("eth_sendRawTransaction", Ok(_)) => {}
                (_, Err(ClientError::SilentAfterSending { why, .. })) => assert!(why.contains(method), "{why}"),
                (_, other) => panic!("{method}: {answer}: {other:?}"),
            }
            assert_eq!(granted(&anvil), n + 1);
        }
    }
}

#[test]
fn nonsense_about_a_transaction_that_waits_ends_the_watch_with_the_hash() {
    let (anvil, proxy) = liar();
    anvil.automine(false);
    for answer in nonsense() {
        proxy.be_honest();
        proxy.always("eth_getTransactionByHash", Action::result(answer.clone()));
        let error = grant_soon(&proxy, 1).expect_err("nonsense");
        assert!(
            matches!(error, ClientError::SilentAfterSending { .. } | ClientError::NotSettled { .. }),
            "{answer}: {error}"
        );
        anvil.rpc("anvil_dropAllTransactions", json!([]));
    }
    assert_eq!(anvil.nonce(sender().address()), 0);
}

#[test]
fn bodies_that_are_no_answer_are_refused() {
    let (_anvil, proxy) = liar();
    let flood = [&b"{\"result\":\""[..], &vec![b'0'; 40 << 20], b"\"}"].concat();
    let deep = vec![b'['; 1 << 20];
    for body in
        [Vec::new(), b"<html>busy</html>".to_vec(), vec![0xff; 100], deep, flood, b"null".to_vec(), b"{}".to_vec()]
    {
        proxy.be_honest();
        proxy.always("eth_chainId", Action::Raw(body));
        let id = run(node(&proxy.url()).chain_id());
        assert!(matches!(id, Err(ClientError::Answer { .. })), "{id:?}");
    }
    for (status, body) in [(301, ""), (401, "no"), (403, ""), (404, "<html>"), (500, ""), (200, "")] {
        proxy.be_honest();
        proxy.always("eth_chainId", Action::Status(status, body.into()));
        let id = run(node(&proxy.url()).chain_id());
        let told = id.as_ref().is_err_and(|error| status == 200 || error.to_string().contains(&status.to_string()));
        assert!(told, "{status}: {id:?}");
    }
    proxy.be_honest();
    let refusal = json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": -32_600, "message": "not this" } });
    proxy.always("eth_chainId", Action::Status(400, refusal.to_string()));
    let id = run(node(&proxy.url()).chain_id());
    assert!(matches!(&id, Err(ClientError::Node { why, .. }) if why == "not this"), "{id:?}");
}

#[test]
fn a_node_that_speaks_no_tls_is_unreachable() {
    let (anvil, _) = liar();
    let id = run(node(&anvil.url().replace("http:", "https:")).chain_id());
    assert!(matches!(id, Err(ClientError::Unreachable { .. })), "{id:?}");
}

#[test]
fn a_node_that_never_answers_is_given_up() {
    let (_anvil, proxy) = liar();
    proxy.always("eth_chainId", Action::Delay(Duration::from_secs(4)));
    let hasty = Patience { request: Duration::from_millis(100), ..patience(300) };
    let start = Instant::now();
    let id = run(Node::new(&proxy.url(), hasty).expect("a URL").chain_id());
    let told = |why: &str| why == "it does not answer in time";
    assert!(matches!(&id, Err(ClientError::Unreachable { why, .. }) if told(why)), "{id:?}");
    assert!(start.elapsed() < Duration::from_secs(1));
}
