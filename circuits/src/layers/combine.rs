//! Entrywise sum with public integer factors: `out[k] = constant + Σ_j factor_j·x_j[k]`; residual connections.

use ndarray::ArrayD;
use serde::{Deserialize, Serialize};

use super::bounds::Bounds;
use super::operands::{malformed, several};
use super::{LayerError, Operator, ValueType};
use crate::architecture::ParameterSpec;
use crate::parameters::Parameters;
use crate::system::{SystemBuilder, TensorId, Term};

/// A weighted sum of tensors of one shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Combine {
    /// One factor per input.
    pub factors: Vec<i64>,
    /// Added to every entry.
    pub constant: i64,
}

impl Operator for Combine {
    fn infer(&self, inputs: &[ValueType], _: &[ParameterSpec]) -> Result<ValueType, LayerError> {
        let inputs = several(inputs)?;
        if inputs.len() != self.factors.len() {
            return Err(malformed(format!("has {} factors for {} inputs", self.factors.len(), inputs.len())));
        }
        let shape = inputs[0].shape.clone();
        if let Some(other) = inputs.iter().find(|input| input.shape != shape) {
            return Err(LayerError::Shape {
                expected: format!("inputs of one shape {shape:?}"),
                got: other.shape.clone(),
            });
        }
        let mut sum = Bounds::constant(self.constant.into());
        for (input, &factor) in inputs.iter().zip(&self.factors) {
            let term = Bounds::from(input.interval).scaled(factor.into());
            term.tracked()?;
            sum.tracked()?;
            sum = sum + term;
        }
        Ok(ValueType { shape, interval: sum.tracked()? })
    }

    fn evaluate(&self, inputs: &[&ArrayD<i64>], _: &Parameters) -> ArrayD<i64> {
        let mut out = ArrayD::from_elem(inputs[0].raw_dim(), self.constant);
        for (input, factor) in inputs.iter().zip(&self.factors) {
            out.zip_mut_with(input, |out, x| *out += factor * x);
        }
        out
    }
    fn relate(&self, system: &mut SystemBuilder<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerError> {
        let out = self.infer(&system.values(inputs), system.parameters())?;
        let terms = inputs.iter().zip(&self.factors).map(|(&input, &factor)| Term::of(input, factor));
        Ok(system.linear("sum", out, self.constant, terms.collect()))
    }
}
