//! The node table of an ensemble, however an operator lists it, and the ensemble that it is.
//!
//! Rows may be shared within and between trees: exporters write "is one of these" as a chain of questions that lead to one node.
//! Equality is two questions, `x ≤ t` and then not `x < t`.

use std::collections::VecDeque;

use crate::graph::{Ensemble, TreeNode};
use crate::onnx::error::Reason;

/// How a feature is compared with a threshold.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Mode {
    LessOrEqual,
    Less,
    GreaterOrEqual,
    Greater,
    Equal,
    NotEqual,
}

/// A question.
#[derive(Clone, Copy)]
pub(super) struct Question {
    pub(super) mode: Mode,
    pub(super) feature: usize,
    pub(super) threshold: f32,
    /// The rows that follow where it holds and where not.
    pub(super) next: [usize; 2],
}

/// One row.
pub(super) enum Row {
    Leaf(Vec<(usize, f32)>),
    Branch(Question),
}

/// All rows, with the row of each tree's root.
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
    pub(super) roots: Vec<usize>,
}

impl Row {
    pub(super) fn children(&self) -> &[usize] {
        match self {
            Self::Leaf(_) => &[],
            Self::Branch(question) => &question.next,
        }
    }

    /// How many nodes it becomes.
    fn size(&self) -> usize {
        match self {
            Self::Branch(Question { mode: Mode::Equal | Mode::NotEqual, .. }) => 2,
            _ => 1,
        }
    }
}

impl Table {
    /// The trees over so many features.
    pub(super) fn ensemble(mut self, base: Vec<f32>, features: usize) -> Result<Ensemble, Reason> {
        let order = self.order()?;
        let (mut places, mut count) = (vec![0; self.rows.len()], 0);
        for &row in &order {
            places[row] = count;
            count += self.rows[row].size();
        }
        let mut nodes = Vec::with_capacity(count);
        for &row in &order {
            match &mut self.rows[row] {
                Row::Leaf(votes) => nodes.push(TreeNode::Leaf(std::mem::take(votes))),
                Row::Branch(question) if question.feature >= features => {
                    return Reason::broken(format!("a node asks about feature {} of {features}", question.feature));
                }
                Row::Branch(question) => question.ask(&places, &mut nodes),
            }
        }
        Ok(Ensemble { nodes, roots: self.roots.iter().map(|&root| places[root]).collect(), base, features })
    }

    /// Rows after all that lead to them.
    fn order(&self) -> Result<Vec<usize>, Reason> {
        let mut waiting = vec![0usize; self.rows.len()];
        self.rows.iter().flat_map(Row::children).for_each(|&child| waiting[child] += 1);
        let mut is_root = vec![false; self.rows.len()];
        for &root in &self.roots {
            if waiting[root] > 0 || std::mem::replace(&mut is_root[root], true) {
                return Reason::broken("a root is the child of another node, or that of two trees");
            }
        }
        let (mut order, mut ready) = (Vec::with_capacity(self.rows.len()), VecDeque::from(self.roots.clone()));
        while let Some(row) = ready.pop_front() {
            order.push(row);
            for &child in self.rows[row].children() {
                waiting[child] -= 1;
                ready.extend((waiting[child] == 0).then_some(child));
            }
        }
        match order.len() == self.rows.len() {
            true => Ok(order),
            false => Reason::broken("no root leads to some node, or nodes lead to each other in a circle"),
        }
    }
}

impl Question {
    /// The nodes of the question, which come next.
    fn ask(&self, places: &[usize], nodes: &mut Vec<TreeNode>) {
        let [yes, no] = self.next.map(|row| places[row]);
        let second = nodes.len() + 1;
        let branch = |inclusive, left, right| TreeNode::Branch {
            feature: self.feature,
            threshold: self.threshold,
            inclusive,
            left,
            right,
        };
        match self.mode {
            Mode::LessOrEqual => nodes.push(branch(true, yes, no)),
            Mode::Less => nodes.push(branch(false, yes, no)),
            Mode::Greater => nodes.push(branch(true, no, yes)),
            Mode::GreaterOrEqual => nodes.push(branch(false, no, yes)),
            Mode::Equal => nodes.extend([branch(true, second, no), branch(false, no, yes)]),
            Mode::NotEqual => nodes.extend([branch(true, second, yes), branch(false, yes, no)]),
        }
    }
}
