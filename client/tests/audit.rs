//! An audit of a history on a real node finds nothing, and an audit of the same history with anything changed does.

#[path = "audit/events.rs"]
mod events;
#[path = "audit/evidence.rs"]
mod evidence;
mod ground;
#[path = "audit/state.rs"]
mod state;
mod story;
mod support;

use std::sync::OnceLock;

use alloy::primitives::{B256, Bytes, U256};
use zkdx_client::audit::{
    FindingKind, History, OutcomeReading, ProofState, Report, Setup, Subject, chained, entry_digest, examine,
};
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
