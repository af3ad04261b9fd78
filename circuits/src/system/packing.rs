//! Packed words and the statement's words.

use std::ops::Range;

use ark_ff::Zero;

use super::{BlindingId, Blindings, PackedEntry, Packing, Relation, SystemWitness, TensorId, TensorSystem};
use crate::architecture::Interval;
use crate::field::{Fr, from_int, power_of_two};
use crate::gadgets::poseidon::commit;
use crate::gadgets::range::bits;
use crate::parameters::{Blinding, Record};

/// Bits of a word that entries are packed into; the field's order has 254.
const WORD_BITS: u32 = 248;

/// Word and lowest bit of an entry among entries of so many bits, as many per word as fit.
pub(crate) fn place(index: usize, width: u32) -> (usize, u32) {
    let per_word = (WORD_BITS / width.max(1)) as usize;
    (index / per_word, width * (index % per_word) as u32)
}

impl Packing {
    /// The given entries of `tensor`, each less the interval's lower end, as many per word as fit.
    pub fn dense(tensor: TensorId, range: Range<usize>, interval: Interval) -> Self {
        let width = bits(interval.size());
        let mut words: Vec<Vec<PackedEntry>> = Vec::new();
        for index in range.clone() {
            let (word, bit) = place(index - range.start, width);
            words.resize_with(word + 1, Vec::new);
            words[word].push(PackedEntry { tensor, index, offset: -interval.lo, bit });
        }
        Self { words }
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
    /// The statement's words: for each record its commitment, then its outcome. A word whose blinding is missing is 0.
    pub fn words(&self, witness: &SystemWitness, blindings: Blindings<'_>) -> Vec<Fr> {
        let mut words = vec![Fr::zero(); self.words];
        for relation in &self.relations {
            match relation {
                Relation::Hash(hash) => {
                    if let Some(blinding) = blindings.get(hash.blinding) {
                        words[hash.word.0] = hash.packing.committed(witness, blinding);
                    }
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
    /// The commitment to a record alone, for a record whose length fits the system; `None` otherwise. It is the same in a system for several.
    pub fn record_commitment(&self, record: &Record, blinding: &Blinding) -> Option<Fr> {
        let hashes = self.relations.iter().filter_map(|relation| match relation {
            Relation::Hash(hash) if hash.blinding == BlindingId::Record(0) => Some(hash),
            _ => None,
        });
        let packing = &hashes.map(|hash| &hash.packing).next()?;
        let entries = record.entries();
        let fits = packing.words.iter().flatten().all(|entry| entry.index < entries.len());
        fits.then(|| commit(&packing.pack(|entry| entries[entry.index]), blinding))
    }
}
