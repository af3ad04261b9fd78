//! Builds a tensor system layer by layer.

use std::collections::HashMap;
use std::ops::Range;

use super::{
    BlindingId, Contract, Definition, Groups, Hash, IndexMap, Linear, Lookup, Packing, Product, Publish, Read,
    Relation, Role, Select, Sizes, Table, TableId, TensorId, TensorInfo, TensorSystem, Term, Vanish, WordId,
};
use crate::architecture::{Interval, ParameterId, ParameterSpec};
use crate::layers::bounds::Bounds;
use crate::layers::operands::{count, parameter};
use crate::layers::{LayerError, ValueType};

/// Adds tensors, tables and relations to a system under construction.
pub struct SystemBuilder<'a> {
    parameters: &'a [ParameterSpec],
    prefix: String,
    system: TensorSystem,
    weights: HashMap<ParameterId, TensorId>,
    tables: HashMap<Table, TableId>,
    one: Option<TensorId>,
}

impl<'a> SystemBuilder<'a> {
    /// An empty system over `parameters`.
    pub fn new(parameters: &'a [ParameterSpec]) -> Self {
        Self {
            parameters,
            prefix: String::new(),
            system: TensorSystem::default(),
            weights: HashMap::new(),
            tables: HashMap::new(),
            one: None,
        }
    }

    /// Names of tensors start with `layer` from here on.
    pub fn enter(&mut self, layer: &str) {
        self.prefix = layer.to_owned();
    }

    /// What layers may refer to.
    pub fn parameters(&self) -> &'a [ParameterSpec] {
        self.parameters
    }

    /// Shape and interval of a tensor.
    pub fn value(&self, id: TensorId) -> ValueType {
        let info = self.system.tensor(id);
        ValueType { shape: info.shape.clone(), interval: info.interval }
    }

    /// Shapes and intervals of tensors.
    pub fn values(&self, ids: &[TensorId]) -> Vec<ValueType> {
        ids.iter().map(|&id| self.value(id)).collect()
    }

    /// Number of entries of a tensor.
    pub fn len(&self, id: TensorId) -> usize {
        self.system.tensor(id).len()
    }

    /// Whether there are no tensors yet.
    pub fn is_empty(&self) -> bool {
        self.system.tensors.is_empty()
    }

    /// The record, each entry looked up in its interval.
    pub fn record(&mut self, value: ValueType) -> TensorId {
        let record = self.add("record".into(), value.clone(), Role::Record, Definition::Given);
        self.range(record, value.interval);
        record
    }

    /// The tensor of a parameter; one tensor however many layers use it.
    pub fn weight(&mut self, id: ParameterId) -> Result<TensorId, LayerError> {
        if let Some(&tensor) = self.weights.get(&id) {
            return Ok(tensor);
        }
        let spec = parameter(self.parameters, id)?;
        let value = ValueType { shape: spec.shape.clone(), interval: spec.interval };
        let tensor = self.add(spec.name.clone(), value, Role::Weight(id), Definition::Given);
        self.weights.insert(id, tensor);
        Ok(tensor)
    }

    /// A witness tensor.
    pub fn tensor(&mut self, name: &str, value: ValueType, definition: Definition) -> TensorId {
        let name = format!("{}.{name}", self.prefix);
        self.add(name, value, Role::Witness, definition)
    }

    /// The constant 1, of shape `[1]`.
    pub fn one(&mut self) -> TensorId {
        if let Some(one) = self.one {
            return one;
        }
        let value = ValueType { shape: vec![1], interval: Interval::new(1, 1) };
        let definition = Definition::Relation(self.system.relations.len());
        let one = self.add("one".into(), value, Role::Witness, definition);
        self.equate(one, 1, Vec::new());
        self.one = Some(one);
        one
    }

    /// A new tensor `constant + Σ terms`.
    pub fn linear(&mut self, name: &str, value: ValueType, constant: i64, terms: Vec<Term>) -> TensorId {
        let definition = Definition::Relation(self.system.relations.len());
        let out = self.tensor(name, value, definition);
        self.equate(out, constant, terms);
        out
    }

    /// The same, held in columns because many entries read each of its own; looked up in its interval.
    pub fn held(&mut self, name: &str, value: ValueType, constant: i64, terms: Vec<Term>) -> TensorId {
        let definition = Definition::Held(self.system.relations.len());
        let interval = value.interval;
        let out = self.tensor(name, value, definition);
        self.equate(out, constant, terms);
        self.range(out, interval.widened());
        out
    }

    /// Requires `out = constant + Σ terms` of a tensor that is already there.
    pub fn equate(&mut self, out: TensorId, constant: i64, terms: Vec<Term>) {
        self.system.relations.push(Relation::Linear(Linear { out, constant, terms }));
    }

    /// A new tensor that contracts `left` with `right`.
    pub fn contract(
        &mut self,
        name: &str,
        value: ValueType,
        [left, right]: [TensorId; 2],
        sizes: Sizes,
    ) -> Result<TensorId, LayerError> {
        count(&value.shape)?;
        let definition = Definition::Relation(self.system.relations.len());
        let out = self.tensor(name, value, definition);
        self.system.relations.push(Relation::Contract(Contract { out, left, right, sizes }));
        Ok(out)
    }

    /// Requires an entry of each group of `factor` to be 0.
    pub fn vanish(&mut self, factor: TensorId, groups: Groups) {
        self.system.relations.push(Relation::Vanish(Vanish { factor, groups }));
    }

    /// A new tensor `left[k]·right[map(k)]`, of the shape of `left`.
    pub fn product(&mut self, name: &str, factors: [TensorId; 2], map: IndexMap) -> Result<TensorId, LayerError> {
        self.product_defined(name, factors, map, Definition::Relation(self.system.relations.len()))
    }

    /// The same, held in columns because no relation can be solved for it.
    pub fn held_product(&mut self, name: &str, factors: [TensorId; 2], map: IndexMap) -> Result<TensorId, LayerError> {
        self.product_defined(name, factors, map, Definition::Held(self.system.relations.len()))
    }

    fn product_defined(
        &mut self,
        name: &str,
        [left, right]: [TensorId; 2],
        map: IndexMap,
        definition: Definition,
    ) -> Result<TensorId, LayerError> {
        let interval = self.product_bounds(left, right).tracked()?;
        let shape = self.system.tensor(left).shape.clone();
        let out = self.tensor(name, ValueType { shape, interval }, definition);
        self.system.relations.push(Relation::Product(Product { out, left, right, map }));
        Ok(out)
    }

    /// Requires every entry of `key` to lie in `interval`.
    pub fn range(&mut self, key: TensorId, interval: Interval) {
        let table = self.table(Table::Range(interval));
        self.system.relations.push(Relation::Lookup(Lookup { table, key, value: None }));
    }

    /// A new tensor: what `table` has at every entry of `key`, lying in `interval`.
    pub fn look_up(&mut self, name: &str, table: Table, key: TensorId, interval: Interval) -> TensorId {
        let table = self.table(table);
        let shape = self.system.tensor(key).shape.clone();
        let value = self.tensor(name, ValueType { shape, interval }, Definition::TableValue { table, key });
        self.system.relations.push(Relation::Lookup(Lookup { table, key, value: Some(value) }));
        value
    }

    /// New tensors `out[i, …] = source[key[i] − first, …]`, one for each source; the first axis of sources counts rows. Whatever is read of
    /// the same sources belongs to one relation.
    pub fn select(&mut self, key: TensorId, first: i64, sources: &[(&str, TensorId)]) -> Vec<TensorId> {
        let mut outs = Vec::with_capacity(sources.len());
        for &(name, source) in sources {
            let ValueType { shape: rows, interval } = self.value(source);
            let shape = self.value(key).shape.into_iter().chain(rows.into_iter().skip(1)).collect();
            outs.push(self.tensor(name, ValueType { shape, interval }, Definition::Selected { source, key, first }));
        }
        let (read, sources) =
            (Read { key, outs: outs.clone() }, sources.iter().map(|(_, source)| *source).collect::<Vec<_>>());
        let rows = self.rows(&sources);
        let mut relations = self.system.relations.iter_mut();
        let same = relations.find_map(|relation| match relation {
            Relation::Select(select) if select.first == first && select.sources == sources => Some(select),
            _ => None,
        });
        match same {
            Some(select) => select.reads.push(read),
            None => {
                self.system.relations.push(Relation::Select(Select { first, rows, sources, reads: vec![read] }));
            }
        }
        outs
    }

    fn rows(&self, sources: &[TensorId]) -> usize {
        sources.first().and_then(|source| self.system.tensor(*source).shape.first()).copied().unwrap_or_default()
    }

    /// A range of a tensor's entries, the tensor itself where that is all of it.
    pub fn slice(&mut self, name: &str, tensor: TensorId, range: Range<usize>) -> TensorId {
        if range.len() == self.len(tensor) { tensor } else { self.part(name, tensor, range) }
    }

    /// A new tensor with one axis: a range of a tensor's entries.
    pub fn part(&mut self, name: &str, tensor: TensorId, range: Range<usize>) -> TensorId {
        let value = ValueType { shape: vec![range.len()], ..self.value(tensor) };
        let map = match range.len() == self.len(tensor) {
            true => IndexMap::Identity,
            false => IndexMap::Gather(range.map(|index| index as u32).collect()),
        };
        self.linear(name, value, 0, vec![Term::mapped(tensor, 1, map)])
    }

    /// A new tensor of public integers, none negative.
    pub fn constants(&mut self, name: &str, values: &[u32]) -> TensorId {
        let one = self.one();
        let bits = u32::BITS - values.iter().fold(0, |all, value| all | value).leading_zeros();
        let place = |bit: u32| values.iter().map(move |value| if value >> bit & 1 == 1 { 0 } else { IndexMap::NONE });
        let term = |bit: u32| Term::mapped(one, 1 << bit, IndexMap::Gather(place(bit).collect()));
        let interval = Interval::new(0, values.iter().copied().max().unwrap_or_default().into());
        self.linear(name, ValueType { shape: vec![values.len()], interval }, 0, (0..bits).map(term).collect())
    }

    /// Requires statement word `word` to be the hash of `packing` and the blinding value.
    pub fn hash(&mut self, packing: Packing, blinding: BlindingId, word: WordId) {
        self.system.words = self.system.words.max(word.0 + 1);
        self.system.relations.push(Relation::Hash(Hash { packing, blinding, word }));
    }

    /// Requires the statement words from `first` on to be those of `packing`.
    pub fn publish(&mut self, packing: Packing, first: WordId) {
        self.system.words = self.system.words.max(first.0 + packing.words.len());
        self.system.relations.push(Relation::Publish(Publish { packing, first }));
    }

    /// The system as it stands.
    pub fn system(&self) -> &TensorSystem {
        &self.system
    }

    /// The finished system: columns that nothing bounds yet are looked up in their widened interval.
    pub fn finish(mut self) -> TensorSystem {
        for tensor in self.system.unbounded_columns() {
            let interval = self.system.tensor(tensor).interval.widened();
            self.range(tensor, interval);
        }
        self.system
    }

    fn table(&mut self, table: Table) -> TableId {
        let next = TableId(self.system.tables.len());
        let id = *self.tables.entry(table.clone()).or_insert(next);
        if id == next {
            self.system.tables.push(table);
        }
        id
    }

    fn add(&mut self, name: String, value: ValueType, role: Role, definition: Definition) -> TensorId {
        let ValueType { shape, interval } = value;
        self.system.tensors.push(TensorInfo { name, shape, role, interval, definition });
        TensorId(self.system.tensors.len() - 1)
    }

    fn product_bounds(&self, left: TensorId, right: TensorId) -> Bounds {
        Bounds::from(self.system.tensor(left).interval) * self.system.tensor(right).interval.into()
    }
}
