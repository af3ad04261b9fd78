//! From an architecture to a tensor system: the record, the layers in order, the class, the outcome.

use std::ops::Range;

use thiserror::Error;

use super::{BlindingId, PackedEntry, Packing, Relation, SystemBuilder, TensorId, TensorSystem, WordId};
use crate::architecture::{Architecture, ArchitectureError, LayerNode, OutcomeKind};
use crate::layers::{LayerError, ValueType, relate_argmax};
use crate::statement::{SCORE_INTERVAL, SCORE_OFFSET, SCORES_PER_WORD, score_position};

/// Why an architecture has no tensor system.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum CompileError {
    /// The architecture makes no sense.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// An intermediate value of a layer could leave the range that integers are tracked in.
    #[error("layer `{name}`: {source}")]
    Layer {
        /// Name of the layer.
        name: String,
        /// Why.
        source: LayerError,
    },
    /// The scores are too many and too wide to be compared.
    #[error("the class: {0}")]
    Class(LayerError),
}

/// Where the relations and tensors of each part of an architecture end in its system: the record's, each layer's, the outcome's.
#[derive(Clone, Debug)]
pub struct Sections(Vec<[usize; 2]>);

impl Sections {
    /// Notes that a part ends here.
    fn end(&mut self, system: &SystemBuilder<'_>) {
        let system = system.system();
        self.0.push([system.relations.len(), system.tensors.len()]);
    }

    /// The part of a relation: 0 is the record, `i` is layer `i − 1`, and one more is the outcome. What is added at the end belongs to the
    /// part of the tensor that it bounds.
    pub fn of(&self, system: &TensorSystem, relation: usize) -> usize {
        let at = |[_, tensors]: &[usize; 2], tensor: usize| *tensors <= tensor;
        match (self.0.iter().position(|[relations, _]| relation < *relations), &system.relations[relation]) {
            (Some(part), _) => part,
            (None, Relation::Lookup(lookup)) => self.0.partition_point(|end| at(end, lookup.key.0)),
            (None, _) => self.0.len() - 1,
        }
    }
}

/// The tensor system of `architecture`. Several records share the weights and what is proven of them: the record's tensor holds them one
/// after the other, the statement has the words of each in turn.
pub fn compile(architecture: &Architecture) -> Result<TensorSystem, CompileError> {
    compile_in_sections(architecture).map(|(system, _)| system)
}

/// The tensor system of `architecture`, and which of its relations belong to which layer.
pub fn compile_in_sections(architecture: &Architecture) -> Result<(TensorSystem, Sections), CompileError> {
    let types = architecture.validate()?;
    let records = architecture.records.get();
    let mut system = SystemBuilder::new(&architecture.parameters);
    let (len, positions) = (types[architecture.scores.0].shape.iter().product(), architecture.positions.get());
    let words = 1 + architecture.outcome_words(len);
    let mut values = vec![relate_records(architecture, &mut system, (records, words))?];
    let mut sections = Sections(Vec::new());
    sections.end(&system);
    for node in &architecture.layers {
        let entries = node.inputs.first().map_or(0, |input| types[input.0].shape.iter().product());
        values.push(relate_node(node, &mut system, &values, (records, entries))?);
        sections.end(&system);
    }
    system.enter("outcome");
    let scores = values[architecture.scores.0];
    if positions == 1 || len > positions {
        bound_scores(&mut system, scores);
    }
    for record in 0..records {
        let range = len * record..len * (record + 1);
        let own = system.slice("own", scores, range.clone());
        let class = relate_argmax(&mut system, own, positions).map_err(CompileError::Class)?;
        let packing = match (positions, architecture.outcome) {
            (2.., _) => pack_map(&system, class),
            (_, OutcomeKind::Class) => pack_outcome(class, scores, 0..0),
            _ => pack_outcome(class, scores, range),
        };
        disclose(architecture.outcome, &mut system, packing, (record, words));
    }
    sections.end(&system);
    Ok((system.finish(), sections))
}

/// The records and their commitments.
fn relate_records(
    architecture: &Architecture,
    system: &mut SystemBuilder<'_>,
    (records, words): (usize, usize),
) -> Result<TensorId, CompileError> {
    let (interval, len) = (architecture.encoding.interval, architecture.encoding.len);
    let shape = several(records, &architecture.input_shape);
    let tensor = system.record(ValueType { shape, interval });
    for record in 0..records {
        let packing = Packing::dense(tensor, len * record..len * (record + 1), interval);
        system.hash(packing, BlindingId::Record(record), WordId(words * record));
    }
    Ok(tensor)
}

/// The shape of so many values of a shape.
fn several(records: usize, shape: &[usize]) -> Vec<usize> {
    (records > 1).then_some(records).into_iter().chain(shape.iter().copied()).collect()
}

fn relate_node(
    node: &LayerNode,
    system: &mut SystemBuilder<'_>,
    values: &[TensorId],
    (records, len): (usize, usize),
) -> Result<TensorId, CompileError> {
    system.enter(&node.name);
    let inputs: Vec<_> = node.inputs.iter().map(|id| values[id.0]).collect();
    let related = match records {
        1 => node.layer.operator().relate(system, &inputs),
        _ => node.layer.on_several(records, len).operator().relate(system, &inputs),
    };
    related.map_err(|source| CompileError::Layer { name: node.name.clone(), source })
}

/// Looks scores up in a range, unless they come from a table whose values fit: differences and packed words of scores that
/// anything could have been added to would mean nothing.
fn bound_scores(system: &mut SystemBuilder<'_>, scores: TensorId) {
    let widened = system.value(scores).interval.widened();
    let looked_up = system.system().looked_up(scores);
    if !looked_up.is_some_and(|interval| SCORE_INTERVAL.hull(&widened).encloses(&interval)) {
        system.range(scores, widened);
    }
}

/// Discloses one record's outcome, or the commitment to it.
fn disclose(kind: OutcomeKind, system: &mut SystemBuilder<'_>, packing: Packing, (record, words): (usize, usize)) {
    let first = WordId(words * record + 1);
    match kind {
        OutcomeKind::Class | OutcomeKind::ClassAndScores => system.publish(packing, first),
        OutcomeKind::Commitment => system.hash(packing, BlindingId::Outcome(record), first),
    }
}

/// The class at each position, laid out as in [`OutcomeForm::pack`](crate::statement::OutcomeForm::pack).
fn pack_map(system: &SystemBuilder<'_>, classes: TensorId) -> Packing {
    Packing::dense(classes, 0..system.len(classes), system.value(classes).interval)
}

/// Class and some of the `range` of the scores' entries, laid out in the same way.
fn pack_outcome(class: TensorId, scores: TensorId, range: Range<usize>) -> Packing {
    let mut words = vec![Vec::new(); range.len().div_ceil(SCORES_PER_WORD).max(1)];
    words[0].push(PackedEntry { tensor: class, index: 0, offset: 0, bit: 0 });
    for (position, index) in range.enumerate() {
        let (word, bit) = score_position(position);
        words[word].push(PackedEntry { tensor: scores, index, offset: SCORE_OFFSET, bit });
    }
    Packing { words }
}
