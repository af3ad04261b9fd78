//! What strangers may do to a chain makes no finding; what its contracts could not have done does, to the second and the place in the block.

mod ground;
mod story;
mod support;

use std::sync::OnceLock;

use alloy::primitives::{Address, B256, Bytes, keccak256};
use alloy::sol_types::{SolCall, SolEvent};
use zkdx_client::audit::{Event, FindingKind, History, Report, Subject, Transaction, Version, VersionState, examine};
use zkdx_client::{Call, Contract};
use zkdx_contracts::abi::ConsentRegistry::{ConsentGranted, ConsentWithdrawn};
use zkdx_contracts::abi::DiagnosisLog::DiagnosisRecorded;
use zkdx_contracts::abi::ModelRegistry::{
    AuthorityListed, AuthorityStruckOff, ModelRevoked, SuccessorSet, approveCall, setSuccessorCall,
};
use zkdx_contracts::abi::VerifierGateway::{VersionFrozen, freezeCall};
use zkdx_contracts::calldata;
use zkdx_verifier::Model;

use story::Story;
use support::Anvil;

const ADMIN: u8 = 0;
const STRANGER: u8 = 4;
const ETHICS: u8 = 5;

fn told() -> &'static (Story, History) {
    static TOLD: OnceLock<(Story, History)> = OnceLock::new();
    TOLD.get_or_init(|| {
        let mut story = Story::tell();
        let history = story.read(Subject::Log).expect("the history is read");
        // What is static is never dropped, and the node would outlive the tests.
        story.anvil.kill();
        (story, history)
    })
}

fn kinds(history: &History, subject: Subject) -> Vec<FindingKind> {
    examine(history, subject, &[]).findings.iter().map(|finding| finding.kind).collect()
}

fn after(change: impl FnOnce(&mut History)) -> (History, Report) {
    let mut history = told().1.clone();
    change(&mut history);
    let report = examine(&history, Subject::Log, &[]);
    (history, report)
}

/// Whether the change makes a finding of this kind about the entry.
fn speaks(kind: FindingKind, entry: u64, change: impl FnOnce(&mut History)) -> bool {
    let (_, report) = after(change);
    report.findings.iter().any(|finding| finding.kind == kind && finding.entry == Some(entry))
}

fn position<E: SolEvent>(history: &History) -> usize {
    let is = |event: &Event| event.topics[0] == E::SIGNATURE_HASH;
    history.events.iter().position(is).expect("it happened")
}

/// Puts an event beside the one at `at`, into the same transaction: before it, or after it.
fn beside(history: &mut History, at: usize, before: bool, contract: Address, event: &impl SolEvent) {
    let (topics, data) = event.encode_log_data().split();
    let neighbour = history.events[at].clone();
    let place = if before { at } else { at + 1 };
    let later = |other: &&mut Event| other.block == neighbour.block;
    history.events[place..].iter_mut().take_while(later).for_each(|other| other.index += 1);
    let index = if before { neighbour.index } else { neighbour.index + 1 };
    history.events.insert(place, Event { contract, topics, data, index, ..neighbour });
}

/// Adds an event at the end, and the transaction that led to it.
fn append(history: &mut History, contract: Address, event: &impl SolEvent, from: Address, input: Vec<u8>) {
    let at = history.events.len() - 1;
    beside(history, at, false, contract, event);
    let (transaction, block) = (keccak256(&input), history.events[at].block);
    history.events[at + 1].transaction = transaction;
    history.transactions.insert(transaction, Transaction { from, to: Some(contract), input: input.into(), block });
}

/// A model that a stranger registers, under the key and weights of another, with bytes for a text.
fn strange(model: &Model, registry: Address, uri: &[u8]) -> (Model, Call) {
    let model = Model { metadata: [0x77; 32], ..model.clone() };
    let call = calldata::register_model(&model, &"x".repeat(uri.len()));
    let mut data = call.abi_encode();
    let start = data.len() - uri.len().next_multiple_of(32);
    data[start..start + uri.len()].copy_from_slice(uri);
    (model, Call { to: registry, data: data.into(), value: Default::default() })
}

/// Solidity's strings are bytes: a card, an evidence or a name that is no UTF-8 spoils nobody's audit.
#[test]
fn texts_that_are_none_are_no_findings() {
    let story = Story::tell();
    let registry = story.deployment.address(Contract::ModelRegistry);
    let uri = [b"caf\xe9 \xff\xfe \xc3\xa9".as_slice(), &[0xf0; 40]].concat();
    let (model, register) = strange(story.single.model(), registry, &uri);
    let id = B256::from(model.id());
    story.act(STRANGER, async |session| session.send(&register).await);
    let approve = approveCall { modelId: id, evidenceDigest: B256::ZERO, uri: "?".repeat(3) };
    let mut approve = Call::new(registry, &approve).data.to_vec();
    let start = approve.len() - 32;
    approve[start..start + 3].copy_from_slice(&[0x80, b'?', 0xc3]);
    let approve = Call { to: registry, data: approve.into(), value: Default::default() };
    story.act(ADMIN, async |session| session.send(&approve).await);
    for subject in [Subject::Log, Subject::Model(id)] {
        let history = story.read(subject).expect("it reads");
        let report = examine(&history, subject, &[]);
        assert_eq!(report.findings, [], "{subject:?}");
        let trail = &report.models.iter().find(|one| one.trail.id == id).expect("it is shown").trail;
        assert_eq!((trail.card_uri.len(), trail.card_uri.starts_with("caf? ?? é???")), (uri.len(), true));
        assert_eq!(trail.approvals[0].uri, "???");
        // Every bit of it is compared all the same.
        let at = history.events.iter().rposition(|event| event.topics.get(1) == Some(&id)).expect("the approval");
        let mut changed = history.clone();
        let mut data = changed.events[at].data.to_vec();
        data[96] ^= 1;
        changed.events[at].data = data.into();
        let expected = if subject == Subject::Log { vec![] } else { vec![FindingKind::Unwitnessed] };
        assert_eq!(kinds(&changed, subject), expected);
        let mut data = changed.events[at].data.to_vec();
        data[127] ^= 1;
        changed.events[at].data = data.into();
        assert!(kinds(&changed, subject).contains(&FindingKind::ForeignEvent));
    }
}

/// A contract can make a call that stands in no calldata; what nobody uses cannot spoil the audit of a log, and of itself it does.
#[test]
fn what_nobody_uses_needs_no_witness() {
    let (story, _) = told();
    let registry = story.deployment.address(Contract::ModelRegistry);
    let mut history = told().1.clone();
    let [single, double]: [B256; 2] = [&story.single, &story.double].map(|forge| forge.model().id().into());
    // Of a model without entries nothing but its registration is known.
    let registered = history.events.iter().position(|event| event.topics.get(1) == Some(&single)).expect("registered");
    let (model, _) = strange(story.single.model(), registry, b"");
    let id = B256::from(model.id());
    let mut event = history.events[registered].clone();
    event.topics[1] = id;
    event.data = [&event.data[..64], &[0x77; 32], &event.data[96..]].concat().into();
    event.transaction = B256::repeat_byte(0x55);
    event.index += 1;
    let from = Anvil::wallet(STRANGER).address();
    let transaction = Transaction { from, to: Some(Address::repeat_byte(9)), input: Bytes::new(), block: event.block };
    let mut fact = history.facts.models[&single].clone();
    (fact.approvals, fact.approved_by, fact.successor) = (0, Default::default(), B256::ZERO);
    fact.bytes = [&fact.bytes[..96], &[0x77; 32]].concat().into();
    history.facts.models.insert(id, fact);
    history.transactions.insert(event.transaction, transaction);
    history.events.insert(registered + 1, event);
    assert_eq!(kinds(&history, Subject::Log), []);
    assert_eq!(kinds(&history, Subject::Model(id)), [FindingKind::Unwitnessed]);
    // What entries rest on needs its witness.
    for used in [single, double] {
        let line = history.events.iter().find(|event| event.topics.get(1) == Some(&used)).expect("registered");
        let mut hidden = history.clone();
        let transaction = hidden.transactions.get_mut(&line.transaction).expect("there");
        (transaction.to, transaction.input) = (Some(Address::repeat_byte(9)), Bytes::new());
        assert_eq!(kinds(&hidden, Subject::Log), [FindingKind::Unwitnessed]);
    }
}

/// `validFrom` is the first second, `validUntil` the first one after; and each term is compared with the entry.
#[test]
fn consents_cover_what_the_contract_says_they_cover() {
    let (story, history) = told();
    let at = position::<ConsentGranted>(history);
    let granted = ConsentGranted::decode_raw_log(&history.events[at].topics, &history.events[at].data).expect("it is");
    let time = examine(history, Subject::Log, &[]).entries[0].entry.place.time;
    let refused = |change: &dyn Fn(&mut ConsentGranted)| {
        let mut terms = granted.clone();
        change(&mut terms);
        let (topics, data) = terms.encode_log_data().split();
        speaks(FindingKind::Consent, 0, |history| {
            (history.events[at].topics, history.events[at].data) = (topics, data);
        })
    };
    let key: B256 = story.single.key.digest().into();
    let seconds = |time: u64| time.try_into().expect("40 bits");
    assert!(
        !refused(&|terms| terms.validFrom = seconds(time)) && refused(&|terms| terms.validFrom = seconds(time + 1))
    );
    assert!(
        !refused(&|terms| terms.validUntil = seconds(time + 1)) && refused(&|terms| terms.validUntil = seconds(time))
    );
    assert!(!refused(&|terms| (terms.scopeKind, terms.scope) = (0, story.single.model().id().into())));
    assert!(refused(&|terms| (terms.scopeKind, terms.scope) = (0, story.double.model().id().into())));
    assert!(!refused(&|terms| (terms.scopeKind, terms.scope) = (1, key)));
    assert!(refused(&|terms| (terms.scopeKind, terms.scope) = (1, story.double.key.digest().into())));
    assert!(refused(&|terms| (terms.scopeKind, terms.scope) = (0, key)));
    assert!(refused(&|terms| terms.purpose = B256::ZERO));
    assert!(!refused(&|terms| terms.record = story.record.into()));
    assert!(refused(&|terms| terms.record = story.request.into()));
}

#[test]
fn the_grantee_is_the_submitter_or_anyone() {
    let (_, history) = told();
    let at = position::<ConsentGranted>(history);
    let refused = |grantee: Address| {
        speaks(FindingKind::Consent, 0, |history| history.events[at].topics[2] = grantee.into_word())
    };
    assert!(!refused(Address::ZERO) && !refused(Anvil::wallet(2).address()) && refused(Anvil::wallet(1).address()));
}

/// The order in a block decides, as it does for the contracts.
#[test]
fn what_ended_in_the_same_block_ended_before_or_after() {
    let (story, history) = told();
    let at = position::<DiagnosisRecorded>(history);
    let (registry, consents) = (history.setting.registry, history.setting.consents);
    let withdrawn = ConsentWithdrawn { consentId: story.consent };
    let (by, reason) = (Anvil::wallet(ADMIN).address(), String::from("biased"));
    let revoked = ModelRevoked { modelId: story.single.model().id().into(), by, byAuthority: true, reason };
    let frozen = VersionFrozen { version: calldata::version().into(), guardian: by };
    for before in [true, false] {
        assert_eq!(speaks(FindingKind::Consent, 0, |h| beside(h, at, before, consents, &withdrawn)), before);
        assert_eq!(speaks(FindingKind::Approval, 0, |h| beside(h, at, before, registry, &revoked)), before);
        let gateway = history.setting.gateway;
        assert_eq!(speaks(FindingKind::Version, 0, |h| beside(h, at, before, gateway, &frozen)), before);
    }
}

/// An authority that is struck off and listed again has approved nothing.
#[test]
fn a_second_listing_revives_no_approval() {
    let (_, history) = told();
    let at = position::<DiagnosisRecorded>(history);
    let authority = Anvil::wallet(ETHICS).address();
    let listed = AuthorityListed { authority, name: "Ethics board".into() };
    let struck_off = AuthorityStruckOff { authority, reason: String::new() };
    let lacks = |twice: bool| {
        speaks(FindingKind::Approval, 0, |history| {
            history.setting.approvals_required = 2;
            let registry = history.setting.registry;
            if twice {
                beside(history, at, true, registry, &listed);
                beside(history, at, true, registry, &struck_off);
            }
        })
    };
    assert!(!lacks(false) && lacks(true));
}

#[test]
fn a_version_is_frozen_by_a_guardian() {
    let version = Version::from(calldata::version());
    let freezes = |who: u8| {
        let guardian = Anvil::wallet(who).address();
        after(|history| {
            let (event, call) = (VersionFrozen { version, guardian }, freezeCall { version }.abi_encode());
            append(history, history.setting.gateway, &event, guardian, call);
            history.facts.versions.insert(version, VersionState::Frozen);
        })
    };
    assert_eq!(freezes(ADMIN).1.findings, []);
    assert_eq!(kinds(&freezes(STRANGER).0, Subject::Log), [FindingKind::Impossible]);
}

#[test]
fn a_model_does_not_succeed_itself() {
    let (story, _) = told();
    let [single, double]: [B256; 2] = [&story.single, &story.double].map(|forge| forge.model().id().into());
    let succeeds = |successor: B256| {
        let (history, _) = after(|history| {
            let event = SuccessorSet { modelId: single, successorId: successor };
            let call = setSuccessorCall { modelId: single, successorId: successor }.abi_encode();
            append(history, history.setting.registry, &event, Anvil::wallet(1).address(), call);
            history.facts.models.get_mut(&single).expect("there").successor = successor;
        });
        kinds(&history, Subject::Log)
    };
    assert_eq!(succeeds(double), []);
    assert!(succeeds(single).contains(&FindingKind::Impossible));
}

/// Payers and patients speak for themselves.
#[test]
fn who_sends_to_a_contract_itself_is_who_it_names() {
    let (_, history) = told();
    let lines = examine(history, Subject::Log, &[]).events;
    for (event, kind) in
        [("DiagnosisRequested", FindingKind::Transaction), ("ConsentWithdrawn", FindingKind::Unwitnessed)]
    {
        let place = lines.iter().find(|line| line.event == event).expect("it happened").place;
        let (changed, report) = after(|history| {
            history.transactions.get_mut(&place.transaction).expect("there").from = Address::repeat_byte(3);
        });
        assert_eq!(kinds(&changed, Subject::Log), [kind], "{event}");
        assert!(report.findings[0].subject.is_some(), "{event}");
    }
}

#[test]
fn what_is_missing_is_not_taken_for_right() {
    assert!(speaks(FindingKind::Digest, 3, |history| history.facts.recorded.clear()));
    let (history, _) = after(|history| history.block.hash.0[0] ^= 1);
    assert!(kinds(&history, Subject::Log).contains(&FindingKind::Block));
    let last = position::<DiagnosisRecorded>(&told().1);
    let bare = |history: &mut History| {
        let event = &mut history.events[last];
        let recorded = DiagnosisRecorded::decode_raw_log(&event.topics, &event.data).expect("it is");
        event.data = DiagnosisRecorded { outcome: Vec::new(), ..recorded }.encode_log_data().data;
    };
    assert!(speaks(FindingKind::Malformed, 0, bare));
}
