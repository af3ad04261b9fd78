//! Ranges: `lo ≤ key ≤ hi`, by cutting `key − lo` into parts of few bits.
//!
//! For an interval of `2^k` integers,
//! ```text
//! key − lo = Σ_i part_i·2^(o_i),   0 ≤ part_i < 2^(w_i),   Σ w_i = k
//! ```
//! The sum of such parts runs through `0 … 2^k − 1` and, as `k ≤ 63`, does not wrap in the field: so the key is in the interval.
//! The lowest part is not a column but what is left of the key. A part is one of
//!
//! - a **bit**, `b·(b − 1) = 0`: one constraint;
//! - a **chunk** of as many bits as a table of the circuit has: one lookup;
//! - a **scrap** of `w` bits, fewer than some table's `c`: two lookups, of `part` and of `part·2^(c−w)`. The first makes `part` an
//!   integer below `2^c`, so that `part·2^(c−w)` does not wrap; the second makes that less than `2^c`, hence `part < 2^w`.
//!
//! Where the interval has `N < 2^k` integers, both `key − lo` and `hi − key` are in `[0, 2^k)`; they add up to `N − 1`, so that
//! `key − lo` is at most `N − 1`. A single integer costs one equation.

use std::collections::BTreeMap;

use ark_ff::One;

use super::Held;
use super::logup::{Ledger, Rows};
use crate::architecture::Interval;
use crate::field::{Fr, power_of_two};
use crate::r1cs::{Expression, FirstRound};

/// Widths of the parts of a number, lowest first.
pub type Parts = Vec<u32>;

/// Most bits that a chunk may have.
pub const MAX_CHUNK_BITS: u32 = 16;

/// Bits of the integers `0 … size − 1`.
pub fn bits(size: u64) -> u32 {
    u64::BITS - (size - 1).leading_zeros()
}

/// The chunk tables of a circuit, and so all that ranges can be made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunks {
    widths: Vec<u32>,
    /// Fewest constraints for a number of each width, and the width of a part to start with.
    best: Vec<(u64, u32)>,
}

impl Chunks {
    /// Tables of the given widths, 2 to [`MAX_CHUNK_BITS`].
    pub fn new(mut widths: Vec<u32>) -> Self {
        widths.sort_unstable();
        widths.dedup();
        let mut chunks = Self { widths, best: vec![(0, 0)] };
        for width in 1..=u64::BITS {
            let options = (1..=width.min(MAX_CHUNK_BITS)).filter_map(|part| {
                let rest = chunks.best[(width - part) as usize].0;
                Some((chunks.part_constraints(part)? + rest, part))
            });
            let best = options.min_by_key(|&(constraints, part)| (constraints, u32::MAX - part));
            chunks.best.extend(best);
        }
        chunks
    }

    /// Widths of the tables.
    pub fn widths(&self) -> &[u32] {
        &self.widths
    }

    /// The cheapest parts of a number of `width` bits.
    pub fn parts(&self, width: u32) -> Parts {
        let mut parts = Parts::new();
        let mut rest = width;
        while rest > 0 {
            let part = self.best[rest as usize].1;
            parts.push(part);
            rest -= part;
        }
        parts
    }

    /// Fewest constraints to cut a number of `width` bits, without the tables.
    pub fn width_constraints(&self, width: u32) -> u64 {
        self.best[width as usize].0
    }

    /// Constraints of [`Ranges::enforce`] for each key, without the tables.
    pub fn constraints(&self, interval: Interval) -> u64 {
        let size = interval.size();
        let once = self.width_constraints(bits(size));
        match size {
            1 => 1,
            _ if size.is_power_of_two() => once,
            _ => 2 * once,
        }
    }

    fn part_constraints(&self, width: u32) -> Option<u64> {
        match self.table(width) {
            _ if width == 1 => Some(1),
            Some((_, 0)) => Some(1),
            Some(_) => Some(2),
            None => None,
        }
    }

    /// The smallest table for parts of `width` bits, and how many bits it is too wide.
    fn table(&self, width: u32) -> Option<(usize, u32)> {
        let index = self.widths.iter().position(|&table| table >= width)?;
        Some((index, self.widths[index] - width))
    }
}

/// Range checks of a circuit, with the tables that they and clamps share.
pub struct Ranges<'c, E> {
    chunks: &'c Chunks,
    tables: Vec<Ledger<E>>,
    /// The sides of so many integers, once something is looked up in them.
    sides: BTreeMap<u64, Ledger<E>>,
}

/// Rows of the sides of `size` integers.
pub const fn side_rows(size: u64) -> u64 {
    size + 2
}

impl<'c, E: Expression> Ranges<'c, E> {
    /// No checks yet.
    pub fn new(chunks: &'c Chunks) -> Self {
        let table = |&width: &u32| Ledger::new(Rows::keys(Interval::new(0, (1 << width) - 1)));
        Self { chunks, tables: chunks.widths.iter().map(table).collect(), sides: BTreeMap::new() }
    }

    /// The same tables with nothing looked up, for a part of the checks.
    pub fn fork(&self) -> Self {
        Self { chunks: self.chunks, tables: self.tables.iter().map(Ledger::fork).collect(), sides: BTreeMap::new() }
    }

    /// Adds the checks of a fork.
    pub fn absorb(&mut self, part: Self) {
        self.tables.iter_mut().zip(part.tables).for_each(|(table, part)| table.absorb(part));
        for (size, part) in part.sides {
            self.sides.entry(size).or_insert_with(|| part.fork()).absorb(part);
        }
    }

    /// What numbers are cut into.
    pub fn chunks(&self) -> &'c Chunks {
        self.chunks
    }

    /// The tables, to be sealed: of chunks, then of sides.
    pub fn into_tables(self) -> Vec<Ledger<E>> {
        self.tables.into_iter().chain(self.sides.into_values()).collect()
    }

    /// Requires `side` to be 0 and `offset` one of `0 … size − 1`, or `side` to be −1 and `offset` 0, or 1 and `size − 1`.
    pub fn look_up_side(&mut self, size: u64, offset: &Held<E>, side: &Held<E>) {
        let last = size as i64 - 1;
        let rows = || Rows::pairs(Interval::new(-1, last + 1), |key| i64::from(key > last) - i64::from(key < 0));
        let ledger = self.sides.entry(size).or_insert_with(|| Ledger::new(rows()));
        let key = Held {
            expression: offset.expression.plus(&side.expression),
            integer: offset.integer.wrapping_add(side.integer),
        };
        ledger.look_up(key, Some(side.expression.clone()));
    }

    /// Requires `key` to lie in `interval`.
    pub fn enforce<B: FirstRound<Expr = E>>(&mut self, builder: &mut B, key: &Held<E>, interval: Interval) {
        let width = bits(interval.size());
        let above = key.minus(&Held::constant(interval.lo));
        if width == 0 {
            return builder.enforce_zero(&above.expression);
        }
        self.cut(builder, above, &self.chunks.parts(width));
        if !interval.size().is_power_of_two() {
            let below = Held::constant(interval.hi).minus(key);
            self.cut(builder, below, &self.chunks.parts(width));
        }
    }

    /// Cuts `number` into parts of the given widths, lowest first, and requires each to be that small.
    pub fn cut<B: FirstRound<Expr = E>>(&mut self, builder: &mut B, number: Held<E>, widths: &[u32]) -> Vec<Held<E>> {
        let mut parts: Vec<Held<E>> = Vec::with_capacity(widths.len());
        let (mut lowest, mut offset) = (number.expression, 0);
        for &width in widths {
            let integer = (number.integer >> offset) & ((1 << width) - 1);
            let expression = if offset == 0 { E::empty() } else { builder.small(|| integer) };
            lowest.add_scaled(&expression, -power_of_two(offset));
            parts.push(Held { expression, integer });
            offset += width;
        }
        if let Some(part) = parts.first_mut() {
            part.expression = lowest;
        }
        parts.iter().zip(widths).for_each(|(part, &width)| self.enforce_part(builder, part, width));
        parts
    }

    fn enforce_part<B: FirstRound<Expr = E>>(&mut self, builder: &mut B, part: &Held<E>, width: u32) {
        match self.chunks.table(width) {
            Some((table, spare)) if width > 1 => {
                self.tables[table].look_up(part.clone(), None);
                if spare > 0 {
                    let expression = part.expression.times(power_of_two(spare));
                    self.tables[table].look_up(Held { expression, integer: part.integer << spare }, None);
                }
            }
            _ => enforce_bit(builder, &part.expression),
        }
    }
}

/// `bit·(bit − 1) = 0`.
pub fn enforce_bit<B: FirstRound>(builder: &mut B, bit: &B::Expr) {
    let mut less_one = bit.clone();
    less_one.add_scaled(&B::Expr::unit(), -Fr::one());
    builder.enforce(bit, &less_one, &B::Expr::empty());
}
