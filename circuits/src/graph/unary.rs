//! Functions of one entry that have no piecewise linear form: names, parameters, values.
//!
//! Definitions are ONNX's. A function may have no finite value somewhere; whoever tabulates it decides what stands there.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// A function of one entry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unary {
    /// `|x|`.
    Abs,
    /// `e^x`.
    Exp,
    /// Natural logarithm.
    Log,
    /// Square root.
    Sqrt,
    /// `1/x`.
    Reciprocal,
    /// `x^p`.
    Power(f64),
    /// `2/√π·∫₀ˣ e^(−t²) dt`.
    Erf,
    /// `x·Φ(x) = x/2·(1 + erf(x/√2))`.
    Gelu,
    /// `x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))`.
    GeluTanh,
    /// `min(max(alpha·x + beta, 0), 1)`.
    HardSigmoid {
        /// Slope.
        alpha: f64,
        /// Value at 0.
        beta: f64,
    },
    /// `x·min(max(x/6 + ½, 0), 1)`.
    HardSwish,
    /// `gamma·x` where positive, `gamma·alpha·(e^(x/scale) − 1)` elsewhere: Elu, Celu and Selu.
    Elu {
        /// Depth below zero.
        alpha: f64,
        /// Factor of everything.
        gamma: f64,
        /// Divisor of the exponent.
        scale: f64,
    },
    /// `ln(1 + e^x)`.
    Softplus,
    /// `x / (1 + |x|)`.
    Softsign,
    /// `x·σ(beta·x)`.
    Swish(f64),
    /// `x·tanh(ln(1 + e^x))`.
    Mish,
    /// `x` above the threshold, 0 elsewhere.
    ThresholdedRelu(f64),
    /// 1 above 0, and 0 elsewhere.
    Positive,
    /// 1 from 0 on, and 0 below.
    NonNegative,
    /// 1 at 0, and 0 elsewhere.
    Zero,
    /// Sine.
    Sin,
    /// Cosine.
    Cos,
    /// Hyperbolic sine.
    Sinh,
    /// Hyperbolic cosine.
    Cosh,
    /// Inverse sine, from −1 to 1.
    Asin,
    /// Inverse cosine, from −1 to 1.
    Acos,
    /// Inverse tangent.
    Atan,
    /// Inverse hyperbolic sine.
    Asinh,
    /// Inverse hyperbolic cosine, from 1 on.
    Acosh,
    /// Inverse hyperbolic tangent, between −1 and 1.
    Atanh,
    /// The largest whole number that is not above.
    Floor,
    /// The smallest whole number that is not below.
    Ceil,
    /// The nearest whole number, of two the even one.
    Round,
    /// `x + bias` below `−lambda`, `x − bias` above `lambda`, 0 between.
    Shrink {
        /// How far from 0 it begins.
        lambda: f64,
        /// What is taken from magnitudes.
        bias: f64,
    },
}

impl Unary {
    /// The value at `x`; not finite where there is none.
    pub fn at(self, x: f64) -> f64 {
        match self {
            Self::Abs => x.abs(),
            Self::Exp => x.exp(),
            Self::Log => x.ln(),
            Self::Sqrt => x.sqrt(),
            Self::Reciprocal => 1.0 / x,
            Self::Power(p) => x.powf(p),
            Self::Erf => libm::erf(x),
            Self::Gelu => 0.5 * x * (1.0 + libm::erf(x * FRAC_1_SQRT_2)),
            Self::GeluTanh => 0.5 * x * (1.0 + ((2.0 / PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh()),
            Self::HardSigmoid { alpha, beta } => (alpha * x + beta).clamp(0.0, 1.0),
            Self::HardSwish => x * (x / 6.0 + 0.5).clamp(0.0, 1.0),
            Self::Elu { gamma, .. } if x > 0.0 => gamma * x,
            Self::Elu { alpha, gamma, scale } => gamma * alpha * (x / scale).exp_m1(),
            Self::Softplus => softplus(x),
            Self::Softsign => x / (1.0 + x.abs()),
            Self::Swish(beta) => x / (1.0 + (-beta * x).exp()),
            Self::Mish => x * softplus(x).tanh(),
            Self::ThresholdedRelu(threshold) if x > threshold => x,
            Self::ThresholdedRelu(_) => 0.0,
            Self::Positive => f64::from(u8::from(x > 0.0)),
            Self::NonNegative => f64::from(u8::from(x >= 0.0)),
            Self::Zero => f64::from(u8::from(x == 0.0)),
            Self::Sin => x.sin(),
            Self::Cos => x.cos(),
            Self::Sinh => x.sinh(),
            Self::Cosh => x.cosh(),
            Self::Asin => x.asin(),
            Self::Acos => x.acos(),
            Self::Atan => x.atan(),
            Self::Asinh => x.asinh(),
            Self::Acosh => x.acosh(),
            Self::Atanh => x.atanh(),
            Self::Floor => x.floor(),
            Self::Ceil => x.ceil(),
            Self::Round => x.round_ties_even(),
            Self::Shrink { lambda, bias } if x < -lambda => x + bias,
            Self::Shrink { lambda, bias } if x > lambda => x - bias,
            Self::Shrink { .. } => 0.0,
        }
    }

    /// Whether no value is below zero.
    pub(crate) fn is_nonnegative(self) -> bool {
        matches!(
            self,
            Self::Abs
                | Self::Exp
                | Self::Sqrt
                | Self::HardSigmoid { .. }
                | Self::Softplus
                | Self::Cosh
                | Self::Acos
                | Self::Acosh
        ) || self.is_step()
    }

    /// Whether values jump at other places than those where it says yes or no.
    pub(crate) fn jumps(self) -> bool {
        matches!(self, Self::ThresholdedRelu(_) | Self::Floor | Self::Ceil | Self::Round | Self::Shrink { .. })
    }

    /// Whether it says yes or no: its values are 0 and 1.
    pub(crate) fn is_step(self) -> bool {
        matches!(self, Self::Positive | Self::NonNegative | Self::Zero)
    }

    /// ONNX's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Abs => "Abs",
            Self::Exp => "Exp",
            Self::Log => "Log",
            Self::Sqrt => "Sqrt",
            Self::Reciprocal => "Reciprocal",
            Self::Power(_) => "Pow",
            Self::Erf => "Erf",
            Self::Gelu | Self::GeluTanh => "Gelu",
            Self::HardSigmoid { .. } => "HardSigmoid",
            Self::HardSwish => "HardSwish",
            Self::Elu { .. } => "Elu",
            Self::Softplus => "Softplus",
            Self::Softsign => "Softsign",
            Self::Swish(_) => "Swish",
            Self::Mish => "Mish",
            Self::ThresholdedRelu(_) => "ThresholdedRelu",
            Self::Positive => "Greater",
            Self::NonNegative => "GreaterOrEqual",
            Self::Zero => "Equal",
            Self::Sin => "Sin",
            Self::Cos => "Cos",
            Self::Sinh => "Sinh",
            Self::Cosh => "Cosh",
            Self::Asin => "Asin",
            Self::Acos => "Acos",
            Self::Atan => "Atan",
            Self::Asinh => "Asinh",
            Self::Acosh => "Acosh",
            Self::Atanh => "Atanh",
            Self::Floor => "Floor",
            Self::Ceil => "Ceil",
            Self::Round => "Round",
            Self::Shrink { .. } => "Shrink",
        }
    }
}

/// `ln(1 + e^x)` without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}
