//! The fused network: what is left of a float graph once every constant is folded into a dense layer.
//!
//! A value is a row of entries per record, in row-major order of its shape. [`Network::trace`] runs many records at once,
//! in 64-bit floats.

use std::sync::Arc;

use ndarray::{Array1, Array2, ArrayView1, ArrayViewMut1, Axis, CowArray, Ix3, concatenate, s};
use zeroize::Zeroize;

pub(super) use super::function::Function;
use super::windows::{Averaging, Convolution, largest};
use crate::window::Window;

/// Nodes in topological order; node 0 is the record, and every node is needed for the output.
pub(super) struct Network {
    pub(super) nodes: Vec<Node>,
    pub(super) output: usize,
}

/// One node.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) op: Op,
    pub(super) inputs: Vec<usize>,
    pub(super) shape: Vec<usize>,
}

/// What a node computes.
#[derive(Clone)]
pub(super) enum Op {
    /// The record.
    Input,
    /// 1 at the place that an entry of the record names, of so many, 0 elsewhere; a new last axis. The integer program keeps the name, and the
    /// dense layer behind it is a table of rows.
    OneHot(usize),
    /// `x·weight + bias` over the last axis.
    Dense(Arc<Linear>),
    /// A convolution of the last axes.
    Conv(Arc<Convolution>),
    /// `x ⊙ weight + bias`, one coefficient per entry.
    Scale(Arc<Scaling>),
    /// A function of each entry.
    Apply(Function),
    /// `out[k] = x[indices[k]]`, or 0 where there is no index; without indices a reshape.
    Move(Option<Picks>),
    /// The largest entry of each window, over the last axes.
    MaxPool(Window),
    /// The mean of each window, over the last axes.
    Average(Averaging),
    /// `Σ sign_j·x_j`.
    Sum(Vec<i64>),
    /// Inputs joined along the axis.
    Concat {
        /// The axis.
        axis: usize,
    },
    /// The entrywise product of two values.
    Multiply,
    /// The products of two values' matrices, in their last two axes.
    MatMul,
    /// Each entry over the sum of the last axis, of entries that are not negative.
    Share,
    /// Standard scores over the last axis: the mean subtracted, then over the root of the variance and this.
    Standardize(f64),
}

/// Where each entry of a movement's output comes from.
pub(super) type Picks = Arc<[Option<u32>]>;

/// A dense layer's coefficients: `inputs × outputs`, and one bias per output. Wiped when dropped.
#[derive(Clone)]
pub(super) struct Linear {
    pub(super) weight: Array2<f64>,
    pub(super) bias: Array1<f64>,
}

impl Drop for Linear {
    fn drop(&mut self) {
        self.weight.iter_mut().for_each(Zeroize::zeroize);
        self.bias.iter_mut().for_each(Zeroize::zeroize);
    }
}

/// Coefficients of an entrywise affine map. Wiped when dropped.
#[derive(Clone)]
pub(super) struct Scaling {
    pub(super) weight: Array1<f64>,
    pub(super) bias: Array1<f64>,
}

impl Drop for Scaling {
    fn drop(&mut self) {
        self.weight.iter_mut().for_each(Zeroize::zeroize);
        self.bias.iter_mut().for_each(Zeroize::zeroize);
    }
}

impl Node {
    /// Number of entries.
    pub(super) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Entries of the last axis.
    pub(super) fn width(&self) -> usize {
        self.shape.last().copied().unwrap_or(1)
    }

    /// Whether its output is an accumulator, too wide to be multiplied before it is requantised.
    pub(super) fn accumulates(&self) -> bool {
        self.is_linear() || self.multiplies() || matches!(self.op, Op::Sum(_))
    }

    /// Whether its scale follows from those of its inputs.
    pub(super) fn settles(&self) -> bool {
        self.passes() || self.multiplies() || self.normalises() || matches!(self.op, Op::OneHot(_))
    }

    /// Whether it multiplies two values.
    pub(super) fn multiplies(&self) -> bool {
        matches!(self.op, Op::Multiply | Op::MatMul)
    }

    /// Whether it divides by what it computes of its entries, which fixes the scale of its output.
    pub(super) fn normalises(&self) -> bool {
        matches!(self.op, Op::Share | Op::Standardize(_))
    }

    /// Whether it has weights.
    pub(super) fn is_linear(&self) -> bool {
        matches!(self.op, Op::Dense(_) | Op::Conv(_) | Op::Scale(_))
    }

    /// Whether it does anything to entries.
    pub(super) fn computes(&self) -> bool {
        !self.moves() && !matches!(self.op, Op::Input)
    }

    /// Whether it makes no more of entries than to move, pick or average them.
    pub(super) fn passes(&self) -> bool {
        self.moves() || matches!(self.op, Op::MaxPool(_) | Op::Average(_))
    }

    /// Whether it only moves entries.
    pub(super) fn moves(&self) -> bool {
        matches!(self.op, Op::Move(_) | Op::Concat { .. })
    }

    /// Its value from those of its inputs, one row per record.
    pub(super) fn run(&self, inputs: &[&Array2<f64>]) -> Array2<f64> {
        match &self.op {
            Op::Input => inputs[0].clone(),
            Op::OneHot(places) => one_hot(inputs[0], *places),
            Op::Dense(linear) => linear.run(inputs[0]),
            Op::Scale(map) => inputs[0] * &map.weight + &map.bias,
            Op::Apply(function) => inputs[0].mapv(|x| function.at(x)),
            Op::Move(None) => inputs[0].clone(),
            Op::Move(Some(picks)) => picked(inputs[0], picks),
            Op::Conv(conv) => conv.run(inputs[0]),
            Op::MaxPool(window) => largest(inputs[0], window),
            Op::Average(averaging) => averaging.run(inputs[0]),
            Op::Sum(signs) => sum(inputs, signs),
            Op::Concat { axis } => join(inputs, self.shape[..*axis].iter().product()),
            Op::Multiply => inputs[0] * inputs[1],
            Op::MatMul => self.matrices(inputs[0], inputs[1]),
            Op::Share => self.lanes(inputs[0], |mut lane| {
                let total = lane.sum();
                lane.mapv_inplace(|x| x / total);
            }),
            Op::Standardize(epsilon) => self.lanes(inputs[0], |mut lane| {
                let [mean, deviation] = moments(lane.view(), *epsilon);
                lane.mapv_inplace(|x| (x - mean) / deviation);
            }),
        }
    }
}

impl Node {
    /// A value with `map` done to each stretch of the last axis.
    fn lanes(&self, x: &Array2<f64>, map: impl Fn(ArrayViewMut1<'_, f64>)) -> Array2<f64> {
        let mut out = x.clone();
        out.rows_mut().into_iter().for_each(|mut row| row.exact_chunks_mut(self.width()).into_iter().for_each(&map));
        out
    }

    /// Products of the matrices in each row of `left` and of `right`.
    fn matrices(&self, left: &Array2<f64>, right: &Array2<f64>) -> Array2<f64> {
        let [.., rows, columns] = self.shape[..] else { return left * right };
        let batch = self.len() / (rows * columns);
        let inner = left.ncols() / (batch * rows);
        let mut out = Array2::zeros((left.nrows(), self.len()));
        for (record, mut out) in out.rows_mut().into_iter().enumerate() {
            let [left, right] = [left.row(record), right.row(record)];
            for b in 0..batch {
                let cut = |row: ArrayView1<'_, f64>, each: usize| row.slice(s![b * each..(b + 1) * each]).to_vec();
                let shaped = |entries, shape| Array2::from_shape_vec(shape, entries).expect("whole matrices");
                let (left, right) = (
                    shaped(cut(left, rows * inner), (rows, inner)),
                    shaped(cut(right, inner * columns), (inner, columns)),
                );
                let product = left.dot(&right);
                out.slice_mut(s![b * rows * columns..(b + 1) * rows * columns]).assign(&product.flatten());
            }
        }
        out
    }
}

/// Mean of the entries, and the root of their variance and `epsilon`.
pub(super) fn moments(lane: ArrayView1<'_, f64>, epsilon: f64) -> [f64; 2] {
    let mean = lane.sum() / lane.len() as f64;
    let variance = lane.fold(0.0, |sum, x| sum + (x - mean) * (x - mean)) / lane.len() as f64;
    [mean, (variance + epsilon).sqrt()]
}

impl Linear {
    fn run(&self, x: &Array2<f64>) -> Array2<f64> {
        let (inputs, outputs) = self.weight.dim();
        let positions = x.ncols() / inputs.max(1);
        let rows = x.to_shape((x.nrows() * positions, inputs)).expect("rows of whole positions");
        let out = rows.dot(&self.weight) + &self.bias;
        out.to_shape((x.nrows(), positions * outputs)).expect("rows of whole positions").into_owned()
    }
}

/// Each entry as a row of zeros and a 1, or of zeros alone.
fn one_hot(x: &Array2<f64>, places: usize) -> Array2<f64> {
    let entry = |(row, k): (usize, usize)| f64::from(u8::from(x[[row, k / places]] == (k % places) as f64));
    Array2::from_shape_fn((x.nrows(), x.ncols() * places), entry)
}

/// Columns picked from rows, 0 where none is.
pub(super) fn picked(x: &Array2<f64>, picks: &[Option<u32>]) -> Array2<f64> {
    let read = |(row, k): (usize, usize)| picks[k].map_or(0.0, |index| x[[row, index as usize]]);
    Array2::from_shape_fn((x.nrows(), picks.len()), read)
}

fn sum(inputs: &[&Array2<f64>], signs: &[i64]) -> Array2<f64> {
    let mut total = Array2::zeros(inputs[0].dim());
    inputs.iter().zip(signs).for_each(|(&x, &sign)| total.scaled_add(sign as f64, x));
    total
}

fn join(inputs: &[&Array2<f64>], outer: usize) -> Array2<f64> {
    let rows = inputs[0].nrows();
    let blocks: Vec<_> = inputs.iter().map(|x| block(x, outer)).collect();
    let views: Vec<_> = blocks.iter().map(|block| block.view()).collect();
    let joined = concatenate(Axis(2), &views).expect("blocks of one length");
    let len = joined.len() / rows.max(1);
    joined.to_shape((rows, len)).expect("the same entries").into_owned()
}

fn block(x: &Array2<f64>, outer: usize) -> CowArray<'_, f64, Ix3> {
    let (rows, len) = x.dim();
    x.to_shape((rows, outer, len / outer.max(1))).expect("an axis divides the entries")
}

impl Network {
    /// Values of every node, one row per record.
    pub(super) fn trace(&self, records: &Array2<f64>) -> Vec<Array2<f64>> {
        let mut values: Vec<Array2<f64>> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let inputs: Vec<&Array2<f64>> = match node.op {
                Op::Input => vec![records],
                _ => node.inputs.iter().map(|&id| &values[id]).collect(),
            };
            values.push(node.run(&inputs));
        }
        values
    }

    /// Whether something adds a node's integers to others, compares them or looks them up: then they must have the scale of their class, and
    /// not only one that the next weights can take up.
    pub(super) fn keeps_scale(&self, id: usize) -> bool {
        self.readers(id).any(|reader| match self.nodes[reader].op {
            Op::Sum(_) | Op::Apply(_) | Op::Concat { .. } | Op::MaxPool(_) | Op::Average(_) => true,
            Op::Move(_) => self.keeps_scale(reader),
            _ => false,
        })
    }

    /// The nodes with weights whose accumulators end in `root`.
    pub(super) fn terms(&self, root: usize) -> Vec<usize> {
        let node = &self.nodes[root];
        match node.op {
            _ if node.is_linear() => vec![root],
            Op::Sum(_) | Op::MaxPool(_) | Op::Move(_) => {
                node.inputs.iter().flat_map(|&input| self.terms(input)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether a node with weights is a table of rows that the record names.
    pub(super) fn is_table(&self, id: usize) -> bool {
        let node = &self.nodes[id];
        matches!(node.op, Op::Dense(_)) && matches!(self.nodes[node.inputs[0]].op, Op::OneHot(_))
    }

    /// How many names there are, if the record consists of names.
    pub(super) fn names(&self) -> Option<usize> {
        self.nodes.iter().find_map(|node| match node.op {
            Op::OneHot(places) => Some(places),
            _ => None,
        })
    }

    /// Nodes that read `id`, once per reading.
    pub(super) fn readers(&self, id: usize) -> impl Iterator<Item = usize> + '_ {
        self.nodes
            .iter()
            .enumerate()
            .flat_map(move |(reader, node)| node.inputs.iter().filter(move |&&input| input == id).map(move |_| reader))
    }
}

impl Node {
    /// The node with `map` on every weight and without bias: how errors of its input spread.
    pub(super) fn mapped(&self, map: fn(f64) -> f64) -> Self {
        let op = match &self.op {
            Op::Dense(linear) => {
                let Linear { weight, bias } = &**linear;
                Op::Dense(Linear { weight: weight.mapv(map), bias: Array1::zeros(bias.len()) }.into())
            }
            Op::Scale(scaling) => {
                let Scaling { weight, bias } = &**scaling;
                Op::Scale(Scaling { weight: weight.mapv(map), bias: Array1::zeros(bias.len()) }.into())
            }
            Op::Conv(conv) => {
                let (weight, bias) = (conv.weight.mapv(map), Array1::zeros(conv.bias.len()));
                Op::Conv(Convolution { weight, bias, window: conv.window.clone(), groups: conv.groups }.into())
            }
            other => other.clone(),
        };
        Self { op, ..self.clone() }
    }
}
