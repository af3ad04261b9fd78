//! Branches and loops whose course is known at import: `If` becomes one of its graphs, `Loop` and `Scan` one copy of their graph for each
//! turn.
//! ```text
//! Loop   v₀ = initial,   (go, v_{k+1}, y_k) = body(k, go, v_k)   while go and k < M;   out = v and the rows y
//! Scan   (v_{k+1}, y_k) = body(v_k, x_k)   for each entry x_k of an axis of the inputs
//! ```

use super::attributes::Attributes;
use super::body::Body;
use super::call::{Call, Outputs, axis, wrong};
use super::error::Reason;
use super::plan::maker_name;
use super::proto::{AttributeProto, GraphProto, NodeProto};
use super::run::Runner;
use super::scope::Scope;
use super::value::Value;
use crate::graph::FloatOp;

/// Runs a node that holds or names other nodes.
pub(super) type Control =
    fn(&mut Runner<'_>, &Scope<'_>, &NodeProto, Vec<AttributeProto>, Vec<Option<Value>>) -> Outputs;

/// The operators that hold graphs.
pub(super) const CONTROLS: &[(&str, Control)] = &[("If", branch), ("Loop", turns), ("Scan", scan)];

fn graph<'n>(node: &'n NodeProto, name: &str) -> Result<&'n GraphProto, Reason> {
    let found =
        node.attribute.iter().find(|attribute| attribute.name == name).and_then(|attribute| attribute.g.as_deref());
    found.map_or_else(|| Reason::argument(format!("attribute `{name}`"), "is missing, or no graph"), Ok)
}

/// A single yes or no that is known.
fn known(value: &Value) -> Option<bool> {
    match value {
        Value::Int(known) if known.len() == 1 => known.first().map(|&known| known != 0),
        _ => None,
    }
}

fn branch(
    runner: &mut Runner<'_>,
    scope: &Scope<'_>,
    node: &NodeProto,
    attributes: Vec<AttributeProto>,
    inputs: Vec<Option<Value>>,
) -> Outputs {
    Attributes::new(attributes)?.finish()?;
    let Some(Some(holds)) = inputs.first().map(|value| value.as_ref().and_then(known)) else {
        let problem = "depends on the record: both branches would have to be computed; export `Where` of both results, \
                       or fix the option that it tests";
        return wrong(0, problem);
    };
    let body = Body::of_graph(graph(node, if holds { "then_branch" } else { "else_branch" })?)?;
    runner.deeper(|runner| {
        let scope = body.scope(runner, scope)?;
        body.run(runner, scope, [])
    })
}

/// What is carried from turn to turn, and the rows that each turn gives.
struct Course {
    carried: Vec<Option<Value>>,
    rows: Vec<Vec<Value>>,
}

impl Course {
    /// One turn: the graph's outputs are `skipped` ones, what is carried, and a row for each that is left.
    fn turn(&mut self, outputs: Vec<Value>, skipped: usize) -> Result<(), Reason> {
        let mut outputs = outputs.into_iter().skip(skipped);
        for carried in &mut self.carried {
            let Some(next) = outputs.next() else { return Reason::broken("its graph gives too few outputs") };
            *carried = Some(next);
        }
        for (index, row) in outputs.enumerate() {
            match self.rows.get_mut(index) {
                Some(rows) => rows.push(row),
                None => self.rows.push(vec![row]),
            }
        }
        Ok(())
    }

    /// What is carried last, then the rows, each kind along an axis.
    fn finish(self, runner: &mut Runner<'_>, node: &NodeProto, axes: &[i64], backwards: &[i64]) -> Outputs {
        let mut values = Vec::with_capacity(node.output.len());
        for value in self.carried {
            values.push(value.map_or_else(|| Reason::broken("what it carries has no value"), Ok)?);
        }
        for (index, mut rows) in self.rows.into_iter().enumerate() {
            if backwards.get(index) == Some(&1) {
                rows.reverse();
            }
            values.push(stack(&mut blank(runner, node), rows, axes.get(index).copied().unwrap_or(0))?);
        }
        Ok(values)
    }
}

/// A call of no inputs and no attributes, to move values with.
fn blank<'c>(runner: &'c mut Runner<'_>, node: &'c NodeProto) -> Call<'c> {
    let attributes = Attributes::none();
    Call { name: maker_name(node), attributes, opset: 0, outputs: 1, inputs: Vec::new(), builder: &mut runner.builder }
}

/// Values of one shape along a new axis.
pub(super) fn stack(call: &mut Call<'_>, values: Vec<Value>, at: i64) -> Result<Value, Reason> {
    if values.iter().any(|value| matches!(value, Value::Failed)) {
        return Ok(Value::Failed);
    }
    let mut parts = Vec::with_capacity(values.len());
    let mut place = 0;
    for value in values {
        let Some(mut shape) = call.builder.shape_of(&value) else {
            return Reason::argument("a row", "is no tensor that can be joined to others");
        };
        place = axis(at, shape.len() + 1)?;
        shape.insert(place, 1);
        parts.push(call.reshape(value, &shape)?);
    }
    match parts.len() {
        0 => Reason::argument("the rows", "are none: it takes no turn"),
        1 => Ok(parts.remove(0)),
        _ => call.rearrange(FloatOp::Concat { axis: place }, &parts, &[]),
    }
}

/// The most turns of a loop, and whether it takes any.
fn limits(inputs: &[Option<Value>]) -> Result<(i64, bool), Reason> {
    const UNKNOWN: &str = "depends on the record, so that the number of turns is not known at import";
    let most = match &inputs[0] {
        None => i64::MAX,
        Some(Value::Int(known)) if known.len() == 1 => known.iter().copied().max().unwrap_or(0),
        Some(_) => return wrong(0, UNKNOWN),
    };
    match inputs[1].as_ref().map_or(Some(true), known) {
        Some(going) => Ok((most, going)),
        None => wrong(1, UNKNOWN),
    }
}

fn turns(
    runner: &mut Runner<'_>,
    scope: &Scope<'_>,
    node: &NodeProto,
    attributes: Vec<AttributeProto>,
    mut inputs: Vec<Option<Value>>,
) -> Outputs {
    Attributes::new(attributes)?.finish()?;
    if inputs.len() < 2 {
        return Reason::broken(format!("it has {} inputs", inputs.len()));
    }
    let carried = inputs.split_off(2);
    let (most, mut going) = limits(&inputs)?;
    let body = Body::of_graph(graph(node, "body")?)?;
    let mut course = Course { carried, rows: Vec::new() };
    runner.deeper(|runner| {
        let tensors = body.scope(runner, scope)?;
        let mut turn = 0;
        while going && turn < most {
            runner.turn(&course.carried)?;
            let number = |value: i64| Some(Value::Int(ndarray::arr0(value).into_dyn()));
            let inputs: Vec<_> = [number(turn), number(1)].into_iter().chain(course.carried.iter().cloned()).collect();
            let outputs = body.run(runner, tensors.inner(), inputs)?;
            going = match outputs.first() {
                Some(Value::Failed) => return Ok(vec![Value::Failed; node.output.len()]),
                Some(value) => known(value).map_or_else(|| wrong(1, "is computed of the record by its graph"), Ok)?,
                None => return Reason::broken("its graph gives no condition"),
            };
            course.turn(outputs, 1)?;
            turn += 1;
        }
        if course.carried.len() + course.rows.len() < node.output.len() {
            return Reason::argument("the rows", "are none: it takes no turn");
        }
        course.finish(runner, node, &[], &[])
    })
}

/// Along which axis each series or each kind of row goes, and which of them go backwards.
struct Ways {
    axes: Vec<i64>,
    backwards: Vec<i64>,
}

impl Ways {
    fn take(attributes: &mut Attributes, side: &str) -> Result<Self, Reason> {
        let mut list = |what: &str| attributes.ints(&format!("scan_{side}_{what}"));
        Ok(Self { axes: list("axes")?.unwrap_or_default(), backwards: list("directions")?.unwrap_or_default() })
    }
}

fn scan(
    runner: &mut Runner<'_>,
    scope: &Scope<'_>,
    node: &NodeProto,
    attributes: Vec<AttributeProto>,
    mut inputs: Vec<Option<Value>>,
) -> Outputs {
    if let Some(&got) = scope.opsets.get("").filter(|&&version| version < 9) {
        return Err(Reason::Opset { since: 9, got });
    }
    let mut attributes = Attributes::new(attributes)?;
    let count = usize::try_from(attributes.int("num_scan_inputs", 0)?).unwrap_or(0);
    let (ins, outs) = (Ways::take(&mut attributes, "input")?, Ways::take(&mut attributes, "output")?);
    attributes.finish()?;
    if count == 0 || count > inputs.len() {
        return Reason::argument("attribute `num_scan_inputs`", "is not between 1 and the number of inputs");
    }
    let given = inputs.split_off(inputs.len() - count);
    let series = series(runner, node, given, &ins)?;
    let body = Body::of_graph(graph(node, "body")?)?;
    let mut course = Course { carried: inputs, rows: Vec::new() };
    runner.deeper(|runner| {
        let tensors = body.scope(runner, scope)?;
        for turn in 0..series.first().map_or(0, Vec::len) {
            runner.turn(&course.carried)?;
            let entries = series.iter().map(|entries| entries.get(turn).cloned());
            let inputs: Vec<_> = course.carried.iter().cloned().chain(entries).collect();
            course.turn(body.run(runner, tensors.inner(), inputs)?, 0)?;
        }
        course.finish(runner, node, &outs.axes, &outs.backwards)
    })
}

/// The entries of each series, in the order in which they are read; all of one length.
fn series(
    runner: &mut Runner<'_>,
    node: &NodeProto,
    given: Vec<Option<Value>>,
    ways: &Ways,
) -> Result<Vec<Vec<Value>>, Reason> {
    let mut all: Vec<Vec<Value>> = Vec::with_capacity(given.len());
    for (index, value) in given.into_iter().enumerate() {
        let Some(value) = value else { return Reason::broken("one of its series is missing") };
        let mut entries = unstacked(runner, node, value, ways.axes.get(index).copied().unwrap_or(0))?;
        if ways.backwards.get(index) == Some(&1) {
            entries.reverse();
        }
        if all.first().is_some_and(|first| first.len() != entries.len()) {
            return Reason::broken("its series are not of one length");
        }
        all.push(entries);
    }
    Ok(all)
}

/// The entries of an axis, without it.
fn unstacked(runner: &mut Runner<'_>, node: &NodeProto, value: Value, at: i64) -> Result<Vec<Value>, Reason> {
    let Some(shape) = runner.builder.shape_of(&value) else { return wrong(0, "has no shape") };
    let place = axis(at, shape.len())?;
    runner.spend(shape[place])?;
    let mut rest = shape.clone();
    rest.remove(place);
    let mut call = blank(runner, node);
    let entry = |start: usize| {
        let op = FloatOp::Slice { axis: place, start, step: 1, len: 1 };
        let part = call.rearrange(op, std::slice::from_ref(&value), &[])?;
        call.reshape(part, &rest)
    };
    (0..shape[place]).map(entry).collect()
}
