//! Synthesis with values: the assignment, and the three sides of every constraint.
//!
//! Rows come in the same order as in the shape, so the sides are `A·z`, `B·z`, `C·z` without any matrix.

use std::ops::Range;

use ark_ff::{Zero, batch_inversion};
use rayon::prelude::*;
use thiserror::Error;
use zeroize::Zeroize;

use super::{Circuit, FirstRound, SecondRound};
use crate::field::{Fr, from_int};

/// Why no assignment exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SynthesisError {
    /// A challenge met a table row: happens with probability about 2^-230 and is cured by proving again.
    #[error("a challenge made a denominator zero; prove again with fresh blinding")]
    ZeroDenominator,
}

/// Computes columns and constraint sides.
#[derive(Default)]
pub struct WitnessBuilder {
    words: Vec<Fr>,
    challenges: Vec<Fr>,
    weight: Vec<Fr>,
    small: Vec<i64>,
    field: Vec<Fr>,
    second: Vec<Fr>,
    sides: [Vec<Fr>; 3],
    zero_denominator: bool,
}

/// The first round of a proof: what the first commitment is to, and what the second round needs.
pub struct FirstRoundWitness<'c, C: Circuit> {
    circuit: &'c C,
    builder: WitnessBuilder,
    pending: C::Pending<Fr>,
}

/// A whole assignment with the three sides of every constraint.
pub struct SecondRoundWitness {
    builder: WitnessBuilder,
}

impl<'c, C: Circuit> FirstRoundWitness<'c, C> {
    /// Runs the first round of `circuit` on the statement `words`.
    pub fn new(circuit: &'c C, words: Vec<Fr>) -> Self {
        let mut builder = WitnessBuilder::default();
        builder.words = words;
        let pending = circuit.first_round(&mut builder);
        Self { circuit, builder, pending }
    }

    /// Weight columns.
    pub fn weight(&self) -> &[Fr] {
        &self.builder.weight
    }

    /// First-round columns that hold small integers.
    pub fn small(&self) -> &[i64] {
        &self.builder.small
    }

    /// First-round columns that hold field elements.
    pub fn field(&self) -> &[Fr] {
        &self.builder.field
    }

    /// Statement words.
    pub fn words(&self) -> &[Fr] {
        &self.builder.words
    }

    /// Runs the second round.
    pub fn finish(mut self, challenges: Vec<Fr>) -> Result<SecondRoundWitness, SynthesisError> {
        self.builder.challenges = challenges;
        self.circuit.second_round(self.pending, &mut self.builder);
        if self.builder.zero_denominator {
            return Err(SynthesisError::ZeroDenominator);
        }
        Ok(SecondRoundWitness { builder: self.builder })
    }
}

impl SecondRoundWitness {
    /// First-round columns that hold small integers.
    pub fn small(&self) -> &[i64] {
        &self.builder.small
    }

    /// First-round columns that hold field elements.
    pub fn field(&self) -> &[Fr] {
        &self.builder.field
    }

    /// Second-round columns.
    pub fn second(&self) -> &[Fr] {
        &self.builder.second
    }

    /// The constant 1, the statement words, the challenges.
    pub fn public(&self) -> Vec<Fr> {
        let one = std::iter::once(Fr::from(1u64));
        one.chain(self.builder.words.iter().copied()).chain(self.builder.challenges.iter().copied()).collect()
    }

    /// `A·z`, `B·z` and `C·z`, one entry per constraint.
    pub fn sides(&self) -> [&[Fr]; 3] {
        [&self.builder.sides[0], &self.builder.sides[1], &self.builder.sides[2]]
    }

    /// Every column in flat order.
    pub fn assignment(&self) -> Vec<Fr> {
        let mut all = self.public();
        all.extend_from_slice(&self.builder.weight);
        all.extend(self.builder.small.iter().map(|&value| from_int(value)));
        all.extend_from_slice(&self.builder.field);
        all.extend_from_slice(&self.builder.second);
        all
    }

    /// The first constraint that does not hold.
    pub fn violated(&self) -> Option<usize> {
        let [a, b, c] = self.sides();
        (0..a.len()).into_par_iter().find_first(|&i| a[i] * b[i] != c[i])
    }
}

impl WitnessBuilder {
    /// Weight columns allocated so far.
    pub fn weight(&self) -> &[Fr] {
        &self.weight
    }

    /// A builder for a part of the work, with the same words and challenges.
    fn fork(&self) -> Self {
        let mut fork = Self::default();
        (fork.words, fork.challenges) = (self.words.clone(), self.challenges.clone());
        fork
    }

    /// Appends what a fork has built.
    fn absorb(&mut self, part: &Self) {
        self.weight.extend_from_slice(&part.weight);
        self.small.extend_from_slice(&part.small);
        self.field.extend_from_slice(&part.field);
        self.second.extend_from_slice(&part.second);
        self.sides.iter_mut().zip(&part.sides).for_each(|(side, part)| side.extend_from_slice(part));
        self.zero_denominator |= part.zero_denominator;
    }

    /// Runs `work` on blocks of `0..count` in forks, all cores at once.
    fn blocks<T: Send>(&mut self, count: usize, work: impl Fn(&mut Self, Range<usize>) -> T + Sync) -> Vec<T> {
        let blocks = (rayon::current_num_threads() * BLOCKS_PER_THREAD).min(count);
        if rayon::current_num_threads() == 1 || blocks < 2 {
            return vec![work(self, 0..count)];
        }
        let block = |index: usize| count * index / blocks..count * (index + 1) / blocks;
        let run = |index: usize| {
            let mut fork = self.fork();
            let result = work(&mut fork, block(index));
            (fork, result)
        };
        let parts: Vec<(Self, T)> = (0..blocks).into_par_iter().map(run).collect();
        parts.into_iter().map(|(part, result)| (self.absorb(&part), result).1).collect()
    }

    fn push(&mut self, left: Fr, right: Fr, out: Fr) {
        let [a, b, c] = &mut self.sides;
        a.push(left);
        b.push(right);
        c.push(out);
    }
}

impl Drop for WitnessBuilder {
    fn drop(&mut self) {
        self.small.zeroize();
        let vectors = [&mut self.words, &mut self.weight, &mut self.field, &mut self.second];
        vectors.into_iter().chain(&mut self.sides).for_each(Zeroize::zeroize);
    }
}

/// More blocks than threads, for they take different times.
const BLOCKS_PER_THREAD: usize = 4;

impl FirstRound for WitnessBuilder {
    type Expr = Fr;

    fn in_blocks<T: Send>(&mut self, count: usize, work: impl Fn(&mut Self, Range<usize>) -> T + Sync) -> Vec<T> {
        self.blocks(count, work)
    }

    fn word(&mut self, index: usize) -> Fr {
        self.words[index]
    }

    fn weight(&mut self, value: impl FnOnce() -> Fr) -> Fr {
        let value = value();
        self.weight.push(value);
        value
    }

    fn small(&mut self, value: impl FnOnce() -> i64) -> Fr {
        let value = value();
        self.small.push(value);
        from_int(value)
    }

    fn field(&mut self, value: impl FnOnce() -> Fr) -> Fr {
        let value = value();
        self.field.push(value);
        value
    }

    fn first_product(&mut self, left: &Fr, right: &Fr) -> Fr {
        let out = *left * right;
        self.field.push(out);
        self.push(*left, *right, out);
        out
    }

    fn enforce(&mut self, left: &Fr, right: &Fr, out: &Fr) {
        self.push(*left, *right, *out);
    }
}

impl SecondRound for WitnessBuilder {
    type Expr = Fr;

    fn in_blocks<T: Send>(&mut self, count: usize, work: impl Fn(&mut Self, Range<usize>) -> T + Sync) -> Vec<T> {
        self.blocks(count, work)
    }

    fn challenge(&self, index: usize) -> Fr {
        self.challenges[index]
    }

    fn product(&mut self, left: &Fr, right: &Fr) -> Fr {
        let out = *left * right;
        self.second.push(out);
        self.push(*left, *right, out);
        out
    }

    fn product_plus(&mut self, left: &Fr, right: &Fr, addend: &Fr) -> Fr {
        let product = *left * right;
        let out = product + addend;
        self.second.push(out);
        self.push(*left, *right, product);
        out
    }

    fn quotients(&mut self, pairs: &[(Fr, Fr)]) -> Vec<Fr> {
        let mut quotients: Vec<Fr> = pairs.par_iter().map(|(_, denominator)| *denominator).collect();
        self.zero_denominator |= quotients.par_iter().any(Zero::is_zero);
        quotients.par_chunks_mut(1 << 10).for_each(batch_inversion);
        quotients.par_iter_mut().zip(pairs).for_each(|(quotient, (numerator, _))| *quotient *= numerator);
        self.second.extend_from_slice(&quotients);
        let [a, b, c] = &mut self.sides;
        a.extend_from_slice(&quotients);
        b.extend(pairs.iter().map(|(_, denominator)| *denominator));
        c.extend(pairs.iter().map(|(numerator, _)| *numerator));
        quotients
    }

    fn enforce(&mut self, left: &Fr, right: &Fr, out: &Fr) {
        self.push(*left, *right, *out);
    }
}
