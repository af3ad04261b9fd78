//! Selections: rows of private tables, packed into as few words as hold them.
//!
//! A row of entries with windows of `L_1, L_2, …` bits is packed into words of at most 252 bits, entry `l` at bit `L_1 + … + L_(l−1)` of
//! its word. The entries that a key selects are packed in the same way, and the words are looked up with the key (`gadgets::selection`).
//!
//! *Soundness.* The lookup makes each word that of the key's row. Two sets of entries with the same word have differences with
//! `|d_l| < 2^(L_l)` and `Σ d_l·2^(o_l) = 0`, over the integers because the word has at most 252 bits; the lowest is a multiple of
//! `2^(L_1)`, hence 0, and so on. So what is selected is a function of the key, *whatever a malicious model has in its columns*; for an
//! honest model the true entries have that word and lie in their windows. A word of a single entry needs no window.

use zeroize::Zeroizing;

use super::columns::Values;
use super::contract::PACKED_BITS;
use super::window::Windows;
use crate::field::{Fr, from_int, power_of_two};
use crate::gadgets::Held;
use crate::gadgets::selection::{Selection, selection_constraints};
use crate::r1cs::{Expression, FirstRound};
use crate::system::{Select, TensorId, TensorSystem};

/// One entry of a row, in a word.
#[derive(Clone, Copy)]
struct Limb {
    /// Which of the sources.
    source: usize,
    /// Entry of its row.
    place: usize,
    /// Lowest bit in the word.
    bit: u32,
}

/// How the rows of a selection are packed.
pub(super) struct RowPacking {
    words: Vec<Vec<Limb>>,
    /// Entries of a row, by source.
    widths: Vec<usize>,
    rows: usize,
}

impl RowPacking {
    /// The packing of the rows of `select`; the tensor without a window if there is one that needs it.
    pub(super) fn of(system: &TensorSystem, select: &Select, windows: &Windows) -> Result<Self, TensorId> {
        let width = |source: &TensorId| system.tensor(*source).len() / select.rows.max(1);
        let widths: Vec<_> = select.sources.iter().map(width).collect();
        let single = widths.iter().sum::<usize>() == 1;
        let mut packing = Self { words: Vec::new(), widths, rows: select.rows };
        let mut used = PACKED_BITS;
        for source in 0..select.sources.len() {
            let outs = select.reads.iter().map(|read| read.outs[source]);
            let bits = |out: TensorId| match windows.bits(out) {
                _ if single => Ok(PACKED_BITS),
                Some(bits) if bits <= PACKED_BITS => Ok(bits.max(1)),
                _ => Err(out),
            };
            let bits = outs.map(bits).try_fold(1, |most, bits| Ok(bits?.max(most)))?;
            for place in 0..packing.widths[source] {
                if used + bits > PACKED_BITS {
                    packing.words.push(Vec::new());
                    used = 0;
                }
                packing.words.last_mut().into_iter().for_each(|word| word.push(Limb { source, place, bit: used }));
                used += bits;
            }
        }
        Ok(packing)
    }

    /// Words of a row.
    pub(super) fn words(&self) -> usize {
        self.words.len()
    }

    /// Constraints of the selection.
    pub(super) fn constraints(&self, lookups: usize) -> u64 {
        selection_constraints(self.rows as u64, lookups as u64, self.words.len() as u64)
    }

    /// Weight columns that hold packed rows: the words of each row in turn.
    pub(super) fn allocate<B: FirstRound>(
        &self,
        builder: &mut B,
        select: &Select,
        values: &Values<'_>,
    ) -> Vec<B::Expr> {
        let limb = |row: usize, limb: &Limb| {
            let entry = values.entry(select.sources[limb.source], row * self.widths[limb.source] + limb.place);
            from_int(entry) * power_of_two(limb.bit)
        };
        let word = |row: usize, word: &[Limb]| word.iter().map(|part| *Zeroizing::new(limb(row, part))).sum::<Fr>();
        let places = (0..self.rows).flat_map(|row| self.words.iter().map(move |limbs| (row, limbs)));
        places.map(|(row, limbs)| builder.weight(|| word(row, limbs))).collect()
    }

    /// Looks every key up, as far as the first round goes; `packed` are the weight columns that hold the rows, if any do. `held` is an entry
    /// of a tensor.
    pub(super) fn enforce<E: Expression>(
        &self,
        select: &Select,
        tensors: &[Vec<E>],
        packed: Option<&[E]>,
        held: impl Fn(TensorId, usize) -> Held<E>,
    ) -> Selection<E> {
        let rows = match packed {
            Some(words) => words.chunks(self.words.len()).map(<[E]>::to_vec).collect(),
            None => (0..self.rows).map(|row| self.pack(row, tensors, &select.sources)).collect(),
        };
        let mut selection = Selection::new(select.first, rows);
        for read in &select.reads {
            for index in 0..tensors[read.key.0].len() {
                selection.look_up(held(read.key, index), self.pack(index, tensors, &read.outs));
            }
        }
        selection
    }

    /// The words of row `row` of the tensors `from`, one for each source.
    fn pack<E: Expression>(&self, row: usize, tensors: &[Vec<E>], from: &[TensorId]) -> Vec<E> {
        let entry = |limb: &Limb| &tensors[from[limb.source].0][row * self.widths[limb.source] + limb.place];
        let word = |word: &Vec<Limb>| E::combination(word.iter().map(|limb| (entry(limb), power_of_two(limb.bit))));
        self.words.iter().map(word).collect()
    }
}
