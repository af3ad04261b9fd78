//! The permutation, written once for field elements and for expressions of a circuit.
//!
//! `R_F/2` full rounds, `R_P` partial rounds, `R_F/2` full rounds. A round adds its constants, applies the S-box to every element
//! (full) or to the first (partial), and multiplies with the matrix. All but the S-box is linear, so the caller's S-box is all
//! that tells a computation from a circuit.

use super::constants::{Constants, FULL_ROUNDS, constants};
use crate::field::Fr;
use crate::r1cs::Expression;

/// The first element of the permutation of `(capacity, inputs…)`, 1 to 16 inputs.
pub(super) fn compress<E: Expression>(capacity: Fr, inputs: &[E], sbox: &mut impl FnMut(&E) -> E) -> E {
    let constants = constants(inputs.len() + 1);
    let mut state = [&[E::constant(capacity)], inputs].concat();
    let rounds = constants.round.len();
    for round in 0..rounds - 1 {
        substitute(constants, round, &mut state, sbox);
        state = constants.matrix.iter().map(|row| mix(row, &state)).collect();
    }
    substitute(constants, rounds - 1, &mut state, sbox);
    mix(&constants.matrix[0], &state)
}

fn substitute<E: Expression>(constants: &Constants, round: usize, state: &mut [E], sbox: &mut impl FnMut(&E) -> E) {
    for (element, constant) in state.iter_mut().zip(&constants.round[round]) {
        element.add_scaled(&E::unit(), *constant);
    }
    let partial = FULL_ROUNDS / 2..FULL_ROUNDS / 2 + constants.partial_rounds;
    let active = if partial.contains(&round) { 1 } else { state.len() };
    for element in &mut state[..active] {
        *element = sbox(element);
    }
}

fn mix<E: Expression>(row: &[Fr], state: &[E]) -> E {
    E::combination(state.iter().zip(row.iter().copied()))
}
