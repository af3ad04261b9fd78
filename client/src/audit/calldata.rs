//! Diagnoses with their proofs in the calldata of a transaction, wherever they lie: sent to the log or the market, or inside a call of another
//! contract that passes them on.
//!
//! `submit(diagnosis, proof)`, `submitBatch(diagnoses, proofs)` and `fulfil(requests, prover, diagnosis, proof)` are looked for by their
//! selectors at every offset. ABI offsets of a stranger may point anywhere, also all to one place, so that a few kilobytes would unfold to
//! gigabytes: whatever is read is counted, and reading ends at a multiple of the calldata's size.

use std::cell::Cell;

use alloy::primitives::{B256, U256};
use alloy::sol_types::SolCall;
use zkdx_contracts::abi::{DiagnosisLog, InferenceMarket};
use zkdx_verifier::PROOF_BYTES;
use zkdx_verifier::key::WORDS;

use super::history::Version;

/// Bytes of a word.
const WORD: usize = 32;
/// Most words of a case, and twice the most cases: a key has no more words, and a case has at least two.
const MOST_WORDS: usize = *WORDS.end();
/// Words that may be read whatever the calldata's size, and for each of its words: nesting reads a diagnosis once for each selector.
const BUDGET: usize = 4096;
const BUDGET_PER_WORD: usize = 8;

/// A diagnosis and its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// The model.
    pub(super) model: B256,
    /// The cases.
    pub(super) cases: Vec<RawCase>,
    /// The verifier that is asked for.
    pub(super) version: Version,
    /// The proof's bytes.
    pub(super) proof: Vec<u8>,
}

/// A case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RawCase {
    /// The consent.
    pub(super) consent: B256,
    /// The nonce.
    pub(super) nonce: B256,
    /// The policy.
    pub(super) policy: u64,
    /// Record commitment and outcome.
    pub(super) words: Vec<B256>,
}

/// Every diagnosis in the calldata.
pub(super) fn candidates(input: &[u8]) -> Vec<Candidate> {
    let budget = Cell::new(BUDGET + input.len() / WORD * BUDGET_PER_WORD);
    let mut found = Vec::new();
    for (at, selector) in input.windows(4).enumerate() {
        let arguments = Arguments { data: input.get(at + 4..).unwrap_or_default(), budget: &budget };
        match selector {
            s if s == DiagnosisLog::submitCall::SELECTOR => found.extend(arguments.one(0, 1)),
            s if s == InferenceMarket::fulfilCall::SELECTOR => found.extend(arguments.one(2, 3)),
            s if s == DiagnosisLog::submitBatchCall::SELECTOR => found.extend(arguments.many()),
            _ => {}
        }
    }
    found
}

/// Where in calldata a call with this selector begins.
pub(super) fn calls(input: &[u8], selector: [u8; 4]) -> impl Iterator<Item = &[u8]> {
    let starts = input.windows(4).enumerate().filter(move |(_, bytes)| *bytes == selector);
    starts.map(|(at, _)| input.get(at..).unwrap_or_default())
}

/// Arguments of a call: offsets are counted from their start, or from that of the tuple or list that they are in.
struct Arguments<'d> {
    data: &'d [u8],
    budget: &'d Cell<usize>,
}

impl Arguments<'_> {
    fn word(&self, at: usize) -> Option<[u8; WORD]> {
        self.budget.set(self.budget.get().checked_sub(1)?);
        self.data.get(at..at.checked_add(WORD)?)?.try_into().ok()
    }

    fn number(&self, at: usize) -> Option<usize> {
        U256::from_be_bytes(self.word(at)?).try_into().ok()
    }

    /// Where the dynamic value lies whose offset is in place `index` of what starts at `base`.
    fn follow(&self, base: usize, index: usize) -> Option<usize> {
        let offset = self.number(base.checked_add(index.checked_mul(WORD)?)?)?;
        base.checked_add(offset).filter(|at| *at < self.data.len())
    }

    /// Length of a list, and where its elements start.
    fn list(&self, at: usize, most: usize) -> Option<(usize, usize)> {
        let length = self.number(at)?;
        (length <= most).then_some((length, at.checked_add(WORD)?))
    }

    fn one(&self, diagnosis: usize, proof: usize) -> Option<Candidate> {
        self.candidate(self.follow(0, diagnosis)?, self.follow(0, proof)?)
    }

    fn many(&self) -> Vec<Candidate> {
        let most = self.data.len() / WORD;
        let lists = || {
            let (diagnoses, proofs) = (self.follow(0, 0)?, self.follow(0, 1)?);
            Some((self.list(diagnoses, most)?, self.list(proofs, most)?))
        };
        let Some(((count, diagnoses), (proof_count, proofs))) = lists() else { return Vec::new() };
        let each = |index| self.candidate(self.follow(diagnoses, index)?, self.follow(proofs, index)?);
        // Once the budget is spent every further one is none as well.
        (0..count.min(proof_count)).take_while(|_| self.budget.get() > 0).filter_map(each).collect()
    }

    fn candidate(&self, diagnosis: usize, proof: usize) -> Option<Candidate> {
        let bytes = self.bytes(proof, 4 + PROOF_BYTES)?;
        let (version, proof) = bytes.split_at_checked(4)?;
        let (version, proof) = (Version::from_slice(version), proof.to_vec());
        let (count, cases) = self.list(self.follow(diagnosis, 1)?, MOST_WORDS / 2)?;
        let cases = (0..count).map(|index| self.case(self.follow(cases, index)?)).collect::<Option<_>>()?;
        Some(Candidate { model: self.word(diagnosis)?.into(), cases, version, proof })
    }

    fn case(&self, at: usize) -> Option<RawCase> {
        let (count, words) = self.list(self.follow(at, 3)?, MOST_WORDS)?;
        let each = |index: usize| self.word(words.checked_add(index * WORD)?).map(B256::from);
        Some(RawCase {
            consent: self.word(at)?.into(),
            nonce: self.word(at.checked_add(WORD)?)?.into(),
            policy: self.number(at.checked_add(2 * WORD)?)? as u64,
            words: (0..count).map(each).collect::<Option<_>>()?,
        })
    }

    fn bytes(&self, at: usize, expected: usize) -> Option<Vec<u8>> {
        let (length, start) = self.list(at, expected)?;
        let spent = self.budget.get().checked_sub(expected / WORD)?;
        self.budget.set(spent);
        let bytes = self.data.get(start..start.checked_add(expected)?)?;
        (length == expected).then(|| bytes.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::keccak256;

    use super::*;

    fn diagnosis(tag: u8, cases: usize) -> DiagnosisLog::Diagnosis {
        let case = |index: usize| DiagnosisLog::Case {
            consentId: keccak256([tag, index as u8, 1]),
            nonce: keccak256([tag, index as u8, 2]),
            policy: U256::from(index % 2),
            words: vec![U256::from(index), U256::from(tag)],
        };
        DiagnosisLog::Diagnosis { modelId: keccak256([tag]), cases: (0..cases).map(case).collect() }
    }

    fn proof(tag: u8) -> Vec<u8> {
        vec![tag; 4 + PROOF_BYTES]
    }

    fn is(candidate: &Candidate, tag: u8, cases: usize) -> bool {
        let expected = diagnosis(tag, cases);
        let equal = |(got, case): (&RawCase, &DiagnosisLog::Case)| {
            let words: Vec<B256> = case.words.iter().map(|word| (*word).into()).collect();
            (got.consent, got.nonce, U256::from(got.policy)) == (case.consentId, case.nonce, case.policy)
                && got.words == words
        };
        candidate.model == expected.modelId
            && candidate.cases.len() == cases
            && candidate.cases.iter().zip(&expected.cases).all(equal)
            && candidate.version == Version::repeat_byte(tag)
            && candidate.proof == [tag; PROOF_BYTES]
    }

    #[test]
    fn a_submission_is_found_at_any_offset() {
        let call = DiagnosisLog::submitCall { diagnosis: diagnosis(7, 3), proof: proof(7).into() }.abi_encode();
        for offset in [0, 1, 4, 31, 32, 100] {
            let nested = [&vec![0xee; offset][..], &call, &[0xee; 45]].concat();
            let found = candidates(&nested);
            assert!(found.len() == 1 && is(&found[0], 7, 3), "{offset}");
        }
    }

    #[test]
    fn every_diagnosis_of_a_batch_is_found() {
        let diagnoses = (1..=5).map(|tag| diagnosis(tag, 2)).collect();
        let proofs = (1..=5).map(|tag| proof(tag).into()).collect();
        let found = candidates(&DiagnosisLog::submitBatchCall { diagnoses, proofs }.abi_encode());
        assert_eq!(found.len(), 5);
        assert!((1..=5).all(|tag| is(&found[usize::from(tag) - 1], tag, 2)));
    }

    #[test]
    fn cut_calldata_holds_nothing_and_does_not_panic() {
        let call = DiagnosisLog::submitCall { diagnosis: diagnosis(7, 3), proof: proof(7).into() }.abi_encode();
        // The last 28 bytes pad the proof.
        let whole = call.len() - 28;
        assert!((0..call.len()).all(|end| candidates(&call[..end]).len() == usize::from(end >= whole)));
    }

    /// Lists whose elements all lie in one place: without a bound this would unfold to 10^9 words.
    #[test]
    fn what_unfolds_is_bounded() {
        let words = 1000;
        let mut data = DiagnosisLog::submitBatchCall::SELECTOR.to_vec();
        let mut push = |value: usize| data.extend(U256::from(value).to_be_bytes::<32>());
        // Both lists are one: its elements point to themselves as diagnoses, and to the words that follow.
        [64, 64, words].into_iter().for_each(&mut push);
        (0..2 * words).for_each(|_| push(32 * words));
        let start = std::time::Instant::now();
        let many: Vec<u8> = std::iter::repeat_n(data, 20).flatten().collect();
        assert!(candidates(&many).is_empty());
        assert!(start.elapsed().as_secs() < 5);
    }
}
