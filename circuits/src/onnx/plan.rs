//! What is known of a model before any node is converted: the output to prove, the nodes in order, the record.

use std::collections::{HashMap, HashSet};

use super::error::{Fault, ImportError, Place, Reason, printable};
use super::input::{self, Declared};
use super::order::{makers, needed, order};
use super::proto::{GraphProto, NodeProto, OperatorSetIdProto, ValueInfoProto};
use super::scope::Scope;
use super::summary::{Summary, SummaryNode};
use super::value::Value;
use super::{ImportOptions, output};
use crate::graph::{FloatGraph, FloatNode, FloatOp, NodeId};

/// The newest opset that the converters were checked against.
const NEWEST: i64 = 28;

/// The plan of an import.
pub(super) struct Plan<'a> {
    pub(super) graph: &'a GraphProto,
    /// Version of each operator set.
    pub(super) opsets: HashMap<String, i64>,
    /// Nodes after those that they read.
    pub(super) order: Vec<usize>,
    /// Name of the value that is proven.
    pub(super) output: &'a str,
    /// Names of the values that it needs.
    pub(super) needed: HashSet<&'a str>,
    /// The record; a placeholder where there are faults.
    pub(super) record: Declared,
    /// What is wrong with the inputs.
    pub(super) faults: Vec<Fault>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(
        graph: &'a GraphProto,
        opsets: &[OperatorSetIdProto],
        tensors: &[String],
        options: &'a ImportOptions,
    ) -> Result<Self, ImportError> {
        let at_model = |reason| Fault::new(Place::Model, reason);
        let opsets = versions(opsets).map_err(at_model)?;
        let makers = makers(graph, tensors).map_err(at_model)?;
        let order = order(&graph.node, &makers).map_err(at_model)?;
        let output = output::choose(graph, &makers, options)?;
        let needed = needed(&graph.node, &makers, &[output]);
        let (record, faults) = match record(graph, tensors, &needed, output) {
            Ok(record) => (record, Vec::new()),
            Err(fault) => (placeholder(), vec![fault]),
        };
        Ok(Self { graph, opsets, order, output, needed, record, faults })
    }

    /// Lists the nodes whose values depend on the record and reach the output.
    pub(super) fn summarize(
        &self,
        graph: &FloatGraph,
        values: &Scope<'_>,
        moved: &[Option<NodeId>],
        origins: &[usize],
    ) -> Summary {
        let parameters = parameters(graph, moved, origins, self.graph.node.len());
        let row = |index: &usize| {
            let node = &self.graph.node[*index];
            let used = node.output.iter().filter(|name| self.needed.contains(name.as_str()));
            let id = used.filter_map(|name| values.get(name)).find_map(node_of)?;
            let result = moved.get(id.0).copied().flatten().and_then(|id| graph.nodes.get(id.0))?;
            result.constant().is_none().then(|| SummaryNode {
                name: maker_name(node).into(),
                operator: operator_name(node),
                shape: result.shape.clone(),
                parameters: parameters[*index],
            })
        };
        Summary {
            input_shape: graph.input_shape().to_vec(),
            output: self.output.into(),
            output_shape: graph.output_shape().to_vec(),
            nodes: self.order.iter().filter_map(row).collect(),
            parameters: graph.parameters(),
            labels: graph.labels.clone(),
            notes: graph.notes.clone(),
        }
    }
}

/// Name of a node, or of its first output.
pub(super) fn maker_name(node: &NodeProto) -> &str {
    let names = [&node.name].into_iter().chain(&node.output);
    names.map(String::as_str).find(|name| !name.is_empty()).unwrap_or("")
}

/// Operator of a node, with the domain unless that is ONNX's own.
pub(super) fn operator_name(node: &NodeProto) -> String {
    match domain(&node.domain) {
        "" => node.op_type.clone(),
        domain => format!("{domain}.{}", node.op_type),
    }
}

/// ONNX's own domain has two spellings.
pub(super) fn domain(domain: &str) -> &str {
    if domain == "ai.onnx" { "" } else { domain }
}

/// Version of each operator set.
pub(super) fn versions(opsets: &[OperatorSetIdProto]) -> Result<HashMap<String, i64>, Reason> {
    let mut versions = HashMap::new();
    for opset in opsets {
        let domain = domain(&opset.domain);
        if versions.insert(domain.to_owned(), opset.version).is_some_and(|other| other != opset.version) {
            return Reason::broken(format!("two versions of the operator set `{}` are in use", printable(domain)));
        }
    }
    match versions.get("") {
        Some(got) if *got > NEWEST => Err(Reason::NewOpset { newest: NEWEST, got: *got }),
        _ => Ok(versions),
    }
}

fn record(graph: &GraphProto, tensors: &[String], needed: &HashSet<&str>, output: &str) -> Result<Declared, Fault> {
    let given: HashSet<_> = tensors.iter().collect();
    let inputs = graph.input.iter().filter(|input| needed.contains(&*input.name) && !given.contains(&input.name));
    match inputs.collect::<Vec<_>>()[..] {
        [] => Err(Fault::new(Place::Output(output.into()), Reason::Output("it does not depend on the record".into()))),
        [record] => input::record(record).map_err(|reason| Fault::new(Place::Input(record.name.clone()), reason)),
        ref several => Err(Fault::new(Place::Model, Reason::Inputs(names(several)))),
    }
}

fn names(inputs: &[&ValueInfoProto]) -> String {
    inputs.iter().map(|input| format!("`{}`", printable(&input.name))).collect::<Vec<_>>().join(", ")
}

fn placeholder() -> Declared {
    let node = FloatNode { name: String::new(), op: FloatOp::Input, inputs: Vec::new(), shape: vec![1] };
    Declared { node, integers: false, narrow: None, note: None }
}

fn node_of(value: &Value) -> Option<NodeId> {
    match value {
        Value::Float(id) | Value::Class(id) | Value::Entries(id, _) => Some(*id),
        _ => None,
    }
}

/// For each ONNX node, the learned values of its float nodes and of the constants that these are the first to read.
fn parameters(graph: &FloatGraph, moved: &[Option<NodeId>], origins: &[usize], count: usize) -> Vec<usize> {
    let mut parameters = vec![0; count];
    let mut counted = HashSet::new();
    let kept = moved.iter().zip(origins).filter_map(|(id, origin)| Some((graph.nodes.get((*id)?.0)?, *origin)));
    for (node, origin) in kept {
        if let (None, Some(sum)) = (node.constant(), parameters.get_mut(origin)) {
            *sum += node.parameters();
        }
        for constant in node.inputs.iter().filter(|id| counted.insert(**id)).filter_map(|id| graph.nodes.get(id.0)) {
            if let Some(sum) = parameters.get_mut(origin) {
                *sum += constant.constant().map_or(0, ndarray::ArrayD::len);
            }
        }
    }
    parameters
}
