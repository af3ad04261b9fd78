//! Attention as one operator, of ONNX and of ONNX Runtime, and rotary positions.
//! ```text
//! out = softmax(scale·Q·Kᵀ + mask)·V    for each head,    scale = 1/√(entries of a key) where it is not given
//! ```
//! (Vaswani et al. 2017). Where there are fewer heads of keys than of queries, each serves a group of them. A mask is a constant: what it
//! hides gets the smallest float, and a causal one hides what comes later.

mod rotary;
mod runtime;

use ndarray::{ArrayD, Dimension, IxDyn};

use super::call::{Call, Outputs, wrong};
use super::error::Reason;
use super::gemm::{product, scale};
use super::places::{Places, check, gather};
use super::registry::Operator;
use super::value::Value;
use crate::graph::{FloatOp, NodeId, broadcast};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::onnx("Attention", 23, (3, 7), attention),
    Operator::onnx("RotaryEmbedding", 23, (3, 4), rotary::embedding),
    Operator::runtime("Attention", (2, 7), runtime::attention),
    Operator::runtime("MultiHeadAttention", (1, 10), runtime::multi_head),
];

/// Queries, keys and values, `[batch, heads, places, entries]` each.
struct Heads {
    query: NodeId,
    key: NodeId,
    value: NodeId,
}

/// What is done to scores.
struct Scores {
    scale: Option<f32>,
    causal: bool,
    /// At most so large, by `c·tanh(x/c)`; 0 for no end.
    cap: f32,
    /// Added, after the scale: of as many axes as scores have, or fewer.
    mask: Option<ArrayD<f32>>,
}

impl Scores {
    /// What is added to scores of this shape. A place that sees nothing has no shares, and is refused.
    fn hiding(&self, shape: &[usize]) -> Result<Option<ArrayD<f32>>, Reason> {
        let (&[.., places, others], true) = (shape, self.causal || self.mask.is_some()) else { return Ok(None) };
        let own = self.mask.clone().unwrap_or_else(|| ArrayD::zeros(IxDyn(&[places, others])));
        let whole = broadcast(own.shape(), &[places, others])?;
        check(&whole)?;
        let Some(mut all) = own.broadcast(IxDyn(&whole)).map(|all| all.to_owned()) else {
            return Reason::argument("the mask", "does not fit the scores");
        };
        if broadcast(&whole, shape)? != shape {
            return Reason::argument("the mask", "is larger than the scores");
        }
        for (at, hidden) in all.indexed_iter_mut() {
            let [.., from, to] = at.as_array_view().to_vec()[..] else { continue };
            if self.causal && to > from {
                *hidden = f32::MIN;
            }
        }
        let blind = |row: &[f32]| row.iter().all(|&hidden| hidden == f32::MIN);
        match all.as_slice().is_some_and(|all| all.chunks(others).any(blind)) {
            true => Reason::argument("the mask", "hides everything from some place, which then has no shares"),
            false => Ok(Some(all)),
        }
    }
}

impl Heads {
    /// `[batch, heads, places, entries]`.
    fn attend(&self, call: &mut Call<'_>, scores: &Scores) -> Result<NodeId, Reason> {
        let (query, key) = (call.shape(self.query), call.shape(self.key));
        let ([_, _, _, entries], [_, _, _, _]) = (&query[..], &key[..]) else { return wrong(0, "has no heads") };
        let factor = scores.scale.unwrap_or(1.0 / (*entries as f32).sqrt());
        let turned = call.push(FloatOp::Transpose { perm: vec![0, 1, 3, 2] }, &[self.key])?;
        let query = scale(call, self.query, factor)?;
        let mut x = product(call, query, turned)?;
        if scores.cap != 0.0 {
            let small = scale(call, x, 1.0 / scores.cap)?;
            let bent = call.push(FloatOp::Tanh, &[small])?;
            x = scale(call, bent, scores.cap)?;
        }
        if let Some(hiding) = scores.hiding(&call.shape(x))? {
            let hiding = call.constant(hiding)?;
            x = call.push(FloatOp::Add, &[x, hiding])?;
        }
        let shares = call.push(FloatOp::Softmax { axis: 3 }, &[x])?;
        product(call, shares, self.value)
    }
}

fn float(value: Value) -> Result<NodeId, Reason> {
    match value {
        Value::Float(id) => Ok(id),
        _ => wrong(0, "is not a tensor of floats"),
    }
}

/// `[batch, places, heads·entries]` as `[batch, heads, places, entries]`.
fn parted(call: &mut Call<'_>, id: NodeId, heads: usize) -> Result<NodeId, Reason> {
    let [batch, places, width] = call.shape(id)[..] else { return wrong(0, "has not three axes") };
    if heads == 0 || width % heads != 0 {
        return Reason::argument("the number of heads", "does not divide the entries");
    }
    let parts = call.builder.push(call.name, FloatOp::Reshape, &[id], &[batch, places, heads, width / heads])?;
    call.push(FloatOp::Transpose { perm: vec![0, 2, 1, 3] }, &[parts])
}

/// The reverse.
fn joined(call: &mut Call<'_>, id: NodeId) -> Result<NodeId, Reason> {
    let [batch, heads, places, entries] = call.shape(id)[..] else { return wrong(0, "has not four axes") };
    let turned = call.push(FloatOp::Transpose { perm: vec![0, 2, 1, 3] }, &[id])?;
    call.builder.push(call.name, FloatOp::Reshape, &[turned], &[batch, places, heads * entries])
}

/// Each head as often as there are heads in a group.
fn repeated(call: &mut Call<'_>, id: NodeId, heads: usize) -> Result<NodeId, Reason> {
    let shape = call.shape(id);
    let [batch, own, len, entries] = shape[..] else { return wrong(1, "or input 2 has not as many axes as input 0") };
    if own == 0 || !heads.is_multiple_of(own) {
        return Reason::argument("the heads of keys", "do not divide those of queries");
    }
    check(&[batch, heads, len, entries])?;
    let mut places: Vec<Places> = shape.iter().map(|&dim| (0..dim).map(Some).collect()).collect();
    places[1] = (0..heads).map(|head| Some(head / (heads / own))).collect();
    float(gather(call, Value::Float(id), &places, 0.0)?)
}

/// Refuses inputs that are given, for example states of earlier turns.
fn absent(call: &Call<'_>, inputs: std::ops::Range<usize>, what: &str) -> Result<(), Reason> {
    match inputs.into_iter().find(|index| call.optional(*index).is_some()) {
        Some(index) => wrong(index, &format!("gives {what}, which are not supported: export the model for one turn")),
        None => Ok(()),
    }
}

fn count(call: &mut Call<'_>, name: &str) -> Result<Option<usize>, Reason> {
    match call.attributes.optional_int(name)?.map(usize::try_from) {
        None => Ok(None),
        Some(Ok(count)) if count > 0 => Ok(Some(count)),
        Some(_) => Reason::argument(format!("attribute `{name}`"), "is not a number of heads"),
    }
}

fn attention(call: &mut Call<'_>) -> Outputs {
    absent(call, 4..7, "keys and values of earlier turns, or lengths")?;
    let (heads, key_heads) = (count(call, "q_num_heads")?, count(call, "kv_num_heads")?);
    let (scale, cap) = (call.attributes.optional_float("scale")?, call.attributes.float("softcap", 0.0)?);
    let causal = call.attributes.flag("is_causal", false)?;
    // The precision of the softmax, and what an output shows that is not given.
    for name in ["softmax_precision", "qk_matmul_output_mode"] {
        call.attributes.ignore(name);
    }
    for name in ["left_window_size", "right_window_size"] {
        if call.attributes.int(name, -1)? != -1 {
            return Reason::argument(format!("attribute `{name}`"), "limits what is seen: give it as a mask");
        }
    }
    let ids = [call.float(0)?, call.float(1)?, call.float(2)?];
    let flat = call.shape(ids[0]).len() == 3;
    let [query, key, value] = match (flat, heads, key_heads) {
        (false, _, _) => ids,
        (true, Some(heads), Some(others)) => {
            [parted(call, ids[0], heads)?, parted(call, ids[1], others)?, parted(call, ids[2], others)?]
        }
        _ => return Reason::argument("attribute `q_num_heads` or `kv_num_heads`", "is missing"),
    };
    let [_, heads, _, _] = call.shape(query)[..] else { return wrong(0, "has not three or four axes") };
    let heads = Heads { query, key: repeated(call, key, heads)?, value: repeated(call, value, heads)? };
    let mask = mask(call, 3)?;
    let out = heads.attend(call, &Scores { scale, causal, cap, mask })?;
    Ok(vec![Value::Float(if flat { joined(call, out)? } else { out })])
}

/// A constant that is added, or of which what is 0 hides.
fn mask(call: &mut Call<'_>, index: usize) -> Result<Option<ArrayD<f32>>, Reason> {
    match call.optional(index) {
        None => Ok(None),
        Some(Value::Int(shown)) => Ok(Some(shown.mapv(|shown| if shown == 0 { f32::MIN } else { 0.0 }))),
        Some(_) => Ok(Some(call.floats(index)?.clone())),
    }
}
