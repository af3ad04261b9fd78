//! Which way each table and each contraction is proven, chosen by counting.
//!
//! | table | ways |
//! |---|---|
//! | range | its rows; parts: bits and chunks |
//! | clamp | its rows; arithmetic on ranges |
//! | function of a clamped key | its rows; a clamp, then the rows of the clamped keys |
//!
//! Rows cost a constraint each, shared by all lookups of a table; the other ways cost more for each lookup. Ranges of all kinds
//! share chunk tables, and clamps to images of one size may share the rows of its sides, so the best way for one table depends on the
//! others, but only through these: for each set of at most three chunk tables, and for each size with and without sides, every table is
//! planned on its own, and the cheapest wins; then chunk tables are added while that saves anything. Contractions are planned one by one.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::LowerError;
use super::contract::{ContractMethod, PowerTable, Powers};
use super::cost;
use super::window::Windows;
use crate::gadgets::clamp::Method;
use crate::gadgets::logup::table_constraints;
use crate::gadgets::range::{Chunks, MAX_CHUNK_BITS, side_rows};
use crate::system::{Contract, Relation, Table, TensorSystem};

/// Most rows of a table; beyond that only arithmetic will do.
const MAX_ROWS: u64 = 1 << 22;

/// How lookups in one table are proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Each row of the table is a row of the circuit's.
    Rows,
    /// The key is cut into bits and chunks; ranges only.
    Range,
    /// The clamp is computed; clamps only.
    Clamp(Method),
    /// The key is clamped, and the result looked up; functions only.
    ClampThenRows(Method),
}

/// How a contraction is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Multiply {
    /// Limb packing alone.
    Limbs,
    /// Powers of a challenge, and limb packing.
    Powers,
}

/// How every table and every contraction of a system is proven; with the system, all there is to a circuit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Bits of the chunk tables.
    chunk_bits: Vec<u32>,
    /// By table.
    tables: Vec<Strategy>,
    /// By contraction, in the order of the relations.
    contractions: Vec<Multiply>,
}

impl Plan {
    /// The plan with the fewest constraints.
    pub fn choose(system: &TensorSystem) -> Self {
        let demands = Demand::all(system);
        let cheapest = |sets: Vec<Vec<u32>>| {
            let plans = sets.into_iter().map(|chunk_bits| Self::with_chunks(&demands, chunk_bits));
            plans.min_by_key(|(constraints, ..)| *constraints)
        };
        let mut best = cheapest(chunk_sets().collect()).unwrap_or_default();
        while let Some(next) = cheapest(one_more(&best.1)).filter(|(constraints, ..)| *constraints < best.0) {
            best = next;
        }
        let (_, chunk_bits, tables) = best;
        Self { chunk_bits, tables, contractions: contractions(system) }
    }

    /// A plan with chunk tables of the given widths in which `pick` picks among the ways that apply to each table; the
    /// cheapest where it picks none of them. All contractions are proven as `multiply` says, if it says anything.
    pub fn pick(
        system: &TensorSystem,
        chunk_bits: Vec<u32>,
        multiply: Option<Multiply>,
        pick: impl Fn(&Table, &[Strategy]) -> Option<Strategy>,
    ) -> Self {
        let demands = Demand::all(system);
        let (_, chunk_bits, mut tables) = Self::with_chunks(&demands, chunk_bits);
        for (strategy, Demand { table, ways, .. }) in tables.iter_mut().zip(&demands) {
            let picked = pick(table, ways).filter(|picked| ways.contains(picked));
            *strategy = picked.unwrap_or(*strategy);
        }
        let chosen = contractions(system).into_iter();
        Self { chunk_bits, tables, contractions: chosen.map(|chosen| multiply.unwrap_or(chosen)).collect() }
    }

    /// By contraction.
    pub fn contractions(&self) -> &[Multiply] {
        &self.contractions
    }

    /// By table.
    pub fn strategies(&self) -> &[Strategy] {
        &self.tables
    }

    /// What ranges are cut into.
    pub fn chunks(&self) -> Chunks {
        Chunks::new(self.chunk_bits.clone())
    }

    /// Refuses plans that were made for another system.
    pub(super) fn validate(&self, system: &TensorSystem) -> Result<(), LowerError> {
        let refuse = |reason: String| Err(LowerError::Plan { reason });
        if let Some(bits) = self.chunk_bits.iter().find(|bits| !(2..=MAX_CHUNK_BITS).contains(bits)) {
            return refuse(format!("chunk tables have 2 to {MAX_CHUNK_BITS} bits, not {bits}"));
        }
        if self.tables.len() != system.tables.len() {
            return refuse(format!("it has {} tables, the system {}", self.tables.len(), system.tables.len()));
        }
        let contractions = contracts(system).count();
        if self.contractions.len() != contractions {
            return refuse(format!("it has {} contractions, the system {contractions}", self.contractions.len()));
        }
        let fits = |(table, strategy): (&Table, &Strategy)| strategies(table).contains(strategy);
        match system.tables.iter().zip(&self.tables).position(|pair| !fits(pair)) {
            Some(index) => refuse(format!("table {index} cannot be proven by {:?}", self.tables[index])),
            None => Ok(()),
        }
    }

    /// Constraints of all lookups, chunk widths, and the way of each table.
    fn with_chunks(demands: &[Demand<'_>], chunk_bits: Vec<u32>) -> (u64, Vec<u32>, Vec<Strategy>) {
        let chunks = Chunks::new(chunk_bits.clone());
        let mut total = chunks.widths().iter().map(|width| table_constraints(1 << width)).sum();
        let ways: Vec<_> = demands.iter().map(|demand| Ways::of(demand, &chunks)).collect();
        let with_sides = worthwhile_sides(&ways);
        let mut tables = Vec::with_capacity(ways.len());
        for ways in &ways {
            let (constraints, strategy) = ways.chosen(&with_sides);
            total += constraints;
            tables.push(strategy);
        }
        total += with_sides.iter().map(|&size| table_constraints(side_rows(size))).sum::<u64>();
        (total, chunk_bits, tables)
    }

    /// Sizes of images whose sides are looked up.
    pub(super) fn sides(&self, system: &TensorSystem) -> BTreeSet<u64> {
        let used = system.tables.iter().zip(&self.tables).zip(lookup_counts(system)).filter(|(_, count)| *count > 0);
        used.filter_map(|((table, strategy), _)| strategy.sides(table)).collect()
    }
}

/// The cheaper way of each contraction; limbs for all of them where the powers themselves cost more than they save.
fn contractions(system: &TensorSystem) -> Vec<Multiply> {
    let windows = &Windows::of(system, &system.expressions());
    let methods = |multiply: Multiply| {
        let method = move |contract: &Contract| ContractMethod::of(contract, multiply, windows.bits(contract.out)?);
        contracts(system).map(method).collect::<Vec<_>>()
    };
    let [limbs, powers] = [Multiply::Limbs, Multiply::Powers].map(&methods);
    let cost = |contract: &Contract, method: &Option<ContractMethod>| {
        method.map_or(u64::MAX, |method| method.constraints(contract))
    };
    let saved =
        |((contract, limbs), powers): ((&Contract, _), _)| cost(contract, limbs).saturating_sub(cost(contract, powers));
    let saved: Vec<u64> = contracts(system).zip(&limbs).zip(&powers).map(saved).collect();
    let degree = contracts(system)
        .zip(&saved)
        .filter(|(_, saved)| **saved > 0)
        .map(|(contract, _)| Powers::degree(&contract.sizes));
    let worth = saved.iter().sum::<u64>() > PowerTable::constraints(degree.max().unwrap_or_default());
    saved.into_iter().map(|saved| if worth && saved > 0 { Multiply::Powers } else { Multiply::Limbs }).collect()
}

fn contracts(system: &TensorSystem) -> impl Iterator<Item = &Contract> {
    system.relations.iter().filter_map(|relation| match relation {
        Relation::Contract(contract) => Some(contract),
        _ => None,
    })
}

/// How many entries are looked up in a table, and every way to prove it: the same whatever chunk tables there are.
struct Demand<'s> {
    table: &'s Table,
    count: u64,
    ways: Vec<Strategy>,
}

impl<'s> Demand<'s> {
    fn all(system: &'s TensorSystem) -> Vec<Self> {
        let tables = system.tables.iter().zip(lookup_counts(system));
        tables.map(|(table, count)| Self { table, count, ways: strategies(table) }).collect()
    }
}

/// Constraints of a way to prove all lookups of a table, without the rows of sides.
type Way = (u64, Strategy);

/// The cheapest ways to prove the lookups of one table.
struct Ways {
    alone: Way,
    /// With the sides of so many integers.
    sides: Option<(u64, Way)>,
}

impl Ways {
    fn of(Demand { table, count, ways }: &Demand<'_>, chunks: &Chunks) -> Self {
        let cost = |&strategy: &Strategy| {
            let constraints = strategy.lookup_constraints(table, chunks)?;
            Some((constraints * count + strategy.row_constraints(table), strategy))
        };
        let (sides, alone): (Vec<_>, Vec<_>) =
            ways.iter().filter_map(cost).partition(|(_, strategy)| strategy.sides(table).is_some());
        let cheapest = |ways: Vec<Way>| ways.into_iter().min_by_key(|(constraints, _)| *constraints);
        let sides = cheapest(sides).filter(|_| *count > 0);
        Self {
            alone: cheapest(alone).unwrap_or((0, Strategy::Rows)),
            sides: sides.and_then(|way| Some((way.1.sides(table)?, way))),
        }
    }

    /// What sides of this size save.
    fn saved(&self, size: u64) -> u64 {
        self.sides.filter(|(own, _)| *own == size).map_or(0, |(_, (sides, _))| self.alone.0.saturating_sub(sides))
    }

    fn chosen(&self, with_sides: &BTreeSet<u64>) -> Way {
        match self.sides {
            Some((size, way)) if with_sides.contains(&size) && way.0 < self.alone.0 => way,
            _ => self.alone,
        }
    }
}

/// Sizes of which sides save more than their rows cost.
fn worthwhile_sides(ways: &[Ways]) -> BTreeSet<u64> {
    let sizes: BTreeSet<u64> = ways.iter().filter_map(|ways| Some(ways.sides?.0)).collect();
    let saved = |size: u64| ways.iter().map(|ways| ways.saved(size)).sum::<u64>();
    sizes.into_iter().filter(|&size| saved(size) > table_constraints(side_rows(size))).collect()
}

/// All methods; the first of equals is taken.
const METHODS: [Method; 3] = [Method::Split, Method::Complement, Method::Sides];

/// Every way that applies to `table`.
fn strategies(table: &Table) -> Vec<Strategy> {
    let mut ways = match table {
        Table::Range(_) => vec![Strategy::Range],
        Table::Clamp { .. } => METHODS.map(Strategy::Clamp).to_vec(),
        Table::Function { .. } => METHODS.map(Strategy::ClampThenRows).to_vec(),
    };
    let is_short = |way: &Strategy| way.sides(table).is_none_or(|size| side_rows(size) <= MAX_ROWS);
    ways.retain(|way| cost::applies(*way, table) && is_short(way));
    if table.domain().size() <= MAX_ROWS {
        ways.push(Strategy::Rows);
    }
    ways
}

/// No chunk table, one, two or three.
fn chunk_sets() -> impl Iterator<Item = Vec<u32>> {
    let widths = 2..=MAX_CHUNK_BITS;
    let singles = widths.clone().map(|width| vec![width]);
    let above = |low: u32| low + 1..=MAX_CHUNK_BITS;
    let pairs = widths.flat_map(move |low| above(low).map(move |high| vec![low, high]));
    let triples = pairs.clone().flat_map(move |pair| above(pair[1]).map(move |high| [&pair[..], &[high]].concat()));
    std::iter::once(Vec::new()).chain(singles).chain(pairs).chain(triples)
}

/// The set with a chunk table more, in every way.
fn one_more(chunk_bits: &[u32]) -> Vec<Vec<u32>> {
    let others = (2..=MAX_CHUNK_BITS).filter(|width| !chunk_bits.contains(width));
    others.map(|width| [chunk_bits, &[width]].concat()).collect()
}

/// How many entries are looked up in each table.
fn lookup_counts(system: &TensorSystem) -> Vec<u64> {
    let mut counts = vec![0; system.tables.len()];
    for relation in &system.relations {
        if let Relation::Lookup(lookup) = relation {
            counts[lookup.table.0] += system.tensor(lookup.key).len() as u64;
        }
    }
    counts
}
