//! Quantising onto an architecture that exists: everything public is taken from it, so that its setup serves the new model.

use super::error::QuantizeError;
use super::forms::{Fixed, Form};
use super::network::{Function, Network, Op};
use super::options::WIDTHS;
use super::precision::Bits;
use crate::architecture::{Architecture, Interval, LayerNode, ParameterId};
use crate::costs;
use crate::layers::{Activation, Layer, MAX_SHIFT, Requantize};

/// Refuses a network that is not the architecture's graph.
pub(super) fn same_graph(like: &Architecture, network: &Network) -> Result<(), QuantizeError> {
    let (expected, got) = (like.layers.len(), network.nodes.len() - 1);
    let wrong = like.layers.iter().zip(&network.nodes[1..]).find(|(layer, node)| {
        kind(&layer.layer) != operation(&node.op) || !layer.inputs.iter().map(|id| id.0).eq(node.inputs.iter().copied())
    });
    if let Some((layer, node)) = wrong {
        let (expected, got) = (kind(&layer.layer), operation(&node.op));
        return Err(differs(
            layer,
            format!("the architecture has {expected} of other values here than the model's {got}"),
        ));
    }
    if expected != got {
        let reason = format!("the model has {got} layers, the architecture {expected}");
        return Err(QuantizeError::Differs { place: "the graph".into(), reason });
    }
    Ok(())
}

/// The shift of the architecture's layer that is node `id` of the network.
pub(super) fn shift(like: &Architecture, id: usize) -> Result<u32, QuantizeError> {
    match &like.layers[id - 1] {
        LayerNode { layer: Layer::Requantize(layer), .. } => Ok(layer.shift),
        other => Err(differs(other, "it does not round".to_owned())),
    }
}

/// The activation of the architecture's layer that is node `id`, as the form of `function` that gives it. Several do where keys are so coarse
/// that nearly all have the values at the ends, and for steps: of these, the first that is preferred, given the keys' distance, or else the finest.
pub(super) fn form(
    like: &Architecture,
    id: usize,
    function: &Function,
    bits: u32,
    preferred: &[&dyn Fn(f64) -> bool],
) -> Result<Form, QuantizeError> {
    let node = &like.layers[id - 1];
    let Layer::Requantize(layer) = &node.layer else {
        return Err(differs(node, "it does not round".to_owned()));
    };
    let mut forms = forms(node, function, bits);
    forms.retain(|form| form.activation == layer.activation);
    let first = |fits: &&dyn Fn(f64) -> bool| forms.iter().find(|form| form.fixed.is_some_and(|fixed| fits(fixed.key)));
    let found = preferred.iter().find_map(first).or(forms.first()).cloned();
    found.ok_or_else(|| differs(node, "its activation has another function or number of bits".to_owned()))
}

/// The bits that each layer of the architecture has, as far as its graph is the network's.
pub(super) fn bits(like: &Architecture, network: &Network, bits: &mut Bits) {
    for (id, (node, layer)) in (1..).zip(network.nodes[1..].iter().zip(&like.layers)) {
        let weight = layer.layer.weight().and_then(|id| like.parameters.get(id.0));
        bits.weights[id] = weight.map_or(bits.weights[id], |spec| costs::bits(spec.interval));
        let activation = match (&node.op, &layer.layer) {
            (Op::Apply(function), Layer::Requantize(_)) => WIDTHS.into_iter().find(|&b| fits(layer, function, b)),
            (Op::Share, Layer::Share(share)) => share.scale.checked_ilog2(),
            (Op::Standardize(_), Layer::Standardize(scores)) => {
                Some(((scores.scale as f64 / (node.width() as f64).sqrt()).log2().round() as u32).saturating_add(2))
            }
            _ => None,
        };
        bits.activations[id] = activation.filter(|bits| WIDTHS.contains(bits)).unwrap_or(bits.activations[id]);
        bits.weights[id] = bits.weights[id].clamp(*WIDTHS.start(), *WIDTHS.end());
    }
}

/// Whether a layer's activation may be `function` in so many bits.
fn fits(layer: &LayerNode, function: &Function, bits: u32) -> bool {
    let Layer::Requantize(Requantize { activation, .. }) = &layer.layer else { return false };
    let same = |form: Form| form.activation.keys() == activation.keys();
    match function {
        // How far apart the keys are is as open as how many bits the ends have.
        Function::Clip(..) => (0..MAX_SHIFT as i32).any(|power| same(Form::new(function, bits, 2f64.powi(power)))),
        _ => same(Form::new(function, bits, 1.0)),
    }
}

/// What the function's form may be: its keys are so many powers of two coarser, or any power of two apart.
fn forms(layer: &LayerNode, function: &Function, bits: u32) -> Vec<Form> {
    let powers = |range: std::ops::Range<i32>| range.map(|power| 2f64.powi(power));
    match (function, layer.step) {
        (Function::Other(_), Some(value)) => {
            powers(-60..60).map(|key| Form::tabulated(function, bits, Fixed { key, value })).collect()
        }
        (Function::Factor(program), Some(value)) => {
            let Some(keys) = tabulated_keys(&layer.layer) else { return Vec::new() };
            powers(-60..60).map(|key| Form::factor(program, bits, keys, Fixed { key, value })).collect()
        }
        _ => powers(0..MAX_SHIFT as i32).map(|coarser| Form::new(function, bits, coarser)).collect(),
    }
}

/// The keys of a layer's table.
fn tabulated_keys(layer: &Layer) -> Option<Interval> {
    match layer {
        Layer::Requantize(Requantize { activation: Activation::Table { clamp, values }, .. }) => {
            (values.len() as u64 == clamp.size()).then_some(*clamp)
        }
        _ => None,
    }
}

/// Bounds of the biases, and of a channel's weights together, in the architecture's layer that is node `id`.
pub(super) fn limits(like: &Architecture, id: usize) -> (Option<i64>, Option<u64>) {
    let (weight, bias) = match &like.layers[id - 1].layer {
        Layer::Dense(layer) => (layer.weight, layer.bias),
        Layer::Embed(layer) => (layer.table, layer.bias),
        Layer::Conv(layer) => (layer.weight, layer.bias),
        Layer::Affine(layer) => (layer.weight, layer.bias),
        _ => return (None, None),
    };
    let spec = |id: ParameterId| like.parameters.get(id.0);
    let norm = spec(weight).and_then(|spec| spec.norm).map(|norm| norm.bound);
    (bias.and_then(spec).map(|spec| spec.interval.hi.min(-spec.interval.lo).max(0)), norm)
}

/// What the architecture's sum that is node `id` multiplies one of its terms with.
pub(super) fn factor(like: &Architecture, id: usize, term: usize) -> f64 {
    match &like.layers[id - 1].layer {
        Layer::Combine(layer) => layer.factors.get(term).map_or(1.0, |factor| factor.unsigned_abs().max(1) as f64),
        _ => 1.0,
    }
}

/// What to do about weights that do not fit their scale.
pub(super) fn advice(like: Option<&Architecture>) -> &'static str {
    match like {
        Some(_) => "quantise it without the given architecture, which needs a setup of its own",
        None => "use more bits for weights",
    }
}

/// The architecture itself, if `new` is the same but for names.
pub(super) fn same(like: &Architecture, new: &Architecture) -> Result<Architecture, QuantizeError> {
    let mut specs = like.parameters.iter().zip(&new.parameters);
    if let Some((spec, _)) = specs.find(|(a, b)| a.shape != b.shape || a.interval != b.interval || a.norm != b.norm) {
        let reason = "another shape or another number of bits".to_owned();
        return Err(QuantizeError::Differs { place: format!("parameter `{}`", spec.name), reason });
    }
    if let Some((layer, _)) = like.layers.iter().zip(&new.layers).find(|(a, b)| a.layer != b.layer) {
        return Err(differs(layer, "the model needs another rounding, table or arrangement".to_owned()));
    }
    let ends = |a: &Architecture| (a.scores, a.head, a.parameters.len(), a.score_scale.to_bits(), a.positions);
    if ends(like) != ends(new) {
        let reason = "another head, scale or number of positions".into();
        return Err(QuantizeError::Differs { place: "the scores".into(), reason });
    }
    Ok(like.clone())
}

fn differs(layer: &LayerNode, reason: String) -> QuantizeError {
    QuantizeError::Differs { place: format!("layer `{}`", layer.name), reason }
}

fn kind(layer: &Layer) -> &'static str {
    match layer {
        Layer::Dense(_) => "a dense layer",
        Layer::Conv(_) => "a convolution",
        Layer::MaxPool(_) => "a largest entry",
        Layer::SumPool(_) => "a sum over windows",
        Layer::Affine(_) => "a scaling",
        Layer::Requantize(_) => "an activation",
        Layer::Combine(_) => "a sum",
        Layer::Concat(_) => "a concatenation",
        Layer::Rearrange(_) => "a movement",
        Layer::Multiply(_) => "an entrywise product",
        Layer::MatMul(_) => "a matrix product",
        Layer::Share(_) => "shares of a sum",
        Layer::Standardize(_) => "a normalisation",
        Layer::Embed(_) => "a dense layer",
        Layer::Trees(_) => "trees",
    }
}

fn operation(op: &Op) -> &'static str {
    match op {
        Op::Input => "a record",
        Op::OneHot(_) => "a movement",
        Op::Dense(_) => "a dense layer",
        Op::Conv(_) => "a convolution",
        Op::MaxPool(_) => "a largest entry",
        Op::Average(_) => "a sum over windows",
        Op::Scale(_) => "a scaling",
        Op::Apply(_) => "an activation",
        Op::Sum(_) => "a sum",
        Op::Concat { .. } => "a concatenation",
        Op::Move(_) => "a movement",
        Op::Multiply => "an entrywise product",
        Op::MatMul => "a matrix product",
        Op::Share => "shares of a sum",
        Op::Standardize(_) => "a normalisation",
    }
}
