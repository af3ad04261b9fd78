//! Which interval the relations enforce for each tensor, whatever the parameters are.
//!
//! A witness comes from a prover who may choose anything, and parameters may be any field elements. What still holds:
//!
//! - a [`Lookup`](super::Lookup) forces each key into the table's keys, each value into its values;
//! - a [`Select`] forces each key to be that of a row; and where it reads one entry of a row of tensors that are bounded, the entry is
//!   bounded as they are;
//! - a [`Linear`] relation forces the tensor that it is solved for into the sum of the intervals of what it reads, because these
//!   sums stay far below the field's order;
//! - in the same way, it bounds any one tensor that it reads, entry by entry and all of them, with the factor ±1;
//! - a [`Product`](super::Product) of two tensors so bounded is bounded by interval arithmetic.
//!
//! A [`Contract`](super::Contract) is no such source, whatever it reads: its lowering packs entries of `out` into limbs and is sound
//! only if they are bounded already.
//!
//! Parameters in linear relations count as zero: the result bounds what is left of the tensor when they are subtracted. They
//! are fixed before the proof, so they shift each entry by a constant, and two witnesses of one entry still differ by less than the
//! interval's width. That is what limb packing needs: from `Σ_j 2^(L·j)·(acc_j + bias_j) = Σ_i x_i·W_i` with every `acc_j` in an
//! enforced interval of at most `2^L` integers, the `acc_j` are unique. Products of a shifted tensor are not shifted by a
//! constant, so nothing follows for them.

use super::{IndexMap, Linear, Product, Relation, Role, Select, Solved, TensorId, TensorSystem, Term};
use crate::architecture::Interval;
use crate::layers::bounds::Bounds;

/// What is known of a tensor.
#[derive(Clone, Copy)]
struct Enforced {
    bounds: Bounds,
    /// Whether a combination of parameters comes on top.
    shifted: bool,
}

impl TensorSystem {
    /// The interval that the relations enforce for a tensor, less the parameters added to it; `None` if they enforce none.
    pub fn enforced(&self, tensor: TensorId) -> Option<Interval> {
        self.enforced_intervals().get(tensor.0).copied().flatten()
    }

    /// [`TensorSystem::enforced`] of every tensor.
    pub fn enforced_intervals(&self) -> Vec<Option<Interval>> {
        let narrow = |found: Option<Enforced>| found.and_then(|found| found.bounds.narrowed());
        Ledger::of(self).found.into_iter().map(narrow).collect()
    }

    /// Where lookups alone force every entry of a tensor to lie, parameters included.
    pub fn looked_up(&self, tensor: TensorId) -> Option<Interval> {
        self.lookups().filter(|(id, _)| *id == tensor).map(|(_, interval)| interval).reduce(intersection)
    }

    /// Columns for which no interval is enforced.
    pub(super) fn unbounded_columns(&self) -> Vec<TensorId> {
        let mut ledger = Ledger::of(self);
        let mut unbounded = Vec::new();
        for column in self.columns() {
            if ledger.found[column.0].is_none_or(|found| found.shifted) {
                ledger.found[column.0] = Some(Enforced::exactly(self.tensor(column).interval.widened()));
                ledger.settle();
                unbounded.push(column);
            }
        }
        unbounded
    }

    /// Every tensor that a lookup bounds, with the interval.
    fn lookups(&self) -> impl Iterator<Item = (TensorId, Interval)> + '_ {
        self.relations.iter().flat_map(|relation| match relation {
            Relation::Lookup(lookup) => {
                let table = &self.tables[lookup.table.0];
                let value = lookup.value.zip(table.image());
                std::iter::once((lookup.key, table.domain())).chain(value).collect()
            }
            Relation::Select(select) => {
                let rows = Interval::new(select.first, select.first + select.rows as i64 - 1);
                select.reads.iter().map(|read| (read.key, rows)).collect()
            }
            _ => Vec::new(),
        })
    }
}

impl Enforced {
    fn exactly(interval: Interval) -> Self {
        Self { bounds: interval.into(), shifted: false }
    }
}

struct Ledger<'s> {
    system: &'s TensorSystem,
    solved: Vec<Solved>,
    found: Vec<Option<Enforced>>,
}

impl<'s> Ledger<'s> {
    fn of(system: &'s TensorSystem) -> Self {
        let mut looked_up: Vec<Option<Interval>> = vec![None; system.tensors.len()];
        for (tensor, interval) in system.lookups() {
            let known = &mut looked_up[tensor.0];
            *known = Some(known.map_or(interval, |known| intersection(known, interval)));
        }
        let found = looked_up.into_iter().map(|interval| interval.map(Enforced::exactly)).collect();
        let mut ledger = Self { system, solved: system.expressions(), found };
        ledger.settle();
        ledger
    }

    /// Applies every relation until nothing new follows.
    fn settle(&mut self) {
        let solved = std::mem::take(&mut self.solved);
        while self.pass(&solved) {}
        self.solved = solved;
    }

    fn pass(&mut self, solved: &[Solved]) -> bool {
        let mut changed = false;
        for solved in solved {
            changed |= self.learn(solved.linear.out, |ledger| ledger.linear(&solved.linear));
        }
        for relation in &self.system.relations {
            changed |= match relation {
                Relation::Linear(linear) => {
                    self.learn(linear.out, |ledger| ledger.linear(linear)) || self.learn_term(linear)
                }
                Relation::Product(product) => self.learn(product.out, |ledger| ledger.product(product)),
                Relation::Select(select) => self.learn_select(select),
                _ => false,
            };
        }
        changed
    }

    fn learn(&mut self, tensor: TensorId, find: impl FnOnce(&Self) -> Option<Enforced>) -> bool {
        if self.found[tensor.0].is_some() {
            return false;
        }
        self.found[tensor.0] = find(self);
        self.found[tensor.0].is_some()
    }

    fn linear(&self, linear: &Linear) -> Option<Enforced> {
        let known = linear.terms.iter().map(|term| self.term(term.tensor));
        let known = known.collect::<Option<Vec<_>>>()?;
        let shifted = known.iter().any(|term| term.shifted);
        let entry = |k: usize| {
            let terms = linear.terms.iter().zip(&known).filter(|(term, _)| term.map.get(k).is_some());
            let start = Bounds::constant(linear.constant.into());
            terms.fold(start, |sum, (term, known)| sum + known.bounds.scaled(term.coefficient.into()))
        };
        let uniform = linear.terms.iter().all(|term| !matches!(term.map, IndexMap::Gather(_)));
        let entries = if uniform { 1 } else { self.system.tensor(linear.out).len() };
        let bounds = (0..entries).map(entry).reduce(|hull, bounds| hull.hull(bounds))?;
        Some(Enforced { bounds, shifted })
    }

    /// What an equation whose other tensors are known says of the one that it reads with `±1`, if it reads every entry of it.
    fn learn_term(&mut self, linear: &Linear) -> bool {
        let unknown = |term: &Term| self.term(term.tensor).is_none();
        let mut unknowns = linear.terms.iter().enumerate().filter(|(_, term)| unknown(term));
        let (Some((position, term)), None) = (unknowns.next(), unknowns.next()) else { return false };
        let known = self.found[linear.out.0].is_some() && term.coefficient.unsigned_abs() == 1;
        if !known || !term.map.covers(self.system.tensor(term.tensor).len(), self.system.tensor(linear.out).len()) {
            return false;
        }
        self.learn(term.tensor, |ledger| ledger.remainder(linear, position))
    }

    /// `±(out − constant − Σ others)`, over all entries.
    fn remainder(&self, linear: &Linear, position: usize) -> Option<Enforced> {
        let mut rest = self.found[linear.out.0]?;
        rest.bounds = rest.bounds + Bounds::constant(-i128::from(linear.constant));
        for (_, term) in linear.terms.iter().enumerate().filter(|(index, _)| *index != position) {
            let known = self.term(term.tensor)?;
            let read = known.bounds.scaled(-i128::from(term.coefficient));
            rest.bounds = rest.bounds + read.hull(Bounds::constant(0));
            rest.shifted |= known.shifted;
        }
        rest.bounds = rest.bounds.scaled(linear.terms[position].coefficient.into());
        Some(rest)
    }

    /// A tensor as a summand: parameters count as zero.
    fn term(&self, tensor: TensorId) -> Option<Enforced> {
        match self.system.tensor(tensor).role {
            Role::Weight(_) => Some(Enforced { bounds: Bounds::constant(0), shifted: true }),
            _ => self.found[tensor.0],
        }
    }

    /// A row of one entry is compared as it is, not packed with others.
    fn learn_select(&mut self, select: &Select) -> bool {
        let [source] = select.sources.as_slice() else { return false };
        let weight = matches!(self.system.tensor(*source).role, Role::Weight(_));
        if weight || self.system.tensor(*source).len() != select.rows {
            return false;
        }
        let known = |ledger: &Self| ledger.found[source.0].filter(|found| !found.shifted);
        select.reads.iter().fold(false, |changed, read| read.outs.iter().any(|out| self.learn(*out, known)) | changed)
    }

    fn product(&self, product: &Product) -> Option<Enforced> {
        let [left, right] = self.factors(product.left, product.right)?;
        Some(Enforced { bounds: left * right, shifted: false })
    }

    fn factors(&self, left: TensorId, right: TensorId) -> Option<[Bounds; 2]> {
        let bounds = |tensor: TensorId| self.found[tensor.0].filter(|found| !found.shifted).map(|found| found.bounds);
        Some([bounds(left)?, bounds(right)?])
    }
}

fn intersection(a: Interval, b: Interval) -> Interval {
    Interval::new(a.lo.max(b.lo), a.hi.min(b.hi))
}
