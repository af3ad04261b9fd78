//! `zkdx audit` against a real node, after real proofs were recorded, and against one that lies.

#[path = "../../client/tests/support/mod.rs"]
mod node_support;
#[path = "chain/people.rs"]
mod people;
mod support;

use node_support::{Action, Anvil, Proxy};
use people::{Ground, Who, consents, everybody, prepared, text};
use serde_json::{Value, json};
use support::Place;

/// A proof under a consent, recorded by the clinic; the model, the record and the consent.
fn recorded(anvil: &Anvil, place: &Place) -> [String; 3] {
    let ground = Ground { place, url: anvil.url() };
    let (model, record) = prepared(anvil, place);
    let clinic = Who::Clinic.address();
    let scope = format!("--model {model} --record {record}");
    let consent = consents(&ground, &clinic.to_string(), &scope, "consent.json");
    place.ok(&format!("prove --deployment deployment.json --submitter {clinic} --consent consent.json"));
    ground.sends(Who::Clinic, "submit proof.json");
    [model, record, consent]
}

fn summary(entries: usize, findings: usize) -> Value {
    json!({ "replayed": 1, "entries": entries, "verified": entries, "single_party": entries, "findings": findings })
}

#[test]
fn what_was_recorded_is_checked_and_shown() {
    let (anvil, place) = (everybody(), Place::new());
    let ground = Ground { place: &place, url: anvil.url() };
    let [model, record, consent] = recorded(&anvil, &place);
    let audit = |flags: &str| ground.ok(Who::Nobody, &format!("audit --confirmations 1 {flags}"));
    for flags in
        [format!("--record {record}"), format!("--model {model}"), format!("--consent {consent}"), String::new()]
    {
        let report = audit(&format!("{flags} --public model.public"));
        assert_eq!(report["summary"], summary(1, 0), "{flags}: {report}");
        let entry = &report["entries"][0];
        assert_eq!(
            (text(entry, "/record"), text(entry, "/model"), text(entry, "/consent")),
            (record.clone(), model.clone(), consent.clone())
        );
        let proven = &place.json("proof.json")["reading"]["cases"][0];
        assert_eq!(entry["reading"]["reading"]["diagnosis"], proven["diagnosis"]);
        assert_eq!(entry["approved_by"][0]["name"], "Board");
    }
    assert_eq!(audit(&format!("--record 0x{}", "00".repeat(32)))["summary"], summary(0, 0));

    // The same for people, as FHIR, and into files.
    let shown = ground.run(Who::Nobody, "audit --confirmations 1 --public model.public");
    assert_eq!(shown.code, Some(0), "{shown:#?}");
    assert!(shown.out.contains("1 of 1 proofs verified (1 under single-party keys), 0 findings"), "{shown:#?}");
    let bundle = audit("--format fhir");
    assert_eq!((&bundle["resourceType"], &bundle["type"]), (&json!("Bundle"), &json!("collection")));
    for (format, file) in [("table", "report.txt"), ("json", "report.json"), ("fhir", "bundle.json")] {
        assert_eq!(audit(&format!("--format {format} -o {file}"))["file"], file);
        assert!(place.read(file).len() > 1000);
    }
    assert_eq!(place.json("report.json")["format"], "zkdx-audit");
    assert_eq!(place.json("bundle.json"), bundle);
    let again = ground.run(Who::Nobody, "audit --confirmations 1 -o report.json");
    again.assert_refused(4, &["it exists", "--force"]);
}

#[test]
fn a_node_that_lies_is_refused() {
    let (anvil, place) = (everybody(), Place::new());
    recorded(&anvil, &place);
    let proxy = Proxy::start(anvil.port());
    let liar = Ground { place: &place, url: proxy.url() };
    let log = text(&place.json("deployment.json"), "/contracts/DiagnosisLog").to_lowercase();
    proxy.always(
        "eth_getLogs",
        Action::rewrite(move |params, answer| {
            if params[0]["address"].as_str().is_some_and(|address| address.to_lowercase() == log) {
                answer["result"] = json!([]);
            }
        }),
    );
    let answer = liar.run(Who::Nobody, "audit --confirmations 1");
    answer.assert_refused(1, &["the history does not hold", "has 1 entries, its events tell of 0", "ask another node"]);
    assert!(answer.out.contains("FINDING"), "{answer:#?}");
    let answer = liar.run(Who::Nobody, "audit --confirmations 1 --json");
    assert_eq!(answer.code, Some(1), "{answer:#?}");
    let object = answer.one_object();
    assert_eq!((&object["error"]["kind"], &object["summary"]["findings"]), (&json!("refused"), &json!(2)));
    assert_eq!(object["findings"][0]["kind"], "length");
    let both = liar.run(Who::Nobody, &format!("audit --confirmations 1 --rpc {} --rpc {}", anvil.url(), proxy.url()));
    both.assert_refused(1, &["disagree about the contracts' events", "ask others"]);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let (anvil, place) = (everybody(), Place::new());
    let ground = Ground { place: &place, url: anvil.url() };
    ground.sends(Who::Admin, "deploy --delay 0");
    let zero = format!("0x{}", "00".repeat(32));
    let run = |line: &str| ground.run(Who::Nobody, line);
    run(&format!("audit --record {zero} --model {zero}")).assert_refused(2, &["cannot be used with"]);
    run("audit --record 0x12").assert_refused(2, &["invalid value"]);
    run("audit --block 1000000").assert_refused(3, &["there is no block 1000000 yet"]);
    run("audit --block 0 --confirmations 3").assert_refused(2, &["cannot be used with"]);
    run("audit --deployment missing.json").assert_refused(4, &["missing.json"]);
    run("audit --public missing.public").assert_refused(4, &["missing.public"]);
    let silent = run("audit --rpc http://127.0.0.1:1/secret-key --retry-for 0");
    silent.assert_refused(6, &["cannot be reached"]);
    assert!(!format!("{}{}", silent.out, silent.err).contains("secret-key"));
    run("audit --rpc ftp://x").assert_refused(2, &["neither http:// nor https://"]);
}
