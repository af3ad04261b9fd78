//! `RNN`, `GRU` and `LSTM`, unrolled: one copy of the cell for each step of the series, in either direction or both.
//!
//! The series is `[steps, batch, inputs]`, or `[batch, steps, inputs]` for layout 1. Weights are `[directions, gates·units, inputs]`,
//! recurrent ones `[directions, gates·units, units]`, biases of both side by side `[directions, 2·gates·units]`. A state that is not
//! given is zero, and what would be computed of it is left out.

mod cells;
mod dynamic;
mod steps;

use super::call::{Call, Outputs, axis, wrong};
use super::error::Reason;
use super::registry::Operator;
use super::value::Value;
use crate::graph::{FloatOp, NodeId};
use cells::{Cell, Kind};
use steps::State;

pub(super) const OPERATORS: &[Operator] = &[
    Operator::onnx("RNN", 7, (3, 6), |call| recurrent(call, Kind::Plain, false)),
    Operator::onnx("GRU", 7, (3, 6), |call| recurrent(call, Kind::Gru, false)),
    Operator::onnx("LSTM", 7, (3, 8), |call| recurrent(call, Kind::Lstm, false)),
    Operator::runtime("DynamicQuantizeLSTM", (12, 12), dynamic::recurrent),
];

/// Most steps of a series: each is a copy of the cell.
const MAX_STEPS: usize = 4096;

/// What a direction gives: its state after every step, in the order of the series.
struct Direction {
    hidden: Vec<NodeId>,
    last: State,
}

/// Unrolls a cell; where states are `rounded`, products read them on a grid that they span themselves.
fn recurrent(call: &mut Call<'_>, kind: Kind, rounded: bool) -> Outputs {
    let directions = directions(call)?;
    let batch_first = call.attributes.flag("layout", false)?;
    let series = series(call, batch_first)?;
    check_lengths(call, series.len())?;
    if call.attributes.optional_float("clip")?.is_some() {
        return Reason::argument("attribute `clip`", "is not supported: export the cell without it");
    }
    let cells = cells::read(call, kind, directions.len())?;
    let mut runs = Vec::new();
    for (index, (cell, backwards)) in cells.iter().zip(directions).enumerate() {
        let start = State::given(call, index, batch_first, kind)?;
        runs.push(run(call, cell, (&series, *backwards), start, rounded)?);
    }
    outputs(call, &runs, batch_first)
}

/// For each direction, whether it goes backwards.
fn directions(call: &mut Call<'_>) -> Result<&'static [bool], Reason> {
    match call.attributes.text("direction", "forward")?.as_str() {
        "forward" => Ok(&[false]),
        "reverse" => Ok(&[true]),
        "bidirectional" => Ok(&[false, true]),
        _ => Reason::argument("attribute `direction`", "is not forward, reverse or bidirectional"),
    }
}

/// The series step by step, each `[batch, inputs]`.
fn series(call: &mut Call<'_>, batch_first: bool) -> Result<Vec<NodeId>, Reason> {
    let x = call.float(0)?;
    let shape = call.shape(x);
    let along = usize::from(batch_first);
    let (3, Some(&steps)) = (shape.len(), shape.get(along)) else { return wrong(0, "is not a series of three axes") };
    if steps > MAX_STEPS {
        return wrong(0, &format!("has {steps} steps, at most {MAX_STEPS} are supported"));
    }
    (0..steps).map(|step| part(call, x, along, step)).collect()
}

/// Refuses series that end early.
fn check_lengths(call: &Call<'_>, steps: usize) -> Result<(), Reason> {
    let lengths = call.optional_ints(4)?.unwrap_or_default();
    if lengths.iter().all(|&length| usize::try_from(length) == Ok(steps)) {
        return Ok(());
    }
    wrong(4, "gives series other lengths than the tensor has: pad them at export and leave the lengths out")
}

fn run(
    call: &mut Call<'_>,
    cell: &Cell,
    (series, backwards): (&[NodeId], bool),
    start: State,
    rounded: bool,
) -> Result<Direction, Reason> {
    let mut order: Vec<&NodeId> = series.iter().collect();
    if backwards {
        order.reverse();
    }
    let (mut state, mut hidden) = (start, Vec::with_capacity(series.len()));
    for x in order {
        if let (true, Some(hidden)) = (rounded, state.hidden) {
            state.hidden = Some(call.push(FloatOp::Quantize(None), &[hidden])?);
        }
        state = cell.step(call, *x, &state)?;
        hidden.extend(state.hidden);
    }
    if backwards {
        hidden.reverse();
    }
    Ok(Direction { hidden, last: state })
}

/// All hidden states, the last ones, and the last cells.
fn outputs(call: &mut Call<'_>, runs: &[Direction], batch_first: bool) -> Outputs {
    let (steps, directions) = (runs.first().map_or(0, |run| run.hidden.len()), if batch_first { 1 } else { 0 });
    let mut all = Vec::with_capacity(steps);
    for step in 0..steps {
        let parts: Vec<NodeId> = runs.iter().filter_map(|run| run.hidden.get(step).copied()).collect();
        all.push(stacked(call, &parts, directions)?);
    }
    let every = stacked(call, &all, directions)?;
    let last: Vec<NodeId> = runs.iter().filter_map(|run| run.last.hidden).collect();
    let mut outputs = vec![Value::Float(every), Value::Float(stacked(call, &last, directions)?)];
    let cells: Vec<NodeId> = runs.iter().filter_map(|run| run.last.cell).collect();
    if !cells.is_empty() {
        outputs.push(Value::Float(stacked(call, &cells, directions)?));
    }
    Ok(outputs)
}

/// Values of one shape along a new axis.
fn stacked(call: &mut Call<'_>, values: &[NodeId], at: usize) -> Result<NodeId, Reason> {
    let mut shape = values.first().map_or(Vec::new(), |&value| call.shape(value));
    shape.insert(at.min(shape.len()), 1);
    let mut parts = Vec::with_capacity(values.len());
    for &value in values {
        parts.push(call.builder.push(call.name, FloatOp::Reshape, &[value], &shape)?);
    }
    match parts[..] {
        [single] => Ok(single),
        _ => call.push(FloatOp::Concat { axis: axis(at as i64, shape.len())? }, &parts),
    }
}

/// Entry `index` of an axis, without that axis.
fn part(call: &mut Call<'_>, value: NodeId, axis: usize, index: usize) -> Result<NodeId, Reason> {
    let slice = call.push(FloatOp::Slice { axis, start: index, step: 1, len: 1 }, &[value])?;
    let mut shape = call.shape(slice);
    shape.remove(axis);
    call.builder.push(call.name, FloatOp::Reshape, &[slice], &shape)
}
