//! How far the integer program's values can be from the float network's on a given record, before running it.
//!
//! Two numbers per score. The *bound*, in [`worst`], is never exceeded. The *expected* squared error, in [`expected`], is what the
//! integers' own weights change, exactly, and the noise of all roundings, as if these were independent.

mod dequantised;
mod expected;
mod rounding;
mod tabulated;
mod worst;

use ndarray::Array2;

use super::assemble::Assembled;
use super::network::{Network, Node, Op};
use dequantised::dequantised;

/// Largest and expected squared error of each score, one row per record.
pub(super) struct Errors {
    pub(super) worst: Array2<f64>,
    pub(super) square: Array2<f64>,
}

/// Errors of the scores on records whose float values are `floats`.
pub(super) fn errors(network: &Network, assembled: &Assembled, floats: &[Array2<f64>]) -> Errors {
    let hats = hats(network, assembled);
    let context = Context { network, assembled, floats, hats: &hats };
    Errors { worst: worst::of_scores(&context), square: expected::of_scores(&context) }
}

/// What both walks know.
struct Context<'a> {
    network: &'a Network,
    assembled: &'a Assembled,
    floats: &'a [Array2<f64>],
    /// Each node as the integers have its weights.
    hats: &'a [Option<Node>],
}

impl Context<'_> {
    /// Node `id` with the integers' weights; itself if it has none.
    fn hat(&self, id: usize) -> &Node {
        self.hats[id].as_ref().unwrap_or(&self.network.nodes[id])
    }

    /// What a unit of each entry's integer is worth.
    fn step(&self, id: usize) -> &ndarray::Array1<f64> {
        &self.assembled.grids[id].step
    }

    /// Lowest and highest value of each entry of the record.
    fn record_ends(&self) -> [ndarray::Array1<f64>; 2] {
        let (grid, interval) = (&self.assembled.grids[0], self.assembled.model.architecture.encoding.interval);
        [interval.lo, interval.hi].map(|end| &grid.zero + &grid.step * end as f64)
    }

    /// How an activation rounds.
    fn rounding(&self, id: usize) -> rounding::Rounding<'_> {
        let Op::Apply(function) = &self.network.nodes[id].op else { unreachable!("activations alone round") };
        rounding::Rounding::new(function, &self.assembled.model.architecture.layers[id - 1].layer)
    }
}

fn hats(network: &Network, assembled: &Assembled) -> Vec<Option<Node>> {
    let hat = |(id, node): (usize, &Node)| node.is_linear().then(|| dequantised(node, assembled, id));
    network.nodes.iter().enumerate().map(hat).collect()
}
