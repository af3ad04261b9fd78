//! Poseidon over the scalar field of BN254 with the parameters of circomlib: hashes, and hiding commitments to any number of
//! words.
//!
//! With a state of `t` elements, `R_F = 8` full rounds, `R_P` partial rounds and the S-box `x⁵` (Grassi et al., ePrint 2019/458),
//! ```text
//! P_c(x_1 … x_n) = permutation(c, x_1 … x_n)[0],   t = n + 1,  1 ≤ n ≤ 16
//! hash(x)        = P_0(x)
//! ```
//! `hash` is circomlib's `Poseidon(n)` and `P_c` its `PoseidonEx(n, 1)` with `initialState = c`.
//!
//! # Commitments
//!
//! A commitment to words `w_1 … w_n` with blinding `b` is a chain of compressions that absorb 15 words each:
//! ```text
//! n ≤ 15:  h = P_0(b, w_1 … w_n)
//! n > 15:  h_0 = P_n(b, w_1 … w_15),  h_(k+1) = P_n(h_k, next 15 words or what is left),  h = the last h_k
//! ```
//! *Binding.* Take two openings of one commitment. If their lengths agree, so do the arities and capacities of every link: walk
//! back from the end; the first link with equal outputs and different inputs is a collision of `P_c`, and if there is none all
//! words and blindings agree. If the lengths differ, the last links differ in capacity, or (both at most 15) in arity; equal
//! outputs are then a collision between independent instances of Poseidon. In particular the state in the middle of a long chain
//! is not a commitment to the words that are left.
//!
//! *Hiding.* The blinding value is uniform over a field of 254 bits and enters the first link, so that every `h_k` is
//! pseudorandom to whoever does not know it, with `P` as a random oracle.

mod constants;
mod permutation;

use ark_ff::Field;

use self::constants::constants;
use self::permutation::compress;
use crate::field::Fr;
use crate::parameters::Blinding;
use crate::r1cs::{Expression, FirstRound};

/// Most inputs of one permutation.
pub const MAX_INPUTS: usize = 16;

/// Words that one link of a commitment absorbs.
const WORDS_PER_LINK: usize = MAX_INPUTS - 1;

/// circomlib's `Poseidon(N)` of 1 to 16 inputs; other lengths do not compile.
pub fn hash<const N: usize>(inputs: &[Fr; N]) -> Fr {
    const { assert!(1 <= N && N <= MAX_INPUTS, "Poseidon takes 1 to 16 inputs") };
    compress(Fr::from(0u64), inputs, &mut fifth_power)
}

/// Hiding and binding commitment to `words`, see the [module documentation](self).
pub fn commit(words: &[Fr], blinding: &Blinding) -> Fr {
    chain(words, blinding.expose(), &mut fifth_power)
}

/// [`commit`] as constraints: three for each S-box.
pub fn commit_in_circuit<B: FirstRound>(builder: &mut B, words: &[B::Expr], blinding: &B::Expr) -> B::Expr {
    chain(words, blinding, &mut |x| {
        let square = builder.first_product(x, x);
        let fourth = builder.first_product(&square, &square);
        // `x` on the right again: each column there costs a proof a multiplication in G2, and `x` is there already.
        builder.first_product(&fourth, x)
    })
}

/// Number of constraints of [`commit_in_circuit`] for `words` words.
pub fn commit_constraints(words: usize) -> usize {
    let first = words.min(WORDS_PER_LINK);
    let full_links = (words - first) / WORDS_PER_LINK;
    let last = (words - first) % WORDS_PER_LINK;
    let sboxes = |words: usize| constants(words + 2).sboxes();
    3 * (sboxes(first) + full_links * sboxes(WORDS_PER_LINK) + if last > 0 { sboxes(last) } else { 0 })
}

fn chain<E: Expression>(words: &[E], blinding: &E, sbox: &mut impl FnMut(&E) -> E) -> E {
    let (first, rest) = words.split_at(words.len().min(WORDS_PER_LINK));
    let capacity = Fr::from(if rest.is_empty() { 0 } else { words.len() as u64 });
    let mut link = |state: E, words: &[E]| compress(capacity, &[&[state], words].concat(), sbox);
    let start = link(blinding.clone(), first);
    rest.chunks(WORDS_PER_LINK).fold(start, link)
}

fn fifth_power(x: &Fr) -> Fr {
    x.square().square() * x
}
