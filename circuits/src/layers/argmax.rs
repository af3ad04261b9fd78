//! The class: index of the first largest score; for a single score `z`, 1 if `z > 0` and 0 otherwise.

/// The index of the first largest entry of `scores`; a single score `z` stands for the two scores `0, z`.
pub fn argmax(scores: &[i64]) -> usize {
    match scores {
        [z] => usize::from(*z > 0),
        _ => (0..scores.len()).rev().max_by_key(|&index| scores[index]).unwrap_or_default(),
    }
}
