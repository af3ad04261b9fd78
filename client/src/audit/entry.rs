//! Entries of the log, with every hash computed again (`docs/src/encodings.md`), and the replay of the whole log.
//!
//! `entry = keccak(TAG_ENTRY ‖ index ‖ nullifier ‖ digest ‖ version ‖ time)`, `head ← keccak(head ‖ entry)`.

use std::collections::BTreeSet;

use alloy::primitives::{Address, B256, U256};
use serde::Serialize;
use zkdx_circuits::architecture::Policy;
use zkdx_circuits::statement::{Case, Digest32, Tag, keccak, nullifier};
use zkdx_circuits::{Context, Fr};
use zkdx_contracts::abi::DiagnosisLog::DiagnosisRecorded;
use zkdx_verifier::encoding::words_from_bytes;

use super::event::Place;
use super::finding::{Finding, FindingKind};
use super::history::{Facts, Setting, Version};

/// An entry of the log as its event tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its number in the log, from 0.
    pub index: u64,
    /// Where it was recorded.
    #[serde(flatten)]
    pub place: Place,
    /// The model.
    pub model: B256,
    /// Commitment to the record.
    pub record: B256,
    /// The consent.
    pub consent: B256,
    /// Who submitted it.
    pub submitter: Address,
    /// What cannot be recorded again.
    pub nullifier: B256,
    /// The verifier that accepted its proof.
    pub version: Version,
    /// The submitter's nonce.
    pub nonce: B256,
    /// 0: every value lay in the calibrated range; 1: others were saturated.
    pub policy: u64,
    /// Digest of its context.
    pub context: B256,
    /// Outcome words.
    pub outcome: Vec<B256>,
}

impl Entry {
    /// From the event.
    pub(super) fn new(event: DiagnosisRecorded, place: Place) -> Self {
        Self {
            index: event.index.saturating_to(),
            place,
            model: event.modelId,
            record: event.recordCommitment.into(),
            consent: event.consentId,
            submitter: event.submitter,
            nullifier: event.nullifier,
            version: event.version,
            nonce: event.nonce,
            policy: event.policy.saturating_to(),
            context: event.contextDigest,
            outcome: event.outcome.into_iter().map(B256::from).collect(),
        }
    }

    /// The record commitment, then the outcome.
    pub(super) fn words(&self) -> Vec<B256> {
        [&[self.record], &self.outcome[..]].concat()
    }

    /// The case of a proof that it is about; none if a word is not below `r` or the policy is none.
    pub(super) fn case(&self, setting: &Setting) -> Option<Case> {
        let words: Vec<[u8; 32]> = self.words().into_iter().map(|word| word.0).collect();
        let words = words_from_bytes(&words).ok()?;
        let (record_commitment, outcome) = words.split_first()?;
        let context = Context {
            chain_id: setting.chain_id,
            verifier: setting.log.into_array(),
            submitter: self.submitter.into_array(),
            consent_id: self.consent.0,
            nonce: self.nonce.0,
            policy: policy(self.policy)?,
        };
        Some(Case { record_commitment: *record_commitment, outcome: outcome.to_vec(), context })
    }

    /// What the log keeps under the nullifier.
    pub fn digest(&self) -> B256 {
        case_digest(self.model, self.context, &self.words())
    }

    /// What the log's head binds of it.
    pub fn entry_digest(&self) -> B256 {
        let Place { time, .. } = self.place;
        entry_digest(self.index, self.nullifier, self.digest(), self.version, time)
    }
}

/// What the log keeps of a case: `keccak(abi.encode(model, context, words))`. The words start at the fourth place.
pub fn case_digest(model: B256, context: B256, words: &[B256]) -> B256 {
    let (start, count) = (word(96), word(words.len() as u64));
    let words: Vec<u8> = words.iter().flat_map(|word| word.0).collect();
    keccak([&model[..], &context[..], &start, &count, &words]).into()
}

/// `keccak(TAG_ENTRY ‖ index ‖ nullifier ‖ digest ‖ version ‖ time)`
pub fn entry_digest(index: u64, nullifier: B256, digest: B256, version: Version, time: u64) -> B256 {
    let mut left = [0; 32];
    left[..4].copy_from_slice(&version[..]);
    keccak([&Tag::Entry.digest()[..], &word(index), &nullifier[..], &digest[..], &left, &word(time)]).into()
}

/// The head of a log after one more entry.
pub fn chained(head: B256, entry: B256) -> B256 {
    keccak([&head[..], &entry[..]]).into()
}

fn word(value: u64) -> Digest32 {
    U256::from(value).to_be_bytes()
}

/// What a policy's number means.
pub(super) fn policy(number: u64) -> Option<Policy> {
    match number {
        0 => Some(Policy::Refuse),
        1 => Some(Policy::Saturate),
        _ => None,
    }
}

/// Goes through all entries, from an empty log to what the contract says of itself.
pub(super) fn replay(setting: &Setting, facts: &Facts, entries: &[&Entry]) -> Vec<Finding> {
    let (mut findings, mut head, mut seen) = (Vec::new(), B256::ZERO, BTreeSet::new());
    for (index, entry) in (0..).zip(entries) {
        findings.extend(contradictions(setting, entry, index));
        if !seen.insert(entry.nullifier) {
            findings.push(about(entry, FindingKind::Nullifier, "its nullifier was recorded before"));
        }
        head = chained(head, entry.entry_digest());
    }
    if entries.len() as u64 != facts.length {
        let what = format!("the log has {} entries, its events tell of {}", facts.length, entries.len());
        findings.push(Finding::new(FindingKind::Length, what));
    }
    if head != facts.head {
        let what = format!("the log's head is {}, its events lead to {head}", facts.head);
        findings.push(Finding::new(FindingKind::Head, what));
    }
    findings
}

/// What the log keeps of an entry that is shown, if it is not the entry's digest.
pub(super) fn kept(facts: &Facts, entry: &Entry) -> Option<Finding> {
    (facts.recorded.get(&entry.nullifier) != Some(&entry.digest()))
        .then(|| about(entry, FindingKind::Digest, "the log keeps another digest under its nullifier"))
}

fn contradictions(setting: &Setting, entry: &Entry, index: u64) -> Vec<Finding> {
    let mut findings = Vec::new();
    if entry.index != index {
        let what = format!("it stands where entry {index} should be");
        findings.push(about(entry, FindingKind::Index, what));
    }
    let Some(case) = entry.case(setting).filter(|case| !case.outcome.is_empty()) else {
        let what = "its words are not below the order of the field, it has no outcome, or its policy is none";
        findings.push(about(entry, FindingKind::Malformed, what));
        return findings;
    };
    if entry.nullifier != B256::from(nullifier_of(entry, &case.record_commitment, &case.context)) {
        findings.push(about(entry, FindingKind::Nullifier, "its nullifier is not that of its fields"));
    }
    if entry.context != B256::from(case.context.digest()) {
        findings.push(about(entry, FindingKind::Context, "its context is not that of its fields"));
    }
    findings
}

fn nullifier_of(entry: &Entry, record: &Fr, context: &Context) -> Digest32 {
    nullifier(&entry.model.0, record, context)
}

/// A finding about an entry.
pub(super) fn about(entry: &Entry, kind: FindingKind, what: impl Into<String>) -> Finding {
    Finding::new(kind, what).entry(entry.index).at(entry.place.block)
}
