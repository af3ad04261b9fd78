//! ONNX Runtime's `Attention`, whose queries, keys and values are one product of the input, and `MultiHeadAttention`, which is given them.

use super::{Heads, Scores, absent, count, joined, mask, parted};
use crate::graph::{FloatOp, NodeId};
use crate::onnx::call::{Call, Outputs, wrong};
use crate::onnx::error::Reason;
use crate::onnx::value::Value;

/// What both take alike.
fn scores(call: &mut Call<'_>, mask_at: usize) -> Result<(usize, Scores), Reason> {
    let Some(heads) = count(call, "num_heads")? else {
        return Reason::argument("attribute `num_heads`", "is missing");
    };
    // What hides entries of masks that are refused.
    call.attributes.ignore("mask_filter_value");
    let scale = call.attributes.optional_float("scale")?.filter(|&scale| scale != 0.0);
    let causal = call.attributes.flag("unidirectional", false)?;
    let mask = mask(call, mask_at)?;
    Ok((heads, Scores { scale, causal, cap: 0.0, mask }))
}

fn finished(call: &mut Call<'_>, heads: usize, parts: [NodeId; 3], scores: &Scores) -> Outputs {
    let [query, key, value] = parts;
    let heads = Heads {
        query: parted(call, query, heads)?,
        key: parted(call, key, heads)?,
        value: parted(call, value, heads)?,
    };
    let out = heads.attend(call, scores)?;
    Ok(vec![Value::Float(joined(call, out)?)])
}

/// `x·W + b`, whose columns are queries, keys and values.
pub(super) fn attention(call: &mut Call<'_>) -> Outputs {
    absent(call, 3..5, "a mask of lengths, or keys and values of earlier turns")?;
    absent(call, 6..7, "lengths of earlier turns")?;
    for name in ["do_rotary", "past_present_share_buffer"] {
        if call.attributes.flag(name, false)? {
            return Reason::argument(format!("attribute `{name}`"), "is 1, which is not supported");
        }
    }
    let sizes = call.attributes.ints("qkv_hidden_sizes")?;
    let (heads, scores) = scores(call, 5)?;
    let (x, weight) = (call.float(0)?, call.float(1)?);
    let ([_, _, _], [_, columns]) = (&call.shape(x)[..], &call.shape(weight)[..]) else {
        return wrong(0, "has not three axes, or the weight has not two");
    };
    let sizes = match sizes {
        None => vec![columns / 3; 3],
        Some(sizes) => sizes.iter().map(|&size| usize::try_from(size).unwrap_or(0)).collect(),
    };
    let total = sizes.iter().try_fold(0usize, |sum, &size| sum.checked_add(size));
    if sizes.len() != 3 || sizes.contains(&0) || total != Some(*columns) {
        return Reason::argument("attribute `qkv_hidden_sizes`", "does not part the columns of the weight into three");
    }
    let mut all = call.push(FloatOp::MatMul, &[x, weight])?;
    if let Some(bias) = call.optional_float(2)? {
        all = call.push(FloatOp::Add, &[all, bias])?;
    }
    let mut start = 0;
    let mut parts = [all; 3];
    for (part, len) in parts.iter_mut().zip(sizes) {
        *part = call.push(FloatOp::Slice { axis: 2, start, step: 1, len }, &[all])?;
        start += len;
    }
    finished(call, heads, parts, &scores)
}

/// Queries, keys and values of their own, with a bias for all of them.
pub(super) fn multi_head(call: &mut Call<'_>) -> Outputs {
    absent(call, 4..5, "a mask of lengths")?;
    absent(call, 6..10, "keys and values of earlier turns")?;
    if call.optional(1).is_none() || call.optional(2).is_none() {
        return wrong(1, "or input 2 is missing: packed queries, keys and values are not supported");
    }
    let (heads, scores) = scores(call, 5)?;
    let mut parts = [call.float(0)?, call.float(1)?, call.float(2)?];
    let bias = call.optional_float(3)?;
    let mut start = 0;
    for part in &mut parts {
        let [_, _, len] = call.shape(*part)[..] else { return wrong(0, "has not three axes") };
        if let Some(bias) = bias {
            let own = call.push(FloatOp::Slice { axis: 0, start, step: 1, len }, &[bias])?;
            *part = call.push(FloatOp::Add, &[*part, own])?;
        }
        start += len;
    }
    finished(call, heads, parts, &scores)
}
