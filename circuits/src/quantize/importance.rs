//! What an error of each entry costs later on: the squared weights that the next layers multiply it with.

use ndarray::Array1;

use super::network::{Network, Op};

/// Per entry of node `id`; zero where no layer with weights reads it, but for sums.
pub(super) fn importance(network: &Network, id: usize) -> Array1<f64> {
    let mut total = Array1::zeros(network.nodes[id].len());
    for reader in network.readers(id) {
        let own = match &network.nodes[reader].op {
            Op::Dense(linear) => {
                let rows = linear.weight.map_axis(ndarray::Axis(1), |row| row.dot(&row));
                (0..total.len()).map(|k| rows[k % rows.len()]).collect()
            }
            Op::Conv(conv) => {
                let entries = conv.window.entries();
                let mut channels = Array1::zeros(total.len() / entries);
                conv.weight.indexed_iter().for_each(|((o, column), w)| channels[conv.channel(o, column)] += w * w);
                (0..total.len()).map(|k| channels[k / entries]).collect()
            }
            Op::Scale(map) => map.weight.mapv(|w| w * w),
            _ => passed(network, id, reader),
        };
        total += &own;
    }
    total
}

/// What comes back through a node that moves, picks or averages.
fn passed(network: &Network, id: usize, reader: usize) -> Array1<f64> {
    let node = &network.nodes[reader];
    let len = network.nodes[id].len();
    let mut back = Array1::zeros(len);
    if !node.passes() {
        return back;
    }
    let after = importance(network, reader);
    match &node.op {
        Op::Move(None) => return after,
        Op::Move(Some(picks)) => {
            let read = picks.iter().zip(&after).filter_map(|(index, cost)| Some(((*index)? as usize, cost)));
            read.for_each(|(index, cost)| back[index] += cost);
        }
        Op::MaxPool(window) | Op::Average(super::windows::Averaging { window, .. }) => {
            let (entries, positions) = (window.entries(), window.positions());
            back.iter_mut().enumerate().for_each(|(k, cost)| *cost = after[k / entries * positions]);
        }
        Op::Concat { axis } => {
            let blocks: usize = node.shape[..*axis].iter().product();
            let (own, all) = (len / blocks.max(1), after.len() / blocks.max(1));
            let before = node.inputs.iter().take_while(|&&input| input != id);
            let start = before.map(|&input| network.nodes[input].len() / blocks.max(1)).sum::<usize>();
            back.iter_mut().enumerate().for_each(|(k, cost)| *cost = after[k / own * all + start + k % own]);
        }
        _ => {}
    }
    back
}
