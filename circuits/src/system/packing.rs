//! Packed words and the statement's words.

use ark_ff::Zero;

use super::{BlindingId, PackedEntry, Packing, Relation, SystemWitness, TensorId, TensorSystem};
use crate::architecture::Interval;
use crate::field::{Fr, from_int, power_of_two};
use crate::gadgets::poseidon::commit;
use crate::parameters::{Blinding, Record};

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
        self.pack(|entry| witness.entry(entry.tensor, entry.index))
    }

    /// The packed words of entries read by `read`.
    fn pack(&self, read: impl Fn(&PackedEntry) -> i64) -> Vec<Fr> {
        let value = |entry: &PackedEntry| {
            from_int(i128::from(read(entry)) + i128::from(entry.offset)) * power_of_two(entry.bit)
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

impl TensorSystem {
    /// The record commitment alone, for a record whose length fits the system; `None` otherwise.
    pub fn record_commitment(&self, record: &Record, blinding: &Blinding) -> Option<Fr> {
        let hashes = self.relations.iter().filter_map(|relation| match relation {
            Relation::Hash(hash) if hash.blinding == BlindingId::Record => Some(hash),
            _ => None,
        });
        let packing = &hashes.map(|hash| &hash.packing).next()?;
        let entries = record.entries();
        let fits = packing.words.iter().flatten().all(|entry| entry.index < entries.len());
        fits.then(|| commit(&packing.pack(|entry| entries[entry.index]), blinding))
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
