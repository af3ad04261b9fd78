//! The values that nodes may name: those of the graph that they are in, then those of the graphs around it.

use std::collections::HashMap;

use super::error::{Reason, printable};
use super::proto::{AttributeProto, NodeProto};
use super::value::Value;

/// Names and what they stand for.
pub(super) struct Scope<'s> {
    /// A name without a value is an input that is not given.
    values: HashMap<String, Option<Value>>,
    outer: Option<&'s Scope<'s>>,
    /// Version of each operator set.
    pub(super) opsets: &'s HashMap<String, i64>,
    /// What a call of a function gives as attributes; nothing outside of functions.
    given: Option<&'s HashMap<String, AttributeProto>>,
}

impl<'s> Scope<'s> {
    pub(super) fn new(opsets: &'s HashMap<String, i64>) -> Self {
        Self { values: HashMap::new(), outer: None, opsets, given: None }
    }

    /// A scope inside of this one.
    pub(super) fn inner<'i>(&'i self) -> Scope<'i> {
        Scope { values: HashMap::new(), outer: Some(self), opsets: self.opsets, given: self.given }
    }

    /// That of a function, which sees nothing around it but the attributes of its call.
    pub(super) fn of_function(opsets: &'s HashMap<String, i64>, given: &'s HashMap<String, AttributeProto>) -> Self {
        Self { given: Some(given), ..Self::new(opsets) }
    }

    pub(super) fn set(&mut self, name: &str, value: Option<Value>) {
        self.values.insert(name.into(), value);
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.find(name)?.as_ref()
    }

    fn find(&self, name: &str) -> Option<&Option<Value>> {
        self.values.get(name).or_else(|| self.outer.and_then(|outer| outer.find(name)))
    }

    /// What an input of a node stands for.
    pub(super) fn read(&self, name: &str) -> Result<Option<Value>, Reason> {
        match self.find(name) {
            _ if name.is_empty() => Ok(None),
            Some(value) => Ok(value.clone()),
            None => Reason::broken(format!("it reads `{}`, which nothing in the file makes", printable(name))),
        }
    }

    pub(super) fn inputs(&self, node: &NodeProto) -> Result<Vec<Option<Value>>, Reason> {
        node.input.iter().map(|name| self.read(name)).collect()
    }

    /// The attributes of a node that are no graphs; those that name an attribute of the function are what the call gives for it.
    pub(super) fn attributes(&self, node: &NodeProto) -> Vec<AttributeProto> {
        let plain = node.attribute.iter().filter(|attribute| attribute.g.is_none());
        plain.filter_map(|attribute| self.resolved(attribute)).collect()
    }

    fn resolved(&self, attribute: &AttributeProto) -> Option<AttributeProto> {
        match self.given {
            Some(given) if !attribute.ref_attr_name.is_empty() => {
                let value = given.get(&attribute.ref_attr_name)?.clone();
                Some(AttributeProto { name: attribute.name.clone(), ..value })
            }
            _ => Some(attribute.clone()),
        }
    }
}
