//! Functions of one entry that a graph spells in several nodes: `s ↦ (s/(1 + s))/√(s + ε)` as one program, and so as one table.
//!
//! Programs are in reverse Polish notation over a stack of numbers, and as short as [`MAX_TOKENS`]. The numbers in them come from constants of
//! a single entry and are as public as the table is.

use std::sync::Arc;

use super::{FloatOp, Unary};

/// Most tokens of a program: composing values with themselves doubles it each time.
const MAX_TOKENS: usize = 64;

/// A function of one entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Composed(Arc<[Token]>);

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Token {
    /// Puts the argument on the stack.
    Argument,
    /// Puts a number on the stack.
    Number(f64),
    /// Of the two topmost numbers, as the others below.
    Sum,
    Difference,
    Product,
    Quotient,
    /// Of the topmost number, as the others below.
    Function(Unary),
    Clip {
        lo: f64,
        hi: f64,
    },
    Leaky(f64),
    Sigmoid,
    Tanh,
    /// 1 for 0, and itself otherwise: the divisor of a vector that may have norm zero.
    Guarded,
}

impl Token {
    /// The instruction of an operator of one or two values, if it has one. Steps have none: their tables jump between keys.
    pub(crate) fn of(op: &FloatOp) -> Option<Self> {
        Some(match op {
            FloatOp::Add => Self::Sum,
            FloatOp::Sub => Self::Difference,
            FloatOp::Mul => Self::Product,
            FloatOp::Div => Self::Quotient,
            FloatOp::Relu => Self::Clip { lo: 0.0, hi: f64::MAX },
            FloatOp::Clip { lo, hi } => Self::Clip { lo: (*lo).into(), hi: (*hi).into() },
            FloatOp::LeakyRelu { alpha } => Self::Leaky((*alpha).into()),
            FloatOp::Sigmoid => Self::Sigmoid,
            FloatOp::Tanh => Self::Tanh,
            FloatOp::Unary(function) if !function.is_step() => Self::Function(*function),
            _ => return None,
        })
    }

    pub(crate) fn takes_two(self) -> bool {
        matches!(self, Self::Sum | Self::Difference | Self::Product | Self::Quotient)
    }

    /// Of one number.
    fn at(self, x: f64) -> f64 {
        match self {
            Self::Function(function) => function.at(x),
            Self::Clip { lo, hi } => x.max(lo).min(hi),
            Self::Leaky(alpha) if x < 0.0 => alpha * x,
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Self::Tanh => x.tanh(),
            Self::Guarded if x == 0.0 => 1.0,
            _ => x,
        }
    }

    /// Of two numbers.
    fn between(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Sum => a + b,
            Self::Difference => a - b,
            Self::Product => a * b,
            _ => a / b,
        }
    }

    /// Whether it divides by the topmost number.
    pub(crate) fn divides(self) -> bool {
        match self {
            Self::Quotient | Self::Function(Unary::Reciprocal) => true,
            Self::Function(Unary::Power(p)) => p < 0.0,
            _ => false,
        }
    }
}

impl Composed {
    /// The argument itself.
    pub(crate) fn argument() -> Self {
        Self(Arc::new([Token::Argument]))
    }

    /// A number, whatever the argument.
    pub(crate) fn number(value: f64) -> Self {
        Self(Arc::new([Token::Number(value)]))
    }

    /// What an instruction makes of one value or of two; nothing if that would be too long.
    pub(crate) fn then(values: &[&Self], token: Token) -> Option<Self> {
        let length: usize = values.iter().map(|value| value.0.len()).sum();
        let fits = length < MAX_TOKENS && values.len() == 1 + usize::from(token.takes_two());
        fits.then(|| Self(values.iter().flat_map(|value| value.0.iter().copied()).chain([token]).collect()))
    }

    /// The same function of what `inner` makes of the argument; nothing if that would be too long.
    pub(crate) fn of(&self, inner: &Self) -> Option<Self> {
        let arguments = self.0.iter().filter(|token| **token == Token::Argument).count();
        let put = |token: &Token| if *token == Token::Argument { inner.0.to_vec() } else { vec![*token] };
        let fits = self.0.len() + arguments * inner.0.len() <= MAX_TOKENS;
        fits.then(|| Self(self.0.iter().flat_map(put).collect()))
    }

    /// 1 over it; nothing if that would be too long.
    pub(crate) fn reciprocal(&self) -> Option<Self> {
        Self::then(&[&Self::number(1.0), self], Token::Quotient)
    }

    /// The value at `x`; not finite where there is none.
    pub fn at(&self, x: f64) -> f64 {
        self.run(x, |_| ())
    }

    /// Everything that it divides by on the way to the value at `x`, in order.
    pub(crate) fn divisors(&self, x: f64) -> Vec<f64> {
        let mut divisors = Vec::new();
        self.run(x, |divisor| divisors.push(divisor));
        divisors
    }

    /// Whether it divides by anything.
    pub(crate) fn divides(&self) -> bool {
        self.0.iter().any(|token| token.divides())
    }

    /// Whether an argument of 0 has a value of its own that no product makes use of.
    pub(crate) fn is_guarded(&self) -> bool {
        self.0.contains(&Token::Guarded)
    }

    fn run(&self, x: f64, mut divisor: impl FnMut(f64)) -> f64 {
        let mut stack = [0.0; MAX_TOKENS + 1];
        let mut height = 0usize;
        for &token in self.0.iter() {
            let top = height.saturating_sub(1);
            if token.divides() {
                divisor(stack[top]);
            }
            match token {
                Token::Argument => (stack[height], height) = (x, height + 1),
                Token::Number(value) => (stack[height], height) = (value, height + 1),
                _ if token.takes_two() => {
                    let below = top.saturating_sub(1);
                    (stack[below], height) = (token.between(stack[below], stack[top]), top);
                }
                _ => stack[top] = token.at(stack[top]),
            }
        }
        stack[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(s/(1 + s))/√(s + ε)`.
    fn squash(epsilon: f64) -> Composed {
        let s = Composed::argument();
        let plus = |c: f64| Composed::then(&[&Composed::number(c), &s], Token::Sum).unwrap();
        let share = Composed::then(&[&s, &plus(1.0)], Token::Quotient).unwrap();
        let root = Composed::then(&[&plus(epsilon)], Token::Function(Unary::Sqrt)).unwrap();
        Composed::then(&[&share, &root], Token::Quotient).unwrap()
    }

    #[test]
    fn programs_compute_what_they_spell() {
        for s in [0.0, 0.3, 1.0, 7.5] {
            assert_eq!(squash(0.25).at(s), (s / (1.0 + s)) / (0.25f64 + s).sqrt());
            assert_eq!(squash(0.25).divisors(s), [1.0 + s, (0.25f64 + s).sqrt()]);
        }
    }

    #[test]
    fn programs_are_functions_of_functions() {
        let double = Composed::then(&[&Composed::argument(), &Composed::argument()], Token::Sum).unwrap();
        assert_eq!(squash(0.25).of(&double).unwrap().at(0.7), squash(0.25).at(1.4));
        assert_eq!(double.reciprocal().unwrap().at(0.25), 2.0);
        assert!(double.reciprocal().unwrap().divides() && !double.divides());
    }

    #[test]
    fn programs_do_not_grow_without_end() {
        let mut power = Some(Composed::argument());
        for _ in 0..5 {
            power = power.and_then(|power| Composed::then(&[&power, &power], Token::Product));
        }
        let power = power.expect("31 products of 32 factors");
        assert!((power.at(1.1) / 1.1f64.powi(32) - 1.0).abs() < 1e-12);
        assert_eq!(Composed::then(&[&power, &power], Token::Product), None);
        assert_eq!(power.of(&power), None);
    }

    #[test]
    fn a_guard_is_one_at_zero() {
        let guarded = Composed::then(&[&Composed::argument()], Token::Guarded).unwrap().reciprocal().unwrap();
        assert_eq!((guarded.at(0.0), guarded.at(4.0)), (1.0, 0.25));
        assert!(guarded.is_guarded());
    }
}
