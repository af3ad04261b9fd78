//! Convolution: `out[o, p] = Σ_(c, t) x[c, p·stride + t·dilation − before]·weight[o, c, t] + bias[o]`, no rounding.
//!
//! Along one to three axes, in groups: channel `o` of `O` reads the `C/groups` channels of its group, as ONNX's `Conv`. What is
//! read outside of `x` counts as the integer 0. Axes before the channels are positions too: the same weights serve all of them.

use ndarray::ArrayD;
use serde::{Deserialize, Serialize};

use super::operands::{count, entries, malformed, parameter, shaped, single, tensor};
use super::pool::limited;
use super::{LayerError, Operator, ValueType};
use crate::architecture::{Interval, ParameterId, ParameterSpec};
use crate::parameters::Parameters;
use crate::system::{ContractForm, IndexMap, Sizes, SystemBuilder, TensorId, Term};
use crate::window::{Window, WindowAxis};

/// A convolution; its output are accumulators, to be requantised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conv {
    /// `O × C/groups × kernel`.
    pub weight: ParameterId,
    /// `O`, or `O × positions` where each position has a bias of its own.
    pub bias: Option<ParameterId>,
    /// Where each position reads.
    pub window: Window,
    /// Number of groups; divides `C` and `O`.
    pub groups: usize,
}

/// Numbers of channels, before and after.
struct Channels {
    inputs: usize,
    outputs: usize,
}

impl Operator for Conv {
    fn infer(&self, inputs: &[ValueType], parameters: &[ParameterSpec]) -> Result<ValueType, LayerError> {
        let x = single(inputs)?;
        let (lead, channels) = leading(&x.shape, &self.window)?;
        limited(&[lead, &self.window.output_shape()].concat(), &self.window, 1)?;
        let weight = parameter(parameters, self.weight)?;
        let Channels { inputs, outputs } = self.channels(weight, channels)?;
        let shape = [lead, &[outputs], &self.window.output_shape()].concat();
        count(&shape)?;
        let products = weight.products(self.reads(x.interval), inputs / self.groups * self.window.taps(), 0)?;
        let Some(id) = self.bias else { return Ok(ValueType { shape, interval: products.tracked()? }) };
        let bias = parameter(parameters, id)?;
        if bias.shape != [outputs] {
            shaped(bias, &[&[outputs], &self.window.output_shape()[..]].concat())?;
        }
        Ok(ValueType { shape, interval: (products + bias.interval.into()).tracked()? })
    }

    fn evaluate(&self, inputs: &[&ArrayD<i64>], parameters: &Parameters) -> ArrayD<i64> {
        let weight = &parameters.tensors()[self.weight.0];
        let axis = inputs[0].ndim() - 1 - self.window.axes.len();
        let (lead, channels) = (&inputs[0].shape()[..axis], inputs[0].shape()[axis]);
        let several = lead.iter().product();
        let sizes = self.sizes(&Channels { inputs: channels, outputs: weight.shape()[0] }, several);
        let mut out = sizes.contract(&entries(inputs[0]), &entries(weight));
        let bias = self.bias.map(|id| entries(&parameters.tensors()[id.0]));
        for bias in bias.iter() {
            let each = out.len() / several / bias.len();
            out.iter_mut().enumerate().for_each(|(index, sum)| *sum += bias[index / each % bias.len()]);
        }
        tensor(&[lead, &weight.shape()[..1], &self.window.output_shape()].concat(), out)
    }

    fn relate(&self, system: &mut SystemBuilder<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerError> {
        let out = self.infer(&system.values(inputs), system.parameters())?;
        let spec = parameter(system.parameters(), self.weight)?;
        let x = system.value(inputs[0]);
        let (lead, channels) = leading(&x.shape, &self.window)?;
        let lead = lead.iter().product::<usize>();
        let sizes = self.sizes(&self.channels(spec, channels)?, lead);
        let interval = spec.products(self.reads(x.interval), sizes.inner, 0)?.tracked()?;
        let weight = system.weight(self.weight)?;
        let products = ValueType { shape: out.shape.clone(), interval };
        let products = system.contract("products", products, [inputs[0], weight], sizes)?;
        let Some(id) = self.bias else { return Ok(products) };
        let bias = system.weight(id)?;
        let (len, biases) = (count(&out.shape)?, system.len(bias));
        let map = match lead {
            1 => IndexMap::spread(len, biases),
            _ => IndexMap::Gather((0..len).map(|k| (k / (len / lead / biases) % biases) as u32).collect()),
        };
        Ok(system.linear("accumulator", out, 0, vec![Term::of(products, 1), Term::mapped(bias, 1, map)]))
    }
}

impl Conv {
    /// Where what the positions read lies: padding is 0, whatever the entries are.
    fn reads(&self, entries: Interval) -> Interval {
        let padded = self.window.axes.iter().any(|axis| axis.before > 0 || axis.after > 0);
        if padded { entries.hull(&Interval::new(0, 0)) } else { entries }
    }

    fn channels(&self, weight: &ParameterSpec, inputs: usize) -> Result<Channels, LayerError> {
        let outputs = weight.shape.first().copied().unwrap_or(1);
        let groups = self.groups;
        if groups == 0 || !inputs.is_multiple_of(groups) || !outputs.is_multiple_of(groups) {
            return Err(malformed(format!("{groups} groups do not divide {inputs} and {outputs} channels")));
        }
        shaped(weight, &[&[outputs, inputs / groups], &self.window.kernel_shape()[..]].concat())?;
        Ok(Channels { inputs, outputs })
    }

    /// The contraction of `lead` inputs: an axis more, which the kernel does not reach across.
    fn sizes(&self, channels: &Channels, lead: usize) -> Sizes {
        let own = (lead > 1).then(|| WindowAxis::new(lead, 1));
        let window = Window { axes: own.into_iter().chain(self.window.axes.iter().copied()).collect() };
        Sizes {
            batch: self.groups,
            rows: window.positions(),
            inner: channels.inputs / self.groups * window.taps(),
            columns: channels.outputs / self.groups,
            form: ContractForm::Windows { window, lead },
        }
    }
}

/// The axes before the channels, and the number of channels, of a shape that ends with the axes of `window`.
pub(super) fn leading<'s>(shape: &'s [usize], window: &Window) -> Result<(&'s [usize], usize), LayerError> {
    window.validate().map_err(|error| malformed(error.to_string()))?;
    let spatial = window.input_shape();
    match shape.strip_suffix(spatial.as_slice()).and_then(<[usize]>::split_last) {
        Some((&channels, lead)) => Ok((lead, channels)),
        None => Err(LayerError::Shape {
            expected: format!("a tensor whose last axes are channels and {spatial:?}"),
            got: shape.to_vec(),
        }),
    }
}
