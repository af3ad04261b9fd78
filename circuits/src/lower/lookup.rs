//! Lowers lookups as planned, and collects the tables that they share.

use super::plan::{Plan, Strategy};
use crate::architecture::Interval;
use crate::gadgets::Held;
use crate::gadgets::clamp::{Clamp, Method};
use crate::gadgets::logup::{Ledger, Rows, Sealed};
use crate::gadgets::range::{Chunks, Ranges};
use crate::r1cs::{Expression, FirstRound};
use crate::system::{Table, TableId, TensorSystem};

/// The tables of a circuit under construction.
pub(super) struct Tables<'c, E> {
    ranges: Ranges<'c, E>,
    tables: Vec<Proven<E>>,
}

/// How one table of the system is proven.
enum Proven<E> {
    Rows(Ledger<E>),
    Range(Interval),
    Clamp(Clamp, Method),
    ClampThenRows(Clamp, Method, Ledger<E>),
}

impl<'c, E: Expression> Tables<'c, E> {
    /// The tables of `system`, nothing looked up yet.
    pub(super) fn new(system: &TensorSystem, plan: &Plan, chunks: &'c Chunks) -> Self {
        let tables = system.tables.iter().zip(plan.strategies());
        let tables = tables.map(|(table, &strategy)| Proven::of(table, strategy)).collect();
        Self { ranges: Ranges::new(chunks), tables }
    }

    /// The same tables with nothing looked up, for a part of the lookups.
    pub(super) fn fork(&self) -> Self {
        Self { ranges: self.ranges.fork(), tables: self.tables.iter().map(Proven::fork).collect() }
    }

    /// Adds what has been looked up in a fork.
    pub(super) fn absorb(&mut self, part: Self) {
        self.ranges.absorb(part.ranges);
        self.tables.iter_mut().zip(part.tables).for_each(|(table, part)| table.absorb(part));
    }

    /// Requires `key`, or `(key, value)`, to be a row of `table`.
    pub(super) fn look_up<B: FirstRound<Expr = E>>(
        &mut self,
        builder: &mut B,
        table: TableId,
        key: Held<E>,
        value: Option<Held<E>>,
    ) {
        let Self { ranges, tables } = self;
        match (&mut tables[table.0], value) {
            (Proven::Rows(rows), value) => rows.look_up(key, value.map(|value| value.expression)),
            (Proven::Clamp(clamp, method), Some(value)) => clamp.enforce(*method, builder, ranges, &key, &value),
            (Proven::ClampThenRows(clamp, method, rows), Some(value)) => {
                let integer = clamp.apply(key.integer);
                let clamped = Held { expression: builder.small(|| integer), integer };
                clamp.enforce(*method, builder, ranges, &key, &clamped);
                rows.look_up(clamped, Some(value.expression));
            }
            (Proven::Range(domain), _) => ranges.enforce(builder, &key, *domain),
            (Proven::Clamp(clamp, _) | Proven::ClampThenRows(clamp, ..), None) => {
                ranges.enforce(builder, &key, clamp.domain);
            }
        }
    }

    /// Commits to the multiplicities of every table.
    pub(super) fn seal<B: FirstRound<Expr = E>>(self, builder: &mut B) -> Vec<Sealed<E>> {
        let rows = self.tables.into_iter().filter_map(Proven::into_rows);
        let ledgers: Vec<_> = rows.chain(self.ranges.into_tables()).collect();
        ledgers.into_iter().map(|ledger| ledger.seal(builder)).collect()
    }
}

impl<E: Expression> Proven<E> {
    /// A strategy that does not fit the table is rows.
    fn of(table: &Table, strategy: Strategy) -> Self {
        match (strategy, table) {
            (Strategy::Range, Table::Range(interval)) => Self::Range(*interval),
            (Strategy::Clamp(method), &Table::Clamp { domain, image }) => Self::Clamp(Clamp { domain, image }, method),
            (Strategy::ClampThenRows(method), &Table::Function { domain, clamp, ref values }) => {
                let value = |key: i64| values.get(key.abs_diff(clamp.lo) as usize).copied().unwrap_or_default();
                let rows = Ledger::new(Rows::pairs(clamp, value));
                Self::ClampThenRows(Clamp { domain, image: clamp }, method, rows)
            }
            (_, Table::Range(interval)) => Self::Rows(Ledger::new(Rows::keys(*interval))),
            _ => Self::Rows(Ledger::new(Rows::pairs(table.domain(), |key| table.value(key).unwrap_or_default()))),
        }
    }

    fn fork(&self) -> Self {
        match self {
            Self::Rows(rows) => Self::Rows(rows.fork()),
            Self::Range(interval) => Self::Range(*interval),
            Self::Clamp(clamp, method) => Self::Clamp(*clamp, *method),
            Self::ClampThenRows(clamp, method, rows) => Self::ClampThenRows(*clamp, *method, rows.fork()),
        }
    }

    fn absorb(&mut self, part: Self) {
        if let (Self::Rows(rows) | Self::ClampThenRows(_, _, rows), Some(part)) = (self, part.into_rows()) {
            rows.absorb(part);
        }
    }

    fn into_rows(self) -> Option<Ledger<E>> {
        match self {
            Self::Rows(rows) | Self::ClampThenRows(_, _, rows) => Some(rows),
            Self::Range(_) | Self::Clamp(..) => None,
        }
    }
}
