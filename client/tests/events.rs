//! Events are those that were asked for, in their order, however far and in whatever portions a node serves them.

mod ground;
mod support;

use ground::*;
use serde_json::{Value, json};
use support::{Action, Proxy};
use zkdx_client::transaction::Silent;
use zkdx_client::{Address, B256, ClientError, Result, U256};

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
