//! The proofs of entries, checked again by this program's own verifier: the contracts' word for them is not needed.
//!
//! Nothing here has to be trusted. A model's identity is a hash of what it consists of, a key's digest of its bytes, and a proof that holds
//! for an entry's words and context holds, whoever showed it.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256};
use serde::Serialize;
use zkdx_circuits::Statement;
use zkdx_circuits::statement::{Case, keccak};
use zkdx_contracts::calldata::version;
use zkdx_verifier::{Model, PreparedVerifyingKey, Proof, SetupKind, VerifyingKey, verify};

use super::calldata::{Candidate, candidates};
use super::entry::{Entry, about};
use super::finding::{Finding, FindingKind};
use super::history::History;

/// Who made the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Setup {
    /// One party, who can prove anything.
    SingleParty,
    /// A ceremony.
    Ceremony,
}

/// What became of the check of a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ProofState {
    /// It holds.
    Verified {
        /// Who made the key.
        setup: Setup,
        /// Records that the proof is about.
        records: usize,
    },
    /// There is none in the transaction's calldata.
    NotFound,
    /// It does not hold.
    Refused {
        /// Why.
        why: String,
    },
    /// Model or key are missing, or the verifier is another.
    Unchecked {
        /// Why.
        why: String,
    },
}

/// What the checks share: each key is prepared once, each proof is checked once, however many entries it is about.
pub(super) struct Checker<'h> {
    history: &'h History,
    keys: BTreeMap<B256, Result<PreparedVerifyingKey, String>>,
    found: BTreeMap<B256, Vec<Candidate>>,
    checked: BTreeMap<(B256, usize, Address), Result<(), String>>,
}

impl<'h> Checker<'h> {
    pub(super) fn new(history: &'h History) -> Self {
        Self { history, keys: BTreeMap::new(), found: BTreeMap::new(), checked: BTreeMap::new() }
    }

    /// Looks for the proof of an entry under `model`, and checks it.
    pub(super) fn check(&mut self, entry: &Entry, model: Option<&Model>) -> (ProofState, Option<Finding>) {
        let unchecked = |kind, why: &str| {
            let finding = about(entry, kind, format!("its proof cannot be checked: {why}"));
            (ProofState::Unchecked { why: why.into() }, Some(finding))
        };
        if entry.version != version() {
            return unchecked(FindingKind::OtherVersion, "this program does not know the verifier that accepted it");
        }
        let Some(model) = model else { return unchecked(FindingKind::Model, "there is no such model") };
        let setup = match self.key(model.key.into()) {
            Err(why) => return unchecked(FindingKind::Key, &why.clone()),
            Ok(key) => key.key().setup,
        };
        match self.proof(entry, model) {
            None => {
                let finding = about(entry, FindingKind::ProofNotFound, "no proof of it is in its transaction");
                (ProofState::NotFound, Some(finding))
            }
            Some(Err(why)) => {
                let finding = about(entry, FindingKind::ProofRefused, format!("its proof does not hold: {why}"));
                (ProofState::Refused { why }, Some(finding))
            }
            Some(Ok(records)) => (ProofState::Verified { setup: setup.into(), records }, None),
        }
    }

    fn key(&mut self, digest: B256) -> &Result<PreparedVerifyingKey, String> {
        let bytes = self.history.keys.get(&digest);
        self.keys.entry(digest).or_insert_with(|| {
            let bytes = bytes.ok_or("its key is not there")?;
            if B256::from(keccak([&bytes[..]])) != digest {
                return Err("the key has another digest".into());
            }
            let key = VerifyingKey::from_bytes(bytes).map_err(|error| error.to_string())?;
            PreparedVerifyingKey::new(key).map_err(|error| error.to_string())
        })
    }

    /// The key with this digest, if it is there and is one.
    pub(super) fn verifying_key(&mut self, digest: B256) -> Option<VerifyingKey> {
        self.key(digest).as_ref().ok().map(|key| key.key().clone())
    }

    /// How many records the proof that holds is about, the refusal of the last one, or none if there is none.
    fn proof(&mut self, entry: &Entry, model: &Model) -> Option<Result<usize, String>> {
        let transaction = entry.place.transaction;
        let input = &self.history.transactions.get(&transaction)?.input;
        let found = self.found.entry(transaction).or_insert_with(|| candidates(input));
        let found: Vec<_> = found.iter().cloned().enumerate().filter(|(_, one)| is_about(one, entry)).collect();
        let mut last = None;
        for (number, candidate) in found {
            let place = (transaction, number, entry.submitter);
            let result = match self.checked.get(&place) {
                Some(result) => result.clone(),
                None => self.verify(entry, model, &candidate),
            };
            self.checked.insert(place, result.clone());
            match result {
                Ok(()) => return Some(Ok(candidate.cases.len())),
                Err(why) => last = Some(Err(why)),
            }
        }
        last
    }

    fn verify(&mut self, entry: &Entry, model: &Model, candidate: &Candidate) -> Result<(), String> {
        let malformed = || "its words are not below the order of the field".to_owned();
        let proof = Proof::from_bytes(&candidate.proof).map_err(|error| error.to_string())?;
        let cases = cases(self.history, entry, candidate).ok_or_else(malformed)?;
        let statement = Statement { model_id: entry.model.0, cases };
        let key = self.key(model.key.into()).as_ref().map_err(Clone::clone)?;
        verify(key, model, &statement, &proof).map_err(|error| error.to_string())
    }
}

/// Every case of the diagnosis, as that of an entry by the same submitter.
fn cases(history: &History, entry: &Entry, candidate: &Candidate) -> Option<Vec<Case>> {
    let case = |one: &super::calldata::RawCase| {
        let (record, outcome) = one.words.split_first()?;
        let (consent, nonce, policy) = (one.consent, one.nonce, one.policy);
        let of_case = Entry { record: *record, outcome: outcome.to_vec(), consent, nonce, policy, ..entry.clone() };
        of_case.case(&history.setting)
    };
    candidate.cases.iter().map(case).collect()
}

fn is_about(candidate: &Candidate, entry: &Entry) -> bool {
    let words = entry.words();
    let same = |case: &super::calldata::RawCase| {
        (case.consent, case.nonce, case.policy) == (entry.consent, entry.nonce, entry.policy) && case.words == words
    };
    (candidate.model, candidate.version) == (entry.model, entry.version) && candidate.cases.iter().any(same)
}

impl From<SetupKind> for Setup {
    fn from(kind: SetupKind) -> Self {
        match kind {
            SetupKind::SingleParty => Self::SingleParty,
            SetupKind::Ceremony => Self::Ceremony,
        }
    }
}
