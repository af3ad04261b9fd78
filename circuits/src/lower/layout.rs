//! Where every tensor lives: in weight columns (packed or not), in first-round columns, or in expressions of these.

use std::collections::HashMap;

use super::LowerError;
use super::contract::{ContractMethod, Packed};
use super::plan::{Multiply, Plan};
use super::select::RowPacking;
use super::window::Windows;
use crate::system::{Contract, Linear, Packing, Relation, Role, Select, Solved, Table, TensorId, TensorSystem};

/// Where a tensor lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    /// Weight columns that each hold a tile's worth of entries of the right factor of this contraction, or a word of the rows of this
    /// selection.
    Packed(usize),
    /// Weight columns, one for each entry.
    Weight,
    /// First-round columns, one for each entry.
    Small,
    /// Expressions in other tensors.
    Expression,
}

/// Where everything lives.
pub(super) struct Layout {
    /// By tensor.
    pub(super) storage: Vec<Storage>,
    /// Expressions, in an order in which each reads only what is before it.
    pub(super) solved: Vec<Solved>,
    /// Linear relations that remain to be required.
    pub(super) equations: Vec<usize>,
    /// How each contraction is proven, by relation.
    pub(super) methods: HashMap<usize, ContractMethod>,
    /// How the rows of each selection are packed, by relation.
    pub(super) selections: HashMap<usize, RowPacking>,
}

impl Layout {
    /// The layout of `system` under `plan`, which was made for it; refuses systems that would leave something free.
    pub(super) fn of(system: &TensorSystem, plan: &Plan) -> Result<Self, LowerError> {
        plan.validate(system)?;
        require_words(system)?;
        require_values(system)?;
        let solved = system.expressions();
        let windows = Windows::of(system, &solved);
        let methods = methods(system, plan, &windows)?;
        let selections = selections(system, &windows)?;
        let storage = storage(system, &solved);
        Ok(Self { storage, equations: equations(system, &solved), solved, methods, selections })
    }

    /// The contraction at relation `index`, with its method.
    pub(super) fn contract<'s>(&self, system: &'s TensorSystem, index: usize) -> Option<Packed<'s>> {
        match (&system.relations[index], self.methods.get(&index)) {
            (Relation::Contract(contract), Some(&method)) => Some(Packed { contract, method }),
            _ => None,
        }
    }

    /// The selection at relation `index`, with its packing.
    pub(super) fn select<'s>(&'s self, system: &'s TensorSystem, index: usize) -> Option<(&'s Select, &'s RowPacking)> {
        match (&system.relations[index], self.selections.get(&index)) {
            (Relation::Select(select), Some(packing)) => Some((select, packing)),
            _ => None,
        }
    }

    /// The highest power of a challenge that a contraction takes.
    pub(super) fn degree(&self, system: &TensorSystem) -> usize {
        let contractions = (0..system.relations.len()).filter_map(|index| self.contract(system, index));
        contractions.map(|packed| packed.degree()).max().unwrap_or_default()
    }

    /// Whether the columns of `tensor` are packed weights.
    pub(super) fn is_packed(&self, tensor: TensorId) -> bool {
        matches!(self.storage[tensor.0], Storage::Packed(_))
    }
}

fn storage(system: &TensorSystem, solved: &[Solved]) -> Vec<Storage> {
    let packed = packed_weights(system);
    let home = |(index, role): (usize, Role)| match (role, packed.get(&TensorId(index))) {
        (Role::Weight(_), Some(&relation)) => Storage::Packed(relation),
        (Role::Weight(_), None) => Storage::Weight,
        _ => Storage::Small,
    };
    let mut storage: Vec<_> = system.tensors.iter().map(|info| info.role).enumerate().map(home).collect();
    solved.iter().for_each(|solved| storage[solved.linear.out.0] = Storage::Expression);
    storage
}

fn equations(system: &TensorSystem, solved: &[Solved]) -> Vec<usize> {
    let mut required: Vec<bool> = system.relations.iter().map(|r| matches!(r, Relation::Linear(_))).collect();
    solved.iter().for_each(|solved| required[solved.relation] = false);
    (0..required.len()).filter(|&index| required[index]).collect()
}

fn methods(
    system: &TensorSystem,
    plan: &Plan,
    windows: &Windows,
) -> Result<HashMap<usize, ContractMethod>, LowerError> {
    let mut methods = HashMap::new();
    let mut chosen = plan.contractions().iter();
    for (index, relation) in system.relations.iter().enumerate() {
        if let Relation::Contract(contract) = relation {
            let multiply = *chosen.next().unwrap_or(&Multiply::Limbs);
            let unbounded = || LowerError::Unbounded { tensor: system.tensor(contract.out).name.clone() };
            let limb_bits = windows.bits(contract.out).ok_or_else(unbounded)?;
            methods.insert(index, ContractMethod::of(contract, multiply, limb_bits).ok_or_else(unbounded)?);
        }
    }
    Ok(methods)
}

fn selections(system: &TensorSystem, windows: &Windows) -> Result<HashMap<usize, RowPacking>, LowerError> {
    let unbounded = |tensor: TensorId| LowerError::Unbounded { tensor: system.tensor(tensor).name.clone() };
    let selections = system.relations.iter().enumerate().filter_map(|(index, relation)| match relation {
        Relation::Select(select) => Some((index, select)),
        _ => None,
    });
    selections.map(|(index, select)| Ok((index, RowPacking::of(system, select, windows).map_err(unbounded)?))).collect()
}

/// Weights that nothing but one contraction reads, as its right factor, or nothing but one selection, all of whose rows are such
/// weights; with that relation.
fn packed_weights(system: &TensorSystem) -> HashMap<TensorId, usize> {
    let mut reads: HashMap<TensorId, usize> = HashMap::new();
    for relation in &system.relations {
        read_tensors(relation).for_each(|tensor| *reads.entry(tensor).or_default() += 1);
    }
    let mut packed = HashMap::new();
    let own = |tensor: &TensorId| reads[tensor] == 1 && matches!(system.tensor(*tensor).role, Role::Weight(_));
    for (index, relation) in system.relations.iter().enumerate() {
        match relation {
            Relation::Contract(Contract { right, .. }) if own(right) => {
                packed.insert(*right, index);
            }
            Relation::Select(select) if select.sources.iter().all(own) => {
                packed.extend(select.sources.iter().map(|&source| (source, index)));
            }
            _ => {}
        }
    }
    packed
}

/// Every tensor that a relation mentions, once per mention.
fn read_tensors(relation: &Relation) -> Box<dyn Iterator<Item = TensorId> + '_> {
    match relation {
        Relation::Linear(Linear { out, terms, .. }) => {
            Box::new(std::iter::once(*out).chain(terms.iter().map(|term| term.tensor)))
        }
        Relation::Contract(contract) => Box::new([contract.out, contract.left, contract.right].into_iter()),
        Relation::Product(product) => Box::new([product.out, product.left, product.right].into_iter()),
        Relation::Vanish(vanish) => Box::new(std::iter::once(vanish.factor)),
        Relation::Lookup(lookup) => Box::new(std::iter::once(lookup.key).chain(lookup.value)),
        Relation::Select(select) => {
            let reads = select.reads.iter().flat_map(|read| std::iter::once(&read.key).chain(&read.outs));
            Box::new(select.sources.iter().chain(reads).copied())
        }
        Relation::Hash(hash) => Box::new(packed_tensors(&hash.packing)),
        Relation::Publish(publish) => Box::new(packed_tensors(&publish.packing)),
    }
}

fn packed_tensors(packing: &Packing) -> impl Iterator<Item = TensorId> + '_ {
    packing.words.iter().flatten().map(|entry| entry.tensor)
}

fn require_words(system: &TensorSystem) -> Result<(), LowerError> {
    let mut read = vec![false; system.words];
    for relation in &system.relations {
        let words = match relation {
            Relation::Hash(hash) => hash.word.0..hash.word.0 + 1,
            Relation::Publish(publish) => publish.first.0..publish.first.0 + publish.packing.words.len(),
            _ => continue,
        };
        words.for_each(|word| read.iter_mut().skip(word).take(1).for_each(|read| *read = true));
    }
    let free = read.iter().position(|read| !read);
    free.map_or(Ok(()), |word| Err(LowerError::FreeWord { word }))
}

/// Ranges have keys alone, other tables keys and values.
fn require_values(system: &TensorSystem) -> Result<(), LowerError> {
    let fits = |relation: &Relation| match relation {
        Relation::Lookup(lookup) => {
            lookup.value.is_none() == matches!(system.tables.get(lookup.table.0), Some(Table::Range(_)))
        }
        _ => true,
    };
    let odd = system.relations.iter().position(|relation| !fits(relation));
    odd.map_or(Ok(()), |relation| Err(LowerError::Lookup { relation }))
}
