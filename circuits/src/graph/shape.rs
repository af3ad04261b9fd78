//! Shape rules of the float operators, as in NumPy.

use thiserror::Error;

use super::{FloatOp, convolution, gather, pooling};

/// Most entries that one value of a graph may have.
pub const MAX_VALUES: usize = 1 << 26;

const MAX_RANK: usize = 16;

/// Why an operator does not fit the shapes of its inputs, in words.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ShapeError(pub String);

impl ShapeError {
    pub(crate) fn new<T>(reason: impl Into<String>) -> Result<T, Self> {
        Err(Self(reason.into()))
    }
}

impl FloatOp {
    /// Shape of the output. `Input`, `Constant`, `Reshape` and `Gather` carry theirs in the node: `own`.
    pub(crate) fn shape(&self, inputs: &[&[usize]], own: &[usize]) -> Result<Vec<usize>, ShapeError> {
        self.check_arity(inputs.len())?;
        let shape = match (self, inputs) {
            (Self::Input, []) => own.to_vec(),
            (Self::Constant(value), []) => value.shape().to_vec(),
            (Self::Levels(levels), []) => levels.floats().shape().to_vec(),
            (Self::MatMul, [a, b]) => matmul(a, b)?,
            (Self::Add | Self::Sub | Self::Mul | Self::Div, [a, b]) => broadcast(a, b)?,
            (Self::Reshape, [x]) => reshape(x, own)?,
            (Self::Transpose { perm }, [x]) => transpose(x, perm)?,
            (Self::Slice { axis, start, step, len }, [x]) => slice(x, *axis, *start, *step, *len)?,
            (Self::Softmax { axis } | Self::Normalize { axis, .. }, [x]) => along(x, *axis)?,
            (Self::Concat { axis }, _) => concat(inputs, *axis)?,
            (Self::Conv { window, groups }, [x, weight]) => convolution::shape(x, weight, window, *groups)?,
            (Self::MaxPool { window }, [x]) => pooling::shape(x, window, false)?,
            (Self::AveragePool { window, count_padding }, [x]) => pooling::shape(x, window, *count_padding)?,
            (Self::Gather { indices, .. }, [x]) => gather::shape(x, own, indices)?,
            (Self::Embed, [table, x]) => embed(table, x)?,
            (Self::Trees(ensemble), [x]) => ensemble.shape(x)?,
            (_, [x]) => x.to_vec(),
            _ => return ShapeError::new("wrong number of inputs"),
        };
        count(&shape)?;
        Ok(shape)
    }

    fn check_arity(&self, got: usize) -> Result<(), ShapeError> {
        let fits = match self {
            Self::Input | Self::Constant(_) | Self::Levels(_) => got == 0,
            Self::MatMul | Self::Add | Self::Sub | Self::Mul | Self::Div | Self::Conv { .. } | Self::Embed => got == 2,
            Self::Concat { .. } => got > 0,
            _ => got == 1,
        };
        if fits { Ok(()) } else { ShapeError::new(format!("cannot take {got} inputs")) }
    }
}

/// Number of entries of a shape; refuses what is empty, too large or of too many axes.
pub(crate) fn count(shape: &[usize]) -> Result<usize, ShapeError> {
    match size(shape)? {
        0 => ShapeError::new(format!("shape {shape:?} has no entries")),
        count => Ok(count),
    }
}

/// Number of entries of a shape that may be empty.
pub(crate) fn size(shape: &[usize]) -> Result<usize, ShapeError> {
    if shape.len() > MAX_RANK {
        return ShapeError::new(format!("a shape of {} axes, where {MAX_RANK} are supported", shape.len()));
    }
    let product = shape.iter().try_fold(1usize, |product, dim| product.checked_mul(*dim));
    match product.filter(|product| *product <= MAX_VALUES) {
        Some(product) => Ok(product),
        None => ShapeError::new(format!("shape {shape:?} has more than {MAX_VALUES} entries")),
    }
}

/// The shape that two shapes broadcast to.
pub(crate) fn broadcast(a: &[usize], b: &[usize]) -> Result<Vec<usize>, ShapeError> {
    let rank = a.len().max(b.len());
    let dim = |shape: &[usize], axis: usize| match (axis + shape.len()).checked_sub(rank) {
        Some(own) => shape.get(own).copied().unwrap_or(1),
        None => 1,
    };
    let joined = (0..rank).map(|axis| match (dim(a, axis), dim(b, axis)) {
        (x, y) if x == y || y == 1 => Ok(x),
        (1, y) => Ok(y),
        _ => ShapeError::new(format!("shapes {a:?} and {b:?} do not broadcast")),
    });
    joined.collect()
}

/// The shapes of a product as matrices: batch axes, then rows and columns. A vector is a row on the left, a column on the right.
pub(crate) fn as_matrices(a: &[usize], b: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let left = if a.len() == 1 { [&[1], a].concat() } else { a.to_vec() };
    let right = if b.len() == 1 { [b, &[1]].concat() } else { b.to_vec() };
    (left, right)
}

fn matmul(a: &[usize], b: &[usize]) -> Result<Vec<usize>, ShapeError> {
    let (left, right) = as_matrices(a, b);
    let ([left_batch @ .., rows, k], [right_batch @ .., l, columns]) = (&left[..], &right[..]) else {
        return ShapeError::new("a scalar cannot be multiplied as a matrix");
    };
    if k != l {
        return ShapeError::new(format!("matrices {a:?} and {b:?} do not multiply: {k} columns, {l} rows"));
    }
    let mut shape = broadcast(left_batch, right_batch)?;
    shape.extend((a.len() > 1).then_some(*rows));
    shape.extend((b.len() > 1).then_some(*columns));
    Ok(shape)
}

fn embed(table: &[usize], x: &[usize]) -> Result<Vec<usize>, ShapeError> {
    match table {
        [_, width] => Ok([x, &[*width]].concat()),
        _ => ShapeError::new(format!("a table of shape {table:?} has no rows")),
    }
}

fn reshape(from: &[usize], to: &[usize]) -> Result<Vec<usize>, ShapeError> {
    if count(from)? != count(to)? {
        return ShapeError::new(format!("shape {from:?} cannot become {to:?}"));
    }
    Ok(to.to_vec())
}

fn transpose(shape: &[usize], perm: &[usize]) -> Result<Vec<usize>, ShapeError> {
    let mut seen = perm.to_vec();
    seen.sort_unstable();
    if !seen.iter().copied().eq(0..shape.len()) {
        return ShapeError::new(format!("{perm:?} does not permute the axes of {shape:?}"));
    }
    Ok(perm.iter().filter_map(|axis| shape.get(*axis)).copied().collect())
}

fn slice(shape: &[usize], axis: usize, start: usize, step: isize, len: usize) -> Result<Vec<usize>, ShapeError> {
    let mut shape = along(shape, axis)?;
    let Some(dim) = shape.get_mut(axis) else { return Ok(shape) };
    let last = len.checked_sub(1).and_then(|last| isize::try_from(last).ok());
    let last = last.and_then(|last| start.checked_add_signed(last.checked_mul(step)?));
    if step == 0 || start >= *dim || last.is_none_or(|last| last >= *dim) {
        return ShapeError::new(format!("{len} entries from {start} in steps of {step} leave axis {axis} of {dim}"));
    }
    *dim = len;
    Ok(shape)
}

fn along(shape: &[usize], axis: usize) -> Result<Vec<usize>, ShapeError> {
    if axis >= shape.len() {
        return ShapeError::new(format!("shape {shape:?} has no axis {axis}"));
    }
    Ok(shape.to_vec())
}

fn concat(inputs: &[&[usize]], axis: usize) -> Result<Vec<usize>, ShapeError> {
    let Some((first, rest)) = inputs.split_first() else { return ShapeError::new("nothing to join") };
    let mut shape = along(first, axis)?;
    for next in rest {
        let fits = next.len() == first.len() && (0..first.len()).all(|i| i == axis || next[i] == first[i]);
        let sum = next.get(axis).and_then(|dim| shape[axis].checked_add(*dim));
        match sum {
            Some(sum) if fits => shape[axis] = sum,
            _ => return ShapeError::new(format!("shapes {first:?} and {next:?} do not join along axis {axis}")),
        }
    }
    Ok(shape)
}
