//! An audit of a history on a real node finds nothing, and an audit of the same history with anything changed does.

mod ground;
mod story;
mod support;

use std::sync::OnceLock;

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use alloy::sol_types::SolEvent;
use zkdx_client::audit::{
    ConsentState, FindingKind, History, OutcomeReading, ProofState, Report, Setup, Subject, VersionState, chained,
    entry_digest, examine,
};
use zkdx_contracts::abi::ModelRegistry::{ApprovalWithdrawn, AuthorityStruckOff, ModelApproved};
use zkdx_verifier::PublicModel;

use story::Story;

/// The story as it was read, for changes.
struct Told {
    history: History,
    publics: Vec<PublicModel>,
    consent: B256,
    record: B256,
    request: B256,
    model: B256,
    revoked: B256,
}

fn told() -> &'static Told {
    static TOLD: OnceLock<Told> = OnceLock::new();
    TOLD.get_or_init(|| {
        let story = Story::tell();
        Told {
            history: story.read(Subject::Log).expect("the history is read"),
            publics: story.publics(),
            consent: story.consent,
            record: story.record,
            request: story.request,
            model: story.single.model().id().into(),
            revoked: story.double.model().id().into(),
        }
    })
}

fn report(history: &History) -> Report {
    examine(history, Subject::Log, &[])
}

/// The report of the changed history.
fn after(change: impl FnOnce(&mut History)) -> Report {
    let mut history = told().history.clone();
    change(&mut history);
    assert_ne!(history, told().history, "nothing was changed");
    report(&history)
}

fn kinds(report: &Report) -> Vec<FindingKind> {
    report.findings.iter().map(|finding| finding.kind).collect()
}

fn finds(kind: FindingKind, change: impl FnOnce(&mut History)) {
    let report = after(change);
    assert!(kinds(&report).contains(&kind), "{kind:?} is not among {:?}", report.findings);
}

/// Indices of the events that a report shows: the rest are roles, and payments taken out.
fn shown() -> Vec<usize> {
    let Told { history, .. } = told();
    let places: Vec<_> = report(history).events.iter().map(|line| (line.place.block, line.place.log_index)).collect();
    let is_shown = |(_, event): &(usize, &zkdx_client::audit::Event)| places.contains(&(event.block, event.index));
    history.events.iter().enumerate().filter(is_shown).map(|(index, _)| index).collect()
}

fn flip(bytes: &mut Bytes, at: usize) {
    let mut changed = bytes.to_vec();
    changed[at] ^= 1;
    *bytes = changed.into();
}

#[test]
fn an_honest_history_holds() {
    let Told { history, publics, model, revoked, request, .. } = told();
    let report = examine(history, Subject::Log, publics);
    assert_eq!(report.findings, []);
    assert_eq!((report.summary.replayed, report.summary.verified, report.summary.single_party), (6, 6, 4));
    assert_eq!(report.entries.iter().map(|entry| entry.entry.index).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
    let verified = |setup, records| ProofState::Verified { setup, records };
    assert_eq!(report.entries[0].proof, verified(Setup::SingleParty, 1));
    assert_eq!(report.entries[3].proof, verified(Setup::Ceremony, 2));
    assert_eq!(report.entries[0].reading.summary(), "malignant");
    assert_eq!(report.entries[1].reading.summary(), "benign");
    assert_eq!(report.entries[3].reading, OutcomeReading::Committed);
    let approved: Vec<_> = report.entries[0].circumstances.approved_by.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(approved, ["Notified body", "Ethics board"]);
    assert_eq!(report.entries[3].circumstances.approved_by.len(), 1);
    assert_eq!(report.entries[5].circumstances.request, Some(*request));
    let trail = |id: &B256| &report.models.iter().find(|model| model.trail.id == *id).expect("it is there").trail;
    assert!(trail(model).revoked.is_none());
    assert_eq!(trail(revoked).revoked.as_ref().expect("revoked").reason, "superseded");
    assert_eq!(trail(revoked).successor, Some(*model));
    assert!(report.consents.iter().any(|consent| consent.withdrawn.is_some()));
}

#[test]
fn without_public_files_a_class_is_a_number() {
    let report = report(&told().history);
    assert_eq!(report.entries[0].reading, OutcomeReading::Class { class: 1 });
    assert_eq!(report.entries[3].reading, OutcomeReading::Unread);
}

#[test]
fn a_file_of_another_architecture_is_a_finding() {
    let Told { history, publics, .. } = told();
    let [one, two] = &publics[..] else { panic!("two") };
    let mixed = PublicModel::new(one.model().clone(), one.card().clone(), two.architecture().clone());
    let report = examine(history, Subject::Log, &[mixed]);
    assert!(kinds(&report).iter().all(|kind| *kind == FindingKind::Outcome) && report.findings.len() == 4);
}

#[test]
fn a_part_shows_what_belongs_to_it() {
    let Told { history, consent, record, model, revoked, .. } = told();
    let entries = |subject| {
        let report = examine(history, subject, &[]);
        assert_eq!(report.findings, [], "{subject:?}");
        report.entries.iter().map(|entry| entry.entry.index).collect::<Vec<_>>()
    };
    assert_eq!(entries(Subject::Record(*record)), [0]);
    assert_eq!(entries(Subject::Model(*model)), [0, 1, 2, 5]);
    assert_eq!(entries(Subject::Model(*revoked)), [3, 4]);
    assert_eq!(entries(Subject::Consent(*consent)), [0, 1, 2, 3, 4]);
}

#[test]
fn every_changed_word_of_an_event_is_found() {
    for index in shown() {
        let event = &told().history.events[index];
        for topic in 0..event.topics.len() {
            for byte in [0, 12, 31] {
                let report = after(|history| history.events[index].topics[topic].0[byte] ^= 1);
                assert!(!report.holds(), "topic {topic}, byte {byte} of {event:?}");
            }
        }
        for at in (0..event.data.len()).filter(|at| [0, 12, 31].contains(&(at % 32))) {
            let report = after(|history| flip(&mut history.events[index].data, at));
            assert!(!report.holds(), "byte {at} of {event:?}");
        }
    }
}

/// What an authority said of a model before it was struck off is in no state that can be asked for: only another node can tell of it.
fn leaves_no_trace(event: &zkdx_client::audit::Event) -> bool {
    let events = &told().history.events;
    let struck_off = events.iter().filter(|other| other.topics[0] == AuthorityStruckOff::SIGNATURE_HASH);
    let authorities: Vec<_> = struck_off.map(|other| other.topics[1]).collect();
    let words = [ModelApproved::SIGNATURE_HASH, ApprovalWithdrawn::SIGNATURE_HASH];
    words.contains(&event.topics[0]) && authorities.contains(&event.topics[2])
}

#[test]
fn every_missing_repeated_or_cut_event_is_found() {
    for index in shown() {
        let event = told().history.events[index].clone();
        let missing = |history: &mut History| drop(history.events.remove(index));
        assert!(!after(missing).holds() || leaves_no_trace(&event), "missing {event:?}");
        assert!(!after(|history| history.events.insert(index, event.clone())).holds(), "twice {event:?}");
        let shorter = event.data.len().saturating_sub(1);
        let cut = |history: &mut History| history.events[index].data = event.data.slice(..shorter);
        assert!(event.data.is_empty() || !after(cut).holds(), "cut {event:?}");
        let longer = |history: &mut History| history.events[index].data = [&event.data[..], &[0; 32]].concat().into();
        assert!(!after(longer).holds(), "longer {event:?}");
        assert!(
            !after(|history| history.events[index].topics.truncate(event.topics.len() - 1)).holds(),
            "a topic less {event:?}"
        );
        let foreign = |history: &mut History| history.events[index].contract = Address::repeat_byte(1);
        assert!(!after(foreign).holds(), "foreign {event:?}");
        let elsewhere = |history: &mut History| history.events[index].transaction = B256::repeat_byte(1);
        assert!(!after(elsewhere).holds(), "in another transaction {event:?}");
    }
}

#[test]
fn events_in_another_order_are_found() {
    for pair in shown().windows(2) {
        assert!(!after(|history| history.events.swap(pair[0], pair[1])).holds(), "{pair:?}");
        // The same, with places that are in order.
        let swap = |history: &mut History| {
            let [one, two] = history.events.get_disjoint_mut([pair[0], pair[1]]).expect("two");
            std::mem::swap(&mut one.contract, &mut two.contract);
            std::mem::swap(&mut one.topics, &mut two.topics);
            std::mem::swap(&mut one.data, &mut two.data);
        };
        assert!(!after(swap).holds(), "{pair:?}");
    }
}

#[test]
fn an_event_in_another_block_is_found() {
    let blocks: Vec<_> = told().history.blocks.values().copied().collect();
    for index in shown() {
        let event = &told().history.events[index];
        let Some(next) = blocks.iter().find(|block| block.number > event.block) else { continue };
        let moved = |history: &mut History| {
            (history.events[index].block, history.events[index].block_hash) = (next.number, next.hash);
            history.events.sort_by_key(|event| (event.block, event.index));
        };
        assert!(!after(moved).holds(), "{event:?}");
        finds(FindingKind::Block, |history| history.events[index].block_hash = next.hash);
    }
}

#[test]
fn wrong_blocks_and_times_are_found() {
    for number in told().history.blocks.keys() {
        finds(FindingKind::Block, |history| history.blocks.get_mut(number).expect("there").hash.0[0] ^= 1);
        finds(FindingKind::Block, |history| history.blocks.get_mut(number).expect("there").time += 1 << 30);
        finds(FindingKind::Block, |history| history.blocks.retain(|other, _| other != number));
    }
    finds(FindingKind::Block, |history| history.block.number = 1);
    finds(FindingKind::Block, |history| history.block.time = 1);
    let recorded: Vec<_> = report(&told().history).entries.iter().map(|entry| entry.entry.place.block).collect();
    for number in recorded {
        let later = |history: &mut History| history.blocks.get_mut(&number).expect("there").time += 1;
        assert!(kinds(&after(later)).contains(&FindingKind::Head));
    }
}

#[test]
fn what_the_log_says_of_itself_is_compared() {
    finds(FindingKind::Length, |history| history.facts.length += 1);
    finds(FindingKind::Head, |history| history.facts.head.0[5] ^= 1);
    for nullifier in told().history.facts.recorded.keys() {
        finds(FindingKind::Digest, |history| history.facts.recorded.get_mut(nullifier).expect("there").0[0] ^= 1);
    }
}

#[test]
fn what_the_other_contracts_say_is_compared() {
    let facts = &told().history.facts;
    let state = |change: &dyn Fn(&mut History)| finds(FindingKind::State, change);
    for id in facts.models.keys() {
        state(&|history| drop(history.facts.models.remove(id)));
        let model = |change: fn(&mut zkdx_client::audit::ModelFact)| {
            state(&|history| change(history.facts.models.get_mut(id).expect("there")));
        };
        model(|fact| fact.owner.0[0] ^= 1);
        model(|fact| fact.registered_at += 1);
        model(|fact| fact.revoked_at ^= 1);
        model(|fact| flip(&mut fact.bytes, 127));
        model(|fact| fact.approvals += 1);
        model(|fact| fact.approved_by.extend([Address::ZERO]));
        model(|fact| fact.successor.0[0] ^= 1);
    }
    assert_eq!(
        (facts.authorities.len(), facts.consents.len(), facts.versions.len(), facts.requests.len()),
        (2, 2, 1, 1)
    );
    for account in facts.authorities.keys() {
        state(&|history| *history.facts.authorities.get_mut(account).expect("there") ^= true);
    }
    for (id, now) in &facts.consents {
        for other in [ConsentState::Unknown, ConsentState::Granted, ConsentState::Withdrawn] {
            if other != *now {
                state(&|history| history.facts.consents.extend([(*id, other)]));
            }
        }
    }
    for version in facts.versions.keys() {
        for other in [VersionState::Unknown, VersionState::Frozen, VersionState::Active(Address::ZERO)] {
            state(&|history| history.facts.versions.extend([(*version, other)]));
        }
    }
    for other in [0, 1, 3] {
        state(&|history| history.facts.requests.extend([(told().request, other)]));
    }
}

#[test]
fn transactions_bear_witness() {
    for hash in told().history.transactions.keys() {
        finds(FindingKind::Transaction, |history| drop(history.transactions.remove(hash)));
        finds(FindingKind::Transaction, |history| history.transactions.get_mut(hash).expect("there").block += 1);
    }
    let Told { history, .. } = told();
    // A deployment has no call, and a request's identity is a hash of it.
    let unwitnessed = [history.setting.gateway, history.setting.market];
    let witnessed = shown().into_iter().filter(|&index| !unwitnessed.contains(&history.events[index].contract));
    for index in witnessed {
        let event = &history.events[index];
        let empty = after(|history| {
            history.transactions.get_mut(&event.transaction).expect("there").input = Bytes::new();
        });
        let expected = [FindingKind::Unwitnessed, FindingKind::ProofNotFound];
        assert!(expected.iter().any(|kind| kinds(&empty).contains(kind)), "{event:?}");
    }
    let approval = report(history).events.iter().find(|line| line.event == "ModelApproved").expect("one").place;
    finds(FindingKind::Transaction, |history| {
        history.transactions.get_mut(&approval.transaction).expect("there").from = Address::ZERO;
    });
}

#[test]
fn changed_proofs_and_words_in_calldata_are_found() {
    let entries = report(&told().history).entries;
    let transaction = entries[0].entry.place.transaction;
    let length = told().history.transactions[&transaction].input.len();
    // The proof is what comes last: 324 bytes and their padding, B's first coordinate 68 bytes from its start.
    let proof = length - 352;
    let report = after(|history| {
        flip(&mut history.transactions.get_mut(&transaction).expect("there").input, proof + 4 + 63);
    });
    assert_eq!(kinds(&report), [FindingKind::ProofRefused]);
    assert_eq!(report.summary.verified, 5);
    for at in (4..length - 28 - 31).step_by(32) {
        let changed = after(|history| {
            flip(&mut history.transactions.get_mut(&transaction).expect("there").input, at + 31);
        });
        let expected = [FindingKind::ProofNotFound, FindingKind::ProofRefused, FindingKind::OtherVersion];
        assert!(kinds(&changed).iter().any(|kind| expected.contains(kind)), "byte {at}");
    }
}

#[test]
fn a_decoy_hides_no_proof() {
    let entries = report(&told().history).entries;
    let transaction = entries[0].entry.place.transaction;
    let honest = told().history.transactions[&transaction].input.clone();
    let mut decoy = honest.clone();
    flip(&mut decoy, honest.len() - 352 + 4 + 63);
    let nested = after(|history| {
        let transaction = history.transactions.get_mut(&transaction).expect("there");
        transaction.input = [&[1, 2, 3][..], &decoy, &honest].concat().into();
        transaction.to = Some(Address::repeat_byte(1));
    });
    assert_eq!(nested.findings, []);
}

#[test]
fn other_keys_are_found() {
    for digest in told().history.keys.keys() {
        finds(FindingKind::Key, |history| drop(history.keys.remove(digest)));
        for at in [0, 10, 31, 96, 400, 800] {
            finds(FindingKind::Key, |history| flip(history.keys.get_mut(digest).expect("there"), at));
        }
        finds(FindingKind::Key, |history| {
            let key = history.keys.get_mut(digest).expect("there");
            *key = key.slice(..key.len() - 64);
        });
    }
}

#[test]
fn another_chain_or_log_is_found() {
    finds(FindingKind::Context, |history| history.setting.chain_id += 1);
    finds(FindingKind::Consent, |history| history.setting.purpose = keccak256("another purpose"));
    finds(FindingKind::Approval, |history| history.setting.approvals_required = 2);
    finds(FindingKind::Length, |history| history.events.clear());
}

#[test]
fn the_report_can_be_read() {
    let Told { history, publics, .. } = told();
    let report = examine(history, Subject::Log, publics);
    let table = report.to_table();
    assert!(
        table.contains("6 entries replayed, 6 of 6 proofs verified (4 under single-party keys), 0 findings"),
        "{table}"
    );
    assert!(table.contains("model revoked: superseded") && table.contains("Ethics board"));
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).expect("JSON");
    assert_eq!((&json["format"], &json["version"]), (&"zkdx-audit".into(), &1.into()));
    assert_eq!(json["entries"][0]["proof"]["setup"], "single_party");
    assert_eq!(json["entries"][0]["reading"]["reading"]["diagnosis"], "malignant");
    assert_eq!(json["entries"][0]["record"], serde_json::json!(told().record));
    assert_eq!(json["summary"]["findings"], 0);
}

/// Known answers that were made apart from Rust and Solidity.
#[test]
fn entries_and_heads_are_those_of_the_contracts() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../contracts/vectors/suite.json");
    let suite: serde_json::Value = serde_json::from_slice(&std::fs::read(path).expect("vectors")).expect("JSON");
    let word = |value: &serde_json::Value| value.as_str().expect("text").parse::<B256>().expect("32 bytes");
    let version = suite["version"].as_str().expect("text").parse().expect("4 bytes");
    let mut head = B256::ZERO;
    let entries = suite["entries"].as_array().expect("a list");
    for (index, entry) in (0..).zip(entries) {
        let time = U256::from_be_bytes(word(&entry["time"]).0).to();
        let digest = entry_digest(index, word(&entry["nullifier"]), word(&entry["digest"]), version, time);
        assert_eq!(digest, word(&entry["entry_digest"]));
        head = chained(head, digest);
        assert_eq!(head, word(&entry["head"]));
    }
    assert!(!entries.is_empty());
}
