//! Accuracy and the area under the receiver operating characteristic.

/// Probability that a record of class 1 has a larger score than one of class 0, ties counting half: with `R` the sum of the ranks of the
/// `p` positives (tied scores share their mean rank) and `n` negatives, `(R − p(p + 1)/2) / (p·n)`.
///
/// `None` if there is only one class.
pub fn auc(scores: &[f64], positive: &[bool]) -> Option<f64> {
    let positives = positive.iter().filter(|&&is| is).count() as f64;
    let negatives = positive.len() as f64 - positives;
    let mut order: Vec<(f64, bool)> = scores.iter().copied().zip(positive.iter().copied()).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut seen, mut ranks) = (0.0, 0.0);
    for tied in order.chunk_by(|a, b| a.0 == b.0) {
        let rank = seen + (tied.len() as f64 + 1.0) / 2.0;
        ranks += rank * tied.iter().filter(|(_, is)| *is).count() as f64;
        seen += tied.len() as f64;
    }
    let pairs = positives * negatives;
    (pairs > 0.0).then(|| (ranks - positives * (positives + 1.0) / 2.0) / pairs)
}

/// The area for two classes, and the mean over all classes against the rest for more. Each row holds one record's scores.
pub(super) fn mean_auc(scores: &[Vec<f64>], classes: &[usize]) -> Option<f64> {
    let area = |score: &dyn Fn(&Vec<f64>) -> f64, class: usize| {
        let positive: Vec<bool> = classes.iter().map(|&true_class| true_class == class).collect();
        auc(&scores.iter().map(score).collect::<Vec<_>>(), &positive)
    };
    match scores.first()?.len() {
        1 => area(&|row| row[0], 1),
        2 => area(&|row| row[1] - row[0], 1),
        many => {
            let areas: Option<Vec<f64>> = (0..many).map(|class| area(&|row| row[class], class)).collect();
            areas.map(|areas| areas.iter().sum::<f64>() / many as f64)
        }
    }
}

/// Share of records whose class is the true one.
pub(super) fn accuracy(predicted: &[usize], classes: &[usize]) -> f64 {
    let right = predicted.iter().zip(classes).filter(|(a, b)| a == b).count();
    right as f64 / classes.len() as f64
}

/// Mean over the classes that occur of the intersection over the union of the positions predicted and those that really have the class.
pub(super) fn mean_overlap(predicted: &[usize], truth: &[usize], classes: usize) -> f64 {
    let (mut both, mut either) = (vec![0u64; classes], vec![0u64; classes]);
    for (&found, &really) in predicted.iter().zip(truth) {
        either[found] += 1;
        match found == really {
            true => both[found] += 1,
            false => either[really] += 1,
        }
    }
    let shares: Vec<f64> =
        both.iter().zip(&either).filter(|(_, all)| **all > 0).map(|(&a, &b)| a as f64 / b as f64).collect();
    shares.iter().sum::<f64>() / shares.len().max(1) as f64
}

/// The class of scores, as the statement has it: the first largest, and for a single score `z` whether `z > 0`.
pub(super) fn class(scores: &[f64]) -> usize {
    match scores {
        [z] => usize::from(*z > 0.0),
        _ => (0..scores.len()).rev().max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap_or_default(),
    }
}

/// How far the score of `first` is ahead of each other one; of a single score, how far it is on the side of class `first`.
pub(super) fn margins(scores: &[f64], first: usize) -> Vec<f64> {
    match scores {
        [z] => vec![if first == 1 { *z } else { -z }],
        _ => (0..scores.len()).filter(|&other| other != first).map(|other| scores[first] - scores[other]).collect(),
    }
}

/// How far the class is from another one: the two largest scores apart, or a single score from zero; with the indices of those scores.
pub(super) fn margin(scores: &[f64]) -> (f64, Vec<usize>) {
    if let [z] = scores {
        return (z.abs(), vec![0]);
    }
    let first = class(scores);
    let others = (0..scores.len()).filter(|&index| index != first);
    match others.max_by(|&a, &b| scores[a].total_cmp(&scores[b])) {
        Some(second) => (scores[first] - scores[second], vec![first, second]),
        None => (0.0, vec![first]),
    }
}
