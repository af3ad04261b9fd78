//! Who makes which value: single assignment, topological order, and what an output needs.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::error::{Reason, printable};
use super::proto::{GraphProto, NodeProto};

/// For each value that a node makes, the node.
pub(super) type Makers<'a> = HashMap<&'a str, usize>;

/// Finds the makers; refuses names that are given twice. An input may name a tensor of the file: its default.
pub(super) fn makers<'a>(graph: &'a GraphProto, tensors: &'a [String]) -> Result<Makers<'a>, Reason> {
    let mut taken = HashSet::new();
    for name in tensors {
        claim(&mut taken, name)?;
    }
    let mut inputs = HashSet::new();
    for input in &graph.input {
        claim(&mut inputs, &input.name)?;
    }
    taken.extend(inputs);
    makers_of(&graph.node, taken)
}

/// The makers among nodes, beside names that are taken.
pub(super) fn makers_of<'a>(nodes: &'a [NodeProto], mut taken: HashSet<&'a str>) -> Result<Makers<'a>, Reason> {
    let mut makers = HashMap::new();
    for (index, node) in nodes.iter().enumerate() {
        for output in node.output.iter().filter(|name| !name.is_empty()) {
            claim(&mut taken, output)?;
            makers.insert(output.as_str(), index);
        }
    }
    Ok(makers)
}

fn claim<'a>(taken: &mut HashSet<&'a str>, name: &'a str) -> Result<(), Reason> {
    if taken.insert(name) { Ok(()) } else { Reason::broken(format!("the name `{}` is given twice", printable(name))) }
}

/// Names that a node reads: its inputs, and what the graphs that it holds read from around them.
fn reads(node: &NodeProto) -> Vec<&str> {
    let mut names: Vec<&str> = node.input.iter().map(String::as_str).collect();
    for graph in node.attribute.iter().filter_map(|attribute| attribute.g.as_deref()) {
        let own: HashSet<&str> = graph.node.iter().flat_map(|node| &node.output).map(String::as_str).collect();
        let inner = graph.node.iter().flat_map(reads).chain(graph.output.iter().map(|output| output.name.as_str()));
        names.extend(inner.filter(|name| !own.contains(name)));
    }
    names
}

/// Nodes after those that they read, otherwise in the order of the file.
pub(super) fn order(nodes: &[NodeProto], makers: &Makers<'_>) -> Result<Vec<usize>, Reason> {
    let mut readers = vec![Vec::new(); nodes.len()];
    let mut waiting = vec![0usize; nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        for maker in reads(node).into_iter().filter_map(|name| makers.get(name)) {
            readers[*maker].push(index);
            waiting[index] += 1;
        }
    }
    let mut ready: BTreeSet<usize> = (0..nodes.len()).filter(|index| waiting[*index] == 0).collect();
    let mut order = Vec::with_capacity(nodes.len());
    while let Some(index) = ready.pop_first() {
        order.push(index);
        for reader in &readers[index] {
            waiting[*reader] -= 1;
            ready.extend((waiting[*reader] == 0).then_some(*reader));
        }
    }
    if order.len() < nodes.len() {
        return Reason::broken(format!("{} nodes read each other in a circle", nodes.len() - order.len()));
    }
    Ok(order)
}

/// Names of the values that `outputs` are computed from, themselves included.
pub(super) fn needed<'a>(nodes: &'a [NodeProto], makers: &Makers<'_>, outputs: &[&'a str]) -> HashSet<&'a str> {
    let mut needed = HashSet::new();
    let mut open = outputs.to_vec();
    let mut seen = vec![false; nodes.len()];
    while let Some(name) = open.pop() {
        if needed.insert(name)
            && let Some(&maker) = makers.get(name)
            && !std::mem::replace(&mut seen[maker], true)
        {
            open.extend(reads(&nodes[maker]).into_iter().filter(|name| !name.is_empty()));
        }
    }
    needed
}
