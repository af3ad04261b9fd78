//! The class: index of the first largest score; for a single score `z`, 1 if `z > 0` and 0 otherwise.
//!
//! With `n` scores `s_i` and a one-hot vector `e` chosen by the prover, let `class = Σ i·e_i` and `best = Σ e_i·s_i`. Then
//! `n·(best − s_i) + i − class ≥ 0` for every `i` says that no score is larger, because `|i − class| < n`, and that an equal one
//! does not come first. The one-hot vector is a lookup in {0, 1} and `Σ e_i = 1`.

use super::bounds::Bounds;
use super::operands::count;
use super::{LayerError, ValueType};
use crate::architecture::Interval;
use crate::system::{Definition, IndexMap, SystemBuilder, TensorId, Term};

/// The index of the first largest entry of `scores`; a single score `z` stands for the two scores `0, z`.
pub fn argmax(scores: &[i64]) -> usize {
    match scores {
        [z] => usize::from(*z > 0),
        _ => (0..scores.len()).rev().max_by_key(|&index| scores[index]).unwrap_or_default(),
    }
}

/// Adds the class of `scores`, which must be looked up in some interval already; the result has shape `[1]`.
pub fn relate_argmax(system: &mut SystemBuilder<'_>, scores: TensorId) -> Result<TensorId, LayerError> {
    let scores = contestants(system, scores);
    let ValueType { shape, interval } = system.value(scores);
    let n = count(&shape)?;
    let winner = one_hot(system, scores, n);
    let chosen = system.product("chosen", [winner, scores], IndexMap::Identity)?;
    let best = system.linear("best", single(interval), 0, weighted(chosen, n, |_| 1));
    let class = single(Interval::new(0, n as i64 - 1));
    let class = system.linear("class", class, 0, weighted(winner, n, |index| index));
    require_first_largest(system, [scores, best, class], n)?;
    Ok(class)
}

/// The scores to compare: of a single score `z`, `0` and `z`.
fn contestants(system: &mut SystemBuilder<'_>, scores: TensorId) -> TensorId {
    if system.len(scores) > 1 {
        return scores;
    }
    let interval = system.value(scores).interval.hull(&Interval::new(0, 0));
    let map = IndexMap::Gather(vec![IndexMap::NONE, 0]);
    let value = ValueType { shape: vec![2], interval };
    system.linear("contestants", value, 0, vec![Term::mapped(scores, 1, map)])
}

fn one_hot(system: &mut SystemBuilder<'_>, scores: TensorId, n: usize) -> TensorId {
    let interval = Interval::new(0, 1);
    let winner = system.tensor("winner", ValueType { shape: vec![n], interval }, Definition::ArgMax { of: scores });
    system.range(winner, interval);
    let one = system.one();
    system.equate(one, 0, weighted(winner, n, |_| 1));
    winner
}

/// `n·(best − s_i) + i − class ≥ 0`.
fn require_first_largest(
    system: &mut SystemBuilder<'_>,
    [scores, best, class]: [TensorId; 3],
    n: usize,
) -> Result<(), LayerError> {
    let Interval { lo, hi } = system.value(scores).interval;
    let widest = Bounds::constant(i128::from(hi) - i128::from(lo) + 1).scaled(n as i128).tracked()?.hi - 1;
    let margins = ValueType { shape: vec![n], interval: Interval::new(0, widest) };
    let factor = n as i64;
    let mut terms = vec![Term::mapped(best, factor, IndexMap::Broadcast), Term::of(scores, -factor)];
    terms.push(Term::mapped(class, -1, IndexMap::Broadcast));
    terms.extend(positions(system.one(), n));
    let margin = system.linear("margin", margins, 0, terms);
    system.range(margin, Interval::new(0, widest).widened());
    Ok(())
}

/// `Σ factor(i)·tensor[i]`, a single entry.
fn weighted(tensor: TensorId, n: usize, factor: impl Fn(i64) -> i64) -> Vec<Term> {
    let term = |index: usize| Term::mapped(tensor, factor(index as i64), IndexMap::Gather(vec![index as u32]));
    (0..n).map(term).collect()
}

/// Terms that add `i` to entry `i`: one per binary digit.
fn positions(one: TensorId, n: usize) -> impl Iterator<Item = Term> {
    let digits = (n - 1).checked_ilog2().map_or(0, |log| log + 1);
    (0..digits).map(move |digit| {
        let read = |index: usize| if index >> digit & 1 == 1 { 0 } else { IndexMap::NONE };
        Term::mapped(one, 1 << digit, IndexMap::Gather((0..n).map(read).collect()))
    })
}

fn single(interval: Interval) -> ValueType {
    ValueType { shape: vec![1], interval }
}
