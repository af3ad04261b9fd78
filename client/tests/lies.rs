//! Nodes that lie or talk nonsense: each ends in an error that says so, soon, and no secret of the node's address is repeated.

mod ground;
mod support;

use std::time::{Duration, Instant};

use ground::*;
use serde_json::{Value, json};
use support::{Action, Anvil, Options, Proxy};
use zkdx_client::transaction::{Silent, transact};
use zkdx_client::{Address, B256, ClientError, Deployment, Node, Parameters, Result, Settled, Terms, U256, Wallet};

fn sender() -> Wallet {
    Anvil::wallet(0)
}

/// A little chain and somebody who lies about it.
fn liar() -> (Anvil, Proxy) {
    let anvil = chain(Options::default());
    let proxy = Proxy::start(anvil.port());
    (anvil, proxy)
}

/// Grants consent `n` through a client that loses its patience after 100 ms, and gives up after 300 ms.
fn grant_soon(proxy: &Proxy, n: u64) -> Result<Settled> {
    let node = Node::new(&proxy.url(), patience(100)).expect("a URL");
    let terms = Terms { timeout: Duration::from_millis(300), patience: Duration::from_millis(200), ..terms() };
    run(transact(&node, CHAIN, &sender(), &grant(n), &terms, &Silent))
}

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
fn a_node_that_never_answers_is_given_up() {
    let (_anvil, proxy) = liar();
    proxy.always("eth_chainId", Action::Delay(Duration::from_secs(4)));
    let hasty = zkdx_client::Patience { request: Duration::from_millis(100), ..patience(300) };
    let start = Instant::now();
    let id = run(Node::new(&proxy.url(), hasty).expect("a URL").chain_id());
    let told = |why: &str| why == "it does not answer in time";
    assert!(matches!(&id, Err(ClientError::Unreachable { why, .. }) if told(why)), "{id:?}");
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn receipts_of_other_transactions_are_not_believed() {
    let other = B256::repeat_byte(7);
    let lies: [(&str, fn(&mut Value, B256)); 3] = [
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
        assert!(
            matches!(error, ClientError::InsufficientFunds { .. } | ClientError::Answer { .. }),
            "{method}: {error}"
        );
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

fn events(proxy: &Proxy, from: u64, to: u64) -> Result<usize> {
    use alloy::sol_types::SolEvent;
    let topics = [Some(zkdx_contracts::abi::ConsentRegistry::ConsentGranted::SIGNATURE_HASH), None, None, None];
    run(node(&proxy.url()).logs(registry(), &topics, from, to)).map(|found| found.len())
}

#[test]
fn events_that_were_not_asked_for_are_refused() {
    let (anvil, proxy) = liar();
    for n in 0..3 {
        send(&anvil.url(), &sender(), &grant(n), &terms(), &Silent).expect("settles");
    }
    assert_eq!((anvil.height(), events(&proxy, 0, 4)), (4, Ok(3)));
    assert_eq!((events(&proxy, 3, 3), events(&proxy, 4, 3)), (Ok(1), Ok(0)));
    let lies: [fn(&mut Value); 9] = [
        |logs| logs[1]["address"] = json!(Address::ZERO),
        |logs| logs[1]["topics"][0] = json!(B256::ZERO),
        |logs| logs[1]["topics"] = json!([]),
        |logs| logs[1]["blockNumber"] = json!("0xffffffff"),
        |logs| logs[1]["removed"] = json!(true),
        |logs| logs[1]["blockHash"] = Value::Null,
        |logs| logs[1] = logs[0].clone(),
        |logs| logs.as_array_mut().expect("events").reverse(),
        |logs| logs[1]["data"] = json!("0x0"),
    ];
    for (at, lie) in lies.into_iter().enumerate() {
        proxy.be_honest();
        proxy.always(
            "eth_getLogs",
            Action::rewrite(move |_, answer| {
                if answer["result"].as_array().is_some_and(|logs| logs.len() == 3) {
                    lie(&mut answer["result"]);
                } else {
                    answer["result"] = json!({});
                }
            }),
        );
        let told = events(&proxy, 0, 4);
        assert!(matches!(told, Err(ClientError::Answer { .. })), "{at}: {told:?}");
    }
}

#[test]
fn refused_ranges_are_cut_and_an_endless_chain_ends() {
    let (anvil, proxy) = liar();
    for n in 0..3 {
        send(&anvil.url(), &sender(), &grant(n), &terms(), &Silent).expect("settles");
    }
    let wide = |params: &Value| {
        let [from, to] = ["fromBlock", "toBlock"].map(|key| params[0][key].as_str().expect("a number").to_owned());
        let [from, to] = [from, to].map(|digits| U256::from_str_radix(&digits[2..], 16).expect("a number"));
        to - from >= U256::from(2)
    };
    proxy.always("eth_getLogs", Action::rewrite(move |params, answer| {
        if wide(params) {
            *answer = json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": -32_005 + 1, "message": "too many blocks" } });
        }
    }));
    assert_eq!(events(&proxy, 0, 4), Ok(3));
    proxy.be_honest();
    proxy.always("eth_getLogs", Action::result(json!([])));
    let asked = proxy.seen("eth_getLogs").len();
    assert_eq!(events(&proxy, 1, u64::MAX), Ok(0));
    assert!(proxy.seen("eth_getLogs").len() - asked < 64);
}

#[test]
fn the_secrets_of_an_address_are_in_no_error() {
    let (anvil, proxy) = liar();
    let secrets = ["k3yInThePath", "k3yInTheQuery", "someb0dy", "passw0rd"];
    let [path, query, user, password] = secrets;
    let port = proxy.url().rsplit(':').next().expect("a port").to_owned();
    let url = format!("http://{user}:{password}@127.0.0.1:{port}/v3/{path}?apikey={query}");
    let echo = format!("no such project: {url} ({path}, {query}, {user}:{password})");
    let closed = url.replace(&port, "1");
    let actions = [
        Action::DropBefore,
        Action::Status(401, echo.clone()),
        Action::Status(500, echo.clone()),
        Action::error(-32_000, &echo),
        Action::error(3, &format!("execution reverted: {echo}")),
        Action::result(json!(echo)),
        Action::Raw(echo.clone().into_bytes()),
        Action::Delay(Duration::from_secs(3)),
    ];
    let hasty = zkdx_client::Patience { request: Duration::from_millis(200), ..patience(100) };
    let silent = |url: &str, what: &str| {
        let node = Node::new(url, hasty).expect("a URL");
        let error = run(transact(&node, CHAIN, &sender(), &grant(1), &terms(), &Silent)).expect_err(what);
        let words = format!("{error} {error:?} {}", error.next());
        assert!(secrets.iter().all(|secret| !words.contains(secret)), "{what}: {words}");
    };
    for method in ["eth_chainId", "eth_estimateGas", "eth_sendRawTransaction", "eth_getTransactionReceipt"] {
        for (at, action) in actions.iter().enumerate() {
            // Nonsense about what was sent does not keep it from settling.
            if method == "eth_sendRawTransaction" && (5..8).contains(&at) {
                continue;
            }
            let snapshot = anvil.snapshot();
            proxy.be_honest();
            proxy.always(method, action.clone());
            silent(&url, &format!("{method}, {at}"));
            anvil.revert(&snapshot);
        }
    }
    silent(&closed, "a closed port");
    for wrong in [
        "k3yInThePath",
        "ws://h/k3yInThePath",
        "k3yInThePath:8545",
        "http://k3yInThePath:port/",
        "https:///?k3yInTheQuery",
    ] {
        let words = Node::new(wrong, hasty).map(|node| node.name().to_owned());
        let shown = words.as_ref().map_or_else(ToString::to_string, Clone::clone);
        assert!(words.is_err() && secrets.iter().all(|secret| !shown.contains(secret)), "{wrong}: {words:?}");
    }
}
