//! Packed words and the statement's words.

use ark_ff::Zero;

use super::{BlindingId, PackedEntry, Packing, Relation, SystemWitness, TensorId, TensorSystem};
use crate::architecture::Interval;
use crate::field::{Fr, from_int, power_of_two};
use crate::gadgets::poseidon::commit;
use crate::parameters::Blinding;

/// Bits of a word that entries are packed into; the field's order has 254.
const WORD_BITS: u32 = 248;

impl Packing {
    /// All `len` entries of `tensor`, each less the interval's lower end, as many per word as fit.
    pub fn dense(tensor: TensorId, len: usize, interval: Interval) -> Self {
        let width = u64::BITS - (interval.size() - 1).leading_zeros();
        let per_word = (WORD_BITS / width.max(1)) as usize;
        let entry =
            |index: usize| PackedEntry { tensor, index, offset: -interval.lo, bit: width * (index % per_word) as u32 };
        let entries: Vec<_> = (0..len).map(entry).collect();
        Self { words: entries.chunks(per_word).map(<[_]>::to_vec).collect() }
    }

    /// The packed words: `Σ (entry + offset)·2^bit` each.
    pub fn evaluate(&self, witness: &SystemWitness) -> Vec<Fr> {
        let value = |entry: &PackedEntry| {
            let integer = i128::from(witness.entry(entry.tensor, entry.index)) + i128::from(entry.offset);
            from_int(integer) * power_of_two(entry.bit)
        };
        self.words.iter().map(|word| word.iter().map(value).sum()).collect()
    }

    /// The packed words, hashed together with a blinding value.
    pub(super) fn committed(&self, witness: &SystemWitness, blinding: &Blinding) -> Fr {
        commit(&self.evaluate(witness), blinding)
    }
}

impl TensorSystem {
    /// The statement's words: the record commitment, then the outcome.
    pub fn words(&self, witness: &SystemWitness, record: &Blinding, outcome: &Blinding) -> Vec<Fr> {
        let mut words = vec![Fr::zero(); self.words];
        for relation in &self.relations {
            match relation {
                Relation::Hash(hash) => {
                    let blinding = hash.blinding.pick(record, outcome);
                    words[hash.word.0] = hash.packing.committed(witness, blinding);
                }
                Relation::Publish(publish) => {
                    let packed = publish.packing.evaluate(witness);
                    words[publish.first.0..].iter_mut().zip(packed).for_each(|(word, packed)| *word = packed);
                }
                _ => {}
            }
        }
        words
    }
}

impl BlindingId {
    /// The blinding value meant.
    pub fn pick<'b>(self, record: &'b Blinding, outcome: &'b Blinding) -> &'b Blinding {
        match self {
            Self::Record => record,
            Self::Outcome => outcome,
        }
    }
}
