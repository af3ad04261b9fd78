//! Float graphs by hand, and integer models against them.

use ndarray::{ArrayD, IxDyn};
use zkdx_circuits::architecture::Policy;
use zkdx_circuits::graph::{FloatGraph, FloatNode, FloatOp, NodeId};
use zkdx_circuits::quantize::{Labelled, Options, QuantizeError, QuantizedModel, Report, quantize};
use zkdx_circuits::statement::Outcome;
use zkdx_circuits::window::{Window, WindowAxis};

/// A graph under construction; node 0 is the record.
pub(crate) struct Builder(Vec<FloatNode>);

impl Builder {
    pub(crate) fn new(shape: &[usize]) -> Self {
        let mut builder = Self(Vec::new());
        builder.node("record", FloatOp::Input, &[], shape);
        builder
    }

    pub(crate) fn node(&mut self, name: &str, op: FloatOp, inputs: &[usize], shape: &[usize]) -> usize {
        let inputs = inputs.iter().map(|&id| NodeId(id)).collect();
        self.0.push(FloatNode { name: name.into(), op, inputs, shape: shape.to_vec() });
        self.0.len() - 1
    }

    pub(crate) fn constant(&mut self, shape: &[usize], values: &[f32]) -> usize {
        let array = ArrayD::from_shape_vec(IxDyn(shape), values.to_vec()).unwrap();
        self.node("constant", FloatOp::Constant(array), &[], shape)
    }

    pub(crate) fn shape(&self, id: usize) -> Vec<usize> {
        self.0[id].shape.clone()
    }

    /// The same shape, one input.
    pub(crate) fn map(&mut self, name: &str, op: FloatOp, input: usize) -> usize {
        let shape = self.shape(input);
        self.node(name, op, &[input], &shape)
    }

    /// With a constant on the right.
    pub(crate) fn with(&mut self, op: FloatOp, input: usize, values: &[f32]) -> usize {
        let constant = self.constant(&[values.len()], values);
        let shape = self.shape(input);
        self.node("with", op, &[input, constant], &shape)
    }

    /// `input·weight + bias`.
    pub(crate) fn dense(&mut self, name: &str, input: usize, weight: &[f32], bias: &[f32]) -> usize {
        let mut shape = self.shape(input);
        let last = shape.pop().unwrap();
        shape.push(bias.len());
        let weight = self.constant(&[last, bias.len()], weight);
        let product = self.node(name, FloatOp::MatMul, &[input, weight], &shape);
        self.with(FloatOp::Add, product, bias)
    }

    pub(crate) fn graph(self, output: usize) -> FloatGraph {
        FloatGraph { nodes: self.0, output: NodeId(output), positions: 1, labels: None, notes: Vec::new() }
    }
}

/// Repeatable values in [−1, 1).
pub(crate) fn noise(seed: u64, len: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

pub(crate) fn noisy_records(seed: u64, records: usize, len: usize) -> Vec<Vec<f64>> {
    noise(seed, records * len).chunks(len).map(|row| row.iter().map(|&x| f64::from(x)).collect()).collect()
}

/// A record's outcome under the integer model.
pub(crate) fn outcome(model: &QuantizedModel, raw: &[f64]) -> Outcome {
    let record = model.architecture.encoding.encode(raw, Policy::Saturate).unwrap();
    let run = model.architecture.evaluate(&record, &model.parameters).unwrap();
    Outcome { classes: run.classes.clone(), scores: run.scores.clone() }
}

/// The float model's class: the first largest of several scores, and for one probability whether it is above ½.
pub(crate) fn float_class(graph: &FloatGraph, raw: &[f64]) -> usize {
    let raw: Vec<f32> = raw.iter().map(|&x| x as f32).collect();
    match graph.scores(&raw).unwrap().as_slice() {
        [p] => usize::from(*p > 0.5),
        scores => (0..scores.len()).rev().max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap(),
    }
}

/// Quantises on noise and checks that fresh noise is classed alike wherever the margin is not within rounding.
pub(crate) fn faithful(graph: &FloatGraph, options: &Options<'_>) -> Result<(QuantizedModel, Report), QuantizeError> {
    let len = graph.nodes[0].shape.iter().product();
    let (calibration, held_out) = (noisy_records(1, 200, len), noisy_records(2, 200, len));
    let classes = vec![0; held_out.len()];
    let labelled = Labelled { records: &held_out, classes: &classes };
    let (model, report) = quantize(graph, &calibration, Some(labelled), options)?;
    let found = report.held_out.as_ref().unwrap();
    assert!(found.max_error <= found.bound * 1.0001, "{report}");
    assert!(found.rms_error <= 3.0 * found.expected_error, "{report}");
    assert!(found.disagreements.iter().all(|changed| changed.within_rounding), "{report}");
    let differs = |raw: &&Vec<f64>| outcome(&model, raw).class() != float_class(graph, raw);
    assert!(held_out.iter().filter(differs).count() <= found.near_ties, "{report}");
    Ok((model, report))
}

impl Builder {
    /// A convolution with bias: `(outputs, kernel, stride, padding, dilation, groups)`.
    pub(crate) fn conv(&mut self, name: &str, input: usize, sizes: ConvSizes, seed: u64) -> usize {
        let ConvSizes { outputs, kernel, stride, padding, dilation, groups } = sizes;
        let shape = self.shape(input);
        let axis = |&n: &usize| WindowAxis { input: n, kernel, stride, dilation, before: padding, after: padding };
        let window = Window { axes: shape[2..].iter().map(axis).collect() };
        let out = [&[1, outputs], window.output_shape().as_slice()].concat();
        let weight = [&[outputs, shape[1] / groups], window.kernel_shape().as_slice()].concat();
        let fan_in: usize = weight[1..].iter().product();
        let values = noise(seed, weight.iter().product());
        let values: Vec<f32> = values.iter().map(|w| w * 1.7 / (fan_in as f32).sqrt()).collect();
        let weight = self.constant(&weight, &values);
        let x = self.node(name, FloatOp::Conv { window, groups }, &[input, weight], &out);
        self.per_channel(FloatOp::Add, x, &noise(seed + 1, outputs))
    }

    /// With a constant per channel.
    pub(crate) fn per_channel(&mut self, op: FloatOp, input: usize, values: &[f32]) -> usize {
        let shape = self.shape(input);
        let axes = [vec![values.len()], vec![1; shape.len() - 2]].concat();
        let constant = self.constant(&axes, values);
        self.node("channels", op, &[input, constant], &shape)
    }

    pub(crate) fn pool(
        &mut self,
        input: usize,
        kernel: usize,
        stride: usize,
        padding: usize,
        mean: Option<bool>,
    ) -> usize {
        let shape = self.shape(input);
        let axis = |&n: &usize| WindowAxis { input: n, kernel, stride, dilation: 1, before: padding, after: padding };
        let window = Window { axes: shape[2..].iter().map(axis).collect() };
        let out = [&shape[..2], window.output_shape().as_slice()].concat();
        let op = match mean {
            Some(count_padding) => FloatOp::AveragePool { window, count_padding },
            None => FloatOp::MaxPool { window },
        };
        self.node("pool", op, &[input], &out)
    }

    pub(crate) fn flatten(&mut self, input: usize) -> usize {
        let len = self.shape(input).iter().product();
        self.node("flatten", FloatOp::Reshape, &[input], &[1, len])
    }
}

/// Sizes of a convolution, alike along all axes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConvSizes {
    pub(crate) outputs: usize,
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
    pub(crate) dilation: usize,
    pub(crate) groups: usize,
}

/// A kernel with the padding that keeps the axes.
pub(crate) fn same(outputs: usize, kernel: usize) -> ConvSizes {
    ConvSizes { outputs, kernel, stride: 1, padding: kernel / 2, dilation: 1, groups: 1 }
}
