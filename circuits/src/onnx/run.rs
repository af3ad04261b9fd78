//! One node after the other: by its operator, by a function of the file, or by running the graphs that it holds.
//!
//! What is unrolled is bounded: a small file can ask for as many nodes as there are numbers.

use std::collections::HashMap;

use super::attributes::Attributes;
use super::builder::Builder;
use super::call::{Call, Outputs};
use super::control;
use super::error::Reason;
use super::function::Functions;
use super::plan::{domain, maker_name};
use super::proto::{AttributeProto, NodeProto};
use super::refused;
use super::registry::{ML, Operator, find};
use super::scope::Scope;
use super::value::Value;

/// Most nodes that functions, loops and branches may become, a known value of [`ENTRIES`] entries counting as a node.
const MAX_NODES: usize = 1 << 16;

/// Entries of known values that are as much work as a node.
const ENTRIES: usize = 1 << 12;

/// Most calls and graphs inside of each other.
const MAX_DEPTH: usize = 48;

/// Turns nodes into those of the float graph.
pub(super) struct Runner<'a> {
    pub(super) builder: Builder,
    pub(super) functions: Functions<'a>,
    /// Nodes that may still come of functions and graphs.
    left: usize,
    depth: usize,
}

impl<'a> Runner<'a> {
    pub(super) fn new(builder: Builder, functions: Functions<'a>) -> Self {
        Self { builder, functions, left: MAX_NODES, depth: 0 }
    }

    /// Values of a node; all failed where it reads one that is.
    pub(super) fn node(&mut self, scope: &Scope<'_>, node: &NodeProto, attributes: Vec<AttributeProto>) -> Outputs {
        self.builder.reads(copied(scope, &node.input))?;
        let values = self.made(scope, node, attributes)?;
        self.builder.keeps(&values)?;
        Ok(values)
    }

    fn made(&mut self, scope: &Scope<'_>, node: &NodeProto, attributes: Vec<AttributeProto>) -> Outputs {
        if let Some(control) = self.control(node) {
            let inputs = scope.inputs(node)?;
            return if failed(&inputs) { Ok(failures(node)) } else { control(self, scope, node, attributes, inputs) };
        }
        let (operator, opset) = operator(scope.opsets, node)?;
        let inputs = scope.inputs(node)?;
        if failed(&inputs) {
            return Ok(failures(node));
        }
        if let (true, Some(Some(class @ Value::Class(_)))) = (operator.keeps_class, inputs.first()) {
            return Ok(vec![class.clone()]);
        }
        let (attributes, name) = (Attributes::new(attributes)?, maker_name(node));
        let outputs = node.output.iter().filter(|name| !name.is_empty()).count();
        let mut call = Call { name, attributes, opset, outputs, inputs, builder: &mut self.builder };
        let values = (operator.convert)(&mut call)?;
        call.attributes.finish()?;
        Ok(values)
    }

    /// What runs other nodes: an operator that holds graphs, or a function. As in ONNX Runtime, an operator that is known goes before a
    /// function of its name.
    fn control(&self, node: &NodeProto) -> Option<control::Control> {
        match domain(&node.domain) {
            "" => control::CONTROLS.iter().find(|control| control.0 == node.op_type).map(|control| control.1),
            ML => None,
            domain if find(domain, &node.op_type).is_some() => None,
            _ => self.functions.find(node).map(|_| super::function::call as control::Control),
        }
    }

    /// The same for a node of a function or of a graph in a node, which counts.
    pub(super) fn inner(&mut self, scope: &Scope<'_>, node: &NodeProto, attributes: Vec<AttributeProto>) -> Outputs {
        let read: usize = node.input.iter().filter_map(|name| scope.get(name)).map(|value| self.known(value)).sum();
        self.spend(1 + read / ENTRIES)?;
        let values = self.node(scope, node, attributes)?;
        self.spend(values.iter().map(|value| self.known(value)).sum::<usize>() / ENTRIES)?;
        Ok(values)
    }

    /// A turn of a loop that carries these values.
    pub(super) fn turn(&mut self, carried: &[Option<Value>]) -> Result<(), Reason> {
        let entries: usize = carried.iter().flatten().map(|value| self.known(value)).sum();
        self.spend(1 + entries / ENTRIES)
    }

    /// Values of these names, handed out of a graph or a function.
    pub(super) fn handed(&mut self, scope: &Scope<'_>, names: &[&str]) -> Result<(), Reason> {
        self.spend(copied(scope, names) / ENTRIES)
    }

    fn known(&self, value: &Value) -> usize {
        match value {
            Value::Float(id) => self.builder.known(*id).map_or(0, |known| known.len()),
            Value::Sequence(values) => values.iter().map(|value| 1 + self.known(value)).sum(),
            value => value.entries(),
        }
    }

    pub(super) fn spend(&mut self, nodes: usize) -> Result<(), Reason> {
        match self.left.checked_sub(nodes) {
            Some(left) => self.left = left,
            None => return Reason::argument("what it repeats", format!("becomes more than {MAX_NODES} nodes")),
        }
        Ok(())
    }

    /// Runs something one level deeper.
    pub(super) fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Reason>) -> Result<T, Reason> {
        if self.depth == MAX_DEPTH {
            return Reason::argument("what it calls", format!("is nested more than {MAX_DEPTH} deep, or calls itself"));
        }
        self.depth += 1;
        let result = work(self);
        self.depth -= 1;
        result
    }
}

/// Entries that copies of the values of these names have.
fn copied(scope: &Scope<'_>, names: &[impl AsRef<str>]) -> usize {
    names.iter().filter_map(|name| scope.get(name.as_ref())).map(Value::entries).sum()
}

fn failed(inputs: &[Option<Value>]) -> bool {
    inputs.iter().flatten().any(|value| matches!(value, Value::Failed))
}

fn failures(node: &NodeProto) -> Vec<Value> {
    vec![Value::Failed; node.output.len()]
}

fn operator(opsets: &HashMap<String, i64>, node: &NodeProto) -> Result<(&'static Operator, i64), Reason> {
    let domain = domain(&node.domain);
    let operator = find(domain, &node.op_type).ok_or_else(|| refused::reason(domain, &node.op_type))?;
    // Where a model does not say, ONNX Runtime takes operators of classical machine learning in any version.
    let got = opsets.get(domain).copied().or((domain == ML).then_some(1));
    let Some(got) = got else {
        return Reason::broken("the model does not say which version of its operator set it uses");
    };
    if got < operator.since {
        return Err(Reason::Opset { since: operator.since, got });
    }
    let (fewest, most) = operator.inputs;
    if node.input.len() < fewest || node.input.len() > most {
        return Reason::broken(format!("it has {} inputs", node.input.len()));
    }
    Ok((operator, got))
}
