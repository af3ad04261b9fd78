//! Tensor relations: the one language between models and proof systems.
//!
//! A [`TensorSystem`] is a list of integer tensors and of relations between them. No proof system knows what a convolution
//! is, and no layer knows what a curve is. [`TensorSystem::check`] on a witness is the oracle: every proof system
//! accepts exactly what it accepts.
//!
//! | relation | meaning |
//! |---|---|
//! | [`Linear`] | a tensor is a fixed linear map of others |
//! | [`Contract`] | a tensor is an einsum of two others |
//! | [`Product`] | a tensor is the entrywise product of two others |
//! | [`Vanish`] | in each group of entries, one is 0 |
//! | [`Lookup`] | each entry, or pair of entries, is a row of a table |
//! | [`Select`] | entries are the rows of other tensors that keys name |
//! | [`Hash`](struct@Hash) | Poseidon of packed entries and a blinding value is a public word |
//! | [`Publish`] | packed entries are public words |
//!
//! A tensor's [`Definition`] tells how the witness computes it. Relations are equations without direction, and which tensors a
//! proof system holds in columns and which it writes as expressions is [`TensorSystem::expressions`].

mod arithmetic;
mod builder;
mod check;
mod compile;
mod contraction;
mod definition;
mod enforced;
mod express;
mod groups;
mod packing;
mod table;
mod witness;

pub use builder::SystemBuilder;
pub use check::{Violation, WITNESS_BITS};
pub use compile::{CompileError, Sections, compile, compile_in_sections};
pub(crate) use contraction::ContractLayout;
pub use definition::Definition;
pub use express::Solved;
pub use groups::Groups;
pub(crate) use packing::place;
pub use table::Table;
pub use witness::{SystemWitness, WitnessError};

use crate::architecture::{Interval, ParameterId};
use crate::parameters::Blinding;
use crate::window::Window;

/// Index of a tensor of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorId(pub usize);

/// Index of a table of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableId(pub usize);

/// Index of a statement word: 0 is the record commitment, the outcome words follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WordId(pub usize);

/// Which blinding value a hash takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlindingId {
    /// Hides a record.
    Record(usize),
    /// Hides the outcome of a record.
    Outcome(usize),
}

/// What hides each record and its outcome.
#[derive(Clone, Copy)]
pub struct Blindings<'b> {
    /// By record.
    pub records: &'b [Blinding],
    /// By record.
    pub outcomes: &'b [Blinding],
}

impl<'b> Blindings<'b> {
    /// Those of a single record.
    pub fn single(record: &'b Blinding, outcome: &'b Blinding) -> Self {
        Self { records: std::slice::from_ref(record), outcomes: std::slice::from_ref(outcome) }
    }

    /// The one meant, if there is one.
    pub fn get(&self, id: BlindingId) -> Option<&'b Blinding> {
        match id {
            BlindingId::Record(record) => self.records.get(record),
            BlindingId::Outcome(record) => self.outcomes.get(record),
        }
    }
}

/// Who holds a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A parameter of the model, committed at registration.
    Weight(ParameterId),
    /// The patient's record.
    Record,
    /// Computed from the others.
    Witness,
}

/// One integer tensor.
#[derive(Clone, Debug)]
pub struct TensorInfo {
    /// Name for messages, such as `hidden_1.accumulator`.
    pub name: String,
    /// Shape; entries are counted in row-major order.
    pub shape: Vec<usize>,
    /// Who holds it.
    pub role: Role,
    /// Where every entry lies when model and record are honest.
    pub interval: Interval,
    /// How the witness computes it.
    pub definition: Definition,
}

impl TensorInfo {
    /// Number of entries.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// `out[k] = constant + Σ_terms coefficient · tensor[map(k)]`, for every entry `k` of `out`.
#[derive(Clone, Debug)]
pub struct Linear {
    /// The tensor it determines.
    pub out: TensorId,
    /// Added to every entry.
    pub constant: i64,
    /// Summands.
    pub terms: Vec<Term>,
}

/// One summand of a [`Linear`].
#[derive(Clone, Debug)]
pub struct Term {
    /// The tensor it reads.
    pub tensor: TensorId,
    /// The factor.
    pub coefficient: i64,
    /// Which entry it reads for each entry of the output.
    pub map: IndexMap,
}

impl Term {
    /// `coefficient·tensor[k]`.
    pub fn of(tensor: TensorId, coefficient: i64) -> Self {
        Self { tensor, coefficient, map: IndexMap::Identity }
    }

    /// `coefficient·tensor[map(k)]`.
    pub fn mapped(tensor: TensorId, coefficient: i64, map: IndexMap) -> Self {
        Self { tensor, coefficient, map }
    }
}

/// Which entry of a tensor a term reads for entry `k` of the output.
#[derive(Clone, Debug)]
pub enum IndexMap {
    /// Entry `k`.
    Identity,
    /// Entry 0, for every `k`.
    Broadcast,
    /// Entry `indices[k]`, or zero where it is [`IndexMap::NONE`].
    Gather(Vec<u32>),
}

impl IndexMap {
    /// Marks an output entry to which the term adds nothing.
    pub const NONE: u32 = u32::MAX;

    /// Entry `k mod period`, for outputs of `len` entries.
    pub fn repeated(len: usize, period: usize) -> Self {
        match period {
            1 => Self::Broadcast,
            _ if period == len => Self::Identity,
            _ => Self::Gather((0..period as u32).cycle().take(len).collect()),
        }
    }

    /// Each of `entries` entries for as many of the `len` outputs in turn.
    pub fn spread(len: usize, entries: usize) -> Self {
        match entries {
            1 => Self::Broadcast,
            _ if entries == len => Self::Identity,
            _ => Self::Gather((0..len).map(|k| (k / (len / entries)) as u32).collect()),
        }
    }

    /// Whether outputs of `len` entries read every entry of a tensor of `entries` entries.
    pub fn covers(&self, entries: usize, len: usize) -> bool {
        let mut read = vec![false; entries];
        (0..len)
            .filter_map(|k| self.get(k))
            .for_each(|index| read.iter_mut().skip(index).take(1).for_each(|r| *r = true));
        read.into_iter().all(|read| read)
    }

    /// The entry read for output entry `k`.
    pub fn get(&self, k: usize) -> Option<usize> {
        match self {
            Self::Identity => Some(k),
            Self::Broadcast => Some(0),
            Self::Gather(indices) => indices.get(k).filter(|&&i| i != Self::NONE).map(|&i| i as usize),
        }
    }
}

/// `out[b, m, n] = Σ_k left[b, m, k]·right[b, k, n]`, entries laid out as its [`ContractForm`] says.
#[derive(Clone, Debug)]
pub struct Contract {
    /// The products.
    pub out: TensorId,
    /// The left factor: activations.
    pub left: TensorId,
    /// The right factor: weights where there are any.
    pub right: TensorId,
    /// Axes and layout.
    pub sizes: Sizes,
}

/// Axes of a [`Contract`].
#[derive(Clone, Debug)]
pub struct Sizes {
    /// Independent products.
    pub batch: usize,
    /// Rows of the left factor.
    pub rows: usize,
    /// Columns of the left factor, rows of the right one.
    pub inner: usize,
    /// Columns of the right factor.
    pub columns: usize,
    /// Where entries are.
    pub form: ContractForm,
}

/// How a [`Contract`] reads its tensors, all in row-major order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContractForm {
    /// `left` is `batch × rows × inner`, `right` is `batch × inner × columns`, `out` is `batch × rows × columns`.
    Matrices,
    /// A convolution: batch entries are groups, rows are positions, `k` is a channel and a tap. `left` is `lead × batch × channels ×
    /// entries`, `right` is `batch × columns × inner`, `out` is `lead × batch × columns × positions`.
    Windows {
        /// Where each position reads.
        window: Window,
        /// Length of the window's first axis if that stands before groups and channels in `left` and `out`; otherwise 1.
        lead: usize,
    },
}

/// `out[k] = left[k]·right[map(k)]`.
#[derive(Clone, Debug)]
pub struct Product {
    /// The product.
    pub out: TensorId,
    /// The left factor.
    pub left: TensorId,
    /// The right factor; weights where there are any.
    pub right: TensorId,
    /// Which entry of `right` goes with entry `k`.
    pub map: IndexMap,
}

/// Every `key[k]` is a key of the table, and `value[k]`, if given, is what the table has there. Keys may be expressions.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// The table.
    pub table: TableId,
    /// Keys.
    pub key: TensorId,
    /// Values; absent for a [`Table::Range`], present otherwise.
    pub value: Option<TensorId>,
}

/// In every read, `out[i, j] = source[key[i] − first, j]` for each source: rows of tensors, by keys that depend on the record. Every key
/// is that of a row.
#[derive(Clone, Debug)]
pub struct Select {
    /// Key of the first row.
    pub first: i64,
    /// Number of rows.
    pub rows: usize,
    /// Each `rows × width`, of any width; at least one.
    pub sources: Vec<TensorId>,
    /// What is read.
    pub reads: Vec<Read>,
}

/// What is read at some keys.
#[derive(Clone, Debug)]
pub struct Read {
    /// Keys.
    pub key: TensorId,
    /// `keys × width` of each source, in their order.
    pub outs: Vec<TensorId>,
}

/// In each group, some entry of `factor` is 0: the product of each group vanishes.
#[derive(Clone, Debug)]
pub struct Vanish {
    /// The tensor.
    pub factor: TensorId,
    /// Groups of its entries.
    pub groups: Groups,
}

/// `word = Poseidon(packed words…, blinding)`, chained as in [`gadgets::poseidon`](crate::gadgets::poseidon).
#[derive(Clone, Debug)]
pub struct Hash {
    /// What is hashed.
    pub packing: Packing,
    /// What hides it.
    pub blinding: BlindingId,
    /// The public word it equals.
    pub word: WordId,
}

/// The packed words are the public words from `first` on.
#[derive(Clone, Debug)]
pub struct Publish {
    /// What is disclosed.
    pub packing: Packing,
    /// First public word.
    pub first: WordId,
}

/// Entries packed into field elements: each word is `Σ (entry + offset)·2^bit`, summands on disjoint bits below 2^252.
#[derive(Clone, Debug, Default)]
pub struct Packing {
    /// Words, each a list of entries.
    pub words: Vec<Vec<PackedEntry>>,
}

/// One entry of a packed word.
#[derive(Clone, Copy, Debug)]
pub struct PackedEntry {
    /// The tensor.
    pub tensor: TensorId,
    /// Entry of the tensor.
    pub index: usize,
    /// Added so that it is not negative.
    pub offset: i64,
    /// Its lowest bit in the word.
    pub bit: u32,
}

/// A statement about tensors.
#[derive(Clone, Debug)]
pub enum Relation {
    /// See [`Linear`].
    Linear(Linear),
    /// See [`Contract`].
    Contract(Contract),
    /// See [`Product`].
    Product(Product),
    /// See [`Vanish`].
    Vanish(Vanish),
    /// See [`Lookup`].
    Lookup(Lookup),
    /// See [`Select`].
    Select(Select),
    /// See [`struct@Hash`].
    Hash(Hash),
    /// See [`Publish`].
    Publish(Publish),
}

/// Tensors and the relations between them.
#[derive(Clone, Debug, Default)]
pub struct TensorSystem {
    /// Tensors; a definition only reads earlier ones.
    pub tensors: Vec<TensorInfo>,
    /// Tables.
    pub tables: Vec<Table>,
    /// Relations.
    pub relations: Vec<Relation>,
    /// Number of statement words.
    pub words: usize,
}

impl TensorSystem {
    /// The tensor `id`.
    pub fn tensor(&self, id: TensorId) -> &TensorInfo {
        &self.tensors[id.0]
    }
}
