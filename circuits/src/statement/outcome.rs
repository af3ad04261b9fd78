//! Class and scores as field elements, and back.

use ark_ff::{BigInteger, PrimeField};
use thiserror::Error;

use crate::architecture::{Interval, OutcomeKind};
use crate::field::{Fr, from_int, power_of_two};

/// Scores that fit one word beside the class.
pub const SCORES_PER_WORD: usize = 7;
/// Added to a score so that it is not negative.
pub const SCORE_OFFSET: i64 = 1 << 31;
/// Bit at which score `i` of a word starts.
const SCORE_BITS: u32 = 32;
/// Bits of the class, below the scores of the first word.
const CLASS_BITS: u32 = 16;

/// A diagnosis in the clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Index into the architecture's labels.
    pub class: usize,
    /// Integer scores; empty where only the class is disclosed.
    pub scores: Vec<i64>,
}

/// Why words are no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OutcomeError {
    /// Wrong number of words.
    #[error("the outcome has {got} words, expected {expected}")]
    Length {
        /// Words expected.
        expected: usize,
        /// Words given.
        got: usize,
    },
    /// Bits where the encoding has none, or a class without label.
    #[error("outcome word {word} is not an encoding of class and scores")]
    Malformed {
        /// Index of the word.
        word: usize,
    },
}

/// Where each part of the outcome lies: `(word, bit)` of the class, then of every score.
pub(crate) fn score_position(index: usize) -> (usize, u32) {
    let (word, slot) = (index / SCORES_PER_WORD, (index % SCORES_PER_WORD) as u32);
    (word, CLASS_BITS + SCORE_BITS * slot)
}

/// Scores an outcome word can hold.
pub const SCORE_INTERVAL: Interval = Interval::new(-SCORE_OFFSET, SCORE_OFFSET - 1);

/// Number of words of an outcome with `scores` disclosed scores.
pub fn outcome_words(kind: OutcomeKind, scores: usize) -> usize {
    match kind {
        OutcomeKind::Class | OutcomeKind::Commitment => 1,
        OutcomeKind::ClassAndScores => scores.div_ceil(SCORES_PER_WORD).max(1),
    }
}

impl Outcome {
    /// The packed words.
    pub fn words(&self) -> Vec<Fr> {
        let mut words = vec![Fr::from(0u64); self.scores.len().div_ceil(SCORES_PER_WORD).max(1)];
        words[0] += from_int(self.class as i64);
        for (index, score) in self.scores.iter().enumerate() {
            let (word, bit) = score_position(index);
            words[word] += from_int(score + SCORE_OFFSET) * power_of_two(bit);
        }
        words
    }

    /// Reads `scores` scores and a class below `classes` back from words; refuses every other bit pattern.
    pub fn from_words(words: &[Fr], classes: usize, scores: usize) -> Result<Self, OutcomeError> {
        let expected = scores.div_ceil(SCORES_PER_WORD).max(1);
        if words.len() != expected {
            return Err(OutcomeError::Length { expected, got: words.len() });
        }
        let first = words.first().map(|word| bits(word, 0, CLASS_BITS)).unwrap_or_default();
        let read = |index| {
            let (word, bit) = score_position(index);
            words.get(word).map_or(0, |w| bits(w, bit, SCORE_BITS) as i64 - SCORE_OFFSET)
        };
        let outcome = Self { class: first as usize, scores: (0..scores).map(read).collect() };
        let again = outcome.words();
        let wrong = words.iter().zip(&again).position(|(a, b)| a != b);
        match wrong.or((outcome.class >= classes).then_some(0)) {
            Some(word) => Err(OutcomeError::Malformed { word }),
            None => Ok(outcome),
        }
    }
}

fn bits(word: &Fr, start: u32, len: u32) -> u64 {
    let value = word.into_bigint();
    (0..len).map(|bit| u64::from(value.get_bit((start + bit) as usize)) << bit).sum()
}
