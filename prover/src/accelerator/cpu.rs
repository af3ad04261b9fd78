//! The CPU: Pippenger's method with affine buckets, radix-2 transforms (ark-poly), all cores.

mod msm;

use ark_bn254::{G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use zkdx_circuits::Fr;

use super::{Accelerator, AcceleratorError};

/// The device that is always there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cpu;

impl Accelerator for Cpu {
    fn name(&self) -> String {
        format!("cpu, {} threads", rayon::current_num_threads())
    }

    fn msm_g1(&self, bases: &[G1Affine], scalars: &[Fr]) -> Result<G1Projective, AcceleratorError> {
        exact(bases, scalars)
    }

    fn msm_g2(&self, bases: &[G2Affine], scalars: &[Fr]) -> Result<G2Projective, AcceleratorError> {
        exact(bases, scalars)
    }

    fn msm_g1_small(&self, bases: &[G1Affine], scalars: &[i64]) -> Result<G1Projective, AcceleratorError> {
        exact(bases, scalars)
    }

    fn msm_g2_small(&self, bases: &[G2Affine], scalars: &[i64]) -> Result<G2Projective, AcceleratorError> {
        exact(bases, scalars)
    }

    fn transform(&self, values: &mut Vec<Fr>) -> Result<(), AcceleratorError> {
        let length = values.len();
        let domain = Radix2EvaluationDomain::<Fr>::new(length).filter(|domain| domain.size() == length);
        domain.ok_or(AcceleratorError::TransformLength { length })?.fft_in_place(values);
        Ok(())
    }
}

fn exact<P: SWCurveConfig, S: msm::Scalar>(
    bases: &[Affine<P>],
    scalars: &[S],
) -> Result<Projective<P>, AcceleratorError> {
    if bases.len() == scalars.len() {
        Ok(msm::msm(bases, scalars))
    } else {
        Err(AcceleratorError::Length { bases: bases.len(), scalars: scalars.len() })
    }
}
