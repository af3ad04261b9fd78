//! Which tensors are columns and which are expressions in columns.
//!
//! A linear relation `out = c + Σ a·t` is an equation. It can be solved for `out`, or for a `t` that it reads entry by entry
//! with `a = ±1`. What the witness *chooses* (record, parameters, quotients, table values, one-hot vectors) is held in
//! columns. From there, any relation with a single unknown tensor that it can be solved for makes that tensor an
//! expression. When nothing more follows, the latest unknown tensor becomes a column (a remainder if there is one, else the accumulator
//! of a dense layer rather than the products before the bias), unless it is a mere rearrangement of unknown tensors before it; and so on.
//!
//! A remainder whose dividend is known is thus an expression, `dividend + 2^(s−1) − 2^s·quotient`, and costs its lookup alone.
//! So `products + bias = accumulator = 2^s·quotient + remainder − 2^(s−1)` costs columns for quotient and remainder alone.

use std::collections::VecDeque;

use super::{Definition, IndexMap, Linear, Relation, Role, TensorId, TensorSystem, Term};

/// A linear relation solved for one tensor.
#[derive(Clone, Debug)]
pub struct Solved {
    /// Index of the relation, which holds by construction once its tensor is the expression.
    pub relation: usize,
    /// The relation with that tensor as `out`.
    pub linear: Linear,
}

impl TensorSystem {
    /// Every tensor that is an expression, in an order in which each reads only columns and earlier ones. Every other tensor is
    /// held in columns, and every linear relation not named here remains to be required.
    pub fn expressions(&self) -> Vec<Solved> {
        let mut solver = Solver::new(self);
        solver.start();
        solver.choose(Solver::is_remainder);
        solver.choose(Solver::is_independent);
        solver.choose(|_, _| true);
        solver.solved
    }

    /// Tensors held in columns, without the parameters.
    pub fn columns(&self) -> Vec<TensorId> {
        let mut column: Vec<bool> = self.tensors.iter().map(|info| !matches!(info.role, Role::Weight(_))).collect();
        for solved in self.expressions() {
            column[solved.linear.out.0] = false;
        }
        (0..column.len()).filter(|&index| column[index]).map(TensorId).collect()
    }
}

struct Solver<'s> {
    system: &'s TensorSystem,
    known: Vec<bool>,
    /// Linear relations by the tensors they mention, once per mention.
    mentions: Vec<Vec<usize>>,
    /// Mentions of unknown tensors, by relation.
    unknowns: Vec<usize>,
    ready: VecDeque<usize>,
    solved: Vec<Solved>,
}

impl<'s> Solver<'s> {
    fn new(system: &'s TensorSystem) -> Self {
        let mut mentions = vec![Vec::new(); system.tensors.len()];
        let mut unknowns = vec![0; system.relations.len()];
        for (index, relation) in system.relations.iter().enumerate() {
            for tensor in mentioned(relation) {
                mentions[tensor.0].push(index);
                unknowns[index] += 1;
            }
        }
        let known = vec![false; system.tensors.len()];
        Self { system, known, mentions, unknowns, ready: VecDeque::new(), solved: Vec::new() }
    }

    fn start(&mut self) {
        self.ready.extend((0..self.unknowns.len()).filter(|&index| self.unknowns[index] == 1));
        for (index, info) in self.system.tensors.iter().enumerate() {
            if info.definition.is_chosen() {
                self.settle(index);
            }
        }
        self.propagate();
    }

    /// Makes columns of unknown tensors that satisfy `pick`, latest first.
    fn choose(&mut self, pick: impl Fn(&Self, TensorId) -> bool) {
        for index in (0..self.known.len()).rev() {
            if !self.known[index] && pick(self, TensorId(index)) {
                self.settle(index);
                self.propagate();
            }
        }
    }

    fn is_remainder(&self, tensor: TensorId) -> bool {
        matches!(self.system.tensor(tensor).definition, Definition::Remainder { .. })
    }

    /// Whether every relation with `tensor` as `out` can still be solved for another tensor.
    fn is_independent(&self, tensor: TensorId) -> bool {
        let relations = self.mentions[tensor.0].iter().filter_map(|&index| self.linear(index));
        relations.filter(|linear| linear.out == tensor).all(|linear| self.is_solvable_for_a_term(linear))
    }

    fn is_solvable_for_a_term(&self, linear: &Linear) -> bool {
        let unknown = |term: &&Term| !self.known[term.tensor.0] && term.tensor != linear.out;
        linear.terms.iter().filter(unknown).any(|term| self.solve(linear, term.tensor).is_some())
    }

    fn settle(&mut self, tensor: usize) {
        self.known[tensor] = true;
        for &index in &self.mentions[tensor] {
            self.unknowns[index] -= 1;
            if self.unknowns[index] == 1 {
                self.ready.push_back(index);
            }
        }
    }

    fn propagate(&mut self) {
        while let Some(relation) = self.ready.pop_front() {
            let Some(linear) = self.linear(relation) else { continue };
            let unknown = tensors(linear).find(|tensor| !self.known[tensor.0]);
            if let Some(linear) = unknown.and_then(|tensor| self.solve(linear, tensor)) {
                let tensor = linear.out;
                self.solved.push(Solved { relation, linear });
                self.settle(tensor.0);
            }
        }
    }

    fn linear(&self, relation: usize) -> Option<&'s Linear> {
        match &self.system.relations[relation] {
            Relation::Linear(linear) => Some(linear),
            _ => None,
        }
    }

    /// `linear` solved for `tensor`, if it can be.
    fn solve(&self, linear: &Linear, tensor: TensorId) -> Option<Linear> {
        if linear.out == tensor {
            return Some(linear.clone());
        }
        let position = linear.terms.iter().position(|term| term.tensor == tensor)?;
        let term = &linear.terms[position];
        let same_len = self.system.tensor(tensor).len() == self.system.tensor(linear.out).len();
        if !same_len || term.coefficient.unsigned_abs() != 1 || !matches!(term.map, IndexMap::Identity) {
            return None;
        }
        moved(linear, position)
    }
}

/// `t = a·(out − c − Σ others)` for the term `a·t` at `position`, with `a = ±1`.
fn moved(linear: &Linear, position: usize) -> Option<Linear> {
    let Term { tensor, coefficient: sign, .. } = linear.terms[position];
    let mut terms = vec![Term::of(linear.out, sign)];
    for (index, term) in linear.terms.iter().enumerate() {
        if index != position {
            let coefficient = term.coefficient.checked_mul(-sign)?;
            terms.push(Term { coefficient, ..term.clone() });
        }
    }
    Some(Linear { out: tensor, constant: linear.constant.checked_mul(-sign)?, terms })
}

fn mentioned(relation: &Relation) -> Vec<TensorId> {
    match relation {
        Relation::Linear(linear) => tensors(linear).collect(),
        _ => Vec::new(),
    }
}

fn tensors(linear: &Linear) -> impl Iterator<Item = TensorId> + '_ {
    std::iter::once(linear.out).chain(linear.terms.iter().map(|term| term.tensor))
}
