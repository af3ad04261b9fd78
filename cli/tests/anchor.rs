//! The program anchors a log with a real proof in it: a chain of two hospitals, a public chain, members who sign apart, and somebody who has
//! nothing but the public chain.

#[path = "../../client/tests/support/mod.rs"]
mod node_support;
#[path = "chain/people.rs"]
mod people;
mod support;

use node_support::{Anvil, Options};
use people::{EVERYBODY, Ground, Who, text};
use serde_json::json;
use support::Place;

/// Exit codes.
const REFUSED: i32 = 1;
const USAGE: i32 = 2;
const INPUT: i32 = 3;
const CHAIN: i32 = 6;

/// Contracts on both chains, and a recorded diagnosis; its nullifier.
fn recorded(hospitals: &Ground<'_>, public: &Ground<'_>) -> String {
    let (one, other) = (Who::Clinic.address(), Who::OtherClinic.address());
    let members = format!("--anchor-member {one} --anchor-member {other} --anchor-threshold 2");
    hospitals.sends(Who::Admin, "deploy --delay 0");
    public.sends(Who::Admin, &format!("deploy --anchor-only --delay 0 {members} -o anchor-deployment.json"));
    let place = hospitals.place;
    place.quantize("logreg");
    place.ok("compile model.zkdx");
    place.ok("setup circuit.zkdx");
    let model = text(&hospitals.sends(Who::Owner, "register model.zkdx --chain"), "/model_id");
    hospitals.sends(Who::Admin, &format!("authority add {} --name Board", Who::Authority.address()));
    hospitals.sends(Who::Authority, &format!("model approve {model}"));
    place.ok("commit models/data/record.json");
    hospitals.ok(Who::Patient, &format!("consent sign --grantee {one} --model {model} --lasting 1day"));
    hospitals.sends(Who::Clinic, "consent grant consent.json");
    place.ok(&format!("prove --deployment deployment.json --submitter {one} --consent consent.json"));
    text(&hospitals.sends(Who::Clinic, "submit proof.json"), "/recorded/0/nullifiers/0")
}

#[test]
fn hospitals_anchor_their_log_and_a_stranger_checks_an_entry() {
    let permissioned = Anvil::start(Options { chain_id: 1_337, free: true, accounts: EVERYBODY, ..Options::default() });
    let open = Anvil::start(Options { accounts: EVERYBODY, ..Options::default() });
    let place = Place::new();
    let hospitals = Ground { place: &place, url: permissioned.url() };
    let public = Ground { place: &place, url: open.url() };
    let nullifier = recorded(&hospitals, &public);
    let (url, batch) = (open.url(), format!("anchor batch --anchor-rpc {}", open.url()));

    // Not deep enough yet, by the default.
    hospitals.refused_by(Who::Nobody, "anchor batch --first 0", INPUT, &["confirmations", "--confirmations"]);
    hospitals.refused_by(Who::Nobody, &batch, INPUT, &["confirmations"]);
    permissioned.mine(11);
    let made = hospitals.ok(Who::Nobody, &batch);
    assert_eq!((&made["batch"]["count"], &made["signed_by"]), (&json!(1), &json!([])));
    assert_eq!(hospitals.ok(Who::Nobody, "anchor batch --first 0 -o same.json")["batch_hash"], made["batch_hash"]);

    // A member signs a copy, another the file itself; a stranger, or a file that was changed, gets no signature.
    let sign = format!("anchor sign batch.json --anchor-rpc {url}");
    hospitals.refused_by(Who::Nobody, &sign, INPUT, &["is no member of the anchor", "next:"]);
    place.edit("batch.json", "changed.json", "/batch/count", json!(2));
    hospitals.refused_by(Who::Clinic, "anchor sign changed.json", INPUT, &["cannot use `changed.json`", "why:"]);
    let foreign = "anchor sign batch.json --anchor-deployment deployment.json";
    hospitals.refused_by(Who::Clinic, foreign, INPUT, &["not for this deployment's", "--anchor-deployment"]);
    let swapped = format!("{sign} --deployment anchor-deployment.json");
    hospitals.refused_by(Who::Clinic, &swapped, CHAIN, &["the node is on chain 1337"]);
    let before = place.read("batch.json");
    hospitals.ok(Who::OtherClinic, "anchor sign batch.json -o theirs.json");
    assert_eq!(place.read("batch.json"), before);
    let signed = hospitals.ok(Who::Clinic, &sign);
    assert_eq!(signed["signed_by"], json!([Who::Clinic.address()]));

    // Anybody posts it, once.
    let post = "anchor post batch.json";
    public.refused(&open, Who::Nobody, post, INPUT, &["2 members must sign the batch, 1 did", "zkdx anchor sign"]);
    public.refused(&open, Who::Nobody, "anchor post same.json", INPUT, &["2 members must sign the batch, 0 did"]);
    place.edit("theirs.json", "forged.json", "/signatures/0/signature", json!("0x1234"));
    let forged = "anchor post batch.json forged.json";
    public.refused(&open, Who::Nobody, forged, INPUT, &["is not that account's over this batch"]);
    let merge = "anchor post theirs.json forged.json";
    public.refused(&open, Who::Nobody, merge, INPUT, &["cannot use `forged.json`", "two different signatures"]);
    let wrong = hospitals.run(Who::Nobody, &format!("{post} theirs.json --yes"));
    wrong.assert_refused(CHAIN, &["the node is on chain 1337, the deployment on chain 31337"]);
    assert!(public.sends(Who::Nobody, &format!("{post} theirs.json"))["transaction"].is_object());
    assert!(public.sends(Who::Nobody, &format!("{post} theirs.json"))["transaction"].is_null());
    hospitals.refused_by(Who::Nobody, &format!("{batch} -o next.json"), INPUT, &["there is nothing to anchor"]);

    // Who knows the nullifier finds the entry; who sees the public chain alone checks it.
    place.ok(&format!("anchor prove batch.json --nullifier {nullifier}"));
    let checked = public.ok(Who::Nobody, "anchor check inclusion.json");
    assert_eq!((&checked["anchored"], text(&checked, "/entry/nullifier")), (&json!(true), nullifier));
    place.refused(
        "anchor prove batch.json --index 1 -o none.json",
        INPUT,
        &["is not in `batch.json`", "from 0 on to 1"],
    );
    place.refused("anchor prove batch.json -o none.json", USAGE, &["--index <INDEX>"]);
    place.edit("inclusion.json", "later.json", "/entry/time", json!(1));
    public.refused_by(Who::Nobody, "anchor check later.json", INPUT, &["its entry was changed"]);
    for (file, what) in [("batch.json", "batch of entries"), ("inclusion.json", "proof that an entry is anchored")] {
        assert!(place.ok(&format!("inspect {file}")).out.contains(what));
    }

    // An anchor on another chain of the same id knows nothing of it.
    let empty = Anvil::start(Options::default());
    let elsewhere = Ground { place: &place, url: empty.url() };
    elsewhere.refused_by(Who::Nobody, "anchor check inclusion.json", CHAIN, &["there is no Anchor at"]);
    elsewhere.sends(Who::Admin, "deploy --delay 0 -o other.json");
    let other = "anchor check inclusion.json --anchor-deployment other.json";
    elsewhere.refused_by(Who::Nobody, other, INPUT, &["not for this deployment's"]);
    let members = format!("--anchor-member {} --anchor-member {}", Who::Clinic.address(), Who::OtherClinic.address());
    elsewhere.sends(Who::Admin, &format!("deploy --delay 0 {members} --anchor-threshold 2 -o twin.json"));
    elsewhere.refused_by(Who::Nobody, "anchor check inclusion.json", REFUSED, &["NotAnchored", "zkdx anchor batch"]);
}

#[test]
fn what_needs_no_node_asks_none() {
    let place = Place::new();
    place.refused("anchor batch", USAGE, &["--anchor-rpc <URL>"]);
    place.refused("anchor batch --first 0", INPUT + 1, &["there is no deployment at `anchor-deployment.json`"]);
    place.refused("anchor sign batch.json", INPUT + 1, &["cannot read `batch.json`"]);
    place.refused("anchor post", USAGE, &["<BATCHES>"]);
    place.write("batch.json", "{}");
    place.refused("anchor post batch.json", INPUT, &["cannot use `batch.json`", "missing field", "next:"]);
    place.refused("anchor prove batch.json --index 0 --nullifier 0x00", USAGE, &["invalid value '0x00'"]);
    place.refused("anchor check batch.json", INPUT, &["this is no inclusion that can be used"]);
}
