//! Sums of values: two dense layers of one input become one, everything else a signed sum of nodes.

use ndarray::Array1;

use super::{Draft, Lazy};
use crate::quantize::network::{Linear, Node, Op};

impl Lazy {
    /// 1 or −1 if every entry is scaled by it.
    fn sign(&self) -> Option<i64> {
        [1, -1].into_iter().find(|&sign| self.scale.iter().all(|&a| a == sign as f64))
    }
}

impl Draft {
    /// `left + sign·right`, values of one shape.
    pub(in crate::quantize) fn add(&mut self, name: &str, left: &Lazy, right: &Lazy, sign: i64) -> Lazy {
        let factor = sign as f64;
        if left.base == right.base {
            let base = Lazy { shifted: left.shifted || right.shifted, ..self.plain(left.base) };
            let (scale, shift) = (&left.scale + factor * &right.scale, &left.shift + factor * &right.shift);
            return self.affine(&base, &scale, &shift);
        }
        if let Some(linear) = self.merge(left, right, factor) {
            let Node { inputs, shape, .. } = self.nodes[left.base].clone();
            return self.push(name, Op::Dense(linear.into()), inputs, shape);
        }
        let ones = Array1::from_elem(right.scale.len(), factor);
        let right = self.affine(right, &ones, &Array1::zeros(ones.len()));
        self.sum(name, left, &right)
    }

    fn merge(&self, left: &Lazy, right: &Lazy, factor: f64) -> Option<Linear> {
        let (first, second) = (&self.nodes[left.base], &self.nodes[right.base]);
        let (Op::Dense(a), Op::Dense(b)) = (&first.op, &second.op) else { return None };
        let same = first.inputs == second.inputs && first.shape == second.shape;
        let settled = left.is_settled() && right.is_settled();
        let sum = || Linear { weight: &a.weight + factor * &b.weight, bias: &a.bias + factor * &b.bias };
        (same && settled).then(sum)
    }

    fn sum(&mut self, name: &str, left: &Lazy, right: &Lazy) -> Lazy {
        let shape = self.shape(left).to_vec();
        let shift = &left.shift + &right.shift;
        let mut terms = [left, right].map(|value| self.terms(name, value)).concat();
        if shift.iter().any(|&b| b != 0.0) {
            self.shift_first(name, &mut terms, &shift);
        }
        let (signs, bases) = terms.into_iter().map(|(sign, value)| (sign, value.base)).unzip();
        self.push(name, Op::Sum(signs), bases, shape)
    }

    /// A value without its shift as signed nodes.
    fn terms(&mut self, name: &str, value: &Lazy) -> Vec<(i64, Lazy)> {
        let Some(sign) = value.sign() else {
            let zero = Array1::zeros(value.shift.len());
            let base = self.settle(name, &Lazy { shift: zero, shifted: false, ..value.clone() });
            return vec![(1, self.plain(base))];
        };
        match &self.nodes[value.base] {
            Node { op: Op::Sum(signs), inputs, .. } => {
                signs.iter().zip(inputs).map(|(&inner, &base)| (sign * inner, self.plain(base))).collect()
            }
            _ => vec![(sign, self.plain(value.base))],
        }
    }

    /// Adds a shift to the first term with weights, or to the first term.
    fn shift_first(&mut self, name: &str, terms: &mut [(i64, Lazy)], shift: &Array1<f64>) {
        let dense = terms.iter().position(|(_, value)| self.nodes[value.base].is_linear());
        let (sign, value) = terms[dense.unwrap_or(0)].clone();
        let shifted = self.affine(&value, &Array1::ones(shift.len()), &(shift * sign as f64));
        let base = self.settle(name, &shifted);
        terms[dense.unwrap_or(0)].1 = self.plain(base);
    }
}
