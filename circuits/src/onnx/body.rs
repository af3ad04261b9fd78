//! A graph inside of a node, or a function: its nodes are run in order, as often as they are needed.

use std::collections::HashSet;

use prost::Message;

use super::call::Outputs;
use super::error::{Reason, printable};
use super::order::{makers_of, needed, order};
use super::plan::{maker_name, operator_name};
use super::proto::{FunctionProto, GraphProto, NodeProto, TensorProto};
use super::run::Runner;
use super::scope::Scope;
use super::tensor::Tensor;
use super::value::Value;

/// Nodes that make outputs of inputs.
pub(super) struct Body<'g> {
    nodes: &'g [NodeProto],
    /// The nodes that the outputs need, each after those that it reads.
    order: Vec<usize>,
    needed: HashSet<&'g str>,
    inputs: Vec<&'g str>,
    outputs: Vec<&'g str>,
    tensors: &'g [TensorProto],
    /// What a run costs besides the nodes that it makes.
    cost: usize,
}

/// Names that are as much work as a node.
const NAMES: usize = 32;

/// Bytes that are as much work as a node.
const BYTES: usize = 1 << 14;

impl<'g> Body<'g> {
    pub(super) fn of_graph(graph: &'g GraphProto) -> Result<Self, Reason> {
        if !graph.sparse_initializer.is_empty() {
            return Reason::argument("a tensor of its graph", "is sparse");
        }
        let inputs = graph.input.iter().map(|input| input.name.as_str()).collect();
        let outputs = graph.output.iter().map(|output| output.name.as_str()).collect();
        Self::new(&graph.node, inputs, outputs, &graph.initializer)
    }

    pub(super) fn of_function(function: &'g FunctionProto) -> Result<Self, Reason> {
        let names = |list: &'g [String]| list.iter().map(String::as_str).collect();
        Self::new(&function.node, names(&function.input), names(&function.output), &[])
    }

    fn new(
        nodes: &'g [NodeProto],
        inputs: Vec<&'g str>,
        outputs: Vec<&'g str>,
        tensors: &'g [TensorProto],
    ) -> Result<Self, Reason> {
        let taken = inputs.iter().copied().chain(tensors.iter().map(|tensor| tensor.name.as_str()));
        let makers = makers_of(nodes, taken.collect())?;
        let needed = needed(nodes, &makers, &outputs);
        let made = |index: &usize| nodes[*index].output.iter().any(|name| needed.contains(name.as_str()));
        let order = order(nodes, &makers)?.into_iter().filter(made).collect();
        let bytes: usize = nodes.iter().flat_map(|node| &node.attribute).map(Message::encoded_len).sum();
        let cost = (names(nodes) + inputs.len() + outputs.len()) / NAMES + bytes / BYTES;
        Ok(Self { nodes, order, needed, inputs, outputs, tensors, cost })
    }

    /// A scope that holds the tensors of the graph.
    pub(super) fn scope<'s>(&self, runner: &mut Runner<'_>, outer: &'s Scope<'s>) -> Result<Scope<'s>, Reason> {
        let mut scope = outer.inner();
        runner.spend(self.tensors.iter().map(Message::encoded_len).sum::<usize>() / BYTES)?;
        for proto in self.tensors.iter().filter(|tensor| self.needed.contains(tensor.name.as_str())) {
            let tensor = Tensor::read(proto.clone())?;
            scope.set(&proto.name, Some(runner.builder.tensor(&proto.name, tensor)?));
        }
        Ok(scope)
    }

    /// The outputs for these inputs.
    pub(super) fn run(
        &self,
        runner: &mut Runner<'_>,
        mut scope: Scope<'_>,
        inputs: impl IntoIterator<Item = Option<Value>>,
    ) -> Outputs {
        runner.spend(self.cost)?;
        let mut inputs = inputs.into_iter();
        self.inputs.iter().for_each(|name| scope.set(name, inputs.next().flatten()));
        if inputs.next().is_some() {
            return Reason::broken(format!("its graph takes {} inputs, more are given", self.inputs.len()));
        }
        for &index in &self.order {
            let node = &self.nodes[index];
            let attributes = scope.attributes(node);
            let values = runner.inner(&scope, node, attributes).map_err(|reason| inside(node, reason))?;
            self.assign(&mut scope, node, values).map_err(|reason| inside(node, reason))?;
        }
        runner.handed(&scope, &self.outputs)?;
        let output = |name: &&str| match scope.read(name)? {
            Some(value) => Ok(value),
            None => Reason::broken(format!("its graph gives `{}`, which has no value", printable(name))),
        };
        self.outputs.iter().map(output).collect()
    }

    fn assign(&self, scope: &mut Scope<'_>, node: &NodeProto, values: Vec<Value>) -> Result<(), Reason> {
        let mut missing = node.output.iter().skip(values.len()).filter(|name| self.needed.contains(name.as_str()));
        if let Some(name) = missing.find(|name| !name.is_empty()) {
            return Err(Reason::Output(format!("its output `{}` is not supported", printable(name))));
        }
        node.output.iter().zip(values).for_each(|(name, value)| scope.set(name, Some(value)));
        Ok(())
    }
}

/// Names that nodes read and make, those of the graphs that they hold included.
fn names(nodes: &[NodeProto]) -> usize {
    let graphs = nodes.iter().flat_map(|node| &node.attribute).filter_map(|attribute| attribute.g.as_deref());
    let inner: usize = graphs.map(|graph| names(&graph.node)).sum();
    inner + nodes.iter().map(|node| 1 + node.input.len() + node.output.len()).sum::<usize>()
}

/// The reason with the inner node that it is about; only the innermost is named.
fn inside(node: &NodeProto, reason: Reason) -> Reason {
    match reason {
        Reason::Inside { .. } => reason,
        reason => {
            let place = format!("{} `{}`", printable(&operator_name(node)), printable(maker_name(node)));
            Reason::Inside { place, reason: Box::new(reason) }
        }
    }
}
