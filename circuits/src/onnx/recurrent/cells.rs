//! The cells.
//!
//! ```text
//! RNN   H' = f(x·W + H·R + b)
//! GRU   z, r = f(x·W + H·R + b)   c = g(x·W_c + (r ⊙ H)·R_c + b_c)   or, with the reset after the product,
//!       c = g(x·W_c + r ⊙ (H·R_c + b_Rc) + b_Wc)                     H' = (1 − z) ⊙ c + z ⊙ H = c + z ⊙ (H − c)
//! LSTM  i, o, f = f(x·W + H·R + p ⊙ C + b)   c = g(x·W_c + H·R_c + b_c)   C' = f ⊙ C + i ⊙ c   H' = o ⊙ h(C')
//! ```
//!
//! `o` of an LSTM reads `C'` through its peephole, the other gates read `C`. `H` and `C` are left out where they are zero.

use super::part;
use super::steps::State;
use crate::graph::{FloatOp, NodeId};
use crate::onnx::call::{Call, wrong};
use crate::onnx::error::Reason;

/// Which cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Gru,
    Lstm,
}

impl Kind {
    /// Blocks of the weights.
    fn gates(self) -> usize {
        match self {
            Self::Plain => 1,
            Self::Gru => 3,
            Self::Lstm => 4,
        }
    }

    /// Names of the activations that are used unless others are given.
    fn activations(self) -> &'static [&'static str] {
        match self {
            Self::Plain => &["Tanh"],
            Self::Gru => &["Sigmoid", "Tanh"],
            Self::Lstm => &["Sigmoid", "Tanh", "Tanh"],
        }
    }
}

/// The constants of one direction.
pub(super) struct Cell {
    kind: Kind,
    /// For each gate `inputs × units`, `units × units`, and the two biases.
    gates: Vec<Gate>,
    /// Weights of an LSTM's cell in the gates `i`, `o`, `f`.
    peepholes: Option<Vec<NodeId>>,
    activations: Vec<FloatOp>,
    reset_after: bool,
}

struct Gate {
    weight: NodeId,
    recurrent: NodeId,
    bias: Option<[NodeId; 2]>,
}

/// The cell of each direction.
pub(super) fn read(call: &mut Call<'_>, kind: Kind, directions: usize) -> Result<Vec<Cell>, Reason> {
    let activations = activations(call, kind, directions)?;
    let reset_after = kind == Kind::Gru && call.attributes.flag("linear_before_reset", false)?;
    if kind == Kind::Lstm && call.attributes.flag("input_forget", false)? {
        return Reason::argument("attribute `input_forget`", "is not supported: export the cell without it");
    }
    let units = units(call, kind, directions)?;
    let mut cells = Vec::with_capacity(directions);
    for (direction, activations) in activations.into_iter().enumerate() {
        let gates = (0..kind.gates()).map(|gate| Gate::read(call, (direction, gate), (kind, units)));
        let gates = gates.collect::<Result<_, _>>()?;
        let peepholes = peepholes(call, kind, direction, units)?;
        cells.push(Cell { kind, gates, peepholes, activations, reset_after });
    }
    Ok(cells)
}

fn units(call: &mut Call<'_>, kind: Kind, directions: usize) -> Result<usize, Reason> {
    let weights = call.float(2)?;
    let &[count, rows, units] = &call.shape(weights)[..] else { return wrong(2, "is not of three axes") };
    let named = call.attributes.int("hidden_size", units as i64)?;
    if count != directions || rows != kind.gates() * units || usize::try_from(named) != Ok(units) {
        return wrong(2, "does not have the shape that directions and hidden size ask for");
    }
    Ok(units)
}

/// For each direction, its activations.
fn activations(call: &mut Call<'_>, kind: Kind, directions: usize) -> Result<Vec<Vec<FloatOp>>, Reason> {
    call.attributes.ignore("activation_alpha");
    call.attributes.ignore("activation_beta");
    let each = kind.activations();
    let default = || each.iter().cycle().take(each.len() * directions).map(|&name| name.to_owned()).collect();
    let names: Vec<String> = call.attributes.texts("activations")?.unwrap_or_else(default);
    if names.len() != each.len() * directions {
        return Reason::argument("attribute `activations`", "does not name one for each place and direction");
    }
    let named = |name: &String| match name.to_ascii_lowercase().as_str() {
        "sigmoid" => Ok(FloatOp::Sigmoid),
        "tanh" => Ok(FloatOp::Tanh),
        "relu" => Ok(FloatOp::Relu),
        _ => Reason::argument("attribute `activations`", "names one that is not Sigmoid, Tanh or Relu"),
    };
    names.chunks(each.len()).map(|names| names.iter().map(named).collect()).collect()
}

fn peepholes(call: &mut Call<'_>, kind: Kind, direction: usize, units: usize) -> Result<Option<Vec<NodeId>>, Reason> {
    if kind != Kind::Lstm || call.optional(7).is_none() {
        return Ok(None);
    }
    let all = call.float(7)?;
    let own = block(call, all, (7, direction), (3, units))?;
    own.map_or_else(|| wrong(7, "does not have three weights for each unit and direction"), |own| Ok(Some(own)))
}

/// The parts, of `units` entries of the second axis each, of a direction's `count` blocks.
fn block(
    call: &mut Call<'_>,
    value: NodeId,
    (index, direction): (usize, usize),
    (count, units): (usize, usize),
) -> Result<Option<Vec<NodeId>>, Reason> {
    let shape = call.shape(value);
    if shape.len() < 2 || direction >= shape[0] || shape[1] != count * units {
        return wrong(index, "does not have the shape that directions and hidden size ask for");
    }
    let own = part(call, value, 0, direction)?;
    let mut parts = Vec::with_capacity(count);
    for gate in 0..count {
        parts.push(call.push(FloatOp::Slice { axis: 0, start: gate * units, step: 1, len: units }, &[own])?);
    }
    Ok(Some(parts))
}

impl Gate {
    fn read(
        call: &mut Call<'_>,
        (direction, gate): (usize, usize),
        (kind, units): (Kind, usize),
    ) -> Result<Self, Reason> {
        let gates = kind.gates();
        let mut one = |index: usize, count: usize, gate: usize| {
            let value = call.float(index)?;
            let parts = block(call, value, (index, direction), (count, units))?;
            let part = parts.and_then(|parts| parts.get(gate).copied());
            part.map_or_else(|| wrong(index, "has too few blocks"), Ok)
        };
        let (weight, recurrent) = (one(1, gates, gate)?, one(2, gates, gate)?);
        let bias = match call_bias(&mut one, gates, gate) {
            Err(error) if call.optional(3).is_some() => return Err(error),
            bias => bias.ok(),
        };
        let turned = FloatOp::Transpose { perm: vec![1, 0] };
        let (weight, recurrent) = (call.push(turned.clone(), &[weight])?, call.push(turned, &[recurrent])?);
        Ok(Self { weight, recurrent, bias })
    }

    /// `x·W + b_W`
    fn of_input(&self, call: &mut Call<'_>, x: NodeId) -> Result<NodeId, Reason> {
        let product = call.push(FloatOp::MatMul, &[x, self.weight])?;
        self.bias.map_or(Ok(product), |[bias, _]| call.push(FloatOp::Add, &[product, bias]))
    }

    /// `H·R + b_R`; `b_R` alone, if any, where `H` is zero.
    fn of_state(&self, call: &mut Call<'_>, state: Option<NodeId>) -> Result<Option<NodeId>, Reason> {
        let bias = self.bias.map(|[_, bias]| bias);
        let Some(state) = state else { return Ok(bias) };
        let product = call.push(FloatOp::MatMul, &[state, self.recurrent])?;
        bias.map_or(Ok(product), |bias| call.push(FloatOp::Add, &[product, bias])).map(Some)
    }

    /// The sum of both.
    fn of(&self, call: &mut Call<'_>, x: NodeId, state: Option<NodeId>) -> Result<NodeId, Reason> {
        let (input, state) = (self.of_input(call, x)?, self.of_state(call, state)?);
        plus(call, input, state)
    }
}

fn call_bias(
    one: &mut dyn FnMut(usize, usize, usize) -> Result<NodeId, Reason>,
    gates: usize,
    gate: usize,
) -> Result<[NodeId; 2], Reason> {
    Ok([one(3, 2 * gates, gate)?, one(3, 2 * gates, gates + gate)?])
}

fn plus(call: &mut Call<'_>, value: NodeId, other: Option<NodeId>) -> Result<NodeId, Reason> {
    other.map_or(Ok(value), |other| call.push(FloatOp::Add, &[value, other]))
}

fn times(call: &mut Call<'_>, value: NodeId, other: Option<NodeId>) -> Result<Option<NodeId>, Reason> {
    other.map(|other| call.push(FloatOp::Mul, &[value, other])).transpose()
}

impl Cell {
    /// The state after a step with input `x`.
    pub(super) fn step(&self, call: &mut Call<'_>, x: NodeId, state: &State) -> Result<State, Reason> {
        match self.kind {
            Kind::Plain => {
                let sum = self.gates[0].of(call, x, state.hidden)?;
                Ok(State { hidden: Some(self.activated(call, 0, sum)?), cell: None })
            }
            Kind::Gru => self.gru(call, x, state.hidden),
            Kind::Lstm => self.lstm(call, x, state),
        }
    }

    fn activated(&self, call: &mut Call<'_>, index: usize, value: NodeId) -> Result<NodeId, Reason> {
        call.push(self.activations[index].clone(), &[value])
    }

    fn gru(&self, call: &mut Call<'_>, x: NodeId, hidden: Option<NodeId>) -> Result<State, Reason> {
        let update = self.gates[0].of(call, x, hidden)?;
        let update = self.activated(call, 0, update)?;
        let candidate = self.candidate(call, x, hidden)?;
        let candidate = self.activated(call, 1, candidate)?;
        let kept = match hidden {
            Some(hidden) => {
                let off = call.push(FloatOp::Sub, &[hidden, candidate])?;
                let kept = call.push(FloatOp::Mul, &[update, off])?;
                call.push(FloatOp::Add, &[candidate, kept])?
            }
            None => {
                let lost = call.push(FloatOp::Mul, &[update, candidate])?;
                call.push(FloatOp::Sub, &[candidate, lost])?
            }
        };
        Ok(State { hidden: Some(kept), cell: None })
    }

    /// What a GRU's candidate activates.
    fn candidate(&self, call: &mut Call<'_>, x: NodeId, hidden: Option<NodeId>) -> Result<NodeId, Reason> {
        let gate = &self.gates[2];
        if hidden.is_none() && !self.reset_after {
            return gate.of(call, x, None);
        }
        let reset = self.gates[1].of(call, x, hidden)?;
        let reset = self.activated(call, 0, reset)?;
        if !self.reset_after {
            let kept = times(call, reset, hidden)?;
            return gate.of(call, x, kept);
        }
        let (input, state) = (gate.of_input(call, x)?, gate.of_state(call, hidden)?);
        let kept = times(call, reset, state)?;
        plus(call, input, kept)
    }

    fn lstm(&self, call: &mut Call<'_>, x: NodeId, state: &State) -> Result<State, Reason> {
        let input = self.gate(call, 0, x, (state.hidden, state.cell))?;
        let candidate = self.gates[3].of(call, x, state.hidden)?;
        let candidate = self.activated(call, 1, candidate)?;
        let mut cell = call.push(FloatOp::Mul, &[input, candidate])?;
        if state.cell.is_some() {
            let forget = self.gate(call, 2, x, (state.hidden, state.cell))?;
            let kept = times(call, forget, state.cell)?;
            cell = plus(call, cell, kept)?;
        }
        let output = self.gate(call, 1, x, (state.hidden, Some(cell)))?;
        let active = self.activated(call, 2, cell)?;
        let hidden = call.push(FloatOp::Mul, &[output, active])?;
        Ok(State { hidden: Some(hidden), cell: Some(cell) })
    }

    /// Gate `index` of an LSTM, which may see the cell.
    fn gate(
        &self,
        call: &mut Call<'_>,
        index: usize,
        x: NodeId,
        (hidden, cell): (Option<NodeId>, Option<NodeId>),
    ) -> Result<NodeId, Reason> {
        let mut sum = self.gates[index].of(call, x, hidden)?;
        if let Some(peepholes) = &self.peepholes {
            let seen = times(call, peepholes[index], cell)?;
            sum = plus(call, sum, seen)?;
        }
        self.activated(call, 0, sum)
    }
}
