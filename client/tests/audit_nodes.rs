//! Audits of nodes that differ, lie, lose blocks or are asked for what there is not.

mod ground;
mod story;
mod support;

use serde_json::{Value, json};
use zkdx_client::audit::{FindingKind, History, Scope, Subject, examine, read};
use zkdx_client::{ClientError, Deployment, Node, Result};

use ground::{CHAIN, deploy, deployment, node, run};
use story::Story;
use support::{Action, Anvil, Options, Proxy};

const NOW: Scope = Scope { subject: Subject::Log, block: None, confirmations: 0 };

fn ask(urls: &[String], deployment: &Deployment, scope: &Scope) -> Result<History> {
    let nodes: Vec<Node> = urls.iter().map(|url| node(url)).collect();
    run(read(&nodes.iter().collect::<Vec<_>>(), deployment, scope))
}

fn kinds(history: &History) -> Vec<FindingKind> {
    examine(history, Subject::Log, &[]).findings.iter().map(|finding| finding.kind).collect()
}

/// Changes what `eth_getLogs` says of the contract at `address`.
fn logs_of(address: impl ToString, change: impl Fn(&mut Vec<Value>) + Send + Sync + 'static) -> Action {
    let address = address.to_string().to_lowercase();
    Action::rewrite(move |params, answer| {
        let asked = params[0]["address"].as_str().unwrap_or_default().to_lowercase();
        if let (true, Some(logs)) = (asked == address, answer["result"].as_array_mut()) {
            change(logs);
        }
    })
}

#[test]
fn nodes_that_lie_are_found_out() {
    let story = Story::tell();
    let (honest, proxy) = (story.anvil.url(), Proxy::start(story.anvil.port()));
    let deployment = &story.deployment;
    let log = deployment.address(zkdx_client::Contract::DiagnosisLog);
    let registry = deployment.address(zkdx_client::Contract::ModelRegistry);

    // Two that agree.
    let both = ask(&[honest.clone(), proxy.url()], deployment, &NOW).expect("they agree");
    assert_eq!((kinds(&both).len(), both.nodes.len()), (0, 2));

    // One that leaves the last entry out is found out alone, one that leaves an approval out by the other.
    proxy.always("eth_getLogs", logs_of(log, |logs| drop(logs.pop())));
    let found = kinds(&ask(&[proxy.url()], deployment, &NOW).expect("it reads"));
    assert!(found.contains(&FindingKind::Length) && found.contains(&FindingKind::Head), "{found:?}");
    proxy.be_honest();
    proxy.always("eth_getLogs", logs_of(registry, |logs| drop(logs.remove(6))));
    for urls in [[honest.clone(), proxy.url()], [proxy.url(), honest.clone()]] {
        let error = ask(&urls, deployment, &NOW).expect_err("they disagree");
        assert!(error.to_string().contains("disagree about the contracts' events"), "{error}");
    }
    proxy.be_honest();

    // Other calldata, no calldata, and a transaction of another hash.
    let input = |input: &'static str| Action::rewrite(move |_, answer| answer["result"]["input"] = json!(input));
    proxy.always("eth_getTransactionByHash", input("0x"));
    assert!(kinds(&ask(&[proxy.url()], deployment, &NOW).expect("it reads")).contains(&FindingKind::ProofNotFound));
    proxy.be_honest();
    let other = Action::rewrite(|_, answer| answer["result"]["hash"] = json!(zkdx_client::B256::ZERO));
    proxy.always("eth_getTransactionByHash", other);
    let error = ask(&[proxy.url()], deployment, &NOW).expect_err("it was not asked for");
    assert!(error.to_string().contains("another transaction than the one asked for"), "{error}");
    proxy.be_honest();

    // Another time for every block.
    let later = Action::rewrite(|_, answer| {
        let time = answer["result"]["timestamp"].as_str().expect("a time").trim_start_matches("0x");
        let time = u64::from_str_radix(time, 16).expect("a number") + 60;
        answer["result"]["timestamp"] = json!(format!("0x{time:x}"));
    });
    proxy.always("eth_getBlockByNumber", later);
    assert!(kinds(&ask(&[proxy.url()], deployment, &NOW).expect("it reads")).contains(&FindingKind::Head));
    proxy.be_honest();

    // A node that cannot be asked by hash is asked by number.
    let by_hash = Action::rewrite(|params, answer| {
        if params[1]["blockHash"].is_string() {
            let error = json!({ "code": -32602, "message": "invalid block tag" });
            *answer = json!({ "jsonrpc": "2.0", "id": answer["id"], "error": error });
        }
    });
    proxy.always("eth_call", by_hash);
    assert_eq!(kinds(&ask(&[proxy.url()], deployment, &NOW).expect("it reads")), []);
    proxy.be_honest();

    // A block that is replaced meanwhile: the first answer about it names another hash than the last.
    let height = story.anvil.height();
    let replaced = Action::rewrite(move |params, answer| {
        if params[0] == json!(format!("0x{height:x}")) {
            answer["result"]["hash"] = json!(zkdx_client::B256::repeat_byte(1));
        }
    });
    proxy.next("eth_getBlockByNumber", 1, replaced);
    let by_number = Action::rewrite(|params, answer| {
        if params[1]["blockHash"].is_string() {
            let error = json!({ "code": -32000, "message": "unknown block" });
            *answer = json!({ "jsonrpc": "2.0", "id": answer["id"], "error": error });
        }
    });
    proxy.always("eth_call", by_number);
    let error = ask(&[proxy.url()], deployment, &NOW).expect_err("it was replaced");
    assert!(error.to_string().contains("was replaced by another while it was read"), "{error}");
}

#[test]
fn an_earlier_block_shows_what_was_then() {
    let story = Story::tell();
    let now = story.read(Subject::Log).expect("it reads");
    let report = examine(&now, Subject::Log, &[]);
    let first = report.entries[0].entry.place.block;
    let scope = Scope { block: Some(first), ..NOW };
    let then = ask(&[story.anvil.url()], &story.deployment, &scope).expect("it reads");
    assert_eq!((kinds(&then).len(), then.facts.length, then.block.number), (0, 1, first));
    let depth = Scope { confirmations: story.anvil.height() - first, ..NOW };
    assert_eq!(ask(&[story.anvil.url()], &story.deployment, &depth).expect("it reads"), then);
}

#[test]
fn blocks_that_are_not_there_are_refused() {
    let anvil = Anvil::start(Options::default());
    let there = deployment(CHAIN);
    deploy(&anvil.url(), &there).expect("deploys");
    let at = |block| ask(&[anvil.url()], &there, &Scope { block: Some(block), ..NOW });
    assert!(at(anvil.height()).is_ok());
    let error = at(anvil.height() + 1).expect_err("not yet");
    assert!(error.to_string().contains("there is no block") && matches!(error, ClientError::Mismatch { .. }));
    let later = Deployment::new(31_337, anvil.height() + 5, there.parameters.clone());
    let error = ask(&[anvil.url()], &later, &NOW).expect_err("before the contracts");
    assert!(error.to_string().contains("there were no contracts yet"), "{error}");
    assert!(matches!(ask(&[], &there, &NOW), Err(ClientError::Url(_))));
    let nowhere = Anvil::start(Options::default());
    assert!(matches!(ask(&[nowhere.url()], &there, &NOW), Err(ClientError::NoContract { .. })));
}
