//! The CPU: Pippenger's method split by the width of the scalars (ark-ec), radix-2 transforms (ark-poly), all cores.

use ark_bn254::{G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::VariableBaseMSM;
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
        msm(bases, scalars)
    }

    fn msm_g2(&self, bases: &[G2Affine], scalars: &[Fr]) -> Result<G2Projective, AcceleratorError> {
        msm(bases, scalars)
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

fn msm<G: VariableBaseMSM<ScalarField = Fr>>(bases: &[G::MulBase], scalars: &[Fr]) -> Result<G, AcceleratorError> {
    let length = |_| AcceleratorError::Length { bases: bases.len(), scalars: scalars.len() };
    G::msm(bases, scalars).map_err(length)
}

fn domains(length: usize) -> Result<(Radix2EvaluationDomain<Fr>, Radix2EvaluationDomain<Fr>), AcceleratorError> {
    let exact = Radix2EvaluationDomain::new(length).filter(|domain| domain.size() == length);
    let pair = exact.and_then(|domain| Some((domain, domain.get_coset(Fr::GENERATOR)?)));
    pair.ok_or(AcceleratorError::TransformLength { length })
}
