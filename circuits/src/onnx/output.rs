//! Which output is proven, and the labels of its classes.

use super::ImportOptions;
use super::builder::Builder;
use super::error::{Fault, Place, Reason, printable};
use super::map::Map;
use super::order::Makers;
use super::proto::{GraphProto, ValueInfoProto};
use super::tensor;
use super::value::Value;
use crate::graph::NodeId;

/// Name of the output to prove: the user's choice, else the first that holds floats, else the first.
pub(super) fn choose<'a>(
    graph: &'a GraphProto,
    makers: &Makers<'_>,
    options: &'a ImportOptions,
) -> Result<&'a str, Fault> {
    let default = graph.output.iter().find(|output| holds_floats(output)).or(graph.output.first());
    let Some(name) = options.output.as_ref().or(default.map(|output| &output.name)) else {
        return Err(Fault::new(Place::Model, Reason::Output("it has no outputs".into())));
    };
    if makers.contains_key(name.as_str()) {
        return Ok(name);
    }
    let outputs: Vec<_> = graph.output.iter().map(|output| format!("`{}`", printable(&output.name))).collect();
    let reason = format!("no node computes it; the outputs of the model are {}", outputs.join(", "));
    Err(Fault::new(Place::Output(name.clone()), Reason::Output(reason)))
}

/// Notes on the other outputs.
pub(super) fn left_out(graph: &GraphProto, output: &str) -> Vec<String> {
    let others = graph.output.iter().filter(|other| other.name != output);
    let note = |name| format!("output `{}` is left out, `{}` is proven", printable(name), printable(output));
    others.map(|other| note(&other.name)).collect()
}

/// Labels are integers or strings. What is no tensor is a dictionary of probabilities.
fn holds_floats(output: &ValueInfoProto) -> bool {
    let declared = output.r#type.as_ref().and_then(|declared| declared.tensor_type.as_ref());
    declared.is_none_or(|tensor| matches!(tensor.elem_type, 0 | tensor::FLOAT))
}

/// The node of the scores, and how many positions it has scores for.
pub(super) fn scores(name: &str, value: &Value, builder: &mut Builder) -> Result<(NodeId, usize), Reason> {
    let (id, map) = match value {
        Value::Float(id) => (*id, None),
        Value::Quantized(value) => (value.float, None),
        Value::Class(id) => {
            let note = format!("output `{}` is the class of the largest score: the scores are used", printable(name));
            builder.notes.push(note);
            (*id, builder.maps.get(id).cloned())
        }
        _ => return Err(Reason::Output("it holds integers that stand for no floats, or strings".into())),
    };
    if builder.contrary.contains(&id) {
        let reason = "the largest of its scores does not name the predicted class: select the output of the label";
        return Err(Reason::Output(reason.into()));
    }
    if builder.known(id).is_some() {
        return Err(Reason::Output("it does not depend on the record".into()));
    }
    let Some(map) = map.map_or_else(|| Map::find(name, id, builder), |map| Ok(Some(map)))? else {
        return Ok((id, 1));
    };
    builder.notes.push(map.note);
    Ok((map.scores, map.positions))
}

/// Labels given for these scores, else labels given for scores before them, if there are as many.
pub(super) fn labels(builder: &Builder, (scores, positions): (NodeId, usize)) -> Option<Vec<String>> {
    let classes = builder.shape(scores).iter().product::<usize>() / positions.max(1);
    let fits = |labels: &&(NodeId, Vec<String>)| labels.1.len() == classes;
    let own = builder.labels.iter().rfind(|labels| labels.0 == scores && fits(labels));
    own.or_else(|| builder.labels.iter().rfind(fits)).map(|(_, labels)| labels.clone())
}
