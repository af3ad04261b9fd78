//! From messages to the float graph: every node is converted by its operator, and every fault on the way to the output is kept.

use super::builder::Builder;
use super::error::{Fault, ImportError, Place, Reason, printable};
use super::function::Functions;
use super::plan::{Plan, maker_name, operator_name};
use super::proto::{AttributeProto, ModelProto, NodeProto, TensorProto};
use super::run::Runner;
use super::scope::Scope;
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
    let attributes: Vec<_> = graph.node.iter_mut().map(attributes).collect();
    let names: Vec<_> = tensors.iter().map(|tensor| tensor.name.clone()).collect();
    let plan = Plan::new(&graph, &model.opset_import, &names, options)?;
    let functions = Functions::new(&model.functions).map_err(|reason| Fault::new(Place::Model, reason))?;
    let mut import = Import::new(&plan, functions);
    import.refuse_sparse();
    import.read_tensors(&names, tensors);
    import.run(attributes);
    import.finish()
}

/// Takes the attributes of a node, which may hold weights; graphs stay.
fn attributes(node: &mut NodeProto) -> Vec<AttributeProto> {
    let (graphs, others) = std::mem::take(&mut node.attribute).into_iter().partition(|attribute| attribute.g.is_some());
    node.attribute = graphs;
    others
}

/// An import at work.
struct Import<'a> {
    plan: &'a Plan<'a>,
    runner: Runner<'a>,
    values: Scope<'a>,
    faults: Vec<Fault>,
}

impl<'a> Import<'a> {
    fn new(plan: &'a Plan<'a>, functions: Functions<'a>) -> Self {
        let mut values = Scope::new(&plan.opsets);
        plan.graph.input.iter().for_each(|input| values.set(&input.name, Some(Value::Failed)));
        if plan.faults.is_empty() {
            let narrow = |interval| Value::Entries(NodeId(0), interval);
            let record = plan.record.narrow.map_or(Value::Float(NodeId(0)), narrow);
            values.set(&plan.record.node.name, Some(record));
        }
        let runner = Runner::new(Builder::new(&plan.record), functions);
        Self { plan, runner, values, faults: plan.faults.clone() }
    }

    fn refuse_sparse(&mut self) {
        let tensors = self.plan.graph.sparse_initializer.iter().filter_map(|sparse| sparse.values.as_ref());
        for tensor in tensors {
            let reason = Reason::Argument { subject: "the tensor".into(), problem: "is sparse".into() };
            self.record([&tensor.name], Fault::new(Place::Tensor(tensor.name.clone()), reason));
            self.values.set(&tensor.name, Some(Value::Failed));
        }
    }

    fn read_tensors(&mut self, names: &'a [String], tensors: Vec<TensorProto>) {
        for (name, proto) in names.iter().zip(tensors) {
            let value = Tensor::read(proto).and_then(|tensor| self.runner.builder.tensor(name, tensor));
            let value = value.unwrap_or_else(|reason| {
                self.record([name], Fault::new(Place::Tensor(name.clone()), reason));
                Value::Failed
            });
            self.values.set(name, Some(value));
        }
    }

    fn run(&mut self, mut attributes: Vec<Vec<AttributeProto>>) {
        for index in &self.plan.order {
            let node = &self.plan.graph.node[*index];
            self.runner.builder.origin = *index;
            let attributes = std::mem::take(&mut attributes[*index]);
            let values = self.runner.node(&self.values, node, attributes).unwrap_or_else(|reason| {
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
        node.output.iter().zip(values).for_each(|(name, value)| self.values.set(name, Some(value)));
    }

    /// Keeps a fault that spoils a value that the output needs.
    fn record<'n>(&mut self, spoiled: impl IntoIterator<Item = &'n String>, fault: Fault) {
        if spoiled.into_iter().any(|name| self.plan.needed.contains(name.as_str())) {
            self.faults.push(fault);
        }
    }

    fn fault(&self, node: &NodeProto, reason: Reason) -> Fault {
        let place = Place::Node { operator: operator_name(node), name: maker_name(node).into() };
        let values = node.input.iter().filter(|name| !name.is_empty()).map(|name| self.values.get(name));
        let shapes = values.map(|value| value.and_then(|value| self.runner.builder.shape_of(value))).collect();
        Fault { place, shapes, reason }
    }

    fn finish(self) -> Result<(FloatGraph, Summary), ImportError> {
        if !self.faults.is_empty() {
            return Err(ImportError { faults: self.faults });
        }
        let mut builder = self.runner.builder;
        let at_output = |reason| Fault::new(Place::Output(self.plan.output.into()), reason);
        let value = self.values.get(self.plan.output).unwrap_or(&Value::Failed);
        let (scores, positions) = output::scores(self.plan.output, value, &mut builder).map_err(at_output)?;
        let labels = output::labels(&builder, (scores, positions));
        builder.notes.extend(output::left_out(self.plan.graph, self.plan.output));
        let origins = std::mem::take(&mut builder.origins);
        let (mut nodes, mut notes) = (builder.nodes, builder.notes);
        notes.extend(spelled("normalisation", "normalisations", recognize_standard(&mut nodes)));
        notes.extend(spelled("softmax", "softmaxes", recognize_shares(&mut nodes)));
        notes.extend(recognised(&recognize(&mut nodes)));
        let moved = prune(&mut nodes, scores);
        let output = moved.get(scores.0).copied().flatten().unwrap_or(scores);
        let graph = FloatGraph { nodes, output, positions, labels, notes };
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
