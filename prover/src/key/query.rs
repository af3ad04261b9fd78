//! Points by column, without those at infinity.

use ark_bn254::{Fr, g1, g2};
use ark_ec::{AffineRepr, CurveGroup};
use rayon::prelude::*;
use zeroize::Zeroizing;

use crate::accelerator::{Accelerator, AcceleratorError};

/// A group of the pairing, with the device's multi-scalar multiplications in it.
pub trait Point: AffineRepr<ScalarField = Fr, Group: CurveGroup<Affine = Self>> {
    /// `Σ scalar_i·point_i` over field elements.
    fn msm(device: &dyn Accelerator, points: &[Self], scalars: &[Fr]) -> Result<Self::Group, AcceleratorError>;

    /// `Σ scalar_i·point_i` over integers.
    fn msm_small(device: &dyn Accelerator, points: &[Self], scalars: &[i64]) -> Result<Self::Group, AcceleratorError>;
}

impl Point for g1::G1Affine {
    fn msm(device: &dyn Accelerator, points: &[Self], scalars: &[Fr]) -> Result<Self::Group, AcceleratorError> {
        device.msm_g1(points, scalars)
    }

    fn msm_small(device: &dyn Accelerator, points: &[Self], scalars: &[i64]) -> Result<Self::Group, AcceleratorError> {
        device.msm_g1_small(points, scalars)
    }
}

impl Point for g2::G2Affine {
    fn msm(device: &dyn Accelerator, points: &[Self], scalars: &[Fr]) -> Result<Self::Group, AcceleratorError> {
        device.msm_g2(points, scalars)
    }

    fn msm_small(device: &dyn Accelerator, points: &[Self], scalars: &[i64]) -> Result<Self::Group, AcceleratorError> {
        device.msm_g2_small(points, scalars)
    }
}

/// The points of a range of columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query<P> {
    /// Column of each point within the range, strictly increasing.
    pub columns: Vec<u32>,
    /// The points, none at infinity.
    pub points: Vec<P>,
}

impl<P: Point> Query<P> {
    /// Leaves out infinity.
    pub fn sparse(points: Vec<P>) -> Self {
        let kept = points.into_iter().enumerate().filter(|(_, point)| !point.is_zero());
        let (columns, points) = kept.map(|(column, point)| (column as u32, point)).unzip();
        Self { columns, points }
    }

    /// `Σ values_column·point_column`
    pub fn combine(&self, device: &dyn Accelerator, values: &[Fr]) -> Result<P::Group, AcceleratorError> {
        let scalars = self.select(values);
        P::msm(device, &self.points, &scalars)
    }

    /// `Σ values_column·point_column` over integers.
    pub fn combine_small(&self, device: &dyn Accelerator, values: &[i64]) -> Result<P::Group, AcceleratorError> {
        let scalars = self.select(values);
        P::msm_small(device, &self.points, &scalars)
    }

    /// The values of the columns that have a point. A column out of range shows as a length the device refuses.
    fn select<T: Copy + Default + Send + Sync>(&self, values: &[T]) -> Zeroizing<Vec<T>>
    where
        Vec<T>: zeroize::Zeroize,
    {
        let inside = self.columns.partition_point(|&column| (column as usize) < values.len());
        Zeroizing::new(
            self.columns[..inside]
                .par_iter()
                .map(|&column| values.get(column as usize).copied().unwrap_or_default())
                .collect(),
        )
    }
}

/// The points of columns that hold small integers, and of columns that hold field elements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SplitQuery<P> {
    /// Of small integers.
    pub small: Query<P>,
    /// Of field elements.
    pub field: Query<P>,
}

impl<P: Point> SplitQuery<P> {
    /// `Σ small_i·point_i + Σ field_i·point_i`
    pub fn combine(&self, device: &dyn Accelerator, small: &[i64], field: &[Fr]) -> Result<P::Group, AcceleratorError> {
        let (small, field) =
            rayon::join(|| self.small.combine_small(device, small), || self.field.combine(device, field));
        Ok(small? + field?)
    }
}
