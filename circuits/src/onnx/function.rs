//! Functions of the file, as exporters write layers and operators of their own: a call is the nodes of its body.

use std::collections::HashMap;

use super::body::Body;
use super::call::Outputs;
use super::error::{Reason, printable};
use super::plan::{domain, versions};
use super::proto::{AttributeProto, FunctionProto, NodeProto};
use super::run::Runner;
use super::scope::Scope;
use super::value::Value;

/// Domain, name and overload.
type Key<'a> = (&'a str, &'a str, &'a str);

/// The functions of a file.
pub(super) struct Functions<'a>(HashMap<Key<'a>, &'a FunctionProto>);

impl<'a> Functions<'a> {
    /// Refuses two of one name.
    pub(super) fn new(functions: &'a [FunctionProto]) -> Result<Self, Reason> {
        let mut found = HashMap::new();
        for function in functions {
            let key = (domain(&function.domain), function.name.as_str(), function.overload.as_str());
            if found.insert(key, function).is_some() {
                return Reason::broken(format!("the function `{}` is given twice", printable(&function.name)));
            }
        }
        Ok(Self(found))
    }

    pub(super) fn find(&self, node: &NodeProto) -> Option<&'a FunctionProto> {
        self.0.get(&(domain(&node.domain), node.op_type.as_str(), node.overload.as_str())).copied()
    }
}

/// The body of the function that a node names, run on the node's inputs.
pub(super) fn call(
    runner: &mut Runner<'_>,
    _: &Scope<'_>,
    node: &NodeProto,
    attributes: Vec<AttributeProto>,
    inputs: Vec<Option<Value>>,
) -> Outputs {
    let function = runner.functions.find(node).ok_or(Reason::Operator)?;
    if inputs.len() > function.input.len() {
        return Reason::broken(format!("it has {} inputs, its function takes {}", inputs.len(), function.input.len()));
    }
    let opsets = versions(&function.opset_import)?;
    let given = given(function, node, attributes)?;
    let body = Body::of_function(function)?;
    runner.deeper(|runner| body.run(runner, Scope::of_function(&opsets, &given), inputs))
}

/// The attributes that the function declares: what the node gives, else the default.
fn given(
    function: &FunctionProto,
    node: &NodeProto,
    attributes: Vec<AttributeProto>,
) -> Result<HashMap<String, AttributeProto>, Reason> {
    let graphs = node.attribute.iter().find(|attribute| attribute.g.is_some());
    if let Some(graph) = graphs {
        return Reason::argument(format!("attribute `{}`", printable(&graph.name)), "gives a graph to a function");
    }
    let mut given: HashMap<_, _> =
        function.attribute_proto.iter().map(|default| (default.name.clone(), default.clone())).collect();
    for attribute in attributes {
        if !function.attribute.contains(&attribute.name) && !given.contains_key(&attribute.name) {
            let subject = format!("attribute `{}`", printable(&attribute.name));
            return Reason::argument(subject, "is not one that the function declares");
        }
        given.insert(attribute.name.clone(), attribute);
    }
    Ok(given)
}
