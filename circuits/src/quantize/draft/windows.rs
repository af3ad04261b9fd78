//! Windows: what is pending before them goes into a convolution's weights and bias, or through pooling.
//!
//! A convolution absorbs a scale per channel into its weights and any shift `b` into its bias: what the convolution makes of
//! `b` alone. Padding counts as 0 whatever is pending, so next to it this is another bias at each position. A mean takes a
//! scale per channel through, and of a shift its mean. A maximum takes a shift per channel through, but no scale: it could be negative.

use ndarray::{Array1, Array2, Axis};

use super::{Draft, Lazy, per_plane, spread};
use crate::quantize::network::{Op, Picks, Scaling};
use crate::quantize::windows::{Averaging, Convolution, pads};
use crate::window::{Window, WindowAxis};

impl Draft {
    /// A convolution of a value; the shape is the output's.
    pub(in crate::quantize) fn conv(&mut self, name: &str, value: &Lazy, conv: Convolution, shape: Vec<usize>) -> Lazy {
        let Some(scale) = per_plane(&value.scale, conv.window.entries()) else {
            let base = self.settle(name, value);
            return self.push(name, Op::Conv(conv.into()), vec![base], shape);
        };
        let bias = if value.shifted { conv.absorbed(&value.shift) } else { conv.bias.clone() };
        let mut weight = conv.weight.clone();
        weight.indexed_iter_mut().for_each(|((o, column), w)| *w *= scale[conv.channel(o, column)]);
        let conv = Convolution { weight, bias, window: conv.window.clone(), groups: conv.groups };
        self.push(name, Op::Conv(conv.into()), vec![value.base], shape)
    }

    /// The largest entries of a value.
    pub(in crate::quantize) fn max_pool(
        &mut self,
        name: &str,
        value: &Lazy,
        window: &Window,
        shape: Vec<usize>,
    ) -> Lazy {
        let shift = per_plane(&value.shift, window.entries()).filter(|_| value.scale.iter().all(|&a| a == 1.0));
        let Some(shift) = shift.filter(|_| !self.has_holes(value.base)) else {
            let base = self.scale(name, value);
            return self.push(name, Op::MaxPool(window.clone()), vec![base], shape);
        };
        let pooled = self.push(name, Op::MaxPool(window.clone()), vec![value.base], shape);
        Lazy { shift: spread(&shift, window.positions()), shifted: value.shifted, ..pooled }
    }

    /// Means of a value.
    pub(in crate::quantize) fn average(
        &mut self,
        name: &str,
        value: &Lazy,
        mean: Averaging,
        shape: Vec<usize>,
    ) -> Lazy {
        let Some(scale) = per_plane(&value.scale, mean.window.entries()) else {
            let base = self.settle(name, value);
            return self.push(name, Op::Average(mean), vec![base], shape);
        };
        let scale = spread(&scale, mean.window.positions());
        let shift = mean.run(&value.shift.clone().insert_axis(Axis(0))).remove_axis(Axis(0));
        let pooled = self.push(name, Op::Average(mean), vec![value.base], shape);
        Lazy { scale, shift, shifted: value.shifted, ..pooled }
    }

    /// Entries of a value by place, and `fill` where there is none: 0, with `fill` pending.
    pub(in crate::quantize) fn gather(
        &mut self,
        name: &str,
        value: &Lazy,
        picks: Picks,
        fill: f64,
        shape: Vec<usize>,
    ) -> Lazy {
        let plane = shape.iter().skip(2).product::<usize>().max(1);
        // The scale of nothing is free: that of its channel.
        let scales: Vec<f64> = picks
            .chunks(plane)
            .flat_map(|places| {
                let scale = places.iter().flatten().next().map_or(1.0, |&index| value.scale[index as usize]);
                let pick = move |index: &Option<u32>| index.map_or(scale, |index| value.scale[index as usize]);
                places.iter().map(pick)
            })
            .collect();
        let shift = picks.iter().map(|index| index.map_or(fill, |index| value.shift[index as usize])).collect();
        let moved = self.push(name, Op::Move(Some(picks)), vec![value.base], shape);
        Lazy { scale: scales.into(), shift, shifted: value.shifted || fill != 0.0, ..moved }
    }

    /// Whether a node is the record with places that read nothing, or beside other values: they have another zero than the rest.
    fn has_holes(&self, base: usize) -> bool {
        let (mut holes, mut record, mut open) = (false, false, vec![base]);
        while let Some(id) = open.pop() {
            let node = &self.nodes[id];
            match &node.op {
                Op::Input => record = true,
                Op::Move(Some(picks)) => holes |= picks.iter().any(Option::is_none),
                _ => holes |= !node.moves(),
            }
            if node.moves() {
                open.extend(&node.inputs);
            }
        }
        holes && record
    }

    /// A node of its own for what is pending on a value: a convolution of single entries where channels have one scale each.
    pub(super) fn scale(&mut self, name: &str, value: &Lazy) -> usize {
        let shape = self.shape(value).to_vec();
        let op = match is_planar(&self.nodes, value.base) {
            true => entrywise(&shape, &value.scale, &value.shift),
            false => Op::Scale(Scaling { weight: value.scale.clone(), bias: value.shift.clone() }.into()),
        };
        self.push(&format!("{name}/scale"), op, vec![value.base], shape).base
    }
}

/// Whether a node's entries are channels of planes.
pub(in crate::quantize) fn is_planar(nodes: &[crate::quantize::network::Node], id: usize) -> bool {
    let node = &nodes[id];
    if !(3..=5).contains(&node.shape.len()) || node.shape[0] != 1 {
        return false;
    }
    match node.op {
        Op::Conv(_) | Op::MaxPool(_) | Op::Average(_) => true,
        Op::Dense(_) => false,
        Op::Input | Op::Scale(_) => node.shape.len() > 3,
        _ => is_planar(nodes, node.inputs[0]),
    }
}

/// `scale ⊙ x + shift` for planes of `shape`: as a convolution of single entries, if each has one scale.
pub(in crate::quantize) fn entrywise(shape: &[usize], scale: &Array1<f64>, shift: &Array1<f64>) -> Op {
    let axes = shape[2..].iter().map(|&axis| WindowAxis::new(axis, 1)).collect();
    let (window, groups) = (Window { axes }, shape[1]);
    match per_plane(scale, window.entries()) {
        Some(scale) => {
            let weight = Array2::ones((groups, 1));
            let conv = Convolution { weight, bias: Array1::zeros(groups), window, groups };
            Op::Conv(conv.after(&scale, shift).into())
        }
        None => Op::Scale(Scaling { weight: scale.clone(), bias: shift.clone() }.into()),
    }
}

impl Convolution {
    /// Followed by a scale per channel and a shift per entry.
    pub(super) fn after(&self, scale: &Array1<f64>, shift: &Array1<f64>) -> Self {
        let weight = &self.weight * &scale.view().insert_axis(Axis(1));
        let (outputs, positions) = (self.outputs(), self.window.positions());
        let each = self.bias.len() / outputs;
        let bias = &self.bias * &spread(scale, each);
        let bias = match per_plane(shift, positions).filter(|_| each == 1) {
            Some(shift) => bias + shift,
            None => spread(&bias, positions / each) + shift,
        };
        Self { weight, bias, window: self.window.clone(), groups: self.groups }
    }

    /// The bias with what the convolution makes of `shift`.
    pub(in crate::quantize) fn absorbed(&self, shift: &Array1<f64>) -> Array1<f64> {
        let (made, positions) = (self.products(shift.view()), self.window.positions());
        let same = !pads(&self.window) && per_plane(shift, self.window.entries()).is_some();
        if same && self.bias.len() == self.outputs() {
            return &self.bias + &made.iter().copied().step_by(positions).collect::<Array1<f64>>();
        }
        spread(&self.bias, made.len() / self.bias.len()) + made
    }
}
