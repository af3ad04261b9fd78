//! Lookup tables: ranges, clamps and functions of a clamped value.

use crate::architecture::Interval;

/// What a lookup is looked up in. The keys of every table are an interval.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Table {
    /// Every key in the interval; no values.
    Range(Interval),
    /// `value = min(max(key, image.lo), image.hi)`.
    Clamp {
        /// Keys.
        domain: Interval,
        /// What they are clamped to.
        image: Interval,
    },
    /// `value = values[min(max(key, clamp.lo), clamp.hi) − clamp.lo]`.
    Function {
        /// Keys.
        domain: Interval,
        /// Keys outside are read as the nearest end.
        clamp: Interval,
        /// One value for each key of `clamp`.
        values: Vec<i64>,
    },
}

impl Table {
    /// The keys.
    pub fn domain(&self) -> Interval {
        match self {
            Self::Range(domain) | Self::Clamp { domain, .. } | Self::Function { domain, .. } => *domain,
        }
    }

    /// The value at `key`; `None` outside the domain and for ranges.
    pub fn value(&self, key: i64) -> Option<i64> {
        if !self.domain().contains(key) {
            return None;
        }
        match self {
            Self::Range(_) => None,
            Self::Clamp { image, .. } => Some(key.clamp(image.lo, image.hi)),
            Self::Function { clamp, values, .. } => {
                values.get((key.clamp(clamp.lo, clamp.hi) - clamp.lo) as usize).copied()
            }
        }
    }

    /// Where the values lie; `None` for ranges.
    pub fn image(&self) -> Option<Interval> {
        match self {
            Self::Range(_) => None,
            Self::Clamp { domain, image } => {
                Some(Interval::new(domain.lo.clamp(image.lo, image.hi), domain.hi.clamp(image.lo, image.hi)))
            }
            Self::Function { values, .. } => Some(Interval::new(*values.iter().min()?, *values.iter().max()?)),
        }
    }
}
