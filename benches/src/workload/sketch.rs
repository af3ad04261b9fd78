//! An architecture under construction: a chain of integer layers with bounds like those of a quantised model.
//!
//! Weights have 8 bits, and the magnitudes that one output reads add up to at most a quarter of the worst case, as in trained models.
//! Shifts are the smallest that keep quotients within ±2^11; biases shift quotients by at most 32, so that deep networks do not die.

use std::num::NonZeroUsize;

use ndarray::{ArrayD, Axis, IxDyn};
use rand::Rng;
use rand::rngs::StdRng;
use zkdx_circuits::architecture::{Interval, LayerNode, Norm, ParameterId, ParameterSpec, ValueId};
use zkdx_circuits::layers::{Activation, Conv, Dense, Layer, MaxPool, Rearrange, Requantize, ValueType};
use zkdx_circuits::{Architecture, Encoding, Feature, Head, OutcomeKind, Window, WindowAxis};

use crate::error::{BenchError, refuse};

/// Integers of a record.
const RECORD: Interval = Interval::new(-128, 127);
/// Integers of an activation: ReLU and eight bits.
const ACTIVATION: Interval = Interval::new(0, 255);
/// Integers of a weight.
const WEIGHT: Interval = Interval::new(-127, 127);
/// Largest magnitude of a random weight: on average less than a quarter of the largest in [`WEIGHT`].
const DRAWN: i64 = 48;
/// Binary logarithm of the largest magnitude of a quotient.
const QUOTIENT_BITS: u32 = 11;
/// Binary logarithm of how far a bias shifts a quotient.
const BIAS_BITS: u32 = 5;

/// A chain of layers.
pub(super) struct Sketch {
    architecture: Architecture,
    last: ValueType,
    shift: u32,
}

impl Sketch {
    /// Nothing but a record of `shape`.
    pub(super) fn new(shape: &[usize]) -> Result<Self, BenchError> {
        let feature = Feature { name: "x".into(), unit: String::new(), zero: 0.0, step: 1.0 };
        let encoding = Encoding::steps(vec![feature], shape.iter().product(), RECORD);
        let architecture = Architecture {
            encoding,
            input_shape: shape.to_vec(),
            parameters: Vec::new(),
            layers: Vec::new(),
            scores: ValueId::RECORD,
            score_scale: 1.0,
            head: Head::Scores,
            labels: Vec::new(),
            outcome: OutcomeKind::Class,
            records: NonZeroUsize::MIN,
            positions: NonZeroUsize::MIN,
        };
        Ok(Self { architecture, last: ValueType { shape: shape.to_vec(), interval: RECORD }, shift: 0 })
    }

    /// A square convolution with a bias for each filter.
    pub(super) fn conv(&mut self, filters: usize, kernel: usize, pad: usize) -> Result<&mut Self, BenchError> {
        let [channels, size] = self.image()?;
        let axis = WindowAxis { before: pad, after: pad, ..WindowAxis::new(size, kernel) };
        let weight = self.weight(vec![filters, channels, kernel, kernel], 0);
        let layer = Conv { weight, bias: None, window: Window { axes: vec![axis; 2] }, groups: 1 };
        let bias = Some(self.bias(&Layer::Conv(layer.clone()), filters)?);
        self.push("conv", Layer::Conv(Conv { bias, ..layer }))
    }

    /// The largest of every two by two entries.
    pub(super) fn pool(&mut self) -> Result<&mut Self, BenchError> {
        let [_, size] = self.image()?;
        let axis = WindowAxis { stride: 2, ..WindowAxis::new(size, 2) };
        self.push("pool", Layer::MaxPool(MaxPool { window: Window { axes: vec![axis; 2] } }))
    }

    /// Rounding and ReLU.
    pub(super) fn relu(&mut self) -> Result<&mut Self, BenchError> {
        let layer = Requantize { shift: self.shift, activation: Activation::Clamp(ACTIVATION) };
        self.push("relu", Layer::Requantize(layer))
    }

    /// All entries in one row.
    pub(super) fn flatten(&mut self) -> Result<&mut Self, BenchError> {
        let entries = self.last.shape.iter().product();
        self.push("flatten", Layer::Rearrange(Rearrange { shape: vec![1, entries], indices: None, fill: 0 }))
    }

    /// Dense layers of the given sizes, with ReLU between them.
    pub(super) fn stack(&mut self, sizes: &[usize]) -> Result<&mut Self, BenchError> {
        for (index, pair) in sizes.windows(2).enumerate() {
            if index > 0 {
                self.relu()?;
            }
            self.dense(pair[0], pair[1])?;
        }
        Ok(self)
    }

    fn dense(&mut self, inputs: usize, outputs: usize) -> Result<&mut Self, BenchError> {
        let layer = Dense { weight: self.weight(vec![inputs, outputs], 1), bias: None };
        let bias = Some(self.bias(&Layer::Dense(layer.clone()), outputs)?);
        self.push("dense", Layer::Dense(Dense { bias, ..layer }))
    }

    /// The architecture whose scores are the last value.
    pub(super) fn finish(mut self) -> Result<Architecture, BenchError> {
        let classes: usize = self.last.shape.iter().product();
        self.architecture.scores = ValueId(self.architecture.layers.len());
        self.architecture.labels = (0..classes.max(2)).map(|class| format!("class {class}")).collect();
        self.architecture.validate()?;
        Ok(self.architecture)
    }

    /// Channels and size of a square image.
    fn image(&self) -> Result<[usize; 2], BenchError> {
        match self.last.shape[..] {
            [1, channels, height, width] if height == width => Ok([channels, width]),
            _ => refuse(format!("shape {:?} is no square image", self.last.shape)),
        }
    }

    /// A weight whose outputs lie along `axis`, bounded by a quarter of the worst case for each of them.
    fn weight(&mut self, shape: Vec<usize>, axis: usize) -> ParameterId {
        let reads = shape.iter().product::<usize>() / shape[axis].max(1);
        let bound = (reads as u64 * WEIGHT.hi.unsigned_abs()).div_ceil(4);
        self.parameter("weight", shape, WEIGHT, Some(Norm { axis, bound }))
    }

    /// A bias for what `products` computes, and the shift that both call for.
    fn bias(&mut self, products: &Layer, outputs: usize) -> Result<ParameterId, BenchError> {
        let sums = products.operator().infer(std::slice::from_ref(&self.last), &self.architecture.parameters)?;
        let most = (1i64 << QUOTIENT_BITS) - (1 << BIAS_BITS) - 1;
        let fits = |shift: &u32| sums.interval.magnitude() >> shift < most;
        self.shift = (0..i64::BITS).find(fits).unwrap_or_default();
        let reach = 1i64 << (BIAS_BITS + self.shift);
        Ok(self.parameter("bias", vec![outputs], Interval::new(-reach, reach - 1), None))
    }

    fn parameter(&mut self, what: &str, shape: Vec<usize>, interval: Interval, norm: Option<Norm>) -> ParameterId {
        let parameters = &mut self.architecture.parameters;
        let name = format!("layer_{}.{what}", self.architecture.layers.len());
        parameters.push(ParameterSpec { name, shape, interval, norm });
        ParameterId(parameters.len() - 1)
    }

    fn push(&mut self, what: &str, layer: Layer) -> Result<&mut Self, BenchError> {
        let (inputs, parameters) = (std::slice::from_ref(&self.last), &self.architecture.parameters);
        self.last = layer.operator().infer(inputs, parameters)?;
        let index = self.architecture.layers.len();
        let node = LayerNode { name: format!("{what}_{index}"), layer, inputs: vec![ValueId(index)], step: None };
        self.architecture.layers.push(node);
        Ok(self)
    }
}

/// Random entries that keep what `spec` promises.
pub(super) fn weights(spec: &ParameterSpec, rng: &mut StdRng) -> ArrayD<i64> {
    let Interval { lo, hi } = spec.interval;
    let (lo, hi) = if spec.norm.is_some() { (lo.max(-DRAWN), hi.min(DRAWN)) } else { (lo, hi) };
    let mut tensor = ArrayD::from_shape_simple_fn(IxDyn(&spec.shape), || rng.gen_range(lo..=hi));
    if let Some(norm) = spec.norm {
        for mut output in tensor.axis_iter_mut(Axis(norm.axis)) {
            while output.iter().map(|entry| entry.unsigned_abs()).sum::<u64>() > norm.bound {
                output.mapv_inplace(|entry| entry / 2);
            }
        }
    }
    tensor
}
