//! Runs a float graph in 32-bit floats, as ONNX Runtime does: the reference that the quantised program is measured against.

use ndarray::{ArrayD, ArrayViewD, Axis, CowArray, Ix2, IxDyn, Slice, Zip, concatenate};

use super::shape::{ShapeError, as_matrices, broadcast};
use super::{Entry, FloatGraph, FloatNode, FloatOp, GraphError, Grid, Norm, convolution, gather, pooling};

type Value<'a> = CowArray<'a, f32, IxDyn>;

impl FloatGraph {
    /// Values of all nodes on one record, in the order of the nodes.
    pub fn evaluate(&self, input: &[f32]) -> Result<Vec<ArrayD<f32>>, GraphError> {
        Ok(self.values(input)?.into_iter().map(CowArray::into_owned).collect())
    }

    /// The scores of one record, in row-major order.
    pub fn scores(&self, input: &[f32]) -> Result<Vec<f32>, GraphError> {
        let values = self.values(input)?;
        Ok(values.get(self.output.0).map(|scores| scores.iter().copied().collect()).unwrap_or_default())
    }

    fn values(&self, input: &[f32]) -> Result<Vec<Value<'_>>, GraphError> {
        let mut values = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let value = match &node.op {
                FloatOp::Input => record(input, &node.shape)?.into(),
                FloatOp::Constant(value) => value.into(),
                FloatOp::Levels(levels) => levels.floats().into(),
                _ => node.run(&values).map_err(|reason| malformed(node, reason))?.into(),
            };
            finite(node, &value)?;
            values.push(value);
        }
        Ok(values)
    }
}

impl FloatNode {
    fn run(&self, values: &[Value<'_>]) -> Result<ArrayD<f32>, ShapeError> {
        let inputs = self.inputs.iter().map(|id| values.get(id.0).map(|value| value.view()));
        let Some(inputs) = inputs.collect::<Option<Vec<_>>>() else {
            return ShapeError::new("it reads a later node");
        };
        self.op.apply(&inputs, &self.shape)
    }
}

impl FloatOp {
    /// The operator's value on these inputs; `shape` is the node's.
    pub(crate) fn apply(&self, inputs: &[ArrayViewD<'_, f32>], shape: &[usize]) -> Result<ArrayD<f32>, ShapeError> {
        let shapes: Vec<_> = inputs.iter().map(ArrayViewD::shape).collect();
        if self.shape(&shapes, shape)? != shape {
            return ShapeError::new(format!("shape {shape:?} is not what it computes"));
        }
        match inputs {
            _ if self.moves() => self.rearrange(inputs, shape),
            [x] => self.apply_unary(x, shape),
            [a, b] => self.apply_binary(a, b, shape),
            _ => ShapeError::new("it computes nothing"),
        }
    }

    fn moves(&self) -> bool {
        use FloatOp::{Concat, Gather, Reshape, Slice, Transpose};
        matches!(self, Reshape | Transpose { .. } | Slice { .. } | Concat { .. } | Gather { .. })
    }

    /// Moves entries of any type about; `shape` is that of the output by [`FloatOp::shape`].
    pub(crate) fn rearrange<T: Entry>(
        &self,
        inputs: &[ArrayViewD<'_, T>],
        shape: &[usize],
    ) -> Result<ArrayD<T>, ShapeError> {
        match (self, inputs) {
            (Self::Reshape, [x]) => from_entries(shape, x.iter().cloned().collect()),
            (Self::Transpose { perm }, [x]) => {
                Ok(x.view().permuted_axes(perm.as_slice()).as_standard_layout().into_owned())
            }
            (Self::Slice { axis, start, step, len }, [x]) => Ok(slice(x, *axis, *start, *step, *len)),
            (Self::Gather { indices, fill }, [x]) => gather::gather(x, indices, *fill, shape),
            (Self::Concat { axis }, _) => {
                concatenate(Axis(*axis), inputs).map_err(|error| ShapeError(error.to_string()))
            }
            _ => ShapeError::new("it moves nothing"),
        }
    }

    fn apply_unary(&self, x: &ArrayViewD<'_, f32>, shape: &[usize]) -> Result<ArrayD<f32>, ShapeError> {
        Ok(match self {
            Self::Relu => x.mapv(|x| x.max(0.0)),
            Self::LeakyRelu { alpha } => x.mapv(|x| if x < 0.0 { alpha * x } else { x }),
            Self::Clip { lo, hi } => x.mapv(|x| x.max(*lo).min(*hi)),
            Self::Sigmoid => x.mapv(|x| 1.0 / (1.0 + (-x).exp())),
            Self::Tanh => x.mapv(f32::tanh),
            Self::Unary(function) => x.mapv(|x| function.at(f64::from(x)) as f32),
            Self::Composed(function) => x.mapv(|x| function.at(f64::from(x)) as f32),
            Self::Fine => x.to_owned(),
            Self::Softmax { axis } => softmax(x, Axis(*axis)),
            Self::Standardize { epsilon } => standardize(x, *epsilon),
            Self::Normalize { norm, axis } => normalize(x, *norm, Axis(*axis)),
            Self::Trees(ensemble) => ensemble.apply(x, shape)?,
            Self::Quantize(grid) => grid.unwrap_or_else(|| Grid::spanning(x.iter().copied())).round(x),
            Self::MaxPool { window } => pooling::max(x, window, shape)?,
            Self::AveragePool { window, count_padding } => pooling::average(x, window, *count_padding, shape)?,
            _ => return ShapeError::new("it has no value of one input"),
        })
    }

    fn apply_binary(
        &self,
        a: &ArrayViewD<'_, f32>,
        b: &ArrayViewD<'_, f32>,
        shape: &[usize],
    ) -> Result<ArrayD<f32>, ShapeError> {
        match self {
            Self::MatMul => matmul(a, b, shape),
            Self::Conv { window, groups } => convolution::convolve(a, b, window, *groups, shape),
            Self::Embed => embed(a, b, shape),
            Self::Add => zip(a, b, shape, |a, b| a + b),
            Self::Sub => zip(a, b, shape, |a, b| a - b),
            Self::Mul => zip(a, b, shape, |a, b| a * b),
            Self::Div => zip(a, b, shape, |a, b| a / b),
            _ => ShapeError::new("it has no value of two inputs"),
        }
    }
}

fn record(input: &[f32], shape: &[usize]) -> Result<ArrayD<f32>, GraphError> {
    let expected = shape.iter().fold(1, |product: usize, dim| product.saturating_mul(*dim));
    let wrong = |_| GraphError::Input { expected, got: input.len() };
    ArrayD::from_shape_vec(shape, input.to_vec()).map_err(wrong)
}

fn malformed(node: &FloatNode, reason: ShapeError) -> GraphError {
    GraphError::Malformed { node: node.name.clone(), reason }
}

fn finite(node: &FloatNode, value: &Value<'_>) -> Result<(), GraphError> {
    if value.iter().all(|x| x.is_finite()) {
        return Ok(());
    }
    Err(GraphError::NotFinite { node: node.name.clone() })
}

fn from_entries<T>(shape: &[usize], entries: Vec<T>) -> Result<ArrayD<T>, ShapeError> {
    ArrayD::from_shape_vec(shape, entries).map_err(|error| ShapeError(error.to_string()))
}

fn spread<'a>(x: &'a ArrayViewD<'_, f32>, shape: &[usize]) -> Result<ArrayViewD<'a, f32>, ShapeError> {
    x.broadcast(shape).ok_or_else(|| ShapeError(format!("shape {:?} does not broadcast to {shape:?}", x.shape())))
}

fn zip(
    a: &ArrayViewD<'_, f32>,
    b: &ArrayViewD<'_, f32>,
    shape: &[usize],
    f: impl Fn(f32, f32) -> f32,
) -> Result<ArrayD<f32>, ShapeError> {
    Ok(Zip::from(&spread(a, shape)?).and(&spread(b, shape)?).map_collect(|a, b| f(*a, *b)))
}

/// Rows by number, NaN where there is none of that number.
fn embed(table: &ArrayViewD<'_, f32>, x: &ArrayViewD<'_, f32>, shape: &[usize]) -> Result<ArrayD<f32>, ShapeError> {
    let (rows, width) = (table.shape()[0], table.shape()[1]);
    let row = |&x: &f32| (x >= 0.0 && x.fract() == 0.0 && x < rows as f32).then_some(x as usize);
    let entry = |row: Option<usize>, column: usize| row.map_or(f32::NAN, |row| table[[row, column]]);
    from_entries(shape, x.iter().map(row).flat_map(|row| (0..width).map(move |column| entry(row, column))).collect())
}

/// One matrix product per batch entry.
fn matmul(a: &ArrayViewD<'_, f32>, b: &ArrayViewD<'_, f32>, shape: &[usize]) -> Result<ArrayD<f32>, ShapeError> {
    if let (Ok(a), Ok(b)) = (a.view().into_dimensionality::<Ix2>(), b.view().into_dimensionality::<Ix2>()) {
        return Ok(a.dot(&b).into_dyn());
    }
    let (left, right) = as_matrices(a.shape(), b.shape());
    let ([left_batch @ .., rows, inner], [right_batch @ .., _, columns]) = (&left[..], &right[..]) else {
        return ShapeError::new("a scalar is not a matrix");
    };
    let batch = broadcast(left_batch, right_batch)?;
    let a = matrices(a, &left, &[&batch[..], &[*rows, *inner]].concat())?;
    let b = matrices(b, &right, &[&batch[..], &[*inner, *columns]].concat())?;
    let products = a.outer_iter().zip(b.outer_iter()).flat_map(|(a, b)| a.dot(&b).into_iter());
    from_entries(shape, products.collect())
}

/// The broadcast matrices, batch axes flattened into one.
fn matrices(x: &ArrayViewD<'_, f32>, own: &[usize], full: &[usize]) -> Result<ndarray::Array3<f32>, ShapeError> {
    let x = from_entries(own, x.iter().copied().collect())?;
    let entries: Vec<f32> = spread(&x.view(), full)?.iter().copied().collect();
    let [batch @ .., rows, columns] = full else { return ShapeError::new("a scalar is not a matrix") };
    let shape = (batch.iter().product::<usize>(), *rows, *columns);
    ndarray::Array3::from_shape_vec(shape, entries).map_err(|error| ShapeError(error.to_string()))
}

fn softmax(x: &ArrayViewD<'_, f32>, axis: Axis) -> ArrayD<f32> {
    let mut result = x.to_owned();
    for mut lane in result.lanes_mut(axis) {
        let largest = lane.fold(f32::NEG_INFINITY, |largest, x| largest.max(*x));
        lane.mapv_inplace(|x| (x - largest).exp());
        let sum = lane.sum();
        lane.mapv_inplace(|x| x / sum);
    }
    result
}

fn standardize(x: &ArrayViewD<'_, f32>, epsilon: f32) -> ArrayD<f32> {
    let mut result = x.to_owned();
    let Some(last) = result.ndim().checked_sub(1) else { return result.mapv(|_| 0.0) };
    for mut lane in result.lanes_mut(Axis(last)) {
        let n = lane.len() as f32;
        let mean = lane.sum() / n;
        let variance = lane.fold(0.0, |sum, x| sum + (x - mean) * (x - mean)) / n;
        lane.mapv_inplace(|x| (x - mean) / (variance + epsilon).sqrt());
    }
    result
}

fn normalize(x: &ArrayViewD<'_, f32>, norm: Norm, axis: Axis) -> ArrayD<f32> {
    let mut result = x.to_owned();
    for mut lane in result.lanes_mut(axis) {
        let size = match norm {
            Norm::L1 => lane.fold(0.0, |sum, x| sum + x.abs()),
            Norm::L2 => lane.fold(0.0, |sum, x| sum + x * x).sqrt(),
            Norm::Max => lane.fold(f32::NEG_INFINITY, |largest, x| largest.max(*x)),
        };
        lane.mapv_inplace(|x| if size == 0.0 { x } else { x / size });
    }
    result
}

fn slice<T: Clone>(x: &ArrayViewD<'_, T>, axis: usize, start: usize, step: isize, len: usize) -> ArrayD<T> {
    let span = (len - 1) * step.unsigned_abs();
    let low = if step > 0 { start } else { start - span };
    x.slice_axis(Axis(axis), Slice::new(low as isize, Some((low + span + 1) as isize), step)).to_owned()
}
