//! The largest or smallest entries along an axis in their order: merge exchange (Batcher 1968; Knuth, Algorithm 5.2.2M), all exchanges of a
//! stage at once.
//! ```text
//! (a, b) becomes (a + ReLU(b − a), b − ReLU(b − a)),    the larger one in front
//! ```
//! Of `2^t` entries or fewer there are `t·(t + 1)/2` stages.

use super::call::{Call, wrong};
use super::error::Reason;
use super::places::check;
use crate::graph::{FloatOp, NodeId};

/// Most entries that are sorted: 21 stages.
const MAX_ENTRIES: usize = 64;

/// The first `count` entries of each lane along `axis`, the largest or the smallest in front.
pub(super) fn first(
    call: &mut Call<'_>,
    x: NodeId,
    axis: usize,
    count: usize,
    smallest: bool,
) -> Result<NodeId, Reason> {
    let shape = call.shape(x);
    let n = shape[axis];
    if count == 0 || count > n || n > MAX_ENTRIES {
        return wrong(1, &format!("asks for {count} of {n} entries: several are found of at most {MAX_ENTRIES}"));
    }
    check(&shape)?;
    let perm: Vec<usize> = (0..shape.len()).filter(|other| *other != axis).chain([axis]).collect();
    let lanes: usize = shape.iter().product::<usize>() / n;
    let moved: Vec<usize> = perm.iter().map(|&from| shape[from]).collect();
    let x = call.push(FloatOp::Transpose { perm }, &[x])?;
    let mut x = call.builder.push(call.name, FloatOp::Reshape, &[x], &[lanes, n])?;
    for pairs in stages(n) {
        x = exchanged(call, x, [lanes, n], &pairs, smallest)?;
    }
    let x = call.push(FloatOp::Slice { axis: 1, start: 0, step: 1, len: count }, &[x])?;
    let kept = [&moved[..moved.len() - 1], &[count]].concat();
    let x = call.builder.push(call.name, FloatOp::Reshape, &[x], &kept)?;
    let mut back: Vec<usize> = (0..shape.len() - 1).collect();
    back.insert(axis, shape.len() - 1);
    call.push(FloatOp::Transpose { perm: back }, &[x])
}

/// Pairs of places that are compared, stage by stage.
fn stages(n: usize) -> Vec<Vec<(usize, usize)>> {
    let top = n.next_power_of_two() / 2;
    let (mut stages, mut p) = (Vec::new(), top);
    while p > 0 {
        let (mut q, mut r, mut d) = (top, 0, p);
        loop {
            let pairs: Vec<_> = (0..n.saturating_sub(d)).filter(|i| i & p == r).map(|i| (i, i + d)).collect();
            if !pairs.is_empty() {
                stages.push(pairs);
            }
            if q == p {
                break;
            }
            (d, q, r) = (q - p, q / 2, p);
        }
        p /= 2;
    }
    stages
}

/// The lanes with every pair in order.
fn exchanged(
    call: &mut Call<'_>,
    x: NodeId,
    [lanes, n]: [usize; 2],
    pairs: &[(usize, usize)],
    smallest: bool,
) -> Result<NodeId, Reason> {
    let width = pairs.len();
    let read = |call: &mut Call<'_>, from: NodeId, stride: usize, places: Vec<usize>| {
        let shape = [lanes, places.len()];
        let lane =
            |lane: usize| places.iter().map(move |place| Some((lane * stride + place) as u32)).collect::<Vec<_>>();
        let indices = (0..lanes).flat_map(lane).collect();
        call.builder.push(call.name, FloatOp::Gather { indices, fill: 0.0 }, &[from], &shape)
    };
    let (fronts, backs) =
        pairs.iter().map(|&(front, back)| if smallest { (back, front) } else { (front, back) }).unzip();
    let front = read(call, x, n, fronts)?;
    let back = read(call, x, n, backs)?;
    let above = call.push(FloatOp::Sub, &[back, front])?;
    let above = call.push(FloatOp::Relu, &[above])?;
    let larger = call.push(FloatOp::Add, &[front, above])?;
    let lesser = call.push(FloatOp::Sub, &[back, above])?;
    let all = call.push(FloatOp::Concat { axis: 1 }, &[larger, lesser, x])?;
    let mut places: Vec<usize> = (2 * width..2 * width + n).collect();
    for (pair, &(front, back)) in pairs.iter().enumerate() {
        (places[front], places[back]) = if smallest { (width + pair, pair) } else { (pair, width + pair) };
    }
    read(call, all, 2 * width + n, places)
}
