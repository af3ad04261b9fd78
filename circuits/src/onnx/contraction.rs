//! Sums of products of two values over axes that they share, which `MatMul` and `Einsum` spell:
//! ```text
//! out[b, l, r] = Σ_k left[b, l, k] · right[b, k, r]
//! ```
//! with any number of axes for each of `b`, `l`, `r` and `k`. It becomes one matrix product for each `b`. Where one factor is constant and
//! has axes `b`, it becomes a convolution of single entries in `b` groups, by weights `[b·r, k]`; where there is no `k`, a product.

use super::call::Call;
use super::error::Reason;
use super::places;
use super::reduction::{Lanes, total};
use crate::graph::{FloatOp, NodeId};
use crate::window::{Window, WindowAxis};

/// The name of an axis.
pub(super) type Label = u32;

/// A value whose axes have names: none twice, and none of one entry.
pub(super) struct Named {
    id: NodeId,
    axes: Vec<Label>,
}

impl Named {
    /// Names the axes of a value. Axes of one name become their diagonal, and those of one entry are dropped.
    pub(super) fn new(call: &mut Call<'_>, id: NodeId, labels: &[Label]) -> Result<Self, Reason> {
        let shape = call.shape(id);
        let long = || labels.iter().copied().zip(shape.iter().copied()).filter(|(_, dim)| *dim > 1);
        let mut axes: Vec<(Label, usize)> = Vec::new();
        long().for_each(|axis| axes.extend((!axes.contains(&axis)).then_some(axis)));
        let dims: Vec<usize> = axes.iter().map(|(_, dim)| *dim).collect();
        let id = match axes.len() == long().count() {
            true => shaped(call, id, &dims)?,
            false => diagonal(call, id, &long().collect::<Vec<_>>(), &axes)?,
        };
        Ok(Self { id, axes: axes.into_iter().map(|(label, _)| label).collect() })
    }

    /// Adds up the axes that are not kept.
    pub(super) fn summed(self, call: &mut Call<'_>, kept: impl Fn(Label) -> bool) -> Result<Self, Reason> {
        let (axes, summed): (Vec<Label>, Vec<Label>) = self.axes.iter().partition(|&&label| kept(label));
        if summed.is_empty() {
            return Ok(self);
        }
        let x = self.grouped(call, &[&[], &axes, &summed])?;
        let count = self.size(call, &summed);
        let window = Window { axes: vec![WindowAxis::new(count, count)] };
        let sum = total(call, &Lanes { x, window })?;
        let dims = self.dims(call, &axes);
        Ok(Self { id: shaped(call, sum, &dims)?, axes })
    }

    /// The value in the order of `output`, with axes of one entry where it has none of that name.
    pub(super) fn arranged(self, call: &mut Call<'_>, output: &[Label]) -> Result<NodeId, Reason> {
        let own: Vec<Label> = output.iter().copied().filter(|label| self.axes.contains(label)).collect();
        let shape: Vec<usize> = output.iter().map(|label| self.size(call, &[*label])).collect();
        let id = self.permuted(call, &own)?;
        shaped(call, id, &shape)
    }

    fn permuted(&self, call: &mut Call<'_>, order: &[Label]) -> Result<NodeId, Reason> {
        let perm: Vec<usize> = order.iter().filter_map(|label| self.axes.iter().position(|own| own == label)).collect();
        if perm.is_sorted() { Ok(self.id) } else { call.push(FloatOp::Transpose { perm }, &[self.id]) }
    }

    /// One axis for each group of axes; the groups hold all of them.
    fn grouped(&self, call: &mut Call<'_>, groups: &[&[Label]]) -> Result<NodeId, Reason> {
        let shape: Vec<usize> = groups.iter().map(|group| self.size(call, group)).collect();
        let id = self.permuted(call, &groups.concat())?;
        shaped(call, id, &shape)
    }

    fn dims(&self, call: &Call<'_>, labels: &[Label]) -> Vec<usize> {
        labels.iter().map(|label| self.size(call, &[*label])).collect()
    }

    /// Entries of these axes; those that the value lacks have one.
    fn size(&self, call: &Call<'_>, labels: &[Label]) -> usize {
        let shape = call.builder.shape(self.id);
        self.axes.iter().zip(shape).filter(|(label, _)| labels.contains(label)).map(|(_, dim)| dim).product()
    }

    fn is_constant(&self, call: &Call<'_>) -> bool {
        call.builder.known(self.id).is_some()
    }
}

/// Whose axes are whose.
struct Axes {
    batch: Vec<Label>,
    left: Vec<Label>,
    right: Vec<Label>,
    inner: Vec<Label>,
}

/// The products of two values, added up over the axes that are not kept. Sizes of axes of one name must agree.
pub(super) fn contract(
    call: &mut Call<'_>,
    left: Named,
    right: Named,
    kept: impl Fn(Label) -> bool,
) -> Result<Named, Reason> {
    let (a, b) = (left.axes.clone(), right.axes.clone());
    let left = left.summed(call, |label| kept(label) || b.contains(&label))?;
    let right = right.summed(call, |label| kept(label) || a.contains(&label))?;
    let (left, right) = if left.is_constant(call) { (right, left) } else { (left, right) };
    let (shared, own): (Vec<Label>, Vec<Label>) = left.axes.iter().partition(|label| right.axes.contains(label));
    let (batch, inner) = shared.into_iter().partition(|&label| kept(label));
    let others = right.axes.iter().copied().filter(|label| !left.axes.contains(label)).collect();
    let axes = Axes { batch, left: own, right: others, inner };
    let dims = |call: &Call<'_>, axes: &[Label]| -> Vec<usize> {
        axes.iter().map(|axis| left.size(call, &[*axis]).max(right.size(call, &[*axis]))).collect()
    };
    let (id, order) = if axes.inner.is_empty() {
        outer(call, &left, &right, &axes)?
    } else if right.is_constant(call) && !axes.batch.is_empty() {
        grouped_layers(call, &left, &right, &axes)?
    } else {
        matrices(call, &left, &right, &axes)?
    };
    let shape = dims(call, &order);
    Ok(Named { id: shaped(call, id, &shape)?, axes: order })
}

type Product = Result<(NodeId, Vec<Label>), Reason>;

/// `left[b, l, ·] · right[b, ·, r]`.
fn outer(call: &mut Call<'_>, left: &Named, right: &Named, axes: &Axes) -> Product {
    let a = left.grouped(call, &[&axes.batch, &axes.left, &[]])?;
    let b = right.grouped(call, &[&axes.batch, &[], &axes.right])?;
    Ok((call.push(FloatOp::Mul, &[a, b])?, [&*axes.batch, &axes.left, &axes.right].concat()))
}

/// A matrix product for each `b`.
fn matrices(call: &mut Call<'_>, left: &Named, right: &Named, axes: &Axes) -> Product {
    let (a, b) = match axes.batch.is_empty() {
        true => (left.grouped(call, &[&axes.left, &axes.inner])?, right.grouped(call, &[&axes.inner, &axes.right])?),
        false => (
            left.grouped(call, &[&axes.batch, &axes.left, &axes.inner])?,
            right.grouped(call, &[&axes.batch, &axes.inner, &axes.right])?,
        ),
    };
    Ok((call.push(FloatOp::MatMul, &[a, b])?, [&*axes.batch, &axes.left, &axes.right].concat()))
}

/// Constant matrices, one for each `b`: groups of channels `k`, at positions `l`, that are convolved apart.
fn grouped_layers(call: &mut Call<'_>, left: &Named, right: &Named, axes: &Axes) -> Product {
    let channels = [&*axes.batch, &axes.inner].concat();
    let x = left.grouped(call, &[&[], &channels, &axes.left])?;
    let filters = [&*axes.batch, &axes.right].concat();
    let weight = right.grouped(call, &[&filters, &axes.inner, &[]])?;
    let window = Window { axes: vec![WindowAxis::new(left.size(call, &axes.left), 1)] };
    let groups = left.size(call, &axes.batch);
    let id = call.push(FloatOp::Conv { window, groups }, &[x, weight])?;
    Ok((id, [&*axes.batch, &axes.right, &axes.left].concat()))
}

/// The entries whose places on axes of one name are the same.
fn diagonal(
    call: &mut Call<'_>,
    id: NodeId,
    all: &[(Label, usize)],
    axes: &[(Label, usize)],
) -> Result<NodeId, Reason> {
    let shape: Vec<usize> = axes.iter().map(|(_, dim)| *dim).collect();
    places::check(&shape)?;
    let step = |label: Label| -> usize {
        let behind = |at: usize| all[at + 1..].iter().map(|(_, dim)| dim).product::<usize>();
        all.iter().enumerate().filter(|(_, axis)| axis.0 == label).map(|(at, _)| behind(at)).sum()
    };
    let mut indices = vec![0usize];
    for &(label, dim) in axes {
        let step = step(label);
        indices = indices.iter().flat_map(|start| (0..dim).map(move |k| start + k * step)).collect();
    }
    // Places are below the number of entries, which is below 2³².
    let indices = indices.into_iter().map(|place| Some(place as u32)).collect();
    call.builder.push(call.name, FloatOp::Gather { indices, fill: 0.0 }, &[id], &shape)
}

fn shaped(call: &mut Call<'_>, id: NodeId, shape: &[usize]) -> Result<NodeId, Reason> {
    if call.builder.shape(id) == shape {
        return Ok(id);
    }
    call.builder.push(call.name, FloatOp::Reshape, &[id], shape)
}
