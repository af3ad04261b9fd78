//! The node table as `TreeEnsembleClassifier` and `TreeEnsembleRegressor` list it: nodes by the numbers of a tree and of a node in it.

use std::collections::HashMap;

use super::table::{Mode, Question, Row, Table};
use super::{Place, Votes, floats};
use crate::onnx::call::Call;
use crate::onnx::error::Reason;

/// The rows, as the model lists them.
struct Listed {
    places: Vec<Place>,
    modes: Vec<String>,
    features: Vec<i64>,
    thresholds: Vec<f32>,
    /// If the comparison holds.
    yes: Vec<i64>,
    no: Vec<i64>,
}

/// The table of a node's trees.
pub(super) fn table(call: &mut Call<'_>, mut votes: Votes) -> Result<Table, Reason> {
    let listed = Listed::read(call)?;
    let rows: HashMap<Place, usize> = listed.places.iter().copied().zip(0..).collect();
    if rows.len() != listed.places.len() {
        return Reason::broken("a node is listed twice");
    }
    let row = |index: usize| match listed.is_leaf(index) {
        true => Ok(Row::Leaf(votes.leaves.remove(&listed.places[index]).unwrap_or_default())),
        false => listed.branch(index, &rows).map(Row::Branch),
    };
    let table = (0..listed.places.len()).map(row).collect::<Result<Vec<_>, Reason>>()?;
    if !votes.leaves.is_empty() {
        return Reason::broken("a node that is no leaf of any tree has weights");
    }
    let roots = listed.roots(&table)?;
    Ok(Table { rows: table, roots })
}

impl Listed {
    fn read(call: &mut Call<'_>) -> Result<Self, Reason> {
        let mut ints = |name: &str| -> Result<Vec<i64>, Reason> { Ok(call.attributes.ints(name)?.unwrap_or_default()) };
        let (trees, nodes) = (ints("nodes_treeids")?, ints("nodes_nodeids")?);
        let (features, yes, no) = (ints("nodes_featureids")?, ints("nodes_truenodeids")?, ints("nodes_falsenodeids")?);
        let modes = call.attributes.texts("nodes_modes")?.unwrap_or_default();
        let thresholds = floats(call, "nodes_values")?;
        // Statistics, and where missing values go: records have none.
        for name in ["nodes_hitrates", "nodes_hitrates_as_tensor", "nodes_missing_value_tracks_true"] {
            call.attributes.ignore(name);
        }
        let count = trees.len();
        let lists = [nodes.len(), features.len(), yes.len(), no.len(), modes.len(), thresholds.len()];
        if lists != [count; 6] || count == 0 {
            return Reason::broken("its lists `nodes_…` are empty or not of one length");
        }
        let places = trees.into_iter().zip(nodes).collect();
        Ok(Self { places, modes, features, thresholds, yes, no })
    }

    fn is_leaf(&self, row: usize) -> bool {
        self.modes[row] == "LEAF"
    }

    /// The rows that a row's comparison leads to.
    fn children(&self, row: usize, rows: &HashMap<Place, usize>) -> Result<[usize; 2], Reason> {
        let (tree, node) = self.places[row];
        let find = |child: i64| match rows.get(&(tree, child)) {
            Some(found) => Ok(*found),
            None => Reason::broken(format!("node {node} of tree {tree} leads to node {child}, which is not there")),
        };
        Ok([find(self.yes[row])?, find(self.no[row])?])
    }

    fn branch(&self, row: usize, rows: &HashMap<Place, usize>) -> Result<Question, Reason> {
        let Ok(feature) = usize::try_from(self.features[row]) else {
            return Reason::broken(format!("a node asks about feature {}", self.features[row]));
        };
        let mode = match self.modes[row].as_str() {
            "BRANCH_LEQ" => Mode::LessOrEqual,
            "BRANCH_LT" => Mode::Less,
            "BRANCH_GTE" => Mode::GreaterOrEqual,
            "BRANCH_GT" => Mode::Greater,
            "BRANCH_EQ" => Mode::Equal,
            "BRANCH_NEQ" => Mode::NotEqual,
            _ => return Reason::argument("attribute `nodes_modes`", "holds a comparison that is none of ONNX's"),
        };
        Ok(Question { mode, feature, threshold: self.thresholds[row], next: self.children(row, rows)? })
    }

    /// The rows that are nobody's child, one for each tree, in the order of the list.
    fn roots(&self, table: &[Row]) -> Result<Vec<usize>, Reason> {
        let mut is_child = vec![false; table.len()];
        table.iter().flat_map(Row::children).for_each(|&child| is_child[child] = true);
        let roots: Vec<_> = (0..is_child.len()).filter(|&row| !is_child[row]).collect();
        let mut trees: Vec<_> = self.places.iter().map(|place| place.0).collect();
        trees.sort_unstable();
        trees.dedup();
        let mut found: Vec<_> = roots.iter().map(|&row| self.places[row].0).collect();
        found.sort_unstable();
        if found == trees { Ok(roots) } else { Reason::broken("a tree has no root, or more than one") }
    }
}
