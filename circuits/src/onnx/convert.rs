//! From messages to the float graph: every node is converted by its operator, and every fault on the way to the output is kept.

use std::collections::HashMap;

use super::attributes::Attributes;
use super::builder::Builder;
use super::call::{Call, Outputs};
use super::error::{Fault, ImportError, Place, Reason, printable};
use super::plan::{Plan, maker_name, operator_name};
use super::proto::{AttributeProto, ModelProto, NodeProto, TensorProto};
use super::registry::{ML, Operator, find};
use super::summary::Summary;
use super::tensor::Tensor;
use super::value::Value;
use super::{ImportOptions, output};
use crate::graph::{FloatGraph, NodeId, Unary, prune, recognize, recognize_shares, recognize_standard};

/// Imports a model, and lists what was made of it.
pub(super) fn convert(model: ModelProto, options: &ImportOptions) -> Result<(FloatGraph, Summary), ImportError> {
    let missing = || Fault::new(Place::Model, Reason::NotOnnx("it holds no graph".into()));
    let mut graph = model.graph.ok_or_else(missing)?;
    let tensors = std::mem::take(&mut graph.initializer);
    let attributes: Vec<_> = graph.node.iter_mut().map(|node| std::mem::take(&mut node.attribute)).collect();
    let names: Vec<_> = tensors.iter().map(|tensor| tensor.name.clone()).collect();
    let plan = Plan::new(&graph, &model.opset_import, &names, options)?;
    let mut import = Import::new(&plan);
    import.refuse_sparse();
    import.read_tensors(&names, tensors);
    import.run(attributes);
    import.finish()
}

/// An import at work.
struct Import<'a> {
    plan: &'a Plan<'a>,
    builder: Builder,
    values: HashMap<&'a str, Value>,
    faults: Vec<Fault>,
}

impl<'a> Import<'a> {
    fn new(plan: &'a Plan<'a>) -> Self {
        let builder = Builder::new(&plan.record);
        let mut values: HashMap<_, _> = plan.graph.input.iter().map(|input| (&*input.name, Value::Failed)).collect();
        if plan.faults.is_empty() {
            values.insert(&plan.record.node.name, Value::Float(NodeId(0)));
        }
        Self { plan, builder, values, faults: plan.faults.clone() }
    }

    fn refuse_sparse(&mut self) {
        let tensors = self.plan.graph.sparse_initializer.iter().filter_map(|sparse| sparse.values.as_ref());
        for tensor in tensors {
            let reason = Reason::Argument { subject: "the tensor".into(), problem: "is sparse".into() };
            self.record([&tensor.name], Fault::new(Place::Tensor(tensor.name.clone()), reason));
            self.values.insert(&tensor.name, Value::Failed);
        }
    }

    fn read_tensors(&mut self, names: &'a [String], tensors: Vec<TensorProto>) {
        for (name, proto) in names.iter().zip(tensors) {
            let value = Tensor::read(proto).and_then(|tensor| self.builder.tensor(name, tensor));
            let value = value.unwrap_or_else(|reason| {
                self.record([name], Fault::new(Place::Tensor(name.clone()), reason));
                Value::Failed
            });
            self.values.insert(name, value);
        }
    }

    fn run(&mut self, mut attributes: Vec<Vec<AttributeProto>>) {
        for index in &self.plan.order {
            let node = &self.plan.graph.node[*index];
            self.builder.origin = *index;
            let values = self.node(node, std::mem::take(&mut attributes[*index])).unwrap_or_else(|reason| {
                self.record(&node.output, self.fault(node, reason));
                vec![Value::Failed; node.output.len()]
            });
            self.assign(node, values);
        }
    }

    fn assign(&mut self, node: &'a NodeProto, values: Vec<Value>) {
        for name in node.output.iter().skip(values.len()).filter(|name| !name.is_empty()) {
            let reason = Reason::Output(format!("its output `{}` is not supported", printable(name)));
            self.record([name], self.fault(node, reason));
        }
        let values = values.into_iter().chain(std::iter::repeat(Value::Failed));
        self.values.extend(node.output.iter().map(String::as_str).zip(values));
    }

    /// Values of a node; all failed where it reads one that is.
    fn node(&mut self, node: &'a NodeProto, attributes: Vec<AttributeProto>) -> Outputs {
        let (operator, opset) = self.operator(node)?;
        let inputs = node.input.iter().map(|name| self.read(name)).collect::<Result<Vec<_>, _>>()?;
        if inputs.iter().flatten().any(|value| matches!(value, Value::Failed)) {
            return Ok(vec![Value::Failed; node.output.len()]);
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

    fn operator(&self, node: &NodeProto) -> Result<(&'static Operator, i64), Reason> {
        let domain = super::plan::domain(&node.domain);
        let operator = find(domain, &node.op_type).ok_or(Reason::Operator)?;
        // Where a model does not say, ONNX Runtime takes operators of classical machine learning in any version.
        let got = self.plan.opsets.get(domain).copied().or((domain == ML).then_some(1));
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

    fn read(&self, name: &str) -> Result<Option<Value>, Reason> {
        match self.values.get(name) {
            _ if name.is_empty() => Ok(None),
            Some(value) => Ok(Some(value.clone())),
            None => Reason::broken(format!("it reads `{}`, which nothing in the file makes", printable(name))),
        }
    }

    /// Keeps a fault that spoils a value that the output needs.
    fn record<'n>(&mut self, spoiled: impl IntoIterator<Item = &'n String>, fault: Fault) {
        if spoiled.into_iter().any(|name| self.plan.needed.contains(name.as_str())) {
            self.faults.push(fault);
        }
    }

    fn fault(&self, node: &NodeProto, reason: Reason) -> Fault {
        let place = Place::Node { operator: operator_name(node), name: maker_name(node).into() };
        let values = node.input.iter().filter(|name| !name.is_empty()).map(|name| self.values.get(name.as_str()));
        let shapes = values.map(|value| value.and_then(|value| self.builder.shape_of(value))).collect();
        Fault { place, shapes, reason }
    }

    fn finish(mut self) -> Result<(FloatGraph, Summary), ImportError> {
        if !self.faults.is_empty() {
            return Err(ImportError { faults: self.faults });
        }
        let at_output = |reason| Fault::new(Place::Output(self.plan.output.into()), reason);
        let value = self.values.get(self.plan.output).unwrap_or(&Value::Failed);
        let scores = output::scores(self.plan.output, value, &mut self.builder).map_err(at_output)?;
        let labels = output::labels(&self.builder, scores);
        self.builder.notes.extend(output::left_out(self.plan.graph, self.plan.output));
        let origins = std::mem::take(&mut self.builder.origins);
        let (mut nodes, mut notes) = (self.builder.nodes, self.builder.notes);
        notes.extend(spelled("normalisation", "normalisations", recognize_standard(&mut nodes)));
        notes.extend(spelled("softmax", "softmaxes", recognize_shares(&mut nodes)));
        notes.extend(recognised(&recognize(&mut nodes)));
        let moved = prune(&mut nodes, scores);
        let output = moved.get(scores.0).copied().flatten().unwrap_or(scores);
        let graph = FloatGraph { nodes, output, labels, notes };
        let summary = self.plan.summarize(&graph, &self.values, &moved, &origins);
        Ok((graph, summary))
    }
}

/// A note on what was spelled in several nodes.
fn spelled(one: &str, several: &str, count: usize) -> Option<String> {
    (count > 0).then(|| format!("{count} {} spelled in several nodes", if count == 1 { one } else { several }))
}

/// A note on functions that were spelled in several nodes.
fn recognised(functions: &[Unary]) -> Option<String> {
    let mut names: Vec<_> = functions.iter().map(|function| function.name()).collect();
    names.dedup();
    let (count, names) = (functions.len(), names.join(", "));
    (count > 0).then(|| {
        format!("{count} function{} of one value spelled in several nodes: {names}", if count == 1 { "" } else { "s" })
    })
}
