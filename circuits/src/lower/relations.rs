//! Lowers one relation after the other.

use rayon::prelude::*;

use super::columns::{Values, right_sides};
use super::contract::Pending;
use super::layout::Layout;
use super::lookup::Tables;
use crate::field::{from_int, power_of_two};
use crate::gadgets::Held;
use crate::gadgets::poseidon::commit_in_circuit;
use crate::gadgets::selection::Selection;
use crate::r1cs::{Expression, FirstRound};
use crate::system::{Hash, Linear, Lookup, PackedEntry, Product, Publish, Relation, TensorId, TensorSystem, Vanish};

/// A system whose tensors are expressions.
pub(super) struct Lowering<'a, E> {
    pub(super) system: &'a TensorSystem,
    pub(super) layout: &'a Layout,
    pub(super) values: &'a Values<'a>,
    pub(super) tensors: Vec<Vec<E>>,
}

impl<E: Expression> Lowering<'_, E> {
    /// Requires every relation; lookups, and some contractions, as far as the first round goes.
    pub(super) fn enforce<B: FirstRound<Expr = E>>(
        &self,
        builder: &mut B,
        tables: &mut Tables<'_, E>,
    ) -> (Vec<Pending<E>>, Vec<Selection<E>>) {
        let (mut pending, mut selections) = (Vec::new(), Vec::new());
        for (index, relation) in self.system.relations.iter().enumerate() {
            match relation {
                Relation::Linear(linear) if self.layout.equations.binary_search(&index).is_ok() => {
                    self.linear(builder, linear);
                }
                Relation::Linear(_) => {}
                Relation::Contract(_) => pending.extend(self.contract(builder, index)),
                Relation::Vanish(vanish) => self.vanish(builder, vanish),
                Relation::Product(product) => self.product(builder, product),
                Relation::Lookup(lookup) => self.lookup(builder, lookup, tables),
                Relation::Select(_) => selections.extend(self.select(index)),
                Relation::Hash(hash) => self.hash(builder, hash),
                Relation::Publish(publish) => self.publish(builder, publish),
            }
        }
        (pending, selections)
    }

    fn linear<B: FirstRound<Expr = E>>(&self, builder: &mut B, linear: &Linear) {
        let out = self.tensor(linear.out);
        let differences = right_sides(linear, out.len(), &self.tensors).zip(out).map(|(right, out)| out.minus(&right));
        differences.collect::<Vec<_>>().iter().for_each(|difference| builder.enforce_zero(difference));
    }

    fn contract<B: FirstRound<Expr = E>>(&self, builder: &mut B, index: usize) -> Option<Pending<E>> {
        self.layout.contract(self.system, index)?.enforce(builder, self.system, self.layout, &self.tensors)
    }

    /// `Π_group = 0`: in a field, one of the factors is 0. A group of none has the product 1, and nothing satisfies it.
    fn vanish<B: FirstRound<Expr = E>>(&self, builder: &mut B, vanish: &Vanish) {
        let factor = self.tensor(vanish.factor);
        for group in vanish.groups.iter() {
            let mut members = group.iter().map(|&member| factor[member as usize].clone());
            let last = members.next_back().unwrap_or_else(E::unit);
            let product = members.reduce(|product, factor| builder.first_product(&product, &factor));
            builder.enforce(&product.unwrap_or_else(E::unit), &last, &E::empty());
        }
    }

    fn product<B: FirstRound<Expr = E>>(&self, builder: &mut B, product: &Product) {
        let (left, right) = (self.tensor(product.left), self.tensor(product.right));
        let zero = E::empty();
        for (k, out) in self.tensor(product.out).iter().enumerate() {
            let right = product.map.get(k).map_or(&zero, |entry| &right[entry]);
            builder.enforce(&left[k], right, out);
        }
    }

    fn lookup<B: FirstRound<Expr = E>>(&self, builder: &mut B, lookup: &Lookup, tables: &mut Tables<'_, E>) {
        let parts = builder.in_blocks(self.tensor(lookup.key).len(), |builder, block| {
            let mut part = tables.fork();
            for entry in block {
                let key = self.held(lookup.key, entry);
                let value = lookup.value.map(|value| self.held(value, entry));
                part.look_up(builder, lookup.table, key, value);
            }
            part
        });
        parts.into_iter().for_each(|part| tables.absorb(part));
    }

    fn select(&self, index: usize) -> Option<Selection<E>> {
        let (select, packing) = self.layout.select(self.system, index)?;
        let source = *select.sources.first()?;
        let packed = self.layout.is_packed(source).then(|| self.tensor(source));
        Some(packing.enforce(select, &self.tensors, packed, |tensor, entry| self.held(tensor, entry)))
    }

    fn hash<B: FirstRound<Expr = E>>(&self, builder: &mut B, hash: &Hash) {
        let words: Vec<E> = hash.packing.words.iter().map(|word| self.pack(word)).collect();
        let blinding = builder.field(|| self.values.blinding(hash.blinding));
        let commitment = commit_in_circuit(builder, &words, &blinding);
        let word = builder.word(hash.word.0);
        builder.enforce_zero(&word.minus(&commitment));
    }

    fn publish<B: FirstRound<Expr = E>>(&self, builder: &mut B, publish: &Publish) {
        for (index, packed) in publish.packing.words.iter().enumerate() {
            let word = builder.word(publish.first.0 + index);
            builder.enforce_zero(&word.minus(&self.pack(packed)));
        }
    }

    /// `Σ (entry + offset)·2^bit`.
    fn pack(&self, word: &[PackedEntry]) -> E {
        let offset = word.iter().map(|entry| from_int(entry.offset) * power_of_two(entry.bit)).sum();
        let offset = E::constant(offset);
        let terms = word.iter().map(|entry| (&self.tensor(entry.tensor)[entry.index], power_of_two(entry.bit)));
        E::combination(terms.chain(std::iter::once((&offset, from_int(1)))))
    }

    fn held(&self, tensor: TensorId, entry: usize) -> Held<E> {
        Held { expression: self.tensor(tensor)[entry].clone(), integer: self.values.entry(tensor, entry) }
    }

    fn tensor(&self, tensor: TensorId) -> &[E] {
        &self.tensors[tensor.0]
    }
}
