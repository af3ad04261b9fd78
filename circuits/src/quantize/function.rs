//! Activations of the fused network: their values, and what follows from their form.

use crate::graph::{Composed, Unary};

/// An activation.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Function {
    /// `x`.
    Identity,
    /// `x`, with more bits than others have: what is exponentiated or standardised.
    Fine,
    /// `max(x, 0)`.
    Relu,
    /// `x` where positive, `alpha·x` elsewhere.
    LeakyRelu(f64),
    /// `min(max(x, lo), hi)`.
    Clip(f64, f64),
    /// `1 / (1 + e^−x)`.
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
    /// `e^x` for `x ≤ 0`, 1 elsewhere: the weights of a softmax, which has subtracted the largest entry.
    Decay,
    /// Another function, tabulated where calibration found its arguments.
    Other(Unary),
    /// What a quotient multiplies with: the same with more keys, between the ends that calibration found, and values of more bits.
    Factor(Composed),
}

impl Function {
    /// The value at `x`.
    pub(super) fn at(&self, x: f64) -> f64 {
        match self {
            Self::Identity | Self::Fine => x,
            Self::Relu => x.max(0.0),
            Self::LeakyRelu(alpha) => {
                if x > 0.0 {
                    x
                } else {
                    alpha * x
                }
            }
            Self::Clip(lo, hi) => x.max(*lo).min(*hi),
            Self::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Self::Tanh => x.tanh(),
            Self::Decay => x.min(0.0).exp(),
            Self::Other(function) => function.at(x),
            Self::Factor(function) => function.at(x),
        }
    }

    /// Steepest slope: the function is Lipschitz with this constant. That of another function is known from its table only.
    pub(super) fn slope(&self) -> f64 {
        match self {
            Self::Sigmoid => 0.25,
            Self::LeakyRelu(alpha) => alpha.abs().max(1.0),
            _ => 1.0,
        }
    }

    /// How far apart its values can be, if they are bounded.
    pub(super) fn span(&self) -> Option<f64> {
        match self {
            Self::Sigmoid | Self::Decay => Some(1.0),
            Self::Tanh => Some(2.0),
            Self::Clip(lo, hi) => Some(hi - lo),
            _ => self.is_step().then_some(1.0),
        }
    }

    /// Whether its values are 0 and 1.
    pub(super) fn is_step(&self) -> bool {
        matches!(self, Self::Other(function) if function.is_step())
    }

    /// Whether values jump at places that may lie between keys.
    pub(super) fn jumps(&self) -> bool {
        matches!(self, Self::Other(function) if function.jumps())
    }

    /// Whether it never falls.
    pub(super) fn is_monotone(&self) -> bool {
        !matches!(self, Self::Other(_) | Self::Factor(_)) && !matches!(self, Self::LeakyRelu(alpha) if *alpha < 0.0)
    }

    /// Whether no value is below zero.
    pub(super) fn is_nonnegative(&self) -> bool {
        matches!(self, Self::Other(function) if function.is_nonnegative())
            || matches!(self, Self::Relu | Self::Sigmoid | Self::Decay)
            || matches!(self, Self::Clip(lo, _) if *lo >= 0.0)
    }
}
