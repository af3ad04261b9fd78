//! A node's address may hold keys of its operator's: nothing that is shown repeats them, also if the node does.

mod ground;
mod support;

use std::time::Duration;

use ground::*;
use serde_json::json;
use support::Action;
use zkdx_client::transaction::{Silent, transact};
use zkdx_client::{Node, Patience};

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
        Action::Status(200, json!({ "error": { "code": -32_000, "message": echo } }).to_string()),
        Action::Status(200, json!({ "error": { "code": 3, "message": format!("reverted: {echo}") } }).to_string()),
        Action::result(json!(echo)),
        Action::Raw(echo.clone().into_bytes()),
        Action::Delay(Duration::from_secs(3)),
    ];
    let hasty = Patience { request: Duration::from_millis(200), ..patience(100) };
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
