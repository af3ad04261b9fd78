//! Convolution, pooling and entries picked by place.

use ndarray::{Array1, Array2, ArrayD};

use super::refusal::{CONSTANT, COUNTS, FILTER, Reason};
use super::{Value, Walk};
use crate::graph::{FloatNode, FloatOp};
use crate::quantize::windows::{Averaging, Convolution};

impl Walk {
    /// A node that slides a window.
    pub(super) fn window(&mut self, node: &FloatNode, values: &[Value]) -> Result<Value, Reason> {
        let (name, shape) = (node.name.as_str(), node.shape.clone());
        let value = match (&node.op, values) {
            (FloatOp::Conv { window, groups }, [Value::Lazy(value), Value::Constant(weight)]) => {
                let (weight, outputs) = matrix(weight)?;
                let bias = Array1::zeros(outputs);
                let conv = Convolution { weight, bias, window: window.clone(), groups: *groups };
                self.draft.conv(name, value, conv, shape)
            }
            (FloatOp::Conv { .. }, _) => return Err(FILTER),
            (FloatOp::MaxPool { window }, [Value::Lazy(value)]) => self.draft.max_pool(name, value, window, shape),
            (FloatOp::AveragePool { window, count_padding }, [Value::Lazy(value)]) => {
                let averaging = Averaging::new(window, *count_padding).ok_or(COUNTS)?;
                self.draft.average(name, value, averaging, shape)
            }
            _ => return Err(CONSTANT),
        };
        Ok(Value::Lazy(value))
    }

    /// Entries by place; the others are `fill`.
    pub(super) fn gather(&mut self, node: &FloatNode, value: &Value, indices: &[Option<u32>], fill: f64) -> Value {
        match value {
            Value::Constant(value) => {
                let entries: Vec<f64> = value.iter().copied().collect();
                let read = |index: &Option<u32>| index.map_or(fill, |index| entries[index as usize]);
                let picked = indices.iter().map(read).collect();
                let picked = ArrayD::from_shape_vec(node.shape.clone(), picked).expect("one entry for each place");
                Value::Constant(picked.into())
            }
            Value::Lazy(lazy) => {
                Value::Lazy(self.draft.gather(&node.name, lazy, indices.into(), fill, node.shape.clone()))
            }
        }
    }
}

/// A weight `O × …` as rows, and `O`.
fn matrix(weight: &ArrayD<f64>) -> Result<(Array2<f64>, usize), Reason> {
    let outputs = weight.shape().first().copied().unwrap_or_default();
    let columns = weight.len() / outputs.max(1);
    let entries = weight.iter().copied().collect();
    Ok((Array2::from_shape_vec((outputs, columns), entries).map_err(|_| FILTER)?, outputs))
}
