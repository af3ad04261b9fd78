//! What can be raised: the record, weights by layer, activations by the scales that they share.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::quantize::options::{Options, Settings};
use crate::quantize::precision::{groups, weighted};
use crate::quantize::{Prepared, WIDTHS};

/// The steps of precision.
const STEPS: [u32; 4] = [8, 10, 12, 16];

/// Most parts that are tried by themselves; more are joined in the order of the network.
const PARTS: usize = 48;

/// What can be raised.
#[derive(Clone)]
pub(super) struct Part {
    /// The bits that the record has, if it is part of it.
    record: Option<u32>,
    weights: Vec<String>,
    activations: Vec<String>,
    pub(super) bits: u32,
}

/// The next step above some bits.
pub(super) fn next(bits: u32) -> Option<u32> {
    STEPS.into_iter().find(|&step| step > bits).filter(|bits| WIDTHS.contains(bits))
}

/// Parts that are raised together, and what a step of them gains.
pub(super) struct Candidate {
    pub(super) parts: Vec<usize>,
    /// What it takes off the mean squared error, for each constraint that it adds.
    pub(super) gain: f64,
}

/// Every part, in the order of the network, and what can be raised: each by itself, and weights with the activations that their sums end in,
/// since finer ones of either kind may be lost in the other.
pub(super) fn parts(
    prepared: &Prepared<'_>,
    options: &Options<'_>,
    settings: &Settings,
) -> (Vec<Part>, Vec<Candidate>) {
    let parts = every(prepared, options, settings);
    let each = parts.len().div_ceil(PARTS).max(1);
    let chunks: Vec<Part> = parts.chunks(each).map(|chunk| joined(chunk.iter())).collect();
    let mut sets: Vec<Vec<usize>> = (0..chunks.len()).map(|index| vec![index]).collect();
    if each == 1 {
        sets.extend(pairs(prepared, &chunks));
    }
    (chunks, sets.into_iter().map(|parts| Candidate { parts, gain: 0.0 }).collect())
}

/// Weights, and the activations that read what they sum.
fn pairs(prepared: &Prepared<'_>, parts: &[Part]) -> Vec<Vec<usize>> {
    let network = &prepared.network;
    let mut pairs = Vec::new();
    for (activations, part) in parts.iter().enumerate().filter(|(_, part)| !part.activations.is_empty()) {
        let own = network.nodes.iter().filter(|node| part.activations.contains(&node.name) && node.inputs.len() == 1);
        let terms: BTreeSet<usize> = own.flat_map(|node| network.terms(node.inputs[0])).collect();
        let reads = |part: &Part| terms.iter().any(|&id| part.weights.contains(&network.nodes[id].name));
        pairs.extend(
            (0..parts.len()).filter(|&weights| reads(&parts[weights])).map(|weights| vec![weights, activations]),
        );
    }
    pairs
}

fn every(prepared: &Prepared<'_>, options: &Options<'_>, settings: &Settings) -> Vec<Part> {
    let (network, bits) = (&prepared.network, &settings.bits);
    let none = Part { record: None, weights: Vec::new(), activations: Vec::new(), bits: 0 };
    let mut parts = Vec::new();
    if network.names().is_none() {
        let bits = settings.encoding.interval.size().ilog2();
        parts.push((0, Part { record: Some(bits), bits, ..none.clone() }));
    }
    for name in weighted(network) {
        let first = network.nodes.iter().position(|node| node.is_linear() && node.name == name).unwrap_or_default();
        let bits = options.layers.weights.get(&name).copied().unwrap_or(options.weight_bits);
        parts.push((first, Part { weights: vec![name], bits, ..none.clone() }));
    }
    for group in groups(network, &prepared.classes) {
        let mut activations: Vec<String> = Vec::new();
        for id in &group {
            let name = &network.nodes[*id].name;
            if !activations.contains(name) {
                activations.push(name.clone());
            }
        }
        parts.push((group[0], Part { activations, bits: bits.activations[group[0]], ..none.clone() }));
    }
    parts.sort_by_key(|(first, _)| *first);
    parts.into_iter().map(|(_, part)| part).collect()
}

/// Several parts as one, with the fewest bits of any.
fn joined<'p>(parts: impl Iterator<Item = &'p Part>) -> Part {
    let mut parts = parts.cloned();
    let first = parts.next().expect("a chunk has a part");
    parts.fold(first, |mut all, part| {
        all.record = all.record.or(part.record);
        all.weights.extend(part.weights);
        all.activations.extend(part.activations);
        Part { bits: all.bits.min(part.bits), ..all }
    })
}

impl Part {
    /// Gives all of the part so many bits, if it has fewer.
    pub(super) fn set(&self, options: &mut Options<'_>, bits: u32) {
        if let Some(own) = self.record {
            options.input_bits = Some(own.max(bits));
        }
        let raise = |names: &[String], given: &mut BTreeMap<String, u32>, graph: u32| {
            for name in names {
                let own = given.entry(name.clone()).or_insert(graph);
                *own = bits.max(*own);
            }
        };
        raise(&self.weights, &mut options.layers.weights, options.weight_bits);
        raise(&self.activations, &mut options.layers.activations, options.activation_bits);
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let several = |names: &[String]| match names {
            [one] => one.clone(),
            [first, rest @ ..] => format!("{first} and {} more", rest.len()),
            [] => String::new(),
        };
        let record = self.record.map(|_| "record".to_owned());
        let weights = (!self.weights.is_empty()).then(|| format!("weights of {}", several(&self.weights)));
        let activations =
            (!self.activations.is_empty()).then(|| format!("activations of {}", several(&self.activations)));
        f.write_str(&[record, weights, activations].into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::next;

    #[test]
    fn steps_end() {
        assert_eq!(
            [4, 8, 9, 10, 12, 14, 16].map(next),
            [Some(8), Some(10), Some(10), Some(12), Some(16), Some(16), None]
        );
    }
}
