//! A log of a permissioned chain is anchored on a public one: members sign what their own nodes show, nothing is sent that the anchor would
//! refuse or that contradicts what is anchored, and each entry can be shown to whoever sees the public chain alone.

mod consortium;
mod ground;
mod support;

use std::thread;

use consortium::{CONTRACT_MEMBER, Consortium, SOURCE_CHAIN};
use ground::{CHAIN, node, run, terms};
use serde_json::{Value, json};
use support::{Action, Anvil, Proxy};
use zkdx_client::anchor::{self, BatchFile, InclusionFile, Start};
use zkdx_client::log::Mark;
use zkdx_client::transaction::{Event, Observer};
use zkdx_client::{ClientError, Contract, Deployment, Parameters, Quote, Result, Session};

/// The batch, signed by the first two accounts.
fn signed(mut file: BatchFile) -> BatchFile {
    file.sign(&Anvil::wallet(0)).expect("signs");
    file.sign(&Anvil::wallet(1)).expect("signs");
    file
}

fn edited(file: &BatchFile, edit: impl FnOnce(&mut Value)) -> BatchFile {
    let mut json: Value = serde_json::from_str(&file.to_json()).expect("JSON");
    edit(&mut json);
    BatchFile::from_json(json.to_string().as_bytes()).expect("it fits together")
}

fn refused<T>(result: Result<T>, says: &str) -> ClientError {
    let error = result.map(drop).expect_err(says);
    assert!(error.to_string().contains(says), "{error}");
    assert!(!error.next().is_empty());
    error
}

/// Refused because a log, a batch and an anchor contradict each other, which is worth an alarm.
fn contradicted<T>(result: Result<T>, says: &str) -> ClientError {
    let error = refused(result, says);
    assert!(matches!(error, ClientError::Contradiction { .. }), "{error:?}");
    error
}

#[test]
fn a_log_is_anchored_batch_by_batch_and_each_entry_can_be_shown() {
    let world = Consortium::new();
    world.record(1, 1);
    world.record(2, 2);
    let first = world.batch();
    assert_eq!((first.batch().first_index, first.batch().count), (0, 3));
    assert_eq!(world.batch_from(Start::Index(0), 1).expect("a batch"), first);
    // Each member signs a copy of its own.
    let (mut copy, mut file) = (first.clone(), first.clone());
    for (member, batch) in [(1, &mut copy), (0, &mut file)] {
        world.confirm(&world.source_node(), batch).expect("the same log");
        batch.sign(&Anvil::wallet(member)).expect("signs");
    }
    file.merge(&copy).expect("one batch");
    world.require_next(&file, Anvil::wallet(0).address()).expect("it is next");
    refused(world.require_next(&file, Anvil::wallet(2).address()), "is no member of the anchor");
    assert!(world.post(&file).expect("posted").is_some());
    refused(world.require_next(&file, Anvil::wallet(0).address()), "is anchored already");
    assert_eq!(world.anchored(), Mark { length: 3, head: first.batch().head });
    let sent = world.sent();
    assert!(world.post(&file).expect("it is there").is_none());
    assert_eq!(world.sent(), sent);

    world.record(3, 5);
    let second = signed(world.batch());
    assert_eq!((second.start(), second.batch().count), (world.anchored(), 5));
    assert_eq!(world.batch_from(Start::Index(3), 1).expect("a batch").hash(), second.hash());
    assert!(world.post(&second).expect("posted").is_some());
    // Not the newest any more, and still known.
    assert!(world.post(&file).expect("it is there").is_none());
    for (batch, index) in [(&file, 0), (&file, 1), (&file, 2), (&second, 3), (&second, 5), (&second, 7)] {
        let inclusion = batch.inclusion(index).expect("in the batch");
        let inclusion = InclusionFile::from_json(inclusion.to_json().as_bytes()).expect("a file");
        run(inclusion.check(&world.public_node(), &world.home)).expect("anchored");
        assert_eq!(batch.find(inclusion.entry.nullifier), Some(index));
    }
    assert_eq!((file.inclusion(3), second.inclusion(2), second.inclusion(8)), (None, None, None));
    refused(world.batch_from(Start::Anchored(world.anchored()), 1), "there is nothing to anchor");
    refused(world.batch_from(Start::Index(9), 1), "the log has 8 entries");
}

#[test]
fn an_entry_that_is_not_anchored_is_not_shown() {
    let world = Consortium::new();
    world.record(1, 4);
    let file = signed(world.batch());
    let node = world.public_node();
    let honest = file.inclusion(2).expect("in the batch");
    let error = run(honest.check(&node, &world.home)).expect_err("nothing is anchored yet");
    assert!(error.is_refusal("NotAnchored"), "{error}");
    world.post(&file).expect("posted");
    run(honest.check(&node, &world.home)).expect("anchored");
    // A file that fits together, of an entry that never was: a tree of its own.
    world.record(2, 1);
    let other = world.batch_from(Start::Index(4), 1).expect("a batch").inclusion(4).expect("in the batch");
    let mut json: Value = serde_json::from_str(&other.to_json()).expect("JSON");
    assert!(run(other.check(&node, &world.home)).expect_err("not anchored").is_refusal("NotAnchored"));
    json["entry"]["index"] = json!(3);
    let (mut lie, entry) = (json.clone(), serde_json::from_value::<zkdx_client::log::Entry>(json["entry"].take()));
    let entry = entry.expect("an entry");
    let leaf = anchor::leaf(SOURCE_CHAIN, other.source_log, 3, entry.entry_digest());
    (lie["entry_digest"], lie["root"]) = (json!(entry.entry_digest()), json!(leaf));
    let lie = InclusionFile::from_json(lie.to_string().as_bytes()).expect("it fits together");
    assert!(run(lie.check(&node, &world.home)).expect_err("not included").is_refusal("NotIncluded"));
    // Another anchor, and a node of another chain.
    let foreign = Deployment::new(CHAIN, 0, Parameters::simple(Anvil::wallet(1).address()));
    refused(run(honest.check(&node, &foreign)), "not for this deployment's");
    let error = run(honest.check(&world.source_node(), &world.home)).expect_err("another chain");
    assert_eq!(error, ClientError::OtherChain { expected: CHAIN, got: SOURCE_CHAIN });
}

#[test]
fn nothing_is_sent_that_the_anchor_would_refuse() {
    let world = Consortium::new();
    world.record(1, 3);
    let unsigned = world.batch();
    let file = signed(unsigned.clone());
    let sent = world.sent();
    let mut one = unsigned.clone();
    one.sign(&Anvil::wallet(1)).expect("signs");
    refused(world.post(&unsigned), "2 members must sign the batch, 0 did");
    refused(world.post(&one), "2 members must sign the batch, 1 did");
    let mut stranger = file.clone();
    stranger.sign(&Anvil::wallet(2)).expect("signs");
    refused(world.post(&stranger), "is no member of the anchor");
    for at in [0, 1] {
        let broken = edited(&file, |json| json["signatures"][at]["signature"] = json!("0x1234"));
        refused(world.post(&broken), "is not that account's over this batch");
    }
    // Both signatures are good, and each is the other member's.
    let crossed = edited(&file, |json| {
        let first = json["signatures"][0]["signature"].take();
        json["signatures"][0]["signature"] = json["signatures"][1]["signature"].take();
        json["signatures"][1]["signature"] = first;
    });
    refused(world.post(&crossed), "is not that account's over this batch");
    // Good signatures over another batch.
    let part = Replayed::of(&file, 0..2).file(&world);
    let spliced = edited(&part, |json| json["signatures"] = json_of(&file)["signatures"].clone());
    refused(world.post(&spliced), "is not that account's over this batch");
    let foreign = Deployment::new(CHAIN, 0, Parameters::simple(Anvil::wallet(1).address()));
    refused(world.post_to(&foreign, &file), "not for this deployment's");
    refused(world.post(&signed(Replayed::of(&file, 1..3).file(&world))), "0 entries of the log are anchored");
    assert_eq!((world.sent(), world.anchored()), (sent, Mark::default()));
    assert!(world.post(&file).expect("posted").is_some());
}

#[test]
fn what_contradicts_the_anchored_log_is_not_posted() {
    let world = Consortium::new();
    world.record(1, 4);
    let whole = signed(world.batch());
    let part = |range| signed(Replayed::of(&whole, range).file(&world));
    world.post(&part(0..2)).expect("posted");
    let sent = world.sent();
    refused(world.post(&whole), "2 entries of the log are anchored, the batch has those from 0 on to 4");
    refused(world.post(&part(3..4)), "2 entries of the log are anchored");
    refused(world.post(&part(0..1)), "entry 0 is anchored in another batch");
    // The contract would take this one: it knows no head but what members sign.
    let mut rewritten = Replayed::of(&whole, 2..4);
    rewritten.start.head = whole.hash();
    let error = contradicted(world.post(&signed(rewritten.file(&world))), "after 2 entries the anchored head is");
    assert!(error.next().starts_with("do not post it"));
    assert_eq!(world.sent(), sent);
    assert!(world.post(&part(2..4)).expect("posted").is_some());
    // As many entries, another history.
    let mut other = Replayed::of(&whole, 2..4);
    other.entries[1].time += 1;
    contradicted(world.post(&signed(other.file(&world))), "after 4 entries the anchored head is");
}

#[test]
fn a_member_that_is_a_contract_decides_by_itself() {
    let world = Consortium::new();
    world.record(1, 1);
    let mut file = world.batch();
    file.sign(&Anvil::wallet(1)).expect("signs");
    let by_contract = json!({ "member": CONTRACT_MEMBER, "signature": "0xc0ffee" });
    let file = edited(&file, |json| {
        let signatures = json["signatures"].as_array_mut().expect("a list");
        signatures.push(by_contract);
        signatures.sort_by_key(|one| one["member"].as_str().map(str::to_lowercase));
    });
    let sent = world.sent();
    // Without code it is an account like any other, which did not sign this.
    refused(world.post(&file), "is not that account's over this batch");
    world.contract_member(false);
    assert!(world.post(&file).expect_err("it says no").is_refusal("InvalidMemberSignature"));
    assert_eq!(world.sent(), sent);
    world.contract_member(true);
    assert!(world.post(&file).expect("posted").is_some());
}

#[test]
fn a_member_signs_nothing_that_its_own_node_does_not_show() {
    let world = Consortium::new();
    let before = world.permissioned.snapshot();
    world.record(1, 1);
    world.record(2, 2);
    let file = world.batch();
    world.confirm(&world.source_node(), &file).expect("the same log");
    let elsewhere = Deployment::new(SOURCE_CHAIN, 0, Parameters::simple(Anvil::wallet(1).address()));
    refused(run(anchor::confirm(&world.source_node(), &elsewhere, &file, 1)), "the batch is of the log");
    // Somebody made up an entry, or left the last one out of the log and put another there.
    let mut forged = Replayed::of(&file, 0..3);
    forged.entries[2].nullifier = file.hash();
    contradicted(world.confirm(&world.source_node(), &forged.file(&world)), "entry 2 of the batch is not the entry 2");
    let mut uprooted = Replayed::of(&file, 1..3);
    uprooted.start.head = file.hash();
    contradicted(world.confirm(&world.source_node(), &uprooted.file(&world)), "do not lead from the head");
    // The chain was reorganised: the log is shorter, then another.
    world.permissioned.revert(&before);
    world.record(3, 1);
    contradicted(world.confirm(&world.source_node(), &file), "is not the entry 0");
    let reverted = world.batch_from(Start::Index(0), 1).expect("a batch");
    world.confirm(&world.source_node(), &reverted).expect("the same log");
    let longer = signed(
        Replayed { entries: [entries_of(&reverted), entries_of(&file)].concat(), ..Replayed::of(&reverted, 0..1) }
            .file(&world),
    );
    refused(world.confirm(&world.source_node(), &longer), "the log has 1 entries");
}

#[test]
fn entries_that_are_not_deep_enough_wait() {
    let world = Consortium::new();
    world.record(1, 1);
    world.permissioned.mine(3);
    world.record(2, 1);
    let count = |confirmations| world.batch_from(Start::Index(0), confirmations).map(|file| file.batch().count);
    assert_eq!((count(1), count(2), count(5)), (Ok(2), Ok(1), Ok(1)));
    refused(count(6), "there is nothing to anchor");
    refused(count(1_000), "no block of the log has 1000 confirmations");
    // Before the log was deployed.
    refused(count(world.permissioned.height()), "no block of the log has");
    let both = world.batch_from(Start::Index(0), 1).expect("a batch");
    refused(run(anchor::confirm(&world.source_node(), &world.source, &both, 2)), "the log has 1 entries");
}

#[test]
fn a_log_that_was_rewritten_below_the_anchor_is_noticed() {
    let world = Consortium::new();
    let before = world.permissioned.snapshot();
    world.record(1, 2);
    world.post(&signed(world.batch())).expect("posted");
    let anchored = world.anchored();
    world.permissioned.revert(&before);
    world.record(9, 1);
    refused(world.batch_from(Start::Anchored(anchored), 1), "the log has 1 entries");
    world.record(8, 2);
    contradicted(world.batch_from(Start::Anchored(anchored), 1), "do not lead from the head");
}

#[test]
fn a_node_that_hides_or_changes_entries_gets_no_batch() {
    let world = Consortium::new();
    world.record(1, 1);
    world.record(2, 1);
    let honest = world.batch();
    let proxy = Proxy::start(world.permissioned.port());
    let make = || {
        let (node, start) = (node(&proxy.url()), Start::Index(0));
        run(anchor::make(&node, &world.source, world.anchor(), start, 1))
    };
    let lie = |change: fn(&mut Vec<Value>), says: &str| {
        let change = move |_: &Value, answer: &mut Value| change(answer["result"].as_array_mut().expect("events"));
        proxy.always("eth_getLogs", Action::rewrite(change));
        refused(make(), says);
        refused(world.confirm(&node(&proxy.url()), &honest), says);
        proxy.be_honest();
    };
    lie(|events| drop(events.remove(0)), "entry 0 of the log is missing");
    lie(|events| drop(events.pop()), "do not lead from the head");
    lie(|events| events.clear(), "do not lead from the head");
    let flip = |events: &mut Vec<Value>| {
        let data = events[1]["data"].as_str().expect("data").to_owned();
        let last = if data.ends_with('0') { "1" } else { "0" };
        events[1]["data"] = json!(data[..data.len() - 1].to_owned() + last);
    };
    lie(flip, "do not lead from the head");
    lie(|events| events[0]["data"] = json!("0x00"), "makes no sense");
    proxy.always("eth_getBlockByHash", Action::rewrite(|_, answer| answer["result"]["timestamp"] = json!("0x1")));
    contradicted(make(), "do not lead from the head");
    proxy.be_honest();
    assert_eq!(make().expect("honest"), honest);
}

/// Posts the same batch from another account at the moment when it is asked whether it may.
struct Rival<'w>(&'w Consortium, &'w BatchFile);

impl Observer for Rival<'_> {
    fn agrees(&self, _: &Quote) -> bool {
        let (world, file) = (self.0, self.1);
        thread::scope(|scope| scope.spawn(|| world.post(file).expect("posted").is_some()).join().expect("no panic"))
    }

    fn happened(&self, _: &Event) {}
}

#[test]
fn who_comes_second_is_done_as_well() {
    let world = Consortium::new();
    world.record(1, 2);
    let file = signed(world.batch());
    let (node, wallet, terms) = (world.public_node(), Anvil::wallet(1), terms());
    let observer = Rival(&world, &file);
    let session = Session { node: &node, deployment: &world.home, wallet: &wallet, terms: &terms, observer: &observer };
    assert!(run(anchor::post(session, &file)).expect("it is anchored").is_none());
    assert_eq!(world.anchored().length, 2);
}

#[test]
fn a_place_without_an_anchor_is_none() {
    let world = Consortium::new();
    world.record(1, 1);
    let empty = Anvil::start(support::Options::default());
    let file = signed(world.batch());
    let error = run(file.inclusion(0).expect("in the batch").check(&node(&empty.url()), &world.home));
    let address = world.home.address(Contract::Anchor);
    assert_eq!(error, Err(ClientError::NoContract { contract: "Anchor", address, chain: CHAIN }));
    // A contract that answers everything says nothing.
    let proxy = Proxy::start(world.public.port());
    proxy.always("eth_call", Action::result(json!(world.home.address(Contract::Anchor).into_word())));
    refused(run(anchor::state(&node(&proxy.url()), &world.home, &world.source)), "says");
}

/// Entries of a batch, to be made into another.
struct Replayed {
    start: Mark,
    entries: Vec<zkdx_client::log::Entry>,
}

impl Replayed {
    fn of(file: &BatchFile, range: std::ops::Range<usize>) -> Self {
        let entries = entries_of(file);
        let start = entries[..range.start].iter().fold(file.start(), |mark, entry| mark.after(entry));
        Self { start, entries: entries[range].to_vec() }
    }

    /// A file that fits together, whatever was changed.
    fn file(self, world: &Consortium) -> BatchFile {
        let Self { start, mut entries } = self;
        (start.length..).zip(&mut entries).for_each(|(index, entry)| entry.index = index);
        let end = entries.iter().fold(start, |mark, entry| mark.after(entry));
        let replay = zkdx_client::log::Replay { start, entries, end };
        BatchFile::new(world.anchor(), &world.source, &replay).expect("has entries")
    }
}

fn entries_of(file: &BatchFile) -> Vec<zkdx_client::log::Entry> {
    file.entries().copied().collect()
}

fn json_of(file: &BatchFile) -> Value {
    serde_json::from_str(&file.to_json()).expect("JSON")
}
