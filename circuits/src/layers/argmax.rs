//! The class: index of the first largest score; for a single score `z`, 1 if `z > 0` and 0 otherwise. Of a class map, that of each
//! position.
//!
//! With `n` scores `s_i` and a one-hot vector `e` chosen by the prover, let `class = Σ i·e_i` and `best = Σ e_i·s_i`. Then
//! `n·(best − s_i) + i − class ≥ 0` for every `i` says that no score is larger, because `|i − class| < n`, and that an equal one
//! does not come first. The one-hot vector is a lookup in {0, 1} and `Σ e_i = 1`.
//!
//! Of two classes at many positions the sign is cheaper. With `z` the single score, or the second less the first, and `−2^k < z ≤ 2^k`,
//! the division `z − 1 + 2^k = class·2^k + rest` with `class` in {0, 1} and `0 ≤ rest < 2^k` has one solution: class 1 where `z ≥ 1`.

use super::bounds::Bounds;
use super::operands::count;
use super::requantize::divide;
use super::{LayerError, ValueType};
use crate::architecture::Interval;
use crate::gadgets::range::bits;
use crate::system::{Definition, IndexMap, SystemBuilder, TensorId, Term};

/// The index of the first largest entry of `scores`; a single score `z` stands for the two scores `0, z`.
pub fn argmax(scores: &[i64]) -> usize {
    match scores {
        [z] => usize::from(*z > 0),
        _ => (0..scores.len()).rev().max_by_key(|&index| scores[index]).unwrap_or_default(),
    }
}

/// The class at each of `positions` positions, whose scores follow one another.
pub fn classes(scores: &[i64], positions: usize) -> Vec<usize> {
    let width = scores.len() / positions.max(1);
    scores.chunks(width.max(1)).map(argmax).collect()
}

/// Adds the class of `scores`, which must be looked up in some interval already, at each of `positions`; the result has one axis. Single
/// scores of a map need no lookup of their own: the sign bounds them.
pub fn relate_argmax(
    system: &mut SystemBuilder<'_>,
    scores: TensorId,
    positions: usize,
) -> Result<TensorId, LayerError> {
    let width = system.len(scores) / positions.max(1);
    match (positions, width) {
        (2.., 1 | 2) => signs(system, scores, [positions, width]),
        (1, 1) => {
            let scores = contestants(system, scores);
            first_largest(system, scores, [1, 2])
        }
        _ => first_largest(system, scores, [positions, width]),
    }
}

/// The scores to compare: of a single score `z`, `0` and `z`.
fn contestants(system: &mut SystemBuilder<'_>, scores: TensorId) -> TensorId {
    let interval = system.value(scores).interval.hull(&Interval::new(0, 0));
    let map = IndexMap::Gather(vec![IndexMap::NONE, 0]);
    let value = ValueType { shape: vec![2], interval };
    system.linear("contestants", value, 0, vec![Term::mapped(scores, 1, map)])
}

/// Whether `z > 0`, for a single score `z` at each position or the second less the first.
fn signs(
    system: &mut SystemBuilder<'_>,
    scores: TensorId,
    [positions, width]: [usize; 2],
) -> Result<TensorId, LayerError> {
    let bounds = Bounds::from(system.value(scores).interval);
    let (terms, bounds) = match width {
        1 => (lanes(scores, [positions, 1], |_| 1), bounds),
        _ => (lanes(scores, [positions, 2], |index| 2 * index - 1), bounds + bounds.scaled(-1)),
    };
    let Interval { lo, hi } = bounds.tracked()?;
    // At least 1, so that there is a half.
    let shift = bits(hi.max(1 - lo).max(2).unsigned_abs());
    let half = 1i64 << (shift - 1);
    let interval = (bounds + Bounds::constant(i128::from(half) - 1)).tracked()?;
    let margin = system.linear("margin", lane(positions, interval), half - 1, terms);
    let class = Interval::new(0, 1);
    Ok(divide(system, (margin, shift), ["class", "rest"], lane(positions, class), Some(class)))
}

fn first_largest(
    system: &mut SystemBuilder<'_>,
    scores: TensorId,
    [positions, n]: [usize; 2],
) -> Result<TensorId, LayerError> {
    let ValueType { shape, interval } = system.value(scores);
    count(&shape)?;
    let winner = one_hot(system, scores, [positions, n]);
    let chosen = system.product("chosen", [winner, scores], IndexMap::Identity)?;
    let best = system.linear("best", lane(positions, interval), 0, lanes(chosen, [positions, n], |_| 1));
    let class = lane(positions, Interval::new(0, n as i64 - 1));
    let class = system.linear("class", class, 0, lanes(winner, [positions, n], |index| index));
    require_first_largest(system, [scores, best, class], [positions, n])?;
    Ok(class)
}

fn one_hot(system: &mut SystemBuilder<'_>, scores: TensorId, [positions, n]: [usize; 2]) -> TensorId {
    let interval = Interval::new(0, 1);
    let definition = Definition::ArgMax { of: scores, positions };
    let winner = system.tensor("winner", lane(positions * n, interval), definition);
    system.range(winner, interval);
    let mut ones = system.one();
    if positions > 1 {
        let value = lane(positions, Interval::new(1, 1));
        ones = system.linear("ones", value, 0, vec![Term::mapped(ones, 1, IndexMap::Broadcast)]);
    }
    system.equate(ones, 0, lanes(winner, [positions, n], |_| 1));
    winner
}

/// `n·(best − s_i) + i − class ≥ 0`.
fn require_first_largest(
    system: &mut SystemBuilder<'_>,
    [scores, best, class]: [TensorId; 3],
    [positions, n]: [usize; 2],
) -> Result<(), LayerError> {
    let Interval { lo, hi } = system.value(scores).interval;
    let widest = Bounds::constant(i128::from(hi) - i128::from(lo) + 1).scaled(n as i128).tracked()?.hi - 1;
    let margins = lane(positions * n, Interval::new(0, widest));
    let (factor, each) = (n as i64, IndexMap::spread(positions * n, positions));
    let mut terms = vec![Term::mapped(best, factor, each.clone()), Term::of(scores, -factor)];
    terms.push(Term::mapped(class, -1, each));
    terms.extend(indices(system.one(), [positions, n]));
    let margin = system.linear("margin", margins, 0, terms);
    system.range(margin, Interval::new(0, widest).widened());
    Ok(())
}

/// `Σ factor(i)·tensor[p, i]`, an entry for each position.
fn lanes(tensor: TensorId, [positions, n]: [usize; 2], factor: impl Fn(i64) -> i64) -> Vec<Term> {
    let read = |index: usize| (0..positions).map(|position| (position * n + index) as u32).collect();
    let term = |index: usize| Term::mapped(tensor, factor(index as i64), IndexMap::Gather(read(index)));
    (0..n).map(term).collect()
}

/// Terms that add `i` to entry `i` of each position: one per binary digit.
fn indices(one: TensorId, [positions, n]: [usize; 2]) -> impl Iterator<Item = Term> {
    let digits = (n - 1).checked_ilog2().map_or(0, |log| log + 1);
    (0..digits).map(move |digit| {
        let read = |entry: usize| if (entry % n) >> digit & 1 == 1 { 0 } else { IndexMap::NONE };
        Term::mapped(one, 1 << digit, IndexMap::Gather((0..positions * n).map(read).collect()))
    })
}

/// One axis.
fn lane(len: usize, interval: Interval) -> ValueType {
    ValueType { shape: vec![len], interval }
}
