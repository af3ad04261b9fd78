//! What a cell carries from step to step.

use super::cells::Kind;
use super::part;
use crate::graph::NodeId;
use crate::onnx::call::Call;
use crate::onnx::error::Reason;

/// The state of a direction, `[batch, units]` each; absent where it is zero.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    /// What the cell gives.
    pub(super) hidden: Option<NodeId>,
    /// What an LSTM keeps besides.
    pub(super) cell: Option<NodeId>,
}

impl State {
    /// The state that direction `index` starts from.
    pub(super) fn given(call: &mut Call<'_>, index: usize, batch_first: bool, kind: Kind) -> Result<Self, Reason> {
        let axis = usize::from(batch_first);
        let mut read = |input: usize| match call.optional_float(input)? {
            Some(value) if call.builder.known(value).is_some_and(|known| known.iter().all(|&x| x == 0.0)) => Ok(None),
            Some(value) if call.shape(value).get(axis).is_some_and(|&count| index < count) => {
                part(call, value, axis, index).map(Some)
            }
            Some(_) => Reason::argument(format!("input {input}"), "does not hold a state for each direction"),
            None => Ok(None),
        };
        let hidden = read(5)?;
        Ok(Self { hidden, cell: if kind == Kind::Lstm { read(6)? } else { None } })
    }
}
