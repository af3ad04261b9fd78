//! What each layer of an architecture costs, in constraints of its circuit.
//!
//! Every relation belongs to the layer that made it, or to the record or the outcome. The rows of a table belong to the layer
//! that looks things up in it; where layers share a table, and for what all lookups and contractions share, there is a part of its
//! own, so that the parts add up to the circuit. Layers of one name, such as the steps of a recurrent network, are one part.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use thiserror::Error;

use crate::architecture::{Architecture, Interval, LayerNode};
use crate::layers::Layer;
use crate::lower::{LowerError, NetworkCircuit, Plan, Report};
use crate::system::{CompileError, Relation, Sections, TensorSystem, compile_in_sections};

/// The name of the record's part.
const RECORD: &str = "record";
/// The name of the part of class, scores and statement.
const OUTCOME: &str = "outcome";
/// The name of what several layers share.
const SHARED: &str = "shared by layers";

/// What one part costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LayerCost {
    /// Name of the layer, or what else the part is.
    pub name: String,
    /// Bits of its weights.
    pub weight_bits: Option<u32>,
    /// Bits of what it rounds to.
    pub activation_bits: Option<u32>,
    /// Constraints.
    pub constraints: u64,
}

/// What all parts cost: the record, layers in order, the outcome, what layers share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Costs {
    /// The parts, without those that have neither weights nor constraints.
    pub parts: Vec<LayerCost>,
    /// Constraints of the circuit.
    pub constraints: u64,
}

/// Why nothing can be counted: there is no circuit.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum CostError {
    /// No tensor system.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// No circuit.
    #[error(transparent)]
    Lower(#[from] LowerError),
}

impl Costs {
    /// Of the circuit with the fewest constraints.
    pub fn of(architecture: &Architecture) -> Result<Self, CostError> {
        let (system, sections) = compile_in_sections(architecture)?;
        let plan = Plan::choose(&system);
        let report = NetworkCircuit::new(&system, &plan)?.report();
        let mut parts = Parts::of(architecture);
        parts.count(&system, &sections, &report);
        let keep = |part: &LayerCost| part.constraints > 0 || part.weight_bits.is_some();
        Ok(Self { constraints: report.constraints(), parts: parts.list.into_iter().filter(keep).collect() })
    }

    /// The part of a name.
    pub fn part(&self, name: &str) -> Option<&LayerCost> {
        self.parts.iter().find(|part| part.name == name)
    }
}

/// Parts in order.
struct Parts {
    list: Vec<LayerCost>,
    /// The part of each section.
    of: Vec<usize>,
}

impl Parts {
    fn of(architecture: &Architecture) -> Self {
        let mut parts = Self { list: Vec::new(), of: Vec::new() };
        let mut index = BTreeMap::new();
        parts.open(RECORD.into());
        for node in &architecture.layers {
            let at = *index.entry(&node.name).or_insert_with(|| parts.open_layer(&node.name));
            let part = &mut parts.list[at];
            part.weight_bits = part.weight_bits.max(weight_bits(architecture, node));
            part.activation_bits = part.activation_bits.max(activation_bits(&node.layer));
            parts.of.push(at);
        }
        parts.open(OUTCOME.into());
        parts.list.push(LayerCost::nothing(SHARED.into()));
        parts
    }

    /// A part for the next section.
    fn open(&mut self, name: String) {
        self.of.push(self.list.len());
        self.list.push(LayerCost::nothing(name));
    }

    fn open_layer(&mut self, name: &str) -> usize {
        self.list.push(LayerCost::nothing(name.to_owned()));
        self.list.len() - 1
    }

    /// Adds what the report says of each relation, then of each table, then of the rest.
    fn count(&mut self, system: &TensorSystem, sections: &Sections, report: &Report) {
        let shared = self.list.len() - 1;
        let mut tables: Vec<Option<usize>> = vec![None; system.tables.len()];
        let (relations, rest) = report.costs.split_at(system.relations.len());
        for (index, cost) in relations.iter().enumerate() {
            let part = self.of[sections.of(system, index)];
            self.list[part].constraints += cost.constraints;
            if let Relation::Lookup(lookup) = &system.relations[index] {
                let user = &mut tables[lookup.table.0];
                *user = Some(user.map_or(part, |other| if other == part { part } else { shared }));
            }
        }
        for (index, cost) in rest.iter().enumerate() {
            let part = tables.get(index).copied().flatten().unwrap_or(shared);
            self.list[part].constraints += cost.constraints;
        }
    }
}

impl LayerCost {
    fn nothing(name: String) -> Self {
        Self { name, weight_bits: None, activation_bits: None, constraints: 0 }
    }
}

fn weight_bits(architecture: &Architecture, node: &LayerNode) -> Option<u32> {
    let id = node.layer.weight()?;
    let spec = architecture.parameters.get(id.0)?;
    Some(bits(spec.interval))
}

fn activation_bits(layer: &Layer) -> Option<u32> {
    match layer {
        Layer::Requantize(layer) => Some(bits(layer.activation.ends())),
        Layer::Share(layer) => Some(layer.scale.unsigned_abs().max(1).ilog2()),
        _ => None,
    }
}

/// Bits of the integers of an interval, with a sign if it has any below zero.
pub(crate) fn bits(Interval { lo, hi }: Interval) -> u32 {
    let magnitude = hi.max(lo.saturating_add(1).saturating_neg()).max(1);
    i64::BITS - magnitude.leading_zeros() + u32::from(lo < 0)
}

impl fmt::Display for Costs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or = |bits: Option<u32>| bits.map_or("-".into(), |bits| bits.to_string());
        let width = self.parts.iter().map(|part| part.name.chars().count()).chain([5]).max().unwrap_or_default();
        writeln!(f, "{:<width$}  weights  activations  constraints    share", "layer")?;
        for LayerCost { name, weight_bits, activation_bits, constraints } in &self.parts {
            let share = 100.0 * *constraints as f64 / self.constraints.max(1) as f64;
            let (weights, activations) = (or(*weight_bits), or(*activation_bits));
            writeln!(f, "{name:<width$}  {weights:>7}  {activations:>11}  {constraints:>11}  {share:>5.1} %")?;
        }
        writeln!(f, "{:<width$}  {:>7}  {:>11}  {:>11}  100.0 %", "in all", "", "", self.constraints)
    }
}
