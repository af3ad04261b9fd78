//! What everything costs, in constraints; agrees with the circuit to the last one.

use std::fmt;

use super::contract::{ContractMethod, Packed, PowerTable};
use super::layout::Layout;
use super::plan::{Plan, Strategy};
use super::select::RowPacking;
use crate::gadgets::clamp::Clamp;
use crate::gadgets::logup::{lookup_constraints, table_constraints};
use crate::gadgets::poseidon::commit_constraints;
use crate::gadgets::range::{Chunks, side_rows};
use crate::system::{Relation, Table, TensorSystem};

/// What one relation, or one table, costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationCost {
    /// What it is about.
    pub subject: String,
    /// How it is proven.
    pub strategy: String,
    /// Constraints.
    pub constraints: u64,
}

/// What a circuit costs, relation by relation, then table by table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// In the order of the system, tables last.
    pub costs: Vec<RelationCost>,
}

impl Report {
    /// The report on a plan.
    pub(super) fn of(system: &TensorSystem, plan: &Plan, layout: &Layout) -> Self {
        let chunks = plan.chunks();
        let relations = (0..system.relations.len()).map(|index| relation_cost(system, plan, layout, &chunks, index));
        let mut costs: Vec<_> = relations.collect();
        for (table, strategy) in system.tables.iter().zip(plan.strategies()) {
            costs.push(cost(describe(table), "rows", strategy.row_constraints(table)));
        }
        let chunk = |&width: &u32| cost(format!("chunks of {width} bits"), "rows", table_constraints(1 << width));
        costs.extend(chunks.widths().iter().map(chunk));
        let sides = |size| cost(format!("sides of {size} integers"), "rows", table_constraints(side_rows(size)));
        costs.extend(plan.sides(system).into_iter().map(sides));
        let powers = PowerTable::<()>::constraints(layout.degree(system));
        costs.push(cost("challenges".into(), "product and powers", 1 + powers));
        Self { costs }
    }

    /// All constraints.
    pub fn constraints(&self) -> u64 {
        self.costs.iter().map(|cost| cost.constraints).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.constraints();
        for RelationCost { subject, strategy, constraints } in self.costs.iter().filter(|cost| cost.constraints > 0) {
            let share = 100.0 * *constraints as f64 / all as f64;
            writeln!(f, "{constraints:>9} {share:>5.1} %  {subject}: {strategy}")?;
        }
        writeln!(f, "{all:>9} 100.0 %  in all")
    }
}

impl Strategy {
    /// Constraints of each lookup in `table`; `None` if the strategy does not apply.
    pub(super) fn lookup_constraints(self, table: &Table, chunks: &Chunks) -> Option<u64> {
        match (self, table) {
            (Self::Rows, _) => Some(lookup_constraints(!matches!(table, Table::Range(_)))),
            (Self::Range, Table::Range(interval)) => Some(chunks.constraints(*interval)),
            (Self::Clamp(method), &Table::Clamp { domain, image }) => {
                Clamp { domain, image }.constraints(method, chunks)
            }
            (Self::ClampThenRows(method), &Table::Function { domain, clamp, .. }) => {
                Some(Clamp { domain, image: clamp }.constraints(method, chunks)? + lookup_constraints(true))
            }
            _ => None,
        }
    }

    /// Integers of the image whose sides the strategy looks up.
    pub(super) fn sides(self, table: &Table) -> Option<u64> {
        match (self, table) {
            (Self::Clamp(method), &Table::Clamp { domain, image })
            | (Self::ClampThenRows(method), &Table::Function { domain, clamp: image, .. }) => {
                Clamp { domain, image }.sides(method)
            }
            _ => None,
        }
    }

    /// Constraints of the rows that the strategy needs for `table`.
    pub(super) fn row_constraints(self, table: &Table) -> u64 {
        match (self, table) {
            (Self::Rows, _) => table_constraints(table.domain().size()),
            (Self::ClampThenRows(_), Table::Function { clamp, .. }) => table_constraints(clamp.size()),
            _ => 0,
        }
    }
}

/// Whether `strategy` applies to `table` at all.
pub(super) fn applies(strategy: Strategy, table: &Table) -> bool {
    strategy.lookup_constraints(table, &Chunks::new(Vec::new())).is_some()
}

fn relation_cost(system: &TensorSystem, plan: &Plan, layout: &Layout, chunks: &Chunks, index: usize) -> RelationCost {
    let name = |tensor: crate::system::TensorId| system.tensor(tensor).name.clone();
    let entries = |tensor: crate::system::TensorId| system.tensor(tensor).len() as u64;
    match &system.relations[index] {
        Relation::Linear(linear) => match layout.equations.binary_search(&index) {
            Ok(_) => cost(name(linear.out), "linear, required", entries(linear.out)),
            Err(_) => cost(name(linear.out), "linear, solved", 0),
        },
        Relation::Contract(contract) => match layout.contract(system, index) {
            Some(Packed { method, .. }) => {
                cost(name(contract.out), describe_method(method), method.constraints(contract))
            }
            None => cost(name(contract.out), "contract", 0),
        },
        Relation::Product(product) => cost(name(product.out), "product", entries(product.out)),
        Relation::Vanish(vanish) => {
            let each = |group: &[u32]| group.len().saturating_sub(1).max(1) as u64;
            cost(name(vanish.factor), "products that vanish", vanish.groups.iter().map(each).sum())
        }
        Relation::Lookup(lookup) => {
            let (table, strategy) = (&system.tables[lookup.table.0], plan.strategies()[lookup.table.0]);
            let each = strategy.lookup_constraints(table, chunks).unwrap_or_default();
            let subject = format!("{} in {}", name(lookup.key), describe(table));
            cost(subject, format!("{strategy:?}, {each} each"), each * entries(lookup.key))
        }
        Relation::Select(select) => {
            let lookups = select.reads.iter().map(|read| system.tensor(read.key).len()).sum();
            let packing = layout.select(system, index).map(|(_, packing)| packing);
            let words = packing.map_or(0, RowPacking::words);
            let subject = select.sources.iter().map(|&source| name(source)).collect::<Vec<_>>().join(", ");
            let strategy = format!("{lookups} of {} rows, each of {words} words", select.rows);
            cost(subject, strategy, packing.map_or(0, |packing| packing.constraints(lookups)))
        }
        Relation::Hash(hash) => {
            let words = hash.packing.words.len();
            cost(
                format!("word {}", hash.word.0),
                format!("commitment of {words}"),
                commit_constraints(words) as u64 + 1,
            )
        }
        Relation::Publish(publish) => {
            cost(format!("word {}", publish.first.0), "published", publish.packing.words.len() as u64)
        }
    }
}

fn cost(subject: String, strategy: impl Into<String>, constraints: u64) -> RelationCost {
    RelationCost { subject, strategy: strategy.into(), constraints }
}

fn describe(table: &Table) -> String {
    let domain = table.domain();
    match table {
        Table::Range(_) => format!("{} to {}", domain.lo, domain.hi),
        Table::Clamp { image, .. } => format!("{} to {} clamped to {} to {}", domain.lo, domain.hi, image.lo, image.hi),
        Table::Function { clamp, .. } => format!("a function of {} to {}", clamp.lo, clamp.hi),
    }
}

fn describe_method(method: ContractMethod) -> String {
    match method {
        ContractMethod::Limbs(tile) => format!("{} × {} limbs of {} bits", tile.rows, tile.columns, tile.limb_bits),
        ContractMethod::Powers(powers) => {
            format!("powers of a challenge, {} limbs of {} bits", powers.limbs, powers.limb_bits)
        }
    }
}
