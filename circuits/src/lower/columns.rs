//! Allocates columns, and expresses the tensors that have none.
//!
//! Weight columns come first, in the order of the tensors, through one function for circuit and registration alike.

use std::borrow::Cow;

use rayon::prelude::*;

use super::layout::{Layout, Storage};
use crate::field::{Fr, from_int};
use crate::parameters::Parameters;
use crate::r1cs::{Expression, FirstRound};
use crate::system::{BlindingId, Blindings, Linear, Role, Solved, SystemWitness, TensorId, TensorSystem, Term};

/// The integers of tensors, as far as they are known; all 0 where they are not.
pub(super) struct Values<'a> {
    entries: Vec<Cow<'a, [i64]>>,
    blindings: Option<Blindings<'a>>,
}

impl<'a> Values<'a> {
    /// Nothing is known.
    pub(super) fn absent() -> Self {
        Self { entries: Vec::new(), blindings: None }
    }

    /// Everything is known.
    pub(super) fn of_witness(witness: &'a SystemWitness, blindings: Blindings<'a>) -> Self {
        let entries = (0..witness.tensors.len()).map(|index| witness.entries(TensorId(index))).collect();
        Self { entries, blindings: Some(blindings) }
    }

    /// The model is known.
    pub(super) fn of_parameters(system: &TensorSystem, parameters: &'a Parameters) -> Self {
        let parameter = |role: Role| match role {
            Role::Weight(id) => parameters.tensors().get(id.0).map(|tensor| match tensor.as_slice() {
                Some(entries) => Cow::Borrowed(entries),
                None => Cow::Owned(tensor.iter().copied().collect()),
            }),
            _ => None,
        };
        let entries = system.tensors.iter().map(|info| parameter(info.role).unwrap_or_default()).collect();
        Self { entries, blindings: None }
    }

    /// Entry `index` of `tensor`.
    pub(super) fn entry(&self, tensor: TensorId, index: usize) -> i64 {
        self.entries.get(tensor.0).and_then(|entries| entries.get(index)).copied().unwrap_or_default()
    }

    /// The entries of `tensor`.
    pub(super) fn of(&self, tensor: TensorId) -> Entries<'_> {
        Entries(self.entries.get(tensor.0).map_or(&[], |entries| entries))
    }

    /// A blinding value.
    pub(super) fn blinding(&self, id: BlindingId) -> Fr {
        self.blindings.and_then(|blindings| blindings.get(id)).map_or(from_int(0), |blinding| *blinding.expose())
    }
}

/// The integers of a tensor; all 0 where they are not known.
#[derive(Clone, Copy)]
pub(super) struct Entries<'a>(&'a [i64]);

impl Entries<'_> {
    /// Entry `index`.
    pub(super) fn entry(&self, index: usize) -> i64 {
        self.0.get(index).copied().unwrap_or_default()
    }
}

/// Weight columns, by tensor; nothing for tensors that are not parameters.
pub(super) fn allocate_weights<B: FirstRound>(
    builder: &mut B,
    system: &TensorSystem,
    layout: &Layout,
    values: &Values<'_>,
) -> Vec<Vec<B::Expr>> {
    let storage = layout.storage.iter().enumerate().map(|(index, &storage)| (TensorId(index), storage));
    let columns = storage.map(|(tensor, storage)| match storage {
        Storage::Packed(relation) => match (layout.contract(system, relation), layout.select(system, relation)) {
            (Some(packed), _) => packed.allocate(builder, values),
            // The words of a row stand with the first of the tensors that they are made of.
            (_, Some((select, packing))) if select.sources.first() == Some(&tensor) => {
                packing.allocate(builder, select, values)
            }
            _ => Vec::new(),
        },
        Storage::Weight => {
            let column = |index| builder.weight(|| from_int(values.entry(tensor, index)));
            (0..system.tensor(tensor).len()).map(column).collect()
        }
        Storage::Small | Storage::Expression => Vec::new(),
    });
    columns.collect()
}

/// Every tensor, given the weights: columns where it has columns, expressions otherwise.
pub(super) fn expressions<B: FirstRound>(
    builder: &mut B,
    system: &TensorSystem,
    layout: &Layout,
    values: &Values<'_>,
    weights: Vec<Vec<B::Expr>>,
) -> Vec<Vec<B::Expr>> {
    let mut tensors = weights;
    for (index, storage) in layout.storage.iter().enumerate() {
        if *storage == Storage::Small {
            let entries = values.of(TensorId(index));
            let columns = builder.in_blocks(system.tensors[index].len(), |builder, block| {
                block.map(|entry| builder.small(|| entries.entry(entry))).collect::<Vec<_>>()
            });
            tensors[index] = columns.into_iter().flatten().collect();
        }
    }
    for Solved { linear, .. } in &layout.solved {
        let expressions = right_sides(linear, system.tensor(linear.out).len(), &tensors).collect();
        tensors[linear.out.0] = expressions;
    }
    tensors
}

/// `constant + Σ coefficient·tensor[map(k)]` for every `k < len`.
pub(super) fn right_sides<'t, E: Expression>(
    linear: &'t Linear,
    len: usize,
    tensors: &'t [Vec<E>],
) -> impl IndexedParallelIterator<Item = E> + 't {
    let constant = E::constant(from_int(linear.constant));
    let coefficients: Vec<Fr> = linear.terms.iter().map(|term| from_int(term.coefficient)).collect();
    (0..len).into_par_iter().with_min_len(256).map(move |k| {
        let read =
            |(term, &coefficient): (&'t Term, &Fr)| Some((&tensors[term.tensor.0][term.map.get(k)?], coefficient));
        let terms = linear.terms.iter().zip(&coefficients).filter_map(read);
        E::combination(terms.chain(std::iter::once((&constant, from_int(1)))))
    })
}
