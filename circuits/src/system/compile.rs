//! From an architecture to a tensor system: the record, the layers in order, the class, the outcome.

use thiserror::Error;

use super::{BlindingId, PackedEntry, Packing, SystemBuilder, TensorId, TensorSystem, WordId};
use crate::architecture::{Architecture, ArchitectureError, LayerNode, OutcomeKind};
use crate::layers::{LayerError, ValueType, relate_argmax};
use crate::statement::{SCORE_INTERVAL, SCORE_OFFSET, SCORES_PER_WORD, score_position};

/// The record commitment is the first word of the statement, the outcome words follow.
const RECORD_WORD: WordId = WordId(0);
const OUTCOME_WORD: WordId = WordId(1);

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

/// The tensor system of `architecture`.
pub fn compile(architecture: &Architecture) -> Result<TensorSystem, CompileError> {
    architecture.validate()?;
    let mut system = SystemBuilder::new(&architecture.parameters);
    let mut values = vec![relate_record(architecture, &mut system)];
    for node in &architecture.layers {
        values.push(relate_node(node, &mut system, &values)?);
    }
    system.enter("outcome");
    let scores = values[architecture.scores.0];
    bound_scores(&mut system, scores);
    let class = relate_argmax(&mut system, scores).map_err(CompileError::Class)?;
    disclose(architecture.outcome, &mut system, class, scores);
    Ok(system.finish())
}

/// The record and its commitment.
fn relate_record(architecture: &Architecture, system: &mut SystemBuilder<'_>) -> TensorId {
    let interval = architecture.encoding.interval;
    let record = system.record(ValueType { shape: architecture.input_shape.clone(), interval });
    let packing = Packing::dense(record, architecture.encoding.len, interval);
    system.hash(packing, BlindingId::Record, RECORD_WORD);
    record
}

fn relate_node(
    node: &LayerNode,
    system: &mut SystemBuilder<'_>,
    values: &[TensorId],
) -> Result<TensorId, CompileError> {
    system.enter(&node.name);
    let inputs: Vec<_> = node.inputs.iter().map(|id| values[id.0]).collect();
    let related = node.layer.operator().relate(system, &inputs);
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

fn disclose(kind: OutcomeKind, system: &mut SystemBuilder<'_>, class: TensorId, scores: TensorId) {
    let with_scores = pack_outcome(class, scores, system.len(scores));
    match kind {
        OutcomeKind::Class => system.publish(pack_outcome(class, scores, 0), OUTCOME_WORD),
        OutcomeKind::ClassAndScores => system.publish(with_scores, OUTCOME_WORD),
        OutcomeKind::Commitment => system.hash(with_scores, BlindingId::Outcome, OUTCOME_WORD),
    }
}

/// Class and the first `len` scores, laid out as in [`Outcome::words`](crate::Outcome::words).
fn pack_outcome(class: TensorId, scores: TensorId, len: usize) -> Packing {
    let mut words = vec![Vec::new(); len.div_ceil(SCORES_PER_WORD).max(1)];
    words[0].push(PackedEntry { tensor: class, index: 0, offset: 0, bit: 0 });
    for index in 0..len {
        let (word, bit) = score_position(index);
        words[word].push(PackedEntry { tensor: scores, index, offset: SCORE_OFFSET, bit });
    }
    Packing { words }
}
