//! Classes and scores as field elements, and back.
//!
//! One class has 16 bits of the first word, below its scores. A class map has `⌈log₂ C⌉` bits for each position in row-major order,
//! as many to a word as fit: the packing of a record.

use ark_ff::{BigInteger, PrimeField};
use thiserror::Error;

use crate::architecture::Interval;
use crate::field::{Fr, from_int, power_of_two};
use crate::gadgets::range;
use crate::system::place;

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
    /// The class at each position, an index into the architecture's labels; a single one unless it is a class map.
    pub classes: Vec<usize>,
    /// Integer scores; empty where only classes are disclosed.
    pub scores: Vec<i64>,
}

/// What an outcome consists of, which says where each part lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutcomeForm {
    /// Positions with a class each.
    pub positions: usize,
    /// Classes that there are.
    pub classes: usize,
    /// Scores beside the class of a single position.
    pub scores: usize,
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
    #[error("outcome word {word} is not an encoding of classes and scores")]
    Malformed {
        /// Index of the word.
        word: usize,
    },
}

/// Where each score lies: `(word, bit)`.
pub(crate) fn score_position(index: usize) -> (usize, u32) {
    let (word, slot) = (index / SCORES_PER_WORD, (index % SCORES_PER_WORD) as u32);
    (word, CLASS_BITS + SCORE_BITS * slot)
}

/// Scores an outcome word can hold.
pub const SCORE_INTERVAL: Interval = Interval::new(-SCORE_OFFSET, SCORE_OFFSET - 1);

impl Outcome {
    /// The class; of a class map, that at its first position.
    pub fn class(&self) -> usize {
        self.classes.first().copied().unwrap_or_default()
    }
}

impl OutcomeForm {
    /// Number of words.
    pub fn words(&self) -> usize {
        match self.positions {
            1 => self.scores.div_ceil(SCORES_PER_WORD).max(1),
            positions => self.class_place(positions - 1).0 + 1,
        }
    }

    /// Whether an outcome consists of this.
    pub fn fits(&self, outcome: &Outcome) -> bool {
        let sizes = (outcome.classes.len(), outcome.scores.len());
        sizes == (self.positions, self.scores) && outcome.classes.iter().all(|&class| class < self.classes)
    }

    /// The packed words of an outcome that fits.
    pub fn pack(&self, outcome: &Outcome) -> Vec<Fr> {
        let mut words = vec![Fr::from(0u64); self.words()];
        let classes = outcome.classes.iter().enumerate().map(|(index, &class)| (self.class_place(index), class as i64));
        let scores = outcome.scores.iter().enumerate();
        let scores = scores.map(|(index, score)| (score_position(index), score.saturating_add(SCORE_OFFSET)));
        for ((word, bit), part) in classes.chain(scores) {
            words.iter_mut().skip(word).take(1).for_each(|word| *word += from_int(part) * power_of_two(bit));
        }
        words
    }

    /// Reads an outcome back from words; refuses every other bit pattern.
    pub fn unpack(&self, words: &[Fr]) -> Result<Outcome, OutcomeError> {
        let (expected, got) = (self.words(), words.len());
        if expected != got {
            return Err(OutcomeError::Length { expected, got });
        }
        let read = |(word, bit): (usize, u32), len| words.get(word).map_or(0, |word| bits(word, bit, len));
        let class = |index| read(self.class_place(index), self.class_bits()) as usize;
        let score = |index| read(score_position(index), SCORE_BITS) as i64 - SCORE_OFFSET;
        let (classes, scores) = ((0..self.positions).map(class).collect(), (0..self.scores).map(score).collect());
        let outcome = Outcome { classes, scores };
        let nameless = outcome.classes.iter().position(|&class| class >= self.classes);
        let wrong = words.iter().zip(&self.pack(&outcome)).position(|(a, b)| a != b);
        match wrong.or(nameless.map(|index| self.class_place(index).0)) {
            Some(word) => Err(OutcomeError::Malformed { word }),
            None => Ok(outcome),
        }
    }

    /// Where the class of a position lies: `(word, bit)`.
    fn class_place(&self, index: usize) -> (usize, u32) {
        if self.positions == 1 { (0, 0) } else { place(index, self.class_bits()) }
    }

    fn class_bits(&self) -> u32 {
        if self.positions == 1 { CLASS_BITS } else { range::bits(self.classes.max(1) as u64) }
    }
}

fn bits(word: &Fr, start: u32, len: u32) -> u64 {
    let value = word.into_bigint();
    (0..len).map(|bit| u64::from(value.get_bit((start + bit) as usize)) << bit).sum()
}
