//! The operators that can be imported.
//!
//! To add an operator, write its converter beside its family, or in a new file with a constant `OPERATORS` and one line in
//! [`FAMILIES`]. A converter is correct only if the values that it returns are what ONNX defines for every opset from `since` on,
//! defaults of missing attributes included, and if it takes every attribute that changes what is computed.

use super::call::{Call, Outputs};
use super::{
    activation, attention, blocks, classifier, condition, constant, convolution, einsum, elementwise, encoding,
    extreme, fused, gemm, integers, known, machine, movement, normalization, padding, pooling, power, quantized,
    ranking, recurrent, reduction, resize, scatter, selection, sequence, spread, standardize, statistics, transposed,
    trees, triangle,
};

/// Domain of the classical machine-learning operators; ONNX's own is the empty string.
pub(super) const ML: &str = "ai.onnx.ml";

/// Operators that ONNX Runtime writes where ONNX has none, or had none yet.
pub(super) const RUNTIME: &str = "com.microsoft";

/// All operators.
const FAMILIES: &[&[Operator]] = &[
    activation::OPERATORS,
    attention::OPERATORS,
    blocks::OPERATORS,
    classifier::OPERATORS,
    condition::OPERATORS,
    constant::OPERATORS,
    convolution::OPERATORS,
    einsum::OPERATORS,
    elementwise::OPERATORS,
    encoding::OPERATORS,
    extreme::OPERATORS,
    fused::OPERATORS,
    gemm::OPERATORS,
    integers::OPERATORS,
    known::OPERATORS,
    machine::OPERATORS,
    movement::OPERATORS,
    normalization::OPERATORS,
    padding::OPERATORS,
    pooling::OPERATORS,
    power::OPERATORS,
    quantized::OPERATORS,
    ranking::OPERATORS,
    recurrent::OPERATORS,
    reduction::OPERATORS,
    resize::OPERATORS,
    scatter::OPERATORS,
    selection::OPERATORS,
    sequence::OPERATORS,
    spread::OPERATORS,
    standardize::OPERATORS,
    statistics::OPERATORS,
    transposed::OPERATORS,
    trees::OPERATORS,
    triangle::OPERATORS,
];

/// One operator.
pub(super) struct Operator {
    pub(super) domain: &'static str,
    pub(super) name: &'static str,
    /// First opset from which on the converter is right.
    pub(super) since: i64,
    /// Fewest and most inputs.
    pub(super) inputs: (usize, usize),
    /// Whether a class stays the same class under it: casts and reshapes of labels.
    pub(super) keeps_class: bool,
    pub(super) convert: fn(&mut Call<'_>) -> Outputs,
}

impl Operator {
    /// An operator of ONNX's own domain.
    pub(super) const fn onnx(
        name: &'static str,
        since: i64,
        inputs: (usize, usize),
        convert: fn(&mut Call<'_>) -> Outputs,
    ) -> Self {
        Self { domain: "", name, since, inputs, keeps_class: false, convert }
    }

    /// An operator of `ai.onnx.ml`.
    pub(super) const fn ml(name: &'static str, inputs: (usize, usize), convert: fn(&mut Call<'_>) -> Outputs) -> Self {
        Self { domain: ML, name, since: 1, inputs, keeps_class: false, convert }
    }

    /// An operator of ONNX Runtime's own domain.
    pub(super) const fn runtime(
        name: &'static str,
        inputs: (usize, usize),
        convert: fn(&mut Call<'_>) -> Outputs,
    ) -> Self {
        Self { domain: RUNTIME, name, since: 1, inputs, keeps_class: false, convert }
    }

    /// The same from a later version of the operator set on.
    pub(super) const fn since_version(mut self, since: i64) -> Self {
        self.since = since;
        self
    }

    pub(super) const fn keeping_class(mut self) -> Self {
        self.keeps_class = true;
        self
    }
}

pub(super) fn find(domain: &str, name: &str) -> Option<&'static Operator> {
    FAMILIES.iter().copied().flatten().find(|operator| operator.domain == domain && operator.name == name)
}
