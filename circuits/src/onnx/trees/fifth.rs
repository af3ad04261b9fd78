//! `TreeEnsemble` of version 5 of `ai.onnx.ml`: inner nodes and leaves in lists of their own, sums or means of what leaves hold.
//!
//! Its transforms 1 and 2 are softmax and logistic in ONNX, logistic and softmax in ONNX Runtime. No transform changes the class, and all of
//! them are left out.

use super::table::{Mode, Question, Row, Table};
use super::{features, left_out, shown, targets};
use crate::onnx::call::{Call, Outputs};
use crate::onnx::error::Reason;
use crate::onnx::tensor::Tensor;

/// The comparisons, by number.
const MODES: [Mode; 6] =
    [Mode::LessOrEqual, Mode::Less, Mode::GreaterOrEqual, Mode::Greater, Mode::Equal, Mode::NotEqual];

pub(super) fn ensemble(call: &mut Call<'_>) -> Outputs {
    let average = match call.attributes.int("aggregate_function", 1)? {
        0 => true,
        1 => false,
        _ => return Reason::argument("attribute `aggregate_function`", "is not 0 (mean) or 1 (sum)"),
    };
    let outputs = targets(call)?;
    transform(call, outputs)?;
    let table = table(call, outputs)?;
    let ensemble = table.ensemble(vec![0.0; outputs], features(call)?)?;
    shown(call, ensemble, average, "NONE")
}

/// A note that the transform of several scores is left out; only PROBIT, which is 4, would change a single one.
fn transform(call: &mut Call<'_>, outputs: usize) -> Result<(), Reason> {
    match call.attributes.int("post_transform", 0)? {
        1..=4 if outputs > 1 => left_out(call),
        0..=3 => {}
        4 => return Reason::argument("attribute `post_transform`", "is PROBIT of a single score: export without it"),
        _ => return Reason::argument("attribute `post_transform`", "is not one of 0 to 4"),
    }
    Ok(())
}

/// Inner nodes first, leaves behind them.
fn table(call: &mut Call<'_>, outputs: usize) -> Result<Table, Reason> {
    // Statistics, where missing values go, and sets of values, for which there is no comparison here.
    for name in ["nodes_hitrates", "nodes_missing_value_tracks_true", "membership_values"] {
        call.attributes.ignore(name);
    }
    let leaves = leaves(call, outputs)?;
    let mut rows = branches(call, leaves.len())?;
    let inner = rows.len();
    rows.extend(leaves);
    let roots = list(call, "tree_roots")?.into_iter().map(|root| place(root, inner)).collect::<Result<Vec<_>, _>>()?;
    match roots.is_empty() {
        true => Reason::argument("attribute `tree_roots`", "is missing"),
        false => Ok(Table { rows, roots }),
    }
}

fn list(call: &mut Call<'_>, name: &str) -> Result<Vec<i64>, Reason> {
    Ok(call.attributes.ints(name)?.unwrap_or_default())
}

fn numbers(call: &mut Call<'_>, name: &str) -> Result<Vec<f32>, Reason> {
    match call.attributes.tensor(name)? {
        Some(Tensor::Float(values)) => Ok(values.into_iter().collect()),
        _ => Reason::argument(format!("attribute `{name}`"), "is not a tensor of 32-bit floats"),
    }
}

fn modes(call: &mut Call<'_>) -> Result<Vec<Mode>, Reason> {
    let Some(Tensor::Narrow(values, _)) = call.attributes.tensor("nodes_modes")? else {
        return Reason::argument("attribute `nodes_modes`", "is not a tensor of bytes");
    };
    let mode = |&value: &i64| usize::try_from(value).ok().and_then(|index| MODES.get(index).copied());
    match values.iter().map(mode).collect() {
        Some(modes) => Ok(modes),
        None => Reason::argument(
            "attribute `nodes_modes`",
            "asks for sets of values (6), or for what ONNX does not know: write each member as a node of mode 4, equality",
        ),
    }
}

fn leaves(call: &mut Call<'_>, outputs: usize) -> Result<Vec<Row>, Reason> {
    let (targets, weights) = (list(call, "leaf_targetids")?, numbers(call, "leaf_weights")?);
    if targets.len() != weights.len() {
        return Reason::broken("its lists `leaf_…` are not of one length");
    }
    let leaf = |(target, weight)| Ok(Row::Leaf(vec![(place(target, outputs)?, weight)]));
    targets.into_iter().zip(weights).map(leaf).collect()
}

fn branches(call: &mut Call<'_>, leaves: usize) -> Result<Vec<Row>, Reason> {
    let (features, thresholds) = (list(call, "nodes_featureids")?, numbers(call, "nodes_splits")?);
    let (modes, inner) = (modes(call)?, features.len());
    let mut ends = Vec::with_capacity(2);
    for side in ["true", "false"] {
        let (ids, is_leaf) = (list(call, &format!("nodes_{side}nodeids"))?, list(call, &format!("nodes_{side}leafs"))?);
        if [ids.len(), is_leaf.len()] != [inner; 2] {
            return Reason::broken("its lists `nodes_…` are not of one length");
        }
        let end = |(id, is_leaf)| if is_leaf == 0 { place(id, inner) } else { Ok(inner + place(id, leaves)?) };
        ends.push(ids.into_iter().zip(is_leaf).map(end).collect::<Result<Vec<_>, _>>()?);
    }
    if [thresholds.len(), modes.len()] != [inner; 2] {
        return Reason::broken("its lists `nodes_…` are not of one length");
    }
    let branch = |index: usize| {
        let next = [ends[0][index], ends[1][index]];
        let feature = place(features[index], usize::MAX)?;
        Ok(Row::Branch(Question { mode: modes[index], feature, threshold: thresholds[index], next }))
    };
    (0..inner).map(branch).collect()
}

/// A number from the file that must be below a count.
fn place(number: i64, count: usize) -> Result<usize, Reason> {
    match usize::try_from(number).ok().filter(|place| *place < count) {
        Some(place) => Ok(place),
        None => Reason::broken(format!("it names number {number} of {count}")),
    }
}
