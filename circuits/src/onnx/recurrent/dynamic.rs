//! `DynamicQuantizeLSTM` of ONNX Runtime: an LSTM whose weights are integers, and whose products read values that are moved to a grid of
//! 256 levels when the model runs: the whole series at once, the state before every step.
//!
//! Weights are `[directions, inputs, gates·units]` and `[directions, units, gates·units]`, with a step and a zero for each direction, or
//! for each column of the only one.

use ndarray::ArrayD;

use super::cells::Kind;
use crate::graph::{FloatOp, NodeId};
use crate::onnx::call::{Call, Outputs, wrong};
use crate::onnx::error::Reason;
use crate::onnx::quantized::{levels, parameters};
use crate::onnx::value::Value;

pub(super) fn recurrent(call: &mut Call<'_>) -> Outputs {
    let x = call.float(0)?;
    let rounded = call.push(FloatOp::Quantize(None), &[x])?;
    let (weight, recurrence) = (weights(call, 1, [8, 9])?, weights(call, 2, [10, 11])?);
    call.inputs.truncate(8);
    for (input, id) in call.inputs.iter_mut().zip([rounded, weight, recurrence]) {
        *input = Some(Value::Float(id));
    }
    super::recurrent(call, Kind::Lstm, true)
}

/// Weights as the LSTM of ONNX has them: `[directions, gates·units, …]`.
fn weights(call: &mut Call<'_>, index: usize, at: [usize; 2]) -> Result<NodeId, Reason> {
    let Value::Narrow(values, _) = call.value(index)? else {
        return wrong(index, "is not a constant of integers of 8 or 16 bits");
    };
    let &[directions, _, columns] = values.shape() else { return wrong(index, "is not of three axes") };
    let mut axis = 0;
    for at in at {
        match call.input_shape(at)?[..] {
            [1, each] if directions == 1 && each == columns => {
                let flat = call.value(at)?;
                call.inputs[at] = Some(call.reshape(flat, &[columns])?);
                axis = 2;
            }
            _ => continue,
        }
    }
    let (steps, zeros): (_, ArrayD<i64>) = parameters(call, at, values.shape(), axis)?;
    let weights = levels(call, &values, steps, &zeros)?;
    call.push(FloatOp::Transpose { perm: vec![0, 2, 1] }, &[weights])
}
