//! The CPU: Pippenger's method with affine buckets, radix-2 transforms (ark-poly), all cores.

mod msm;

use ark_bn254::{G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ff::FftField;
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use zkdx_circuits::Fr;

use super::{Accelerator, AcceleratorError, Transform};

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

    fn transform(&self, values: &mut Vec<Fr>, transform: Transform) -> Result<(), AcceleratorError> {
        let (domain, coset) = domains(values.len())?;
        match transform {
            Transform::Interpolate => domain.ifft_in_place(values),
            Transform::EvaluateOnCoset => coset.fft_in_place(values),
            Transform::InterpolateFromCoset => coset.ifft_in_place(values),
        }
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

fn domains(length: usize) -> Result<(Radix2EvaluationDomain<Fr>, Radix2EvaluationDomain<Fr>), AcceleratorError> {
    let exact = Radix2EvaluationDomain::new(length).filter(|domain| domain.size() == length);
    let pair = exact.and_then(|domain| Some((domain, domain.get_coset(Fr::GENERATOR)?)));
    pair.ok_or(AcceleratorError::TransformLength { length })
}
