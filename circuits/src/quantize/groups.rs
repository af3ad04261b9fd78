//! Groups of a value's entries, such as channels, and statistics of each over many records.

use ndarray::{Array1, Array2};

/// Entry `k` belongs to group `of[k]`.
pub(super) struct Groups {
    of: Vec<u32>,
    count: usize,
    /// What each group was made from, ascending.
    labels: Vec<u32>,
}

/// Shares of the largest value at which a group may be clamped.
const CLAMPS: [f64; 6] = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5];

impl Groups {
    /// `count` groups of `each` entries in a row, repeated up to `len` entries.
    pub(super) fn repeated(count: usize, each: usize, len: usize) -> Self {
        let of = (0..len).map(|k| (k / each.max(1) % count.max(1)) as u32).collect();
        Self { of, count, labels: Vec::new() }
    }

    /// Entries of one label are a group.
    pub(super) fn labelled(own: &[u32]) -> Self {
        let mut labels = own.to_vec();
        labels.sort_unstable();
        labels.dedup();
        let index = |label: &u32| labels.binary_search(label).unwrap_or_default() as u32;
        Self { of: own.iter().map(index).collect(), count: labels.len(), labels }
    }

    /// Number of groups.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The group of a label.
    pub(super) fn index(&self, label: u32) -> Option<usize> {
        self.labels.binary_search(&label).ok()
    }

    /// The label of each group.
    pub(super) fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// Each group's value for each of its entries.
    pub(super) fn each(&self, values: &Array1<f64>) -> Array1<f64> {
        self.of.iter().map(|&group| values[group as usize]).collect()
    }

    /// Sum of one row's entries in each group.
    pub(super) fn sums(&self, entries: impl IntoIterator<Item = f64>) -> Array1<f64> {
        let mut sums = Array1::zeros(self.count);
        entries.into_iter().zip(&self.of).for_each(|(entry, &group)| sums[group as usize] += entry);
        sums
    }

    /// Mean of each group.
    pub(super) fn mean(&self, rows: &Array2<f64>) -> Array1<f64> {
        let entries = self.sums(self.of.iter().map(|_| 1.0)) * rows.nrows().max(1) as f64;
        let sums = rows.outer_iter().map(|row| self.sums(row.iter().copied()));
        let sums = sums.fold(Array1::zeros(self.count), |all, sums| all + sums);
        sums / entries.mapv(|entries| entries.max(1.0))
    }

    /// Variance in each group.
    pub(super) fn variance(&self, rows: &Array2<f64>) -> Array1<f64> {
        let mean = self.each(&self.mean(rows));
        let squares = (rows - &mean).mapv_into(|off| off * off);
        self.mean(&squares)
    }

    /// Largest magnitude in each group.
    pub(super) fn largest(&self, rows: &Array2<f64>) -> Array1<f64> {
        let mut largest = Array1::<f64>::zeros(self.count);
        for row in rows.outer_iter() {
            for (value, &group) in row.iter().zip(&self.of) {
                largest[group as usize] = largest[group as usize].max(value.abs());
            }
        }
        largest
    }

    /// The range of each group: the share of its largest magnitude whose clamping and rounding error is smallest.
    pub(super) fn ranges(&self, rows: &Array2<f64>, top: i64) -> Array1<f64> {
        let largest = self.largest(rows);
        let errors = CLAMPS.map(|share| self.rounding(rows, &(&largest * share), top));
        let best = |group: usize| {
            let errors = CLAMPS.iter().zip(&errors).map(|(share, errors)| (share, errors[group]));
            errors.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(1.0, |(share, _)| *share)
        };
        largest.iter().enumerate().map(|(group, largest)| best(group) * largest).collect()
    }

    /// Squared error of each group if it is rounded to `top` steps of its range and clamped there.
    fn rounding(&self, rows: &Array2<f64>, ranges: &Array1<f64>, top: i64) -> Array1<f64> {
        let (steps, top) = (ranges / top as f64, top as f64);
        let mut errors = Array1::zeros(self.count);
        for row in rows.outer_iter() {
            for (value, &group) in row.iter().zip(&self.of) {
                let step = steps[group as usize];
                let off = value - (value / step).round().clamp(-top, top) * step;
                errors[group as usize] += off * off;
            }
        }
        errors
    }
}
