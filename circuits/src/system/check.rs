//! The oracle: whether a witness satisfies every relation. Every proof system accepts exactly what this accepts.
//!
//! Relations are checked over the integers. Entries beyond `2^`[`WITNESS_BITS`] are refused, so that sums cannot wrap; everything
//! that a relation bounds is far smaller.

use thiserror::Error;

use super::{
    Blindings, Hash, Lookup, Publish, Relation, Select, SystemWitness, TensorId, TensorSystem, Vanish, WordId,
};
use crate::field::Fr;
use crate::parameters::Blinding;

/// Binary logarithm of the largest magnitude of an entry that the check looks at.
pub const WITNESS_BITS: u32 = 50;

/// What a witness violates. Names places, never the secret integers there.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Violation {
    /// The witness has other tensors than the system.
    #[error("the witness does not have the shape of `{tensor}`")]
    Shape {
        /// Name of the tensor.
        tensor: String,
    },
    /// Far outside every interval.
    #[error("entry {index} of `{tensor}` is beyond 2^{WITNESS_BITS}")]
    Magnitude {
        /// Name of the tensor.
        tensor: String,
        /// Row-major index of the entry.
        index: usize,
    },
    /// An entry is not what a linear, contract or product relation says.
    #[error("entry {index} of `{tensor}` is not what relation {relation} says")]
    Equation {
        /// Index of the relation.
        relation: usize,
        /// Name of its `out`.
        tensor: String,
        /// Row-major index of the entry.
        index: usize,
    },
    /// An entry, or pair of entries, is no row of a table.
    #[error("entry {index} of `{tensor}` is no row of the table of relation {relation}")]
    Lookup {
        /// Index of the relation.
        relation: usize,
        /// Name of its `key`.
        tensor: String,
        /// Row-major index of the entry.
        index: usize,
    },
    /// An entry is not that of the row that its key names, or there is no such row.
    #[error("entry {index} of `{tensor}` is not in the row that relation {relation} selects")]
    Select {
        /// Index of the relation.
        relation: usize,
        /// Name of the `out`.
        tensor: String,
        /// Row-major index of the entry.
        index: usize,
    },
    /// No entry of a group is 0.
    #[error("no entry of group {group} of `{tensor}` is 0, as relation {relation} wants")]
    Vanish {
        /// Index of the relation.
        relation: usize,
        /// Name of its `factor`.
        tensor: String,
        /// Index of the group.
        group: usize,
    },
    /// A statement word is another one.
    #[error("statement word {word} is not what relation {relation} says")]
    Word {
        /// Index of the relation.
        relation: usize,
        /// Index of the word.
        word: usize,
    },
    /// Wrong number of statement words.
    #[error("the statement has {got} words, the system {expected}")]
    Words {
        /// Words of the system.
        expected: usize,
        /// Words given.
        got: usize,
    },
}

impl TensorSystem {
    /// Checks `witness` and the statement's `words` against every relation.
    pub fn check(&self, witness: &SystemWitness, words: &[Fr], blindings: Blindings<'_>) -> Result<(), Violation> {
        if words.len() != self.words {
            return Err(Violation::Words { expected: self.words, got: words.len() });
        }
        self.check_entries(witness)?;
        self.relations.iter().enumerate().try_for_each(|(index, relation)| match relation {
            Relation::Linear(linear) => self.check_equation(index, linear.out, witness),
            Relation::Contract(contract) => self.check_equation(index, contract.out, witness),
            Relation::Product(product) => self.check_equation(index, product.out, witness),
            Relation::Vanish(vanish) => self.check_vanish(index, vanish, witness),
            Relation::Lookup(lookup) => self.check_lookup(index, lookup, witness),
            Relation::Select(select) => self.check_select(index, select, witness),
            Relation::Hash(hash) => check_hash(index, hash, witness, words, blindings.get(hash.blinding)),
            Relation::Publish(publish) => check_publish(index, publish, witness, words),
        })
    }

    fn check_entries(&self, witness: &SystemWitness) -> Result<(), Violation> {
        for (index, info) in self.tensors.iter().enumerate() {
            let found = witness.tensors.get(index).filter(|found| found.shape() == info.shape);
            let entries = found.ok_or_else(|| Violation::Shape { tensor: info.name.clone() })?;
            if let Some(index) = entries.iter().position(|entry| entry.unsigned_abs() > 1 << WITNESS_BITS) {
                return Err(Violation::Magnitude { tensor: info.name.clone(), index });
            }
        }
        Ok(())
    }

    fn check_equation(&self, relation: usize, out: TensorId, witness: &SystemWitness) -> Result<(), Violation> {
        let info = self.tensor(out);
        let expected = self.relations[relation].right_side(info.len(), witness).unwrap_or_default();
        let found = witness.entries(out);
        let mut pairs = found.iter().zip(&expected);
        match pairs.position(|(&found, &expected)| i128::from(found) != expected) {
            Some(index) => Err(Violation::Equation { relation, tensor: info.name.clone(), index }),
            None => Ok(()),
        }
    }

    fn check_vanish(&self, relation: usize, vanish: &Vanish, witness: &SystemWitness) -> Result<(), Violation> {
        let factor = witness.entries(vanish.factor);
        match vanish.groups.iter().position(|group| group.iter().all(|&member| factor[member as usize] != 0)) {
            Some(group) => Err(Violation::Vanish { relation, tensor: self.tensor(vanish.factor).name.clone(), group }),
            None => Ok(()),
        }
    }

    fn check_select(&self, relation: usize, select: &Select, witness: &SystemWitness) -> Result<(), Violation> {
        let reads =
            select.reads.iter().flat_map(|read| read.outs.iter().zip(&select.sources).map(|pair| (read.key, pair)));
        reads.into_iter().try_for_each(|(key, (&out, &source))| {
            let (keys, rows, found) = (witness.entries(key), witness.entries(source), witness.entries(out));
            let width = rows.len() / select.rows.max(1);
            let wrong = |(index, &key): (usize, &i64)| {
                let place = |row: &[i64]| row.iter().zip(&found[index * width..]).position(|(row, found)| row != found);
                selected(&rows, key, select.first, width).map_or(Some(0), place).map(|place| index * width + place)
            };
            match keys.iter().enumerate().find_map(wrong) {
                Some(index) => Err(Violation::Select { relation, tensor: self.tensor(out).name.clone(), index }),
                None => Ok(()),
            }
        })
    }

    fn check_lookup(&self, relation: usize, lookup: &Lookup, witness: &SystemWitness) -> Result<(), Violation> {
        let table = &self.tables[lookup.table.0];
        let keys = witness.entries(lookup.key);
        let values = lookup.value.map(|value| witness.entries(value));
        let is_row = |index: usize| match &values {
            None => table.domain().contains(keys[index]),
            Some(values) => table.value(keys[index]) == Some(values[index]),
        };
        match (0..keys.len()).find(|&index| !is_row(index)) {
            Some(index) => Err(Violation::Lookup { relation, tensor: self.tensor(lookup.key).name.clone(), index }),
            None => Ok(()),
        }
    }
}

/// The row of `width` entries that `key` names.
pub(super) fn selected(source: &[i64], key: i64, first: i64, width: usize) -> Option<&[i64]> {
    let row = usize::try_from(key.checked_sub(first)?).ok()?;
    source.get(row.checked_mul(width)?..)?.get(..width)
}

fn check_hash(
    relation: usize,
    hash: &Hash,
    witness: &SystemWitness,
    words: &[Fr],
    blinding: Option<&Blinding>,
) -> Result<(), Violation> {
    let blinding = blinding.ok_or(Violation::Word { relation, word: hash.word.0 })?;
    check_word(relation, hash.word, hash.packing.committed(witness, blinding), words)
}

fn check_publish(relation: usize, publish: &Publish, witness: &SystemWitness, words: &[Fr]) -> Result<(), Violation> {
    let packed = publish.packing.evaluate(witness).into_iter().enumerate();
    let mut placed = packed.map(|(index, value)| (WordId(publish.first.0 + index), value));
    placed.try_for_each(|(word, value)| check_word(relation, word, value, words))
}

fn check_word(relation: usize, word: WordId, value: Fr, words: &[Fr]) -> Result<(), Violation> {
    match words.get(word.0) {
        Some(&found) if found == value => Ok(()),
        _ => Err(Violation::Word { relation, word: word.0 }),
    }
}
